package vex_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/patch/vex"
)

const openVEX = `{
  "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex-1", "author": "Example", "timestamp": "2026-01-02T03:04:05Z", "version": 1,
  "statements": [
    {"vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2026-1", "name": "GHSA-aaaa-bbbb-cccc", "aliases": ["PYSEC-1"]},
     "products": [{"@id": "pkg:generic/app.zip", "subcomponents": [{"@id": "pkg:npm/a@1.0.0"}]}],
     "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "never called"},
    {"vulnerability": "CVE-2026-2", "products": ["pkg:npm/b@2.0.0"], "status": "fixed", "last_updated": "2026-02-02T00:00:00Z"}
  ]}`

const cycloneDX = `{
  "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"timestamp": "2026-01-02T03:04:05Z"},
  "components": [{"bom-ref": "c1", "name": "a", "purl": "pkg:npm/a@1.0.0"}],
  "vulnerabilities": [
    {"id": "CVE-2026-1", "references": [{"id": "GHSA-aaaa-bbbb-cccc"}], "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"}, "affects": [{"ref": "c1"}]},
    {"id": "CVE-2026-2", "analysis": {"state": "false_positive"}, "affects": [{"ref": "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg%3Anpm%2Fb%402.0.0"}]},
    {"id": "CVE-2026-3", "affects": [{"ref": "c1"}]}
  ]}`

const csafDoc = `{
  "document": {"category": "csaf_vex", "csaf_version": "2.0", "tracking": {"current_release_date": "2026-01-02T03:04:05Z"}},
  "product_tree": {
    "branches": [{"branches": [
      {"product": {"product_id": "app", "name": "app.zip", "product_identification_helper": {"purl": "pkg:generic/app.zip"}}},
      {"product": {"product_id": "a", "name": "a", "product_identification_helper": {"purl": "pkg:npm/a@1.0.0"}}}]}],
    "relationships": [{"category": "default_component_of", "product_reference": "a", "relates_to_product_reference": "app",
      "full_product_name": {"product_id": "app:a", "name": "a in app"}}]},
  "vulnerabilities": [{"cve": "CVE-2026-1", "ids": [{"text": "GHSA-aaaa-bbbb-cccc"}],
    "product_status": {"known_not_affected": ["app:a"], "under_investigation": ["a"]},
    "flags": [{"label": "vulnerable_code_not_in_execute_path", "product_ids": ["app:a"]}],
    "threats": [{"category": "impact", "details": "never called", "product_ids": ["app:a"]}]}]}`

func TestParse(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name, text string
		want       []vex.Statement
	}{
		{"OpenVEX", openVEX, []vex.Statement{
			{IDs: []string{"GHSA-aaaa-bbbb-cccc", "PYSEC-1", "CVE-2026-1"}, Status: vex.NotAffected, Justification: "vulnerable_code_not_in_execute_path", Text: "never called",
				Products: []vex.Product{{ID: "pkg:generic/app.zip", Subcomponents: []string{"pkg:npm/a@1.0.0"}}}, Source: "f", Time: at},
			{IDs: []string{"CVE-2026-2"}, Status: vex.Fixed, Products: []vex.Product{{ID: "pkg:npm/b@2.0.0"}}, Source: "f", Time: time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)},
		}},
		{"CycloneDX", cycloneDX, []vex.Statement{
			{IDs: []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}, Status: vex.NotAffected, Justification: "code_not_reachable", Text: "never called",
				Products: []vex.Product{{ID: "pkg:npm/a@1.0.0"}}, Source: "f", Time: at},
			{IDs: []string{"CVE-2026-2"}, Status: vex.NotAffected, Products: []vex.Product{{ID: "pkg:npm/b@2.0.0"}}, Source: "f", Time: at},
		}},
		{"CSAF", csafDoc, []vex.Statement{
			{IDs: []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}, Status: vex.NotAffected, Justification: "vulnerable_code_not_in_execute_path", Text: "never called",
				Products: []vex.Product{{ID: "pkg:generic/app.zip", Subcomponents: []string{"pkg:npm/a@1.0.0"}}}, Source: "f", Time: at},
			{IDs: []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}, Status: vex.UnderInvestigation, Products: []vex.Product{{ID: "pkg:npm/a@1.0.0"}}, Source: "f", Time: at},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := vex.Parse([]byte(tt.text), "f")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "[]", "{}", "null", `{"@context": "https://example.com"}`,
		`{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{"status": "fine"}]}`,
		`{"bomFormat": "CycloneDX", "vulnerabilities": [{"analysis": {"state": "fine"}}]}`,
		`{"document": {"a": 1}, "vulnerabilities": [{"cve": "CVE-1", "product_status": {"fixed": ["nowhere"]}}]}`,
	} {
		if got, err := vex.Parse([]byte(text), "f"); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
	if _, err := vex.Parse([]byte("{}"), "f"); !errors.Is(err, vex.ErrUnknownFormat) {
		t.Errorf("an unknown format is told as %v", err)
	}
}

