package verify_test

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	kit "github.com/fnseal/fnseal/internal/testkit/sigstorekit"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// keyless verifies a bundle of the kit under its root.
func keyless(t testing.TB, root *trust.Root, artifact, bundle []byte) verify.BundleFact {
	t.Helper()
	f, err := verify.Verify(t.Context(), verify.Input{
		Name: "artifact", Digest: fnpkg.Digest(sha256.Sum256(artifact)), Roots: []*trust.Root{root},
		Identities: []verify.Identity{{Subject: verify.Exactly(kit.CaseIdentity), Issuer: verify.Exactly(kit.CaseIssuer)}},
		Bundles:    []attest.Item{{Source: "b.json", JSON: bundle}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.Bundles[0]
}

// TestMutatedKeylessBundles: of the mutations of a bundle, which are generated
// from it, those alone are accepted that change nothing that is signed or
// relied on. They are listed.
func TestMutatedKeylessBundles(t *testing.T) {
	instance, other := kit.New(t), kit.New(t)
	root, err := trust.ParseRoot(instance.TrustedRoot(), "root.json")
	if err != nil {
		t.Fatal(err)
	}
	artifact := []byte("artifact")
	message := func(r kit.Request) kit.Request {
		r.Artifact = artifact
		r.Certificate = kit.CertificateRequest{Subjects: []string{kit.CaseIdentity}}
		return r
	}
	attestation := func(r kit.Request) kit.Request {
		r = message(r)
		r.Artifact, r.Statement = nil, kit.Statement(t, artifact, "https://example.com/test", map[string]any{"a": 1})
		return r
	}
	first := kit.Request{Entries: []kit.Entry{{Promise: true, Proof: true}}, Stamps: []kit.Timestamp{{}}}
	second := kit.Request{Entries: []kit.Entry{{V2: true, Proof: true}}, Stamps: []kit.Timestamp{{}}}
	oldest := kit.Request{Version: "0.1", Entries: []kit.Entry{{Promise: true}}}

	// What is accepted says what the control says, and is one of these: the
	// version of the format, evidence beyond what suffices, and the parts of a
	// timestamp that its authority does not sign.
	stamps := "verificationMaterial.timestampVerificationData.rfc3161Timestamps"
	harmless := map[string]bool{
		"alter character of mediaType":                        true, // of v0.3, into v0.2
		"double " + stamps + ".0":                             true,
		"alter character of " + stamps + ".0.signedTimestamp": true,
		"flip byte of " + stamps + ".0.signedTimestamp":       true,
	}
	sufficient := map[string]bool{
		"drop " + strings.TrimSuffix(stamps, ".rfc3161Timestamps"): true,
		"drop " + stamps: true, "drop " + stamps + ".0": true,
		"replace " + strings.TrimSuffix(stamps, ".rfc3161Timestamps"): true,
		"replace " + stamps: true,
		"drop verificationMaterial.tlogEntries.0.inclusionPromise":                         true,
		"drop verificationMaterial.tlogEntries.0.inclusionPromise.signedEntryTimestamp":    true,
		"replace verificationMaterial.tlogEntries.0.inclusionPromise":                      true,
		"replace verificationMaterial.tlogEntries.0.inclusionPromise.signedEntryTimestamp": true,
	}
	for name, control := range map[string]kit.Request{
		"message, first generation":      message(first),
		"message, second generation":     message(second),
		"attestation, first generation":  attestation(first),
		"attestation, second generation": attestation(second),
		"message, v0.1":                  message(oldest),
	} {
		allowed := maps.Clone(harmless)
		if strings.Contains(name, "first") { // log and timestamp both prove the time
			maps.Copy(allowed, sufficient)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bundle := instance.Sign(control).Bytes(t)
			if fact := keyless(t, root, artifact, bundle); !fact.Proves() {
				t.Fatalf("the control: %s", fact.Signature.Reason)
			}
			elsewhere, stranger := control, control
			elsewhere.Artifact = []byte("another artifact")
			if control.Statement != nil {
				elsewhere.Artifact, elsewhere.Statement = nil, kit.Statement(t, []byte("another artifact"), "https://example.com/test", map[string]any{})
			}
			stranger.Certificate.Subjects = []string{"https://github.com/evil/repo/.github/workflows/release.yml@refs/heads/main"}
			donors := map[string]*node{
				"another file":     parseNode(t, instance.Sign(elsewhere).Bytes(t)),
				"another signer":   parseNode(t, instance.Sign(stranger).Bytes(t)),
				"another signing":  parseNode(t, instance.Sign(control).Bytes(t)),
				"another instance": parseNode(t, other.Sign(control).Bytes(t)),
			}
			all := mutations(t, bundle, donors, 17)
			if len(all) < 1000 {
				t.Fatalf("only %d mutations were made", len(all))
			}
			accepted, outcomes := tryAll(t, root, artifact, bundle, all)
			t.Logf("%d mutations: %v", len(all), outcomes)
			for _, name := range accepted {
				if !allowed[kindOfMutation(name)] {
					t.Errorf("accepted: %s", name)
				}
			}
		})
	}
}

// tryAll verifies every mutation and returns the names of those accepted
// though they differ, and how often each check refused one.
func tryAll(t *testing.T, root *trust.Root, artifact, bundle []byte, all map[string]string) (accepted []string, outcomes map[string]int) {
	outcomes = make(map[string]int)
	control := decode(bundle)
	meant := keyless(t, root, artifact, bundle)
	var mu sync.Mutex
	var wg sync.WaitGroup
	names := make(chan string)
	for range 2 {
		wg.Go(func() {
			for name := range names {
				fact := keyless(t, root, artifact, []byte(all[name]))
				same := proto.Equal(decode([]byte(all[name])), control)
				mu.Lock()
				switch {
				case same && !fact.Proves():
					t.Errorf("%s: refused, though it says the same: %s", name, fact.Signature.Reason)
				case same:
					outcomes["spelled otherwise"]++
				case fact.Proves():
					accepted = append(accepted, name)
					if diff := differences(meant, fact); diff != "" {
						t.Errorf("%s: accepted as something else: %s", name, diff)
					}
				case fact.Unreadable != "":
					outcomes["unreadable"]++
				case failures(fact) == "":
					outcomes["digest"]++
				default:
					outcomes[strings.Fields(failures(fact))[0]]++
				}
				mu.Unlock()
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		names <- name
	}
	close(names)
	wg.Wait()
	slices.Sort(accepted)
	return accepted, outcomes
}

// differences compares what two accepted bundles say. One of them may have less
// evidence of it.
func differences(want, got verify.BundleFact) string {
	for _, at := range got.Times {
		if !slices.Contains(want.Times, at) {
			return "another time"
		}
	}
	got.Times, want.Times = nil, nil
	got.Examined, want.Examined = nil, nil
	got.MediaType, want.MediaType = "", ""
	return cmp.Diff(want, got)
}

// kindOfMutation is a mutation's name without the place in a text.
func kindOfMutation(name string) string {
	words := strings.Fields(name)
	switch path := words[len(words)-1]; {
	case words[0] == "alter":
		return "alter character of " + path
	case words[0] == "flip":
		return "flip byte of " + path
	case words[0] == "replace":
		return "replace " + path
	}
	return name
}
