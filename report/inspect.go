package report

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/inspect"
	"github.com/fnseal/fnseal/internal/term"
)

// Bounds of what a person is shown; JSON has all of the report.
const (
	shownTop       = 12
	shownLargest   = 5
	shownHazards   = 20
	shownUnread    = 5
	shownEvidence  = 2
	inspectColumns = 80
	inspectLabel   = 14 // columns of a label with its indent
)

// InspectText writes what a package is, in lines of at most 80 columns as far
// as names allow.
func InspectText(w io.Writer, r *inspect.Report) error {
	t := &inspectText{}
	t.line(shorten(oneColon(term.Clean(r.Subject.Name)), 40) + ": " + string(r.Form))
	for _, s := range inspectSections(r) {
		t.line("")
		t.line(s.title)
		indent := 2
		for _, row := range s.rows {
			if row.label != "" {
				indent = inspectLabel
			}
		}
		for _, row := range s.rows {
			t.row(row, indent)
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// inspectSection is one part of the report, the same in text and Markdown.
type inspectSection struct {
	title string
	rows  []inspectRow
}

// inspectRow is a label and what is to be said about it. Both may be hostile
// text; a renderer escapes them.
type inspectRow struct {
	label string
	text  string
	exact bool // a digest or the like: never broken, shown as code
}

// add appends a row to the section.
func (s *inspectSection) add(label, format string, args ...any) {
	s.rows = append(s.rows, inspectRow{label: label, text: fmt.Sprintf(format, args...)})
}

// inspectSections puts the report in words, without what there is nothing to
// say about.
func inspectSections(r *inspect.Report) []inspectSection {
	var all []inspectSection
	for _, s := range []inspectSection{
		digestSection(r), sizeSection(r), targetSection(r), runtimeSection(r), nativeSection(r),
		languageSection(r), treeSection(r), hazardSection(r), remarkSection(r), unreadSection(r),
	} {
		if len(s.rows) > 0 {
			all = append(all, s)
		}
	}
	return all
}

func digestSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Digests"}
	if d := r.Subject.Digest; !d.IsZero() {
		s.rows = append(s.rows, inspectRow{"sha256", d.Hex(), true})
		if r.Subject.Kind == fnpkg.KindZip {
			s.rows = append(s.rows, inspectRow{"CodeSha256", d.CodeSha256(), true})
		}
	} else {
		s.add("sha256", "none: a directory has no bytes of its own before it is packed")
	}
	if d := r.Subject.Content; !d.IsZero() {
		s.rows = append(s.rows, inspectRow{"content", d.Hex(), true})
	} else if r.Form != inspect.FormFile {
		s.add("content", "none: %s", r.NoContent)
	}
	return s
}

func sizeSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Size"}
	if r.Sizes.Packed > 0 {
		s.add("packed", "%s", bytesText(r.Sizes.Packed))
	}
	if r.Form == inspect.FormFile {
		return s
	}
	s.add("unpacked", "%s", bytesText(r.Sizes.Unpacked))
	parts := []string{count(r.Sizes.Files, "file")}
	for _, n := range []struct {
		n    int
		noun string
	}{{r.Sizes.Dirs, "folder"}, {r.Sizes.Links, "link"}, {r.Sizes.Special, "special file"}} {
		if n.n > 0 {
			parts = append(parts, count(n.n, n.noun))
		}
	}
	s.add("entries", "%s", strings.Join(parts, ", "))
	for _, u := range r.Limits {
		verdict := "within"
		if u.Exceeded() {
			verdict = "OVER"
		}
		s.add(verdict, "%s of %s: %s (%s)", percent(u.Size, u.Bytes), u.Text, u.Provider, u.What)
	}
	return s
}

// percent writes a part of a whole so that it never rounds to the limit.
func percent(part, whole int64) string {
	p := float64(part) / float64(whole) * 100
	switch {
	case part > 0 && p < 0.1:
		return "<0.1 %"
	case part < whole && p > 99.9:
		return "99.9 %"
	case part > whole && p < 100.1:
		return "100.1 %"
	}
	return fmt.Sprintf("%.1f %%", p)
}

func targetSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Made for"}
	if r.Form == inspect.FormFile {
		return s
	}
	s.add("form", "%s: %s", r.Form, r.FormReason)
	for _, h := range r.Providers {
		s.add("provider", "%s", hintText(string(h.Provider), h.Hint))
	}
	if len(r.Providers) == 0 {
		s.add("provider", "nothing in it tells")
	}
	for _, h := range r.Runtimes {
		s.add("runtime", "%s", hintText(runtimeText(h), h.Hint))
	}
	return s
}

