package policy

import (
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// Policy is what a deployer demands beyond the signature by an accepted key
// over the exact digest, which is always demanded. Its zero value demands an
// unambiguous package and no attestation.
type Policy struct {
	// Types are the predicate types of which an accepted attestation must be
	// there, one at least for each.
	Types []string

	// SubjectName, if not empty, is what attestations must call the file to
	// count.
	SubjectName string

	// Origin is demanded of where the package was built.
	Origin Origin

	// Deny lists files and signers that are not accepted.
	Deny Deny

	// NotBefore, if not zero, is when a signature must have been made or
	// later, so that an old package with its old bundles is not brought back.
	NotBefore time.Time

	// UnsafeAllowHazards are kinds of hazard that refuse no package, although
	// two readers could read it differently.
	UnsafeAllowHazards []fnpkg.HazardID

	// Rules are demanded beyond; see Sources.RuleSets.
	Rules []RuleSet

	// Signers are those that the rules name.
	Signers map[string]*Signer

	// Ignore is what the policy's scan section ignores.
	Ignore []Ignore

	// Deadlines are those of the policy's scan section.
	Deadlines patch.Deadlines

	// ReceiptOnly lets a receipt that a rule demands stand for the signature.
	ReceiptOnly bool

	// At is the time that ages are judged at.
	At time.Time
}

// PackageFacts is what is known of the package itself. Its zero value says that
// only a digest is known.
type PackageFacts struct {
	Kind    fnpkg.Kind
	Hazards []fnpkg.Hazard
	Content fnpkg.ContentDigest // may be zero

	// Scan is what matching the components of the artifact's SBOMs against the
	// local advisory feed found; nil if that was not done. See
	// Policy.FeedComponents.
	Scan *vulndb.Result

	// Err says that the package could not be read as what it appears to be.
	Err error
}
