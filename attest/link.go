package attest

// Link is the predicate of TypeLink: one step of a supply chain, from its
// materials to the subjects of the statement (in-toto attestation framework,
// spec/predicates/link.md).
type Link struct {
	Name      string
	Materials []Subject

	// Differences are the paths at which material and product differ.
	Differences []LinkDifference
}

// LinkDifference is a path at which the content of a package changed in a
// step.
type LinkDifference struct {
	Path   string `json:"path"`
	Change string `json:"change"` // "added", "removed" or "changed"
}

// Statement says of the products that they came of the link's materials.
func (l Link) Statement(products []Subject) (Statement, error) {
	wire := struct {
		Name       string        `json:"name"`
		Materials  []subjectJSON `json:"materials"`
		Byproducts struct {
			Differences []LinkDifference `json:"differences"`
		} `json:"byproducts"`
	}{Name: l.Name}
	for _, m := range l.Materials {
		wire.Materials = append(wire.Materials, subjectJSON(m))
	}
	wire.Byproducts.Differences = append([]LinkDifference{}, l.Differences...)
	return NewStatement(products, TypeLink, wire)
}
