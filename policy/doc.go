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
//
// # Rules of a policy file
//
// [Load] reads fnseal.yaml and what it includes, strictly. Rules of one place
// are a [RuleSet], and each set stands for itself: adding one never turns a
// refusal into acceptance. A demand counts what a signer said whose word counts
// for it, and demands that one attestation must meet together are met by one:
// two that meet a half each do not do. What is refused must be in none of them.
package policy
