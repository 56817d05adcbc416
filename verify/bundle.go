package verify

import (
	"encoding/json"
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
	hint      string
	keyed     bool              // signed with a bare key rather than a certificate
	algorithm string            // of a message signature, as the bundle names it
	signed    fnpkg.Digest      // of a message signature over a sha256
	statement *attest.Statement // of an attestation
}

func parse(data []byte) (*parsed, error) {
	var entity bundle.Bundle
	if err := entity.UnmarshalJSON(data); err != nil {
		if legacy(data) {
			return nil, errors.New("not a Sigstore bundle but the format cosign wrote before (cosign sign-blob --new-bundle-format writes a bundle)")
		}
		return nil, fmt.Errorf("not a Sigstore bundle: %w", err)
	}
	p := &parsed{entity: &entity, mediaType: entity.MediaType}
	if key, ok := entity.GetVerificationMaterial().GetContent().(*protobundle.VerificationMaterial_PublicKey); ok {
		p.keyed, p.hint = true, key.PublicKey.GetHint()
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

func (p *parsed) message(m *protocommon.MessageSignature) error {
	if len(m.GetSignature()) == 0 {
		return errors.New("its message signature is empty")
	}
	p.kind = KindMessageSignature
	p.algorithm = m.GetMessageDigest().GetAlgorithm().String()
	digest := m.GetMessageDigest().GetDigest()
	if m.GetMessageDigest().GetAlgorithm() != protocommon.HashAlgorithm_SHA2_256 {
		// Another algorithm cannot be compared with a sha256; a label that
		// does not fit the digest would be an attempt to pass it off as one.
		return nil
	}
	if len(digest) != len(p.signed) {
		return fmt.Errorf("its digest is labelled SHA2_256 and has %d bytes", len(digest))
	}
	copy(p.signed[:], digest)
	if p.signed.IsZero() {
		return errors.New("its digest is all zeros")
	}
	return nil
}

// legacy recognises what cosign wrote before it wrote Sigstore bundles.
func legacy(data []byte) bool {
	var old struct {
		Signature string `json:"base64Signature"`
	}
	return json.Unmarshal(data, &old) == nil && old.Signature != ""
}

// clip bounds hostile text that is repeated in a message.
func clip(s string) string {
	const most = 128
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
