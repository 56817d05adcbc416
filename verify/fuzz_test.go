package verify_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// FuzzVerify reads bytes as a file of bundles and verifies what is in it. The
// keys signed artifact.bin and other.bin and nothing else: whatever the bytes
// are, nothing is proven of another file, and nothing by what they did not
// sign.
func FuzzVerify(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join(fixtures, "*.json"))
	if err != nil || len(seeds) < 10 {
		f.Fatalf("%d seeds found: %v", len(seeds), err)
	}
	var signed [][]byte // what the keys signed, as bundles
	var all []byte
	for _, s := range seeds {
		data, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		all = append(append(all, data...), '\n')
		if decode(data) != nil {
			signed = append(signed, data)
		}
	}
	f.Add(all)
	var keys []trust.PublicKey
	for _, name := range []string{"p256.pub", "rsa2048.pub"} {
		keys = append(keys, publicKey(f, name))
	}
	artifact := digestOf(fixture(f, "artifact.bin"))
	limits := attest.Limits{BundleBytes: 1 << 20, FileBytes: 1 << 20, Bundles: 50}

	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := attest.ParseBundles(t.Context(), bytes.NewReader(data), "f.json", limits)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) == 0 {
			t.Fatal("a file that was named yields nothing")
		}
		for _, digest := range []fnpkg.Digest{artifact, {1}} {
			facts, err := verify.Verify(t.Context(), verify.Input{Name: "a", Digest: digest, Bundles: items, Keys: keys})
			if err != nil {
				t.Fatal(err)
			}
			if len(facts.Bundles) != len(items) {
				t.Fatalf("%d facts about %d bundles", len(facts.Bundles), len(items))
			}
			for i, fact := range facts.Bundles {
				if !fact.Proves() {
					continue
				}
				if digest != artifact {
					t.Fatalf("a file nobody signed is accepted: %s", items[i].JSON)
				}
				if !genuine(items[i].JSON, signed) {
					t.Fatalf("a bundle nobody signed is accepted: %s", items[i].JSON)
				}
			}
		}
	})
}

// genuine reports whether a bundle holds what one of those signed holds. The
// hint and the log entries that nobody asked for may differ, and so may the s
// of an ECDSA signature, which has two.
func genuine(bundle []byte, signed [][]byte) bool {
	b := decode(bundle)
	for _, s := range signed {
		g := decode(s)
		if m := g.GetMessageSignature(); m != nil && proto.Equal(m.GetMessageDigest(), b.GetMessageSignature().GetMessageDigest()) {
			return true
		}
		if e := g.GetDsseEnvelope(); e != nil && bytes.Equal(e.GetPayload(), b.GetDsseEnvelope().GetPayload()) {
			return true
		}
	}
	return false
}
