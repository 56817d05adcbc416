package bundle

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// lockPackage is one entry of package-lock.json: of "packages" (lockfileVersion
// 2 and 3, by folder) or of "dependencies" (1, by name, nested).
type lockPackage struct {
	Name         string                     `json:"name"` // where the folder has another
	Version      string                     `json:"version"`
	Dependencies map[string]json.RawMessage `json:"dependencies"`
}

// addLock notes the folders of package-lock.json.
func (b *Build) addLock(packages map[string]lockPackage, old map[string]json.RawMessage) {
	for folder, p := range packages {
		if i := lastFolder(folder, "node_modules/"); i >= 0 {
			if p.Name == "" {
				p.Name = folder[i+len("node_modules/"):]
			}
			b.add(folder, installed{p.Name, p.Version})
		}
	}
	if len(packages) == 0 {
		b.addOldLock("", old, 0)
	}
}

// addOldLock notes nested "dependencies"; an aliased package has the version
// "npm:real@1.0.0".
func (b *Build) addOldLock(above string, packages map[string]json.RawMessage, depth int) {
	if depth > 64 {
		return
	}
	for name, text := range packages {
		var p lockPackage
		if json.Unmarshal(text, &p) != nil {
			continue
		}
		folder := path.Join(above, "node_modules", name)
		in := installed{name, p.Version}
		if alias, ok := strings.CutPrefix(p.Version, "npm:"); ok {
			in.name, in.version = cutVersion(alias)
		}
		b.add(folder, in)
		b.addOldLock(folder, p.Dependencies, depth+1)
	}
}

// cutVersion splits "name@version" and "@scope/name@version".
func cutVersion(s string) (name, version string) {
	if i := strings.LastIndexByte(s, '@'); i > 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// parsePnpm reads the keys of the sections "packages" and "snapshots" of
// pnpm-lock.yaml, all that is needed of it: "/name/1.0.0_peer", "/name@1.0.0"
// and "name@1.0.0(peer@2.0.0)" in the order of the formats' age.
func (b *Build) parsePnpm(text string) {
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if line != "" && line[0] != ' ' && line[0] != '#' {
			section = strings.TrimSuffix(line, ":")
			continue
		}
		if section != "packages" && section != "snapshots" || !strings.HasPrefix(line, "  ") || len(line) < 4 || line[2] == ' ' {
			continue
		}
		key, _, ok := strings.Cut(line[2:], ":")
		if c := line[2]; ok && (c == '\'' || c == '"') {
			key, _, ok = strings.Cut(line[3:], string(c)+":")
		}
		if !ok {
			continue
		}
		key = strings.TrimPrefix(key, "/")
		key, _, _ = strings.Cut(key, "(")
		name, version := cutVersion(key)
		if !ValidName(name) || !ValidVersion(version) {
			// The oldest form; its peers follow an underscore.
			i := strings.LastIndexByte(key, '/')
			if strings.HasPrefix(key, "@") && strings.Count(key, "/") > 2 || i < 0 {
				parts := strings.SplitN(key, "/", 4)
				if len(parts) < 3 {
					continue
				}
				name, version = parts[0]+"/"+parts[1], parts[2]
			} else {
				name, version = key[:i], key[i+1:]
			}
			version, _, _ = strings.Cut(version, "_")
		}
		b.add("", installed{name, version})
	}
}

// parseYarn reads yarn.lock: a line of ranges that begins at the margin, then
// the version, in the words of Yarn 1 or of later ones. The name a package is
// imported by is that of the range; a later Yarn says its own in "resolution".
func (b *Build) parseYarn(text string) {
	var names []string
	version := ""
	flush := func() {
		for _, n := range names {
			b.add("", installed{n, version})
		}
		names, version = nil, ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] != ' ':
			flush()
			for pattern := range strings.SplitSeq(strings.TrimSuffix(line, ":"), ",") {
				names = append(names, yarnName(strings.Trim(pattern, ` "`)))
			}
		default:
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			value = strings.Trim(value, `"`)
			switch strings.TrimSuffix(key, ":") {
			case "version":
				version = value
			case "resolution":
				if name, v, ok := strings.Cut(value, "@npm:"); ok && v == version {
					names = []string{name}
				}
			}
		}
	}
	flush()
}

// yarnName returns the package that a pattern of yarn.lock resolves to:
// "name@^1.0.0", "name@npm:^1.0.0", or, under an alias, "alias@npm:name@^1.0.0".
func yarnName(pattern string) string {
	at := strings.IndexByte(pattern[min(1, len(pattern)):], '@') + 1
	if at < 1 || at >= len(pattern) {
		return ""
	}
	name, rng := pattern[:at], pattern[at+1:]
	if alias, ok := strings.CutPrefix(rng, "npm:"); ok {
		if real, _ := cutVersion(alias); real != alias && ValidName(real) {
			return real
		}
	}
	return name
}

// errNotJSON says why a file that begins like JSON was not read.
func errNotJSON(err error) error { return fmt.Errorf("it is not readable as JSON: %w", err) }
