package catalog

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fnseal/fnseal/fnpkg"
)

// UnknownRuntimeError reports a managed runtime that is in no table.
type UnknownRuntimeError struct{ Name string }

func (e *UnknownRuntimeError) Error() string {
	return fmt.Sprintf("runtime %q is not known", e.Name)
}

// addRuntime adds the managed runtime of that name and the packages it holds
// for functions to import, but for those that the function ships itself: these
// are what is loaded.
func addRuntime(inv *fnpkg.Inventory, name string) error {
	r, ok := fnpkg.LookupRuntime(name)
	if !ok {
		return &UnknownRuntimeError{name}
	}
	shipped := map[[2]string]bool{}
	for _, c := range inv.Components {
		if c.Origin == fnpkg.OriginShipped {
			shipped[[2]string{c.Type, c.Name}] = true
		}
	}
	runtime := r.Component()
	inv.Components = append(inv.Components, runtime)
	inv.Edges = append(inv.Edges, fnpkg.Edge{To: runtime.PURL})
	for _, c := range r.Provided() {
		if shipped[[2]string{c.Type, c.Name}] {
			continue
		}
		inv.Components = append(inv.Components, c)
		inv.Edges = append(inv.Edges, fnpkg.Edge{From: runtime.PURL, To: c.PURL})
	}
	slices.SortFunc(inv.Components, func(a, b fnpkg.Component) int {
		return cmp.Or(cmp.Compare(a.PURL, b.PURL), cmp.Compare(a.Origin, b.Origin))
	})
	inv.Edges = mergeEdges(inv.Edges)
	return nil
}
