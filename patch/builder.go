package patch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch/vex"
	"github.com/fnseal/fnseal/vulndb"
)

// Options say how findings are judged.
type Options struct {
	AsOf      time.Time // when ages and deadlines are judged at
	Deadlines Deadlines
	Ignore    []Ignore
	VEX       []vex.Statement

	// Seen is when findings were first seen; nil to keep no such state. Plan
	// adds to it what it finds.
	Seen *Seen

	// Baseline is what an earlier report found; nil for none.
	Baseline *Baseline

	// Managers are the package managers in use beside those that lock files in
	// the packages tell of, by purl type; see Manager.
	Managers map[string]string
}

// Builder collects the findings of packages.
type Builder struct {
	options     Options
	targets     []Target
	feed        vulndb.Stamp
	components  map[string]*component
	notAssessed map[string]*NotAssessed
	runtimes    map[string][]int
	managers    map[int]map[string]string // by target and purl type
	assessed    int
}

// component is one version of one package with what was found against it.
type component struct {
	component fnpkg.Component
	ecosystem string
	findings  map[string]vulndb.Finding // by id
	places    []Place
}

// NewBuilder returns a builder without packages.
func NewBuilder(o Options) *Builder {
	return &Builder{
		options:     o,
		components:  map[string]*component{},
		notAssessed: map[string]*NotAssessed{},
		runtimes:    map[string][]int{},
		managers:    map[int]map[string]string{},
	}
}

// Add takes over what was found in one package. runtime is the name of the
// managed runtime it is deployed on, if the inventory does not tell it; empty
// for unknown.
func (b *Builder) Add(inv *fnpkg.Inventory, r *vulndb.Result, runtime string) {
	n := len(b.targets)
	t := Target{
		Name: inv.Subject.Name, Kind: inv.Subject.Kind, Digest: inv.Subject.Digest,
		Layers: inv.Subject.Layers, Runtime: cmp.Or(runtime, runtimeOf(inv)),
		Components: len(inv.Components), Assessed: r.Assessed,
	}
	b.feed = r.Feed
	b.assessed += r.Assessed
	if t.Runtime != "" {
		b.runtimes[t.Runtime] = append(b.runtimes[t.Runtime], n)
	}
	b.targets = append(b.targets, t)
	for _, miss := range r.NotAssessed {
		if isRuntime(miss.Component) {
			continue // no feed has it: it is judged by its life, in the same plan
		}
		key := componentKey(miss.Component) + "\x00" + miss.Reason
		known := b.notAssessed[key]
		if known == nil {
			known = &NotAssessed{Component: miss.Component, Reason: miss.Reason}
			known.Component.Occurrences, known.Component.Evidence = nil, nil
			b.notAssessed[key] = known
		}
		known.Targets = appendNew(known.Targets, n)
	}
	if len(r.Findings) == 0 {
		return
	}
	b.managers[n] = managersOf(inv)
	graph := newGraph(inv)
	placed := map[string]bool{}
	for _, f := range r.Findings {
		key := componentKey(f.Component)
		c := b.components[key]
		if c == nil {
			c = &component{component: f.Component, ecosystem: f.Ecosystem, findings: map[string]vulndb.Finding{}}
			b.components[key] = c
		}
		if _, ok := c.findings[f.ID]; !ok {
			c.findings[f.ID] = f
		}
		if at := key + "\x00" + string(f.Component.Origin); !placed[at] {
			placed[at] = true
			c.places = append(c.places, graph.place(n, f.Component))
		}
	}
}

// componentKey is the same for the same version of a package wherever it is.
func componentKey(c fnpkg.Component) string {
	return c.Type + "\x00" + c.Name + "\x00" + c.Version + "\x00" + distroOf(c.PURL)
}

// distroOf tells packages of one name and version in two distributions apart.
func distroOf(purl string) string {
	if _, query, ok := strings.Cut(purl, "?"); ok {
		if q, err := url.ParseQuery(query); err == nil {
			return q.Get("distro")
		}
	}
	return ""
}

func appendNew(list []int, n int) []int {
	if len(list) > 0 && list[len(list)-1] == n {
		return list
	}
	return append(list, n)
}

