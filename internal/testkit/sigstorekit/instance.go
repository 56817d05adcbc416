// Package sigstorekit is a Sigstore instance in memory: an authority with its
// log of certificates, transparency logs of both generations and a timestamp
// authority. It makes the bundles a real one makes, at any time and with any
// part left out, made by somebody else or about something else, so that tests
// can show what each check is for.
//
// Everything is made to the formats' specifications with the standard library
// and does not use the code that verifies it.
package sigstorekit

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"testing"
	"time"
)

// Epoch is when signatures are made unless a request says otherwise. It lies
// in the past of every run, so that nothing depends on the time of day.
var Epoch = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// Origins of the logs' checkpoints.
const (
	OriginV1 = "rekor.test"
	OriginV2 = "log2025.rekor.test"
)

// Instance holds the keys of a Sigstore instance.
type Instance struct {
	t testing.TB

	root, authority *authority // Fulcio's root and the intermediate that issues
	tsaRoot, tsa    *authority // the timestamp authority's root and its signer
	ctKey           *ecdsa.PrivateKey
	logV1           *ecdsa.PrivateKey
	logV2           ed25519.PrivateKey
}

// authority is a certificate and its key.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New returns an instance with fresh keys.
func New(t testing.TB) *Instance {
	t.Helper()
	i := &Instance{t: t, ctKey: i256(t), logV1: i256(t)}
	var err error
	if _, i.logV2, err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	years := func(n int) time.Time { return Epoch.AddDate(n, 0, 0) }
	i.root = i.issue(nil, &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{"sigstore.test"}, CommonName: "root"},
		NotBefore: years(-5), NotAfter: years(20),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
	})
	i.authority = i.issue(i.root, &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{"sigstore.test"}, CommonName: "intermediate"},
		NotBefore: years(-4), NotAfter: years(15),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	i.tsaRoot = i.issue(nil, &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{"sigstore.test"}, CommonName: "tsa-root"},
		NotBefore: years(-5), NotAfter: years(20),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
	})
	i.tsa = i.NewTSA(years(-1), years(9))
	return i
}

// NewTSA returns a signer of timestamps under the instance's root that is valid
// for a period.
func (i *Instance) NewTSA(from, until time.Time) *authority {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		i.t.Fatal(err)
	}
	return i.issue(i.tsaRoot, &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{"sigstore.test"}, CommonName: "tsa"},
		NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature,
		// Critical, which x509 does not make it by itself (RFC 3161 §2.3).
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	})
}

func (i *Instance) issue(parent *authority, template *x509.Certificate) *authority {
	i.t.Helper()
	key := i256(i.t)
	if parent == nil {
		parent = &authority{template, key}
	}
	template.SerialNumber = serial(i.t)
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, &key.PublicKey, parent.key)
	if err != nil {
		i.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return &authority{cert, key}
}

// TrustedRoot returns the instance's trusted root, after each change was made
// to it.
func (i *Instance) TrustedRoot(changes ...func(root map[string]any)) []byte {
	i.t.Helper()
	period := func() map[string]any { return map[string]any{"start": stamp(Epoch.AddDate(-3, 0, 0))} }
	log := func(url string, key crypto.PublicKey, details string) map[string]any {
		return map[string]any{
			"baseUrl": url, "hashAlgorithm": "SHA2_256",
			"publicKey": map[string]any{"rawBytes": spki(i.t, key), "keyDetails": details, "validFor": period()},
			"logId":     map[string]any{"keyId": logID(i.t, key)},
		}
	}
	chain := func(certs ...*x509.Certificate) map[string]any {
		var list []any
		for _, c := range certs {
			list = append(list, map[string]any{"rawBytes": c.Raw})
		}
		return map[string]any{"certificates": list}
	}
	root := map[string]any{
		"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"tlogs": []any{
			log("https://"+OriginV1, &i.logV1.PublicKey, "PKIX_ECDSA_P256_SHA_256"),
			log("https://"+OriginV2, i.logV2.Public(), "PKIX_ED25519"),
		},
		"ctlogs": []any{log("https://ct.test", &i.ctKey.PublicKey, "PKIX_ECDSA_P256_SHA_256")},
		"certificateAuthorities": []any{map[string]any{
			"uri": "https://fulcio.test", "certChain": chain(i.authority.cert, i.root.cert), "validFor": period(),
		}},
		"timestampAuthorities": []any{map[string]any{
			"uri": "https://tsa.test", "certChain": chain(i.tsa.cert, i.tsaRoot.cert), "validFor": period(),
		}},
	}
	for _, change := range changes {
		change(root)
	}
	data, err := json.Marshal(root)
	if err != nil {
		i.t.Fatal(err)
	}
	return data
}

// Without returns a change of a trusted root that takes a part out of it.
func Without(part string) func(map[string]any) {
	return func(root map[string]any) { delete(root, part) }
}

// ValidUntil returns a change of a trusted root that ends the period of the
// first of a part: of a log's key or of an authority.
func ValidUntil(part string, end time.Time) func(map[string]any) {
	return func(root map[string]any) {
		for _, one := range root[part].([]any) {
			m := one.(map[string]any)
			if key, ok := m["publicKey"].(map[string]any); ok {
				m = key
			}
			m["validFor"].(map[string]any)["end"] = stamp(end)
		}
	}
}

func i256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func spki(t testing.TB, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// logID identifies a log by its key (RFC 6962 §3.2).
func logID(t testing.TB, key crypto.PublicKey) []byte {
	t.Helper()
	sum := sha256.Sum256(spki(t, key))
	return sum[:]
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
