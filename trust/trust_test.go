package trust_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/trust"
)

const fixtures = "../testdata/bundles"

func passphrase(s string) trust.PassphraseFunc {
	return func() ([]byte, error) { return []byte(s), nil }
}

func noPassphrase(t *testing.T) trust.PassphraseFunc {
	return func() ([]byte, error) {
		t.Error("a passphrase was asked for")
		return nil, errors.New("asked")
	}
}

// TestLoadPrivateKeyOfPeers reads each key that cosign and OpenSSL wrote and
// finds in it the public key they wrote beside it.
func TestLoadPrivateKeyOfPeers(t *testing.T) {
	keys := map[string]string{ // private key: public key
		"p256.key":    "p256.pub",
		"rsa2048.key": "rsa2048.pub", "ed25519.key": "ed25519.pub",
		"openssl-pbkdf2.key": "p256.pub", "openssl-scrypt.key": "p256.pub", "openssl-aes128.key": "p256.pub",
		"openssl-sec1.key": "p256.pub", "openssl-plain.key": "p256.pub",
	}
	for private, public := range keys {
		t.Run(private, func(t *testing.T) {
			want, err := trust.LoadPublicKey(filepath.Join(fixtures, public))
			if err != nil {
				t.Fatal(err)
			}
			ask := passphrase("fixture")
			if private == "openssl-sec1.key" || private == "openssl-plain.key" {
				ask = noPassphrase(t)
			}
			key, err := trust.LoadPrivateKey(filepath.Join(fixtures, private), ask)
			if err != nil {
				t.Fatal(err)
			}
			if got := key.Public(); !got.Equal(want) || got.ID != want.ID || got.Name != private {
				t.Errorf("got %s, want the key of %s", got, want)
			}
			// Deriving a key is slow by design: two formats, one try each.
			if private == "p256.key" || private == "openssl-pbkdf2.key" {
				_, err = trust.LoadPrivateKey(filepath.Join(fixtures, private), passphrase("wrong"))
				if !errors.Is(err, trust.ErrPassphrase) || !strings.Contains(err.Error(), "wrong passphrase") {
					t.Errorf("wrong passphrase: %v", err)
				}
				if _, err = trust.LoadPrivateKey(filepath.Join(fixtures, private), nil); !errors.Is(err, trust.ErrPassphrase) {
					t.Errorf("no passphrase: %v", err)
				}
			}
		})
	}
}

