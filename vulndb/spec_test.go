package vulndb

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

// affectedJSON is a record X-1 about one package, with the inside of its
// affected element.
func affectedJSON(ecosystem, name, inside string) string {
	return fmt.Sprintf(`{"id":"X-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":%q,"name":%q},%s}]}`, ecosystem, name, inside)
}

// TestEvaluation holds the rules of https://ossf.github.io/osv-schema/, each
// case with the rule it comes from.
func TestEvaluation(t *testing.T) {
	tests := []struct {
		rule      string
		ecosystem string
		inside    string
		affected  []string
		clean     []string
	}{
		{
			rule:      "introduced: the version is the first affected; fixed: the version is the first not affected",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.2.0"}]}]`,
			affected:  []string{"1.0.0", "1.1.9", "1.2.0-rc.1"},
			clean:     []string{"0.9.9", "1.0.0-beta", "1.2.0", "1.2.1", "2.0.0"},
		},
		{
			rule:      `introduced "0" is a version that sorts before any other`,
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"}]}]`,
			affected:  []string{"0.0.0-alpha", "0.0.0", "0.9.0", "1.0.0-0"},
			clean:     []string{"1.0.0"},
		},
		{
			rule:      "last_affected is inclusive",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"last_affected":"1.2.0"}]}]`,
			affected:  []string{"1.0.0", "1.2.0", "1.2.0+build"},
			clean:     []string{"1.2.1", "0.1.0"},
		},
		{
			rule:      "an event without an end affects all that follows",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"2.0.0"}]}]`,
			affected:  []string{"2.0.0", "99.0.0"},
			clean:     []string{"1.9.9"},
		},
		{
			rule:      "limit: versions at or above it are not affected, whatever the other events say",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"limit":"3.0.0"}]}]`,
			affected:  []string{"0.1.0", "2.9.9"},
			clean:     []string{"3.0.0", "4.0.0"},
		},
		{
			rule:      "several limits: being below any of them is enough",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"limit":"2.0.0"},{"limit":"3.0.0"}]}]`,
			affected:  []string{"2.5.0"},
			clean:     []string{"3.0.0"},
		},
		{
			rule:      `the limit "*" is infinity`,
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"limit":"*"}]}]`,
			affected:  []string{"1.0.0", "999.0.0"},
			clean:     []string{"0.9.0"},
		},
		{
			rule:      "events are sorted before they are evaluated",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"fixed":"2.5.0"},{"introduced":"2.0.0"},{"fixed":"1.5.0"},{"introduced":"1.0.0"}]}]`,
			affected:  []string{"1.0.0", "1.4.9", "2.0.0", "2.4.9"},
			clean:     []string{"0.9.0", "1.5.0", "1.9.9", "2.5.0"},
		},
		{
			rule:      "events of one version stay in the record's order: fixed and introduced again",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"},{"introduced":"1.0.0"},{"fixed":"2.0.0"}]}]`,
			affected:  []string{"0.5.0", "1.0.0", "1.5.0"},
			clean:     []string{"2.0.0"},
		},
		{
			rule:      "events of one version stay in the record's order: an empty range",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.0.0"}]}]`,
			clean:     []string{"0.5.0", "1.0.0", "1.5.0"},
		},
		{
			rule:      "introduced and last_affected of one version affect that version alone",
			ecosystem: "npm",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"last_affected":"1.0.0"}]}]`,
			affected:  []string{"1.0.0"},
			clean:     []string{"0.9.0", "1.0.1"},
		},
		{
			rule:      "any range is enough",
			ecosystem: "npm",
			inside: `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.1.0"}]},
			                   {"type":"SEMVER","events":[{"introduced":"3.0.0"},{"fixed":"3.1.0"}]}]`,
			affected: []string{"1.0.5", "3.0.5"},
			clean:    []string{"2.0.0", "3.1.0"},
		},
		{
			rule:      "a GIT range does not end the search for another range",
			ecosystem: "PyPI",
			inside: `"ranges":[{"type":"GIT","repo":"https://example.com/p","events":[{"introduced":"0"},{"fixed":"0123456789abcdef0123456789abcdef01234567"}]},
			                   {"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0"}]}]`,
			affected: []string{"1.0"},
			clean:    []string{"2.0"},
		},
		{
			rule:      "versions are affected whatever the ranges say",
			ecosystem: "npm",
			inside:    `"versions":["7.0.0"],"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.1.0"}]}]`,
			affected:  []string{"7.0.0", "1.0.0"},
			clean:     []string{"7.0.1"},
		},
		{
			rule:      "versions alone",
			ecosystem: "npm",
			inside:    `"versions":["1.0.0","1.0.2","1.0.10"]`,
			affected:  []string{"1.0.0", "1.0.2", "1.0.10"},
			clean:     []string{"1.0.1", "1.0.3", "1.0.1-0"},
		},
		{
			rule:      "neither versions nor ranges: no version is affected",
			ecosystem: "npm",
			inside:    `"database_specific":{"source":"x"}`,
			clean:     []string{"1.0.0"},
		},
		{
			rule:      "ECOSYSTEM: the order is the ecosystem's (PEP 440)",
			ecosystem: "PyPI",
			inside:    `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1.0rc1"},{"fixed":"1.0.post1"}]}]`,
			affected:  []string{"1.0rc1", "1.0", "1.0.0", "1.0+local"},
			clean:     []string{"1.0b2", "1.0.dev1", "1.0.post1", "1!0.1"},
		},
		{
			rule:      "ECOSYSTEM: the order is the ecosystem's (Maven)",
			ecosystem: "Maven",
			inside:    `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"2.0-beta9"},{"fixed":"2.15.0"}]}]`,
			affected:  []string{"2.0-beta9", "2.0-rc1", "2.0", "2.14.1", "2.15.0-SNAPSHOT"},
			clean:     []string{"2.0-alpha1", "2.15.0", "2.15", "2.17.1"},
		},
		{
			rule:      "SEMVER: the order is that of SemVer 2.0 in any ecosystem",
			ecosystem: "Maven",
			inside:    `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.1.0"}]}]`,
			affected:  []string{"1.0.0", "1.0.9", "1.1.0-zeta"}, // Maven's own order has "zeta" behind the release
			clean:     []string{"1.1.0", "1.0.0-zeta"},
		},
		{
			rule:      "unknown fields do not lose a record",
			ecosystem: "npm",
			inside: `"novelty":{"a":[1,2]},"ranges":[{"type":"SEMVER","novelty":1,"events":[{"introduced":"0"},{"fixed":"2.0.0"}],
			         "database_specific":{"last_known_affected_version_range":"<= 1"}}]`,
			affected: []string{"1.0.0"},
			clean:    []string{"2.0.0"},
		},
		{
			rule:      "a field of the wrong type does not lose the ranges",
			ecosystem: "npm",
			inside:    `"versions":188,"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]`,
			affected:  []string{"1.0.0"},
			clean:     []string{"2.0.0"},
		},
	}
	purlType := map[string]string{"npm": "npm", "PyPI": "pypi", "Maven": "maven"}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			name := "p"
			if test.ecosystem == "Maven" {
				name = "g:p"
			}
			db := indexOf(t, affectedJSON(test.ecosystem, name, test.inside))
			check := func(version string, want bool) {
				c := component("pkg:" + purlType[test.ecosystem] + "/" + strings.Replace(name, ":", "/", 1) + "@" + version)
				r := match(t, db, c)
				if len(r.NotAssessed) > 0 {
					t.Errorf("%s is not assessed: %s", version, r.NotAssessed[0].Reason)
				}
				if got := len(r.Findings) > 0; got != want {
					t.Errorf("%s: affected is %v, want %v", version, got, want)
				}
			}
			for _, v := range test.affected {
				check(v, true)
			}
			for _, v := range test.clean {
				check(v, false)
			}
		})
	}
}

