package catalog

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"github.com/fnseal/fnseal/sbom/purl"
)

// pythonNames are the distributions that requirements and lock files name, by
// normalised name, each with the one version they pin it to: "" where they pin
// none, or several.
type pythonNames map[string]string

// parsePythonNames reads a requirements or lock file, told apart by its name.
// What cannot be read names nothing.
func parsePythonNames(file string, content []byte) pythonNames {
	named := pythonNames{}
	switch base := path.Base(file); {
	case base == "Pipfile.lock":
		named.addPipfile(content)
	case strings.HasSuffix(base, ".lock"):
		named.addTOML(content)
	default:
		named.addRequirements(content)
	}
	return named
}

// add notes a name, and forgets the version where two files disagree.
func (n pythonNames) add(name, version string) {
	id, err := purl.New("pypi", strings.TrimSpace(name), "")
	if err != nil {
		return
	}
	if old, ok := n[id.Name]; ok && old != version {
		if old != "" && version != "" {
			version = ""
		} else {
			version = old + version
		}
	}
	n[id.Name] = version
}

// addRequirements reads the lines of a requirements.txt (pip's "Requirements
// File Format"). Options, links and what follows "-r" are passed over.
func (n pythonNames) addRequirements(content []byte) {
	for line := range bytes.Lines(content) {
		s, _, _ := strings.Cut(string(line), "#")
		s = strings.TrimSpace(s)
		if s == "" || s[0] == '-' || strings.Contains(s, "://") && !strings.Contains(s, "@") {
			continue
		}
		name, ok := requiredName(s)
		if !ok || strings.ContainsAny(name, `/\`) {
			continue
		}
		version := ""
		spec, _, _ := strings.Cut(s, ";")
		spec, _, _ = strings.Cut(spec, " --")
		spec = strings.TrimSuffix(strings.TrimSpace(spec), `\`)
		if _, pinned, ok := strings.Cut(spec, "=="); ok && !strings.ContainsAny(pinned, "*,=<>!~") {
			version = strings.TrimSpace(pinned)
		}
		n.add(name, version)
	}
}

// addTOML reads the names and versions of the [[package]] tables in
// poetry.lock, uv.lock and pdm.lock, which their managers write one value in
// a line.
func (n pythonNames) addTOML(content []byte) {
	inPackage := false
	name, version := "", ""
	end := func() {
		if name != "" {
			n.add(name, version)
		}
		name, version = "", ""
	}
	for line := range bytes.Lines(content) {
		s := strings.TrimSpace(string(line))
		if strings.HasPrefix(s, "[") {
			end()
			inPackage = s == "[[package]]"
			continue
		}
		if !inPackage {
			continue
		}
		if v, ok := strings.CutPrefix(s, `name = "`); ok {
			name, _, _ = strings.Cut(v, `"`)
		} else if v, ok := strings.CutPrefix(s, `version = "`); ok {
			version, _, _ = strings.Cut(v, `"`)
		}
	}
	end()
}

func (n pythonNames) addPipfile(content []byte) {
	var lock struct {
		Default map[string]struct {
			Version text `json:"version"`
		} `json:"default"`
	}
	if json.Unmarshal(content, &lock) != nil {
		return
	}
	for name, p := range lock.Default {
		version, _ := strings.CutPrefix(string(p.Version), "==")
		n.add(name, version)
	}
}

// pythonStatement is what a Python file says of its package in plain
// assignments of string literals.
type pythonStatement struct {
	version string // __version__, VERSION or version
	title   string // __title__
}

// parsePythonStatement reads the assignments at the beginning of lines of a
// Python file. Nothing is evaluated: f-strings, joined strings and calls do
// not count. "VERSION" and "version" count only in a file that is there for
// the version.
func parsePythonStatement(text []byte, versionFile bool) pythonStatement {
	var st pythonStatement
	for line := range bytes.Lines(text) {
		if len(line) == 0 || line[0] != '_' && line[0] != 'V' && line[0] != 'v' {
			continue
		}
		parts := strings.Split(string(line), "=")
		value, ok := pythonString(parts[len(parts)-1])
		if !ok {
			continue
		}
		for _, target := range parts[:len(parts)-1] {
			target, _, _ = strings.Cut(target, ":") // an annotation
			switch strings.TrimSpace(target) {
			case "__version__":
				if isPythonVersion(value) {
					st.version = value
				}
			case "VERSION", "version":
				if versionFile && st.version == "" && isPythonVersion(value) {
					st.version = value
				}
			case "__title__":
				st.title = value
			}
		}
	}
	return st
}

// pythonString returns the value of an expression that is one string literal
// without escapes, and perhaps a comment behind it.
func pythonString(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' {
		return "", false
	}
	value, rest, ok := strings.Cut(s[1:], s[:1])
	rest = strings.TrimSpace(rest)
	if !ok || strings.Contains(value, `\`) || rest != "" && rest[0] != '#' {
		return "", false
	}
	return value, true
}

// isPythonVersion reports whether a text looks like a version of PEP 440: it
// begins with a digit and holds no more than such a version may.
func isPythonVersion(s string) bool {
	if s == "" || len(s) > 64 || s[0] < '0' || s[0] > '9' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '.', c == '+', c == '-', c == '!', c == '_':
		default:
			return false
		}
	}
	return true
}
