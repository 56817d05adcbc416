package vulndb

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/fnseal/fnseal/fnpkg"
)

// Package is all that a feed says of one package, whatever version of it is
// installed: the ground on which an upgrade is chosen.
type Package struct {
	Ecosystem string // the feed's name for it, for example "PyPI" or "Debian:12"
	Name      string // normalised as the ecosystem wants it

	key     string
	db      *DB
	entries []entry
	source  int               // entries of the source package; the rest are of the binary package
	leading map[string]string // record id → the id its Finding has
}

// Package returns what the feed says of a component's package. reason says why
// the feed cannot tell, as in NotAssessed, and is empty if it can; a package
// of which the feed knows no advisory is one without advisories, and no error.
func (m *Matcher) Package(c fnpkg.Component) (p *Package, reason string, err error) {
	s, reason := subjectOf(c)
	if reason != "" {
		return nil, reason, nil
	}
	var uncovered string
	err = m.view(func(l *lookup) error {
		var err error
		if uncovered, err = l.uncovered(s, c.Name); err != nil {
			return err
		}
		if p, err = l.packageOf(s); err != nil || p == nil {
			return err
		}
		hits := make([]hit, len(p.entries))
		for i, e := range p.entries {
			hits[i].id = e.id
			p.entries[i].listed.data = bytes.Clone(e.listed.data) // outlives the view
		}
		groups, err := l.group(hits)
		if err != nil {
			return err
		}
		p.leading = make(map[string]string)
		for _, g := range groups {
			id := g.leadingID()
			for _, h := range g.hits {
				p.leading[h.id] = id
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("reading what the feed says of %s: %w", s.name, err)
	}
	if p == nil {
		p = &Package{Ecosystem: s.ecosystem, Name: s.name, db: m.db}
	}
	return p, uncovered, nil
}

// packageOf reads the entries of a package; nil if there are none. Its listed
// versions are valid as long as the view.
func (l *lookup) packageOf(s subject) (*Package, error) {
	p := &Package{Ecosystem: s.ecosystem, Name: s.name, db: l.db}
	var err error
	if p.entries, p.key, err = l.entriesOf(s.ecosystem, s.name); err != nil {
		return nil, err
	}
	p.source = len(p.entries)
	if s.binary != "" {
		more, _, err := l.entriesOf(s.ecosystem, normalName(s.ecosystem, s.binary))
		if err != nil {
			return nil, err
		}
		p.entries = append(p.entries, more...)
	}
	if len(p.entries) == 0 {
		return nil, nil
	}
	return p, nil
}

func (l *lookup) entriesOf(ecosystem, name string) ([]entry, string, error) {
	key, err := packageKey(ecosystem, name)
	if err != nil {
		return nil, "", nil // too long for any record, so there is none
	}
	entries, err := l.db.entries(l.tx, key)
	return entries, key, err
}

// hits evaluates every entry for a version, those of a distribution's binary
// package for its own. undecided says what could not be decided.
func (p *Package) hits(version, binaryVersion string) (hits []hit, undecided string, err error) {
	source, binary := p.evaluation(version), p.evaluation(binaryVersion)
	for i, entry := range p.entries {
		e := source
		if i >= p.source {
			e = binary
		}
		affected, err := e.affected(entry)
		if err != nil {
			return nil, "", &IndexError{Path: p.db.path, Reason: fmt.Sprintf("the entries of %q cannot be decoded", p.key), Err: err}
		}
		if affected {
			h := hit{id: entry.id}
			h.fixed, h.lastAffected = e.ends(entry)
			hits = append(hits, h)
		}
	}
	return hits, cmp.Or(source.undecided, binary.undecided), nil
}

// evaluation is that of a version in the words of the feed: components of the
// Go distribution have versions that it spells in its own way.
func (p *Package) evaluation(version string) *evaluation {
	if p.Ecosystem == ecoGo {
		version = goVersion(p.Name, version)
	}
	return newEvaluation(subject{ecosystem: p.Ecosystem, name: p.Name, version: version})
}

// Advisories are the leading ids of all defects that any version of the
// package has, as in Finding.ID, sorted.
func (p *Package) Advisories() []string {
	ids := make([]string, 0, len(p.leading))
	for _, id := range p.leading {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Affecting returns the leading ids of the defects that a version has, as in
// Finding.ID, sorted. reason is not empty if the version cannot be compared
// with all that the feed says: it is then never to be taken for clean.
func (p *Package) Affecting(version string) (ids []string, reason string, err error) {
	if version == "" {
		return nil, "the version is unknown", nil
	}
	hits, undecided, err := p.hits(version, version)
	if err != nil {
		return nil, "", err
	}
	for _, h := range hits {
		ids = append(ids, p.leading[h.id])
	}
	slices.Sort(ids)
	return slices.Compact(ids), cmp.Or(p.evaluation(version).reason, undecided), nil
}

// Fixes are the versions above the given one that any advisory of the package
// names as fixed, whether or not it affects that version, lowest first. They
// are the candidates for an upgrade: versions that are known to exist.
func (p *Package) Fixes(above string) []string {
	e := p.evaluation(above)
	var out []string
	for _, entry := range p.entries {
		fixed, _ := e.ends(entry)
		out = append(out, fixed...)
	}
	return sortVersions(p.Ecosystem, out)
}

// Compare orders two versions of the package as its ecosystem does, as -1, 0
// or 1. It fails if one of them has no place in that order.
func (p *Package) Compare(a, b string) (int, error) {
	left, reason := newComparer(p.Ecosystem, a)
	if reason != "" {
		return 0, fmt.Errorf("comparing versions: %s", reason)
	}
	if _, reason := newComparer(p.Ecosystem, b); reason != "" {
		return 0, fmt.Errorf("comparing versions: %s", reason)
	}
	return left.compare(false, b)
}
