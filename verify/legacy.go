package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
)

// cosignBundle is what cosign wrote before it wrote Sigstore bundles: the
// signature, or for an attestation the envelope, with the log's promise.
type cosignBundle struct {
	Signature string `json:"base64Signature"`
	Cert      string `json:"cert"`
	Rekor     *struct {
		Promise []byte `json:"SignedEntryTimestamp"`
		Payload struct {
			Body           []byte `json:"body"`
			IntegratedTime int64  `json:"integratedTime"`
			LogIndex       int64  `json:"logIndex"`
			LogID          string `json:"logID"`
		} `json:"Payload"`
	} `json:"rekorBundle"`
}

// legacy recognises that format.
func legacy(data []byte) bool {
	var old struct {
		Signature string `json:"base64Signature"`
	}
	return json.Unmarshal(data, &old) == nil && old.Signature != ""
}

// readLegacy turns it into a bundle of the first version, which says the same.
// What a signature is over is in the log's entry alone: a signature without
// one cannot be read, and that with one is judged like any other.
func readLegacy(data []byte) (*bundle.Bundle, error) {
	b, err := convertLegacy(data)
	if err != nil {
		return nil, fmt.Errorf("in the format cosign wrote before: %w (cosign sign-blob --new-bundle-format writes a bundle)", err)
	}
	return b, nil
}

func convertLegacy(data []byte) (*bundle.Bundle, error) {
	var old cosignBundle
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&old); err != nil {
		return nil, err
	}
	if old.Rekor == nil {
		return nil, errors.New("it holds no log entry, which alone says what was signed")
	}
	signature, err := base64.StdEncoding.DecodeString(old.Signature)
	if err != nil {
		return nil, fmt.Errorf("its signature: %w", err)
	}
	entry, err := old.entry()
	if err != nil {
		return nil, err
	}
	b := &protobundle.Bundle{
		MediaType:            "application/vnd.dev.sigstore.bundle+json;version=0.1",
		VerificationMaterial: &protobundle.VerificationMaterial{TlogEntries: []*protorekor.TransparencyLogEntry{entry}},
	}
	if err := old.material(b.VerificationMaterial); err != nil {
		return nil, err
	}
	if err := legacyContent(b, entry, signature); err != nil {
		return nil, err
	}
	return bundle.NewBundle(b)
}

func (old *cosignBundle) entry() (*protorekor.TransparencyLogEntry, error) {
	p := old.Rekor.Payload
	id, err := hex.DecodeString(p.LogID)
	if err != nil {
		return nil, fmt.Errorf("its log's id: %w", err)
	}
	var body struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if err := json.Unmarshal(p.Body, &body); err != nil {
		return nil, fmt.Errorf("its log entry: %w", err)
	}
	return &protorekor.TransparencyLogEntry{
		LogIndex: p.LogIndex, LogId: &protocommon.LogId{KeyId: id}, IntegratedTime: p.IntegratedTime,
		KindVersion:       &protorekor.KindVersion{Kind: body.Kind, Version: body.Version},
		InclusionPromise:  &protorekor.InclusionPromise{SignedEntryTimestamp: old.Rekor.Promise},
		CanonicalizedBody: p.Body,
	}, nil
}

// material is the certificate, PEM or base64 of that, or a key without a hint.
func (old *cosignBundle) material(m *protobundle.VerificationMaterial) error {
	if old.Cert == "" {
		m.Content = &protobundle.VerificationMaterial_PublicKey{PublicKey: &protocommon.PublicKeyIdentifier{}}
		return nil
	}
	text := []byte(old.Cert)
	if decoded, err := base64.StdEncoding.DecodeString(old.Cert); err == nil {
		text = decoded
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return errors.New("its certificate is none")
	}
	if again, _ := pem.Decode(rest); again != nil {
		return errors.New("it holds more than one certificate")
	}
	m.Content = &protobundle.VerificationMaterial_X509CertificateChain{X509CertificateChain: &protocommon.X509CertificateChain{
		Certificates: []*protocommon.X509Certificate{{RawBytes: block.Bytes}},
	}}
	return nil
}

// legacyContent fills in what was signed: an envelope, or the digest that the
// log entry is about.
func legacyContent(b *protobundle.Bundle, entry *protorekor.TransparencyLogEntry, signature []byte) error {
	if entry.KindVersion.Kind != "hashedrekord" {
		var env struct {
			Payload     []byte `json:"payload"`
			PayloadType string `json:"payloadType"`
			Signatures  []struct {
				KeyID string `json:"keyid"`
				Sig   []byte `json:"sig"`
			} `json:"signatures"`
		}
		if err := json.Unmarshal(signature, &env); err != nil {
			return fmt.Errorf("its envelope: %w", err)
		}
		e := &protodsse.Envelope{Payload: env.Payload, PayloadType: env.PayloadType}
		for _, s := range env.Signatures {
			e.Signatures = append(e.Signatures, &protodsse.Signature{Sig: s.Sig, Keyid: s.KeyID})
		}
		b.Content = &protobundle.Bundle_DsseEnvelope{DsseEnvelope: e}
		return nil
	}
	var body struct {
		Spec struct {
			Data struct {
				Hash struct {
					Algorithm string `json:"algorithm"`
					Value     string `json:"value"`
				} `json:"hash"`
			} `json:"data"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(entry.CanonicalizedBody, &body); err != nil {
		return fmt.Errorf("its log entry: %w", err)
	}
	hash := body.Spec.Data.Hash
	algorithm, ok := map[string]protocommon.HashAlgorithm{
		"sha256": protocommon.HashAlgorithm_SHA2_256, "sha384": protocommon.HashAlgorithm_SHA2_384, "sha512": protocommon.HashAlgorithm_SHA2_512,
	}[hash.Algorithm]
	digest, err := hex.DecodeString(hash.Value)
	if err != nil || !ok {
		return fmt.Errorf("its log entry is about a %q digest, which is not compared", clip(hash.Algorithm))
	}
	b.Content = &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
		MessageDigest: &protocommon.HashOutput{Algorithm: algorithm, Digest: digest}, Signature: signature,
	}}
	return nil
}
