// Package e2e tests fnseal against the real thing: Fulcio, Rekor's second
// version on POSIX files, a timestamp authority, cosign, container registries
// and a key management service, all on this machine.
//
// The tests are behind the build tag e2e and need programs that .ci/e2e
// builds; without one of them they fail rather than pass over it.
package e2e
