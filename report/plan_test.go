package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/manifest"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/patch/vex"
	"github.com/fnseal/fnseal/vulndb"
)

// planFeed is what lies ahead, by name@version.
type planFeed map[string][]patch.Candidate

func (f planFeed) Candidates(_ context.Context, c fnpkg.Component) ([]patch.Candidate, error) {
	return f[c.Name+"@"+c.Version], nil
}

func shipped(name, version string, paths ...string) fnpkg.Component {
	purl := "pkg:npm/" + strings.ReplaceAll(name, "@", "%40")
	if version != "" {
		purl += "@" + version
	}
	c := fnpkg.Component{PURL: purl, Type: "npm", Name: name, Version: version, Origin: fnpkg.OriginShipped, Confidence: 1}
	for _, path := range paths {
		c.Occurrences = append(c.Occurrences, fnpkg.Occurrence{Path: path})
	}
	return c
}

// found is a finding of a component.
func found(c fnpkg.Component, id string, severity vulndb.Severity, score float64, fixed ...string) vulndb.Finding {
	return vulndb.Finding{
		Component: c, Ecosystem: "npm", ID: id, Records: []string{id}, Severity: severity, Score: score, Fixed: fixed,
		Summary: "What " + id + " does", Published: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), Modified: built,
	}
}

// planOptions say how the plans of these tests are judged.
func planOptions() patch.Options { return patch.Options{AsOf: now} }

// plan is a plan with one of everything.
func plan(t *testing.T) *patch.Plan { return planWith(t, planOptions()) }

// duePlan is the same with deadlines.
func duePlan(t *testing.T) *patch.Plan {
	o := planOptions()
	o.Deadlines, _ = patch.Preset("pci-dss-4")
	o.Deadlines.Runtime = patch.Runtime{By: fnpkg.RuntimeNoUpdate, Days: 30}
	o.Seen = patch.NewSeen()
	return planWith(t, o)
}