func runtimeText(h inspect.RuntimeHint) string {
	switch {
	case h.Constraint != "":
		return h.Name + " " + h.Constraint
	case h.AtLeast:
		return h.Name + " or later"
	}
	return h.Name
}

// hintText says what is believed and why.
func hintText(what string, h inspect.Hint) string {
	var why []string
	for _, e := range h.Evidence[:min(len(h.Evidence), shownEvidence)] {
		why = append(why, pathEnd(e.Path)+" ("+e.Says+")")
	}
	if more := h.Count - len(why); more > 0 {
		why = append(why, fmt.Sprintf("%d more", more))
	}
	text := what + ": "
	if h.Strength == inspect.Weak {
		text = what + ", perhaps: "
	}
	return text + strings.Join(why, "; ")
}

func runtimeSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Runtime"}
	run := r.Runtime
	if run == nil {
		s.add("name", "not stated, and the package does not settle it: --runtime NAME")
		return s
	}
	how := "stated"
	if !run.Stated {
		how = "as the package tells; --runtime NAME states it"
	}
	s.add("name", "%s (%s)", run.Name, how)
	word, means := stateText(run.State)
	s.add("state", "%s on %s%s", word, dayText(run.AsOf), means)
	if !run.Known {
		s.add("dates", "none: it is not among the runtimes known on %s", dayText(run.Taken))
		return s
	}
	for _, d := range []struct {
		label string
		day   time.Time
	}{
		{"released", run.Dates.Released}, {"deprecated", run.Dates.Deprecated},
		{"no create", run.Dates.NoCreate}, {"no update", run.Dates.NoUpdate},
	} {
		if !d.day.IsZero() {
			s.add(d.label, "%s", dayText(d.day))
		}
	}
	if run.Dates.Successor != "" {
		s.add("successor", "%s", run.Dates.Successor)
	}
	s.add("dates as of", "%s", dayText(run.Taken))
	return s
}

// stateText returns a word for a state and what follows from it.
func stateText(s fnpkg.RuntimeState) (word, means string) {
	switch s {
	case fnpkg.RuntimeUnknown:
		return "UNKNOWN", ""
	case fnpkg.RuntimeUnreleased:
		return "not released", ""
	case fnpkg.RuntimeSupported:
		return "supported", ""
	case fnpkg.RuntimeDeprecated:
		return "DEPRECATED", ": no more security patches"
	case fnpkg.RuntimeNoCreate:
		return "CLOSED", ": no patches, no new functions"
	case fnpkg.RuntimeNoUpdate:
		return "CLOSED", ": no patches, no new functions, no updates"
	}
	return string(s), ""
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func nativeSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Native code"}
	for _, f := range r.Natives.Files {
		if path.Base(f.Path) == "bootstrap" {
			s.add("bootstrap", "%s", binaryText(f))
		}
	}
	for _, a := range r.Natives.Archs {
		text := fmt.Sprintf("%s, %s: %s", a.Format, count(a.Files, "file"), pathEnd(a.Example))
		if a.Files > 1 {
			text += fmt.Sprintf(" +%d", a.Files-1)
		}
		s.add(a.Arch, "%s", text)
	}
	if r.Natives.Skipped > 0 {
		s.add("skipped", "%s, too many to look into", count(r.Natives.Skipped, "file"))
	}
	if len(s.rows) == 0 && r.Form != inspect.FormFile {
		s.add("", "none; %s looked into", count(r.Natives.Looked, "file"))
	}
	return s
}

// binaryText says what kind of program a file is.
func binaryText(f inspect.NativeFile) string {
	parts := []string{f.Format, strings.Join(f.Archs, " and ")}
	if f.Go {
		parts = append(parts, "made by Go")
	}
	switch {
	case f.Interpreter != "":
		parts = append(parts, "loaded by "+shorten(f.Interpreter, 60))
	case f.Program:
		parts = append(parts, "statically linked")
	}
	return strings.Join(parts, ", ")
}

func languageSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Languages"}
	for _, l := range r.Languages {
		s.add(l.Name, "%s, %s", count(l.Files, "file"), bytesText(l.Bytes))
	}
	return s
}

func treeSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Files"}
	top := r.Tree.Top[:min(len(r.Tree.Top), shownTop)]
	for _, e := range top {
		if e.Dir {
			s.add(bytesText(e.Bytes), "%s/ (%s)", e.Name, count(e.Files, "file"))
		} else {
			s.add(bytesText(e.Bytes), "%s", e.Name)
		}
	}
	if more := len(r.Tree.Top) + r.Tree.MoreTop - len(top); more > 0 {
		s.add("", "and %d more at the top", more)
	}
	// In a package of a few files the list above has said it.
	for i, f := range r.Tree.Largest[:min(len(r.Tree.Largest), shownLargest)] {
		if r.Sizes.Files <= len(top) {
			break
		}
		label := ""
		if i == 0 {
			label = "largest"
		}
		s.add(label, "%s (%s)", f.Path, bytesText(f.Size))
	}
	return s
}

func hazardSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Hazards"}
	for _, h := range r.Hazards[:min(len(r.Hazards), shownHazards)] {
		label := "hazard"
		if h.ID.Ambiguous() {
			label = "AMBIGUOUS"
		}
		s.add(label, "%s: %s", h.ID, h.Detail)
	}
	if more := len(r.Hazards) - shownHazards; more > 0 {
		s.add("", "and %d more", more)
	}
	if len(s.rows) == 0 && r.Form != inspect.FormFile {
		s.add("", "none; every reader sees the same package")
	}
	return s
}

func remarkSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Remarks"}
	for _, m := range r.Remarks {
		s.add("", "%s: %s", m.ID, m.Detail)
	}
	return s
}

func unreadSection(r *inspect.Report) inspectSection {
	s := inspectSection{title: "Could not be read"}
	for _, u := range r.Unread.Files[:min(len(r.Unread.Files), shownUnread)] {
		s.add("", "%s: %s", u.Path, u.Reason)
	}
	if more := r.Unread.Count - min(len(r.Unread.Files), shownUnread); more > 0 {
		s.add("", "and %d more", more)
	}
	return s
}

// inspectText lays rows out: the label in a column of its own, the text broken
// between words.
type inspectText struct{ b strings.Builder }

func (t *inspectText) line(s string) { t.b.WriteString(s + "\n") }

// row writes one row whose text begins at a column.
func (t *inspectText) row(r inspectRow, column int) {
	lead := "  " + shorten(oneColon(term.Clean(r.label)), inspectLabel-3)
	if n := len([]rune(lead)); n < column {
		lead += strings.Repeat(" ", column-n)
	}
	if text := oneColon(term.Clean(r.text)); r.exact {
		t.line(lead + text)
	} else {
		for _, line := range breakWords(text, inspectColumns-column) {
			t.line(strings.TrimRight(lead+line, " "))
			lead = strings.Repeat(" ", column)
		}
	}
}

// oneColon breaks up every pair of colons: GitHub's runner takes a line that
// begins with one for a command, and where lines begin is decided later.
func oneColon(s string) string {
	for strings.Contains(s, "::") {
		s = strings.ReplaceAll(s, "::", `\x3a:`)
	}
	return s
}

// pathEnd cuts a long path to its end, which tells more than its beginning.
func pathEnd(p string) string {
	const n = 60
	r := []rune(p)
	if len(r) <= n {
		return p
	}
	return "…" + string(r[len(r)-n+1:])
}

// breakWords breaks text between words into lines of at most width characters.
// A longer word gets broken, too.
func breakWords(text string, width int) []string {
	var lines []string
	var line []rune
	for _, field := range strings.Fields(text) {
		word := []rune(field)
		if len(line) > 0 && len(line)+1+len(word) > width {
			lines, line = append(lines, string(line)), nil
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		line = append(line, word...)
		for len(line) > width {
			lines, line = append(lines, string(line[:width])), line[width:]
		}
	}
	return append(lines, string(line))
}

// InspectMarkdown writes what a package is for a job summary or a pull
// request.
func InspectMarkdown(w io.Writer, r *inspect.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### fnseal: %s, a %s\n", code(r.Subject.Name), r.Form)
	for _, s := range inspectSections(r) {
		fmt.Fprintf(&b, "\n| %s | |\n| --- | --- |\n", s.title)
		for _, row := range s.rows {
			text := escapeMarkdown(row.text)
			if row.exact {
				text = code(row.text)
			}
			fmt.Fprintf(&b, "| %s | %s |\n", escapeMarkdown(row.label), text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
