package sbom

import (
	"slices"
	"strconv"

	"github.com/fnseal/fnseal/fnpkg"
)

// rootRef is the reference of the package itself. It is no purl, so that no
// component can have it.
const rootRef = "package"

// layout is an inventory as documents of every format tell it: each package
// and component has a reference of its own, and what each needs is said in
// references.
type layout struct {
	root *unit

	// parts are the packages of a merged inventory. The root then has no
	// components of its own, but needs the parts.
	parts []*unit
}

// unit is one package of a document with its components.
type unit struct {
	ref    string
	inv    *fnpkg.Inventory
	refs   []string   // of inv.Components
	direct []string   // references of what the package itself needs, sorted
	needs  [][]string // references of what each component needs, sorted
}

func newLayout(inv *fnpkg.Inventory) *layout {
	if len(inv.Parts) == 0 {
		return &layout{root: newUnit(rootRef, inv, map[string]bool{})}
	}
	l := &layout{root: &unit{ref: rootRef, inv: inv}}
	taken := map[string]bool{rootRef: true}
	for i, part := range inv.Parts {
		ref := rootRef + ":" + strconv.Itoa(i+1)
		l.parts = append(l.parts, newUnit(ref, part, taken))
		l.root.direct = append(l.root.direct, ref)
	}
	slices.Sort(l.root.direct)
	return l
}

// units are all that have components.
func (l *layout) units() []*unit {
	if l.parts == nil {
		return []*unit{l.root}
	}
	return l.parts
}

func newUnit(ref string, inv *fnpkg.Inventory, taken map[string]bool) *unit {
	u := &unit{ref: ref, inv: inv}
	taken[ref] = true
	refsOf := map[string][]string{} // by purl; a purl of two origins has two
	for _, c := range inv.Components {
		r := c.PURL
		if taken[r] && ref != rootRef {
			r = ref + ":" + r
		}
		for taken[r] {
			r = string(c.Origin) + ":" + r
		}
		taken[r] = true
		u.refs = append(u.refs, r)
		refsOf[c.PURL] = append(refsOf[c.PURL], r)
	}
	needs := map[string][]string{}
	for _, e := range rooted(inv.Components, inv.Edges) {
		needs[e.From] = append(needs[e.From], refsOf[e.To]...)
	}
	for _, list := range needs {
		slices.Sort(list)
	}
	u.direct = needs[""]
	for _, c := range inv.Components {
		u.needs = append(u.needs, needs[c.PURL])
	}
	return u
}

// completeness is how far a list in a document can be relied on.
type completeness string

// The words are CycloneDX's.
const (
	complete   completeness = "complete"
	incomplete completeness = "incomplete"
	unknown    completeness = "unknown"
)

// components says whether the components of a package are all there is.
func (u *unit) components() completeness {
	if len(u.inv.Coverage) == 0 {
		return unknown
	}
	for _, row := range u.inv.Coverage {
		if row.State != fnpkg.CoverageComplete {
			return incomplete
		}
	}
	return complete
}

// edges says whether what a component needs is all it needs.
func (u *unit) edges(c fnpkg.Component) completeness {
	for _, row := range u.inv.Coverage {
		if row.Ecosystem == c.Type {
			return edgeState(row)
		}
	}
	return unknown
}

// rootEdges says whether what the package itself needs is all it needs: no
// more can be known of it than of the least known of its ecosystems.
func (u *unit) rootEdges() completeness {
	worst := u.components()
	for _, row := range u.inv.Coverage {
		worst = lesser(worst, edgeState(row))
	}
	return worst
}

// lesser is what can be said of two lists together.
func lesser(a, b completeness) completeness {
	for _, c := range []completeness{incomplete, unknown} {
		if a == c || b == c {
			return c
		}
	}
	return complete
}

func edgeState(row fnpkg.Coverage) completeness {
	switch row.Edges {
	case fnpkg.CoverageComplete:
		return complete
	case fnpkg.CoveragePartial, fnpkg.CoverageNone:
		return incomplete
	}
	return unknown
}
