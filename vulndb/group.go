package vulndb

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// maxGroup bounds the ids that are followed from one hit: a feed that ties
// everything together must not cost more than its own finding.
const maxGroup = 1000

// group is the hits that are one defect.
type group struct {
	hits []hit
	ids  []alias // of all records and aliases of the defect, sorted
}

// group joins the hits whose ids are aliases of one another. Aliases are
// symmetric and transitive (OSV schema, aliases field), so two records of one
// defect may be tied by a third that affects nothing here.
func (l *lookup) group(hits []hit) ([]group, error) {
	var groups []group
	owner := make(map[string]int) // id → its group
	for _, h := range hits {
		if n, ok := owner[h.id]; ok {
			groups[n].hits = append(groups[n].hits, h)
			continue
		}
		ids, err := l.closure(h.id)
		if err != nil {
			return nil, err
		}
		n := len(groups)
		// A closure that was cut short may meet an older one in the middle.
		for _, a := range ids {
			if other, ok := owner[a.id]; ok {
				n = other
				break
			}
		}
		if n == len(groups) {
			groups = append(groups, group{})
		}
		groups[n].hits = append(groups[n].hits, h)
		for _, a := range ids {
			if _, ok := owner[a.id]; !ok {
				owner[a.id] = n
				groups[n].ids = append(groups[n].ids, a)
			}
		}
	}
	for i := range groups {
		slices.SortFunc(groups[i].ids, func(a, b alias) int { return strings.Compare(a.id, b.id) })
	}
	return groups, nil
}

// closure returns the id of a record and all that are its aliases, directly or
// through others.
func (l *lookup) closure(id string) ([]alias, error) {
	ids := []alias{{id, true}}
	seen := map[string]bool{id: true}
	for next := 0; next < len(ids) && len(ids) < maxGroup; next++ {
		others, err := l.db.aliases(l.tx, ids[next].id)
		if err != nil {
			return nil, err
		}
		for _, other := range others {
			if !seen[other.id] && len(ids) < maxGroup {
				seen[other.id] = true
				ids = append(ids, other)
			}
		}
	}
	return ids, nil
}

// leadingID is the id of a defect that most people search for, of all that it
// has.
func (g *group) leadingID() string {
	lead := g.hits[0].id
	for _, a := range g.ids {
		if compareIDs(a.id, lead) < 0 {
			lead = a.id
		}
	}
	return lead
}

// finding tells of a group what is to be told of it.
func (l *lookup) finding(g group, s subject, key string) (Finding, error) {
	f := Finding{ID: g.leadingID(), Severity: SeverityUnknown, Possible: s.version == ""}
	var fixed, last []string
	for _, h := range g.hits {
		f.Records = append(f.Records, h.id)
		fixed, last = append(fixed, h.fixed...), append(last, h.lastAffected...)
		f.Malicious = f.Malicious || isMalicious(h.id)
	}
	f.Fixed, f.LastAffected = sortVersions(s.ecosystem, fixed), sortVersions(s.ecosystem, last)
	for _, a := range g.ids {
		if a.id != f.ID {
			f.Aliases = append(f.Aliases, a.id)
		}
	}
	if err := l.rate(&f, g, key); err != nil {
		return Finding{}, err
	}

	slices.SortFunc(f.Records, compareIDs)
	f.Records = slices.Compact(f.Records)
	for _, id := range f.Records {
		a, err := l.advisory(id)
		if err != nil {
			return Finding{}, err
		}
		f.Summary = cmp.Or(f.Summary, strings.TrimSpace(a.Summary))
		published, modified := parseTime(a.Published), parseTime(a.Modified)
		if !published.IsZero() && (f.Published.IsZero() || published.Before(f.Published)) {
			f.Published = published
		}
		if modified.After(f.Modified) {
			f.Modified = modified
		}
	}
	slices.Sort(f.Records)
	return f, nil
}

// rate gives a finding the worst rating, and the word of KEV and EPSS, that
// any record or alias of the defect has.
func (l *lookup) rate(f *Finding, g group, key string) error {
	worst := assessment{severity: SeverityUnknown}
	for _, id := range g.ids {
		kev, epss, err := l.db.scores(l.tx, id.id)
		if err != nil {
			return err
		}
		if kev != nil && (f.KEV == nil || kev.Added.Before(f.KEV.Added)) {
			f.KEV = kev
		}
		if epss != nil && (f.EPSS == nil || epss.Probability > f.EPSS.Probability) {
			f.EPSS = epss
		}
		if !id.recorded {
			continue
		}
		a, err := l.advisory(id.id)
		if err != nil {
			return err
		}
		if a.Withdrawn != "" {
			continue
		}
		if rated := assess(a, key); rated.worse(worst) {
			worst = rated
		}
	}
	f.Severity, f.Score, f.Vector = worst.severity, worst.score, worst.vector
	return nil
}

// advisory returns the text of a record that the index must have.
func (l *lookup) advisory(id string) (*advisory, error) {
	if a, ok := l.advisories[id]; ok {
		return a, nil
	}
	text, err := l.db.record(l.tx, &l.inflate, id)
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, &IndexError{Path: l.db.path, Reason: fmt.Sprintf("it is damaged: record %q is missing", id)}
	}
	a, err := parseAdvisory(text)
	if err != nil {
		return nil, &IndexError{Path: l.db.path, Reason: fmt.Sprintf("record %q cannot be read", id), Err: err}
	}
	l.advisories[id] = a
	return a, nil
}

// isMalicious reports whether a record is about a package that is an attack by
// itself (OSV schema, id prefixes: the OpenSSF database of malicious packages).
func isMalicious(id string) bool { return strings.HasPrefix(id, "MAL-") }

// compareIDs puts the id first that most people search for.
func compareIDs(a, b string) int {
	return cmp.Or(cmp.Compare(idRank(a), idRank(b)), strings.Compare(a, b))
}

func idRank(id string) int {
	switch {
	case strings.HasPrefix(id, "CVE-"):
		return 0
	case strings.HasPrefix(id, "GHSA-"):
		return 1
	}
	return 2
}

// sortVersions orders versions from the lowest on, without repetition.
func sortVersions(ecosystem string, versions []string) []string {
	slices.Sort(versions)
	versions = slices.Compact(versions)
	if len(versions) < 2 {
		return versions
	}
	parsed := make(map[string]semantic.Version, len(versions))
	for _, v := range versions {
		if p, err := parseVersion(ecosystem, false, v); err == nil {
			parsed[v] = p
		}
	}
	slices.SortStableFunc(versions, func(a, b string) int {
		va, vb := parsed[a], parsed[b]
		if va == nil || vb == nil {
			return boolCompare(va == nil, vb == nil)
		}
		order, _ := va.Compare(vb)
		return order
	})
	return versions
}