// Plan judges all that was added.
func (b *Builder) Plan(ctx context.Context, feed Feed) (*Plan, error) {
	p := &Plan{
		AsOf: b.options.AsOf.UTC(), Policy: b.options.Deadlines.Name, Clock: b.options.Deadlines.clock(),
		Targets: b.targets, Assessed: b.assessed, Feed: b.feed, Baseline: b.options.Baseline != nil,
	}
	judge := newJudge(b.options, b.targets)
	var units = map[string][]*member{}
	owners := map[*Finding]*component{}
	for _, key := range sortedKeys(b.components) {
		c := b.components[key]
		ahead, err := feed.Candidates(ctx, c.component)
		if err != nil {
			return nil, fmt.Errorf("looking for upgrades of %s: %w", c.component.Name, err)
		}
		m := &member{purlType: c.component.Type, version: c.component.Version, ahead: ahead, settled: map[string]bool{}}
		for _, id := range sortedKeys(c.findings) {
			f := &Finding{Finding: c.findings[id], Fingerprint: fingerprint(c.findings[id]), New: true}
			// Where it is is told by places.
			f.Component.Occurrences, f.Component.Evidence = nil, nil
			open := judge.suppress(p, f, c.places)
			if len(open) == 0 {
				m.settled[f.ID] = true
				continue
			}
			f.Places = open
			judge.date(f)
			p.Findings = append(p.Findings, f)
			owners[f] = c
			for _, place := range open {
				t := &p.Targets[place.Target]
				if f.Malicious {
					t.Malicious++
				} else {
					t.Findings++
				}
			}
			switch {
			case f.Malicious:
				f.Remedy = RemedyRemove
			case !slices.ContainsFunc(open, func(p Place) bool { return p.Origin != fnpkg.OriginRuntime }):
				f.Remedy = RemedyProvider
			case f.Possible:
				f.Remedy = RemedyIdentify
			default:
				f.Remedy = RemedyNone
				m.findings = append(m.findings, f)
			}
		}
		if len(m.findings) > 0 {
			unit := c.ecosystem + "\x00" + unitName(c.component)
			units[unit] = append(units[unit], m)
		}
	}
	for _, key := range sortedKeys(units) {
		p.Upgrades = append(p.Upgrades, b.upgrades(units[key], owners)...)
	}
	b.finish(p, judge)
	return p, nil
}

// unitName is what is upgraded: of a distribution, the source package that
// several packages are built from.
func unitName(c fnpkg.Component) string {
	switch c.Type {
	case "deb", "apk", "rpm":
		if _, query, ok := strings.Cut(c.PURL, "?"); ok {
			if q, err := url.ParseQuery(query); err == nil && q.Get("upstream") != "" {
				name, _, _ := strings.Cut(q.Get("upstream"), "@")
				return name
			}
		}
	}
	return c.Name
}

// upgrades plans one package in all its installed versions.
func (b *Builder) upgrades(members []*member, owners map[*Finding]*component) []Upgrade {
	for _, m := range members {
		m.choose()
		if len(m.targets) == 0 && len(m.ahead) > 0 {
			for _, f := range m.findings {
				f.Remedy = RemedyRemains
			}
		}
	}
	// The lower a version, the more lie ahead of it.
	slices.SortStableFunc(members, func(a, b *member) int { return cmp.Compare(len(b.ahead), len(a.ahead)) })
	chosen := cover(members)
	byVersion := map[string][]*member{}
	for _, m := range members {
		if v, ok := chosen[m]; ok {
			byVersion[v] = append(byVersion[v], m)
		}
	}
	var out []Upgrade
	for _, to := range sortedKeys(byVersion) {
		first := owners[byVersion[to][0].findings[0]]
		u := Upgrade{
			Ecosystem: first.ecosystem, Type: first.component.Type, Name: unitName(first.component),
			To: spelled(first.component, to), Severity: vulndb.SeverityNone,
		}
		for _, m := range byVersion[to] {
			b.upgradeMember(&u, m, to, owners)
		}
		u.finish(b.targets)
		u.Commands = commands(&u, b.managersFor(u.Functions, u.Type))
		out = append(out, u)
	}
	return out
}

func (b *Builder) upgradeMember(u *Upgrade, m *member, to string, owners map[*Finding]*component) {
	c := owners[m.findings[0]].component
	for i := range m.options {
		m.options[i].To = spelled(c, m.options[i].To)
	}
	u.From = append(u.From, Version{Version: c.Version, Options: m.options})
	u.Packages = append(u.Packages, c.Name)
	if m.best.rank() > u.Step.rank() {
		u.Step = m.best
	}
	result := m.at(to)
	u.Also = append(u.Also, result.also...)
	for _, f := range m.findings {
		if slices.Contains(result.left, f) {
			f.Remedy = RemedyRemains
			u.Remains = append(u.Remains, f)
			continue
		}
		f.Remedy, f.To = RemedyUpgrade, u.To
		u.Clears = append(u.Clears, f)
		if f.Severity.Rank() > u.Severity.Rank() {
			u.Severity = f.Severity
		}
		u.KEV = u.KEV || f.Exploited()
		if f.Due.before(u.Due) {
			u.Due = f.Due
		}
		for _, place := range f.Places {
			if place.Origin != fnpkg.OriginRuntime {
				u.Places = append(u.Places, place)
			}
		}
	}
}

// spelled writes a version of the feed as the component's ecosystem does: Go
// versions have a "v" that the feed leaves out.
func spelled(c fnpkg.Component, version string) string {
	if c.Type != "golang" || version == "" || !isDigit(version[0]) {
		return version
	}
	switch {
	case strings.HasPrefix(c.Version, "go"):
		return "go" + version
	case strings.HasPrefix(c.Version, "v"):
		return "v" + version
	}
	return version
}

