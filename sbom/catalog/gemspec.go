package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"
)

// gem is what an installed gem's specification states.
type gem struct {
	name, version string
	licenses      []string
	needs         []string // names of the gems it needs to run
	about
}

// errNoGem is returned for a specification without a name or a version that can
// be read without running it.
var errNoGem = errors.New("it states no name and version in plain words")

// parseGemspec reads a specification as RubyGems writes it when it installs a
// gem (Gem::Specification#to_ruby): one statement in a line, values as string
// literals, and a first line of plain words,
//
//	# stub: NAME VERSION PLATFORM PATH…
//
// Nothing is evaluated: a value that is no literal does not count.
func parseGemspec(text []byte) (gem, error) {
	var g gem
	var stub, authors, addresses []string
	homepage := ""
	development := map[string]bool{}
	variable := "s" // the block's own name of the specification
	for line := range bytes.Lines(text) {
		s := strings.TrimSpace(string(line))
		if words, ok := strings.CutPrefix(s, "# stub: "); ok && stub == nil {
			if stub = strings.Fields(words); len(stub) < 3 {
				stub = nil
			}
			continue
		}
		if _, after, ok := strings.Cut(s, "Gem::Specification.new do |"); ok {
			variable, _, _ = strings.Cut(after, "|")
			continue
		}
		statement, ok := strings.CutPrefix(s, variable+".")
		if !ok {
			continue
		}
		if field, value, ok := strings.Cut(statement, " = "); ok {
			switch field {
			case "name":
				g.name, _, _ = rubyString(value)
			case "version":
				value = strings.TrimPrefix(value, "Gem::Version.new(")
				g.version, _, _ = rubyString(value)
			case "license":
				if l, _, ok := rubyString(value); ok {
					g.licenses = append(g.licenses, l)
				}
			case "licenses":
				g.licenses = append(g.licenses, rubyStrings(value)...)
			case "author", "authors":
				authors = append(authors, rubyWords(value)...)
			case "email":
				addresses = append(addresses, rubyWords(value)...)
			case "homepage":
				homepage, _, _ = rubyString(value)
			case "metadata":
				if _, rest, ok := strings.Cut(value, `"source_code_uri" => `); ok {
					source, _, _ := rubyString(rest)
					g.source = sourceURL(source)
				}
			}
			continue
		}
		for _, call := range []string{"add_runtime_dependency", "add_dependency", "add_development_dependency"} {
			arguments, ok := strings.CutPrefix(statement, call)
			if !ok || arguments == "" || arguments[0] != '(' && arguments[0] != ' ' {
				continue
			}
			if need, _, ok := rubyString(arguments[1:]); !ok || need == "" {
			} else if call == "add_development_dependency" {
				development[need] = true
			} else {
				g.needs = append(g.needs, need)
			}
			break
		}
	}
	// Older specifications list all dependencies once more, without their kind,
	// for a RubyGems that knows no kinds.
	g.needs = slices.DeleteFunc(g.needs, func(need string) bool { return development[need] })
	if len(authors) > 0 || len(addresses) > 0 {
		g.producer = party(first(authors), first(addresses), homepage)
	}
	g.source = cmp.Or(g.source, forgeURL(homepage))
	if stub != nil {
		if g.name == "" {
			g.name = stub[0]
		}
		if g.version == "" {
			g.version = stub[1]
		}
	}
	if g.name == "" || g.version == "" {
		return gem{}, errNoGem
	}
	return g, nil
}

// rubyWords reads one string literal or an array of them.
func rubyWords(s string) []string {
	if one, _, ok := rubyString(s); ok {
		return []string{one}
	}
	return rubyStrings(s)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// rubyStrings reads an array of string literals, up to what is none.
func rubyStrings(s string) []string {
	s, ok := strings.CutPrefix(strings.TrimSpace(s), "[")
	if !ok {
		return nil
	}
	var out []string
	for {
		value, rest, ok := rubyString(s)
		if !ok {
			return out
		}
		out = append(out, value)
		rest = strings.TrimPrefix(strings.TrimSpace(rest), ".freeze")
		if s, ok = strings.CutPrefix(strings.TrimSpace(rest), ","); !ok {
			return out
		}
	}
}

// rubyString reads the string literal s begins with: "…", '…' or %q<…>. One
// that holds an expression is none.
func rubyString(s string) (value, rest string, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", "", false
	}
	var end byte
	switch {
	case s[0] == '"' || s[0] == '\'':
		end, s = s[0], s[1:]
	case len(s) > 3 && (s[:2] == "%q" || s[:2] == "%Q"):
		open := strings.IndexByte("<([{", s[2])
		if open < 0 {
			return "", "", false
		}
		end, s = ">)]}"[open], s[3:]
	default:
		return "", "", false
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == end:
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s):
			i++
			if s[i] == 'n' || s[i] == 'u' || s[i] == 'x' {
				return "", "", false // no name, version or licence needs one
			}
			b.WriteByte(s[i])
		case c == '#' && end == '"' && strings.HasPrefix(s[i:], "#{"):
			return "", "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// gemTree returns where a gem's files are by its specification's path; nil for
// those that are part of Ruby itself.
func gemTree(specification string) *tree {
	if strings.HasSuffix(path.Dir(path.Dir(specification)), "bundler/gems") {
		return &tree{folder: path.Dir(specification)}
	}
	if path.Base(path.Dir(specification)) != "specifications" {
		return nil
	}
	return &tree{folder: path.Join(gemHome(specification), "gems", strings.TrimSuffix(path.Base(specification), ".gemspec"))}
}

// gemHome returns the folder a specification's gem is installed in, whose
// gems find each other.
func gemHome(specification string) string {
	dir := path.Dir(specification)
	if path.Base(dir) == "default" {
		dir = path.Dir(dir)
	}
	if path.Base(dir) == "specifications" {
		return path.Dir(dir)
	}
	return path.Dir(path.Dir(path.Dir(dir))) // bundler/gems/CHECKOUT
}
