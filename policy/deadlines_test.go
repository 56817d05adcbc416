package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/vulndb"
)

func judgement(t *testing.T, text string) (patch.Deadlines, []patch.Ignore) {
	t.Helper()
	s, err := policy.Parse("fnseal.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Judgement()
}

func TestDeadlines(t *testing.T) {
	three, seven, none := 3, 7, 0
	d, _ := judgement(t, `version: 1
scan:
  deadlines:
    from: first-seen
    severity: {critical: 1w, high: 30d, unknown: 0d}
    kev: 3d
    epss:
      - {at-least: 0.5, within: 7d}
    malicious: 0d
    runtime: {by: no-update, before: 90d, notice: 26w}
`)
	want := patch.Deadlines{
		Name: "fnseal.yaml", From: patch.ClockFirstSeen,
		Severity:  map[vulndb.Severity]int{"critical": seven, "high": 30, "unknown": 0},
		Exploited: &three, Likely: []patch.Likely{{AtLeast: 0.5, Days: seven}}, Malicious: &none,
		Runtime: patch.Runtime{By: fnpkg.RuntimeNoUpdate, Days: 90, Notice: 182},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// What is said beside a preset takes the place of its values.
	d, _ = judgement(t, "version: 1\nscan:\n  deadlines:\n    preset: pci-dss-4\n    severity: {critical: 7d}\n")
	if d.Name != "pci-dss-4 and fnseal.yaml" || d.From != patch.ClockFix || d.Severity["critical"] != 7 || d.Severity["high"] != 90 {
		t.Errorf("%+v", d)
	}
	standard, _ := patch.Preset("pci-dss-4")
	if d, _ = judgement(t, "version: 1\nscan:\n  deadlines: {preset: pci-dss-4}\n"); cmp.Diff(standard, d) != "" {
		t.Errorf("the preset alone is %+v", d)
	}
	if d, _ = judgement(t, "version: 1\n"); cmp.Diff(patch.Deadlines{}, d) != "" {
		t.Errorf("nothing said sets %+v", d)
	}
}

// TestDeadlinesOfIncludes: the including file's word holds, and another preset
// is no mixture.
func TestDeadlinesOfIncludes(t *testing.T) {
	load := func(own string) patch.Deadlines {
		t.Helper()
		s, err := policy.Load("fnseal.yaml", files(map[string]string{
			"fnseal.yaml": "version: 1\ninclude: [base.yaml]\nscan:\n  deadlines: " + own + "\n",
			"base.yaml":   "version: 1\nscan:\n  deadlines: {preset: fedramp-rev5, severity: {high: 10d, low: 20d}}\n",
		}))
		if err != nil {
			t.Fatal(err)
		}
		d, _ := s.Judgement()
		return d
	}
	if d := load("{severity: {high: 5d}}"); d.Severity["high"] != 5 || d.Severity["low"] != 20 || d.Severity["medium"] != 90 {
		t.Errorf("joined: %+v", d)
	}
	standard, _ := patch.Preset("pci-dss-4")
	if d := load("{preset: pci-dss-4}"); cmp.Diff(standard, d) != "" {
		t.Errorf("another preset: %+v", d)
	}
}

func TestIgnored(t *testing.T) {
	_, got := judgement(t, "version: 1\nscan:\n  ignore:\n  - {id: CVE-2026-1, package: \"@acme/*\", reason: not reachable, expires: 2027-03-31}\n")
	want := []patch.Ignore{{ID: "CVE-2026-1", Package: "@acme/*", Reason: "not reachable", Expires: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), Source: "fnseal.yaml"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeadlinesRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{preset: iso}":                         `scan.deadlines.preset: "iso" is none of cisa-bod-26-04, cisa-bod-26-04-internal, fedramp-rev5, pci-dss-4`,
		"{from: birth}":                         `scan.deadlines.from: "birth" is none of published, fix, first-seen`,
		"{severity: {hgih: 1d}}":                `hgih`,
		"{severity: {high: 30}}":                `30`,
		"{severity: {high: 12h}}":               `"12h" is not a number of days such as 30d or 2w`,
		"{kev: -1d}":                            `"-1d" is not a number of days`,
		"{epss: [{at-least: 1.5, within: 1d}]}": `scan.deadlines.epss[0].at-least: must be a probability from 0 to 1`,
		"{epss: [{at-least: 0.5}]}":             `scan.deadlines.epss[0].within: is missing`,
		"{runtime: {by: retired}}":              `scan.deadlines.runtime.by: "retired" is none of deprecated, no-create, no-update`,
	} {
		_, err := policy.Parse("fnseal.yaml", []byte("version: 1\nscan:\n  deadlines: "+text+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "fnseal.yaml:3:") {
			t.Errorf("%s: %v, want %q with its line", text, err, want)
		}
	}
}
