package verify

import (
	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

// Facts is what is known of a file's bundles.
type Facts struct {
	Name    string       // base name of the file
	Digest  fnpkg.Digest // its exact digest
	Keys    []Key        // whose signatures were looked for
	Looked  []string     // base names of the files that bundles were looked for in
	Bundles []BundleFact // in the order given
}

// Key identifies a public key.
type Key struct {
	ID   string // base64 of the sha256 of its SubjectPublicKeyInfo
	Name string // what a person calls it; may be empty
}

// String returns the key as messages name it.
func (k Key) String() string {
	if k.Name == "" {
		return "key id " + k.ID
	}
	return k.Name + " (key id " + k.ID + ")"
}

// Kind is what a bundle holds.
type Kind string

// The kinds of bundles.
const (
	KindMessageSignature Kind = "message-signature" // a signature over a file's digest
	KindAttestation      Kind = "attestation"       // a signed in-toto statement
)

// BundleFact is what is known of one bundle.
type BundleFact struct {
	Source string // the file's base name and, in JSON lines, the line
	Input  string // the file's path as given; bundles of one file share it
	Named  bool   // a person asked for the file by name

	// Unreadable says why the item is no bundle that can be understood; all
	// below is then empty.
	Unreadable string

	MediaType string
	Kind      Kind

	// Hint is the bundle's claim of which key signed it; hostile text.
	Hint string

	// Signed is the digest a message signature is made over; zero for an
	// attestation.
	Signed fnpkg.Digest

	// Statement is what an attestation says; nil for a message signature. Its
	// names are hostile text.
	Statement *attest.Statement

	// Signature says whether one of the keys signed the bundle; Signer is
	// that key.
	Signature Result
	Signer    Key

	// Digest says whether what is signed is the file's exact digest. It is
	// compared whoever signed, and proves something only where Signature
	// passed.
	Digest Result
}

// Proves reports whether the bundle is a signature by one of the keys over the
// file.
func (b BundleFact) Proves() bool {
	return b.Unreadable == "" && b.Signature.State == Passed && b.Digest.State == Passed
}

// PredicateType returns the predicate type of an attestation, empty for a
// message signature.
func (b BundleFact) PredicateType() string {
	if b.Statement == nil {
		return ""
	}
	return b.Statement.PredicateType
}

// Result is the outcome of one examination. Its zero value says that it was
// not made.
type Result struct {
	State  State
	Reason string // why it did not pass, for a person; may quote hostile text
}

// State is how an examination ended.
type State int

// The states.
const (
	NotExamined State = iota
	Passed
	Failed
)
