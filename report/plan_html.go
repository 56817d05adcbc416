package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

//go:embed plan.html
var planPage string

//go:embed plan.css
var planStyle string

// planTemplate is parsed when the first page is written: most commands write
// none.
var planTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("plan").Funcs(template.FuncMap{
		// Invisible and direction-changing characters are shown, as on a
		// terminal; html/template escapes the rest.
		"clean": term.Clean,
	}).Parse(planPage))
})

// PlanHTML writes the plan as one page that needs nothing else: no script, no
// picture, no font, no request.
func PlanHTML(w io.Writer, p *patch.Plan, version string) error {
	return planTemplate().Execute(w, pageOf(p, version))
}

// page is what the template shows.
type page struct {
	Style   template.CSS
	Version string
	Title   string
	Verdict string
	Summary string
	Tone    string // good, warn or bad
	AsOf    string
	Policy  string
	Clock   string
	Tiles   []tile

	Severities []share
	Remedies   []share
	Ages       ageChart

	Removals    []removalView
	Retirements []retirementView
	Upgrades    []upgradeView
	Shared      bool // some upgrade is in a shared layer
	Unfixed     []findingView
	Functions   []functionView
	Findings    int
	Dated       bool
	Baseline    bool

	Suppressed  []suppressedView
	NotAssessed []string
	Lapsed      []string
	Feed        string
	Sources     []feedSourceJSON
}

type tile struct{ Value, Label, Tone string }

// share is one part of a bar of the whole.
type share struct {
	Name  string
	Count int
	X, W  float64 // in percent
}

type removalView struct {
	Finding  findingView
	Where    []string
	Commands []commandJSON
}

type retirementView struct {
	Name, State, Next string
	Where             string
	Due               dueView
	Tone              string
}

type upgradeView struct {
	Number    int
	Name      string
	Ecosystem string
	From      string
	To        string
	Step      string
	Severity  string
	Exploited bool
	Due       dueView
	Clears    []findingView // each defect once
	Cleared   int
	Of        int
	Remains   []findingView
	Also      []string
	Where     []string
	Shared    string
	Commands  []commandJSON
	Options   []optionView
	Packages  []string
	First     string // heading of the group that begins here
}

type optionView struct {
	From, Step, To string
	Clears, Of     int
	Left           []string
	Taken          bool
}

type dueView struct {
	Date, Left, Rule string
	Overdue, Soon    bool
}

type findingView struct {
	ID, URL, Name, Version string
	Severity, Label        string
	Malicious, Exploited   bool
	EPSS                   string
	Summary                string
	Remedy, Advice         string
	Age, Published         string
	Due                    dueView
	Where                  []string
	New                    bool
	Aliases                string
}

type functionView struct {
	Name, Meta string
	Shares     []share
	Findings   []findingView
	Open       bool
}

type suppressedView struct {
	Finding findingView
	Why     string
}

