package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Glob is a pattern for names, refs and URLs. It matches a text as a whole: "*"
// stands for any characters but "/", "**" for any characters at all, and
// everything else for itself. Its zero value matches nothing.
type Glob struct {
	text string
	expr *regexp.Regexp // nil where the text has no star
}

// maxGlob bounds a pattern; matching takes time linear in the text.
const maxGlob = 1024

// ParseGlob reads a pattern.
func ParseGlob(s string) (Glob, error) {
	switch {
	case s == "":
		return Glob{}, errors.New("is empty")
	case len(s) > maxGlob:
		return Glob{}, fmt.Errorf("is longer than %d bytes", maxGlob)
	case strings.Trim(s, "*") == "" && len(s) > 2:
		return Glob{}, fmt.Errorf("%q has more stars than mean anything", s)
	case !strings.Contains(s, "*"):
		return Glob{text: s}, nil
	}
	expr, err := regexp.Compile(globExpr(s))
	if err != nil {
		return Glob{}, err
	}
	return Glob{text: s, expr: expr}, nil
}

// globExpr returns the anchored regular expression that a pattern stands for.
func globExpr(s string) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i, part := range strings.Split(s, "**") {
		if i > 0 {
			b.WriteString(`.*`)
		}
		for j, literal := range strings.Split(part, "*") {
			if j > 0 {
				b.WriteString(`[^/]*`)
			}
			b.WriteString(regexp.QuoteMeta(literal))
		}
	}
	b.WriteString(`\z`)
	return b.String()
}

// UnmarshalText reads a pattern.
func (g *Glob) UnmarshalText(text []byte) (err error) {
	*g, err = ParseGlob(string(text))
	return err
}

// MarshalText writes the pattern as it is read.
func (g Glob) MarshalText() ([]byte, error) { return []byte(g.text), nil }

// Match reports whether the whole of s is what the pattern stands for. The
// empty text never is.
func (g Glob) Match(s string) bool {
	switch {
	case s == "" || g.text == "":
		return false
	case g.expr != nil:
		return g.expr.MatchString(s)
	}
	return g.text == s
}

// IsZero reports whether the pattern matches nothing.
func (g Glob) IsZero() bool { return g.text == "" }

// String returns the pattern as it is read.
func (g Glob) String() string { return g.text }

// Globs are patterns of which one must match. A single one need not be written
// as a list.
type Globs []Glob

// OneOrMore lets a file give one pattern instead of a list.
func (Globs) OneOrMore() {}

// Match reports whether one of the patterns matches.
func (gs Globs) Match(s string) bool {
	for _, g := range gs {
		if g.Match(s) {
			return true
		}
	}
	return false
}

// String lists the patterns for a person.
func (gs Globs) String() string {
	texts := make([]string, len(gs))
	for i, g := range gs {
		texts[i] = g.text
	}
	return strings.Join(texts, " or ")
}

// Names are names of signers, or other words of which several can be given. A
// single one need not be written as a list.
type Names []string

// OneOrMore lets a file give one name instead of a list.
func (Names) OneOrMore() {}

// String lists the names for a person.
func (n Names) String() string { return strings.Join(n, " or ") }

// ExactGlob returns a pattern that matches one text: its stars are stars.
func ExactGlob(s string) Glob { return Glob{text: s} }
