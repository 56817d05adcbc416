package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/verify"
)

// someRules are rules of every kind; the worlds below keep some and break
// others.
var someRules = []string{
	"signatures: {any-of: [release, ci]}",
	"signatures: {all-of: [release, ci]}",
	"signatures: {any-of: [release, ci, staff], threshold: 2}",
	"approvals: {of: staff, for: production}",
	"approvals: {of: staff, threshold: 2}",
	"provenance: {signed-by: ci}",
	"provenance: {sources: https://github.com/acme/app, refs: refs/tags/v*, hosted-runners: true}",
	"provenance: {builders: https://elsewhere.example}",
	"sbom: {}",
	"sbom: {coverage: complete, signed-by: release}",
	"vulnerabilities: {severity: high}",
	"vulnerabilities: {severity: critical, allow-not-assessed: true, max-age: 7d}",
	"hazards: {deny: all}",
	"runtime: {allow: nodejs*}",
	"components: {deny: [{component: bad}]}",
	"components: {licenses: {allow: [MIT, Apache-2.0]}}",
	"attestations: [{type: test-result}]",
	"attestations: [{type: https://acme.example/review/v1, where: predicate.score > 7}]",
	"receipts: [{verifier: https://acme.example/staging, signed-by: staging}]",
	"expressions: [{name: x, that: bundles.size() > 1}]",
	"presets: [sealed]",
	"presets: [slsa-build-l3]",
}

// evidence are bundles of every kind.
var evidence = []func(*world){
	func(w *world) { w.add("", nil) },
	func(w *world) { w.add("", nil, by("ci"), aged(day)) },
	func(w *world) { w.add(attest.TypeApproval, `{"for":"production"}`, by("alice"), aged(day)) },
	func(w *world) { w.add(attest.TypeApproval, `{"for":"production"}`, by("bob"), aged(day)) },
	func(w *world) { w.add(attest.TypeSLSAProvenance, provenance1(nil), by("ci"), aged(day)) },
	func(w *world) { w.add(attest.TypeSLSAProvenance02, provenance02) },
	func(w *world) {
		w.add(attest.TypeCycloneDX, cdx(complete, component("a", "1", "MIT", "")+","+fmt.Sprintf(runtimeComponent, "nodejs22.x")), aged(day))
	},
	func(w *world) { w.add(attest.TypeCycloneDX, cdx("", component("bad", "1", "GPL-3.0-only", ""))) },
	func(w *world) { w.add(attest.TypeVulns, scanOf(noon.Add(-day)), aged(day)) },
	func(w *world) { w.add(attest.TypeVulns, scanOf(noon, "CVE-1 pkg:npm/a@1 high")) },
	func(w *world) { w.add(attest.TypeTestResult, `{"result":"PASSED"}`, by("ci")) },
	func(w *world) { w.add("https://acme.example/review/v1", `{"score":9}`) },
	func(w *world) { w.add(attest.TypeVSA, vsa(nil), by("staging")) },
	func(w *world) { w.add("", nil, unproven1) },
	func(w *world) { w.add(attest.TypeCycloneDX, `{"junk":1}`, elsewhere) },
}

// randomWorld has some of the evidence.
func randomWorld(r *rand.Rand) *world {
	w := newWorld()
	for _, add := range evidence {
		if r.IntN(2) == 0 {
			add(w)
		}
	}
	if r.IntN(4) == 0 {
		w.pkg.Hazards = []fnpkg.Hazard{{ID: fnpkg.HazardSetuid, Path: "x"}}
	}
	return w
}

// TestMonotonic adds rules to policies: that never turns a refusal into
// acceptance, in whichever of the ways a rule can be added.
func TestMonotonic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for range 400 {
		w := randomWorld(r)
		rules := someRules[r.IntN(len(someRules))]
		before := w.judge(t, rules)
		if before.Accepted() {
			accepted++
			continue
		}
		more := someRules[r.IntN(len(someRules))]
		indent := func(s string) string { return "      " + strings.ReplaceAll(s, "\n", "\n      ") }
		target := known + "verify:\n  " + rules + "\ntargets:\n  - match: fn*\n    verify:\n" + indent(more) + "\n"
		ways := map[string]string{"for a target": target}
		if a, _, _ := strings.Cut(rules, ":"); !strings.HasPrefix(more, a+":") {
			ways["beside"] = known + "verify:\n  " + rules + "\n  " + more + "\n"
		}
		for how, file := range ways {
			if after := w.verdict(t, file); after.Accepted() {
				t.Errorf("%s\nis accepted with %s added %s", file, more, how)
			}
		}
		s, err := policy.Load("fnseal.yaml", files(map[string]string{
			"fnseal.yaml": known + "include: [base.yaml]\nverify:\n  " + rules + "\n",
			"base.yaml":   "version: 1\nsigners: {own: {key: o.pub}}\nverify:\n  sbom: {}\n",
		}))
		if err != nil {
			t.Fatal(err)
		}
		if policy.Evaluate(w.facts, w.pkg, policyOf(s, "fn.zip")).Accepted() {
			t.Errorf("%s\nis accepted with an include", rules)
		}
	}
	if accepted < 20 || accepted > 380 {
		t.Errorf("%d of 400 policies accepted: the worlds show nothing", accepted)
	}
}

