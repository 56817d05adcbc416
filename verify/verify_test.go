package verify_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

const fixtures = "../testdata/bundles"

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(fixtures, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func digestOf(data []byte) fnpkg.Digest { return sha256.Sum256(data) }

func publicKey(t testing.TB, name string) trust.PublicKey {
	t.Helper()
	k, err := trust.LoadPublicKey(filepath.Join(fixtures, name))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// examine verifies one bundle.
func examine(t testing.TB, bundle []byte, digest fnpkg.Digest, keys ...trust.PublicKey) verify.BundleFact {
	t.Helper()
	f, err := verify.Verify(t.Context(), verify.Input{
		Name: "artifact.bin", Digest: digest, Keys: keys,
		Bundles: []attest.Item{{Source: "b.json", Input: "dir/b.json", JSON: bundle}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.Bundles[0]
}

// outcome is a BundleFact in one word, and the reason for it.
func outcome(b verify.BundleFact) (word, reason string) {
	switch {
	case b.Unreadable != "":
		return "unreadable", b.Unreadable
	case b.Signature.State != verify.Passed && b.Digest.State != verify.Passed:
		return "neither", b.Signature.Reason
	case b.Signature.State != verify.Passed:
		return "signature", b.Signature.Reason
	case b.Digest.State != verify.Passed:
		return "digest", b.Digest.Reason
	}
	return "proves", ""
}

// TestBundlesOfCosign verifies what cosign signed, and refuses it for every
// other key and file.
func TestBundlesOfCosign(t *testing.T) {
	artifact, other := digestOf(fixture(t, "artifact.bin")), digestOf(fixture(t, "other.bin"))
	tests := []struct {
		file, key string
		digest    fnpkg.Digest
		want      string
		says      string
	}{
		{"p256.message.json", "p256.pub", artifact, "proves", ""},
		{"rsa2048.message.json", "rsa2048.pub", artifact, "proves", ""},
		{"p256.attestation.json", "p256.pub", artifact, "proves", ""},
		{"p384.attestation.json", "p384.pub", artifact, "proves", ""},
		{"p521.attestation.json", "p521.pub", artifact, "proves", ""},
		{"rsa2048.attestation.json", "rsa2048.pub", artifact, "proves", ""},

		// Another file.
		{"p256.message.json", "p256.pub", other, "digest", "the file is " + other.String() + ", but it signs " + artifact.String()},
		{"p256.other.json", "p256.pub", artifact, "digest", "but it signs " + other.String()},
		{"p256.attestation.json", "p256.pub", other, "digest", `but it signs ` + artifact.String() + ` ("artifact.bin")`},

		// Another key.
		{"p256.message.json", "p384.pub", artifact, "signature", "it is not signed by p384.pub"},
		{"p256.message.json", "ed25519.pub", artifact, "signature", "it is not signed by ed25519.pub"},
		{"p256.message.json", "rsa2048.pub", artifact, "signature", `it says it is signed by key id "` + publicKey(t, "p256.pub").ID},
		{"ed25519.attestation.json", "p256.pub", artifact, "signature", "it is not signed by p256.pub"},
		{"p256.message.json", "p384.pub", other, "neither", "it is not signed by p384.pub"},

		// cosign prehashes for Ed25519 (Ed25519ph) and then does not verify
		// its own attestation: a bare Ed25519 key means RFC 8032's Ed25519.
		{"ed25519.attestation.json", "ed25519.pub", artifact, "signature", "does not verify with that key"},

		// Digests that are not compared.
		{"p384.message.json", "p384.pub", artifact, "digest", "SHA2_384 digest, and only the sha256"},
		{"p521.message.json", "p521.pub", artifact, "digest", "SHA2_512 digest, and only the sha256"},
		{"ed25519.message.json", "ed25519.pub", artifact, "neither", "and only SHA2_256"},

		{"p256.legacy.json", "p256.pub", artifact, "unreadable", "format cosign wrote before"},
		{"p256.pub", "p256.pub", artifact, "unreadable", "not a Sigstore bundle"},
		{"artifact.bin", "p256.pub", artifact, "unreadable", "not a Sigstore bundle"},
	}
	for _, tt := range tests {
		t.Run(tt.file+" "+tt.key, func(t *testing.T) {
			key := publicKey(t, tt.key)
			fact := examine(t, fixture(t, tt.file), tt.digest, key)
			word, reason := outcome(fact)
			if word != tt.want || !strings.Contains(reason, tt.says) {
				t.Fatalf("%s: %s, want %s: %s", word, reason, tt.want, tt.says)
			}
			if fact.Proves() != (tt.want == "proves") {
				t.Errorf("Proves() = %t", fact.Proves())
			}
			if tt.want != "proves" {
				return
			}
			want := verify.Key{ID: key.ID, Name: tt.key}
			if fact.Signer != want || fact.Hint != key.ID {
				t.Errorf("signed by %+v with hint %q, want %+v", fact.Signer, fact.Hint, want)
			}
			attestation := strings.Contains(tt.file, "attestation")
			if attestation != (fact.Kind == verify.KindAttestation) || attestation != (fact.Statement != nil) {
				t.Errorf("kind %s, statement %v", fact.Kind, fact.Statement)
			}
			if attestation && fact.PredicateType() != attest.TypeCycloneDX {
				t.Errorf("predicate type %s", fact.PredicateType())
			}
		})
	}
}

// TestSeveralKeys: any of the keys will do, and the one that signed is named
// whatever the bundle claims.
func TestSeveralKeys(t *testing.T) {
	artifact := digestOf(fixture(t, "artifact.bin"))
	keys := []trust.PublicKey{publicKey(t, "rsa2048.pub"), publicKey(t, "ed25519.pub"), publicKey(t, "p256.pub")}
	bundle := fixture(t, "p256.message.json")
	fact := examine(t, bundle, artifact, keys...)
	if !fact.Proves() || fact.Signer.Name != "p256.pub" {
		t.Errorf("%+v", fact)
	}
	// The bundle claims another of the keys: the claim decides nothing.
	lying := strings.Replace(string(bundle), keys[2].ID, keys[0].ID, 1)
	if fact := examine(t, []byte(lying), artifact, keys...); !fact.Proves() || fact.Signer.Name != "p256.pub" || fact.Hint != keys[0].ID {
		t.Errorf("%+v", fact)
	}
	if word, reason := outcome(examine(t, []byte(lying), artifact, keys[0])); word != "signature" || !strings.Contains(reason, "does not verify with that key") {
		t.Errorf("%s: %s", word, reason)
	}
}

func TestVerifyRefusesTheQuestion(t *testing.T) {
	key := publicKey(t, "p256.pub")
	if _, err := verify.Verify(t.Context(), verify.Input{Name: "a", Digest: fnpkg.Digest{1}}); !errors.Is(err, verify.ErrNoTrust) {
		t.Errorf("no key: %v", err)
	}
	if _, err := verify.Verify(t.Context(), verify.Input{Name: "a", Keys: []trust.PublicKey{key}}); !errors.Is(err, verify.ErrNoDigest) {
		t.Errorf("no digest: %v", err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]crypto.PublicKey{"P-224": &p224.PublicKey, "nothing": nil, "text": "key"} {
		_, err := verify.Verify(t.Context(), verify.Input{Name: "a", Digest: fnpkg.Digest{1}, Keys: []trust.PublicKey{{Key: k}}})
		if !errors.Is(err, trust.ErrWeakKey) && !errors.Is(err, trust.ErrKeyKind) {
			t.Errorf("%s as a key: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = verify.Verify(ctx, verify.Input{Name: "a", Digest: fnpkg.Digest{1}, Keys: []trust.PublicKey{key}, Bundles: make([]attest.Item, 1)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestUnreadItemsAndPlacesLooked(t *testing.T) {
	f, err := verify.Verify(t.Context(), verify.Input{
		Name: "a", Digest: fnpkg.Digest{1}, Keys: []trust.PublicKey{publicKey(t, "p256.pub")},
		Looked:  []string{"/some/where/a.sigstore.json"},
		Bundles: []attest.Item{{Source: "x", Input: "in/x", Named: true, Err: errors.New("no such thing")}, {Source: "y"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Looked) != 1 || f.Looked[0] != "a.sigstore.json" {
		t.Errorf("looked in %q", f.Looked)
	}
	if b := f.Bundles[0]; b.Unreadable != "no such thing" || !b.Named || b.Source != "x" || b.Input != "in/x" {
		t.Errorf("%+v", b)
	}
	if b := f.Bundles[1]; b.Unreadable == "" || b.Named {
		t.Errorf("%+v", b)
	}
}

// newSigner returns a signer with a fresh P-256 key.
func newSigner(t testing.TB) keyed {
	t.Helper()
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sign.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return keyed{s, key}
}

// keyed is a signer with the key it signs with.
type keyed struct {
	*sign.Signer
	key *trust.PrivateKey
}

// Key returns the public half.
func (k keyed) Key() trust.PublicKey { return k.key.Public() }

// statementOf returns a statement about subjects.
func statementOf(t testing.TB, subjects ...attest.Subject) []byte {
	t.Helper()
	s, err := attest.NewStatement(subjects, attest.TypeSLSAProvenance, map[string]any{"buildDefinition": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func subjectNamed(name string, digest fnpkg.Digest) attest.Subject {
	return attest.Subject{Name: name, Digest: map[string]string{"sha256": digest.Hex()}}
}

func TestSubjects(t *testing.T) {
	signer := newSigner(t)
	digest, other := fnpkg.Digest{1}, fnpkg.Digest{2}
	sha512 := attest.Subject{Name: "long", Digest: map[string]string{"sha512": strings.Repeat("ab", 64)}}
	underOtherName := attest.Subject{Name: "label", Digest: map[string]string{"md5": digest.Hex(), "sha512-256": digest.Hex()}}
	annotated := subjectNamed("annotated", other)
	annotated.Annotations = map[string]json.RawMessage{"sha256": json.RawMessage(`"` + digest.Hex() + `"`)}
	many := make([]attest.Subject, 10)
	for i := range many {
		many[i] = subjectNamed("part", fnpkg.Digest{9, byte(i)})
	}
	tests := map[string]struct {
		subjects []attest.Subject
		want     string
		says     string
	}{
		"the file":               {[]attest.Subject{subjectNamed("a", digest)}, "proves", ""},
		"one of several":         {[]attest.Subject{sha512, subjectNamed("b", other), subjectNamed("a", digest)}, "proves", ""},
		"another file":           {[]attest.Subject{subjectNamed("a", other)}, "digest", other.String() + ` ("a")`},
		"only a sha512":          {[]attest.Subject{sha512}, "digest", "which a sha256 cannot be compared with"},
		"digest as md5":          {[]attest.Subject{underOtherName}, "digest", "has a sha256"},
		"digest as annotation":   {[]attest.Subject{annotated}, "digest", other.String()},
		"many others, bounded":   {many, "digest", "7 others"},
		"name is not compared":   {[]attest.Subject{subjectNamed("something else", digest)}, "proves", ""},
		"hostile name is quoted": {[]attest.Subject{subjectNamed("\x1b[31m\n", other)}, "digest", `"\x1b[31m\n"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bundle, err := signer.SignStatement(t.Context(), statementOf(t, tt.subjects...))
			if err != nil {
				t.Fatal(err)
			}
			word, reason := outcome(examine(t, bundle, digest, signer.Key()))
			if word != tt.want || !strings.Contains(reason, tt.says) {
				t.Errorf("%s: %s, want %s: %s", word, reason, tt.want, tt.says)
			}
		})
	}
}

func BenchmarkVerifyMessage(b *testing.B) {
	benchmark(b, fixture(b, "p256.message.json"))
}

func BenchmarkVerifyAttestation(b *testing.B) {
	benchmark(b, fixture(b, "p256.attestation.json"))
}

func benchmark(b *testing.B, bundle []byte) {
	in := verify.Input{
		Name: "artifact.bin", Digest: digestOf(fixture(b, "artifact.bin")),
		Keys:    []trust.PublicKey{publicKey(b, "p256.pub")},
		Bundles: []attest.Item{{Source: "b", JSON: bundle}},
	}
	b.ReportAllocs()
	for b.Loop() {
		f, err := verify.Verify(b.Context(), in)
		if err != nil || !f.Bundles[0].Proves() {
			b.Fatalf("%v %+v", err, f)
		}
	}
}
