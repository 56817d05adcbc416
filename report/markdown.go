package report

import (
	"fmt"
	"strings"

	"github.com/fnseal/fnseal/internal/term"
)

// markdownSpecial are the characters that could start markup: each can be
// escaped with a backslash (CommonMark 0.31 §2.4).
const markdownSpecial = "\\`*_[]<>#.|~&:@$"

// escapeMarkdown makes hostile text safe in a Markdown table cell: no markup,
// no link, no mention, no HTML, no line break.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range term.Clean(s) {
		if r < 0x80 && strings.ContainsRune(markdownSpecial, r) {
			switch r {
			case '@', '<', '&':
				// GitHub turns @name into a mention even behind a backslash.
				fmt.Fprintf(&b, "&#%d;", r)
				continue
			}
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code shows hostile text as inline code.
func code(s string) string {
	return "<code>" + escapeMarkdown(s) + "</code>"
}
