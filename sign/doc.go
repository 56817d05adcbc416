// Package sign turns a digest or an in-toto statement into a Sigstore bundle
// (v0.3) with a key. What was signed is verified before it is returned, and a
// bundle is always one line of JSON, ready for a file of JSON lines.
//
// A message signature is made over a digest, so a package of any size is
// signed without being in memory. Ed25519 signs whole messages and therefore
// statements only ([ErrStatementOnly]); its prehashed variant would need a
// sha512, and no client verifies it with a bare key.
//
// A bundle signed with a key alone is in no transparency log; cosign verifies
// it offline when told so:
//
//	cosign verify-blob --key K.pub --bundle FILE.sigstore.json --insecure-ignore-tlog FILE
package sign
