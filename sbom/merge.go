package sbom

import (
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Merge puts the inventories of several packages together into one of an
// application of the given name. Documents written of it have each package as
// a component with its own components and dependencies beneath it.
//
// The result's own fields hold the union: each component once, at all its
// places, which are prefixed with the name of the package and a colon; the
// lesser coverage of each ecosystem; all hazards. So it can be scanned and
// compared like that of one package. Inventories that were merged before count
// as the packages they are of. invs are not changed.
func Merge(name string, invs ...*fnpkg.Inventory) *fnpkg.Inventory {
	out := &fnpkg.Inventory{Subject: fnpkg.Subject{Name: name, Kind: fnpkg.KindApplication}}
	for _, inv := range invs {
		if len(inv.Parts) > 0 {
			out.Parts = append(out.Parts, inv.Parts...)
		} else {
			out.Parts = append(out.Parts, inv)
		}
	}
	d := newCollector()
	d.inv = out
	for _, part := range out.Parts {
		s := part.Subject
		if s.Newest.After(out.Subject.Newest) {
			out.Subject.Newest = s.Newest
		}
		for _, c := range part.Components {
			places := make([]fnpkg.Occurrence, 0, len(c.Occurrences))
			for _, o := range c.Occurrences {
				places = append(places, fnpkg.Occurrence{Path: s.Name + ":" + o.Path})
			}
			c.Occurrences = places
			c.Licenses = slices.Clone(c.Licenses)
			d.add(c)
		}
		d.edges = append(d.edges, part.Edges...)
		for _, row := range part.Coverage {
			addCoverage(out, row)
		}
		for _, h := range part.Hazards {
			h.Path = strings.TrimSuffix(s.Name+":"+h.Path, ":")
			out.Hazards = append(out.Hazards, h)
		}
	}
	return d.finish()
}

// addCoverage adds one package's row to the application's.
func addCoverage(inv *fnpkg.Inventory, row fnpkg.Coverage) {
	i := slices.IndexFunc(inv.Coverage, func(c fnpkg.Coverage) bool { return c.Ecosystem == row.Ecosystem })
	if i < 0 {
		inv.Coverage = append(inv.Coverage, row)
		return
	}
	all := &inv.Coverage[i]
	if all.State != row.State {
		// Part of the code at least is accounted for, and part is not.
		all.State = fnpkg.CoveragePartial
	}
	if all.Edges != row.Edges {
		switch {
		case all.Edges == "" || row.Edges == "":
			all.Edges = ""
		default:
			all.Edges = fnpkg.CoveragePartial
		}
	}
	all.Files += row.Files
	if row.Reason != "" && !slices.Contains(strings.Split(all.Reason, "; "), row.Reason) {
		all.Reason = strings.TrimPrefix(all.Reason+"; "+row.Reason, "; ")
	}
}
