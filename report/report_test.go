package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/seal"
	"github.com/fnseal/fnseal/vulndb"
)

var update = flag.Bool("update", false, "rewrite golden files")

// hostile is a name as an attacker would choose it: it hides its end, fakes a
// line, colours the terminal, commands the runner and opens markup.
const hostile = "::error::x\x1b[31m\u202e<b>|[l](http://x) @me\n"

var (
	built = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now   = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
)

func npm(name, version string, origin fnpkg.Origin, paths ...string) fnpkg.Component {
	c := fnpkg.Component{
		PURL: "pkg:npm/" + name + "@" + version, Type: "npm", Name: name, Version: version,
		Origin: origin, Confidence: 1, FoundBy: "javascript-package",
		Licenses: []fnpkg.License{{Expression: "MIT"}},
	}
	for _, p := range paths {
		c.Occurrences = append(c.Occurrences, fnpkg.Occurrence{Path: p})
	}
	return c
}

func inventory() *fnpkg.Inventory {
	return &fnpkg.Inventory{
		Subject: fnpkg.Subject{
			Name: "app.zip", Kind: fnpkg.KindZip, Size: 13_800_000, Newest: built,
			Digest: fnpkg.Digest{1, 2, 3}, Content: fnpkg.ContentDigest{4, 5, 6},
		},
		Components: []fnpkg.Component{
			npm("left-pad.js", "2.0.0", fnpkg.OriginShipped, "node_modules/left-pad.js/package.json"),
			npm("left-pad", "1.0.0", fnpkg.OriginShipped, "node_modules/a/node_modules/left-pad/package.json", "node_modules/left-pad/package.json"),
			npm("only-locked", "", fnpkg.OriginDeclared, "package-lock.json"),
			npm(hostile, hostile, fnpkg.OriginBundled, hostile),
		},
		Edges:    []fnpkg.Edge{{From: "", To: "pkg:npm/left-pad@1.0.0"}},
		Coverage: []fnpkg.Coverage{{Ecosystem: "npm", State: fnpkg.CoveragePartial, Files: 7, Reason: hostile}},
		Hazards:  []fnpkg.Hazard{{ID: fnpkg.HazardDuplicateName, Path: hostile, Detail: hostile}},
	}
}

func scan() *vulndb.Result {
	c := inventory().Components
	return &vulndb.Result{
		Findings: []vulndb.Finding{
			{Component: c[1], Ecosystem: "npm", ID: "MAL-2026-1", Records: []string{"MAL-2026-1"}, Severity: vulndb.SeverityUnknown, Malicious: true},
			{Component: c[0], Ecosystem: "npm", ID: "CVE-2026-1", Aliases: []string{"GHSA-aaaa-bbbb-cccc"}, Records: []string{"GHSA-aaaa-bbbb-cccc"},
				Summary: hostile, Severity: vulndb.SeverityCritical, Score: 9.8, Vector: "CVSS:3.1/…", Fixed: []string{"2.0.1", "3.0.0"}, Published: built, Modified: built},
			{Component: c[0], Ecosystem: "npm", ID: "CVE-2026-2", Records: []string{"CVE-2026-2"}, Severity: vulndb.SeverityMedium},
			{Component: c[2], Ecosystem: "npm", ID: "CVE-2026-3", Records: []string{"CVE-2026-3"}, Severity: vulndb.SeverityLow, Possible: true, Fixed: []string{"1.0.0"}},
		},
		NotAssessed: []vulndb.NotAssessed{{Component: c[3], Reason: hostile}},
		Assessed:    3,
		Feed: vulndb.Stamp{Schema: 1, Built: built, Records: 220_000, Sources: []vulndb.Source{
			{Location: "https://feed.example/osv/npm/all.zip", Ecosystem: "npm", SHA256: strings.Repeat("ab", 32), Records: 220_000, Newest: built},
		}},
	}
}

func verdict() policy.Verdict {
	return policy.Verdict{
		Target: "app.zip", Digest: "sha256:" + strings.Repeat("01", 32),
		Checks: []policy.Check{
			{ID: "package", Outcome: policy.Pass, Found: "zip"},
			{ID: "signature", Outcome: policy.Pass, Bundle: "app.zip.sigstore.jsonl:1", Found: "message signature by a.pub"},
			{ID: "digest", Outcome: policy.Fail, Bundle: "app.zip.sigstore.jsonl:1", Reason: hostile, Found: "sha256:aa", Wanted: "sha256:bb"},
			{ID: "type", Outcome: policy.NotChecked, Reason: "no attestation was demanded"},
		},
	}
}

