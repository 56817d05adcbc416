package vulndb

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/osv-scalibr/enricher/vulnmatch/osvlocal"
	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/purl"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/fnseal/fnseal/fnpkg"
)

// peer is scalibr's matcher, which osv-scanner matches with offline.
type peer map[string][]*osvschema.Vulnerability // by package name

// readSample reads all records of the sample: one about several ecosystems may
// be in the archive of one of them only.
func readSample(t *testing.T) peer {
	t.Helper()
	all := make(peer)
	eachSampleRecord(t, func(text []byte) { all.add(t, text) })
	return all
}

// add reads a record as osv-scanner does, but for its losing records with
// fields that it does not know.
func (p peer) add(t *testing.T, text []byte) {
	t.Helper()
	v := &osvschema.Vulnerability{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	names := make(map[string]bool)
	for _, a := range v.GetAffected() {
		names[a.GetPackage().GetName()] = true
	}
	for name := range names {
		p[name] = append(p[name], v)
	}
}

// affecting returns the ids of the records that affect a version.
func (p peer) affecting(purlType, name, version string) []string {
	ids := []string{}
	for _, v := range osvlocal.VulnerabilitiesAffectingPackage(p[name], &extractor.Package{Name: name, Version: version, PURLType: purlType}) {
		ids = append(ids, v.GetId())
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// interesting are versions of a package at which something changes: all that
// its records name, and neighbours of them.
func interesting(records []*osvschema.Vulnerability, ecosystem, name string) []string {
	versions := make(map[string]bool)
	add := func(v string) {
		if v == "" || v == "0" || v == "*" {
			return
		}
		versions[v] = true
		if i := strings.LastIndexAny(v, ".0123456789"); i == len(v)-1 && v[i] != '.' {
			versions[v+".1"] = true
			versions[v[:i]+string('0'+(v[i]-'0'+1)%10)] = true
		}
	}
	for _, r := range records {
		for _, a := range r.GetAffected() {
			if a.GetPackage().GetName() != name || a.GetPackage().GetEcosystem() != ecosystem {
				continue
			}
			for i, v := range a.GetVersions() {
				if i < 5 || i > len(a.GetVersions())-5 {
					add(v)
				}
			}
			for _, from := range a.GetRanges() {
				for _, e := range from.GetEvents() {
					for _, v := range []string{e.GetIntroduced(), e.GetFixed(), e.GetLastAffected(), e.GetLimit()} {
						add(v)
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(versions))
}

// A difference is one version of one package of which the two matchers do not
// say the same.
type difference struct {
	ecosystem, name, version string
	ours, theirs             []string // ids that only one finds
	notAssessed              string
	records                  []*osvschema.Vulnerability
}

// explanations are the reasons for which the matchers may differ, each with
// the rule it follows from.
var explanations = []struct {
	rule  string
	holds func(d difference) bool
}{
	{
		`a version that has no place in its ecosystem's order is in no range: "versions that cannot be compared" are not assessed rather than ordered low
		 (OSV schema, affected[].ranges[].events: "the ordering of version strings is defined by the range type / ecosystem")`,
		func(d difference) bool { return d.notAssessed != "" && len(d.ours) == 0 },
	},
	{
		`"The algorithm… IncludedInRanges: for range in ranges, if BeforeLimits and … return true": a GIT range does not end the loop
		 (OSV schema, Evaluation)`,
		func(d difference) bool {
			return len(d.theirs) == 0 && d.all(d.ours, func(a *osvschema.Affected) bool {
				return slices.ContainsFunc(a.GetRanges(), func(r *osvschema.Range) bool { return r.GetType() == osvschema.Range_GIT })
			})
		},
	},
	{
		`PyPI: versions are those of PEP 440, where "1.0" and "1.0.0" are one version (PEP 440, "Version specifiers": trailing zeros are ignored);
		 a list of versions names releases and not spellings`,
		func(d difference) bool {
			return d.ecosystem == ecoPyPI && len(d.theirs) == 0 && d.all(d.ours, func(a *osvschema.Affected) bool {
				form := listedForm(ecoPyPI, d.version)
				return slices.ContainsFunc(a.GetVersions(), func(v string) bool { return v != d.version && listedForm(ecoPyPI, v) == form })
			})
		},
	},
	{
		`Go: records that affect every version "in terms of the module system" say in ecosystem_specific.custom_ranges which versions of the module's own
		 numbering are meant (https://go.dev/doc/security/vuln/database#schema)`,
		func(d difference) bool {
			return d.ecosystem == ecoGo && len(d.ours) == 0 && !goPseudo.MatchString(d.version) && d.all(d.theirs, func(a *osvschema.Affected) bool {
				return a.GetEcosystemSpecific().GetFields()["custom_ranges"] != nil
			})
		},
	},
}

// all reports whether each of the records has an affected element of the
// package for which f holds.
func (d difference) all(ids []string, f func(a *osvschema.Affected) bool) bool {
	for _, id := range ids {
		i := slices.IndexFunc(d.records, func(v *osvschema.Vulnerability) bool { return v.GetId() == id })
		if i < 0 || !slices.ContainsFunc(d.records[i].GetAffected(), func(a *osvschema.Affected) bool {
			return a.GetPackage().GetName() == d.name && f(a)
		}) {
			return false
		}
	}
	return len(ids) > 0
}

// TestAgainstScalibr compares both matchers on every package of the sample, at
// all versions at which something changes.
func TestAgainstScalibr(t *testing.T) {
	db := open(t, update(t, sampleFeed))
	compared, explained := 0, make(map[string]int)
	records := readSample(t)
	for ecosystem, purlType := range map[string]string{"npm": purl.TypeNPM, "PyPI": purl.TypePyPi, "Go": purl.TypeGolang, "Maven": purl.TypeMaven} {
		for _, name := range slices.Sorted(maps.Keys(records)) {
			for _, version := range interesting(records[name], ecosystem, name) {
				theirs := records.affecting(purlType, name, version)
				ours, notAssessed := affectingHere(t, db, purlType, name, version)
				compared++
				d := difference{ecosystem, name, version, without(ours, theirs), without(theirs, ours), notAssessed, records[name]}
				if len(d.ours)+len(d.theirs) == 0 {
					continue
				}
				why := slices.IndexFunc(explanations, func(e struct {
					rule  string
					holds func(d difference) bool
				}) bool {
					return e.holds(d)
				})
				if why < 0 {
					t.Errorf("%s %s %s: only here %v, only there %v (%s)", ecosystem, name, version, d.ours, d.theirs, notAssessed)
					continue
				}
				explained[explanations[why].rule]++
			}
		}
	}
	t.Logf("%d versions compared", compared)
	for rule, n := range explained {
		t.Logf("%d differ: %s", n, strings.Join(strings.Fields(rule), " "))
	}
	if compared < 3000 {
		t.Errorf("only %d versions were compared", compared)
	}
}

// affectingHere returns the ids of the records that this matcher finds.
func affectingHere(t *testing.T, db *DB, purlType, name, version string) (ids []string, notAssessed string) {
	t.Helper()
	r, err := db.Match(context.Background(), []fnpkg.Component{{PURL: "pkg:" + purlType, Type: purlType, Name: name, Version: version}})
	if err != nil {
		t.Fatal(err)
	}
	ids = []string{}
	for _, f := range r.Findings {
		ids = append(ids, f.Records...)
	}
	for _, n := range r.NotAssessed {
		notAssessed = n.Reason
	}
	slices.Sort(ids)
	return slices.Compact(ids), notAssessed
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(id string) bool { return slices.Contains(b, id) })
}

// TestDifferencesToScalibr holds, for each rule of the specification that
// scalibr's matcher does not follow, what it says and what is right.
func TestDifferencesToScalibr(t *testing.T) {
	tests := []struct {
		rule, ecosystem, name, inside, version string
		ours, theirs                           bool // affected
	}{
		{`"limit": "versions … greater than or equal to it are not affected" (BeforeLimits)`, "npm", "p", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"limit":"2.0.0"}]}]`, "3.0.0", false, true},
		{"a GIT range does not end the loop over ranges", "PyPI", "p", `"ranges":[{"type":"GIT","repo":"https://example.com/p","events":[{"introduced":"0"}]},{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0"}]}]`, "1.0", true, false},
		{`events are sorted, and "0" sorts before any other version, whatever stands between`, "npm", "p", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"},{"introduced":"1.0.0"},{"fixed":"2.0.0"}]}]`, "1.5.0", true, true},
		{"NuGet package ids are case-insensitive", "NuGet", "Newtonsoft.Json", `"versions":["1.0.0"]`, "1.0.0", true, false},
		{"PyPI: 1.0 and 1.0.0 are one version (PEP 440)", "PyPI", "p", `"versions":["1.0"]`, "1.0.0", true, false},
		{"Go: custom_ranges decide where the module system's versions do not", "Go", "example.com/m", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"ecosystem_specific":{"custom_ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"6.7.2"}]}]}`, "7.0.0", false, true},
		{"SEMVER ranges are in the order of SemVer 2.0 in any ecosystem", "Maven", "g:p", `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.1.0"}]}]`, "1.1.0-zeta", true, false},
		{"a version without a place in the order is in no range", "npm", "p", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]`, "latest", false, true},
	}
	purlTypes := map[string]string{"npm": purl.TypeNPM, "PyPI": purl.TypePyPi, "Go": purl.TypeGolang, "Maven": purl.TypeMaven, "NuGet": purl.TypeNuget}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			text := affectedJSON(test.ecosystem, test.name, test.inside)
			db := indexOf(t, text)
			p := make(peer)
			p.add(t, []byte(text))
			name := test.name
			if test.ecosystem == ecoNuGet {
				name = strings.ToLower(name)
				p[name] = p[test.name]
			}
			ours, _ := affectingHere(t, db, purlTypes[test.ecosystem], name, test.version)
			theirs := p.affecting(purlTypes[test.ecosystem], name, test.version)
			if got := len(ours) > 0; got != test.ours {
				t.Errorf("here: affected is %v, want %v", got, test.ours)
			}
			if got := len(theirs) > 0; got != test.theirs {
				t.Errorf("there: affected is %v: the matcher follows the rule by now, or in another way", got)
			}
		})
	}
}
