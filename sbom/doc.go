// Package sbom turns an inventory into a document that other tools read, and
// such documents, ours and theirs, back into an inventory.
//
// Documents are byte-identical for the same inventory and options. Nothing in
// them tells where on a machine the package lay.
package sbom
