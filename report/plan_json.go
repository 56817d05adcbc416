package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/fnseal/fnseal/patch"
)

// PlanSchema is the version of the JSON that PlanJSON writes; it changes when
// something is taken away or means something else. docs/scan.schema.json
// describes it.
const PlanSchema = 1

type planJSON struct {
	Schema      int                   `json:"schema" jsonschema_description:"Version of this format."`
	AsOf        string                `json:"asOf" jsonschema_description:"When ages and deadlines were judged at, RFC 3339."`
	Deadlines   *deadlinesJSON        `json:"deadlines" jsonschema:"nullable" jsonschema_description:"Where deadlines come from and where they start to count; null if there are none."` // null if there are none
	Summary     summaryJSON           `json:"summary"`
	Targets     []targetJSON          `json:"targets" jsonschema_description:"The packages and SBOMs that were scanned, in the order given."`
	Removals    []removalJSON         `json:"removals" jsonschema_description:"Malicious packages: remove them and rotate secrets."`
	Runtimes    []retirementJSON      `json:"runtimes" jsonschema_description:"Managed runtimes at their end or near it."`
	Upgrades    []upgradeJSON         `json:"upgrades" jsonschema_description:"What clears findings, those in shared layers first, each group most urgent first."`
	Findings    []planFindingJSON     `json:"findings" jsonschema_description:"What counts, most urgent first."`
	Suppressed  []suppressedJSON      `json:"suppressed" jsonschema_description:"What VEX statements and ignore entries set aside."`
	Lapsed      []ignoreJSON          `json:"lapsedIgnores" jsonschema_description:"Ignore entries whose last day has passed."`
	Unused      []ignoreJSON          `json:"unusedIgnores" jsonschema_description:"Ignore entries that met no finding."`
	NotAssessed []planNotAssessedJSON `json:"notAssessed" jsonschema_description:"Components nothing is known of; they are not clean."`
	Assessed    int                   `json:"assessed" jsonschema_description:"Components compared with the feed, counted once for each target."`
	Feed        feedJSON              `json:"feed"`
}

type deadlinesJSON struct {
	Name  string `json:"name"`
	Clock string `json:"clock"`
}

type summaryJSON struct {
	Findings  int            `json:"findings"`
	New       int            `json:"new"`
	Malicious int            `json:"malicious"`
	Exploited int            `json:"exploited"`
	Overdue   int            `json:"overdue"`
	Cleared   int            `json:"cleared"`
	Severity  map[string]int `json:"bySeverity"`
}

type targetJSON struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind,omitempty"`
	Digest     string   `json:"digest,omitempty"`
	Runtime    string   `json:"runtime,omitempty"`
	Layers     []string `json:"layers,omitempty"`
	Components int      `json:"components"`
	Assessed   int      `json:"assessed"`
	Findings   int      `json:"findings"`
	Malicious  int      `json:"malicious"`
}

type commandJSON struct {
	Run  string `json:"run"`
	Note string `json:"note,omitempty"`
}

type removalJSON struct {
	ID       string        `json:"id"`
	PURL     string        `json:"purl"`
	Name     string        `json:"name"`
	Version  string        `json:"version,omitempty"`
	Targets  []string      `json:"targets"`
	Due      *dueJSON      `json:"due" jsonschema:"nullable"`
	Commands []commandJSON `json:"commands"`
}

type retirementJSON struct {
	Name       string   `json:"name"`
	Provider   string   `json:"provider,omitempty"`
	State      string   `json:"state"`
	Deprecated string   `json:"deprecated,omitempty"`
	NoCreate   string   `json:"noCreate,omitempty"`
	NoUpdate   string   `json:"noUpdate,omitempty"`
	Successor  string   `json:"successor,omitempty"`
	Targets    []string `json:"targets"`
	Due        *dueJSON `json:"due" jsonschema:"nullable"`
}

