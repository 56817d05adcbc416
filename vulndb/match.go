package vulndb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/fnseal/fnseal/fnpkg"
)

// Match compares components with the feed. Each component is either compared,
// and then has its findings, or listed as not assessed with the reason. A
// component whose version is unknown has possible findings: every advisory of
// its package.
//
// The order of the result depends on the components and the feed only.
func (db *DB) Match(ctx context.Context, components []fnpkg.Component) (*Result, error) {
	return db.NewMatcher().Match(ctx, components)
}

// Matcher compares components with a feed and keeps what it has worked out: of
// several inventories, what they have in common is evaluated once. It is safe
// for concurrent use, as long as its DB is open.
type Matcher struct {
	db *DB

	mu         sync.Mutex
	verdicts   map[subject]*verdict
	advisories map[string]*advisory
	ecosystems map[string]string // why an ecosystem is not covered; empty if it is
	inflate    inflater
}

// maxVerdicts bounds what a Matcher remembers, some hundred megabytes at the
// worst. Past it, it starts again with an empty memory.
const maxVerdicts = 100_000

// NewMatcher returns a Matcher that has seen nothing yet.
func (db *DB) NewMatcher() *Matcher {
	m := &Matcher{db: db}
	m.forget()
	return m
}

func (m *Matcher) forget() {
	m.verdicts, m.advisories, m.ecosystems = make(map[subject]*verdict), make(map[string]*advisory), make(map[string]string)
}

// Match is DB.Match with the memory of the Matcher.
func (m *Matcher) Match(ctx context.Context, components []fnpkg.Component) (*Result, error) {
	if m.db.online != nil {
		if err := m.db.online.ask(ctx, components); err != nil {
			return nil, fmt.Errorf("matching components: %w to be had online: %w", ErrNoFeed, err)
		}
	}
	result := &Result{Feed: m.db.Stamp()}
	err := m.view(func(l *lookup) error {
		for _, c := range components {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := l.component(result, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("matching components: %w", err)
	}
	slices.Sort(result.Ecosystems)
	result.Ecosystems = slices.Compact(result.Ecosystems)
	sortResult(result)
	return result, nil
}

// lookup is a Matcher within a view of its index.
type lookup struct {
	*Matcher
	tx *bbolt.Tx
}

// view calls f with a view of the index, and keeps others out until f returns.
func (m *Matcher) view(f func(l *lookup) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.verdicts) > maxVerdicts {
		m.forget()
	}
	return m.db.view(func(tx *bbolt.Tx) error { return f(&lookup{m, tx}) })
}

// verdict is what the feed says of one version of one package.
type verdict struct {
	findings    []Finding // without Component
	notAssessed string    // why the comparison is not complete; empty if it is
}

// hit is an entry that affects the version.
type hit struct {
	id           string
	fixed        []string
	lastAffected []string
}

func (l *lookup) component(result *Result, c fnpkg.Component) error {
	s, reason := subjectOf(c)
	if reason != "" {
		result.NotAssessed = append(result.NotAssessed, NotAssessed{c, reason})
		return nil
	}
	result.Ecosystems = append(result.Ecosystems, s.ecosystem)
	v, ok := l.verdicts[s]
	if !ok {
		var err error
		if v, err = l.assess(s, c.Name); err != nil {
			return err
		}
		l.verdicts[s] = v
	}
	for _, f := range v.findings {
		f.Component, f.Ecosystem = c, s.ecosystem
		result.Findings = append(result.Findings, f)
	}
	if v.notAssessed != "" {
		result.NotAssessed = append(result.NotAssessed, NotAssessed{c, v.notAssessed})
		return nil
	}
	result.Assessed++
	return nil
}

// Covers reports whether the index holds the feed of an ecosystem. The feed of
// a distribution covers its releases. Own advisories cover nothing.
func (db *DB) Covers(ecosystem string) bool {
	for _, s := range db.Stamp().Sources {
		if s.Own {
			continue
		}
		if indexEcosystem(s.Ecosystem) == indexEcosystem(ecosystem) || s.Ecosystem == baseEcosystem(ecosystem) {
			return true
		}
	}
	return false
}

// uncovered says why a package is not compared with all that its database
// knows; empty if it is. A feed of a distribution that has no word on a release
// does not know it: that nothing is found then means nothing.
func (l *lookup) uncovered(s subject, name string) (string, error) {
	if l.db.online != nil {
		return l.db.online.refuses(s, name), nil
	}
	known, seen := l.ecosystems[s.ecosystem]
	if !seen {
		if known = ""; !l.db.Covers(s.ecosystem) {
			known = "no feed for ecosystem " + s.ecosystem
		} else if s.ecosystem != baseEcosystem(s.ecosystem) {
			found, err := l.db.hasKey(l.tx, bucketPackages, s.ecosystem+"\x00")
			if err != nil {
				return "", err
			}
			if !found {
				known = "the feed has no advisory for any package of " + s.ecosystem
			}
		}
		l.ecosystems[s.ecosystem] = known
	}
	return known, nil
}

// assess compares one version of one package with the feed. Records of sources
// that do not cover the ecosystem count too, and leave it not assessed. name is
// the package's as the component spells it.
func (l *lookup) assess(s subject, name string) (*verdict, error) {
	v := &verdict{}
	var err error
	if v.notAssessed, err = l.uncovered(s, name); err != nil {
		return nil, err
	}
	p, err := l.packageOf(s)
	if err != nil || p == nil {
		return v, err
	}
	hits, undecided, err := p.hits(s.version, s.binaryVersion)
	if err != nil {
		return nil, err
	}
	v.notAssessed = cmp.Or(v.notAssessed, undecided)
	groups, err := l.group(hits)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		f, err := l.finding(g, s, p.key)
		if err != nil {
			return nil, err
		}
		v.findings = append(v.findings, f)
	}
	return v, nil
}

// evaluation applies the specification's algorithm to one version.
type evaluation struct {
	subject   subject
	listed    string // the version in its listed form
	installed comparer
	ordered   bool   // installed can be compared
	pseudo    bool   // a Go pseudo-version: a commit, not a number of the module's own
	undecided string // why an entry could not be decided; empty if all were
	reason    string // why the version has no order
}

func newEvaluation(s subject) *evaluation {
	e := &evaluation{subject: s}
	if s.version == "" {
		return e
	}
	e.listed = listedForm(s.ecosystem, s.version)
	e.installed, e.reason = newComparer(s.ecosystem, s.version)
	e.ordered = e.reason == ""
	e.pseudo = s.ecosystem == ecoGo && goPseudo.MatchString(s.version)
	return e
}

// affected evaluates an entry: its listed versions, then its ranges. Any of
// them is enough. What cannot be decided is noted and taken for not affected.
func (e *evaluation) affected(entry entry) (bool, error) {
	if e.subject.version == "" {
		return true, nil
	}
	if found, err := entry.listed.contains(e.listed); err != nil || found {
		return found, err
	}
	if len(entry.ranges) == 0 {
		return false, nil
	}
	if !e.ordered {
		e.undecided = cmp.Or(e.undecided, e.reason)
		return false, nil
	}
	if !e.inAny(entry, entry.ranges) {
		return false, nil
	}
	if !e.narrowed(entry) {
		return true, nil
	}
	return e.inAny(entry, entry.custom), nil
}

// inAny reports whether the version is in any of some ranges of an entry.
func (e *evaluation) inAny(entry entry, ranges []versionRange) bool {
	for _, r := range ranges {
		inside, err := e.contains(r)
		if err != nil {
			e.undecided = cmp.Or(e.undecided, fmt.Sprintf("%s: %v", entry.id, err))
			continue
		}
		if inside {
			return true
		}
	}
	return false
}

// contains evaluates a range; a version that makes the comparison panic has no
// order.
func (e *evaluation) contains(r versionRange) (inside bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			inside, err = false, errUnordered
		}
	}()
	return r.contains(e.installed)
}

