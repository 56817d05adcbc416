package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/sbom"
)

// filesShown is how many files of each kind a person is shown; the rest is
// counted. Programs get all.
const filesShown = 50

// DiffSummary says in one line how much differs.
func DiffSummary(d *sbom.Difference) string {
	text := fmt.Sprintf("%s added, %d removed, %d changed, %d the same",
		count(len(d.Added), "component"), len(d.Removed), len(d.Changed), d.Same)
	if f := d.Files; f != nil {
		text += fmt.Sprintf("; %s added, %d removed, %d changed, %d the same",
			count(len(f.Added), "file"), len(f.Removed), len(f.Changed), f.Same)
	}
	return text
}

// DiffText writes what differs as tables for a terminal.
func DiffText(w io.Writer, d *sbom.Difference) error {
	if rows := diffRows(d); len(rows) > 0 {
		t := newTable(w, "±", "COMPONENT", "TYPE", "FROM", "TO", "CHANGED")
		for _, r := range rows {
			t.row(r.sign, r.name, r.typ, r.from, r.to, r.what)
		}
		if err := t.flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if rows, more := fileRows(d.Files); len(rows) > 0 {
		t := newTable(w, "±", "FILE", "FROM", "TO", "CHANGED")
		for _, r := range rows {
			t.row(r.sign, r.name, r.from, r.to, r.what)
		}
		if err := t.flush(); err != nil {
			return err
		}
		if more > 0 {
			fmt.Fprintf(w, "and %d more\n", more)
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "%s → %s: %s\n", term.Clean(d.From.Name), term.Clean(d.To.Name), DiffSummary(d))
	return err
}

// DiffMarkdown writes what differs for a pull request. Files are folded away.
func DiffMarkdown(out io.Writer, d *sbom.Difference) error {
	w := &strings.Builder{}
	fmt.Fprintf(w, "### fnseal: what changed from %s to %s\n\n%s\n", code(d.From.Name), code(d.To.Name), escapeMarkdown(DiffSummary(d)))
	if rows := diffRows(d); len(rows) > 0 {
		fmt.Fprint(w, "\n| | component | type | from | to | changed |\n| --- | --- | --- | --- | --- | --- |\n")
		for _, r := range rows {
			writeMarkdownRow(w, r.sign, r.name, r.typ, r.from, r.to, r.what)
		}
	}
	if rows, more := fileRows(d.Files); len(rows) > 0 {
		fmt.Fprintf(w, "\n<details><summary>%s</summary>\n\n| | file | from | to | changed |\n| --- | --- | --- | --- | --- |\n",
			count(len(rows)+more, "file"))
		for _, r := range rows {
			writeMarkdownRow(w, r.sign, r.name, r.from, r.to, r.what)
		}
		if more > 0 {
			fmt.Fprintf(w, "\nand %d more\n", more)
		}
		fmt.Fprint(w, "\n</details>\n")
	}
	_, err := io.WriteString(out, w.String())
	return err
}

func writeMarkdownRow(w io.Writer, cells ...string) {
	for i, c := range cells {
		cells[i] = escapeMarkdown(c)
	}
	fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
}

// diffRow is one line of what differs.
type diffRow struct{ sign, name, typ, from, to, what string }

// diffRows lists removed, changed and added components.
func diffRows(d *sbom.Difference) []diffRow {
	var rows []diffRow
	for _, c := range d.Removed {
		rows = append(rows, diffRow{"-", c.Name, c.Type, orUnknown(c.Version), "", string(c.Origin)})
	}
	for _, c := range d.Changed {
		rows = append(rows, diffRow{"~", c.To.Name, c.To.Type, orUnknown(c.From.Version), orUnknown(c.To.Version), changedText(c)})
	}
	for _, c := range d.Added {
		rows = append(rows, diffRow{"+", c.Name, c.Type, "", orUnknown(c.Version), string(c.Origin)})
	}
	return rows
}

// changedText says what changed of a component, beside its version.
func changedText(c sbom.ComponentChange) string {
	var parts []string
	for _, aspect := range c.What {
		switch aspect {
		case sbom.AspectVersion:
			parts = append(parts, "version")
		case sbom.AspectOrigin:
			parts = append(parts, fmt.Sprintf("origin %s → %s", c.From.Origin, c.To.Origin))
		case sbom.AspectLicense:
			parts = append(parts, fmt.Sprintf("licence %s → %s", licenceText(c.From), licenceText(c.To)))
		case sbom.AspectContent:
			parts = append(parts, "content under the same version")
		}
	}
	return strings.Join(parts, "; ")
}

func licenceText(c fnpkg.Component) string { return strings.Join(componentOf(c).Licenses, " and ") }

// fileRows lists removed, changed and added files, at most filesShown of each
// kind, and says how many more there are.
func fileRows(d *sbom.FileDifference) (rows []diffRow, more int) {
	if d == nil {
		return nil, 0
	}
	shown := func(n int) int {
		more += n - min(n, filesShown)
		return min(n, filesShown)
	}
	for _, f := range d.Removed[:shown(len(d.Removed))] {
		rows = append(rows, diffRow{sign: "-", name: f.Path, from: fileText(f)})
	}
	for _, c := range d.Changed[:shown(len(d.Changed))] {
		rows = append(rows, diffRow{sign: "~", name: c.To.Path, from: fileText(c.From), to: fileText(c.To), what: fileChanged(c)})
	}
	for _, f := range d.Added[:shown(len(d.Added))] {
		rows = append(rows, diffRow{sign: "+", name: f.Path, to: fileText(f)})
	}
	return rows, more
}

func fileText(f sbom.File) string {
	if f.Target != "" {
		return "link to " + f.Target
	}
	return bytesText(f.Size)
}

func fileChanged(c sbom.FileChange) string {
	var parts []string
	if c.Content {
		parts = append(parts, "content")
	}
	switch {
	case c.To.Executable && !c.From.Executable:
		parts = append(parts, "now executable")
	case c.From.Executable && !c.To.Executable:
		parts = append(parts, "no longer executable")
	}
	return strings.Join(parts, ", ")
}

type diffJSON struct {
	From    subjectJSON     `json:"from"`
	To      subjectJSON     `json:"to"`
	Added   []componentJSON `json:"added"`
	Removed []componentJSON `json:"removed"`
	Changed []changeJSON    `json:"changed"`
	Same    int             `json:"same"`
	Files   *fileDiffJSON   `json:"files"` // null if they were not compared
}

type changeJSON struct {
	What []string      `json:"what"`
	From componentJSON `json:"from"`
	To   componentJSON `json:"to"`
}

type fileDiffJSON struct {
	Added   []fileJSON       `json:"added"`
	Removed []fileJSON       `json:"removed"`
	Changed []fileChangeJSON `json:"changed"`
	Same    int              `json:"same"`
}

type fileJSON struct {
	Path       string `json:"path"`
	Size       int64  `json:"size"`
	Executable bool   `json:"executable,omitempty"`
	Target     string `json:"linkTarget,omitempty"`
}

type fileChangeJSON struct {
	Content bool     `json:"content"`
	From    fileJSON `json:"from"`
	To      fileJSON `json:"to"`
}

// DiffJSON writes what differs as fnseal's own JSON.
func DiffJSON(w io.Writer, d *sbom.Difference) error {
	out := diffJSON{
		From: subjectOf(d.From), To: subjectOf(d.To), Same: d.Same,
		Added: []componentJSON{}, Removed: []componentJSON{}, Changed: []changeJSON{},
	}
	for _, c := range d.Added {
		out.Added = append(out.Added, componentOf(c))
	}
	for _, c := range d.Removed {
		out.Removed = append(out.Removed, componentOf(c))
	}
	for _, c := range d.Changed {
		change := changeJSON{From: componentOf(c.From), To: componentOf(c.To)}
		for _, aspect := range c.What {
			change.What = append(change.What, string(aspect))
		}
		out.Changed = append(out.Changed, change)
	}
	if f := d.Files; f != nil {
		files := &fileDiffJSON{Added: []fileJSON{}, Removed: []fileJSON{}, Changed: []fileChangeJSON{}, Same: f.Same}
		for _, one := range f.Added {
			files.Added = append(files.Added, fileJSON(one))
		}
		for _, one := range f.Removed {
			files.Removed = append(files.Removed, fileJSON(one))
		}
		for _, c := range f.Changed {
			files.Changed = append(files.Changed, fileChangeJSON{Content: c.Content, From: fileJSON(c.From), To: fileJSON(c.To)})
		}
		out.Files = files
	}
	return writeJSON(w, out)
}