// oracleEvent is an event over versions that are numbers.
type oracleEvent struct {
	kind    eventKind
	version int
}

// oracle decides by another road than the evaluation: the last event that has
// come to pass at v decides.
func oracle(v int, ranges [][]oracleEvent, versions []int) bool {
	if slices.Contains(versions, v) {
		return true
	}
	for _, events := range ranges {
		below, limits := false, 0
		last := -1
		for i, e := range events {
			passed := e.version <= v
			switch e.kind {
			case limit:
				limits++
				below = below || v < e.version
				continue
			case lastAffected:
				passed = e.version < v
			}
			if passed && (last < 0 || e.version >= events[last].version) {
				last = i
			}
		}
		if (limits == 0 || below) && last >= 0 && events[last].kind == introduced {
			return true
		}
	}
	return false
}

// TestEvaluationAgainstOracle compares the evaluation with the oracle on
// records made at random.
func TestEvaluationAgainstOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(20260901, 1))
	const most = 12
	for round := range 4000 {
		var ranges [][]oracleEvent
		var versions []int
		record := affectedPackage{}
		for range r.IntN(4) {
			from := affectedRange{Type: []string{"SEMVER", "ECOSYSTEM"}[r.IntN(2)]}
			var events []oracleEvent
			for range 1 + r.IntN(5) {
				e := oracleEvent{eventKind(1 + r.IntN(4)), r.IntN(most)}
				text := fmt.Sprintf("%d.0.0", e.version)
				if e.kind == introduced && e.version == 0 {
					text, e.version = "0", -1 // before any version, 0.0.0 included
				}
				events = append(events, e)
				var element rangeEvent
				switch e.kind {
				case introduced:
					element.Introduced = text
				case fixed:
					element.Fixed = text
				case lastAffected:
					element.LastAffected = text
				case limit:
					element.Limit = text
				}
				from.Events = append(from.Events, element)
			}
			ranges = append(ranges, events)
			record.Ranges = append(record.Ranges, from)
		}
		for range r.IntN(3) {
			v := r.IntN(most)
			versions = append(versions, v)
			record.Versions = append(record.Versions, fmt.Sprintf("%d.0.0", v))
		}
		record.Package.Ecosystem, record.Package.Name = "npm", "p"
		_, entries, problems := newEntries(&indexedRecord{ID: "X-1", Affected: []affectedPackage{record}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for v := range most + 1 {
			e := newEvaluation(sub("npm", "p", fmt.Sprintf("%d.0.0", v)))
			got := false
			for _, entry := range entries {
				decoded, err := decodeEntry(entry.append(nil))
				if err != nil {
					t.Fatal(err)
				}
				affected, err := e.affected(decoded)
				if err != nil {
					t.Fatal(err)
				}
				got = got || affected
			}
			if want := oracle(v, ranges, versions); got != want {
				t.Fatalf("round %d, version %d: affected is %v, want %v\nranges %v\nversions %v", round, v, got, want, ranges, versions)
			}
		}
	}
}

// TestFixedIsNotAffected: no version that a range names as fixed is inside
// that range, unless the record introduces the defect again in that version.
func TestFixedIsNotAffected(t *testing.T) {
	checked := 0
	eachSampleRecord(t, func(text []byte) {
		r, err := parseIndexed(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Affected {
			for _, from := range a.Ranges {
				kept, ok := newRange(a.Package.Ecosystem, from)
				if !ok {
					continue
				}
				for _, e := range kept.events {
					if e.kind != fixed || slices.Contains(kept.events, event{introduced, e.version}) {
						continue
					}
					installed, reason := newComparer(a.Package.Ecosystem, e.version)
					if reason != "" {
						continue
					}
					inside, err := kept.contains(installed)
					if err != nil {
						t.Fatal(err)
					}
					if inside {
						t.Errorf("%s: %s is fixed and affected", r.ID, e.version)
					}
					if fixes, _ := kept.ends(nil, nil, &installed); slices.Contains(fixes, e.version) {
						t.Errorf("%s: %s is named as a fix for itself", r.ID, e.version)
					}
					checked++
				}
			}
		}
	})
	if checked < 300 {
		t.Errorf("only %d fixed versions were checked", checked)
	}
}

// TestDefectsElsewhere are mistakes that published matchers make.
func TestDefectsElsewhere(t *testing.T) {
	t.Run("name normalisation", func(t *testing.T) {
		everything := `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]`
		tests := []struct{ ecosystem, inFeed, purl string }{
			{"NuGet", "Newtonsoft.Json", "pkg:nuget/newtonsoft.json@9.0.1"},
			{"NuGet", "newtonsoft.json", "pkg:nuget/Newtonsoft.Json@9.0.1"},
			{"PyPI", "Jinja2", "pkg:pypi/jinja2@2.0"},
			{"PyPI", "zope.interface", "pkg:pypi/Zope_Interface@5.0"},
			{"PyPI", "a-b", "pkg:pypi/a.-_b@5.0"},
			{"Packagist", "Symfony/HTTP-Kernel", "pkg:composer/symfony/http-kernel@v4.4.1"},
			{"crates.io", "serde_json", "pkg:cargo/serde-json@1.0.0"},
			{"Go", "github.com/BurntSushi/toml", "pkg:golang/github.com/burntsushi/toml@v0.3.0"},
			{"Maven", "org.example:Lib", "pkg:maven/org.example/Lib@1.0"},
			{"RubyGems", "rack", "pkg:gem/rack@2.0.1"},
			{"npm", "@scope/name", "pkg:npm/@scope/name@1.0.0"},
			{"Maven:https://repo.example/maven", "org.example:lib", "pkg:maven/org.example/lib@1.0"},
		}
		for _, test := range tests {
			t.Run(test.ecosystem+" "+test.inFeed, func(t *testing.T) {
				archive := map[string]string{"X-1.json": affectedJSON(test.ecosystem, test.inFeed, everything)}
				db := open(t, update(t, writeFeed(t, map[string]map[string]string{baseEcosystem(test.ecosystem): archive})))
				r := match(t, db, component(test.purl))
				if diff := cmp.Diff([]string{"X-1"}, ids(r)); diff != "" {
					t.Errorf("findings (-want +got):\n%s%v", diff, r.NotAssessed)
				}
			})
		}
	})
	t.Run("names that differ", func(t *testing.T) {
		everything := `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]`
		db := indexOf(t, affectedJSON("npm", "Base64", everything), affectedJSON("Go", "example.com/m", everything))
		r := match(t, db, component("pkg:npm/base64@1.0.0"), component("pkg:golang/example.com/m/v2@v2.0.0"))
		if len(r.Findings) != 0 || r.Assessed != 2 {
			t.Errorf("found %v, assessed %d", ids(r), r.Assessed)
		}
	})
	t.Run("the Go distribution", func(t *testing.T) {
		db := indexOf(t, affectedJSON("Go", "stdlib", `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.22.0-0"},{"fixed":"1.22.2"}]}]`))
		for version, want := range map[string]int{
			"go1.22.1": 1, "1.22.1": 1, "v1.22.1": 1, "go1.22": 1, "go1.22rc1": 1, "go1.22.1 X:boringcrypto": 1, "go1.22.1-vendor": 1, "1.22.0-rc.1": 1,
			"go1.21.9": 0, "go1.22.2": 0, "go1.23": 0,
		} {
			r := match(t, db, fnpkg.Component{PURL: "pkg:golang/stdlib@" + version, Type: "golang", Name: "stdlib", Version: version})
			if len(r.Findings) != want || len(r.NotAssessed) != 0 {
				t.Errorf("%s: %d findings, want %d; not assessed: %v", version, len(r.Findings), want, r.NotAssessed)
			}
		}
		r := match(t, db, fnpkg.Component{PURL: "pkg:golang/stdlib", Type: "golang", Name: "stdlib", Version: "devel go1.23-0123abc"})
		if len(r.NotAssessed) != 1 {
			t.Errorf("a development version is assessed: %+v", r)
		}
	})
	t.Run("withdrawn", func(t *testing.T) {
		db := indexOf(t,
			`{"id":"X-1","modified":"2026-01-01T00:00:00Z","withdrawn":"2026-01-02T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":["1.0.0"]}]}`,
			affectedJSON("npm", "q", `"versions":["1.0.0"]`))
		if r := match(t, db, component("pkg:npm/p@1.0.0")); len(r.Findings) != 0 {
			t.Errorf("a withdrawn record is found: %v", ids(r))
		}
	})
	t.Run("unknown ecosystem", func(t *testing.T) {
		db := indexOf(t, affectedJSON("Novelty:1", "p", `"versions":["1.0.0"],"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"2"},{"fixed":"1"}]}]`))
		r := match(t, db, component("pkg:novelty/p@1.0.0"), component("pkg:npm/p@1.0.0"))
		if len(r.Findings) != 0 || len(r.NotAssessed) != 2 {
			t.Errorf("found %v, not assessed %v", ids(r), r.NotAssessed)
		}
	})
	t.Run("custom ranges of Go", func(t *testing.T) {
		db := indexOf(t, affectedJSON("Go", "example.com/m", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
			"ecosystem_specific":{"custom_ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"6.0.0"},{"fixed":"6.7.2"}]}],"imports":[{"path":"example.com/m/p"}]}`))
		for version, want := range map[string][]string{
			"v6.1.0":                             {"6.7.2"},
			"v6.7.2":                             nil,
			"v5.4.5+incompatible":                nil,
			"v0.0.0-20240101000000-0123456789ab": {},
			"v8.0.0-20240626145722-0123456789ab": {},
		} {
			r := match(t, db, component("pkg:golang/example.com/m@"+version))
			if (len(r.Findings) > 0) != (want != nil) {
				t.Errorf("%s: found %v", version, ids(r))
				continue
			}
			if want != nil && strings.Join(r.Findings[0].Fixed, " ") != strings.Join(want, " ") {
				t.Errorf("%s: fixed in %v, want %v", version, r.Findings[0].Fixed, want)
			}
		}
	})
	t.Run("a custom range narrows and does not widen", func(t *testing.T) {
		// As GO-2026-4449: unbounded from 0.11.19 on, and fixed in 0.13.4.
		db := indexOf(t, affectedJSON("Go", "example.com/m", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0.11.19"}]}],
			"ecosystem_specific":{"custom_ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"0.13.4"}]}]}`))
		for version, want := range map[string]int{"v0.11.0": 0, "v0.11.19": 1, "v0.13.3": 1, "v0.13.4": 0, "v0.14.0": 0} {
			if r := match(t, db, component("pkg:golang/example.com/m@"+version)); len(r.Findings) != want {
				t.Errorf("%s: found %v", version, ids(r))
			}
		}
	})
	t.Run("a custom range does not widen a bounded range", func(t *testing.T) {
		db := indexOf(t, affectedJSON("Go", "example.com/m", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}],
			"ecosystem_specific":{"custom_ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}`))
		if r := match(t, db, component("pkg:golang/example.com/m@v1.3.0")); len(r.Findings) != 0 {
			t.Errorf("found %v", ids(r))
		}
	})
}
