package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// planWidth is the width the plan is laid out for: that of a terminal nobody
// widened.
const planWidth = 80

// PlanText writes what to do, then what was found, for a terminal of 80
// columns.
func PlanText(out io.Writer, p *patch.Plan, style Style) error {
	w := &planWriter{style: style}
	w.removals(p)
	w.retirements(p)
	w.upgrades(p)
	w.findings(p)
	w.suppressed(p)
	w.line("", planTitle(p)+": "+PlanSummary(p))
	if verdict := PlanVerdict(p); verdict != "" {
		w.line("", "plan: "+verdict)
	}
	if p.Policy != "" {
		w.line("", fmt.Sprintf("deadlines: %s, as of %s", p.Policy, dayText(p.AsOf)))
	}
	for _, line := range unassessedLines(p) {
		w.line("", "not assessed: "+line)
	}
	for _, i := range p.Lapsed {
		w.line("", fmt.Sprintf("ignored no longer: %s, until %s (%s)", i.ID, dayText(i.Expires), i.Source))
	}
	for _, i := range p.Unused {
		w.line("", fmt.Sprintf("ignored, but not found: %s (%s)", i.ID, i.Source))
	}
	w.line("", "feed: "+FeedText(p.Feed, p.AsOf))
	_, err := io.WriteString(out, w.b.String())
	return err
}

// planWriter lays out a plan.
type planWriter struct {
	b     strings.Builder
	style Style
}

// line writes a line of hostile text, broken at spaces to fit.
func (w *planWriter) line(indent, text string) {
	rest := term.Clean(text)
	hang := indent + "  "
	for first := true; ; first = false {
		lead := indent
		if !first {
			lead = hang
		}
		room := planWidth - utf8.RuneCountInString(lead)
		head, tail := breakAt(rest, room)
		// A break must not put to the start of a line what commands a runner.
		w.b.WriteString(lead + term.Clean(head) + "\n")
		if tail == "" {
			return
		}
		rest = tail
	}
}

// breakAt splits text at the last space within n characters; a word that is
// longer stays whole.
func breakAt(text string, n int) (head, tail string) {
	if utf8.RuneCountInString(text) <= n {
		return text, ""
	}
	at, last := 0, -1
	for i, r := range text {
		if r == ' ' && at <= n && i > 0 {
			last = i
		}
		at++
	}
	if last < 0 {
		if last = strings.IndexByte(text, ' '); last < 0 {
			return text, ""
		}
	}
	return text[:last], strings.TrimLeft(text[last:], " ")
}

