// Package verify finds out what bundles prove of a file: who signed what, in
// which form, and whether it is this file. It collects facts and judges
// nothing; package policy does that.
//
// For each bundle three things are established apart from one another, so that
// a refusal can say which of them is missing:
//
//   - it can be read: JSON, bundle format, and for an attestation the in-toto
//     statement, strictly;
//   - its signature is that of an accepted signer: a key given, or an identity
//     whose certificate a trusted root vouches for;
//   - what is signed is the digest of the file.
//
// A signature by a certificate is examined in steps (Sigstore client
// specification, §4.1), each of which has its own Examination: log entry, time,
// certificate, SCT, identity. They are taken by sigstore-go. What it leaves to
// its callers is done here: a message signature must carry the label of its
// digest, an envelope's payload must be an in-toto statement, read once and by
// one reader, a subject must carry a digest of the file that is computed here,
// patterns match whole texts, a certificate names one subject, and every log
// entry and timestamp that can be judged must verify. The claims in a bundle
// (hint, media type, names, predicate type) are facts only where Signature
// passed.
//
// What cosign wrote before there were Sigstore bundles is turned into one first.
package verify
