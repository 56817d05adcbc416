package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from a package or an advisory safe to show on a terminal
// or in a CI log: control characters, invisible and direction-changing
// characters and invalid UTF-8 become visible escapes such as \x1b or \u202e,
// and what GitHub's runner would take for a workflow command ("::" at the
// start, "##[" anywhere) is broken up. Other text is returned unchanged.
func Clean(s string) string {
	if strings.HasPrefix(strings.TrimSpace(s), "::") {
		s = strings.Replace(s, "::", `\x3a:`, 1)
	}
	if strings.Contains(s, "##[") {
		s = strings.ReplaceAll(s, "##[", `##\x5b`)
	}
	if !hostile(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unsafe(r):
			b.WriteString(s[i : i+n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

func hostile(s string) bool {
	for i, r := range s {
		if unsafe(r) {
			return true
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return true
			}
		}
	}
	return false
}

// unsafe reports whether r does something to a terminal other than showing a
// glyph: Cc and Cf (which holds the bidirectional controls and zero-width
// characters), line and paragraph separators, private use.
func unsafe(r rune) bool {
	if r >= 0x20 && r < 0x7f {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}
