package verify_test

import (
	"bytes"
	"slices"
	"testing"

	kit "github.com/fnseal/fnseal/internal/testkit/sigstorekit"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// FuzzKeyless splices bytes into bundles. One that is accepted was signed by the
// instance's signer, at the time it signed, and says what it signed; nothing is
// accepted of an artifact nobody signed. The keys are fresh in every process, so
// what is fuzzed is what is done to a bundle, not the bundle.
func FuzzKeyless(f *testing.F) {
	instance := kit.New(f)
	root, err := trust.ParseRoot(instance.TrustedRoot(), "root.json")
	if err != nil {
		f.Fatal(err)
	}
	artifact := []byte("artifact")
	statement := kit.Statement(f, artifact, "https://example.com/test", map[string]any{"a": 1})
	certificate := kit.CertificateRequest{Subjects: []string{kit.CaseIdentity}}
	var genuine []*kit.Bundle
	for _, r := range []kit.Request{
		{Artifact: artifact}, {Statement: statement}, {Artifact: artifact, Version: "0.1"},
		{Artifact: artifact, Entries: []kit.Entry{{V2: true, Proof: true}}, Stamps: []kit.Timestamp{{}}},
		{Statement: statement, Entries: []kit.Entry{{V2: true, Proof: true}}, Stamps: []kit.Timestamp{{}}},
		{Statement: statement, Entries: []kit.Entry{{Kind: "intoto", Promise: true, Proof: true}}},
		{Artifact: artifact, Entries: []kit.Entry{{Promise: true, Proof: true, NoTree: true}}},
	} {
		r.Certificate = certificate
		b := instance.Sign(r)
		f.Add(uint8(len(genuine)), uint16(0), uint16(0), []byte(nil))
		f.Add(uint8(len(genuine)), uint16(300), uint16(1), []byte("A"))
		f.Add(uint8(len(genuine)), uint16(1), uint16(0), []byte(`"mediaType":"x",`))
		genuine = append(genuine, b)
	}
	f.Fuzz(func(t *testing.T, which uint8, at, cut uint16, insert []byte) {
		whole := genuine[int(which)%len(genuine)].Bytes(t)
		from := min(int(at), len(whole))
		to := min(from+int(cut), len(whole))
		data := slices.Concat(whole[:from], insert, whole[to:])
		if fact := keyless(t, root, []byte("another artifact"), data); fact.Proves() {
			t.Fatalf("accepted of what nobody signed: %s", data)
		}
		fact := keyless(t, root, artifact, data)
		if !fact.Proves() {
			return
		}
		for _, b := range genuine {
			if fact.Certificate.NotBefore.Equal(b.Leaf.NotBefore) && sameAs(fact, b) {
				return
			}
		}
		t.Fatalf("accepted though nobody signed it: %s", data)
	})
}

// sameAs reports whether an accepted bundle is by the signer of b, from when b
// was signed, and says what b says.
func sameAs(fact verify.BundleFact, b *kit.Bundle) bool {
	for _, at := range fact.Times {
		if !at.At.Equal(b.At) {
			return false
		}
	}
	if len(fact.Times) == 0 || fact.Certificate.Subject != kit.CaseIdentity {
		return false
	}
	if b.Payload == nil {
		return fact.Statement == nil
	}
	return fact.Statement != nil && bytes.Contains(b.Payload, []byte(fact.PredicateType()))
}