// TestPublicKeyID compares ids with the hints cosign wrote.
func TestPublicKeyID(t *testing.T) {
	for _, kind := range []string{"p256", "p384", "p521", "rsa2048", "ed25519"} {
		data, err := os.ReadFile(filepath.Join(fixtures, kind+".message.json"))
		if err != nil {
			t.Fatal(err)
		}
		var bundle struct {
			VerificationMaterial struct {
				PublicKey struct{ Hint string }
			}
		}
		if err := json.Unmarshal(data, &bundle); err != nil {
			t.Fatal(err)
		}
		key, err := trust.LoadPublicKey(filepath.Join(fixtures, kind+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		if want := bundle.VerificationMaterial.PublicKey.Hint; key.ID != want || want == "" {
			t.Errorf("%s: id %q, want %q", kind, key.ID, want)
		}
	}
}

func TestGenerateMarshalParse(t *testing.T) {
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	data, err := trust.MarshalPrivateKey(key, []byte("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode(data); block == nil || block.Type != "ENCRYPTED PRIVATE KEY" {
		t.Fatalf("not encrypted PKCS#8: %s", data)
	}
	back, err := trust.ParsePrivateKey(data, passphrase("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	if !back.Public().Equal(key.Public()) {
		t.Error("another key came back")
	}
	for _, wrong := range []string{"", "open sesame "} {
		if _, err := trust.ParsePrivateKey(data, passphrase(wrong)); !errors.Is(err, trust.ErrPassphrase) {
			t.Errorf("passphrase %q: %v", wrong, err)
		}
	}
	if _, err := trust.MarshalPrivateKey(key, nil); err == nil {
		t.Error("a key was encrypted with an empty passphrase")
	}
	cause := errors.New("no terminal")
	if _, err := trust.ParsePrivateKey(data, func() ([]byte, error) { return nil, cause }); !errors.Is(err, cause) {
		t.Errorf("failing prompt: %v", err)
	}
}

// TestMarshalStrength keeps the cost of guessing a passphrase from being
// lowered unnoticed.
func TestMarshalStrength(t *testing.T) {
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	data, err := trust.MarshalPrivateKey(key, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	type algorithm struct {
		ID     asn1.ObjectIdentifier
		Params asn1.RawValue
	}
	var info struct {
		Scheme algorithm
		Data   []byte
	}
	var scheme struct{ KDF, Cipher algorithm }
	var kdf struct {
		Salt       []byte
		Iterations int
		PRF        algorithm
	}
	for _, step := range []struct {
		der func() []byte
		to  any
	}{
		{func() []byte { return block.Bytes }, &info},
		{func() []byte { return info.Scheme.Params.FullBytes }, &scheme},
		{func() []byte { return scheme.KDF.Params.FullBytes }, &kdf},
	} {
		if _, err := asn1.Unmarshal(step.der(), step.to); err != nil {
			t.Fatal(err)
		}
	}
	if got := scheme.Cipher.ID.String(); got != "2.16.840.1.101.3.4.1.42" {
		t.Errorf("cipher %s, want AES-256-CBC", got)
	}
	if got := kdf.PRF.ID.String(); got != "1.2.840.113549.2.9" || kdf.Iterations < 600_000 || len(kdf.Salt) < 16 {
		t.Errorf("PBKDF2 with %s, %d iterations, %d bytes of salt", got, kdf.Iterations, len(kdf.Salt))
	}
}

func TestPrivateKeyIsNeverPrinted(t *testing.T) {
	key, err := trust.LoadPrivateKey(filepath.Join(fixtures, "openssl-plain.key"), nil)
	if err != nil {
		t.Fatal(err)
	}
	secret := key.Signer().(*ecdsa.PrivateKey)
	raw, err := secret.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out := fmt.Sprintf(format, key)
		if strings.Contains(out, fmt.Sprintf("%x", raw)) || strings.Contains(out, new(big.Int).SetBytes(raw).String()) || strings.Contains(out, "PrivateKey{") {
			t.Errorf("%s prints the secret: %s", format, out)
		}
	}
}

func TestParsePublicKeyRefuses(t *testing.T) {
	p256, err := os.ReadFile(filepath.Join(fixtures, "p256.pub"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		file string
		data []byte
		is   error
		says string
	}{
		"P-224":       {file: "weak-p224.pub", says: ""},
		"RSA 1024":    {file: "weak-rsa1024.pub", is: trust.ErrWeakKey, says: "1024 bits"},
		"certificate": {file: "certificate.pem", is: trust.ErrKeyKind, says: "certificate"},
		"private key": {file: "openssl-plain.key", is: trust.ErrKeyKind, says: "private key"},
		"cosign key":  {file: "p256.key", is: trust.ErrKeyKind, says: "private key"},
		"no PEM":      {data: []byte("hello"), says: "no PEM block"},
		"empty":       {says: "no PEM block"},
		"two keys":    {data: append(bytes.Clone(p256), p256...), says: "more than one"},
		"other PEM":   {data: pem.EncodeToMemory(&pem.Block{Type: "SSH"}), is: trust.ErrKeyKind, says: "SSH"},
		"no key":      {data: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), says: "decoding"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			data := tt.data
			if tt.file != "" {
				if data, err = os.ReadFile(filepath.Join(fixtures, tt.file)); err != nil {
					t.Fatal(err)
				}
			}
			key, err := trust.ParsePublicKey(data)
			if err == nil {
				t.Fatalf("accepted as %s", key)
			}
			if tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := trust.ParsePublicKey(append([]byte("issued by us\n"), p256...)); err != nil {
		t.Errorf("text before the key: %v", err)
	}
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := x509.MarshalPKCS8PrivateKey(p224)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(fixtures, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tests := map[string]struct {
		data []byte
		is   error
		says string
	}{
		"P-224":           {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: weak}), trust.ErrWeakKey, "P-224"},
		"public key":      {file("p256.pub"), trust.ErrKeyKind, "public key"},
		"certificate":     {file("certificate.pem"), trust.ErrKeyKind, "CERTIFICATE"},
		"3DES":            {file("openssl-3des.key"), nil, "only PBES2"},
		"PEM encryption":  {file("openssl-dek.key"), trust.ErrKeyKind, "openssl pkcs8 -topk8"},
		"no PEM":          {[]byte("hello"), nil, "no PEM block"},
		"two keys":        {append(file("p256.key"), file("p256.key")...), nil, "more than one"},
		"no cosign box":   {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte("{")}), nil, "decoding"},
		"empty encrypted": {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY"}), nil, "not an EncryptedPrivateKeyInfo"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			key, err := trust.ParsePrivateKey(tt.data, passphrase("fixture"))
			if err == nil {
				t.Fatalf("accepted as %s", key)
			}
			if tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
			if errors.Is(err, trust.ErrPassphrase) {
				t.Errorf("blamed on the passphrase: %v", err)
			}
		})
	}
}

func TestLoadMissingKey(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "absent.pub")
	if _, err := trust.LoadPublicKey(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := trust.LoadPrivateKey(missing, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	huge := filepath.Join(t.TempDir(), "huge.pub")
	if err := os.WriteFile(huge, bytes.Repeat([]byte("-"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.LoadPublicKey(huge); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v", err)
	}
}

func FuzzParsePrivateKey(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join(fixtures, "*.key"))
	if err != nil || len(seeds) < 10 {
		f.Fatalf("%d seeds found: %v", len(seeds), err)
	}
	for _, s := range seeds {
		if strings.Contains(s, "openssl-scrypt") { // too slow to be run in numbers
			continue
		}
		data, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// Without the passphrase nothing that is encrypted may open.
		key, err := trust.ParsePrivateKey(data, passphrase("not the passphrase"))
		if err != nil {
			return
		}
		if block, _ := pem.Decode(data); block != nil && strings.HasPrefix(block.Type, "ENCRYPTED") {
			t.Fatalf("opened with any passphrase: %s", data)
		}
		pub, err := key.Public().PEM()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := trust.ParsePublicKey(pub); err != nil || !back.Equal(key.Public()) {
			t.Fatalf("its public key does not come back: %v", err)
		}
	})
}

func BenchmarkUnlock(b *testing.B) {
	key, err := trust.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	data, err := trust.MarshalPrivateKey(key, []byte("x"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := trust.ParsePrivateKey(data, passphrase("x")); err != nil {
			b.Fatal(err)
		}
	}
}
