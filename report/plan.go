package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// PlanSummary says in one line what was found and what clears it.
func PlanSummary(p *patch.Plan) string {
	n := planNumbers(p)
	assessed := count(p.Assessed, "component") + " assessed"
	if n := len(p.NotAssessed); n > 0 {
		assessed += fmt.Sprintf(", %d not assessed", n)
	}
	if len(p.Findings) == 0 {
		return "no known vulnerability in " + assessed
	}
	return fmt.Sprintf("%s (%s) in %s", count(len(p.Findings), "finding"), n.bySeverity(), assessed)
}

// PlanVerdict says in one line what the plan achieves; empty where there is
// nothing to do.
func PlanVerdict(p *patch.Plan) string {
	n := planNumbers(p)
	var parts []string
	if n.malicious > 0 {
		parts = append(parts, "remove "+count(len(p.Removals), "malicious package"))
	}
	if len(p.Upgrades) > 0 {
		parts = append(parts, fmt.Sprintf("%s %s %d of %s", count(len(p.Upgrades), "upgrade"), verb(len(p.Upgrades), "clears", "clear"), n.cleared, count(n.vulnerable, "finding")))
	} else if n.vulnerable > 0 {
		parts = append(parts, "no upgrade clears any of "+count(n.vulnerable, "finding"))
	}
	if n.overdue > 0 {
		parts = append(parts, fmt.Sprintf("%d overdue", n.overdue))
	}
	if len(p.Retirements) > 0 {
		parts = append(parts, count(len(p.Retirements), "runtime")+" at or near "+verb(len(p.Retirements), "its", "their")+" end")
	}
	return strings.Join(parts, "; ")
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// numbers count what a plan holds.
type numbers struct {
	severities                                             map[vulndb.Severity]int
	malicious, vulnerable, cleared, overdue, unfixed, kevs int
	fresh                                                  int
}

// severitiesWorstFirst is the order in which severities are told.
var severitiesWorstFirst = []vulndb.Severity{
	vulndb.SeverityCritical, vulndb.SeverityHigh, vulndb.SeverityMedium,
	vulndb.SeverityLow, vulndb.SeverityNone, vulndb.SeverityUnknown,
}

func planNumbers(p *patch.Plan) numbers {
	n := numbers{severities: map[vulndb.Severity]int{}}
	for _, f := range p.Findings {
		if f.Due.Overdue {
			n.overdue++
		}
		if f.New {
			n.fresh++
		}
		if f.Malicious {
			n.malicious++
			continue
		}
		n.vulnerable++
		n.severities[f.Severity]++
		if f.Exploited() {
			n.kevs++
		}
		if f.Remedy == patch.RemedyUpgrade {
			n.cleared++
		} else {
			n.unfixed++
		}
	}
	for _, r := range p.Retirements {
		if r.Due.Overdue {
			n.overdue++
		}
	}
	return n
}

func (n numbers) bySeverity() string {
	var parts []string
	if n.malicious > 0 {
		parts = append(parts, itoa(n.malicious)+" malicious")
	}
	for _, s := range severitiesWorstFirst {
		if n.severities[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.severities[s], s))
		}
	}
	return strings.Join(parts, ", ")
}

