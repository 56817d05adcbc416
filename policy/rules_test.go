package policy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/verify"
	"github.com/fnseal/fnseal/vulndb"
)

// noon is when the artifacts of these tests are judged.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const (
	githubIssuer = "https://token.actions.githubusercontent.com"
	ciWorkflow   = "https://github.com/acme/ci/.github/workflows/build.yml@refs/heads/main"
)

// known are the signers of the policies in these tests.
const known = `version: 1
signers:
  release: {key: release.pub}
  ci: {identity: "https://github.com/acme/ci/.github/workflows/*@refs/heads/main", issuer: https://token.actions.githubusercontent.com}
  alice: {identity: alice@acme.example, issuer: https://accounts.google.com}
  bob: {identity: bob@acme.example, issuer: https://accounts.google.com}
  staff: {identity: "*@acme.example", issuer: https://accounts.google.com}
  staging: {key: staging.pub}
`

// world is an artifact and what was found about it.
type world struct {
	facts verify.Facts
	pkg   policy.PackageFacts
}

func newWorld() *world {
	return &world{
		facts: verify.Facts{Name: "fn.zip", Digest: mine},
		pkg:   policy.PackageFacts{Kind: fnpkg.KindZip},
	}
}

// add adds a bundle that proves what it says; change may make it prove less.
func (w *world) add(predicateType string, predicate any, changes ...func(*verify.BundleFact)) *world {
	b := verify.BundleFact{
		Source: fmt.Sprintf("b%d", len(w.facts.Bundles)+1), Kind: verify.KindMessageSignature, Signed: mine,
		Signature: verify.Result{State: verify.Passed}, Digest: verify.Result{State: verify.Passed},
		Signer: verify.Key{ID: "id-of-release", Name: "release"},
	}
	if predicateType != "" {
		text, err := json.Marshal(predicate)
		if err != nil {
			panic(err)
		}
		if s, ok := predicate.(string); ok {
			text = []byte(s)
		}
		b.Kind, b.Signed = verify.KindAttestation, fnpkg.Digest{}
		b.Statement = &attest.Statement{Type: attest.StatementV1, PredicateType: predicateType, Predicate: text}
	}
	for _, change := range changes {
		change(&b)
	}
	w.facts.Bundles = append(w.facts.Bundles, b)
	return w
}

func by(name string) func(*verify.BundleFact) {
	return func(b *verify.BundleFact) {
		b.Certificate = nil
		switch name {
		case "ci":
			b.Signer, b.Certificate = verify.Key{}, &verify.Certificate{
				Subject: ciWorkflow, Issuer: githubIssuer, SignerWorkflow: ciWorkflow,
				SourceRepository: "https://github.com/acme/app", SourceRef: "refs/tags/v1.2.3", RunnerEnvironment: "github-hosted",
				BuildWorkflow: "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3",
			}
		case "release", "staging":
			b.Signer = verify.Key{ID: "id-of-" + name, Name: name}
		default:
			b.Signer, b.Certificate = verify.Key{}, &verify.Certificate{Subject: name + "@acme.example", Issuer: "https://accounts.google.com"}
		}
	}
}

func aged(d time.Duration) func(*verify.BundleFact) {
	return func(b *verify.BundleFact) { b.Times = []verify.Time{{At: noon.Add(-d), Source: "log"}} }
}

func unproven1(b *verify.BundleFact) {
	b.Signature = verify.Result{State: verify.Failed, Reason: "forged"}
}
func elsewhere(b *verify.BundleFact) {
	b.Digest = verify.Result{State: verify.Failed, Reason: "of another file"}
}

func certificate(change func(*verify.Certificate)) func(*verify.BundleFact) {
	return func(b *verify.BundleFact) { c := *b.Certificate; change(&c); b.Certificate = &c }
}

// judge evaluates rules, written as YAML beneath "verify:".
func (w *world) judge(t testing.TB, rules string) policy.Verdict {
	t.Helper()
	return w.verdict(t, known+"verify:\n  "+strings.ReplaceAll(strings.TrimSpace(rules), "\n", "\n  ")+"\n")
}

// verdict evaluates a whole policy file.
func (w *world) verdict(t testing.TB, file string) policy.Verdict {
	t.Helper()
	s, err := policy.Parse("fnseal.yaml", []byte(file))
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	return policy.Evaluate(w.facts, w.pkg, policyOf(s, w.facts.Name))
}

func policyOf(s policy.Sources, name string) policy.Policy {
	p := s.Demands(name)
	p.At = noon
	return p
}

func failures(v policy.Verdict) []string {
	var out []string
	for _, c := range v.Checks {
		if c.Outcome == policy.Fail {
			out = append(out, c.ID+": "+c.Reason)
		}
	}
	return out
}

const cdxHead = `{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"type":"application","name":"fn.zip","bom-ref":"package","hashes":[{"alg":"SHA-256","content":"%s"}],"properties":[%s]}},"components":[%s]}`

// cdx is an SBOM of fn.zip.
func cdx(properties, components string) string {
	return fmt.Sprintf(cdxHead, mine.Hex(), properties, components)
}