func cleanPlan(t *testing.T) *patch.Plan {
	t.Helper()
	b := patch.NewBuilder(planOptions())
	b.Add(&fnpkg.Inventory{Subject: fnpkg.Subject{Name: "app.zip", Kind: fnpkg.KindZip}}, &vulndb.Result{Assessed: 2, Feed: scan().Feed}, "")
	p, err := b.Plan(context.Background(), planFeed{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func planWith(t *testing.T, o patch.Options) *patch.Plan {
	t.Helper()
	axios := shipped("axios", "0.21.0", "node_modules/axios/package.json")
	follow := shipped("follow-redirects", "1.13.0", "node_modules/follow-redirects/package.json")
	layered := shipped("@scope/shared-in-a-layer-with-a-long-name", "1.0.0", "opt/nodejs/node_modules/@scope/shared/package.json")
	evil := shipped("evil", "6.6.6", "node_modules/evil/package.json")
	unfixed := shipped("unfixed", "1.0.0", "node_modules/unfixed/package.json")
	unknown := shipped("unknown-version", "")
	odd := fnpkg.Component{PURL: "pkg:npm/odd@1", Type: "npm", Name: hostile, Version: hostile, Origin: fnpkg.OriginBundled, Occurrences: []fnpkg.Occurrence{{Path: hostile}}}
	edges := []fnpkg.Edge{{To: axios.PURL}, {From: axios.PURL, To: follow.PURL}, {To: layered.PURL}, {To: evil.PURL}}

	exploited := found(follow, "CVE-2026-0002", "medium", 6.5, "1.14.8")
	exploited.KEV = &vulndb.KEV{Added: time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC), Ransomware: true}
	exploited.EPSS = &vulndb.EPSS{Probability: 0.91, Percentile: 0.99}
	exploited.Aliases = []string{"GHSA-aaaa-bbbb-cccc"}
	malicious := found(evil, "MAL-2026-1", "unknown", 0)
	malicious.Malicious = true
	last := found(unfixed, "GHSA-dddd-eeee-ffff", "high", 8.1)
	last.LastAffected = []string{"1.4.2"}
	possible := found(unknown, "CVE-2026-0005", "low", 2, "2.0.0")
	possible.Possible = true
	strange := found(odd, "CVE-2026-0006", "low", 2, "2.0.0")
	strange.Summary = hostile

	o.Ignore = []patch.Ignore{
		{ID: "CVE-2026-0007", Reason: "only in tests " + hostile, Expires: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Source: "fnseal.yaml:7"},
		{ID: "CVE-2020-0001", Reason: "long gone", Expires: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Source: "fnseal.yaml:9"},
	}
	o.VEX = []vex.Statement{{IDs: []string{"CVE-2026-0008"}, Status: vex.NotAffected, Justification: "vulnerable_code_not_present",
		Source: "vendor.json", Products: []vex.Product{{ID: axios.PURL}}}}
	b := patch.NewBuilder(o)
	for _, name := range []string{"orders.zip", "billing.zip"} {
		inv := &fnpkg.Inventory{
			Subject: fnpkg.Subject{Name: name, Kind: fnpkg.KindZip, Digest: fnpkg.Digest{1}, Layers: []fnpkg.Layer{{Name: "base.zip"}}},
			Edges:   edges, Components: []fnpkg.Component{axios, follow, layered, evil, unfixed, unknown, odd},
		}
		r := &vulndb.Result{Assessed: 7, Feed: scan().Feed, Findings: []vulndb.Finding{
			malicious, found(axios, "CVE-2026-0001", "critical", 9.8, "0.21.2"), found(axios, "CVE-2026-0003", "high", 7.5, "1.0.0"),
			found(axios, "CVE-2026-0007", "high", 7.5, "1.0.0"), found(axios, "CVE-2026-0008", "high", 7.5, "1.0.0"),
			exploited, found(layered, "CVE-2026-0004", "medium", 5.3, "1.0.1"),
		}}
		runtime := "nodejs18.x"
		if name == "orders.zip" {
			r.Findings = append(r.Findings, last, possible, strange)
			r.NotAssessed = []vulndb.NotAssessed{{Component: shipped("glibc", "2.26"), Reason: "no feed for ecosystem " + hostile}}
			runtime = "nodejs16.x"
		}
		b.Add(inv, r, runtime)
	}
	p, err := b.Plan(context.Background(), planFeed{
		"axios@0.21.0":            {{Version: "0.21.2", Affecting: []string{"CVE-2026-0003"}}, {Version: "1.0.0"}},
		"follow-redirects@1.13.0": {{Version: "1.14.8"}},
		layered.Name + "@1.0.0":   {{Version: "1.0.1"}},
		hostile + "@" + hostile:   {{Version: hostile}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPlanFitsTerminal: what a person reads fits into 80 columns, but for
// command lines, which must not be broken, and words that cannot be.
func TestPlanFitsTerminal(t *testing.T) {
	for name, p := range map[string]*patch.Plan{"plain": plan(t), "due": duePlan(t), "clean": cleanPlan(t)} {
		var out bytes.Buffer
		if err := PlanText(&out, p, Style{}); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			text := strings.TrimSpace(line)
			if utf8.RuneCountInString(line) > planWidth && !strings.HasPrefix(text, "$ ") && strings.Contains(text, " ") && !strings.Contains(text, "error") {
				t.Errorf("%s: %d columns: %s", name, utf8.RuneCountInString(line), line)
			}
		}
	}
}

// TestBaseline: what a report says is known to one that is compared with it.
func TestBaseline(t *testing.T) {
	var out bytes.Buffer
	if err := PlanJSON(&out, plan(t)); err != nil {
		t.Fatal(err)
	}
	o := planOptions()
	var err error
	if o.Baseline, err = ReadBaseline(bytes.NewReader(out.Bytes())); err != nil {
		t.Fatal(err)
	}
	any, err := patch.ParseThreshold("any")
	if err != nil {
		t.Fatal(err)
	}
	again := planWith(t, o)
	if n := any.Over(again); n != 0 {
		t.Errorf("%d are new in the same scan", n)
	}
	if n := any.Over(plan(t)); n == 0 {
		t.Error("nothing counts without a baseline")
	}

	var doc map[string]json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "[]", "{}", `{"schema": 99, "targets": []}`, `{"schema": 1}`} {
		if _, err := ReadBaseline(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken for a report", bad)
		}
	}
}

// TestOSVScannerJSON reads the report with osv-scanner's own model.
func TestOSVScannerJSON(t *testing.T) {
	records := map[string]string{}
	p := plan(t)
	for _, f := range p.Findings {
		for _, id := range f.Records {
			records[id] = `{"id": "` + id + `", "unknown_field": {}}`
		}
	}
	record := func(id string) ([]byte, error) { return []byte(records[id]), nil }
	var out bytes.Buffer
	if err := OSVScannerJSON(&out, p, record); err != nil {
		t.Fatal(err)
	}
	var got models.VulnerabilityResults
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.Bytes())
	}
	if len(got.Results) != 2 || got.Results[0].Source.Path != "orders.zip" || len(got.Results[0].Packages) != 7 || len(got.Results[1].Packages) != 4 {
		t.Fatalf("want two sources with 7 and 4 packages: %s", out.Bytes())
	}
	for _, pkg := range got.Results[1].Packages {
		if pkg.Package.Name != "follow-redirects" {
			continue
		}
		want := models.PackageVulns{
			Package: models.PackageInfo{Name: "follow-redirects", Version: "1.13.0", Ecosystem: "npm"},
			Groups:  []models.GroupInfo{{IDs: []string{"CVE-2026-0002"}, Aliases: []string{"CVE-2026-0002", "GHSA-aaaa-bbbb-cccc"}, MaxSeverity: "6.5"}},
		}
		if diff := cmp.Diff(want.Package, pkg.Package); diff != "" {
			t.Errorf("package (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want.Groups, pkg.Groups); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
		if len(pkg.Vulnerabilities) != 1 || pkg.Vulnerabilities[0].GetId() != "CVE-2026-0002" {
			t.Errorf("records %v", pkg.Vulnerabilities)
		}
	}
	if err := OSVScannerJSON(io.Discard, p, func(string) ([]byte, error) { return nil, nil }); err == nil {
		t.Error("a record that the feed lost is no error")
	}
}

// TestHTMLIsHarmless: the page carries nothing that runs or is fetched, and
// hostile names are text in it.
func TestHTMLIsHarmless(t *testing.T) {
	for name, p := range map[string]*patch.Plan{"due": duePlan(t), "clean": cleanPlan(t)} {
		var out bytes.Buffer
		if err := PlanHTML(&out, p, "1.0.0"); err != nil {
			t.Fatal(err)
		}
		page := out.String()
		if dir := os.Getenv("FNSEAL_TEST_PAGES"); dir != "" { // to look at them
			if err := os.WriteFile(filepath.Join(dir, "plan-"+name+".html"), out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, bad := range []string{"<script", "javascript:", "<img", "<link", "<iframe", " src=", "url(", "@import", "\u202e", "\x1b", "<b>|", "onerror", "ZgotmplZ"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page holds %q", name, bad)
			}
		}
		if strings.Count(page, "<details")-strings.Count(page, "</details>") != 0 || strings.Count(page, "<section")-strings.Count(page, "</section>") != 0 {
			t.Errorf("%s: elements are not closed", name)
		}
	}
	var out bytes.Buffer
	if err := PlanHTML(&out, duePlan(t), "1.0.0"); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	at := -1
	for _, part := range []string{"<title>Patch plan: orders.zip, billing.zip</title>", `id="remove"`, "npm uninstall evil", `id="upgrades"`, "shared layers", "npm install axios@1.0.0",
		`id="runtimes"`, "nodejs16.x", `id="unfixed"`, "no confirmed fix", `id="charts"`, "<svg", `id="findings"`, "orders.zip", `id="aside"`, "fnseal.yaml:7", `id="unassessed"`, "glibc"} {
		next := strings.Index(strings.ToLower(page), strings.ToLower(part))
		if next < 0 {
			t.Errorf("the page does not say %q", part)
		} else if strings.HasPrefix(part, "id=") {
			if next < at {
				t.Errorf("%s comes too early: the plan is first", part)
			}
			at = next
		}
	}
}

// TestSARIF holds what is written against the official schema.
func TestSARIF(t *testing.T) {
	sources, err := manifest.Read(context.Background(), filepath.Join("testdata", "sources"))
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*patch.Plan{"due": duePlan(t), "clean": cleanPlan(t)} {
		var out bytes.Buffer
		if err := PlanSARIF(&out, p, sources, "1.0.0"); err != nil {
			t.Fatal(err)
		}
		validate(t, "../testdata/schemas/sarif-schema-2.1.0.json", name, out.Bytes())
	}

	var out bytes.Buffer
	if err := PlanSARIF(&out, plan(t), sources, "1.0.0"); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
				PartialFingerprints map[string]string
				Suppressions        []struct{ Kind string }
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	got, prints := map[string]string{}, map[string]bool{}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("result %s points at rule %s", r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		}
		at := r.Locations[0].PhysicalLocation
		got[r.RuleID] = fmt.Sprintf("%s %s:%d", r.Level, at.ArtifactLocation.URI, at.Region.StartLine)
		if len(r.Suppressions) > 0 {
			got[r.RuleID] += " suppressed"
		}
		print := r.PartialFingerprints[sarifFingerprint]
		if print == "" || prints[print] && r.RuleID != runtimeRuleID {
			t.Errorf("%s: fingerprint %q is missing or not its own", r.RuleID, print)
		}
		prints[print] = true
	}
	want := map[string]string{
		"CVE-2026-0001": "error testdata/sources/package.json:4",       // direct: the manifest
		"CVE-2026-0002": "error testdata/sources/package-lock.json:11", // through axios: the lock file
		"CVE-2026-0003": "error testdata/sources/package.json:4",
		"CVE-2026-0007": "error testdata/sources/package.json:4 suppressed",
		"MAL-2026-1":    "error billing.zip:1", // nowhere in the sources
	}
	for id, where := range want {
		if got[id] != where {
			t.Errorf("%s: %s, want %s", id, got[id], where)
		}
	}
}

// validate holds JSON against a schema of testdata.
func validate(t *testing.T, path, name string, document []byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	schema, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}
