//go:build e2e

package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// keyKinds makes a key of each kind.
func keyKinds(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	keys := map[string]crypto.Signer{}
	add := func(name string, k crypto.Signer, err error) {
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = k
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	add("p256", p256, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	add("p384", p384, err)
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	add("rsa", rsa2048, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	add("ed25519", ed, err)
	return keys
}

func writePEM(t *testing.T, path, kind string, der []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// TestKeysAndServices has keys sign with a log and a timestamp, and all of it
// verified by fnseal and by cosign.
func TestKeysAndServices(t *testing.T) {
	s := startSigstore(t)
	for name, key := range keyKinds(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			der, err := x509.MarshalPKCS8PrivateKey(key)
			writePEM(t, filepath.Join(dir, "k.key"), "PRIVATE KEY", der, err)
			der, err = x509.MarshalPKIXPublicKey(key.Public())
			writePEM(t, filepath.Join(dir, "k.pub"), "PUBLIC KEY", der, err)
			writeFile(t, filepath.Join(dir, "app.bin"), []byte(name))
			writeFile(t, filepath.Join(dir, "p.json"), []byte("{}"))
			services := []string{"--key", "k.key", "--signing-config", s.config, "--trusted-root", s.root}

			r := exits(t, dir, nil, tool(t, "fnseal"), append([]string{"sign", "app.bin", "--bundle", "m.json"}, services...)...)
			switch name {
			case "ed25519":
				if r.code != 1 || !strings.Contains(r.stderr, "signs statements") {
					t.Errorf("want exit code 1 and a reason: %v", r)
				}
			case "p384":
				if r.code != 1 || !strings.Contains(r.stderr, "over SHA-384 only") {
					t.Errorf("want exit code 1 and a reason: %v", r)
				}
			default:
				if r.code != 0 {
					t.Fatal(r)
				}
				run(t, dir, nil, tool(t, "fnseal"), "verify", "app.bin", "--bundle", "m.json", "--key", "k.pub", "--trusted-root", s.root)
				run(t, dir, nil, tool(t, "cosign"), "verify-blob", "app.bin", "--bundle", "m.json", "--key", "k.pub", "--trusted-root", s.root)
			}
			r = exits(t, dir, nil, tool(t, "fnseal"), append([]string{"attest", "app.bin", "--type", reviewType, "--predicate", "p.json", "--bundle", "a.json"}, services...)...)
			if name == "ed25519" {
				if r.code != 1 || !strings.Contains(r.stderr, "which Ed25519 keys do not make") {
					t.Errorf("want exit code 1 and a reason: %v", r)
				}
				return
			}
			if r.code != 0 {
				t.Fatal(r)
			}
			run(t, dir, nil, tool(t, "fnseal"), "verify", "app.bin", "--bundle", "a.json", "--key", "k.pub", "--trusted-root", s.root, "--type", reviewType)
			more := []string{}
			if name == "p384" {
				more = []string{"--signature-digest-algorithm", "sha384"}
			}
			run(t, dir, nil, tool(t, "cosign"), append([]string{"verify-blob-attestation", "app.bin", "--bundle", "a.json", "--key", "k.pub", "--trusted-root", s.root, "--type", reviewType}, more...)...)
		})
	}
}

// TestTimestampURL has a key's signature timestamped and nothing else.
func TestTimestampURL(t *testing.T) {
	s := startSigstore(t)
	dir := t.TempDir()
	private, public := keypair(t, dir, "k")
	writeFile(t, filepath.Join(dir, "app.bin"), []byte("x"))
	run(t, dir, nil, tool(t, "fnseal"), "sign", "app.bin", "--key", private, "--timestamp-url", s.tsa+"/api/v1/timestamp", "--trusted-root", s.root)
	if bundle := string(readFile(t, filepath.Join(dir, "app.bin.sigstore.json"))); !strings.Contains(bundle, "rfc3161Timestamps") || strings.Contains(bundle, "tlogEntries") {
		t.Errorf("want a timestamp and no log entry: %s", bundle)
	}
	run(t, dir, nil, tool(t, "cosign"), "verify-blob", "app.bin", "--bundle", "app.bin.sigstore.json", "--key", public, "--trusted-root", s.root, "--insecure-ignore-tlog", "--use-signed-timestamps")

	// A root that does not know the authority: nobody could verify it.
	r := exits(t, dir, nil, tool(t, "fnseal"), "sign", "app.bin", "--key", private, "--timestamp-url", s.tsa+"/api/v1/timestamp", "--bundle", "other.json")
	if r.code != 4 || !strings.Contains(r.stderr, "does not verify") {
		t.Errorf("want exit code 4: %v", r)
	}
}

// TestCertificateChain signs with a key that has a certificate of a private
// authority.
func TestCertificateChain(t *testing.T) {
	s := startSigstore(t)
	dir := t.TempDir()
	issue := func(template, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
		t.Helper()
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
		template.SerialNumber = big.NewInt(time.Now().UnixNano())
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	newKey := func() *ecdsa.PrivateKey {
		t.Helper()
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	rootKey, midKey, key := newKey(), newKey(), newKey()
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	top := authority("root")
	top = issue(top, top, rootKey.Public(), rootKey)
	mid := issue(authority("intermediate"), top, midKey.Public(), rootKey)
	leaf := issue(&x509.Certificate{Subject: pkix.Name{CommonName: "release"}, EmailAddresses: []string{"release@shop.example"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}, mid, key.Public(), midKey)
	wrongUse := issue(&x509.Certificate{Subject: pkix.Name{CommonName: "web"}, DNSNames: []string{"shop.example"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, mid, key.Public(), midKey)

	der, err := x509.MarshalPKCS8PrivateKey(key)
	writePEM(t, filepath.Join(dir, "k.key"), "PRIVATE KEY", der, err)
	der, err = x509.MarshalPKCS8PrivateKey(newKey())
	writePEM(t, filepath.Join(dir, "other.key"), "PRIVATE KEY", der, err)
	chain := func(name string, certs ...*x509.Certificate) {
		var all []byte
		for _, c := range certs {
			all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
		}
		writeFile(t, filepath.Join(dir, name), all)
	}
	chain("chain.pem", leaf, mid, top)
	chain("authorities.pem", mid, top)
	chain("use.pem", wrongUse, mid, top)
	chain("gap.pem", leaf, top)
	writeFile(t, filepath.Join(dir, "app.bin"), []byte("x"))
	writeFile(t, filepath.Join(dir, "t.pem"), await(t, s.tsa+"/api/v1/timestamp/certchain"))
	run(t, dir, nil, tool(t, "cosign"), "trusted-root", "create", "--out", "root.json",
		"--fulcio=url=http://ca.example,certificate-chain=authorities.pem", "--tsa=url="+s.tsa+",certificate-chain=t.pem")

	stamp := []string{"--timestamp-url", s.tsa + "/api/v1/timestamp", "--trusted-root", "root.json"}
	r := run(t, dir, nil, tool(t, "fnseal"), append([]string{"sign", "app.bin", "--key", "k.key", "--certificate-chain", "chain.pem"}, stamp...)...)
	if !strings.Contains(r.stderr, "with release@shop.example") {
		t.Errorf("it does not name the certificate's owner: %v", r)
	}
	run(t, dir, nil, tool(t, "cosign"), "verify-blob", "app.bin", "--bundle", "app.bin.sigstore.json", "--trusted-root", "root.json",
		"--certificate-identity", "release@shop.example", "--certificate-oidc-issuer-regexp", ".*", "--insecure-ignore-sct", "--insecure-ignore-tlog", "--use-signed-timestamps")

	for _, tt := range []struct{ key, chain, says string }{
		{"other.key", "chain.pem", "another key"},
		{"k.key", "use.pem", "code signing"},
		{"k.key", "gap.pem", "not issued by the one that follows"},
		{"k.key", "k.key", "PRIVATE KEY"},
		{"k.key", "nowhere.pem", "nowhere.pem"},
	} {
		r := exits(t, dir, nil, tool(t, "fnseal"), append([]string{"sign", "app.bin", "--key", tt.key, "--certificate-chain", tt.chain, "--bundle", "no.json"}, stamp...)...)
		if r.code != 1 || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("%s with %s: want exit code 1 and %q: %v", tt.key, tt.chain, tt.says, r)
		}
	}
}
