package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/verify"
)

// certified are facts about a file with one provenance, by a workflow of a
// repository, that was accepted.
func certified(change func(b *verify.BundleFact, claims map[string]string)) verify.Facts {
	claims := map[string]string{
		"repository": "https://github.com/org/repo", "ref": "refs/heads/main", "path": ".github/workflows/release.yml",
		"commit": "c0ffee", "runner": "github-hosted", "run": "https://github.com/org/repo/actions/runs/1/attempts/1",
	}
	passed := verify.Result{State: verify.Passed}
	b := verify.BundleFact{
		Source: "b.json", Kind: verify.KindAttestation, Signature: passed, Digest: passed, SubjectNames: []string{"app.zip"},
		Examined: []verify.Examination{{ID: verify.ExamSignature, Result: passed}, {ID: verify.ExamIdentity, Result: passed}},
		Certificate: &verify.Certificate{
			Subject: "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main", Issuer: "https://issuer.example.com",
			NotBefore:        time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
			SourceRepository: "https://github.com/org/repo", SourceRef: "refs/heads/main", SourceRepositoryDigest: "c0ffee",
			SignerWorkflow:    "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main",
			BuildWorkflow:     "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main",
			RunnerEnvironment: "github-hosted", RunURL: "https://github.com/org/repo/actions/runs/1/attempts/1",
		},
	}
	if change != nil {
		change(&b, claims)
	}
	predicate := fmt.Sprintf(`{"buildDefinition":{"externalParameters":{"workflow":{"repository":%q,"ref":%q,"path":%q}},
		"internalParameters":{"github":{"runner_environment":%q}},
		"resolvedDependencies":[{"uri":"git+%s@%s","digest":{"gitCommit":%q}}]},
		"runDetails":{"metadata":{"invocationId":%q}}}`,
		claims["repository"], claims["ref"], claims["path"], claims["runner"], claims["repository"], claims["ref"], claims["commit"], claims["run"])
	b.Statement = &attest.Statement{
		PredicateType: attest.TypeSLSAProvenance, Predicate: []byte(predicate),
		Subjects: []attest.Subject{{Name: "app.zip", Digest: map[string]string{"sha256": mine.Hex()}}},
	}
	return verify.Facts{Name: "app.zip", Digest: mine, Bundles: []verify.BundleFact{b}}
}