// TestFewerProofs takes the proof from bundles of accepted artifacts: what
// proves nothing is never what an artifact is accepted for.
func TestFewerProofs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		w := randomWorld(r)
		rules := someRules[r.IntN(len(someRules))]
		for i := range w.facts.Bundles {
			if r.IntN(2) == 0 {
				unproven1(&w.facts.Bundles[i])
			} else {
				elsewhere(&w.facts.Bundles[i])
			}
		}
		if v := w.judge(t, rules); v.Accepted() {
			t.Fatalf("accepted without any proof: %s", rules)
		}
	}
}

// TestStrangersChangeNothing adds bundles that nobody vouches for: whoever can
// write beside an artifact decides nothing by it.
func TestStrangersChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		w := randomWorld(r)
		rules := someRules[r.IntN(len(someRules))]
		before := w.judge(t, rules).Accepted()
		for _, add := range evidence {
			n := len(w.facts.Bundles)
			add(w)
			for i := n; i < len(w.facts.Bundles); i++ {
				unproven1(&w.facts.Bundles[i])
			}
		}
		w.facts.Bundles = append(w.facts.Bundles, verify.BundleFact{Source: "junk", Unreadable: "not JSON"})
		if after := w.judge(t, rules).Accepted(); after != before {
			t.Fatalf("%s: accepted is %v, and %v with bundles of strangers", rules, before, after)
		}
	}
}

// TestEvaluateIsPure judges the same facts twice, in other order of bundles too.
func TestEvaluateIsPure(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		w := randomWorld(r)
		rules := someRules[r.IntN(len(someRules))]
		text, err := json.Marshal(w.facts)
		if err != nil {
			t.Fatal(err)
		}
		first := w.judge(t, rules)
		if diff := cmp.Diff(first, w.judge(t, rules)); diff != "" {
			t.Fatalf("%s: judged again: %s", rules, diff)
		}
		after, err := json.Marshal(w.facts)
		if err != nil || !slices.Equal(text, after) {
			t.Fatalf("%s changes the facts", rules)
		}
		r.Shuffle(len(w.facts.Bundles), reflect.Swapper(w.facts.Bundles))
		if again := w.judge(t, rules); again.Accepted() != first.Accepted() {
			t.Fatalf("%s: the order of bundles decides", rules)
		}
	}
}

// TestRecorded records facts and judges by them: the verdict is the same.
func TestRecorded(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 100 {
		w := randomWorld(r)
		data, err := policy.Recorded{At: noon, Facts: w.facts, Package: w.pkg}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := policy.ParseRecorded(data)
		if err != nil {
			t.Fatal(err)
		}
		rules := someRules[r.IntN(len(someRules))]
		again := &world{facts: back.Facts, pkg: back.Package}
		if diff := cmp.Diff(w.judge(t, rules), again.judge(t, rules)); diff != "" {
			t.Fatalf("%s: %s", rules, diff)
		}
	}
	for _, text := range []string{"", "{}", `{"version":2}`, `{"version":1,"other":1}`, "[]"} {
		if _, err := policy.ParseRecorded([]byte(text)); err == nil {
			t.Errorf("%q is facts", text)
		}
	}
}

// FuzzEvaluate judges artifacts by whatever policy can be read, with whatever
// predicate: neither makes it fail, and without proof nothing is accepted.
func FuzzEvaluate(f *testing.F) {
	for _, rules := range someRules {
		f.Add(known+"verify:\n  "+rules+"\n", `{"result":"PASSED","score":9}`, uint8(1))
	}
	types := []string{
		attest.TypeCycloneDX, attest.TypeSPDX, attest.TypeVulns, attest.TypeSLSAProvenance, attest.TypeSLSAProvenance02,
		attest.TypeVSA, attest.TypeTestResult, attest.TypeApproval, attest.TypeCosignVuln, "https://acme.example/review/v1",
	}
	f.Fuzz(func(t *testing.T, file, predicate string, kind uint8) {
		s, err := policy.Parse("fnseal.yaml", []byte(file))
		if err != nil {
			return
		}
		if !json.Valid([]byte(predicate)) {
			predicate = "{}"
		}
		w := newWorld().add("", nil).add(types[int(kind)%len(types)], predicate, by("ci"), aged(day))
		policy.Evaluate(w.facts, w.pkg, policyOf(s, "fn.zip"))
		for i := range w.facts.Bundles {
			unproven1(&w.facts.Bundles[i])
		}
		if policy.Evaluate(w.facts, w.pkg, policyOf(s, "fn.zip")).Accepted() {
			t.Fatal("accepted without any proof")
		}
	})
}
