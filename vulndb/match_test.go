package vulndb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestMatchSample(t *testing.T) {
	db := open(t, update(t, sampleFeed))
	tests := []struct {
		purl string
		want []string // "id severity fixed…"
	}{
		{"pkg:npm/lodash@4.17.15", []string{"NSWG-ECO-516 medium 4.17.19"}},
		{"pkg:npm/lodash@4.17.21", nil},
		{"pkg:npm/axios@0.21.0", []string{"CVE-2020-28168 medium 0.21.1", "CVE-2021-3749 high 0.21.3"}},
		{"pkg:pypi/PyYAML@5.3", []string{"CVE-2020-14343 unknown 5.4", "CVE-2020-1747 unknown 5.3.1"}},
		{"pkg:maven/junit/junit@4.12", []string{"CVE-2020-15250 medium 4.13.1"}},
		{"pkg:golang/gopkg.in/yaml.v3@v3.0.0-20210107192922-496545a6307b", []string{"CVE-2022-28948 unknown 3.0.0-20220521103104-8f96da9f5d5e"}},
		{"pkg:golang/gopkg.in/yaml.v3@v3.0.1", nil},
	}
	for _, test := range tests {
		t.Run(test.purl, func(t *testing.T) {
			r := match(t, db, component(test.purl))
			var got []string
			for _, f := range r.Findings {
				got = append(got, strings.Join(append([]string{f.ID, string(f.Severity)}, f.Fixed...), " "))
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if r.Assessed != 1 || len(r.NotAssessed) != 0 {
				t.Errorf("assessed %d, not assessed %v", r.Assessed, r.NotAssessed)
			}
		})
	}
}

const (
	// One defect in three databases, the third of which ties the other two
	// together and affects nothing here.
	aliasPYSEC = `{"id":"PYSEC-2026-1","modified":"2026-01-05T00:00:00Z","published":"2026-01-04T00:00:00Z","aliases":["CVE-2026-1"],
		"affected":[{"package":{"ecosystem":"PyPI","name":"p"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.1"}]}]}]}`
	aliasGHSA = `{"id":"GHSA-aaaa-bbbb-cccc","modified":"2026-01-03T00:00:00Z","published":"2026-01-02T00:00:00Z","summary":"Told by GitHub",
		"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}],"database_specific":{"severity":"CRITICAL"},
		"affected":[{"package":{"ecosystem":"PyPI","name":"p"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0"},{"introduced":"3.0"},{"fixed":"3.1"}]}]}]}`
	aliasThird = `{"id":"BIT-p-2026-1","modified":"2026-01-01T00:00:00Z","aliases":["CVE-2026-1","GHSA-aaaa-bbbb-cccc"],
		"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"}],
		"affected":[{"package":{"ecosystem":"Bitnami","name":"p"},"versions":["0.0.1"]}]}`
)

func TestAliasesAreOneFinding(t *testing.T) {
	db := indexOf(t, aliasPYSEC, aliasGHSA, aliasThird)
	r := match(t, db, component("pkg:pypi/p@1.0"))
	want := []Finding{{
		Component: component("pkg:pypi/p@1.0"),
		Ecosystem: "PyPI",
		ID:        "CVE-2026-1",
		Aliases:   []string{"BIT-p-2026-1", "GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1"},
		Records:   []string{"GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1"},
		Summary:   "Told by GitHub",
		Severity:  SeverityCritical, // 9.1 of the third record, above GitHub's own 6.1
		Score:     9.1,
		Vector:    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N",
		Fixed:     []string{"2.0", "2.1", "3.1"},
		Published: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		Modified:  time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC),
	}}
	if diff := cmp.Diff(want, r.Findings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWithdrawnAliasTiesNothing(t *testing.T) {
	db := indexOf(t, aliasPYSEC, aliasGHSA, strings.Replace(aliasThird, `"modified"`, `"withdrawn":"2026-02-01T00:00:00Z","modified"`, 1))
	if diff := cmp.Diff([]string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}, ids(match(t, db, component("pkg:pypi/p@1.0")))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSeverity(t *testing.T) {
	tests := []struct {
		name, inside string // inside of the record
		want         Severity
		score        float64
	}{
		{"none", `"aliases":[]`, SeverityUnknown, 0},
		{"CVSS 2", `"severity":[{"type":"CVSS_V2","score":"AV:N/AC:L/Au:N/C:P/I:P/A:P"}]`, SeverityHigh, 7.5},
		{"CVSS 3.0", `"severity":[{"type":"CVSS_V3","score":"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]`, SeverityCritical, 9.8},
		{"CVSS 3.1", `"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"}]`, SeverityNone, 0},
		{"CVSS 4.0", `"severity":[{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"}]`, SeverityHigh, 8.7},
		{"the worst of several", `"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:H"},{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"}]`, SeverityHigh, 8.7},
		{"a vector that is none, and a label", `"severity":[{"type":"CVSS_V3","score":"high"}],"database_specific":{"severity":"MODERATE"}`, SeverityMedium, 0},
		{"a vector before a label", `"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:H"}],"database_specific":{"severity":"CRITICAL"}`, SeverityMedium, 5.3},
		{"a label of the wrong type", `"database_specific":{"severity":["HIGH"]}`, SeverityUnknown, 0},
		{"no object", `"database_specific":"<Any value>"`, SeverityUnknown, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db := indexOf(t, `{"id":"X-1",`+test.inside+`,"affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"]}]}`)
			r := match(t, db, component("pkg:npm/p@1.0.0"))
			if len(r.Findings) != 1 {
				t.Fatalf("%d findings", len(r.Findings))
			}
			if f := r.Findings[0]; f.Severity != test.want || f.Score != test.score {
				t.Errorf("%s %v, want %s %v", f.Severity, f.Score, test.want, test.score)
			}
		})
	}
	t.Run("of the package", func(t *testing.T) {
		db := indexOf(t, `{"id":"X-1","affected":[
			{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:H"}]},
			{"package":{"ecosystem":"npm","name":"q"},"versions":["1.0.0"],"database_specific":{"severity":"LOW"}}]}`)
		r := match(t, db, component("pkg:npm/p@1.0.0"), component("pkg:npm/q@1.0.0"))
		if len(r.Findings) != 2 || r.Findings[0].Severity != SeverityMedium || r.Findings[1].Severity != SeverityLow {
			t.Errorf("findings %+v", r.Findings)
		}
	})
}

func TestNotAssessedIsNeverClean(t *testing.T) {
	db := indexOf(t, affectedJSON("npm", "p", `"versions":["2.0.0-rc_1"],"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]`))
	tests := []struct {
		component fnpkg.Component
		reason    string // a part of it; empty: assessed
		findings  int
		possible  bool
	}{
		{component: component("pkg:npm/p@latest"), reason: `version "latest"`},
		{component: component("pkg:npm/p@1.x"), reason: `version "1.x"`},
		{component: component("pkg:npm/q@latest")}, // no version of q is affected, whatever this one is
		{component: component("pkg:npm/p"), findings: 1, possible: true},
		{component: component("pkg:npm/p@2.0.0-rc_1"), findings: 1}, // listed literally
		{component: component("pkg:gem/p@1.0"), reason: "no feed for ecosystem RubyGems"},
		{component: component("pkg:generic/p@1.0"), reason: `purl type "generic"`},
		{component: fnpkg.Component{Name: "p", Version: "1"}, reason: "no package URL"},
	}
	for _, test := range tests {
		t.Run(test.component.PURL, func(t *testing.T) {
			r := match(t, db, test.component)
			if test.reason == "" {
				if len(r.NotAssessed) != 0 || r.Assessed != 1 {
					t.Errorf("not assessed: %v", r.NotAssessed)
				}
			} else if len(r.NotAssessed) != 1 || !strings.Contains(r.NotAssessed[0].Reason, test.reason) || r.Assessed != 0 {
				t.Errorf("not assessed %v, assessed %d, want a reason with %q", r.NotAssessed, r.Assessed, test.reason)
			}
			if len(r.Findings) != test.findings {
				t.Fatalf("%d findings, want %d", len(r.Findings), test.findings)
			}
			if test.findings > 0 {
				if f := r.Findings[0]; f.Possible != test.possible || test.possible && !cmp.Equal(f.Fixed, []string{"2.0.0"}) {
					t.Errorf("possible is %v, fixed %v", f.Possible, f.Fixed)
				}
			}
		})
	}
}

// TestUnorderableRange: a range of which an end cannot be ordered decides
// nothing, and the component says so.
func TestUnorderableRange(t *testing.T) {
	db := indexOf(t, affectedJSON("CRAN", "p", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1.0"},{"fixed":"next"}]}]`))
	r := match(t, db, component("pkg:cran/p@1.5"))
	if len(r.NotAssessed) != 1 || !strings.Contains(r.NotAssessed[0].Reason, "X-1") || r.Assessed != 0 {
		t.Errorf("not assessed %v, assessed %d", r.NotAssessed, r.Assessed)
	}
}

func TestMaliciousComesFirst(t *testing.T) {
	db := indexOf(t,
		`{"id":"MAL-2026-1","summary":"Malicious code in m (npm)","affected":[{"package":{"ecosystem":"npm","name":"m"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}`,
		`{"id":"GHSA-1","database_specific":{"severity":"CRITICAL"},"affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"]}]}`,
		`{"id":"CVE-2026-2","database_specific":{"severity":"LOW"},"affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"]}]}`,
		`{"id":"CVE-2026-1","affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"]}]}`)
	r := match(t, db, component("pkg:npm/p@1.0.0"), component("pkg:npm/m@3.0.0"))
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.ID)
	}
	if diff := cmp.Diff([]string{"MAL-2026-1", "GHSA-1", "CVE-2026-1", "CVE-2026-2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !r.Findings[0].Malicious || len(r.Findings[0].Fixed) != 0 {
		t.Errorf("%+v", r.Findings[0])
	}
}

// TestMatchOrder: the result does not depend on the order of the components,
// and each component has findings of its own.
func TestMatchOrder(t *testing.T) {
	db := open(t, update(t, sampleFeed))
	components := []fnpkg.Component{
		component("pkg:npm/lodash@4.17.15"), component("pkg:npm/axios@0.21.0"), component("pkg:pypi/pyyaml@5.1"), component("pkg:npm/lodash@latest"),
		component("pkg:gem/x@1"), component("pkg:golang/stdlib@1.22.1"), component("pkg:maven/junit/junit@4.12"),
	}
	declared := components[0]
	declared.Origin = fnpkg.OriginDeclared
	components = append(components, declared)

	want := match(t, db, components...)
	origins := 0
	for _, f := range want.Findings {
		if f.Component.Name == "lodash" {
			origins++
		}
	}
	if origins != 2 || len(want.Findings) < 10 || len(want.NotAssessed) != 2 || want.Assessed != 6 {
		t.Fatalf("%d lodash findings, %d findings, not assessed %v, assessed %d", origins, len(want.Findings), want.NotAssessed, want.Assessed)
	}
	slices.Reverse(components)
	if diff := cmp.Diff(want, match(t, db, components...)); diff != "" {
		t.Errorf("(-forwards +backwards):\n%s", diff)
	}
}

func TestMatchIsCancelled(t *testing.T) {
	db := open(t, update(t, sampleFeed))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := db.Match(ctx, []fnpkg.Component{component("pkg:npm/lodash@1.0.0")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRecord(t *testing.T) {
	db := indexOf(t, aliasPYSEC, aliasThird)
	text, err := db.Record("PYSEC-2026-1")
	if err != nil || string(text) != aliasPYSEC {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := db.Record("PYSEC-2026-2"); text != nil || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// TestLargeRecord: ten megabytes of text are a record like any other.
func TestLargeRecord(t *testing.T) {
	large := `{"id":"X-1","summary":"s","details":"` + strings.Repeat("0123456789", 1<<20) + `","affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"]}]}`
	db := indexOf(t, large)
	if r := match(t, db, component("pkg:npm/p@1.0.0")); len(r.Findings) != 1 || r.Findings[0].Summary != "s" {
		t.Errorf("%+v", r)
	}
	if text, err := db.Record("X-1"); err != nil || string(text) != large {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestReaderKeepsItsView: an update does not change what an open index says.
func TestReaderKeepsItsView(t *testing.T) {
	for _, folder := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "osv.db")
		if folder {
			path += string(os.PathSeparator)
		}
		update := func(versions string) {
			source := feedOf(t, affectedJSON("npm", "p", `"versions":[`+versions+`]`))
			if _, err := Update(context.Background(), UpdateOptions{Sources: []string{source}, Path: path}); err != nil {
				t.Fatal(err)
			}
		}
		update(`"1.0.0"`)
		before := open(t, path)
		update(`"2.0.0"`)
		after := open(t, path)
		for db, want := range map[*DB]string{before: "1.0.0", after: "2.0.0"} {
			for _, version := range []string{"1.0.0", "2.0.0"} {
				if got := len(match(t, db, component("pkg:npm/p@"+version)).Findings) == 1; got != (version == want) {
					t.Errorf("folder %v: the index of %s says of %s: %v", folder, want, version, got)
				}
			}
		}
	}
}
