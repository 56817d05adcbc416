package verify

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

// parsed is a bundle that can be understood.
type parsed struct {
	entity    *bundle.Bundle
	mediaType string
	kind      Kind
	hint      string            // of a bundle signed with a bare key
	leaf      *x509.Certificate // of a bundle signed with a certificate; else nil
	statement *attest.Statement // of an attestation

	// Of a message signature: the digest it is made over and its algorithm,
	// 0 where that is none to compare with.
	algorithm string
	hash      crypto.Hash
	digest    []byte
}

func parse(data []byte) (*parsed, error) {
	entity, err := decodeBundle(data)
	if err != nil {
		return nil, err
	}
	p := &parsed{entity: entity, mediaType: entity.MediaType}
	if err := p.material(); err != nil {
		return nil, err
	}
	switch content := entity.GetContent().(type) {
	case *protobundle.Bundle_MessageSignature:
		return p, p.message(content.MessageSignature)
	case *protobundle.Bundle_DsseEnvelope:
		env := content.DsseEnvelope
		if t := env.GetPayloadType(); t != attest.PayloadType {
			return nil, fmt.Errorf("it signs a payload of type %q, not an in-toto statement", clip(t))
		}
		// The bundle format allows one signature where DSSE allows many.
		if n := len(env.GetSignatures()); n != 1 {
			return nil, fmt.Errorf("its envelope has %d signatures, not one", n)
		}
		s, err := attest.ParseStatement(env.GetPayload())
		if err != nil {
			return nil, err
		}
		p.kind, p.statement = KindAttestation, s
		return p, nil
	}
	return nil, errors.New("it holds neither a message signature nor an envelope")
}

func decodeBundle(data []byte) (*bundle.Bundle, error) {
	if legacy(data) {
		return readLegacy(data)
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("not a Sigstore bundle: %w", err)
	}
	return &b, nil
}

// material reads what the signature is to be verified with: the hint of a key,
// or certificates of which the first is the signer's.
func (p *parsed) material() error {
	var ders [][]byte
	switch content := p.entity.GetVerificationMaterial().GetContent().(type) {
	case *protobundle.VerificationMaterial_PublicKey:
		p.hint = content.PublicKey.GetHint()
		return nil
	case *protobundle.VerificationMaterial_Certificate:
		ders = [][]byte{content.Certificate.GetRawBytes()}
	case *protobundle.VerificationMaterial_X509CertificateChain:
		for _, c := range content.X509CertificateChain.GetCertificates() {
			ders = append(ders, c.GetRawBytes())
		}
	}
	if len(ders) == 0 {
		return errors.New("it names neither a key nor a certificate")
	}
	if len(ders) > maxChain {
		return fmt.Errorf("its certificate chain has %d certificates, more than %d", len(ders), maxChain)
	}
	var chain []*x509.Certificate
	for _, der := range ders {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("its certificate cannot be read: %w", err)
		}
		chain = append(chain, c)
	}
	p.leaf = chain[0]
	return checkChain(chain)
}

// maxChain bounds the certificates of a bundle; three are the most seen.
const maxChain = 16

func (p *parsed) message(m *protocommon.MessageSignature) error {
	if len(m.GetSignature()) == 0 {
		return errors.New("its message signature is empty")
	}
	p.kind = KindMessageSignature
	label := m.GetMessageDigest().GetAlgorithm()
	p.algorithm, p.digest = label.String(), m.GetMessageDigest().GetDigest()
	switch label {
	case protocommon.HashAlgorithm_SHA2_256:
		p.hash = crypto.SHA256
	case protocommon.HashAlgorithm_SHA2_384:
		p.hash = crypto.SHA384
	case protocommon.HashAlgorithm_SHA2_512:
		p.hash = crypto.SHA512
	default:
		return nil // nothing to compare a file with; see compare
	}
	// A label that does not fit the digest is an attempt to pass it off as
	// another.
	if len(p.digest) != p.hash.Size() {
		return fmt.Errorf("its digest is labelled %s and has %d bytes", p.algorithm, len(p.digest))
	}
	if p.hash == crypto.SHA256 && p.sha256().IsZero() {
		return errors.New("its digest is all zeros")
	}
	return nil
}

// sha256 returns the sha256 a message signature is made over, zero if it is
// made over another digest.
func (p *parsed) sha256() fnpkg.Digest {
	var d fnpkg.Digest
	if p.hash == crypto.SHA256 {
		copy(d[:], p.digest)
	}
	return d
}

// clip bounds hostile text that is repeated in a message.
func clip(s string) string {
	const most = 128
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
