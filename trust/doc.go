// Package trust holds what a verifier believes and a signer owns: public keys
// with the ids peers know them by, and private keys in the formats people keep
// them in. It reads keys and checks that they are strong enough; it signs
// nothing and asks nobody.
//
// A [PublicKey] turns itself into the trusted material of sigstore-go, whose
// verifier then drives every check. The signature primitive beneath is the
// standard library's, so that an ECDSA signature has exactly one accepted
// encoding (DER, SEC 1 §C.8): sigstore's own verifiers also take the raw r‖s
// form, which would let a bundle be rewritten without its signature breaking.
package trust
