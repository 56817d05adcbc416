package attest

import (
	"fmt"
	"net/url"
	"strings"
)

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
	TypeVSA            = "https://slsa.dev/verification_summary/v1"
	TypeOpenVEX        = "https://openvex.dev/ns"
	TypeLink           = "https://in-toto.io/attestation/link/v0.3"
)

// Media types of bundles, as the Sigstore bundle format names them.
const (
	BundleV03 = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

// typeNames are the short names of predicate types, in the order in which they
// are shown.
var typeNames = [...]struct{ name, uri string }{
	{"cyclonedx", TypeCycloneDX},
	{"spdx", TypeSPDX},
	{"vulns", TypeVulns},
	{"provenance", TypeSLSAProvenance},
	{"openvex", TypeOpenVEX},
	{"vsa", TypeVSA},
	{"link", TypeLink},
	{"signature", TypeCosignSign},
}

// TypeNames lists the short names that PredicateType knows.
func TypeNames() []string {
	var names []string
	for _, t := range typeNames {
		names = append(names, t.name)
	}
	return names
}

// PredicateType returns the URI of a predicate type that a person named: by a
// short name, or by the URI itself. What is neither is an error: a word that
// was mistyped must not become a type of its own.
func PredicateType(name string) (string, error) {
	for _, t := range typeNames {
		if name == t.name {
			return t.uri, nil
		}
	}
	u, err := url.Parse(name)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" || strings.ContainsAny(name, " \t\r\n") {
		return "", fmt.Errorf("%q is neither a URI nor one of %s", clip(name), strings.Join(TypeNames(), ", "))
	}
	return name, nil
}