func pageOf(p *patch.Plan, version string) page {
	n := planNumbers(p)
	out := page{
		Style: template.CSS(planStyle), // our own, embedded
		Title: planTitle(p), Verdict: upperFirst(PlanVerdict(p)), Summary: upperFirst(PlanSummary(p)), Version: version,
		AsOf: p.AsOf.Format("2 January 2006"), Policy: p.Policy, Clock: clockText(p.Clock),
		Feed: FeedText(p.Feed, p.AsOf), Sources: feedOf(p.Feed).Sources, Findings: len(p.Findings),
		Dated: p.Policy != "", Baseline: p.Baseline, NotAssessed: unassessedLines(p),
	}
	out.Tone = "good"
	if len(p.Findings) > 0 || len(p.Retirements) > 0 {
		out.Tone = "warn"
	}
	if n.malicious > 0 || n.overdue > 0 || n.kevs > 0 || n.severities[vulndb.SeverityCritical] > 0 {
		out.Tone = "bad"
	}
	if out.Verdict == "" {
		out.Verdict = "Nothing to do"
	}
	out.Tiles = tiles(p, n)
	out.Severities, out.Remedies = shares(p.Findings), remedyShares(p.Findings)
	out.Ages = ageChartOf(p)
	for _, r := range p.Removals {
		out.Removals = append(out.Removals, removalView{viewOf(p, r.Finding), placesText(p, r.Finding.Places, 6), commandsOf(r.Commands)})
	}
	for _, r := range p.Retirements {
		tone := "warn"
		if r.Due.Overdue {
			tone = "bad"
		}
		out.Retirements = append(out.Retirements, retirementView{
			Name: r.Runtime.Name, State: runtimeState(r), Next: runtimeNext(r), Tone: tone,
			Where: listSome(targetNames(p, r.Targets), 6), Due: dueViewOf(r.Due, p.AsOf),
		})
	}
	for i, u := range p.Upgrades {
		view := upgradeViewOf(p, u, i+1)
		if len(u.Shared) > 0 {
			out.Shared = true
		}
		switch {
		case i == 0 && len(u.Shared) > 0:
			view.First = "In shared layers: one change serves all their functions"
		case i > 0 && len(u.Shared) == 0 && len(p.Upgrades[i-1].Shared) > 0:
			view.First = "In the functions"
		}
		out.Upgrades = append(out.Upgrades, view)
	}
	for _, f := range p.Findings {
		if f.Remedy != patch.RemedyUpgrade && f.Remedy != patch.RemedyRemove {
			out.Unfixed = append(out.Unfixed, viewOf(p, f))
		}
	}
	out.Functions = functionViews(p)
	for _, s := range p.Suppressed {
		out.Suppressed = append(out.Suppressed, suppressedView{viewOf(p, s.Finding), suppressedText(s.By)})
	}
	for _, i := range p.Lapsed {
		out.Lapsed = append(out.Lapsed, fmt.Sprintf("%s was ignored until %s (%s)", i.ID, dayText(i.Expires), i.Source))
	}
	return out
}

func clockText(c patch.Clock) string {
	switch c {
	case patch.ClockFix:
		return "the day a fix is known"
	case patch.ClockFirstSeen:
		return "the day a finding is first seen"
	}
	return "the day the advisory is published"
}

func tiles(p *patch.Plan, n numbers) []tile {
	tone := func(n int, bad string) string {
		if n == 0 {
			return "quiet"
		}
		return bad
	}
	out := []tile{{itoa(n.vulnerable), verb(n.vulnerable, "vulnerability", "vulnerabilities"), tone(n.vulnerable, "")}}
	if n.malicious > 0 {
		out = append(out, tile{itoa(n.malicious), "malicious", "bad"})
	}
	out = append(out, tile{itoa(n.severities[vulndb.SeverityCritical] + n.severities[vulndb.SeverityHigh]), "critical or high", tone(n.severities[vulndb.SeverityCritical]+n.severities[vulndb.SeverityHigh], "bad")})
	if p.Feed.KEV != nil || n.kevs > 0 {
		out = append(out, tile{itoa(n.kevs), "known exploited", tone(n.kevs, "bad")})
	}
	if p.Policy != "" {
		out = append(out, tile{itoa(n.overdue), "overdue", tone(n.overdue, "bad")})
	}
	if p.Baseline {
		out = append(out, tile{itoa(n.fresh), "new", tone(n.fresh, "warn")})
	}
	return append(out,
		tile{itoa(n.unfixed), "without a fix", tone(n.unfixed, "warn")},
		tile{itoa(len(p.NotAssessed)), "not assessed", tone(len(p.NotAssessed), "warn")})
}

// shares are the parts the severities have in some findings.
func shares(findings []*patch.Finding) []share {
	counts := map[string]int{}
	for _, f := range findings {
		if f.Malicious {
			counts["malicious"]++
		} else {
			counts[string(f.Severity)]++
		}
	}
	return sharesOf(counts, len(findings), "malicious", "critical", "high", "medium", "low", "none", "unknown")
}