func component(name, version, license, supplier string) string {
	s := fmt.Sprintf(`{"type":"library","name":%q,"version":%q,"purl":"pkg:npm/%s@%s","bom-ref":"pkg:npm/%s@%s"`, name, version, name, version, name, version)
	if license != "" {
		s += fmt.Sprintf(`,"licenses":[{"expression":%q}]`, license)
	}
	if supplier != "" {
		s += fmt.Sprintf(`,"supplier":{"name":%q}`, supplier)
	}
	return s + "}"
}

const runtimeComponent = `{"type":"library","name":"aws-lambda/%[1]s","purl":"pkg:generic/aws-lambda/%[1]s","bom-ref":"r","properties":[{"name":"fnseal:origin","value":"runtime"}]}`

const complete = `{"name":"fnseal:coverage:npm","value":"complete 24"},{"name":"fnseal:edges:npm","value":"complete"}`

// scanOf is an attested scan with findings "ID purl severity".
func scanOf(at time.Time, findings ...string) attest.Vulns {
	v := attest.Vulns{Metadata: attest.VulnMetadata{ScanStartedOn: at, ScanFinishedOn: at}}
	v.Scanner.DB.LastUpdate = at
	v.Scanner.Result = []attest.Vuln{}
	for _, f := range findings {
		w := strings.Fields(f)
		vuln := attest.Vuln{ID: w[0], Severity: []attest.VulnSeverity{}, Annotations: []map[string]any{{"purl": w[1]}}}
		if len(w) > 2 {
			vuln.Severity = append(vuln.Severity, attest.VulnSeverity{Method: "fnseal", Score: w[2]})
		}
		v.Scanner.Result = append(v.Scanner.Result, vuln)
	}
	return v
}

// provenance1 is what GitHub's builder says.
func provenance1(change func(p map[string]any)) map[string]any {
	var p map[string]any
	err := json.Unmarshal([]byte(`{
  "buildDefinition": {
    "buildType": "https://actions.github.io/buildtypes/workflow/v1",
    "externalParameters": {"workflow": {"ref": "refs/tags/v1.2.3", "repository": "https://github.com/acme/app", "path": ".github/workflows/release.yml"}},
    "internalParameters": {"github": {"runner_environment": "github-hosted"}},
    "resolvedDependencies": [{"uri": "git+https://github.com/acme/app@refs/tags/v1.2.3"}]
  },
  "runDetails": {"builder": {"id": "`+ciWorkflow+`"}}
}`), &p)
	if err != nil {
		panic(err)
	}
	if change != nil {
		change(p)
	}
	return p
}

func set(value any, path ...string) func(map[string]any) {
	return func(p map[string]any) {
		for _, name := range path[:len(path)-1] {
			p = p[name].(map[string]any)
		}
		p[path[len(path)-1]] = value
	}
}

const provenance02 = `{"builder":{"id":"https://ci.acme.example/tekton"},"buildType":"tekton",
"invocation":{"configSource":{"uri":"git+https://github.com/acme/app.git@refs/heads/main","entryPoint":"build"}}}`

func vsa(change func(*attest.VSA)) attest.VSA {
	v := attest.VSA{
		Verifier: attest.VSAVerifier{ID: "https://acme.example/staging"}, TimeVerified: noon, ResourceURI: "pkg:generic/fn.zip",
		Policy: attest.VSAPolicy{Digest: map[string]string{"sha256": strings.Repeat("a", 64)}},
		Result: attest.VSAPassed, Levels: []string{"SLSA_BUILD_LEVEL_3"},
	}
	if change != nil {
		change(&v)
	}
	return v
}

const day = 24 * time.Hour

