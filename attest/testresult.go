package attest

// TypeTestResult is the predicate type of test results (in-toto attestation
// framework, spec/predicates/test-result.md).
const TypeTestResult = "https://in-toto.io/attestation/test-result/v0.1"
