package sigstorekit

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

const payloadType = "application/vnd.in-toto+json"

// Bundle is a bundle with what it was made from.
type Bundle struct {
	JSON      map[string]any
	At        time.Time
	Key       *ecdsa.PrivateKey
	Leaf      *x509.Certificate // nil where it was signed with a bare key
	Artifact  []byte            // of a message signature
	Payload   []byte            // of an attestation
	Signature []byte
}

// Bytes returns the bundle as JSON.
func (b *Bundle) Bytes(t testing.TB) []byte {
	t.Helper()
	data, err := json.Marshal(b.JSON)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// signed is the text the signature is made over (DSSE, protocol.md).
func (b *Bundle) signed() []byte {
	if b.Payload == nil {
		return b.Artifact
	}
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(b.Payload), b.Payload)
}

func (b *Bundle) keyPEM(t testing.TB) []byte {
	t.Helper()
	if b.Leaf != nil {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Leaf.Raw})
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(t, b.Key.Public())})
}

// Request asks for a bundle. Its zero value, with an artifact or a statement,
// asks for a v0.3 bundle as the public-good instance makes it: a certificate
// with an SCT, an entry in the log of the first generation.
type Request struct {
	Artifact  []byte // to be signed by itself; or
	Statement []byte // to be signed in an envelope

	Key  *ecdsa.PrivateKey // signs; fresh if nil
	Bare bool              // with the key alone, without a certificate

	Certificate CertificateRequest // for dev@example.com, by GitHubIssuer, valid around At
	Authority   *Instance          // issues it; the instance itself if nil
	At          time.Time          // Epoch if zero

	Version string      // "0.1", "0.2" or "0.3", the last if empty
	Entries []Entry     // nil for one of the first generation with promise and proof
	Stamps  []Timestamp // from timestamp authorities
}

// Timestamp asks for a timestamp.
type Timestamp struct {
	At       time.Time  // when it was signed if zero
	Of       []byte     // the signature it is of; the bundle's own if nil
	By       *Instance  // the instance's own if nil
	Signer   *authority // the authority's own if nil
	Embedded bool       // carries the authority's certificate
}

// NoEntries asks for a bundle that is in no log.
var NoEntries = []Entry{}

// Sign makes a bundle.
func (i *Instance) Sign(r Request) *Bundle {
	i.t.Helper()
	if r.At.IsZero() {
		r.At = Epoch
	}
	if r.Version == "" {
		r.Version = "0.3"
	}
	if r.Entries == nil {
		r.Entries = []Entry{{Promise: true, Proof: true}}
	}
	b := &Bundle{At: r.At, Key: r.Key, Artifact: r.Artifact, Payload: r.Statement}
	if b.Key == nil {
		b.Key = i256(i.t)
	}
	if !r.Bare {
		c := r.Certificate
		if c.Subjects == nil {
			c.Subjects = []string{"dev@example.com"}
		}
		if c.Issuer == "" {
			c.Issuer = GitHubIssuer
		}
		if c.From.IsZero() {
			c.From = r.At.Add(-time.Minute)
		}
		by := i
		if r.Authority != nil {
			by = r.Authority
		}
		b.Leaf = by.Certificate(b.Key.Public(), c)
	}
	sum := sha256.Sum256(b.signed())
	var err error
	if b.Signature, err = b.Key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
		i.t.Fatal(err)
	}
	i.assemble(b, r)
	return b
}

func (i *Instance) assemble(b *Bundle, r Request) {
	i.t.Helper()
	material := map[string]any{}
	switch {
	case b.Leaf == nil:
		material["publicKey"] = map[string]any{"hint": base64.StdEncoding.EncodeToString(logID(i.t, b.Key.Public()))}
	case r.Version == "0.3":
		material["certificate"] = map[string]any{"rawBytes": b.Leaf.Raw}
	default:
		material["x509CertificateChain"] = map[string]any{"certificates": []any{map[string]any{"rawBytes": b.Leaf.Raw}}}
	}
	var entries []any
	for _, e := range r.Entries {
		entries = append(entries, i.entry(e, b))
	}
	if entries != nil {
		material["tlogEntries"] = entries
	}
	var stamps []any
	for _, s := range r.Stamps {
		stamps = append(stamps, map[string]any{"signedTimestamp": i.timestamp(s, b)})
	}
	if stamps != nil {
		material["timestampVerificationData"] = map[string]any{"rfc3161Timestamps": stamps}
	}
	b.JSON = map[string]any{"mediaType": MediaType(r.Version), "verificationMaterial": material}
	if b.Payload != nil {
		b.JSON["dsseEnvelope"] = map[string]any{
			"payload": b.Payload, "payloadType": payloadType,
			"signatures": []any{map[string]any{"sig": b.Signature}},
		}
		return
	}
	sum := sha256.Sum256(b.Artifact)
	b.JSON["messageSignature"] = map[string]any{
		"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": sum[:]},
		"signature":     b.Signature,
	}
}

// MediaType returns the media type of bundles of a version.
func MediaType(version string) string {
	if version == "0.3" {
		return "application/vnd.dev.sigstore.bundle.v0.3+json"
	}
	return "application/vnd.dev.sigstore.bundle+json;version=" + version
}

// timestamp vouches that a signature existed (RFC 3161).
func (i *Instance) timestamp(s Timestamp, b *Bundle) []byte {
	i.t.Helper()
	by := i
	if s.By != nil {
		by = s.By
	}
	signer := by.tsa
	if s.Signer != nil {
		signer = s.Signer
	}
	if s.At.IsZero() {
		s.At = b.At
	}
	if s.Of == nil {
		s.Of = b.Signature
	}
	request, err := timestamp.CreateRequest(bytes.NewReader(s.Of), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: s.Embedded})
	if err != nil {
		i.t.Fatal(err)
	}
	asked, err := timestamp.ParseRequest(request)
	if err != nil {
		i.t.Fatal(err)
	}
	answer := timestamp.Timestamp{
		HashAlgorithm: asked.HashAlgorithm, HashedMessage: asked.HashedMessage, Time: s.At,
		Policy:            asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
		AddTSACertificate: s.Embedded,
	}
	der, err := answer.CreateResponseWithOpts(signer.cert, signer.key, crypto.SHA256)
	if err != nil {
		i.t.Fatal(err)
	}
	return der
}

// Statement returns an in-toto statement that names an artifact.
func Statement(t testing.TB, artifact []byte, predicateType string, predicate any) []byte {
	t.Helper()
	data, err := json.Marshal(map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"name": "artifact", "digest": map[string]string{"sha256": fmt.Sprintf("%x", sha256.Sum256(artifact))}}},
		"predicateType": predicateType, "predicate": predicate,
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}
