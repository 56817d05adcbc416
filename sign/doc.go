// Package sign turns a digest or an in-toto statement into a Sigstore bundle
// (v0.3) with a key. What was signed is verified before it is returned, and a
// bundle is always one line of JSON, ready for a file of JSON lines.
//
// A message signature is made over a digest, so a package of any size is
// signed without being in memory. Ed25519 signs whole messages and therefore
// statements only ([ErrStatementOnly]); its prehashed variant would need a
// sha512, and no client verifies it with a bare key.
//
// Statements are signed over the hash that Sigstore's algorithm registry pairs
// with the key: SHA-256 for P-256 and RSA, SHA-384 for P-384, SHA-512 for
// P-521. Message signatures are over the sha256 on every curve, since that is
// the digest a bundle binds.
//
// A bundle signed with a key alone is in no transparency log; cosign verifies
// it offline when told so:
//
//	cosign verify-blob --key K.pub --bundle FILE.sigstore.json --insecure-ignore-tlog FILE
//	cosign verify-blob-attestation --key K.pub --bundle B --type cyclonedx --insecure-ignore-tlog FILE
//
// For statements signed with a P-384 key, cosign's own included, it also wants
// --signature-digest-algorithm sha384: it takes SHA-256 for granted.
package sign
