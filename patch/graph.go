package patch

import (
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/overlay"
)

// graph answers how components come into a package.
type graph struct {
	inv    *fnpkg.Inventory
	parent map[string]string // purl → the purl it is reached from on a shortest path; "" for the package
	label  map[string]string // purl → name@version
}

// newGraph walks the edges from the package on. Edges are sorted, so of two
// shortest paths it is always the same that is told.
func newGraph(inv *fnpkg.Inventory) *graph {
	g := &graph{inv: inv, parent: map[string]string{}, label: make(map[string]string, len(inv.Components))}
	for _, c := range inv.Components {
		g.label[c.PURL] = strings.TrimSuffix(c.Name+"@"+c.Version, "@")
	}
	below := make(map[string][]string)
	for _, e := range inv.Edges {
		below[e.From] = append(below[e.From], e.To)
	}
	queue := []string{""}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, to := range below[from] {
			if _, seen := g.parent[to]; seen || to == "" {
				continue
			}
			g.parent[to] = from
			queue = append(queue, to)
		}
	}
	return g
}

// place tells where a component of target n is and what brings it in.
func (g *graph) place(n int, c fnpkg.Component) Place {
	p := Place{Target: n, Origin: c.Origin, Layer: g.layer(c)}
	for _, o := range c.Occurrences {
		p.Paths = append(p.Paths, o.Path)
	}
	from, known := g.parent[c.PURL]
	if !known {
		return p
	}
	p.Direct = from == ""
	for from != "" {
		p.Via = append(p.Via, g.label[from])
		from = g.parent[from]
	}
	slices.Reverse(p.Via)
	return p
}

// layer names the layer a component lies in, where all of it does. Of several
// layers it is not known which.
func (g *graph) layer(c fnpkg.Component) string {
	layers := g.inv.Subject.Layers
	if len(layers) == 0 || len(c.Occurrences) == 0 {
		return ""
	}
	for _, o := range c.Occurrences {
		if !strings.HasPrefix(o.Path, overlay.LayerRoot+"/") {
			return ""
		}
	}
	var names []string
	for _, l := range layers {
		names = append(names, l.Name)
	}
	return strings.Join(names, " or ")
}

// runtimeOf is the managed runtime an inventory was made for; empty if it does
// not say.
func runtimeOf(inv *fnpkg.Inventory) string {
	for _, c := range inv.Components {
		if isRuntime(c) {
			return path.Base(c.Name)
		}
	}
	return ""
}

// isRuntime reports whether a component is a managed runtime itself.
func isRuntime(c fnpkg.Component) bool {
	if c.Origin != fnpkg.OriginRuntime {
		return false
	}
	r, ok := fnpkg.LookupRuntime(path.Base(c.Name))
	return ok && r.Component().PURL == c.PURL
}

// managersOf tells from the lock files in a package which package managers
// made it, by purl type.
func managersOf(inv *fnpkg.Inventory) map[string]string {
	found := map[string]string{}
	for _, c := range inv.Components {
		if c.Origin != fnpkg.OriginDeclared {
			continue
		}
		for _, o := range c.Occurrences {
			if m := Manager(path.Base(o.Path)); m != "" {
				found[c.Type] = m
			}
		}
	}
	return found
}

// managersFor are the package managers of a purl type that are in use in some
// targets, sorted; one empty name where none is known.
func (b *Builder) managersFor(targets []int, purlType string) []string {
	var names []string
	for _, n := range targets {
		m := b.managers[n][purlType]
		if m == "" {
			m = b.options.Managers[purlType]
		}
		if !slices.Contains(names, m) {
			names = append(names, m)
		}
	}
	slices.Sort(names)
	if len(names) > 1 && names[0] == "" {
		names = names[1:] // what is known of one function is the best guess for the others
	}
	return names
}
