package vulndb

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestPackage(t *testing.T) {
	db := indexOf(t,
		`{"id":"GHSA-1","aliases":["CVE-2026-1"],"affected":[{"package":{"ecosystem":"npm","name":"p"},"ranges":[
			{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"},{"introduced":"2.0.0"},{"fixed":"2.1.0"}]}]}]}`,
		`{"id":"GHSA-2","affected":[{"package":{"ecosystem":"npm","name":"p"},"ranges":[
			{"type":"SEMVER","events":[{"introduced":"1.1.0"},{"fixed":"1.3.0"}]},
			{"type":"SEMVER","events":[{"introduced":"2.0.0"},{"last_affected":"2.2.0"}]}]}]}`,
		`{"id":"MAL-2026-1","affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["2.3.0"]}]}`)
	m := db.NewMatcher()
	p, reason, err := m.Package(component("pkg:npm/p@1.0.0"))
	if err != nil || reason != "" {
		t.Fatal(reason, err)
	}
	if diff := cmp.Diff([]string{"CVE-2026-1", "GHSA-2", "MAL-2026-1"}, p.Advisories()); diff != "" {
		t.Errorf("advisories (-want +got):\n%s", diff)
	}
	for version, want := range map[string]string{
		"1.0.0": "CVE-2026-1", "1.1.0": "CVE-2026-1 GHSA-2", "1.2.0": "GHSA-2", "1.3.0": "", "2.0.5": "CVE-2026-1 GHSA-2", "2.1.0": "GHSA-2", "2.2.1": "", "2.3.0": "MAL-2026-1",
	} {
		ids, reason, err := p.Affecting(version)
		if got := strings.Join(ids, " "); got != want || reason != "" || err != nil {
			t.Errorf("%s is affected by %q, want %q (%s, %v)", version, got, want, reason, err)
		}
	}
	if _, reason, _ := p.Affecting("latest"); !strings.Contains(reason, "latest") {
		t.Errorf("a version without order is compared: %q", reason)
	}
	if diff := cmp.Diff([]string{"1.2.0", "1.3.0", "2.1.0"}, p.Fixes("1.0.0")); diff != "" {
		t.Errorf("fixes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"2.1.0"}, p.Fixes("1.3.0")); diff != "" {
		t.Errorf("fixes (-want +got):\n%s", diff)
	}
	if order, err := p.Compare("1.10.0", "1.9.0"); order != 1 || err != nil {
		t.Errorf("1.10.0 against 1.9.0: %d, %v", order, err)
	}
	if _, err := p.Compare("1.10.0", "latest"); err == nil {
		t.Error("latest has a place in the order")
	}

	// What last_affected says is told apart from a fix.
	r := match(t, db, component("pkg:npm/p@2.1.5"))
	if len(r.Findings) != 1 || len(r.Findings[0].Fixed) != 0 || !cmp.Equal(r.Findings[0].LastAffected, []string{"2.2.0"}) {
		t.Errorf("%+v", r.Findings)
	}

	none, reason, err := m.Package(component("pkg:npm/q@1.0.0"))
	if err != nil || reason != "" || len(none.Advisories()) != 0 {
		t.Errorf("a package without advisories: %+v %q %v", none, reason, err)
	}
	if ids, reason, err := none.Affecting("1.0.0"); len(ids) != 0 || reason != "" || err != nil {
		t.Errorf("a package without advisories is affected: %v %q %v", ids, reason, err)
	}
	if _, reason, _ := m.Package(component("pkg:gem/p@1")); !strings.Contains(reason, "RubyGems") {
		t.Errorf("reason %q", reason)
	}
	if _, reason, _ := m.Package(fnpkg.Component{Name: "p"}); reason == "" {
		t.Error("a component without a package URL has a package")
	}
}

// TestFirstUnaffected: for the packages of the sample, the first candidate
// that Affecting clears has no findings when it is installed.
func TestFirstUnaffected(t *testing.T) {
	db := open(t, update(t, sampleFeed))
	m := db.NewMatcher()
	cleared := 0
	for _, purl := range probe {
		c := component(purl)
		p, reason, err := m.Package(c)
		if err != nil || reason != "" {
			t.Fatal(reason, err)
		}
		for _, candidate := range p.Fixes(c.Version) {
			ids, reason, err := p.Affecting(candidate)
			if err != nil || reason != "" {
				t.Fatalf("%s %s: %s %v", c.Name, candidate, reason, err)
			}
			upgraded := c
			upgraded.Version = candidate
			r, err := m.Match(t.Context(), []fnpkg.Component{upgraded})
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range r.Findings {
				found = append(found, f.ID)
			}
			if diff := cmp.Diff(append([]string{}, ids...), sorted(found)); diff != "" {
				t.Errorf("%s %s (-Affecting +Match):\n%s", c.Name, candidate, diff)
			}
			if len(ids) == 0 {
				cleared++
			}
		}
	}
	if cleared < 5 {
		t.Errorf("only %d candidates are clear", cleared)
	}
}

func sorted(ids []string) []string {
	out := append([]string{}, ids...)
	slices.Sort(out)
	return slices.Compact(out)
}

// TestPackageOfGoDistribution: the standard library's versions are spelled as
// the go command does, and as the Go vulnerability database does.
func TestPackageOfGoDistribution(t *testing.T) {
	db := indexOf(t, `{"id":"GO-2026-1","affected":[{"package":{"ecosystem":"Go","name":"stdlib"},"ranges":[
		{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.21.12"},{"introduced":"1.22.0-0"},{"fixed":"1.22.5"}]}]}]}`)
	p, reason, err := db.NewMatcher().Package(component("pkg:golang/stdlib@go1.22.1"))
	if err != nil || reason != "" {
		t.Fatal(reason, err)
	}
	for above, want := range map[string][]string{
		"go1.22.1": {"1.22.5"}, "1.22.1": {"1.22.5"}, "go1.21": {"1.21.12", "1.22.5"}, "go1.22rc1": {"1.22.5"}, "go1.22.5": nil,
	} {
		if diff := cmp.Diff(want, p.Fixes(above)); diff != "" {
			t.Errorf("above %s (-want +got):\n%s", above, diff)
		}
	}
	for version, want := range map[string]int{"go1.22.1": 1, "go1.22.5": 0, "1.21.12": 0} {
		if ids, reason, err := p.Affecting(version); len(ids) != want || reason != "" || err != nil {
			t.Errorf("%s has %q (%s, %v)", version, ids, reason, err)
		}
	}
}
