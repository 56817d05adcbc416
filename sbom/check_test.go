package sbom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

func rule(t *testing.T, r *sbom.CheckReport, s sbom.Standard, element string) sbom.Rule {
	t.Helper()
	i := slices.IndexFunc(r.Rules, func(x sbom.Rule) bool { return x.Standard == s && x.Element == element })
	if i < 0 {
		t.Fatalf("no rule on %q of %s", element, s)
	}
	return r.Rules[i]
}

func TestCheck(t *testing.T) {
	r := sbom.Check(sample(), sbom.CycloneDXJSON, sbom.Options{ToolVersion: "1"})
	type row struct {
		standard sbom.Standard
		element  string
		outcome  sbom.Outcome
		counts   string
		examples []string
	}
	for _, want := range []row{
		{sbom.CISA2026, "SBOM author", sbom.Fail, "1/1", nil},
		{sbom.CISA2026, "tool version", sbom.Pass, "0/1", nil},
		{sbom.CISA2026, "component name", sbom.Pass, "0/6", nil},
		{sbom.CISA2026, "component version", sbom.Fail, "1/6", []string{"x"}},
		{sbom.CISA2026, "component producer", sbom.Fail, "6/6", []string{"order-webhook.zip", "github.com/BurntSushi/toml", "g:a"}},
		{sbom.CISA2026, "component hash", sbom.Fail, "4/6", []string{"github.com/BurntSushi/toml", "@s/a", "@s/a"}},
		{sbom.CISA2026, "license", sbom.Fail, "3/5", []string{"github.com/BurntSushi/toml", "@s/a", "x"}},
		{sbom.CISA2026, "coverage", sbom.Fail, "1/1", nil},
		{sbom.BSI21, "SBOM format", sbom.Pass, "0/1", nil},
		{sbom.BSI21, "creator of the SBOM", sbom.Fail, "1/1", nil},
		{sbom.BSI21, "filename of the component", sbom.Pass, "0/2", nil},
		{sbom.BSI21, "hash value of the deployable component", sbom.Fail, "1/2", []string{"order-webhook.zip"}},
		{sbom.BSI21, "distribution licences", sbom.Fail, "5/5", []string{"github.com/BurntSushi/toml", "g:a", "@s/a"}},
	} {
		got := rule(t, r, want.standard, want.element)
		if got := (row{got.Standard, got.Element, got.Outcome, fmt.Sprintf("%d/%d", got.Lacking, got.Of), got.Examples}); !cmp.Equal(got, want, cmp.AllowUnexported(row{})) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if r.Passed(sbom.CISA2026) || r.Passed(sbom.BSI21) {
		t.Error("a document that lacks elements passed")
	}
}

// full lacks nothing that a document can say.
func full() (*fnpkg.Inventory, sbom.Options) {
	inv := &fnpkg.Inventory{
		Subject: sample().Subject,
		Components: []fnpkg.Component{{
			PURL: "pkg:maven/g/a@1", Type: "maven", Name: "g:a", Version: "1", Origin: fnpkg.OriginShipped, Confidence: 1,
			SHA256: strings.Repeat("01", 32), SHA512: strings.Repeat("02", 64), Occurrences: []fnpkg.Occurrence{{Path: "lib/a.jar"}},
			Licenses: []fnpkg.License{{Expression: "MIT"}}, Producer: fnpkg.Party{Name: "G", Email: "g@example.com"},
		}},
		Coverage: []fnpkg.Coverage{{Ecosystem: "maven", State: fnpkg.CoverageComplete, Files: 1, Edges: fnpkg.CoverageComplete}},
	}
	inv.Subject.SHA512 = strings.Repeat("03", 64)
	return inv, sbom.Options{
		ToolVersion: "1", Author: fnpkg.Party{Name: "A", URL: "https://example.com"}, Supplier: fnpkg.Party{Name: "S", Email: "s@example.com"},
	}
}

func TestCheckPasses(t *testing.T) {
	inv, o := full()
	r := sbom.Check(inv, sbom.CycloneDXJSON, o)
	if !r.Passed(sbom.CISA2026) {
		t.Errorf("lacks %v", failed(r, sbom.CISA2026))
	}
	o.ConcludeLicenses = true
	if got := failed(sbom.Check(inv, sbom.SPDX3JSON, o), sbom.BSI21); got != nil {
		t.Errorf("BSI with licences concluded lacks %q", got)
	}
	// What only a person can give.
	if diff := cmp.Diff([]string{"distribution licences"}, failed(r, sbom.BSI21)); diff != "" {
		t.Errorf("BSI (-want +got):\n%s", diff)
	}
}

func failed(r *sbom.CheckReport, s sbom.Standard) []string {
	var out []string
	for _, rule := range r.Rules {
		if rule.Standard == s && rule.Outcome == sbom.Fail && rule.Level == sbom.Required {
			out = append(out, rule.Element)
		}
	}
	return out
}

// Each element that is taken away is missed.
func TestCheckMisses(t *testing.T) {
	for element, take := range map[string]func(*fnpkg.Inventory, *sbom.Options){
		"SBOM author":        func(_ *fnpkg.Inventory, o *sbom.Options) { o.Author = fnpkg.Party{} },
		"tool version":       func(_ *fnpkg.Inventory, o *sbom.Options) { o.ToolVersion = "" },
		"timestamp":          func(inv *fnpkg.Inventory, _ *sbom.Options) { inv.Subject.Newest = time.Time{} },
		"component name":     func(inv *fnpkg.Inventory, _ *sbom.Options) { inv.Components[0].Name = "" },
		"component version":  func(inv *fnpkg.Inventory, _ *sbom.Options) { inv.Components[0].Version = "" },
		"component producer": func(inv *fnpkg.Inventory, _ *sbom.Options) { inv.Components[0].Producer = fnpkg.Party{} },
		"component hash": func(inv *fnpkg.Inventory, _ *sbom.Options) {
			inv.Components[0].SHA256, inv.Components[0].SHA512 = "", ""
		},
		"license":  func(inv *fnpkg.Inventory, _ *sbom.Options) { inv.Components[0].Licenses = nil },
		"coverage": func(inv *fnpkg.Inventory, _ *sbom.Options) { inv.Coverage[0].State = fnpkg.CoverageNone },
	} {
		inv, o := full()
		take(inv, &o)
		want := []string{element}
		if element == "component hash" {
			want = append(want, "component hash algorithm")
		}
		if got := failed(sbom.Check(inv, sbom.CycloneDXJSON, o), sbom.CISA2026); !cmp.Equal(got, want) {
			t.Errorf("without %s it lacks %q", element, got)
		}
	}
	inv, o := full()
	o.Author = fnpkg.Party{Name: "A"}
	inv.Components[0].Producer = fnpkg.Party{Name: "G"}
	got := failed(sbom.Check(inv, sbom.CycloneDXJSON, o), sbom.BSI21)
	for _, want := range []string{"creator of the SBOM", "component creator"} {
		if !slices.Contains(got, want) {
			t.Errorf("a name without a contact passes for %s", want)
		}
	}
}

// The format decides what can be said at all.
func TestCheckFormats(t *testing.T) {
	inv, o := full()
	for _, f := range sbom.Formats() {
		r := sbom.Check(inv, f, o)
		bsi := rule(t, r, sbom.BSI21, "SBOM format").Outcome == sbom.Pass
		if want := f == sbom.CycloneDXJSON || f == sbom.CycloneDXXML || f == sbom.SPDX3JSON; bsi != want {
			t.Errorf("%s: BSI takes the format: %v", f, bsi)
		}
		if r.Passed(sbom.CISA2026) == (f == sbom.PURLs) {
			t.Errorf("%s: lacks %q", f, failed(r, sbom.CISA2026))
		}
	}
}

// The check and the document agree: what passes is there to be read.
func TestCheckAgreesWithDocument(t *testing.T) {
	inv, o := full()
	text := string(writeAs(t, inv, sbom.CycloneDXJSON, o))
	for _, want := range []string{
		`"url": [`, `https://example.com`, `"email": "s@example.com"`, `"phase": "post-build"`, `"timestamp": "2026-01-02T03:04:05Z"`,
		`"name": "bsi:component:filename"`, `"value": "a.jar"`, `"acknowledgement": "declared"`, `"alg": "SHA-512"`, `"aggregate": "complete"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the document does not say %s", want)
		}
	}
}

func TestCheckNothing(t *testing.T) {
	r := sbom.Check(&fnpkg.Inventory{}, sbom.SPDX3JSON, sbom.Options{})
	if got := rule(t, r, sbom.CISA2026, "license").Outcome; got != sbom.NotApplicable {
		t.Errorf("licences of no components: %s", got)
	}
	if r.Version != "3.0.1" || len(r.Rules) < 25 {
		t.Errorf("%+v", r)
	}
}