// remedyShares are the parts of what can be done about some findings.
func remedyShares(findings []*patch.Finding) []share {
	counts := map[string]int{}
	for _, f := range findings {
		switch f.Remedy {
		case patch.RemedyRemove:
			counts["remove"]++
		case patch.RemedyUpgrade:
			counts["upgrade"]++
		default:
			counts["open"]++
		}
	}
	return sharesOf(counts, len(findings), "remove", "upgrade", "open")
}

// sharesOf lays counts out along a bar, in the order given.
func sharesOf(counts map[string]int, total int, order ...string) []share {
	var out []share
	x := 0.0
	for _, name := range order {
		if counts[name] == 0 {
			continue
		}
		w := 100 * float64(counts[name]) / float64(total)
		out = append(out, share{Name: name, Count: counts[name], X: round(x), W: round(w)})
		x += w
	}
	return out
}

func round(x float64) float64 { return float64(int(x*100+0.5)) / 100 }

// ageChart shows how long advisories have been known, by severity.
type ageChart struct {
	Columns []ageColumn
	Most    int
	Unknown int
}

type ageColumn struct {
	Label  string
	X      float64
	Count  int
	TextY  float64
	Pieces []agePiece
}

type agePiece struct {
	Class string
	Y, H  float64
	Title string
}

// The chart's measures in its own units.
const (
	ageHeight = 120.0
	ageTop    = 18.0
	ageStep   = 72.0
)

func ageChartOf(p *patch.Plan) ageChart {
	limits := []struct {
		label string
		days  int
	}{{"≤ 30 days", 30}, {"≤ 90 days", 90}, {"≤ 1 year", 365}, {"≤ 2 years", 730}, {"older", 1 << 30}}
	counts := make([]map[string]int, len(limits))
	total := make([]int, len(limits))
	chart := ageChart{}
	for _, f := range p.Findings {
		if f.Published.IsZero() || f.Published.Year() < 1999 {
			chart.Unknown++
			continue
		}
		days := int(p.AsOf.Sub(f.Published).Hours() / 24)
		i := slices.IndexFunc(limits, func(l struct {
			label string
			days  int
		}) bool {
			return days <= l.days
		})
		if counts[i] == nil {
			counts[i] = map[string]int{}
		}
		name := string(f.Severity)
		if f.Malicious {
			name = "malicious"
		}
		counts[i][name]++
		total[i]++
		chart.Most = max(chart.Most, total[i])
	}
	if chart.Most == 0 {
		return chart
	}
	for i, l := range limits {
		column := ageColumn{Label: l.label, X: float64(i) * ageStep, Count: total[i]}
		y := ageTop + ageHeight
		for _, name := range []string{"unknown", "none", "low", "medium", "high", "critical", "malicious"} {
			k := counts[i][name]
			if k == 0 {
				continue
			}
			h := ageHeight * float64(k) / float64(chart.Most)
			y -= h
			column.Pieces = append(column.Pieces, agePiece{Class: name, Y: round(y), H: round(h), Title: fmt.Sprintf("%s: %d %s", l.label, k, name)})
		}
		column.TextY = round(y - 5)
		chart.Columns = append(chart.Columns, column)
	}
	return chart
}

func dueViewOf(d patch.Due, asOf time.Time) dueView {
	if d.IsZero() {
		return dueView{}
	}
	return dueView{
		Date: dayText(d.Date), Left: daysLeft(d, asOf), Rule: d.Rule, Overdue: d.Overdue,
		Soon: !d.Overdue && d.Date.Sub(asOf) < 14*24*time.Hour,
	}
}

