package sign_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

var (
	digest = fnpkg.Digest(sha256.Sum256([]byte("a function package")))
	other  = fnpkg.Digest(sha256.Sum256([]byte("another")))
)

// keys makes one key of each kind that signs.
func keys(t *testing.T) map[string]*trust.PrivateKey {
	t.Helper()
	out := make(map[string]*trust.PrivateKey)
	add := func(name string, s crypto.Signer, err error) {
		if err != nil {
			t.Fatal(err)
		}
		k, err := trust.NewPrivateKey(s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = k
	}
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		add(name, k, err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	add("Ed25519", ed, err)
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	add("RSA-2048", r, err)
	odd, err := rsa.GenerateKey(rand.Reader, 2560) // not a size of Sigstore's registry
	add("RSA-2560", odd, err)
	return out
}

func statement(t *testing.T) []byte {
	t.Helper()
	subject, err := attest.SubjectOf(fnpkg.Subject{Name: "fn.zip", Digest: digest})
	if err != nil {
		t.Fatal(err)
	}
	s, err := attest.NewStatement([]attest.Subject{subject}, attest.TypeCycloneDX, map[string]string{"bomFormat": "CycloneDX", "note": "<&>"})
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// facts verifies one bundle with the public half of key, read back from PEM.
func facts(t *testing.T, key *trust.PrivateKey, data []byte) verify.BundleFact {
	t.Helper()
	pem, err := key.Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := trust.ParsePublicKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	f, err := verify.Verify(t.Context(), verify.Input{
		Name: "fn.zip", Digest: digest, Keys: []trust.PublicKey{pub},
		Bundles: []attest.Item{{Source: "b", JSON: data}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.Bundles[0]
}

func TestSignVerifiesWithEveryKey(t *testing.T) {
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			signer, err := sign.New(key)
			if err != nil {
				t.Fatal(err)
			}
			data, err := signer.SignStatement(t.Context(), statement(t))
			if err != nil {
				t.Fatal(err)
			}
			checkLine(t, data)
			fact := facts(t, key, data)
			if !fact.Proves() || fact.Kind != verify.KindAttestation || fact.PredicateType() != attest.TypeCycloneDX {
				t.Errorf("statement: %+v", fact)
			}
			if fact.Hint != key.Public().ID || fact.Signer.ID != key.Public().ID {
				t.Errorf("signed by %q with hint %q, want %q", fact.Signer.ID, fact.Hint, key.Public().ID)
			}

			data, err = signer.SignDigest(t.Context(), digest)
			if name == "Ed25519" {
				if !errors.Is(err, sign.ErrStatementOnly) {
					t.Errorf("SignDigest: %v, want ErrStatementOnly", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkLine(t, data)
			if fact := facts(t, key, data); !fact.Proves() || fact.Kind != verify.KindMessageSignature || fact.Signed != digest {
				t.Errorf("digest: %+v", fact)
			}
		})
	}
}

// checkLine demands one line of JSON without space between its tokens.
func checkLine(t *testing.T, data []byte) {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(compact.Bytes(), data) || bytes.ContainsAny(data, "\r\n") {
		t.Errorf("not compact: %s", data)
	}
}

func TestSignRefuses(t *testing.T) {
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := sign.New(key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.SignDigest(t.Context(), fnpkg.Digest{}); err == nil {
		t.Error("a digest of zeros was signed")
	}
	twice := bytes.Replace(statement(t), []byte(`{"_type"`), []byte(`{"predicateType":"x","_type"`), 1)
	if _, err := signer.SignStatement(t.Context(), twice); err == nil {
		t.Error("a statement with two predicate types was signed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := signer.SignDigest(ctx, digest); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
}

// failingSigner is a key whose hardware answers with a signature of something
// else.
type failingSigner struct{ *ecdsa.PrivateKey }

func (f failingSigner) Sign(_ io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
	d = bytes.Clone(d)
	d[0] ^= 1
	return f.PrivateKey.Sign(rand.Reader, d, o)
}

func TestSignChecksItsOwnSignature(t *testing.T) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := trust.NewPrivateKey(failingSigner{k})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := sign.New(key)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := signer.SignDigest(t.Context(), digest); err == nil {
		t.Errorf("a bad signature was handed out: %s", data)
	}
	if data, err := signer.SignStatement(t.Context(), statement(t)); err == nil {
		t.Errorf("a bad signature was handed out: %s", data)
	}
}