// planTitle names what was scanned.
func planTitle(p *patch.Plan) string {
	const most = 3
	if len(p.Targets) > most {
		return count(len(p.Targets), "package")
	}
	var names []string
	for _, t := range p.Targets {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

// findingSeverity writes a severity with its score, or what is worse.
func findingSeverity(f *patch.Finding) string { return severityText(f.Finding) }

// remedyText says what the plan does about a finding.
func remedyText(f *patch.Finding) string {
	switch f.Remedy {
	case patch.RemedyUpgrade:
		return f.To
	case patch.RemedyRemove:
		return "remove it"
	case patch.RemedyIdentify:
		return "version unknown"
	case patch.RemedyProvider:
		return "by the provider"
	case patch.RemedyRemains:
		return "remains"
	}
	return "no fix"
}

// remedyDetail says the same in a sentence.
func remedyDetail(f *patch.Finding) string {
	switch f.Remedy {
	case patch.RemedyUpgrade:
		return "upgrade to " + f.To
	case patch.RemedyRemove:
		return "remove it and rotate every secret the function could read"
	case patch.RemedyIdentify:
		return "find out which version is installed: some are affected"
	case patch.RemedyProvider:
		return "the managed runtime provides it: wait for the provider, or ship a newer one with the function"
	case patch.RemedyRemains:
		return "remains: every fixed version is affected by as much"
	}
	if n := len(f.LastAffected); n > 0 {
		return "no confirmed fix: the last version known to be affected is " + f.LastAffected[n-1]
	}
	return "no confirmed fix"
}

// targetNames lists packages by their names.
func targetNames(p *patch.Plan, targets []int) []string {
	var names []string
	for _, n := range targets {
		names = append(names, p.Targets[n].Name)
	}
	return names
}

// placeLines bounds how many places a person is told of; programs get all.
const placeLines = 8

// placesText says in which packages something is, how it comes in, and through
// what: places that say the same are told together, those that most packages
// have first.
func placesText(p *patch.Plan, places []patch.Place, most int) []string {
	var order []string
	names := map[string][]string{}
	for _, place := range places {
		how := placeHow(place)
		if _, ok := names[how]; !ok {
			order = append(order, how)
		}
		if name := p.Targets[place.Target].Name; !slices.Contains(names[how], name) {
			names[how] = append(names[how], name)
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return len(names[b]) - len(names[a]) })
	var lines []string
	for _, how := range order {
		if len(lines) == placeLines {
			lines = append(lines, fmt.Sprintf("and in %d more ways", len(order)-placeLines))
			break
		}
		line := listSome(names[how], most)
		switch {
		case len(p.Targets) == 1:
			line = how // there is no other package it could be in
		case how != "":
			line += ": " + how
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// placeHow says how a component comes into a package.
func placeHow(p patch.Place) string {
	var parts []string
	switch {
	case p.Direct:
		parts = append(parts, "direct")
	case len(p.Via) > 0:
		parts = append(parts, "through "+strings.Join(p.Via, " → "))
	}
	if p.Layer != "" {
		parts = append(parts, "in layer "+p.Layer)
	}
	switch p.Origin {
	case fnpkg.OriginBundled:
		parts = append(parts, "in bundled code")
	case fnpkg.OriginDeclared:
		parts = append(parts, "only declared")
	}
	return strings.Join(parts, ", ")
}

// fromText lists the installed versions of an upgrade.
func fromText(u patch.Upgrade) string {
	var versions []string
	for _, v := range u.From {
		versions = append(versions, v.Version)
	}
	return listSome(versions, 2)
}

// clearsText says how much an upgrade clears, and of what.
func clearsText(u patch.Upgrade) string {
	return fmt.Sprintf("%d of %d", len(u.Clears), len(u.Clears)+len(u.Remains))
}

// worstText is the worst that an upgrade clears.
func worstText(u patch.Upgrade) string {
	if u.KEV {
		return "exploited"
	}
	return string(u.Severity)
}

// dueText writes a deadline as a day, with a mark where it has passed.
func dueText(d patch.Due) string {
	switch {
	case d.IsZero():
		return ""
	case d.Overdue:
		return dayText(d.Date) + "!"
	}
	return dayText(d.Date)
}

// daysLeft says how far off a deadline is.
func daysLeft(d patch.Due, asOf time.Time) string {
	n := int(d.Date.Sub(asOf.UTC().Truncate(24*time.Hour)).Hours() / 24)
	switch {
	case n < 0:
		return count(-n, "day") + " overdue"
	case n == 0:
		return "today"
	}
	return "in " + count(n, "day")
}

// knownFor says how long an advisory has been public.
func knownFor(published, asOf time.Time) string {
	switch d := asOf.Sub(published); {
	case d < 0:
		return "not yet"
	case d < 60*24*time.Hour:
		return ageText(d)
	case d < 730*24*time.Hour:
		return count(int(d.Hours()/24/30.44), "month")
	default:
		return count(int(d.Hours()/24/365.25), "year")
	}
}

// runtimeState says in words where in its life a runtime is.
func runtimeState(r patch.Retirement) string {
	switch r.State {
	case fnpkg.RuntimeDeprecated:
		return "gets no more patches since " + dayText(r.Runtime.Deprecated)
	case fnpkg.RuntimeNoCreate:
		return "no function can be created with it since " + dayText(r.Runtime.NoCreate)
	case fnpkg.RuntimeNoUpdate:
		return "no function on it can be updated since " + dayText(r.Runtime.NoUpdate)
	case fnpkg.RuntimeUnknown:
		return "not in the table of runtimes: its end is unknown"
	}
	return "supported until " + dayText(r.Runtime.Deprecated)
}

// runtimeNext names what to move to.
func runtimeNext(r patch.Retirement) string {
	return cmp.Or(r.Runtime.Successor, "-")
}

// suppressedText says why a finding does not count.
func suppressedText(r patch.Reason) string {
	text := r.Kind
	if r.Status != "" {
		text += " " + r.Status
	}
	if r.Text != "" {
		text += ": " + r.Text
	}
	if !r.Expires.IsZero() {
		text += " (until " + dayText(r.Expires) + ")"
	}
	if r.Source != "" {
		text += " [" + r.Source + "]"
	}
	return text
}

// unassessedLines groups components by the reason they were not assessed.
func unassessedLines(p *patch.Plan) []string {
	byReason := map[string][]string{}
	for _, n := range p.NotAssessed {
		byReason[n.Reason] = append(byReason[n.Reason], n.Component.Name+" "+orUnknown(n.Component.Version))
	}
	var lines []string
	for reason, names := range byReason {
		lines = append(lines, fmt.Sprintf("%s: %s", reason, listSome(names, 5)))
	}
	slices.Sort(lines)
	return lines
}