type upgradeJSON struct {
	Ecosystem string        `json:"ecosystem"`
	Name      string        `json:"name"`
	Packages  []string      `json:"packages"`
	From      []versionJSON `json:"from"`
	To        string        `json:"to" jsonschema_description:"The lowest version that clears most."`
	Step      string        `json:"step" jsonschema_description:"The size of the step: patch, minor or major."`
	Clears    []string      `json:"clears" jsonschema_description:"Ids of the findings it clears."`
	Remains   []string      `json:"remains" jsonschema_description:"Ids of the findings it does not clear."`
	Also      []string      `json:"alsoAffectedBy,omitempty" jsonschema_description:"Ids of defects the new version has and the installed ones have not."`
	Severity  string        `json:"severity"`
	Exploited bool          `json:"exploited"`
	Targets   []string      `json:"targets"`
	Places    []placeJSON   `json:"places"`
	Shared    []string      `json:"sharedLayers,omitempty"`
	Due       *dueJSON      `json:"due" jsonschema:"nullable"`
	Commands  []commandJSON `json:"commands" jsonschema_description:"Command lines for a POSIX shell."`
}

type versionJSON struct {
	Version string       `json:"version"`
	Options []optionJSON `json:"options"`
}

type optionJSON struct {
	Step   string   `json:"step"`
	To     string   `json:"to"`
	Clears int      `json:"clears"`
	Left   []string `json:"left" jsonschema_description:"Ids of the findings it leaves, and of defects that are new with it."`
}

type dueJSON struct {
	Date    string `json:"date" jsonschema_description:"The last day, as in 2026-12-31 (UTC)."`
	Start   string `json:"start"`
	Rule    string `json:"rule"`
	Overdue bool   `json:"overdue"`
}

type placeJSON struct {
	Target string   `json:"target"`
	Origin string   `json:"origin"`
	Direct bool     `json:"direct"`
	Via    []string `json:"via,omitempty" jsonschema_description:"What brings it in, from the direct dependency to the parent."`
	Layer  string   `json:"layer,omitempty"`
	Paths  []string `json:"paths,omitempty"`
}

type planFindingJSON struct {
	ID           string      `json:"id"`
	Aliases      []string    `json:"aliases,omitempty"`
	Records      []string    `json:"records"`
	Fingerprint  string      `json:"fingerprint" jsonschema_description:"The same for the same defect of the same package in every scan."`
	PURL         string      `json:"purl"`
	Type         string      `json:"type"`
	Ecosystem    string      `json:"ecosystem"`
	Name         string      `json:"name"`
	Version      string      `json:"version,omitempty"`
	Severity     string      `json:"severity"`
	Score        float64     `json:"score,omitempty"`
	Vector       string      `json:"vector,omitempty"`
	Exploited    bool        `json:"exploited" jsonschema_description:"It is in the catalogue of known exploited vulnerabilities."`
	EPSS         *float64    `json:"epss,omitempty" jsonschema_description:"Probability of exploitation within 30 days, from 0 to 1."`
	Fixed        []string    `json:"fixed"`
	Malicious    bool        `json:"malicious"`
	Possible     bool        `json:"possible" jsonschema_description:"The installed version is unknown: some versions are affected."`
	New          bool        `json:"new" jsonschema_description:"The baseline does not have it; true without a baseline."`
	Remedy       string      `json:"remedy" jsonschema_description:"What can be done: upgrade, remove, none, identify, provider or remaining."`
	To           string      `json:"to,omitempty" jsonschema_description:"The version that clears it."`
	LastAffected []string    `json:"lastAffected,omitempty"`
	Summary      string      `json:"summary,omitempty"`
	Published    string      `json:"published,omitempty"`
	Modified     string      `json:"modified,omitempty"`
	FirstSeen    string      `json:"firstSeen,omitempty"`
	Due          *dueJSON    `json:"due" jsonschema:"nullable"`
	Places       []placeJSON `json:"places"`
}

type suppressedJSON struct {
	planFindingJSON
	By reasonJSON `json:"suppressedBy"`
}

type reasonJSON struct {
	Kind    string `json:"kind"`
	Status  string `json:"status,omitempty"`
	Text    string `json:"text,omitempty"`
	Source  string `json:"source,omitempty"`
	Expires string `json:"expires,omitempty"`
}

