package vulndb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Defect is what a feed says of one defect, whatever package it is in.
type Defect struct {
	// What Finding says of it. Component, Ecosystem and what depends on an
	// installed version are empty; Records are all records of the defect.
	Finding

	// Affected has a row for each package that a record names, in their order.
	Affected []AffectedPackage
}

// AffectedPackage is a package that a record of a defect names.
type AffectedPackage struct {
	Record, Ecosystem, Package string
	Versions                   string // for a person, such as "< 1.2.0, >= 2.0.0 < 2.1.0, 3 listed versions"
}

// Defect returns what the feed says of an id, be it that of a record or an
// alias of one; nil if it knows nothing of it.
func (db *DB) Defect(id string) (d *Defect, err error) {
	m := db.NewMatcher()
	err = m.view(func(l *lookup) error {
		ids, err := l.closure(id)
		if err != nil {
			return err
		}
		g := group{}
		for i := range ids {
			text, err := db.record(l.tx, &l.inflate, ids[i].id) // the first is taken for a record without a look
			if err != nil {
				return err
			}
			if ids[i].recorded = text != nil; text != nil {
				g.hits = append(g.hits, hit{id: ids[i].id})
			}
		}
		slices.SortFunc(ids, func(a, b alias) int { return strings.Compare(a.id, b.id) })
		g.ids = ids
		if len(g.hits) == 0 {
			return nil
		}
		f, err := l.finding(g, subject{}, "")
		if err != nil {
			return err
		}
		d = &Defect{Finding: f}
		d.Possible = false
		for _, id := range f.Records {
			rows, err := l.affectedBy(id)
			if err != nil {
				return err
			}
			d.Affected = append(d.Affected, rows...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking up %s: %w", shorten(id), err)
	}
	return d, nil
}

func (l *lookup) affectedBy(id string) ([]AffectedPackage, error) {
	text, err := l.db.record(l.tx, &l.inflate, id)
	if err != nil || text == nil {
		return nil, err
	}
	r, err := parseIndexed(text)
	if r == nil {
		return nil, err
	}
	var rows []AffectedPackage
	for _, a := range r.Affected {
		if a.Package.Name == "" {
			continue
		}
		var parts []string
		for _, from := range a.Ranges {
			if from.Type == "GIT" {
				continue
			}
			if kept, ok := newRange(indexEcosystem(a.Package.Ecosystem), from); ok {
				parts = append(parts, kept.String())
			}
		}
		if n := len(a.Versions); n > 0 && len(parts) == 0 {
			parts = append(parts, fmt.Sprintf("%d listed versions", n))
		}
		versions := strings.Join(parts, ", ")
		if r.Withdrawn != "" {
			versions = "withdrawn"
		}
		rows = append(rows, AffectedPackage{id, a.Package.Ecosystem, a.Package.Name, versions})
	}
	return rows, nil
}

// String writes a range as people do.
func (r versionRange) String() string {
	var b strings.Builder
	for _, e := range r.events {
		switch e.kind {
		case introduced:
			if b.Len() > 0 {
				b.WriteString(", ")
			}
			if e.place() < 0 {
				continue
			}
			b.WriteString(">= ")
		case fixed, limit:
			b.WriteString(separator(&b) + "< ")
		case lastAffected:
			b.WriteString(separator(&b) + "<= ")
		}
		b.WriteString(e.version)
	}
	if b.Len() == 0 {
		return "all versions"
	}
	return b.String()
}

func separator(b *strings.Builder) string {
	if b.Len() == 0 || strings.HasSuffix(b.String(), " ") {
		return ""
	}
	return " "
}

// Advisories returns a possible finding for each defect that any version of a
// component's package has, as Match does for a component without a version.
func (m *Matcher) Advisories(c fnpkg.Component) ([]Finding, error) {
	var findings []Finding
	s, reason := subjectOf(c)
	if reason != "" {
		return nil, nil
	}
	s.version = ""
	err := m.view(func(l *lookup) error {
		v, err := l.assess(s, c.Name)
		if err != nil {
			return err
		}
		findings = slices.Clone(v.findings)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what the feed says of %s: %w", s.name, err)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return compareIDs(a.ID, b.ID) })
	return findings, nil
}
