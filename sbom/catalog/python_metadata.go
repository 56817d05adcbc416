package catalog

import (
	"bytes"
	"strings"
)

// pythonMetadata is what a distribution says of itself in METADATA or PKG-INFO
// (the "Core metadata specifications" of Python packaging).
type pythonMetadata struct {
	name, version string
	licenses      []string
	requires      []string // Requires-Dist lines
}

// parsePythonMetadata reads the headers, of the form of e-mail's: a line that
// begins with a space or tab goes on with the value before it, and an empty
// line ends them. What follows is the description.
func parsePythonMetadata(content []byte) pythonMetadata {
	var m pythonMetadata
	var expression, license string
	var classified []string
	field, value := "", ""
	end := func() {
		value = strings.TrimSpace(value)
		if value == "" || value == "UNKNOWN" {
			return
		}
		switch field {
		case "name":
			m.name = value
		case "version":
			m.version = value
		case "license-expression":
			expression = value
		case "license":
			license = value
		case "classifier":
			if words, ok := strings.CutPrefix(value, "License :: "); ok {
				words = strings.TrimPrefix(words, "OSI Approved")
				if words = strings.TrimPrefix(words, " :: "); words != "" {
					classified = append(classified, words)
				}
			}
		case "requires-dist":
			m.requires = append(m.requires, value)
		}
	}
	for line := range bytes.Lines(content) {
		s := strings.TrimRight(string(line), "\r\n")
		if s == "" {
			break
		}
		if s[0] == ' ' || s[0] == '\t' {
			value += "\n" + s
			continue
		}
		end()
		before, after, ok := strings.Cut(s, ":")
		if !ok {
			field = ""
			continue
		}
		field, value = strings.ToLower(strings.TrimSpace(before)), after
	}
	end()
	switch {
	case expression != "":
		m.licenses = []string{expression}
	case license != "" && !strings.Contains(license, "\n"): // and not the whole text
		m.licenses = []string{license}
	default:
		m.licenses = classified
	}
	return m
}

// parseRequiresTxt reads the requirements an egg keeps in requires.txt, those
// of extras left out: "[extra]" or "[extra:marker]" begins theirs, "[:marker]"
// those of an environment.
func parseRequiresTxt(content []byte) []string {
	var out []string
	extra := false
	for line := range bytes.Lines(content) {
		s := strings.TrimSpace(string(line))
		switch {
		case s == "" || s[0] == '#':
		case s[0] == '[':
			extra = !strings.HasPrefix(s, "[:")
		case !extra:
			out = append(out, s)
		}
	}
	return out
}