// finish brings an upgrade into order.
func (u *Upgrade) finish(targets []Target) {
	slices.SortStableFunc(u.Places, comparePlaces)
	u.Places = slices.CompactFunc(u.Places, func(a, b Place) bool { return comparePlaces(a, b) == 0 })
	for _, place := range u.Places {
		if !slices.Contains(u.Functions, place.Target) {
			u.Functions = append(u.Functions, place.Target)
		}
	}
	slices.Sort(u.Functions)
	slices.Sort(u.Packages)
	u.Packages = slices.Compact(u.Packages)
	u.From = slices.CompactFunc(u.From, func(a, b Version) bool { return a.Version == b.Version })
	slices.Sort(u.Also)
	u.Also = slices.Compact(u.Also)
	slices.SortStableFunc(u.Clears, compareFindings)
	slices.SortStableFunc(u.Remains, compareFindings)
	uses := map[string]int{}
	for _, t := range targets {
		for _, l := range t.Layers {
			uses[l.Name]++
		}
	}
	for _, place := range u.Places {
		if place.Layer != "" && uses[place.Layer] > 1 && !slices.Contains(u.Shared, place.Layer) {
			u.Shared = append(u.Shared, place.Layer)
		}
	}
}

func comparePlaces(a, b Place) int {
	return cmp.Or(
		cmp.Compare(a.Target, b.Target),
		strings.Compare(string(a.Origin), string(b.Origin)),
		slices.Compare(a.Paths, b.Paths),
		slices.Compare(a.Via, b.Via),
	)
}

// finish adds what concerns the plan as a whole and orders it.
func (b *Builder) finish(p *Plan, judge *judge) {
	slices.SortStableFunc(p.Findings, compareFindings)
	for _, f := range p.Findings {
		if f.Remedy == RemedyRemove {
			p.Removals = append(p.Removals, Removal{Finding: f, Commands: removals(f, b.managersFor(placeTargets(f.Places), f.Component.Type))})
		}
	}
	for _, name := range sortedKeys(b.runtimes) {
		if r, ok := judge.retirement(name, b.runtimes[name]); ok {
			p.Retirements = append(p.Retirements, r)
		}
	}
	slices.SortStableFunc(p.Retirements, func(a, b Retirement) int { return compareDue(a.Due, b.Due) })
	slices.SortStableFunc(p.Upgrades, compareUpgrades)
	slices.SortStableFunc(p.Suppressed, func(a, b Suppressed) int { return compareFindings(a.Finding, b.Finding) })
	for _, key := range sortedKeys(b.notAssessed) {
		p.NotAssessed = append(p.NotAssessed, *b.notAssessed[key])
	}
	p.Lapsed, p.Unused = judge.ignores()
	if b.options.Seen != nil {
		b.options.Seen.prune(p.AsOf)
	}
}

func placeTargets(places []Place) []int {
	var out []int
	for _, p := range places {
		if !slices.Contains(out, p.Target) {
			out = append(out, p.Target)
		}
	}
	slices.Sort(out)
	return out
}

// compareFindings puts first what is most urgent.
func compareFindings(a, b *Finding) int {
	return cmp.Or(
		compareBool(a.Malicious, b.Malicious),
		compareBool(a.Exploited(), b.Exploited()),
		cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
		cmp.Compare(b.Score, a.Score),
		compareDue(a.Due, b.Due),
		strings.Compare(a.Component.Type, b.Component.Type),
		strings.Compare(a.Component.Name, b.Component.Name),
		strings.Compare(a.Component.Version, b.Component.Version),
		strings.Compare(a.ID, b.ID),
	)
}

// compareUpgrades puts shared layers first: one change there serves several
// functions. Then comes what is most urgent.
func compareUpgrades(a, b Upgrade) int {
	return cmp.Or(
		compareBool(len(a.Shared) > 0, len(b.Shared) > 0),
		compareBool(a.KEV, b.KEV),
		cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
		compareDue(a.Due, b.Due),
		cmp.Compare(len(b.Clears), len(a.Clears)),
		cmp.Compare(len(b.Functions), len(a.Functions)),
		strings.Compare(a.Ecosystem, b.Ecosystem),
		strings.Compare(a.Name, b.Name),
		strings.Compare(a.To, b.To),
	)
}

func compareDue(a, b Due) int {
	switch {
	case a.before(b):
		return -1
	case b.before(a):
		return 1
	}
	return 0
}

// compareBool puts true first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// fingerprint identifies a defect of a package across versions and places.
func fingerprint(f vulndb.Finding) string {
	sum := sha256.Sum256([]byte(f.ID + "\x00" + f.Ecosystem + "\x00" + f.Component.Name))
	return hex.EncodeToString(sum[:16])
}

// allIDs are all ids a finding is known by.
func allIDs(f vulndb.Finding) []string {
	ids := slices.Concat([]string{f.ID}, f.Aliases, f.Records)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
