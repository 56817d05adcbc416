package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/vulndb"
)

// annotationsShown is how many annotations of a level GitHub shows for a step;
// more would be cut without a word.
const annotationsShown = 10

// annotations collects workflow commands of GitHub Actions.
type annotations struct {
	b     strings.Builder
	shown map[string]int
}

// add makes an annotation of a level ("error" or "warning").
func (a *annotations) add(level, title, text string) {
	if a.shown == nil {
		a.shown = make(map[string]int)
	}
	if a.shown[level]++; a.shown[level] > annotationsShown {
		return
	}
	fmt.Fprintf(&a.b, "::%s title=%s::%s\n", level, commandProperty(title), commandData(text))
}

// commandData escapes text as the value of a workflow command: a line break
// would end it and could start another.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(term.Clean(s))
}

// commandProperty escapes text as a property of a workflow command.
func commandProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandData(s))
}

// PlanAnnotations writes what the plan asks for as annotations of a GitHub
// Actions job: errors for what cannot wait (malicious, exploited, overdue,
// critical), warnings for the rest.
func PlanAnnotations(w io.Writer, p *patch.Plan) error {
	var a annotations
	for _, r := range p.Removals {
		f := r.Finding
		a.add("error", "remove "+f.Component.Name, fmt.Sprintf("%s %s is malicious (%s): remove it and rotate secrets; in %s",
			f.Component.Name, orUnknown(f.Component.Version), f.ID, listSome(targetNames(p, targetsOf(f.Places)), 4)))
	}
	for _, u := range p.Upgrades {
		level := "warning"
		if u.KEV || u.Due.Overdue || u.Severity == vulndb.SeverityCritical {
			level = "error"
		}
		text := fmt.Sprintf("%s %s → %s clears %s findings, the worst %s", u.Name, fromText(u), u.To, clearsText(u), worstText(u))
		switch {
		case u.Due.Overdue:
			text += ", overdue since " + dayText(u.Due.Date)
		case !u.Due.IsZero():
			text += ", by " + dayText(u.Due.Date)
		}
		a.add(level, "upgrade "+u.Name, text)
	}
	for _, r := range p.Retirements {
		text := fmt.Sprintf("%s: %s; in %s", r.Runtime.Name, runtimeState(r), listSome(targetNames(p, r.Targets), 4))
		if r.Runtime.Successor != "" {
			text += "; move to " + r.Runtime.Successor
		}
		a.add("warning", "runtime "+r.Runtime.Name, text)
	}
	for _, f := range p.Findings {
		switch f.Remedy {
		case patch.RemedyNone, patch.RemedyRemains, patch.RemedyIdentify:
			a.add("warning", f.Component.Name+" "+f.ID, fmt.Sprintf("%s %s: %s, %s; in %s",
				f.Component.Name, orUnknown(f.Component.Version), findingSeverity(f), remedyText(f), listSome(targetNames(p, targetsOf(f.Places)), 4)))
		}
	}
	_, err := io.WriteString(w, a.b.String())
	return err
}

// VerdictAnnotations writes each check that fails as an error of a GitHub
// Actions job.
func VerdictAnnotations(w io.Writer, v policy.Verdict) error {
	var a annotations
	for _, c := range v.Checks {
		if c.Outcome == policy.Fail {
			a.add("error", v.Target+" is refused: "+c.ID, checkText(v, c))
		}
	}
	_, err := io.WriteString(w, a.b.String())
	return err
}
