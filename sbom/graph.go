package sbom

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// rooted returns the edges of an inventory, sorted, with edges from the package
// itself added so that every component can be reached from it: to components
// nothing else needs, then, where components need each other in a circle, to
// the first of the circle. Edges to or from purls that no component has are
// left out.
func rooted(components []fnpkg.Component, edges []fnpkg.Edge) []fnpkg.Edge {
	known := map[string]bool{}
	for _, c := range components {
		known[c.PURL] = true
	}
	var out []fnpkg.Edge
	needs := map[string][]string{}
	needed := map[string]bool{}
	for _, e := range edges {
		if !known[e.To] || e.From != "" && !known[e.From] || e.From == e.To {
			continue
		}
		out = append(out, e)
		needs[e.From] = append(needs[e.From], e.To)
		needed[e.To] = true
	}

	reached := map[string]bool{}
	reach := func(from string) {
		queue := []string{from}
		for len(queue) > 0 {
			next := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			for _, to := range needs[next] {
				if !reached[to] {
					reached[to] = true
					queue = append(queue, to)
				}
			}
		}
	}
	reach("")
	for _, onlyUnneeded := range []bool{true, false} {
		for _, c := range components {
			if reached[c.PURL] || onlyUnneeded && needed[c.PURL] {
				continue
			}
			out = append(out, fnpkg.Edge{To: c.PURL})
			reached[c.PURL] = true
			reach(c.PURL)
		}
	}
	slices.SortFunc(out, compareEdges)
	return slices.Compact(out)
}

func compareEdges(a, b fnpkg.Edge) int {
	return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
}
