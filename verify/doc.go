// Package verify finds out what bundles prove of a file: who signed what, in
// which form, and whether it is this file. It collects facts and judges
// nothing; package policy does that.
//
// For each bundle three things are established apart from one another, so that
// a refusal can say which of them is missing:
//
//   - it can be read: JSON, bundle format, and for an attestation the in-toto
//     statement, strictly;
//   - its signature is that of a key given, over the digest or statement the
//     bundle holds;
//   - what is signed is the digest of the file.
//
// Signatures are checked by sigstore-go. What it leaves to its callers is done
// here: a message signature must say SHA2_256 where it means sha256, an
// envelope's payload must be an in-toto statement, read once and by one
// reader, and a subject must carry the file's sha256. The claims in a bundle
// (hint, media type, names, predicate type) are facts only where Signature
// passed.
package verify