func TestGolden(t *testing.T) {
	accepted := verdict()
	accepted.Checks = accepted.Checks[:2]
	sealed := &seal.Result{Inventory: inventory(), Plan: plan(t), Bundles: []seal.Bundle{{Claim: "signature"}, {Claim: "sbom"}, {Claim: "scan"}}}
	unsealed := &seal.Result{Inventory: inventory(), Plan: plan(t), Over: 1}
	unscanned := &seal.Result{Inventory: inventory(), Bundles: []seal.Bundle{{Claim: "signature"}}}
	for name, render := range map[string]func(io.Writer) error{
		"inventory.txt":      func(w io.Writer) error { return InventoryTable(w, inventory()) },
		"inventory-none.txt": func(w io.Writer) error { return InventoryTable(w, &fnpkg.Inventory{Subject: inventory().Subject}) },
		"inventory.json":     func(w io.Writer) error { return InventoryJSON(w, inventory()) },
		"plan.txt":           func(w io.Writer) error { return PlanText(w, plan(t), Style{}) },
		"plan-due.txt":       func(w io.Writer) error { return PlanText(w, duePlan(t), Style{}) },
		"plan-clean.txt":     func(w io.Writer) error { return PlanText(w, cleanPlan(t), Style{}) },
		"plan.json":          func(w io.Writer) error { return PlanJSON(w, duePlan(t)) },
		"plan.md":            func(w io.Writer) error { return PlanMarkdown(w, duePlan(t)) },
		"plan-clean.md":      func(w io.Writer) error { return PlanMarkdown(w, cleanPlan(t)) },
		"plan.github":        func(w io.Writer) error { return PlanAnnotations(w, duePlan(t)) },
		"verdict.github":     func(w io.Writer) error { return VerdictAnnotations(w, verdict()) },
		"seal.txt":           func(w io.Writer) error { return SealText(w, sealed, Style{}) },
		"seal-over.txt":      func(w io.Writer) error { return SealText(w, unsealed, Style{}) },
		"seal-unscanned.txt": func(w io.Writer) error { return SealText(w, unscanned, Style{}) },
		"seal.json":          func(w io.Writer) error { return SealJSON(w, sealed) },
		"seal.md":            func(w io.Writer) error { return SealMarkdown(w, sealed) },
		"verdict.txt":        func(w io.Writer) error { return VerdictText(w, verdict(), Style{}) },
		"verdict-color.txt":  func(w io.Writer) error { return VerdictText(w, accepted, Style{Color: true}) },
		"verdict.json":       func(w io.Writer) error { return VerdictJSON(w, verdict()) },
		"verdict.md":         func(w io.Writer) error { return VerdictMarkdown(w, verdict()) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := render(&got); err != nil {
				t.Fatal(err)
			}
			checkHarmless(t, name, got.String())
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

// checkHarmless fails if the hostile name does in this medium what it wants.
func checkHarmless(t *testing.T, name, text string) {
	t.Helper()
	switch filepath.Ext(name) {
	case ".json":
		if !json.Valid([]byte(text)) {
			t.Error("not JSON")
		}
		return
	case ".md":
		for _, markup := range []string{"<b>", "[l](", "@me"} {
			if strings.Contains(text, markup) {
				t.Errorf("markup gets through: %q", markup)
			}
		}
	}
	text = strings.NewReplacer("\x1b[32m", "", "\x1b[0m", "").Replace(text) // our own colours
	for _, r := range []string{"\x1b", "\u202e"} {
		if strings.Contains(text, r) {
			t.Errorf("%q gets through", r)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		// Annotations are such commands; theirs are looked at by name.
		own := filepath.Ext(name) == ".github" && (strings.HasPrefix(line, "::error title=") || strings.HasPrefix(line, "::warning title="))
		if strings.HasPrefix(strings.TrimSpace(line), "::") && !own {
			t.Errorf("a workflow command gets through: %q", line)
		}
	}
}
