package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/vulndb"
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

// ScanMarkdown writes what to patch for a job summary or a pull request.
func ScanMarkdown(w io.Writer, name string, r *vulndb.Result, now time.Time) error {
	fmt.Fprintf(w, "### fnseal: what to patch in %s\n\n%s\n\n", code(name), escapeMarkdown(ScanSummary(r)))
	if rows := scanRows(r); len(rows) > 0 {
		fmt.Fprintln(w, "| package | installed | fixed in | severity | advisories |")
		fmt.Fprintln(w, "| --- | --- | --- | --- | --- |")
		for _, row := range rows {
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", escapeMarkdown(row.name), escapeMarkdown(row.installed),
				escapeMarkdown(row.fixed), escapeMarkdown(row.severity), escapeMarkdown(listSome(row.ids, 5)))
		}
		fmt.Fprintln(w)
	}
	for _, line := range notAssessedLines(r) {
		fmt.Fprintf(w, "- not assessed: %s\n", escapeMarkdown(line))
	}
	_, err := fmt.Fprintf(w, "\n<sub>feed: %s</sub>\n", escapeMarkdown(FeedText(r.Feed, now)))
	return err
}
