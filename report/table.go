package report

import (
	"io"
	"strings"
	"text/tabwriter"

	"github.com/fnseal/fnseal/internal/term"
)

// Style says how text is dressed.
type Style struct {
	Color bool // ANSI colours
	Width int  // columns to fit into; 0 for no limit
}

// table aligns columns of hostile text.
type table struct {
	tw  *tabwriter.Writer
	err error
}

func newTable(w io.Writer, header ...string) *table {
	t := &table{tw: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.row(header...)
	return t
}

// row writes one line of cells, each made safe for a terminal.
func (t *table) row(cells ...string) {
	clean := make([]string, len(cells))
	for i, c := range cells {
		if c == "" {
			c = "-"
		}
		clean[i] = term.Clean(c)
	}
	if t.err == nil {
		_, t.err = io.WriteString(t.tw, strings.Join(clean, "\t")+"\n")
	}
}

func (t *table) flush() error {
	if t.err != nil {
		return t.err
	}
	return t.tw.Flush()
}

// shorten cuts s to n characters, showing that it did.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// listSome joins at most n of items and says how many more there are.
func listSome(items []string, n int) string {
	if len(items) <= n {
		return strings.Join(items, ", ")
	}
	return strings.Join(items[:n], ", ") + " +" + itoa(len(items)-n)
}
