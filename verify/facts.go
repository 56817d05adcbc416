package verify

import (
	"time"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

// Facts is what is known of a file's bundles.
type Facts struct {
	Name    string       // base name of the file
	Digest  fnpkg.Digest // its exact digest
	Keys    []Key        // whose signatures were looked for
	Signers []Identity   // whose certificates were looked for
	Roots   []string     // the trusted roots they were judged by
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

	// Signature says whether an accepted signer signed the bundle: a key, or
	// an identity by a certificate of a trusted root. It passed only if
	// nothing that was examined failed.
	Signature Result

	// Signer is the key that signed; its zero value where a certificate did.
	Signer Key

	// Certificate is what the signing certificate says; nil where a bare key
	// signed. It is a claim unless Signature passed.
	Certificate *Certificate

	// Examined is what was looked at to judge the signature, in the order it
	// was looked at.
	Examined []Examination

	// Times are when the signature is proven to have existed, by logs and
	// timestamp authorities of the root; empty where nothing proves it.
	Times []Time

	// Root names the trusted root the bundle was judged by; empty for none.
	Root string

	// Digest says whether what is signed is the file's exact digest. It is
	// compared whoever signed, and proves something only where Signature
	// passed.
	Digest Result

	// SubjectNames are what an attestation calls the file: the names of the
	// subjects with its digest. Hostile text.
	SubjectNames []string
}

// SignedBy names the signer for a person.
func (b BundleFact) SignedBy() string {
	if b.Certificate != nil {
		return clip(b.Certificate.Subject) + " (by " + clip(b.Certificate.Issuer) + ")"
	}
	return b.Signer.String()
}

// Earliest returns the earliest time at which the signature is proven to have
// existed, zero if nothing proves it.
func (b BundleFact) Earliest() time.Time {
	var first time.Time
	for _, t := range b.Times {
		if first.IsZero() || t.At.Before(first) {
			first = t.At
		}
	}
	return first
}

// Proves reports whether the bundle is a signature by an accepted signer over
// the file.
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

// Time is a proof of when a signature existed.
type Time struct {
	At     time.Time
	Source string // the log or authority, as the trusted root names it
}

// Examination is one thing that was looked at to judge a signature.
type Examination struct {
	ID string
	Result
	Found string // what passed, for a person; may quote hostile text
}

// The ids of examinations.
const (
	ExamSignature   = "signature"   // verifies with the key or the certificate's key
	ExamCertificate = "certificate" // issued by an authority of the root, valid when it signed
	ExamSCT         = "sct"         // the certificate was logged by a log of the root
	ExamLog         = "log"         // the signature was logged by a log of the root
	ExamTimestamp   = "timestamp"   // when the signature existed is proven
	ExamIdentity    = "identity"    // the signer is an accepted one
)

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
