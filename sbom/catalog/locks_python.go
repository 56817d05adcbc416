package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// lockedPackage is a package as a lock file pins it, and the archives it may be
// installed from.
type lockedPackage struct {
	name, version string
	files         []lockedFile
}

// lockedFile is one archive of a package: a wheel or a source distribution.
type lockedFile struct {
	name string // file name; empty where the lock gives hashes alone
	fnpkg.Distribution
}

// archive returns the one archive a package was installed from: the only one
// there is, or the only wheel that has one of the installed package's tags.
func (p lockedPackage) archive(tags map[string]bool) fnpkg.Distribution {
	if len(p.files) == 1 {
		return p.files[0].Distribution
	}
	var fits []lockedFile
	for _, f := range p.files {
		if wheelFits(f.name, tags) {
			fits = append(fits, f)
		}
	}
	if len(fits) != 1 {
		return fnpkg.Distribution{}
	}
	return fits[0].Distribution
}

// wheelFits reports whether a wheel of that file name
// ("NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl", each of the last three one
// or several joined by dots) has one of the tags.
func wheelFits(name string, tags map[string]bool) bool {
	stem, ok := strings.CutSuffix(name, ".whl")
	parts := strings.Split(stem, "-")
	if n := len(parts); ok && n >= 5 {
		for python := range strings.SplitSeq(parts[n-3], ".") {
			for abi := range strings.SplitSeq(parts[n-2], ".") {
				for platform := range strings.SplitSeq(parts[n-1], ".") {
					if tags[python+"-"+abi+"-"+platform] {
						return true
					}
				}
			}
		}
	}
	return false
}

// wheelTags returns the tags of the wheels that distributions were installed
// from, by purl: what the WHEEL file beside their metadata says.
func wheelTags(s *survey) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, i := range s.python {
		file := s.entries[i].Path
		stem, ok := strings.CutSuffix(path.Base(path.Dir(file)), ".dist-info")
		wheel, there := s.sibling(file, "WHEEL")
		name, version, named := strings.Cut(stem, "-")
		if !ok || !there || !named {
			continue
		}
		id, err := purl.New("pypi", name, version)
		if err != nil {
			continue
		}
		content, err := readText(wheel, manifestLimit)
		if err != nil {
			continue
		}
		for line := range bytes.Lines(content) {
			if tag, ok := strings.CutPrefix(string(line), "Tag:"); ok {
				if out[id.Text] == nil {
					out[id.Text] = map[string]bool{}
				}
				out[id.Text][strings.TrimSpace(tag)] = true
			}
		}
	}
	return out
}

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
			Version text     `json:"version"`
			Hashes  wordList `json:"hashes"`
		} `json:"default"`
	}
	if err := json.Unmarshal(content, &lock); err != nil {
		return nil, fmt.Errorf("not a readable Pipfile.lock: %w", err)
	}
	var out []lockedPackage
	for name, p := range lock.Default {
		version, ok := strings.CutPrefix(string(p.Version), "==")
		if !ok {
			continue
		}
		locked := lockedPackage{name: name, version: version}
		for _, h := range p.Hashes {
			locked.files = append(locked.files, lockedFile{Distribution: fnpkg.Distribution{SHA256: hashOf(h)}})
		}
		out = append(out, locked)
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
		if inPackage && strings.Contains(s, "{") && strings.Contains(s, "hash = ") {
			p.files = append(p.files, lockedFileOf(s)) // one archive in a line
			continue
		}
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

// lockedFileOf reads the inline table of one archive: poetry's and pdm's
// {file = "…", hash = "sha256:…"}, uv's {url = "…", hash = "sha256:…"}.
func lockedFileOf(line string) lockedFile {
	value := func(key string) string {
		_, rest, _ := strings.Cut(line, key+` = "`)
		v, _, _ := strings.Cut(rest, `"`)
		return v
	}
	f := lockedFile{name: value("file"), Distribution: fnpkg.Distribution{URL: webAddress(value("url")), SHA256: hashOf(value("hash"))}}
	if f.name == "" {
		f.name = path.Base(f.URL)
	}
	return f
}

// hashOf returns the hash of "sha256:…" in hexadecimal.
func hashOf(text string) string {
	digits, ok := strings.CutPrefix(text, "sha256:")
	if !ok {
		return ""
	}
	return hexDigest(digits, 32)
}
