// Package sigstore is the smallest Sigstore instance in process: a certificate
// authority that speaks Fulcio's API and an RFC 3161 timestamp authority,
// without a log. Both have clocks of their own, which can be wrong.
package sigstore

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/digitorus/timestamp"
	"github.com/sigstore/sigstore/pkg/oauthflow"

	testoidc "github.com/fnseal/fnseal/internal/testkit/oidc"
)

// Instance is a running instance.
type Instance struct {
	URL    string
	Issuer *testoidc.Issuer // whose tokens are accepted

	// How far the clocks of the authorities are ahead.
	CASkew, TSASkew time.Duration

	// Lifetime of certificates.
	Lifetime time.Duration

	// Certificates and Timestamps count what was issued.
	Certificates, Timestamps atomic.Int64

	ca, tsa authority
}

// authority is a certificate that issues.
type authority struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey

	leaf    *x509.Certificate // of the timestamp authority
	leafKey *ecdsa.PrivateKey
}

// Start runs an instance until the test ends.
func Start(t testing.TB) *Instance {
	t.Helper()
	s := &Instance{Issuer: testoidc.Start(t), Lifetime: 10 * time.Minute}
	s.ca, s.tsa = newAuthority(t, "ca"), newAuthority(t, "tsa")
	s.tsa.leafKey = newKey(t)
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "timestamps"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}, // RFC 3161 §2.3
	}
	if s.tsa.leaf, err = s.tsa.issue(template, &s.tsa.leafKey.PublicKey); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/signingCert", s.certificate)
	mux.HandleFunc("POST /api/v1/timestamp", s.timestamp)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t testing.TB, name string) authority {
	t.Helper()
	a := authority{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{"test"}}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.root = template
	root, err := a.issue(template, &a.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	a.root = root
	return a
}

func (a authority) issue(template *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, public, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// WriteFiles writes the instance's trusted root and signing configuration into
// dir, as trusted_root.json and signing_config.json.
func (s *Instance) WriteFiles(t testing.TB, dir string) (root, config string) {
	t.Helper()
	since := map[string]string{"start": time.Now().Add(-48 * time.Hour).UTC().Format(time.RFC3339)}
	chain := func(certs ...*x509.Certificate) map[string]any {
		var all []map[string][]byte
		for _, c := range certs {
			all = append(all, map[string][]byte{"rawBytes": c.Raw})
		}
		return map[string]any{"certificates": all}
	}
	authority := func(address string, certs ...*x509.Certificate) []any {
		return []any{map[string]any{"uri": address, "subject": map[string]string{"commonName": "test", "organization": "test"}, "certChain": chain(certs...), "validFor": since}}
	}
	service := func(address string) []any {
		return []any{map[string]any{"url": address, "majorApiVersion": 1, "validFor": since, "operator": "test"}}
	}
	root, config = filepath.Join(dir, "trusted_root.json"), filepath.Join(dir, "signing_config.json")
	writeJSON(t, root, map[string]any{
		"mediaType":              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"certificateAuthorities": authority(s.URL, s.ca.root),
		"timestampAuthorities":   authority(s.URL+"/api/v1/timestamp", s.tsa.leaf, s.tsa.root),
	})
	writeJSON(t, config, map[string]any{
		"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
		"caUrls":    service(s.URL), "oidcUrls": service(s.Issuer.URL),
		"tsaUrls": service(s.URL + "/api/v1/timestamp"), "tsaConfig": map[string]string{"selector": "ANY"},
	})
	return root, config
}

func writeJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// certificate issues a certificate to whoever shows a token (fulcio.proto,
// CreateSigningCertificate).
func (s *Instance) certificate(w http.ResponseWriter, r *http.Request) {
	subject, err := s.subject(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	public, err := possessed(r.Body, subject)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	cert, err := s.issue(subject, public)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.Certificates.Add(1)
	encode := func(c *x509.Certificate) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"signedCertificateDetachedSct": map[string]any{
		"chain": map[string]any{"certificates": []string{encode(cert), encode(s.ca.root)}},
	}})
}

// subject verifies the token of a request.
func (s *Instance) subject(r *http.Request) (string, error) {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return "", errors.New("no token")
	}
	p, err := oidc.NewProvider(r.Context(), s.Issuer.URL)
	if err != nil {
		return "", err
	}
	token, err := p.Verifier(&oidc.Config{ClientID: "sigstore"}).Verify(context.Background(), raw)
	if err != nil {
		return "", err
	}
	return oauthflow.SubjectFromToken(token)
}

// possessed returns the public key of a request that shows its private half is
// there: by a signature over the subject.
func possessed(body io.Reader, subject string) (*ecdsa.PublicKey, error) {
	var request struct {
		PublicKeyRequest struct {
			PublicKey         struct{ Content string }
			ProofOfPossession []byte
		}
	}
	if err := json.NewDecoder(body).Decode(&request); err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(request.PublicKeyRequest.PublicKey.Content))
	if block == nil {
		return nil, errors.New("no public key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := key.(*ecdsa.PublicKey)
	sum := sha256.Sum256([]byte(subject))
	if !ok || !ecdsa.VerifyASN1(public, sum[:], request.PublicKeyRequest.ProofOfPossession) {
		return nil, errors.New("the key is not possessed")
	}
	return public, nil
}

func (s *Instance) issue(subject string, public *ecdsa.PublicKey) (*x509.Certificate, error) {
	issuer, err := asn1.MarshalWithParams(s.Issuer.URL, "utf8")
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	now := time.Now().Add(s.CASkew)
	return s.ca.issue(&x509.Certificate{
		SerialNumber: serial, NotBefore: now, NotAfter: now.Add(s.Lifetime), EmailAddresses: []string{subject},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		// fulcio, docs/oid-info.md: the issuer, in the form since 2022.
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, Value: issuer}},
	}, public)
}

func (s *Instance) timestamp(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	request, err := timestamp.ParseRequest(data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := (&timestamp.Timestamp{
		HashAlgorithm: request.HashAlgorithm, HashedMessage: request.HashedMessage, Time: time.Now().Add(s.TSASkew),
		Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}, Nonce: request.Nonce,
	}).CreateResponseWithOpts(s.tsa.leaf, s.tsa.leafKey, crypto.SHA256)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.Timestamps.Add(1)
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(answer)
}
