package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// Certificate is what a signing certificate says (Fulcio, docs/oid-info.md).
// It is true only where the bundle's certificate was examined and passed.
type Certificate struct {
	Subject     string // whom it names: an e-mail address or a URI
	Issuer      string // who vouched for that: the issuer of the identity token
	Authority   string // distinguished name of the authority that issued it
	Fingerprint string // sha256 of the certificate, in lower-case hexadecimal

	// NotBefore is when it was issued: what it signed was signed later. No
	// timestamp says so much, for old signatures can be timestamped anew.
	NotBefore time.Time

	SourceRepository       string // URL of the repository that was built
	SourceRepositoryDigest string // commit that was built
	SourceRef              string // ref that was built, as in refs/heads/main
	SourceOwner            string // URL of the repository's owner
	SignerWorkflow         string // URL of the workflow that signed, with its ref
	SignerDigest           string // commit of that workflow
	BuildWorkflow          string // URL of the workflow that began the build
	BuildTrigger           string // event that began it
	RunnerEnvironment      string // github-hosted or self-hosted
	RunURL                 string // run of the build
}

// readCertificate returns what a certificate says. It refuses one that names
// nobody or several: which of them a policy compared would be chance.
func readCertificate(cert *x509.Certificate) (*Certificate, error) {
	names := len(cert.URIs) + len(cert.EmailAddresses) + len(cert.DNSNames) + len(cert.IPAddresses)
	if other, err := cryptoutils.UnmarshalOtherNameSAN(cert.Extensions); err == nil && other != "" {
		names++
	}
	switch {
	case names == 0:
		return nil, errors.New("its certificate names nobody")
	case names > 1:
		return nil, fmt.Errorf("its certificate names %d subjects, not one", names)
	}
	s, err := certificate.SummarizeCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("its certificate cannot be read: %w", err)
	}
	sum := sha256.Sum256(cert.Raw)
	return &Certificate{
		Subject:                s.SubjectAlternativeName,
		Issuer:                 s.Issuer,
		Authority:              s.CertificateIssuer,
		Fingerprint:            hex.EncodeToString(sum[:]),
		NotBefore:              cert.NotBefore,
		SourceRepository:       s.SourceRepositoryURI,
		SourceRepositoryDigest: s.SourceRepositoryDigest,
		SourceRef:              s.SourceRepositoryRef,
		SourceOwner:            s.SourceRepositoryOwnerURI,
		SignerWorkflow:         s.BuildSignerURI,
		SignerDigest:           s.BuildSignerDigest,
		BuildWorkflow:          s.BuildConfigURI,
		BuildTrigger:           s.BuildTrigger,
		RunnerEnvironment:      s.RunnerEnvironment,
		RunURL:                 s.RunInvocationURI,
	}, nil
}

// checkChain refuses certificates beside the leaf that cannot be meant: the
// bundle format forbids a root among them (protobuf-specs, sigstore_bundle.proto),
// and what vouches for itself has no place in what is to be verified.
func checkChain(certs []*x509.Certificate) error {
	for _, c := range certs[1:] {
		switch {
		case selfSigned(c):
			return errors.New("its certificate chain holds a root certificate, which a bundle must not bring along")
		case !c.IsCA:
			return errors.New("its certificate chain holds two certificates of signers")
		}
	}
	return nil
}

func selfSigned(c *x509.Certificate) bool {
	return string(c.RawSubject) == string(c.RawIssuer) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}
