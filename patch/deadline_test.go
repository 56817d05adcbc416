package patch_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// dueOf plans for one finding and returns its deadline as "DATE rule", with a
// "!" if it has passed.
func dueOf(t *testing.T, o patch.Options, f vulndb.Finding) string {
	t.Helper()
	b := patch.NewBuilder(o)
	b.Add(inventory("f.zip", nil, f.Component), result(f), "")
	due := plan(t, b, ahead{}).Findings[0].Due
	if due.IsZero() {
		return ""
	}
	text := due.Date.Format(time.DateOnly) + " " + due.Rule
	if due.Overdue {
		text += "!"
	}
	return text
}

func TestDeadlines(t *testing.T) {
	fourteen := 14
	exploited := func(f vulndb.Finding) vulndb.Finding {
		f.KEV = &vulndb.KEV{Added: date("2026-11-20")}
		return f
	}
	likely := func(f vulndb.Finding, p float64) vulndb.Finding {
		f.EPSS = &vulndb.EPSS{Probability: p}
		return f
	}
	undated := finding(npm("a", "1.0.0"), "X-1", "high", "1.0.1")
	undated.Published, undated.Modified = time.Unix(0, 0).UTC(), date("2026-11-10")
	malicious := finding(npm("a", "1.0.0"), "MAL-1", "unknown")
	malicious.Malicious = true
	high := finding(npm("a", "1.0.0"), "X-1", "high", "1.0.1") // published on 2026-11-01
	unfixed := finding(npm("a", "1.0.0"), "X-1", "critical")
	own := patch.Deadlines{
		Name: "own", Severity: map[vulndb.Severity]int{"high": 30, "low": 1}, Exploited: &fourteen,
		Likely: []patch.Likely{{AtLeast: 0.5, Days: 7}, {AtLeast: 0.9, Days: 3}},
	}
	preset := func(name string) patch.Deadlines {
		d, ok := patch.Preset(name)
		if !ok {
			t.Fatalf("no preset %q", name)
		}
		return d
	}
	for _, tt := range []struct {
		name      string
		deadlines patch.Deadlines
		finding   vulndb.Finding
		want      string
	}{
		{"none", patch.Deadlines{}, high, ""},
		{"by severity", own, high, "2026-12-01 high within 30 days of publication"},
		{"a severity without a deadline", own, unfixed, ""},
		{"over", own, finding(npm("a", "1.0.0"), "X-1", "low"), "2026-11-02 low within 1 day of publication!"},
		{"exploited, from its listing", own, exploited(unfixed), "2026-12-04 known exploited within 14 days of its listing"},
		{"the earliest counts", own, exploited(high), "2026-12-01 high within 30 days of publication"},
		{"likely", own, likely(high, 0.6), "2026-11-08 EPSS 50% or more within 7 days of publication!"},
		{"likelier", own, likely(high, 0.95), "2026-11-04 EPSS 90% or more within 3 days of publication!"},
		{"without a real date, from its last change", own, undated, "2026-12-10 high within 30 days of publication"},
		{"PCI DSS: a critical fix has a month", preset("pci-dss-4"), finding(npm("a", "1.0.0"), "X-1", "critical", "1.0.1"), "2026-12-01 critical within 30 days of the fix"},
		{"PCI DSS: no patch, no deadline", preset("pci-dss-4"), unfixed, ""},
		{"FedRAMP: from discovery", preset("fedramp-rev5"), unfixed, "2026-12-25 critical within 30 days of first being seen"},
		{"BOD 26-04: exploited", preset("cisa-bod-26-04"), exploited(high), "2026-11-15 high within 14 days of the fix!"},
		{"BOD 26-04: exploited, without a fix", preset("cisa-bod-26-04"), exploited(unfixed), "2026-11-23 known exploited within 3 days of its listing!"},
		{"malicious: at once", preset("pci-dss-4"), malicious, "2026-11-25 malicious: at once, from first being seen on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, dueOf(t, patch.Options{AsOf: today, Deadlines: tt.deadlines}, tt.finding)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, ok := patch.Preset("iso-9001"); ok {
		t.Error("there is a preset iso-9001")
	}
	for _, name := range patch.Presets() {
		preset(name)
	}
}

func TestLastDayIsNotOverdue(t *testing.T) {
	o := patch.Options{Deadlines: patch.Deadlines{Name: "own", Severity: map[vulndb.Severity]int{"high": 30}}}
	f := finding(npm("a", "1.0.0"), "X-1", "high")
	for asOf, overdue := range map[string]bool{"2026-12-01T23:59:59Z": false, "2026-12-02T00:00:00Z": true} {
		at, err := time.Parse(time.RFC3339, asOf)
		if err != nil {
			t.Fatal(err)
		}
		o.AsOf = at
		if got := strings.HasSuffix(dueOf(t, o, f), "!"); got != overdue {
			t.Errorf("at %s: overdue %v", asOf, got)
		}
	}
}

func TestRuntimes(t *testing.T) {
	for _, tt := range []struct {
		name, runtime string
		deadline      patch.Runtime
		asOf          string
		want          string // "state date", "!" if overdue; empty if not listed
	}{
		{"supported, far from its end", "python3.13", patch.Runtime{}, "2026-11-25", ""},
		{"deprecated", "nodejs16.x", patch.Runtime{}, "2026-11-25", "deprecated 2024-06-12!"},
		{"until updates are blocked", "nodejs16.x", patch.Runtime{By: fnpkg.RuntimeNoUpdate}, "2026-11-25", "deprecated 2027-03-03"},
		{"ninety days before", "nodejs16.x", patch.Runtime{By: fnpkg.RuntimeNoUpdate, Days: 90}, "2026-12-04", "deprecated 2026-12-03!"},
		{"in no table", "cobol85", patch.Runtime{}, "2026-11-25", "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := patch.NewBuilder(patch.Options{AsOf: date(tt.asOf), Deadlines: patch.Deadlines{Name: "own", Runtime: tt.deadline}})
			b.Add(inventory("f.zip", nil), result(), tt.runtime)
			b.Add(inventory("g.zip", nil), result(), tt.runtime)
			p := plan(t, b, ahead{})
			got := ""
			for _, r := range p.Retirements {
				got = string(r.State)
				if !r.Due.IsZero() {
					got += " " + r.Due.Date.Format(time.DateOnly)
				}
				if r.Due.Overdue {
					got += "!"
				}
				if diff := cmp.Diff([]int{0, 1}, r.Targets); diff != "" {
					t.Errorf("targets (-want +got):\n%s", diff)
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestRuntimeOfInventory: an SBOM tells the runtime it was made for, which is
// then no component that nothing is known of.
func TestRuntimeOfInventory(t *testing.T) {
	r, ok := fnpkg.RuntimeComponent("nodejs16.x")
	if !ok {
		t.Fatal("no such runtime")
	}
	miss := vulndb.NotAssessed{Component: r, Reason: "purl type"}
	b := patch.NewBuilder(patch.Options{AsOf: today})
	b.Add(inventory("f.zip", nil, r), &vulndb.Result{NotAssessed: []vulndb.NotAssessed{miss}}, "")
	p := plan(t, b, ahead{})
	if p.Targets[0].Runtime != "nodejs16.x" || len(p.Retirements) != 1 || len(p.NotAssessed) != 0 {
		t.Errorf("runtime %q, %d retirements, not assessed %v", p.Targets[0].Runtime, len(p.Retirements), p.NotAssessed)
	}
}

// TestSeen: the first sighting is kept from scan to scan, also when the defect
// gets another leading id, and per package.
func TestSeen(t *testing.T) {
	a := npm("a", "1.0.0")
	scan := func(state []byte, asOf, target string, f vulndb.Finding) ([]byte, *patch.Plan) {
		t.Helper()
		seen := patch.NewSeen()
		if state != nil {
			var err error
			if seen, err = patch.ReadSeen(bytes.NewReader(state)); err != nil {
				t.Fatal(err)
			}
		}
		b := patch.NewBuilder(patch.Options{AsOf: date(asOf), Seen: seen, Deadlines: patch.Deadlines{
			Name: "own", From: patch.ClockFix, Severity: map[vulndb.Severity]int{"high": 10}}})
		b.Add(inventory(target, nil, a), result(f), "")
		p := plan(t, b, ahead{})
		var out bytes.Buffer
		if err := seen.Write(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes(), p
	}
	state, p := scan(nil, "2026-01-01", "f.zip", finding(a, "GHSA-1", "high"))
	if !p.Findings[0].FirstSeen.Equal(date("2026-01-01")) || !p.Findings[0].Due.IsZero() {
		t.Errorf("first seen %v, due %v", p.Findings[0].FirstSeen, p.Findings[0].Due)
	}
	later := finding(a, "CVE-1", "high", "1.0.1")
	later.Aliases = []string{"GHSA-1"}
	state, p = scan(state, "2026-02-01", "f.zip", later)
	if f := p.Findings[0]; !f.FirstSeen.Equal(date("2026-01-01")) || !f.Due.Date.Equal(date("2026-02-11")) {
		t.Errorf("under its new id: first seen %v, due %v", f.FirstSeen, f.Due)
	}
	state, p = scan(state, "2026-03-01", "g.zip", later)
	if f := p.Findings[0]; !f.FirstSeen.Equal(date("2026-03-01")) {
		t.Errorf("in another package: first seen %v", f.FirstSeen)
	}
	if n := bytes.Count(state, []byte(`"first"`)); n != 2 {
		t.Errorf("%d sightings are kept, want 2: %s", n, state)
	}
	again, _ := scan(state, "2026-03-01", "g.zip", later)
	if !bytes.Equal(state, again) {
		t.Errorf("the same scan changes the state:\n%s\n%s", state, again)
	}
	state, _ = scan(state, "2028-01-01", "h.zip", later)
	if n := bytes.Count(state, []byte(`"first"`)); n != 1 {
		t.Errorf("what was not seen for long is remembered: %s", state)
	}
	for _, bad := range []string{"", "[]", `{"schema": 2}`, `{"schema": 1, "findings": [{"first": "soon"}]}`} {
		if _, err := patch.ReadSeen(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken for a state", bad)
		}
	}
}

func TestThreshold(t *testing.T) {
	a := npm("a", "1.0.0")
	medium, unknown := finding(a, "X-1", "medium"), finding(a, "X-2", "unknown")
	exploited := finding(a, "X-3", "low")
	exploited.KEV = &vulndb.KEV{}
	malicious := finding(a, "MAL-1", "unknown")
	malicious.Malicious = true
	overdue := finding(a, "X-4", "none")
	b := patch.NewBuilder(patch.Options{AsOf: today, Deadlines: patch.Deadlines{Name: "own", Severity: map[vulndb.Severity]int{"none": 1}}})
	b.Add(inventory("f.zip", nil, a), result(medium, unknown, exploited, malicious, overdue), "nodejs16.x")
	p := plan(t, b, ahead{})
	for criteria, want := range map[string]int{
		"none": 1, "malicious": 1, "any": 6, "critical": 2, "medium": 3, "low": 4,
		"kev": 2, "overdue": 3, "kev overdue": 4, "high kev": 3,
	} {
		threshold, err := patch.ParseThreshold(strings.Fields(criteria)...)
		if err != nil {
			t.Fatal(err)
		}
		if got := threshold.Over(p); got != want {
			t.Errorf("%s: %d over, want %d", criteria, got, want)
		}
	}
	for _, bad := range [][]string{{"hgih"}, {"high", "low"}, {""}, {"high,low"}} {
		if _, err := patch.ParseThreshold(bad...); err == nil {
			t.Errorf("%q is taken for criteria", bad)
		}
	}
}
