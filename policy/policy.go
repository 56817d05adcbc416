package policy

import "github.com/fnseal/fnseal/fnpkg"

// Policy is what a deployer demands beyond the signature by an accepted key
// over the exact digest, which is always demanded. Its zero value demands an
// unambiguous package and no attestation.
type Policy struct {
	// Types are the predicate types of which an accepted attestation must be
	// there, one at least for each.
	Types []string

	// UnsafeAllowHazards are kinds of hazard that refuse no package, although
	// two readers could read it differently.
	UnsafeAllowHazards []fnpkg.HazardID
}

// PackageFacts is what is known of the package itself. Its zero value says that
// only a digest is known.
type PackageFacts struct {
	Kind    fnpkg.Kind
	Hazards []fnpkg.Hazard
	Content fnpkg.ContentDigest // may be zero

	// Err says that the package could not be read as what it appears to be.
	Err error
}
