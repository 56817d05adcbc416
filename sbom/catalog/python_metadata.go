package catalog

import (
	"bytes"
	"cmp"
	"net/mail"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// pythonMetadata is what a distribution says of itself in METADATA or PKG-INFO
// (the "Core metadata specifications" of Python packaging).
type pythonMetadata struct {
	name, version string
	licenses      []string
	requires      []string // Requires-Dist lines
	about
}

// parsePythonMetadata reads the headers, of the form of e-mail's: a line that
// begins with a space or tab goes on with the value before it, and an empty
// line ends them. What follows is the description.
func parsePythonMetadata(content []byte) pythonMetadata {
	var m pythonMetadata
	var expression, license string
	var classified []string
	var author, maintainer, page string
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
		case "author":
			author = cmp.Or(author, words(value))
		case "maintainer":
			maintainer = cmp.Or(maintainer, words(value))
		case "author-email", "maintainer-email":
			// Of several, who comes first; before or behind "author".
			if p := firstMailbox(value); m.producer == (fnpkg.Party{}) {
				m.producer = p
			}
		case "home-page":
			page = value
		case "project-url":
			label, address, _ := strings.Cut(value, ",")
			if isSourceLabel(label) && m.source == "" {
				m.source = sourceURL(address)
			}
			page = cmp.Or(page, forgeURL(address))
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
	if m.producer.Name == "" {
		m.producer.Name = cmp.Or(author, maintainer)
	}
	if m.producer != (fnpkg.Party{}) && m.producer.Email == "" && m.producer.URL == "" {
		m.producer.URL = cmp.Or(webAddress(page), m.source)
	}
	m.source = cmp.Or(m.source, forgeURL(page))
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

// firstMailbox reads the first of a list of "Name <address>" (RFC 5322).
func firstMailbox(list string) fnpkg.Party {
	if boxes, err := mail.ParseAddressList(list); err == nil && len(boxes) > 0 {
		return party(boxes[0].Name, boxes[0].Address, "")
	}
	first, _, _ := strings.Cut(list, ",")
	return person(first)
}

// isSourceLabel reports whether a link in metadata goes by one of the names for
// a repository (PEP 753).
func isSourceLabel(label string) bool {
	label = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(label))
	switch label {
	case "source", "repository", "sourcecode", "github", "code", "repo", "gitlab", "git":
		return true
	}
	return false
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