func viewOf(p *patch.Plan, f *patch.Finding) findingView {
	v := findingView{
		ID: f.ID, URL: advisoryURL(f.ID), Name: f.Component.Name, Version: orUnknown(f.Component.Version),
		Severity: string(f.Severity), Label: findingSeverity(f), Malicious: f.Malicious, Exploited: f.Exploited(),
		Summary: shorten(f.Summary, 240), Remedy: remedyText(f), Advice: upperFirst(remedyDetail(f)),
		Due: dueViewOf(f.Due, p.AsOf), Where: placesText(p, f.Places, 6), New: p.Baseline && f.New,
		Aliases: strings.Join(f.Aliases, ", "),
	}
	if f.Malicious {
		v.Severity, v.Label = "malicious", "malicious"
	}
	if probability, ok := f.Probability(); ok {
		v.EPSS = likelihood(probability)
	}
	if !f.Published.IsZero() && f.Published.Year() >= 1999 {
		v.Published, v.Age = dayText(f.Published), knownFor(f.Published, p.AsOf)
	}
	return v
}

func upgradeViewOf(p *patch.Plan, u patch.Upgrade, number int) upgradeView {
	v := upgradeView{
		Number: number, Name: u.Name, Ecosystem: u.Ecosystem, From: fromText(u), To: u.To, Step: string(u.Step),
		Severity: string(u.Severity), Exploited: u.KEV, Due: dueViewOf(u.Due, p.AsOf), Of: len(u.Clears) + len(u.Remains),
		Also: u.Also, Where: placesText(p, u.Places, 6), Shared: strings.Join(u.Shared, ", "), Commands: commandsOf(u.Commands),
	}
	if len(u.Packages) > 1 {
		v.Packages = u.Packages
	}
	v.Cleared = len(u.Clears)
	for _, f := range u.Clears {
		if !slices.ContainsFunc(v.Clears, func(have findingView) bool { return have.ID == f.ID }) {
			v.Clears = append(v.Clears, viewOf(p, f))
		}
	}
	for _, f := range u.Remains {
		v.Remains = append(v.Remains, viewOf(p, f))
	}
	for _, from := range u.From {
		for _, o := range from.Options {
			v.Options = append(v.Options, optionView{
				From: from.Version, Step: string(o.Step), To: o.To, Clears: o.Clears, Of: o.Clears + len(o.Left), Left: o.Left, Taken: o.To == u.To,
			})
		}
	}
	if len(v.Options) < 2 {
		v.Options = nil // there is nothing to choose
	}
	return v
}

// functionsShown is how many functions are shown with all their findings; the
// JSON has the rest.
const functionsShown = 200

// functionViews groups findings by package, those with most to do first.
func functionViews(p *patch.Plan) []functionView {
	byTarget := make([][]*patch.Finding, len(p.Targets))
	for _, f := range p.Findings {
		for _, n := range targetsOf(f.Places) {
			byTarget[n] = append(byTarget[n], f)
		}
	}
	order := make([]int, 0, len(p.Targets))
	for n := range p.Targets {
		order = append(order, n)
	}
	worst := func(n int) int {
		rank := 0
		for _, f := range byTarget[n] {
			rank = max(rank, rankOf(f.Finding))
		}
		return rank
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if d := worst(b) - worst(a); d != 0 {
			return d
		}
		return len(byTarget[b]) - len(byTarget[a])
	})
	var out []functionView
	for _, n := range order[:min(functionsShown, len(order))] {
		t := p.Targets[n]
		v := functionView{Name: t.Name, Shares: shares(byTarget[n]), Open: len(p.Targets) == 1}
		meta := []string{count(t.Components, "component"), count(len(byTarget[n]), "finding")}
		if t.Runtime != "" {
			meta = append(meta, t.Runtime)
		}
		v.Meta = strings.Join(meta, " · ")
		for _, f := range byTarget[n] {
			clone := *f
			clone.Places = nil
			for _, place := range f.Places {
				if place.Target == n {
					clone.Places = append(clone.Places, place)
				}
			}
			view := viewOf(p, &clone)
			view.Where = nil
			for _, place := range clone.Places {
				if how := placeHow(place); how != "" {
					view.Where = append(view.Where, how)
				}
			}
			v.Findings = append(v.Findings, view)
		}
		out = append(out, v)
	}
	return out
}
