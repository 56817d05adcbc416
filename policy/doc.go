// Package policy judges facts. It reads nothing, asks nobody and knows no
// clock: the same facts always give the same verdict.
//
// # Which bundles count
//
// A bundle proves something when one of the keys signed it and what it signs is
// the file. The file is accepted when at least one bundle does, and then:
//
//   - A bundle found beside the file that proves nothing (another signer's, one
//     of an earlier build, a line of junk) is listed as not checked, with the
//     reason, and blocks nothing. Anybody who can write there could otherwise
//     stop a deployment, and could add no proof by it.
//   - A file of bundles that a person named is held to what it was named for:
//     each of its bundles must be readable, and at least one of them must prove
//     something, or the file is refused whatever else was found.
//
// When no bundle proves anything, each one that could be read shows which check
// it fails: signature, or digest if the signature is good. What a bundle says
// under a signature that is not accepted is not compared with anything.
package policy
