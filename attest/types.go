package attest

// Statement types: the value of "_type".
const (
	StatementV1  = "https://in-toto.io/Statement/v1"
	StatementV01 = "https://in-toto.io/Statement/v0.1" // what cosign writes; accepted on input
)

// PayloadType is the DSSE payload type of in-toto statements.
const PayloadType = "application/vnd.in-toto+json"

// Predicate types.
const (
	TypeCycloneDX      = "https://cyclonedx.org/bom"
	TypeSPDX           = "https://spdx.dev/Document/v2.3"
	TypeVulns          = "https://in-toto.io/attestation/vulns/v0.2"
	TypeCosignSign     = "https://sigstore.dev/cosign/sign/v1"
	TypeCosignVuln     = "https://cosign.sigstore.dev/attestation/vuln/v1" // accepted on input
	TypeSLSAProvenance = "https://slsa.dev/provenance/v1"
)

// Media types of bundles, as the Sigstore bundle format names them.
const (
	BundleV03 = "application/vnd.dev.sigstore.bundle.v0.3+json"
)