// heading writes a section's title.
func (w *planWriter) heading(text string) {
	if w.style.Color {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	w.b.WriteString(text + "\n")
}

// command writes a command line; one that is too long is not broken, or it
// could not be copied.
func (w *planWriter) command(indent string, c patch.Command) {
	text := term.Clean(c.Text)
	if w.style.Color {
		text = "\x1b[36m" + text + "\x1b[0m"
	}
	w.b.WriteString(indent + "$ " + text + "\n")
	if c.Note != "" {
		w.line(indent+"  ", "# "+c.Note)
	}
}

func (w *planWriter) removals(p *patch.Plan) {
	if len(p.Removals) == 0 {
		return
	}
	w.heading("REMOVE AT ONCE, AND ROTATE SECRETS")
	for _, r := range p.Removals {
		f := r.Finding
		text := fmt.Sprintf("%s %s (%s)", f.Component.Name, orUnknown(f.Component.Version), f.ID)
		if !f.Due.IsZero() {
			text += ", due " + dueText(f.Due)
		}
		w.b.WriteString(w.paint("31;1", "✗ "))
		w.b.WriteString(term.Clean(text) + "\n")
		for _, line := range placesText(p, f.Places, 4) {
			w.line("  ", line)
		}
		for _, c := range r.Commands {
			w.command("  ", c)
		}
	}
	w.line("  ", "It ran with what the function could read: keys, tokens and passwords are to be taken for stolen. There is no version to upgrade to.")
	w.b.WriteByte('\n')
}

func (w *planWriter) retirements(p *patch.Plan) {
	if len(p.Retirements) == 0 {
		return
	}
	w.heading("RUNTIMES AT OR NEAR THEIR END")
	t := newColumns(w.style, column{"RUNTIME", 12}, column{"STATE", 0}, column{"MOVE TO", 10}, column{"BY", 0})
	for _, r := range p.Retirements {
		t.row(severityColor(retirementSeverity(r)), r.Runtime.Name, string(r.State), runtimeNext(r), dueText(r.Due))
		t.below(runtimeState(r) + "; " + listSome(targetNames(p, r.Targets), 4))
	}
	t.write(w)
}

// retirementSeverity shows a runtime as bad as its state is.
func retirementSeverity(r patch.Retirement) vulndb.Severity {
	switch {
	case r.Due.Overdue:
		return vulndb.SeverityHigh
	case r.State == "supported":
		return vulndb.SeverityLow
	}
	return vulndb.SeverityMedium
}

func (w *planWriter) upgrades(p *patch.Plan) {
	if len(p.Upgrades) == 0 {
		return
	}
	columns := []column{{"UPGRADE", 12}, {"FROM", 8}, {"TO", 8}, {"STEP", 0}, {"CLEARS", 0}, {"WORST", 0}}
	if p.Policy != "" {
		columns = append(columns, column{"BY", 0})
	}
	t := newColumns(w.style, columns...)
	shared := false
	for _, u := range p.Upgrades {
		if len(u.Shared) > 0 && !shared {
			shared = true
			t.section("in shared layers, for all their functions at once:")
		}
		if len(u.Shared) == 0 && shared {
			shared = false
			t.section("in the functions:")
		}
		t.row(severityColor(upgradeSeverity(u)), u.Name, fromText(u), u.To, string(u.Step), clearsText(u), worstText(u), dueText(u.Due))
		for _, line := range placesText(p, u.Places, 4) {
			t.below(line)
		}
		if len(u.Packages) > 1 {
			t.below("packages " + listSome(u.Packages, 6))
		}
		for _, f := range u.Remains {
			t.below("remains " + f.ID + " " + findingSeverity(f))
		}
		if len(u.Also) > 0 {
			t.below("is affected by " + listSome(u.Also, 4))
		}
		for _, c := range u.Commands {
			t.command(c)
		}
	}
	t.write(w)
}

// upgradeSeverity is how bad it is to leave an upgrade out.
func upgradeSeverity(u patch.Upgrade) vulndb.Severity {
	if u.KEV {
		return vulndb.SeverityCritical
	}
	return u.Severity
}

func (w *planWriter) findings(p *patch.Plan) {
	if len(p.Findings) == 0 {
		return
	}
	columns := []column{{"FINDING", 0}, {"PACKAGE", 12}, {"INSTALLED", 8}, {"SEVERITY", 0}, {"REMEDY", 8}}
	if p.Policy != "" {
		columns = append(columns, column{"BY", 0})
	}
	t := newColumns(w.style, columns...)
	for _, f := range p.Findings {
		id := f.ID
		if p.Baseline && f.New {
			id += " new"
		}
		severity := findingSeverity(f)
		if f.Exploited() {
			severity = "exploited " + strings.TrimPrefix(severity, string(f.Severity)+" ")
		}
		color := severityColor(f.Severity)
		if f.Malicious || f.Exploited() {
			color = severityColor(vulndb.SeverityCritical)
		}
		t.row(color, id, f.Component.Name, orUnknown(f.Component.Version), severity, remedyText(f), dueText(f.Due))
	}
	t.write(w)
}

func (w *planWriter) suppressed(p *patch.Plan) {
	if len(p.Suppressed) == 0 {
		return
	}
	w.heading("SET ASIDE")
	for _, s := range p.Suppressed {
		f := s.Finding
		w.line("", fmt.Sprintf("%s in %s %s: %s", f.ID, f.Component.Name, orUnknown(f.Component.Version), suppressedText(s.By)))
	}
	w.b.WriteByte('\n')
}

func (w *planWriter) paint(code, text string) string {
	if !w.style.Color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// severityColor is the ANSI colour of a severity.
func severityColor(s vulndb.Severity) string {
	switch s {
	case vulndb.SeverityCritical:
		return "31;1"
	case vulndb.SeverityHigh:
		return "31"
	case vulndb.SeverityMedium, vulndb.SeverityUnknown:
		return "33"
	}
	return "2"
}

// column is one of a table that has to fit into planWidth. What it holds is cut
// to no fewer than least characters, and not at all if that is zero.
type column struct {
	title string
	least int
}

// columns is a table with lines between its rows.
type columns struct {
	style Style
	cols  []column
	rows  []columnsRow
}

type columnsRow struct {
	color   string
	cells   []string
	below   []string
	cmds    []patch.Command
	section string
}

func newColumns(style Style, cols ...column) *columns { return &columns{style: style, cols: cols} }

// row adds a row; cells beyond the columns are dropped.
func (t *columns) row(color string, cells ...string) {
	r := columnsRow{color: color}
	for i := range t.cols {
		text := ""
		if i < len(cells) {
			text = term.Clean(cells[i])
		}
		if text == "" {
			text = "-"
		}
		r.cells = append(r.cells, text)
	}
	t.rows = append(t.rows, r)
}

// section adds a line of its own between rows.
func (t *columns) section(text string) { t.rows = append(t.rows, columnsRow{section: text}) }

// below adds a line under the last row.
func (t *columns) below(text string) {
	r := &t.rows[len(t.rows)-1]
	r.below = append(r.below, text)
}

// command adds a command line under the last row.
func (t *columns) command(c patch.Command) {
	r := &t.rows[len(t.rows)-1]
	r.cmds = append(r.cmds, c)
}

// widths are those of the columns: as wide as what they hold, and where that is
// too much the widest of those that may be cut gives way.
func (t *columns) widths() []int {
	widths := make([]int, len(t.cols))
	total := len(t.cols) - 1 // the gaps, at their narrowest
	for i, c := range t.cols {
		widths[i] = utf8.RuneCountInString(c.title)
		for _, r := range t.rows {
			if i < len(r.cells) {
				widths[i] = max(widths[i], utf8.RuneCountInString(r.cells[i]))
			}
		}
		total += widths[i]
	}
	for ; total > planWidth; total-- {
		widest := -1
		for i, c := range t.cols {
			if c.least > 0 && widths[i] > max(c.least, utf8.RuneCountInString(c.title)) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

func (t *columns) write(w *planWriter) {
	widths, gap := t.widths(), 1
	total := 2 * (len(widths) - 1)
	for _, n := range widths {
		total += n
	}
	if total <= planWidth {
		gap = 2
	}
	line := func(color string, cells []string) {
		text := ""
		for i, cell := range cells {
			cell = shorten(cell, widths[i])
			text += cell
			if i < len(cells)-1 {
				text += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap)
			}
		}
		w.b.WriteString(w.paint(color, text) + "\n")
	}
	var titles []string
	for _, c := range t.cols {
		titles = append(titles, c.title)
	}
	line("1", titles)
	for _, r := range t.rows {
		if r.section != "" {
			w.line("", r.section)
			continue
		}
		line(r.color, r.cells)
		for _, text := range r.below {
			w.line("  ", text)
		}
		for _, c := range r.cmds {
			w.command("  ", c)
		}
	}
	w.b.WriteByte('\n')
}
