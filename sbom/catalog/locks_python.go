package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// lockedPackage is a package as a lock file pins it.
type lockedPackage struct{ name, version string }

// parsePythonLock reads a lock file of Python's managers, told apart by its
// name. Packages in the project's own folders are left out, and those that are
// for developing only where the file keeps them apart.
func parsePythonLock(file string, content []byte) ([]lockedPackage, error) {
	if path.Base(file) == "Pipfile.lock" {
		return parsePipfileLock(content)
	}
	return parsePackageTables(content), nil
}

func parsePipfileLock(content []byte) ([]lockedPackage, error) {
	var lock struct {
		Default map[string]struct {
			Version text `json:"version"`
		} `json:"default"`
	}
	if err := json.Unmarshal(content, &lock); err != nil {
		return nil, fmt.Errorf("not a readable Pipfile.lock: %w", err)
	}
	var out []lockedPackage
	for name, p := range lock.Default {
		if version, ok := strings.CutPrefix(string(p.Version), "=="); ok {
			out = append(out, lockedPackage{name, version})
		}
	}
	return out, nil
}

// parsePackageTables reads the [[package]] tables of poetry.lock, uv.lock and
// pdm.lock, which their managers write one value in a line.
func parsePackageTables(content []byte) []lockedPackage {
	var out []lockedPackage
	var p lockedPackage
	own, inPackage := false, false
	end := func() {
		if p.name != "" && p.version != "" && !own {
			out = append(out, p)
		}
		p, own = lockedPackage{}, false
	}
	for line := range bytes.Lines(content) {
		s := strings.TrimSpace(string(line))
		if strings.HasPrefix(s, "[") {
			if !strings.HasPrefix(s, "[package.") { // its subtables
				end()
				inPackage = s == "[[package]]"
				continue
			}
			inPackage = false
			continue
		}
		key, value, ok := strings.Cut(s, " = ")
		if !ok || !inPackage {
			continue
		}
		switch key {
		case "name":
			p.name = strings.Trim(value, `"`)
		case "version":
			p.version = strings.Trim(value, `"`)
		case "source": // uv's, of the project and its workspace
			own = strings.Contains(value, "virtual =") || strings.Contains(value, "editable =") || strings.Contains(value, "directory =")
		}
	}
	end()
	return out
}
