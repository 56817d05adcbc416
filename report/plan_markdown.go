package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// markdownFindings is how many findings a person is shown unfolded.
const markdownFindings = 100

// PlanMarkdown writes the plan for a job summary or a pull request: what to do
// first, what was found folded away beneath it.
func PlanMarkdown(out io.Writer, p *patch.Plan) error {
	w := &strings.Builder{}
	fmt.Fprintf(w, "### %s fnseal: what to patch in %s\n\n", planIcon(p), code(planTitle(p)))
	if verdict := PlanVerdict(p); verdict != "" {
		fmt.Fprintf(w, "**%s**\n\n", escapeMarkdown(upperFirst(verdict)))
	}
	fmt.Fprintf(w, "%s\n", escapeMarkdown(upperFirst(PlanSummary(p))))
	markdownRemovals(w, p)
	markdownRetirements(w, p)
	markdownUpgrades(w, p)
	markdownFindingTable(w, p)
	markdownSuppressed(w, p)
	if lines := unassessedLines(p); len(lines) > 0 {
		fmt.Fprint(w, "\n#### Not assessed\n\nNothing is known of these; they are not clean.\n\n")
		for _, line := range lines {
			fmt.Fprintf(w, "- %s\n", escapeMarkdown(line))
		}
	}
	foot := []string{"feed: " + FeedText(p.Feed, p.AsOf)}
	if p.Policy != "" {
		foot = append(foot, fmt.Sprintf("deadlines: %s, as of %s", p.Policy, dayText(p.AsOf)))
	}
	fmt.Fprintf(w, "\n<sub>%s</sub>\n", escapeMarkdown(strings.Join(foot, " · ")))
	_, err := io.WriteString(out, w.String())
	return err
}

func planIcon(p *patch.Plan) string {
	n := planNumbers(p)
	switch {
	case n.malicious > 0:
		return "⛔"
	case n.overdue > 0, n.kevs > 0, n.severities[vulndb.SeverityCritical] > 0:
		return "❌"
	case len(p.Findings) > 0, len(p.Retirements) > 0:
		return "⚠️"
	}
	return "✅"
}

func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

func markdownRemovals(w io.Writer, p *patch.Plan) {
	if len(p.Removals) == 0 {
		return
	}
	fmt.Fprintln(w, "\n#### Remove at once, and rotate secrets\n\nThese packages are attacks. What the function could read is to be taken for stolen: there is no version to upgrade to.\n\n| package | version | advisory | in | by |\n| --- | --- | --- | --- | --- |")
	for _, r := range p.Removals {
		f := r.Finding
		writeMarkdownRow(w, f.Component.Name, orUnknown(f.Component.Version), f.ID, listSome(targetNames(p, targetsOf(f.Places)), 4), dueText(f.Due))
	}
	var commands []patch.Command
	for _, r := range p.Removals {
		commands = append(commands, r.Commands...)
	}
	markdownCommands(w, commands)
}

func markdownRetirements(w io.Writer, p *patch.Plan) {
	if len(p.Retirements) == 0 {
		return
	}
	fmt.Fprintln(w, "\n#### Runtimes at or near their end\n\n| runtime | state | move to | in | by |\n| --- | --- | --- | --- | --- |")
	for _, r := range p.Retirements {
		writeMarkdownRow(w, r.Runtime.Name, runtimeState(r), runtimeNext(r), listSome(targetNames(p, r.Targets), 4), dueText(r.Due))
	}
}

func markdownUpgrades(w io.Writer, p *patch.Plan) {
	if len(p.Upgrades) == 0 {
		return
	}
	fmt.Fprintln(w, "\n#### Upgrade\n\n| package | from | to | step | clears | worst | where | by |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
	var commands []patch.Command
	for _, u := range p.Upgrades {
		where := placesText(p, u.Places, 3)
		if len(u.Shared) > 0 {
			where = append([]string{"shared layer " + strings.Join(u.Shared, ", ")}, where...)
		}
		cells := []string{u.Name, fromText(u), u.To, string(u.Step), clearsText(u), worstText(u), listSome(where, 3), dueText(u.Due)}
		for i := range cells {
			cells[i] = escapeMarkdown(cells[i])
		}
		cells[2] = "**" + cells[2] + "**"
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
		commands = append(commands, u.Commands...)
	}
	markdownCommands(w, commands)
}

// markdownCommands writes command lines as a block to copy. They hold only
// what runnable admits, none of which ends a block.
func markdownCommands(w io.Writer, commands []patch.Command) {
	if len(commands) == 0 {
		return
	}
	fmt.Fprintln(w, "\n```sh")
	last := ""
	for _, c := range commands {
		line := c.Text
		if c.Note != "" {
			line += "  # " + c.Note
		}
		if line != last {
			fmt.Fprintln(w, line)
		}
		last = line
	}
	fmt.Fprintln(w, "```")
}

func markdownFindingTable(w io.Writer, p *patch.Plan) {
	if len(p.Findings) == 0 {
		return
	}
	fmt.Fprintf(w, "\n<details><summary>%s</summary>\n\n| finding | package | installed | severity | remedy | in | by |\n| --- | --- | --- | --- | --- | --- | --- |\n", count(len(p.Findings), "finding"))
	for i, f := range p.Findings {
		if i == markdownFindings {
			fmt.Fprintf(w, "\nand %d more\n", len(p.Findings)-i)
			break
		}
		id := f.ID
		if p.Baseline && f.New {
			id += " (new)"
		}
		severity := findingSeverity(f)
		if f.Exploited() {
			severity += ", exploited"
		}
		writeMarkdownRow(w, id, f.Component.Name, orUnknown(f.Component.Version), severity, remedyText(f), listSome(targetNames(p, targetsOf(f.Places)), 3), dueText(f.Due))
	}
	fmt.Fprint(w, "\n</details>\n")
}

func markdownSuppressed(w io.Writer, p *patch.Plan) {
	if len(p.Suppressed) == 0 {
		return
	}
	fmt.Fprintf(w, "\n<details><summary>%d set aside</summary>\n\n| finding | package | version | why |\n| --- | --- | --- | --- |\n", len(p.Suppressed))
	for _, s := range p.Suppressed {
		f := s.Finding
		writeMarkdownRow(w, f.ID, f.Component.Name, orUnknown(f.Component.Version), suppressedText(s.By))
	}
	fmt.Fprint(w, "\n</details>\n")
}
