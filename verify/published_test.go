package verify_test

import (
	"context"
	"crypto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

const (
	published    = "../testdata/sigstore/"
	githubIssuer = "https://token.actions.githubusercontent.com"
	npmWorkflow  = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main"
)

// ask returns a question about a published artifact and its bundle.
func ask(t testing.TB, artifact, bundle string, ids ...verify.Identity) verify.Input {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(published, artifact))
	if err != nil {
		t.Fatal(err)
	}
	items, err := attest.ReadBundles(t.Context(), []string{filepath.Join(published, bundle)}, attest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	root, err := trust.PublicGood()
	if err != nil {
		t.Fatal(err)
	}
	return verify.Input{
		Name: artifact, Digest: digestOf(data), Bundles: items, Identities: ids, Roots: []*trust.Root{root},
		Sum: func(_ context.Context, h crypto.Hash) ([]byte, error) {
			sum := h.New()
			sum.Write(data)
			return sum.Sum(nil), nil
		},
	}
}

func answer(t testing.TB, in verify.Input) verify.BundleFact {
	t.Helper()
	f, err := verify.Verify(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return f.Bundles[0]
}

// failures are the ids of what failed.
func failures(b verify.BundleFact) string {
	var ids []string
	for _, e := range b.Examined {
		if e.State == verify.Failed {
			ids = append(ids, e.ID)
		}
	}
	return strings.Join(ids, " ")
}

func TestProvenanceOfNPM(t *testing.T) {
	const artifact, bundle = "sigstore-js-2.1.0.tgz", "sigstore-js-2.1.0-bundle.json"
	id := verify.Identity{Subject: verify.Exactly(npmWorkflow), Issuer: verify.Exactly(githubIssuer)}
	fact := answer(t, ask(t, artifact, bundle, id))
	if !fact.Proves() {
		t.Fatalf("%s: %+v", fact.Signature.Reason, fact)
	}
	c := fact.Certificate
	if c.Subject != npmWorkflow || c.Issuer != githubIssuer || c.SourceRepository != "https://github.com/sigstore/sigstore-js" ||
		c.SourceRef != "refs/heads/main" || c.RunnerEnvironment != "github-hosted" || c.SignerWorkflow != npmWorkflow {
		t.Errorf("the certificate says %+v", c)
	}
	if got := fact.Earliest().UTC().Format("2006-01-02"); got != "2023-08-29" {
		t.Errorf("signed on %s", got)
	}
	for _, e := range fact.Examined {
		if e.State != verify.Passed {
			t.Errorf("%s: %s", e.ID, e.Reason)
		}
	}

	// The only digest of its subject is a sha512: a sha256 alone proves
	// nothing about it.
	in := ask(t, artifact, bundle, id)
	in.Sum = nil
	if fact := answer(t, in); fact.Proves() || fact.Digest.State != verify.Failed || !strings.Contains(fact.Digest.Reason, "sha512") {
		t.Errorf("by sha256 alone: %+v", fact.Digest)
	}
	in = ask(t, artifact, bundle, id)
	in.Digest = fnpkg.Digest{1}
	in.Sum = func(context.Context, crypto.Hash) ([]byte, error) { return make([]byte, 64), nil }
	if fact := answer(t, in); fact.Proves() || fact.Digest.State != verify.Failed {
		t.Errorf("another file: %+v", fact.Digest)
	}

	for name, id := range map[string]verify.Identity{
		"another workflow": {Subject: verify.Exactly(npmWorkflow + "x"), Issuer: verify.Exactly(githubIssuer)},
		"another issuer":   {Subject: verify.Exactly(npmWorkflow), Issuer: verify.Exactly("https://example.com")},
		"no issuer":        {Subject: verify.Exactly(npmWorkflow)},
		"no subject":       {Issuer: verify.Exactly(githubIssuer)},
	} {
		fact := answer(t, ask(t, artifact, bundle, id))
		if fact.Proves() || failures(fact) != verify.ExamIdentity {
			t.Errorf("%s: %s", name, failures(fact))
		}
	}

	// Keys alone accept no certificate, and a certificate needs a root.
	in = ask(t, artifact, bundle)
	in.Keys = []trust.PublicKey{publicKey(t, "p256.pub")}
	if fact := answer(t, in); fact.Proves() || failures(fact) != verify.ExamIdentity {
		t.Errorf("by a key: %s", failures(fact))
	}
	in = ask(t, artifact, bundle, id)
	in.Roots = nil
	if fact := answer(t, in); fact.Proves() || failures(fact) != verify.ExamCertificate {
		t.Errorf("without a root: %s", failures(fact))
	}
}

// TestProvenanceOfGitHub: the certificate comes from an authority that the
// public-good root does not name, and the refusal says so.
func TestProvenanceOfGitHub(t *testing.T) {
	any, err := verify.Matching(".*")
	if err != nil {
		t.Fatal(err)
	}
	fact := answer(t, ask(t, "github_provenance_demo-0.0.12-py3-none-any.whl",
		"github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl", verify.Identity{Subject: any, Issuer: any}))
	if fact.Proves() || failures(fact) != verify.ExamCertificate || fact.Digest.State != verify.Passed {
		t.Errorf("%s: %+v", failures(fact), fact.Digest)
	}
	for _, want := range []string{"GitHub", "authority", "public-good"} {
		if !strings.Contains(fact.Signature.Reason, want) {
			t.Errorf("the reason does not say %q: %s", want, fact.Signature.Reason)
		}
	}
}

// TestKeyBesideIdentities: where keys and identities are both accepted, the root
// that is there for certificates demands no log entry of a key's signature; one
// that was named does.
func TestKeyBesideIdentities(t *testing.T) {
	artifact := digestOf(fixture(t, "artifact.bin"))
	root, err := trust.PublicGood()
	if err != nil {
		t.Fatal(err)
	}
	in := verify.Input{
		Name: "artifact.bin", Digest: artifact, Keys: []trust.PublicKey{publicKey(t, "p256.pub")},
		Identities: []verify.Identity{{Subject: verify.Exactly("a"), Issuer: verify.Exactly("b")}},
		Roots:      []*trust.Root{root},
		Bundles:    []attest.Item{{Source: "b", JSON: fixture(t, "p256.message.json")}},
	}
	if fact := answer(t, in); !fact.Proves() {
		t.Errorf("beside identities: %s", fact.Signature.Reason)
	}
	named, err := trust.LoadRoot("../trust/roots/public-good.json")
	if err != nil {
		t.Fatal(err)
	}
	in.Roots = []*trust.Root{named}
	if fact := answer(t, in); fact.Proves() || failures(fact) != verify.ExamLog {
		t.Errorf("under a root that was named: %q", failures(fact))
	}
}