func TestRules(t *testing.T) {
	sealed := func() *world { return newWorld().add("", nil) }
	bom := func(properties, components string) *world {
		return sealed().add(attest.TypeCycloneDX, cdx(properties, components))
	}
	receipt := "receipts:\n  - {verifier: https://acme.example/staging, signed-by: staging}"
	prov := func(change func(map[string]any), more ...func(*verify.BundleFact)) *world {
		return newWorld().add(attest.TypeSLSAProvenance, provenance1(change), append([]func(*verify.BundleFact){by("ci"), aged(day)}, more...)...)
	}
	tests := map[string]struct {
		world *world
		rules string
		want  []string // what fails; nil for accepted
	}{
		"any of, one":        {sealed(), "signatures: {any-of: [release, ci]}", nil},
		"any of, another":    {sealed(), "signatures: {any-of: [alice, ci]}", []string{"signers: 0 signers signed, 1 wanted of alice or ci"}},
		"all of":             {sealed().add("", nil, by("ci")), "signatures: {all-of: [release, ci]}", nil},
		"all of, one lacks":  {sealed(), "signatures: {all-of: [release, ci]}", []string{"signers: ci did not sign"}},
		"threshold":          {sealed().add("", nil, by("ci")), "signatures: {any-of: [release, ci, alice], threshold: 2}", nil},
		"threshold, twice":   {sealed().add("", nil), "signatures: {any-of: [release, ci, alice], threshold: 2}", []string{"signers: 1 signer signed, 2 wanted of release or ci or alice"}},
		"two names, one man": {newWorld().add("", nil, by("alice")), "signatures: {any-of: [alice, staff], threshold: 2}", []string{"signers: 1 signer signed, 2 wanted of alice or staff"}},
		"one name, two men":  {newWorld().add("", nil, by("alice")).add("", nil, by("bob")), "signatures: {any-of: staff, threshold: 2}", nil},
		"forged":             {newWorld().add("", nil, by("ci")).add("", nil, unproven1), "signatures: {any-of: release}", []string{"signers: 0 signers signed, 1 wanted of release"}},
		"of another file":    {newWorld().add("", nil, by("ci")).add("", nil, elsewhere), "signatures: {any-of: release}", []string{"signers: 0 signers signed, 1 wanted of release"}},
		"same key, no name":  {newWorld().add("", nil, func(b *verify.BundleFact) { b.Signer.Name = "" }), "signatures: {any-of: release}", []string{"signers: 0 signers signed, 1 wanted of release"}},
		"other issuer": {newWorld().add("", nil, by("alice"), certificate(func(c *verify.Certificate) { c.Issuer = "https://evil.example" })),
			"signatures: {any-of: alice}", []string{"signers: 0 signers signed, 1 wanted of alice"}},
		"a failed test is no signature": {newWorld().add(attest.TypeTestResult, `{"result":"FAILED"}`), "signatures: {any-of: release}",
			[]string{"signers: there are only approvals, receipts or test results, which stand for themselves alone", "signers: 0 signers signed, 1 wanted of release"}},

		"approved": {sealed().add(attest.TypeApproval, `{"for":"production"}`, by("alice"), aged(day)).add(attest.TypeApproval, `{"for":"production"}`, by("bob"), aged(day)),
			"approvals: {of: staff, threshold: 2, for: production, max-age: 7d}", nil},
		"approved by one, twice": {sealed().add(attest.TypeApproval, `{}`, by("alice")).add(attest.TypeApproval, `{}`, by("alice")),
			"approvals: {of: staff, threshold: 2}", []string{"approvals: there is 1 approval, wanted are 2 approvals of staff"}},
		"approved for something else": {sealed().add(attest.TypeApproval, `{"for":"staging"}`, by("alice")),
			"approvals: {of: staff, for: production}", []string{"approvals: there is no approval, wanted are 1 approval of staff for production"}},
		"approved in other letters": {sealed().add(attest.TypeApproval, `{"For":"production"}`, by("alice")),
			"approvals: {of: staff, for: production}", []string{"approvals: there is no approval, wanted are 1 approval of staff for production"}},
		"approved long ago": {sealed().add(attest.TypeApproval, `{}`, by("alice"), aged(8*day)),
			"approvals: {of: staff, max-age: 7d}", []string{"approvals: there is no approval, wanted are 1 approval of staff, none older than 7d"}},
		"approved who knows when": {sealed().add(attest.TypeApproval, `{}`, by("alice")),
			"approvals: {of: staff, max-age: 7d}", []string{"approvals: there is no approval, wanted are 1 approval of staff, none older than 7d"}},
		"approved something else": {sealed().add(attest.TypeApproval, `{}`, by("alice"), elsewhere),
			"approvals: {of: staff}", []string{"approvals: there is no approval, wanted are 1 approval of staff"}},
		"approved, and nothing else": {newWorld().add(attest.TypeApproval, `{}`, by("alice")),
			"approvals: {of: staff}", []string{"signers: there are only approvals, receipts or test results, which stand for themselves alone"}},

		"built":     {prov(nil), "provenance: {signed-by: ci, builders: \"https://github.com/acme/ci/**\", sources: https://github.com/acme/app, refs: refs/tags/v*, workflows: \"" + ciWorkflow + "\", hosted-runners: true, max-age: 2d}", nil},
		"not built": {sealed(), "provenance: {}", []string{"provenance: there is no provenance"}},
		"built by another": {newWorld().add(attest.TypeSLSAProvenance, provenance1(nil), by("alice")), "provenance: {signed-by: ci}",
			[]string{"provenance: there is no provenance by ci: b1 is by alice@acme.example (by https://accounts.google.com)"}},
		"from elsewhere": {prov(nil), "provenance: {sources: https://github.com/acme/other}",
			[]string{"provenance-source: the source repository is https://github.com/acme/app, not https://github.com/acme/other"}},
		"a source that begins alike": {prov(nil), "provenance: {sources: https://github.com/acme/ap}",
			[]string{"provenance-source: the source repository is https://github.com/acme/app, not https://github.com/acme/ap"}},
		"of a branch": {prov(nil), "provenance: {refs: refs/heads/main}", []string{"provenance-ref: the ref is refs/tags/v1.2.3, not refs/heads/main"}},
		"a slash in a ref": {prov(set("refs/tags/v1/x", "buildDefinition", "externalParameters", "workflow", "ref"), certificate(func(c *verify.Certificate) {
			c.SourceRef, c.BuildWorkflow = "refs/tags/v1/x", ""
		})), "provenance: {refs: refs/tags/v*}", []string{"provenance-ref: the ref is refs/tags/v1/x, not refs/tags/v*"}},
		"predicate and certificate disagree": {prov(set("https://github.com/evil/app", "buildDefinition", "externalParameters", "workflow", "repository")), "provenance: {}",
			[]string{`provenance: its source repository is "https://github.com/evil/app", but the certificate of its signer says "https://github.com/acme/app"`,
				`provenance: there is no provenance: b1 does not count (its source repository is "https://github.com/evil/app", but the certificate of its signer says "https://github.com/acme/app")`}},
		"builder and certificate disagree": {prov(set("https://github.com/slsa/x/.github/workflows/a.yml@v1", "runDetails", "builder", "id")), "provenance: {}",
			[]string{"provenance-builder: it says that the builder is https://github.com/slsa/x/.github/workflows/a.yml@v1, but its certificate says " + ciWorkflow}},
		"self-hosted": {prov(set("self-hosted", "buildDefinition", "internalParameters", "github", "runner_environment"), certificate(func(c *verify.Certificate) { c.RunnerEnvironment = "self-hosted" })),
			"provenance: {hosted-runners: true}", []string{"provenance-hosted-runner: it was built on a runner that is self-hosted"}},
		"no word of the runner": {prov(set(map[string]any{}, "buildDefinition", "internalParameters"), certificate(func(c *verify.Certificate) { c.RunnerEnvironment = "" })),
			"provenance: {hosted-runners: true}", []string{"provenance-hosted-runner: nothing says what kind of runner built it"}},
		"built long ago": {prov(nil, aged(10*day)), "provenance: {max-age: 7d}", []string{"provenance-age: it is of 2026-11-15 12:00 UTC, 10 days old, more than 7d"}},
		"built tomorrow": {prov(nil, aged(-day)), "provenance: {max-age: 7d}", []string{"provenance-age: it is of 2026-11-26 12:00 UTC, which is still to come"}},
		"built with a key": {newWorld().add(attest.TypeSLSAProvenance02, provenance02), "provenance: {sources: https://github.com/acme/app}",
			[]string{"provenance-source: it is signed with a plain key, so nobody but the signer says so; trust-claims believes it"}},
		"built with a trusted key": {newWorld().add(attest.TypeSLSAProvenance02, provenance02),
			"provenance: {sources: https://github.com/acme/app, refs: refs/heads/main, builders: https://ci.acme.example/tekton, build-types: tekton, trust-claims: true}", nil},
		"the better of two": {prov(nil, aged(10*day)).add(attest.TypeSLSAProvenance, provenance1(nil), by("ci"), aged(day)), "provenance: {max-age: 7d}", nil},
		"two halves are no whole": {
			prov(nil, aged(10*day)).add(attest.TypeSLSAProvenance, provenance1(set("https://github.com/acme/app2", "buildDefinition", "externalParameters", "workflow", "repository")),
				by("ci"), aged(day), certificate(func(c *verify.Certificate) {
					c.SourceRepository, c.BuildWorkflow = "https://github.com/acme/app2", ""
				})),
			"provenance: {max-age: 7d, sources: https://github.com/acme/app}", []string{"provenance-age: it is of 2026-11-15 12:00 UTC, 10 days old, more than 7d"}},

		"sbom":               {bom(complete, component("a", "1", "", "")), "sbom: {coverage: complete, edges: complete}", nil},
		"no sbom":            {sealed(), "sbom: {}", []string{"sbom: there is no SBOM"}},
		"sbom of a stranger": {sealed().add(attest.TypeCycloneDX, cdx("", ""), unproven1), "sbom: {}", []string{"sbom: there is no SBOM: b2 does not count (forged)"}},
		"sbom by another":    {sealed().add(attest.TypeCycloneDX, cdx("", ""), by("alice")), "sbom: {signed-by: release}", []string{"sbom: there is no SBOM by release: b2 is by alice@acme.example (by https://accounts.google.com)"}},
		"sbom by a signer who is none here": {sealed().add(attest.TypeCycloneDX, cdx("", ""), by("alice")), "signatures: {any-of: release}\nsbom: {}",
			[]string{"sbom: there is no SBOM: b2 is by alice@acme.example (by https://accounts.google.com)"}},
		"wrong format":        {bom("", ""), "sbom: {formats: spdx}", []string{"sbom: there is no SBOM of format spdx"}},
		"sbom is junk":        {sealed().add(attest.TypeCycloneDX, `{"a":1}`), "sbom: {}", []string{"sbom: it cannot be used: reading an SBOM: neither CycloneDX in JSON or XML nor SPDX 2 or 3 in JSON"}},
		"of another package":  {sealed().add(attest.TypeCycloneDX, strings.ReplaceAll(cdx("", ""), mine.Hex(), other.Hex())), "sbom: {}", []string{"sbom: it cannot be used: it describes " + other.String() + ", not the artifact"}},
		"partial":             {bom(`{"name":"fnseal:coverage:npm","value":"partial 24 bundled code"}`, ""), "sbom: {coverage: complete}", []string{"sbom-coverage: npm is partial (bundled code)"}},
		"partial is enough":   {bom(`{"name":"fnseal:coverage:npm","value":"partial 24 bundled code"}`, ""), "sbom: {coverage: partial}", nil},
		"none is not partial": {bom(`{"name":"fnseal:coverage:npm","value":"none 24"}`, ""), "sbom: {coverage: partial}", []string{"sbom-coverage: npm is none"}},
		"says nothing of it":  {bom("", component("a", "1", "", "")), "sbom: {coverage: partial}", []string{"sbom-coverage: the SBOM does not say how complete it is"}},
		"edges not known":     {bom(`{"name":"fnseal:coverage:npm","value":"complete 24"}`, ""), "sbom: {edges: complete}", []string{"sbom-edges: npm is not known"}},

		"no finding":            {sealed().add(attest.TypeVulns, scanOf(noon)), "vulnerabilities: {severity: low}", nil},
		"no scan":               {sealed(), "vulnerabilities: {severity: low}", []string{"vulnerabilities: there is no scan"}},
		"below":                 {sealed().add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/a@1 medium")), "vulnerabilities: {severity: high}", nil},
		"above":                 {sealed().add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/a@1 high")), "vulnerabilities: {severity: high}", []string{"vulnerabilities: CVE-1 in pkg:npm/a@1 is of severity high"}},
		"by score":              {sealed().add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/a@1 9.8")), "vulnerabilities: {severity: critical}", []string{"vulnerabilities: CVE-1 in pkg:npm/a@1 is of severity critical"}},
		"unknown":               {sealed().add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/a@1")), "vulnerabilities: {severity: critical}", []string{"vulnerabilities: CVE-1 in pkg:npm/a@1 is of unknown severity"}},
		"malicious":             {sealed().add(attest.TypeVulns, scanOf(noon, "MAL-1 pkg:npm/a@1")), "vulnerabilities: {}", []string{"vulnerabilities: MAL-1 in pkg:npm/a@1 is malicious"}},
		"not assessed":          {sealed().add(attest.TypeVulns, scanOf(noon, "fnseal:not-assessed pkg:gem/a@1")), "vulnerabilities: {}", []string{"vulnerabilities-assessed: 1 component could not be compared: pkg:gem/a@1"}},
		"not assessed, allowed": {sealed().add(attest.TypeVulns, scanOf(noon, "fnseal:not-assessed pkg:gem/a@1")), "vulnerabilities: {allow-not-assessed: true}", nil},
		"ignored":               {sealed().add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/%40acme/a@1 high")), "vulnerabilities:\n  severity: high\n  ignore: [{id: CVE-1, package: \"@acme/*\", reason: r, expires: 2026-11-25}]", nil},
		"ignored elsewhere": {sealed().add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/b@1 high")), "vulnerabilities:\n  severity: high\n  ignore: [{id: CVE-1, package: \"@acme/*\", reason: r, expires: 2026-11-25}]",
			[]string{"vulnerabilities: CVE-1 in pkg:npm/b@1 is of severity high"}},
		"ignored until yesterday": {sealed().add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/a@1 high")), "vulnerabilities:\n  severity: high\n  ignore: [{id: CVE-1, reason: r, expires: 2026-11-24}]",
			[]string{"vulnerabilities: CVE-1 in pkg:npm/a@1 (ignored until 2026-11-24) is of severity high"}},
		"the newest scan counts":       {sealed().add(attest.TypeVulns, scanOf(noon)).add(attest.TypeVulns, scanOf(noon.Add(-day), "CVE-1 pkg:npm/a@1 high")), "vulnerabilities: {severity: high}", nil},
		"a newer scan counts":          {sealed().add(attest.TypeVulns, scanOf(noon.Add(-day))).add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/a@1 high")), "vulnerabilities: {severity: high}", []string{"vulnerabilities: CVE-1 in pkg:npm/a@1 is of severity high"}},
		"young scan":                   {sealed().add(attest.TypeVulns, scanOf(noon.Add(-day)), aged(day)), "vulnerabilities: {max-age: 7d}", nil},
		"old scan":                     {sealed().add(attest.TypeVulns, scanOf(noon.Add(-9*day)), aged(8*day)), "vulnerabilities: {max-age: 7d}", []string{"vulnerabilities-age: it knows what was known on 2026-11-16 12:00 UTC, and was signed on 2026-11-17 12:00 UTC: more than 7d ago"}},
		"old scan that says it is new": {sealed().add(attest.TypeVulns, scanOf(noon), aged(8*day)), "vulnerabilities: {max-age: 7d}", []string{"vulnerabilities-age: it knows what was known on 2026-11-25 12:00 UTC, and was signed on 2026-11-17 12:00 UTC: more than 7d ago"}},
		"scan without a time":          {sealed().add(attest.TypeVulns, scanOf(noon)), "vulnerabilities: {max-age: 7d}", []string{"vulnerabilities-age: nothing proves when it was signed: neither a log nor a timestamp authority"}},
		"scan of cosign":               {sealed().add(attest.TypeCosignVuln, `{}`), "vulnerabilities: {}", []string{"vulnerabilities: there is no scan that can be read: b2: its findings are in a form of the scanner's own"}},

		"hazards": {sealed(), "hazards: {deny: all}", nil},
		"a hazard": {func() *world {
			w := sealed()
			w.pkg.Hazards = []fnpkg.Hazard{{ID: fnpkg.HazardSetuid, Path: "bin/sudo"}}
			return w
		}(), "hazards: {deny: [setuid]}", []string{`hazards: the package has setuid "bin/sudo"`}},

		"runtime":          {bom("", fmt.Sprintf(runtimeComponent, "nodejs22.x")), "runtime: {allow: nodejs2*.x, supported-for: 30d}", nil},
		"other runtime":    {bom("", fmt.Sprintf(runtimeComponent, "nodejs22.x")), "runtime: {allow: python*}", []string{"runtime: it is made for nodejs22.x, not python*"}},
		"retired runtime":  {bom("", fmt.Sprintf(runtimeComponent, "nodejs16.x")), "runtime: {}", []string{"runtime: nodejs16.x gets no security patches from 2024-06-12 on"}},
		"retires too soon": {bom("", fmt.Sprintf(runtimeComponent, "nodejs22.x")), "runtime: {supported-for: 3650d}", []string{"runtime: nodejs22.x gets no security patches from 2027-04-30 on"}},
		"unknown runtime":  {bom("", fmt.Sprintf(runtimeComponent, "nodejs99.x")), "runtime: {}", []string{"runtime: nodejs99.x is in no table of runtimes: nothing is known of its end"}},
		"no runtime":       {bom("", ""), "runtime: {}", []string{"runtime: the SBOM names no runtime (fnseal seal --runtime)"}},

		"components":            {bom("", component("a", "1", "MIT", "Acme")), "components: {allow: [a, b], licenses: {allow: MIT}, suppliers: {allow: Acme}}", nil},
		"not allowed":           {bom("", component("a", "1", "", "")+","+component("c", "1", "", "")), "components: {allow: [a, b]}", []string{"components: pkg:npm/c@1 matches nothing that is allowed"}},
		"denied":                {bom("", component("event-stream", "3.3.6", "", "")), "components: {deny: [{component: \"pkg:npm/event-stream@3.3.*\", reason: it steals wallets}]}", []string{"components: pkg:npm/event-stream@3.3.6 it steals wallets"}},
		"denied in any version": {bom("", component("event-stream", "3.3.6", "", "")), "components: {deny: [{component: pkg:npm/event-stream}]}", []string{"components: pkg:npm/event-stream@3.3.6 is denied"}},
		"licence":               {bom("", component("a", "1", "GPL-3.0-only", "")), "components: {licenses: {deny: GPL-*}}", []string{"licenses: pkg:npm/a@1 has the licence GPL-3.0-only"}},
		"a choice":              {bom("", component("a", "1", "MIT OR GPL-3.0-only", "")), "components: {licenses: {deny: GPL-*}}", nil},
		"no choice":             {bom("", component("a", "1", "MIT AND GPL-3.0-only", "")), "components: {licenses: {deny: GPL-*}}", []string{"licenses: pkg:npm/a@1 has the licence MIT AND GPL-3.0-only"}},
		"no licence":            {bom("", component("a", "1", "", "")), "components: {licenses: {allow: MIT}}", []string{"licenses: pkg:npm/a@1 names no licence"}},
		"no licence, allowed":   {bom("", component("a", "1", "", "")), "components: {licenses: {allow: MIT, allow-unknown: true}}", nil},
		"supplier":              {bom("", component("a", "1", "", "Evil Corp")), "components: {suppliers: {deny: Evil*}}", []string{"suppliers: pkg:npm/a@1 has the supplier Evil Corp"}},
		"in one of two SBOMs":   {bom("", component("a", "1", "", "")).add(attest.TypeCycloneDX, cdx("", component("bad", "1", "", ""))), "components: {deny: [{component: bad}]}", []string{"components: pkg:npm/bad@1 is denied"}},
		"nothing to look at":    {sealed(), "components: {deny: [{component: bad}]}", []string{"components: there is no SBOM"}},

		"tested":                 {sealed().add(attest.TypeTestResult, `{"result":"PASSED"}`, by("ci")), "attestations: [{type: test-result, signed-by: ci}]", nil},
		"test failed":            {sealed().add(attest.TypeTestResult, `{"result":"FAILED"}`, by("ci")), "attestations: [{type: test-result, signed-by: ci}]", []string{`attestation-result: the tests say "FAILED", not PASSED`}},
		"warned is accepted":     {sealed().add(attest.TypeTestResult, `{"result":"WARNED"}`, by("ci")), "attestations: [{type: test-result, result: [PASSED, WARNED]}]", nil},
		"not tested":             {sealed(), "attestations: [{type: test-result}]", []string{"attestation: there is no attestation of type test-result"}},
		"own type":               {sealed().add("https://acme.example/review/v1", `{"score":9}`), "attestations: [{type: https://acme.example/review/v1, where: predicate.score > 7}]", nil},
		"own type, too low":      {sealed().add("https://acme.example/review/v1", `{"score":5}`), "attestations: [{type: https://acme.example/review/v1, where: predicate.score > 7}]", []string{"attestation-where: it does not hold"}},
		"own type, says nothing": {sealed().add("https://acme.example/review/v1", `{}`), "attestations: [{type: https://acme.example/review/v1, where: predicate.score > 7}]", []string{"attestation-where: it cannot be evaluated: no such key: score"}},

		"receipt":                    {sealed().add(attest.TypeVSA, vsa(nil), by("staging")), receipt, nil},
		"receipt of levels":          {sealed().add(attest.TypeVSA, vsa(nil), by("staging")), receipt[:len(receipt)-1] + ", levels: SLSA_BUILD_LEVEL_2, policy: sha256:" + strings.Repeat("a", 64) + "}", nil},
		"no receipt":                 {sealed(), receipt, []string{"receipt: there is no receipt by staging"}},
		"receipt by another":         {sealed().add(attest.TypeVSA, vsa(nil), by("release")), receipt, []string{"receipt: there is no receipt by staging: b2 is by release (key id id-of-release)"}},
		"failed there":               {sealed().add(attest.TypeVSA, vsa(func(v *attest.VSA) { v.Result = attest.VSAFailed }), by("staging")), receipt, []string{`receipt: its result is "FAILED", not PASSED`}},
		"other verifier":             {sealed().add(attest.TypeVSA, vsa(func(v *attest.VSA) { v.Verifier.ID = "https://acme.example/staging2" }), by("staging")), receipt, []string{`receipt-verifier: its verifier is "https://acme.example/staging2", not https://acme.example/staging`}},
		"other resource":             {sealed().add(attest.TypeVSA, vsa(func(v *attest.VSA) { v.ResourceURI = "pkg:generic/other.zip" }), by("staging")), receipt, []string{`receipt-resource: its resource is "pkg:generic/other.zip", not pkg:generic/fn.zip`}},
		"other policy":               {sealed().add(attest.TypeVSA, vsa(nil), by("staging")), receipt[:len(receipt)-1] + ", policy: sha256:" + strings.Repeat("b", 64) + "}", []string{`receipt-policy: its policy is "sha256:` + strings.Repeat("a", 64) + `", not sha256:` + strings.Repeat("b", 64)}},
		"too low a level":            {sealed().add(attest.TypeVSA, vsa(func(v *attest.VSA) { v.Levels = []string{"SLSA_BUILD_LEVEL_1", "SLSA_SOURCE_LEVEL_4"} }), by("staging")), receipt[:len(receipt)-1] + ", levels: SLSA_BUILD_LEVEL_2}", []string{`receipt-level: its levels is "SLSA_BUILD_LEVEL_1, SLSA_SOURCE_LEVEL_4", not SLSA_BUILD_LEVEL_2`}},
		"no level evaluated":         {sealed().add(attest.TypeVSA, vsa(func(v *attest.VSA) { v.Levels = []string{attest.LevelUnevaluated} }), by("staging")), receipt[:len(receipt)-1] + ", levels: SLSA_BUILD_LEVEL_1}", []string{`receipt-level: its levels is "SLSA_BUILD_LEVEL_UNEVALUATED", not SLSA_BUILD_LEVEL_1`}},
		"receipt for something else": {sealed().add(attest.TypeVSA, vsa(nil), by("staging"), elsewhere), receipt, []string{"receipt: there is no receipt by staging: b2 is about something else"}},
		"receipt in other letters":   {sealed().add(attest.TypeVSA, `{"Verifier":{"id":"https://acme.example/staging"},"timeVerified":"2026-11-25T12:00:00Z","resourceUri":"pkg:generic/fn.zip","verificationResult":"PASSED"}`, by("staging")), receipt, []string{"receipt: it cannot be read: it names no verifier"}},

		"expression":          {bom("", component("a", "1", "", "")), "expressions: [{name: small, that: components.size() < 2 && artifact.kind == 'zip'}]", nil},
		"expression fails":    {bom("", component("a", "1", "", "")), "expressions: [{name: small, that: components.size() < 1, message: too many}]", []string{"expression: small: too many"}},
		"expression breaks":   {bom("", ""), "expressions: [{name: first, that: \"components[0].name == 'a'\"}]", []string{"expression: first: it cannot be evaluated: index out of bounds: 0"}},
		"only what is proven": {sealed().add("", nil, by("alice"), unproven1), "expressions: [{name: alice, that: \"bundles.exists(b, 'alice' in b.signers)\"}]", []string{"expression: alice: it does not hold"}},
		"signers":             {sealed().add("", nil, by("ci")), "expressions: [{name: ci, that: \"bundles.exists(b, 'ci' in b.signers && b.repository == 'https://github.com/acme/app')\"}]", nil},
		"findings":            {sealed().add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/a@1 high")), "expressions: [{name: few, that: \"findings.filter(f, f.severity == 'high').size() == 1\"}]", nil},

		"presets":        {bom("", "").add(attest.TypeVulns, scanOf(noon)), "presets: sealed", nil},
		"presets refuse": {sealed(), "presets: [sealed, slsa-build-l3]", []string{"sbom: there is no SBOM", "vulnerabilities: there is no scan", "provenance: there is no provenance"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := failures(tt.world.judge(t, tt.rules))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

// TestRulesOfFeed judges by a match against the local feed.
func TestRulesOfFeed(t *testing.T) {
	finding := func(change func(*vulndb.Finding)) vulndb.Finding {
		f := vulndb.Finding{
			ID: "CVE-1", Aliases: []string{"GHSA-1"}, Records: []string{"GHSA-1"}, Severity: vulndb.SeverityHigh, Published: noon.Add(-40 * day), Fixed: []string{"2"},
			Component: fnpkg.Component{PURL: "pkg:npm/a@1", Name: "a"},
		}
		if change != nil {
			change(&f)
		}
		return f
	}
	feed := vulndb.Stamp{Built: noon.Add(-day), KEV: &vulndb.ScoreSource{}}
	tests := map[string]struct {
		scan  *vulndb.Result
		rules string
		want  []string
	}{
		"clean":            {&vulndb.Result{Feed: feed}, "use: feed\nseverity: low\nexploited: true\noverdue: pci-dss-4\nmax-age: 2d", nil},
		"not asked":        {nil, "use: feed", []string{"vulnerabilities: the SBOM was not matched against a feed"}},
		"high":             {&vulndb.Result{Feed: feed, Findings: []vulndb.Finding{finding(nil)}}, "use: feed\nseverity: high", []string{"vulnerabilities: CVE-1 in pkg:npm/a@1 is of severity high"}},
		"ignored by alias": {&vulndb.Result{Feed: feed, Findings: []vulndb.Finding{finding(nil)}}, "use: feed\nseverity: high\nignore: [{id: GHSA-1, reason: r, expires: 2027-01-01}]", nil},
		"exploited": {&vulndb.Result{Feed: feed, Findings: []vulndb.Finding{finding(func(f *vulndb.Finding) { f.Severity, f.KEV = vulndb.SeverityLow, &vulndb.KEV{} })}}, "use: feed\nexploited: true\nseverity: high",
			[]string{"vulnerabilities: CVE-1 in pkg:npm/a@1 is known to be exploited"}},
		"no catalogue": {&vulndb.Result{Feed: vulndb.Stamp{Built: noon}}, "use: feed\nexploited: true",
			[]string{"vulnerabilities-exploited: the feed holds no catalogue of exploited vulnerabilities (fnseal db update --kev)"}},
		"overdue": {&vulndb.Result{Feed: feed, Findings: []vulndb.Finding{finding(func(f *vulndb.Finding) { f.Severity = vulndb.SeverityCritical })}}, "use: feed\noverdue: pci-dss-4",
			[]string{"vulnerabilities-overdue: CVE-1 in pkg:npm/a@1, due on 2026-11-15 (critical within 30 days of the fix)"}},
		"not yet due": {&vulndb.Result{Feed: feed, Findings: []vulndb.Finding{finding(func(f *vulndb.Finding) {
			f.Severity, f.Published = vulndb.SeverityCritical, noon.Add(-10*day)
		})}}, "use: feed\noverdue: pci-dss-4", nil},
		"overdue since it could be seen": {&vulndb.Result{Feed: feed, Findings: []vulndb.Finding{finding(nil)}}, "use: feed\noverdue: fedramp-rev5",
			[]string{"vulnerabilities-overdue: CVE-1 in pkg:npm/a@1, due on 2026-11-15 (high within 30 days of first being seen)"}},
		"overdue by its own deadlines": {&vulndb.Result{Feed: feed, Findings: []vulndb.Finding{finding(nil)}}, "use: feed\noverdue: scan\nscan:\n  deadlines: {severity: {high: 15d}}",
			[]string{"vulnerabilities-overdue: CVE-1 in pkg:npm/a@1, due on 2026-10-31 (high within 15 days of publication)"}},
		"no deadlines of its own": {&vulndb.Result{Feed: feed}, "use: feed\noverdue: scan", []string{"vulnerabilities-overdue: the policy sets no deadlines under scan:"}},
		"old feed":                {&vulndb.Result{Feed: vulndb.Stamp{Built: noon.Add(-9 * day)}}, "use: feed\nmax-age: 7d", []string{"vulnerabilities-age: the feed is of 2026-11-16 12:00 UTC, 9 days old, more than 7d"}},
		"not assessed":            {&vulndb.Result{Feed: feed, NotAssessed: []vulndb.NotAssessed{{Component: fnpkg.Component{PURL: "pkg:gem/b@1"}, Reason: "no feed for ecosystem gem"}}}, "use: feed", []string{"vulnerabilities-assessed: 1 component could not be compared: pkg:gem/b@1: no feed for ecosystem gem"}},
		"of the runtime":          {&vulndb.Result{Feed: feed, Findings: []vulndb.Finding{finding(func(f *vulndb.Finding) { f.Component.Origin = fnpkg.OriginRuntime })}}, "use: feed\nseverity: low", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld().add("", nil).add(attest.TypeCycloneDX, cdx("", component("a", "1", "", "")))
			w.pkg.Scan = tt.scan
			rules, scan, _ := strings.Cut(tt.rules, "\nscan:")
			file := known + "verify:\n  vulnerabilities:\n    " + strings.ReplaceAll(rules, "\n", "\n    ") + "\n"
			if scan != "" {
				file += "scan:" + scan + "\n"
			}
			if got := failures(w.verdict(t, file)); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			s, err := policy.Parse("fnseal.yaml", []byte(known+"verify:\n  vulnerabilities: {use: feed}\n"))
			if err != nil {
				t.Fatal(err)
			}
			components, needed := policyOf(s, "fn.zip").FeedComponents(w.facts)
			if !needed || len(components) != 1 || components[0].PURL != "pkg:npm/a@1" {
				t.Errorf("to be matched: %v, %v", components, needed)
			}
		})
	}
}
