package fnpkg

import (
	"fmt"
	"strings"
)

// AmbiguousError says that a package was refused because two readers could
// see different contents in the same bytes.
type AmbiguousError struct {
	Name    string   // of the package
	Hazards []Hazard // those that make it ambiguous, never empty
}

func (e *AmbiguousError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is ambiguous: two readers could see different packages in it", e.Name)
	const shown = 3
	for i, h := range e.Hazards {
		if i == shown {
			fmt.Fprintf(&b, "; and %d more", len(e.Hazards)-shown)
			break
		}
		fmt.Fprintf(&b, "; %s %q: %s", h.ID, h.Path, h.Detail)
	}
	return b.String()
}

// CheckUnambiguous returns an *AmbiguousError if p must not be signed, sealed
// or let through, nil otherwise. Hazards of the kinds in allowed are let pass.
func CheckUnambiguous(p Package, allowed ...HazardID) error {
	if found := Ambiguities(p.Hazards(), allowed...); len(found) > 0 {
		return &AmbiguousError{Name: p.Name(), Hazards: found}
	}
	return nil
}
