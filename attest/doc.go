// Package attest holds in-toto statements, the predicates fnseal writes, and
// the places where bundles are kept.
//
// A [Statement] is read strictly, once, from the bytes that were signed: two
// members of one name, members spelled in another case, members the
// specification does not know and bytes behind the end are errors. Lenient
// readers resolve those differently from one another, and what one of them
// checked is then not what another one uses.
//
// An [Item] is one bundle as it lies in a file, not yet believed or even
// understood: package verify does that. Reading keeps apart what a person named
// ([ReadBundles]), where every defect counts, and what was merely found beside
// an artifact ([DiscoverBundles]), where anybody may have left junk.
package attest
