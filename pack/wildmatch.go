package pack

import "strings"

// outcome is how far a comparison came. The two ways of giving up spare the
// stars to the left from trying what cannot succeed.
type outcome int

const (
	differs  outcome = iota
	matches          //
	hopeless         // no text that follows could match
	pastName         // a single star would have to cross a slash
)

// wildmatch reports whether the text, a path, matches a pattern as git reads
// it (wildmatch.c, with WM_PATHNAME): "*" and "?" stop at slashes, "**" between
// slashes or at an end does not.
func wildmatch(pattern, text string) bool {
	var m matcher
	return m.wild(pattern, text) == matches
}

// matcher remembers what was compared, so that a pattern of many stars costs no
// more than its length times that of the text, for each of its characters.
type matcher struct {
	known map[[2]int]outcome // by how much of pattern and text is left
}

// again is wild, for what may have been compared before.
func (m *matcher) again(p, text string) outcome {
	key := [2]int{len(p), len(text)}
	if out, ok := m.known[key]; ok {
		return out
	}
	out := m.wild(p, text)
	if m.known == nil {
		m.known = make(map[[2]int]outcome)
	}
	m.known[key] = out
	return out
}

func (m *matcher) wild(p, text string) outcome {
	start := p
	for ; p != ""; p, text = p[1:], text[1:] {
		c := p[0]
		if text == "" && c != '*' {
			return hopeless
		}
		switch c {
		case '?':
			if text[0] == '/' {
				return differs
			}
		case '*':
			done, rest := m.star(start, p, &text)
			if rest == "" {
				return done
			}
			p = rest // at a slash, which the loop steps over on both sides
		case '[':
			rest, in := class(p, text[0])
			if rest == "" || !in || text[0] == '/' {
				if rest == "" {
					return hopeless // the bracket is never closed
				}
				return differs
			}
			p = rest
		case '\\':
			if len(p) == 1 {
				return hopeless // nothing is escaped: git matches nothing with it
			}
			p = p[1:]
			fallthrough
		default:
			if text[0] != p[0] {
				return differs
			}
		}
	}
	if text != "" {
		return differs
	}
	return matches
}

// star compares from a star on. Where a single star is followed by a slash it
// moves text to the next slash and returns the rest of the pattern from there;
// otherwise it decides.
func (m *matcher) star(start, p string, text *string) (outcome, string) {
	before := start[:len(start)-len(p)]
	rest := strings.TrimLeft(p, "*")
	crosses := len(p)-len(rest) > 1 &&
		(before == "" || strings.HasSuffix(before, "/")) &&
		(rest == "" || rest[0] == '/' || strings.HasPrefix(rest, `\/`))
	if crosses && strings.HasPrefix(rest, "/") && m.again(rest[1:], *text) == matches {
		return matches, "" // the stars and their slash stand for nothing
	}
	if rest == "" {
		if !crosses && strings.Contains(*text, "/") {
			return pastName, ""
		}
		return matches, ""
	}
	if !crosses && rest[0] == '/' {
		i := strings.IndexByte(*text, '/')
		if i < 0 {
			return hopeless, ""
		}
		*text = (*text)[i:]
		return matches, rest
	}
	for t := *text; t != ""; t = t[1:] {
		if next := rest[0]; next != t[0] && next != '?' && next != '[' && next != '\\' {
			// A literal that is not here; a star does not follow a star.
			if !crosses && t[0] == '/' {
				return pastName, ""
			}
			continue
		}
		if got := m.again(rest, t); got != differs && (!crosses || got != pastName) {
			return got, ""
		}
		if !crosses && t[0] == '/' {
			return pastName, ""
		}
	}
	return hopeless, ""
}

// class reads a bracket expression at the beginning of p and reports whether c
// is in it. rest begins with the closing bracket, and is empty if there is
// none.
func class(p string, c byte) (rest string, in bool) {
	p = p[1:]
	negated := p != "" && (p[0] == '!' || p[0] == '^')
	if negated {
		p = p[1:]
	}
	var previous byte // of a range; 0 if none can begin there
	for first := true; p != "" && (first || p[0] != ']'); first = false {
		switch {
		case p[0] == '\\' && len(p) > 1:
			p = p[1:]
			in = in || p[0] == c
			previous = p[0]
		case p[0] == '-' && previous != 0 && len(p) > 1 && p[1] != ']':
			p = p[1:]
			if p[0] == '\\' && len(p) > 1 {
				p = p[1:]
			}
			in = in || previous <= c && c <= p[0]
			previous = 0
		case strings.HasPrefix(p, "[:"):
			name, _, ok := strings.Cut(p[2:], "]")
			if !ok {
				return "", false
			}
			if !strings.HasSuffix(name, ":") {
				in = in || c == '[' // no class: a bracket like any other
				previous = '['
				break
			}
			is, known := classes(strings.TrimSuffix(name, ":"), c)
			if !known {
				return "", false
			}
			in = in || is
			p = p[2+len(name):]
			previous = 0
		default:
			in = in || p[0] == c
			previous = p[0]
		}
		p = p[1:]
	}
	if p == "" {
		return "", false
	}
	return p, in != negated
}

// classes reports whether c is in a class of POSIX, in the C locale.
func classes(name string, c byte) (in, known bool) {
	upper, lower, digit := 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9'
	graph := '!' <= c && c <= '~'
	switch name {
	case "alnum":
		return upper || lower || digit, true
	case "alpha":
		return upper || lower, true
	case "blank":
		return c == ' ' || c == '\t', true
	case "cntrl":
		return c < ' ' || c == 0x7f, true
	case "digit":
		return digit, true
	case "graph":
		return graph, true
	case "lower":
		return lower, true
	case "print":
		return graph || c == ' ', true
	case "punct":
		return graph && !upper && !lower && !digit, true
	case "space":
		return c == ' ' || '\t' <= c && c <= '\r', true
	case "upper":
		return upper, true
	case "xdigit":
		return digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F', true
	}
	return false, false
}