// TestDemands: what is demanded of the signer's certificate, of names, of times
// and by deny lists, one at a time, each with the check that refuses it.
func TestDemands(t *testing.T) {
	origin := policy.Origin{
		Repository: verify.Exactly("https://github.com/org/repo"), Ref: verify.Exactly("refs/heads/main"),
		Workflow: verify.Exactly("https://github.com/org/repo/.github/workflows/release.yml"), DenySelfHosted: true,
	}
	march := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	says := func(what, value string) verify.Facts {
		return certified(func(_ *verify.BundleFact, claims map[string]string) { claims[what] = value })
	}
	cert := func(change func(*verify.Certificate)) verify.Facts {
		return certified(func(b *verify.BundleFact, claims map[string]string) { change(b.Certificate); clear(claims) })
	}
	keyed := certified(func(b *verify.BundleFact, _ map[string]string) {
		b.Certificate, b.Signer = nil, verify.Key{ID: "key", Name: "k.pub"}
	})
	tests := map[string]struct {
		facts   verify.Facts
		policy  policy.Policy
		refused string
	}{
		"all of them": {certified(nil), policy.Policy{Origin: origin, SubjectName: "app.zip", NotBefore: march,
			Deny: policy.Deny{Digests: []fnpkg.Digest{other}, Keys: []string{"key"}, Identities: []verify.Pattern{verify.Exactly("else")}}}, ""},

		"another repository": {cert(func(c *verify.Certificate) { c.SourceRepository = "https://github.com/evil/repo" }), policy.Policy{Origin: origin}, policy.CheckSourceRepository},
		"no repository":      {cert(func(c *verify.Certificate) { c.SourceRepository = "" }), policy.Policy{Origin: origin}, policy.CheckSourceRepository},
		"another ref":        {cert(func(c *verify.Certificate) { c.SourceRef = "refs/heads/evil" }), policy.Policy{Origin: origin}, policy.CheckSourceRef},
		"another workflow": {cert(func(c *verify.Certificate) {
			c.SignerWorkflow = "https://github.com/org/repo/.github/workflows/x.yml@refs/heads/main"
		}), policy.Policy{Origin: origin}, policy.CheckSignerWorkflow},
		"a longer workflow": {cert(func(c *verify.Certificate) {
			c.SignerWorkflow = "https://github.com/org/repo/.github/workflows/release.yml.evil@x"
		}), policy.Policy{Origin: origin}, policy.CheckSignerWorkflow},
		"a self-hosted runner":  {cert(func(c *verify.Certificate) { c.RunnerEnvironment = "self-hosted" }), policy.Policy{Origin: origin}, policy.CheckRunner},
		"no word on the runner": {cert(func(c *verify.Certificate) { c.RunnerEnvironment = "" }), policy.Policy{Origin: origin}, policy.CheckRunner},
		"a bare key":            {keyed, policy.Policy{Origin: origin}, policy.CheckSourceRepository},
		"nothing accepted":      {verify.Facts{Name: "app.zip", Digest: mine}, policy.Policy{Origin: origin}, policy.CheckSourceRepository},

		"provenance of another repository": {says("repository", "https://github.com/evil/repo"), policy.Policy{}, policy.CheckProvenance},
		"provenance of another ref":        {says("ref", "refs/heads/evil"), policy.Policy{}, policy.CheckProvenance},
		"provenance of another commit":     {says("commit", "decade"), policy.Policy{}, policy.CheckProvenance},
		"provenance of another workflow":   {says("path", ".github/workflows/x.yml"), policy.Policy{}, policy.CheckProvenance},
		"provenance of another runner":     {says("runner", "self-hosted"), policy.Policy{}, policy.CheckProvenance},
		"provenance of another run":        {says("run", "https://github.com/org/repo/actions/runs/2/attempts/1"), policy.Policy{}, policy.CheckProvenance},
		"provenance with a run of its own": {says("run", "1-1"), policy.Policy{}, ""},

		"another name":           {certified(nil), policy.Policy{SubjectName: "else.zip"}, policy.CheckDigest},
		"issued before":          {certified(nil), policy.Policy{NotBefore: march.Add(time.Second)}, policy.CheckTimestamp},
		"a key says no time":     {keyed, policy.Policy{NotBefore: march}, policy.CheckTimestamp},
		"the digest is denied":   {certified(nil), policy.Policy{Deny: policy.Deny{Digests: []fnpkg.Digest{mine}}}, policy.CheckDenied},
		"the signer is denied":   {certified(nil), policy.Policy{Deny: policy.Deny{Identities: []verify.Pattern{verify.Exactly("https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main")}}}, policy.CheckIdentity},
		"the key is denied":      {keyed, policy.Policy{Deny: policy.Deny{Keys: []string{"key"}}}, policy.CheckIdentity},
		"a certificate's key id": {certified(nil), policy.Policy{Deny: policy.Deny{Keys: []string{""}}}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := policy.Evaluate(tt.facts, clean, tt.policy)
			var failed []string
			for _, c := range v.Checks {
				if c.Outcome == policy.Fail {
					failed = append(failed, c.ID)
					if c.Reason == "" {
						t.Errorf("%s fails without a reason", c.ID)
					}
				}
			}
			if v.Accepted() != (tt.refused == "") || tt.refused != "" && !strings.Contains(" "+strings.Join(failed, " ")+" ", " "+tt.refused+" ") {
				t.Errorf("accepted %t, failed %q, want %q: %+v", v.Accepted(), failed, tt.refused, v.Checks)
			}
		})
	}
}