type ignoreJSON struct {
	ID      string `json:"id"`
	Package string `json:"package,omitempty"`
	Target  string `json:"target,omitempty"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
	Source  string `json:"source,omitempty"`
}

type planNotAssessedJSON struct {
	notAssessedJSON
	Targets []string `json:"targets"`
}

// PlanJSON writes the plan as fnseal's own JSON (docs/scan.schema.json).
func PlanJSON(w io.Writer, p *patch.Plan) error { return writeJSON(w, planOf(p)) }

func planOf(p *patch.Plan) planJSON {
	n := planNumbers(p)
	out := planJSON{
		Schema: PlanSchema, AsOf: timeText(p.AsOf), Assessed: p.Assessed, Feed: feedOf(p.Feed),
		Summary: summaryJSON{
			Findings: len(p.Findings), New: n.fresh, Malicious: n.malicious, Exploited: n.kevs,
			Overdue: n.overdue, Cleared: n.cleared, Severity: map[string]int{},
		},
		Targets: []targetJSON{}, Removals: []removalJSON{}, Runtimes: []retirementJSON{}, Upgrades: []upgradeJSON{},
		Findings: []planFindingJSON{}, Suppressed: []suppressedJSON{}, NotAssessed: []planNotAssessedJSON{},
		Lapsed: ignoresOf(p.Lapsed), Unused: ignoresOf(p.Unused),
	}
	if p.Policy != "" {
		out.Deadlines = &deadlinesJSON{Name: p.Policy, Clock: string(p.Clock)}
	}
	for s, k := range n.severities {
		out.Summary.Severity[string(s)] = k
	}
	for _, t := range p.Targets {
		row := targetJSON{
			Name: t.Name, Kind: string(t.Kind), Runtime: t.Runtime, Components: t.Components,
			Assessed: t.Assessed, Findings: t.Findings, Malicious: t.Malicious,
		}
		if !t.Digest.IsZero() {
			row.Digest = t.Digest.String()
		}
		for _, l := range t.Layers {
			row.Layers = append(row.Layers, l.Name)
		}
		out.Targets = append(out.Targets, row)
	}
	for _, r := range p.Removals {
		f := r.Finding
		out.Removals = append(out.Removals, removalJSON{
			ID: f.ID, PURL: f.Component.PURL, Name: f.Component.Name, Version: f.Component.Version,
			Targets: targetNames(p, targetsOf(f.Places)), Due: dueOf(f.Due), Commands: commandsOf(r.Commands),
		})
	}
	for _, r := range p.Retirements {
		out.Runtimes = append(out.Runtimes, retirementJSON{
			Name: r.Runtime.Name, Provider: r.Runtime.Provider, State: string(r.State),
			Deprecated: dayText(r.Runtime.Deprecated), NoCreate: dayText(r.Runtime.NoCreate), NoUpdate: dayText(r.Runtime.NoUpdate),
			Successor: r.Runtime.Successor, Targets: targetNames(p, r.Targets), Due: dueOf(r.Due),
		})
	}
	for _, u := range p.Upgrades {
		out.Upgrades = append(out.Upgrades, upgradeOf(p, u))
	}
	for _, f := range p.Findings {
		out.Findings = append(out.Findings, planFindingOf(p, f))
	}
	for _, s := range p.Suppressed {
		out.Suppressed = append(out.Suppressed, suppressedJSON{planFindingOf(p, s.Finding), reasonJSON{
			Kind: s.By.Kind, Status: s.By.Status, Text: s.By.Text, Source: s.By.Source, Expires: dayText(s.By.Expires),
		}})
	}
	for _, m := range p.NotAssessed {
		out.NotAssessed = append(out.NotAssessed, planNotAssessedJSON{notAssessedJSON{
			PURL: m.Component.PURL, Name: m.Component.Name, Version: m.Component.Version, Reason: m.Reason,
		}, targetNames(p, m.Targets)})
	}
	return out
}

func upgradeOf(p *patch.Plan, u patch.Upgrade) upgradeJSON {
	out := upgradeJSON{
		Ecosystem: u.Ecosystem, Name: u.Name, Packages: u.Packages, To: u.To, Step: string(u.Step),
		Clears: idsOfFindings(u.Clears), Remains: idsOfFindings(u.Remains), Also: u.Also,
		Severity: string(u.Severity), Exploited: u.KEV, Targets: targetNames(p, u.Functions),
		Places: placesOf(p, u.Places), Shared: u.Shared, Due: dueOf(u.Due), Commands: commandsOf(u.Commands),
	}
	for _, v := range u.From {
		row := versionJSON{Version: v.Version, Options: []optionJSON{}}
		for _, o := range v.Options {
			row.Options = append(row.Options, optionJSON{Step: string(o.Step), To: o.To, Clears: o.Clears, Left: listOrEmpty(o.Left)})
		}
		out.From = append(out.From, row)
	}
	return out
}

func planFindingOf(p *patch.Plan, f *patch.Finding) planFindingJSON {
	out := planFindingJSON{
		ID: f.ID, Aliases: f.Aliases, Records: listOrEmpty(f.Records), Fingerprint: f.Fingerprint,
		PURL: f.Component.PURL, Type: f.Component.Type, Ecosystem: f.Ecosystem, Name: f.Component.Name, Version: f.Component.Version,
		Severity: string(f.Severity), Score: f.Score, Vector: f.Vector, Exploited: f.Exploited(),
		Fixed: listOrEmpty(f.Fixed), Malicious: f.Malicious, Possible: f.Possible, New: f.New,
		Remedy: string(f.Remedy), To: f.To, LastAffected: f.LastAffected, Summary: f.Summary,
		Published: timeText(f.Published), Modified: timeText(f.Modified), Due: dueOf(f.Due), Places: placesOf(p, f.Places),
	}
	if probability, ok := f.Probability(); ok {
		out.EPSS = &probability
	}
	out.FirstSeen = dayText(f.FirstSeen)
	return out
}

func placesOf(p *patch.Plan, places []patch.Place) []placeJSON {
	out := []placeJSON{}
	for _, place := range places {
		out = append(out, placeJSON{
			Target: p.Targets[place.Target].Name, Origin: string(place.Origin), Direct: place.Direct,
			Via: place.Via, Layer: place.Layer, Paths: place.Paths,
		})
	}
	return out
}

func targetsOf(places []patch.Place) []int {
	var out []int
	for _, p := range places {
		if !slices.Contains(out, p.Target) {
			out = append(out, p.Target)
		}
	}
	slices.Sort(out)
	return out
}

// idsOfFindings lists the ids of findings, each once: a defect may be in several
// versions.
func idsOfFindings(findings []*patch.Finding) []string {
	out := []string{}
	for _, f := range findings {
		if !slices.Contains(out, f.ID) {
			out = append(out, f.ID)
		}
	}
	return out
}

func dueOf(d patch.Due) *dueJSON {
	if d.IsZero() {
		return nil
	}
	return &dueJSON{Date: dayText(d.Date), Start: dayText(d.Start), Rule: d.Rule, Overdue: d.Overdue}
}

func commandsOf(commands []patch.Command) []commandJSON {
	out := []commandJSON{}
	for _, c := range commands {
		out = append(out, commandJSON{Run: c.Text, Note: c.Note})
	}
	return out
}

func ignoresOf(ignores []patch.Ignore) []ignoreJSON {
	out := []ignoreJSON{}
	for _, i := range ignores {
		out = append(out, ignoreJSON{ID: i.ID, Package: i.Package, Target: i.Target, Reason: i.Reason, Expires: dayText(i.Expires), Source: i.Source})
	}
	return out
}

func listOrEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// maxBaselineBytes bounds an earlier report.
const maxBaselineBytes = 256 << 20

// ReadBaseline reads a report that PlanJSON wrote, to compare a scan with it.
func ReadBaseline(r io.Reader) (*patch.Baseline, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBaselineBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBaselineBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxBaselineBytes)
	}
	var doc struct {
		Schema     *int              `json:"schema"`
		Targets    []targetJSON      `json:"targets"`
		Findings   []planFindingJSON `json:"findings"`
		Suppressed []planFindingJSON `json:"suppressed"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("not a scan in fnseal's JSON: %w", err)
	}
	switch {
	case doc.Schema == nil || doc.Targets == nil:
		return nil, errors.New("not a scan in fnseal's JSON (fnseal scan -o json)")
	case *doc.Schema != PlanSchema:
		return nil, fmt.Errorf("it is of schema %d, not %d", *doc.Schema, PlanSchema)
	}
	b := patch.NewBaseline()
	for _, t := range doc.Targets {
		b.AddTarget(t.Name)
	}
	// What was set aside then was known then.
	for _, f := range slices.Concat(doc.Findings, doc.Suppressed) {
		for _, place := range f.Places {
			b.Add(place.Target, f.Type, f.Name, slices.Concat([]string{f.ID}, f.Aliases, f.Records)...)
		}
	}
	return b, nil
}