// narrowed reports whether custom_ranges decide which of the affected versions
// are meant. Some records of the Go database affect every version from some
// point on in terms of the module system, because the module's own version
// numbers are none of it, and say in custom_ranges where it ends in the module's
// own numbers. These do not speak of a pseudo-version, which names a commit and
// no number of the module's own.
func (e *evaluation) narrowed(entry entry) bool {
	if len(entry.custom) == 0 || e.pseudo {
		return false
	}
	for _, r := range entry.ranges {
		if !r.unbounded() {
			return false
		}
	}
	return true
}

// ends returns the versions above the installed one that an entry names as
// fixed, and those from the installed one on that it names as last affected.
func (e *evaluation) ends(entry entry) (fixed, lastAffected []string) {
	var installed *comparer // without a version, everything is above
	switch {
	case e.ordered:
		installed = &e.installed
	case e.subject.version != "":
		return nil, nil // it is listed literally: nothing can be said to be above it
	}
	ranges := entry.ranges
	if e.narrowed(entry) {
		ranges = entry.custom
	}
	for _, r := range ranges {
		fixed, lastAffected = r.ends(fixed, lastAffected, installed)
	}
	return fixed, lastAffected
}

// sortResult orders findings from the worst on.
func sortResult(r *Result) {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			boolCompare(b.Malicious, a.Malicious),
			cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
			cmp.Compare(b.Score, a.Score),
			compareComponents(a.Component, b.Component),
			strings.Compare(a.ID, b.ID),
		)
	})
	slices.SortStableFunc(r.NotAssessed, func(a, b NotAssessed) int {
		return cmp.Or(compareComponents(a.Component, b.Component), strings.Compare(a.Reason, b.Reason))
	})
}

func compareComponents(a, b fnpkg.Component) int {
	return cmp.Or(
		strings.Compare(a.PURL, b.PURL),
		strings.Compare(a.Type, b.Type),
		strings.Compare(a.Name, b.Name),
		strings.Compare(a.Version, b.Version),
		strings.Compare(string(a.Origin), string(b.Origin)),
	)
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