func TestFind(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	const sum = "aa11"
	subject := vex.Subject{IDs: []string{"CVE-1", "GHSA-1"}, PURL: "pkg:npm/%40scope/a@1.0.0", Name: "app.zip", SHA256: sum}
	status := func(id string, s vex.Status, at time.Time, p vex.Product) vex.Statement {
		return vex.Statement{IDs: []string{id}, Status: s, Time: at, Products: []vex.Product{p}}
	}
	component := vex.Product{ID: "pkg:npm/@scope/a@1.0.0"}
	for _, tt := range []struct {
		name string
		list []vex.Statement
		want vex.Status // empty for none
	}{
		{"the component, by an alias, escaped otherwise", []vex.Statement{status("GHSA-1", vex.NotAffected, day(1), component)}, vex.NotAffected},
		{"any version", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "pkg:npm/%40scope/a"})}, vex.NotAffected},
		{"any version is not fixed", []vex.Statement{status("CVE-1", vex.Fixed, day(1), vex.Product{ID: "pkg:npm/%40scope/a"})}, ""},
		{"this version is fixed", []vex.Statement{status("CVE-1", vex.Fixed, day(1), component)}, vex.Fixed},
		{"another version", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "pkg:npm/%40scope/a@1.0.1"})}, ""},
		{"another defect", []vex.Statement{status("CVE-2", vex.NotAffected, day(1), component)}, ""},
		{"qualifiers that the component lacks", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "pkg:npm/%40scope/a@1.0.0?arch=x"})}, ""},
		{"the package by name", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "app.zip", Subcomponents: []string{component.ID}})}, vex.NotAffected},
		{"the package, another component", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "app.zip", Subcomponents: []string{"pkg:npm/b@1.0.0"}})}, ""},
		{"the package as a whole", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "pkg:generic/app.zip"})}, vex.NotAffected},
		{"the package by its digest", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "x", SHA256: "AA11"})}, vex.NotAffected},
		{"a package of that name with another digest", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "app.zip", SHA256: "bb22"})}, ""},
		{"a package of that name with another digest in its version", []vex.Statement{status("CVE-1", vex.NotAffected, day(1), vex.Product{ID: "pkg:generic/app.zip@sha256:bb22"})}, ""},
		{"the latest word counts", []vex.Statement{status("CVE-1", vex.Affected, day(3), component), status("CVE-1", vex.NotAffected, day(2), component)}, vex.Affected},
		{"of two at once the last", []vex.Statement{status("CVE-1", vex.Affected, day(3), component), status("CVE-1", vex.NotAffected, day(3), component)}, vex.NotAffected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := vex.Find(tt.list, subject)
			if ok != (tt.want != "") || got.Status != tt.want {
				t.Errorf("found %q, %v; want %q", got.Status, ok, tt.want)
			}
		})
	}
}

// TestWriteOpenVEX: what is written says the same when it is read, and the same
// statements make the same bytes.
func TestWriteOpenVEX(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	in := []vex.Statement{
		{IDs: []string{"CVE-1", "GHSA-1"}, Status: vex.Affected, Text: "Upgrade to 2", Products: []vex.Product{{ID: "pkg:generic/app.zip@sha256%3Aaa", SHA256: "aa", Subcomponents: []string{"pkg:npm/a@1"}}}},
		{IDs: []string{"CVE-2"}, Status: vex.NotAffected, Text: "never called", Products: []vex.Product{{ID: "pkg:npm/b@1"}}},
		{IDs: []string{"CVE-3"}, Status: vex.UnderInvestigation, Text: "no fix", Products: []vex.Product{{ID: "pkg:npm/c@1"}}},
	}
	first, err := vex.WriteOpenVEX(in, "me", "fnseal", at)
	if err != nil {
		t.Fatal(err)
	}
	second, err := vex.WriteOpenVEX(in, "me", "fnseal", at)
	if err != nil || string(first) != string(second) {
		t.Errorf("not the same bytes twice (%v)", err)
	}
	got, err := vex.Parse(first, "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range in {
		in[i].Time = at
	}
	if diff := cmp.Diff(in, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(string(first), `"@context": "https://openvex.dev/ns/v0.2.0"`) {
		t.Errorf("no context: %s", first)
	}
	if _, err := vex.WriteOpenVEX([]vex.Statement{{Status: vex.Affected}}, "me", "", at); err == nil {
		t.Error("a statement about nothing is written")
	}
}

// FuzzParse: what can be read names a status there is, and is found again after
// it is written.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{openVEX, cycloneDX, csafDoc} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		statements, err := vex.Parse(data, "f")
		if err != nil {
			return
		}
		for _, s := range statements {
			switch s.Status {
			case vex.NotAffected, vex.Affected, vex.Fixed, vex.UnderInvestigation:
			default:
				t.Fatalf("status %q", s.Status)
			}
			if len(s.IDs) == 0 {
				continue
			}
			text, err := vex.WriteOpenVEX([]vex.Statement{s}, "a", "", time.Unix(0, 0))
			if err != nil {
				t.Fatal(err)
			}
			again, err := vex.Parse(text, "f")
			if err != nil || len(again) != 1 || again[0].Status != s.Status || len(again[0].Products) != len(s.Products) {
				t.Fatalf("read again as %v (%v): %s", again, err, text)
			}
		}
	})
}
