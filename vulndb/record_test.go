package vulndb

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"
)

func TestParseIndexed(t *testing.T) {
	tests := []struct {
		name, text string
		kept       bool
		problem    string // a part of it
	}{
		{"smallest", `{"id":"A-1"}`, true, ""},
		{"unknown fields", `{"id":"A-1","novelty":{"deep":[[[]]]},"affected":[]}`, true, ""},
		{"null fields", `{"id":"A-1","aliases":null,"affected":[{"package":null,"ranges":null,"versions":null,"ecosystem_specific":null}]}`, true, ""},
		{"an extra of the wrong type", `{"id":"A-1","affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":188}]}`, true, "affected.versions"},
		{"an affected of the wrong type", `{"id":"A-1","affected":"all"}`, false, "affected"},
		{"no id", `{"affected":[]}`, false, "no id"},
		{"an id with a line break", `{"id":"A-1\nfnseal: ok"}`, false, "character"},
		{"an endless id", `{"id":"` + strings.Repeat("A", 300) + `"}`, false, "300 bytes"},
		{"cut", `{"id":"A-1","affected":[`, false, "not a JSON record"},
		{"a list", `[]`, false, ""},
		{"HTML", `<html></html>`, false, "not a JSON record"},
		{"empty", ``, false, "not a JSON record"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := parseIndexed([]byte(test.text))
			if (r != nil) != test.kept {
				t.Errorf("kept is %v, want %v (%v)", r != nil, test.kept, err)
			}
			if test.problem == "" && test.kept && err != nil || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("problem %v, want one with %q", err, test.problem)
			}
			if err != nil && test.kept {
				var field *fieldError
				if !errors.As(err, &field) {
					t.Errorf("a kept record has the problem %T", err)
				}
			}
		})
	}
}

// TestParseAgainstBindings: what decides about versions is read as the OSV
// schema's own bindings read it.
func TestParseAgainstBindings(t *testing.T) {
	records := 0
	eachSampleRecord(t, func(text []byte) {
		records++
		var want osvschema.Vulnerability
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		got, err := parseIndexed(text)
		if err != nil {
			t.Fatal(err)
		}
		expected := indexedRecord{ID: want.GetId(), Aliases: want.GetAliases(), Modified: got.Modified, Withdrawn: got.Withdrawn}
		if (want.GetWithdrawn() != nil) != (got.Withdrawn != "") {
			t.Errorf("%s: withdrawn is %q", want.GetId(), got.Withdrawn)
		}
		if m := parseTime(got.Modified); !m.Equal(want.GetModified().AsTime()) {
			t.Errorf("%s: modified %v, want %v", want.GetId(), m, want.GetModified().AsTime())
		}
		for i, a := range want.GetAffected() {
			affected := affectedPackage{Versions: a.GetVersions(), EcosystemSpecific: got.Affected[i].EcosystemSpecific}
			affected.Package.Ecosystem, affected.Package.Name = a.GetPackage().GetEcosystem(), a.GetPackage().GetName()
			for _, r := range a.GetRanges() {
				from := affectedRange{Type: r.GetType().String()}
				for _, e := range r.GetEvents() {
					from.Events = append(from.Events, rangeEvent{e.GetIntroduced(), e.GetFixed(), e.GetLastAffected(), e.GetLimit()})
				}
				affected.Ranges = append(affected.Ranges, from)
			}
			expected.Affected = append(expected.Affected, affected)
		}
		nothing := cmp.FilterValues(func(a, b []string) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())
		if diff := cmp.Diff(&expected, got, nothing); diff != "" {
			t.Errorf("%s (-bindings +ours):\n%s", want.GetId(), diff)
		}
	})
	if records < 300 {
		t.Errorf("the sample has %d records", records)
	}
}

// FuzzRecord: whatever a feed holds, reading, indexing and evaluating it does
// not panic, and what is indexed is decoded as it was.
func FuzzRecord(f *testing.F) {
	n := 0
	eachSampleRecord(f, func(text []byte) {
		if n++; n%20 == 0 {
			f.Add(text, "1.0.0")
		}
	})
	if n == 0 {
		f.Fatal("no seeds")
	}
	f.Add([]byte(affectedJSON("PyPI", "p", `"versions":["1.0","1.0.0"],"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1","fixed":"2","limit":"*"}]}]`)), "1")
	f.Add([]byte(`{"id":"A-1","severity":[{"type":"CVSS_V4","score":"CVSS:4.0/AV:N"}],"database_specific":{"severity":7}}`), "1")
	f.Fuzz(func(t *testing.T, text []byte, version string) {
		r, err := parseIndexed(text)
		if r == nil {
			if err == nil {
				t.Fatal("neither a record nor an error")
			}
			return
		}
		keys, entries, _ := newEntries(r)
		if len(keys) != len(entries) {
			t.Fatalf("%d keys of %d entries", len(keys), len(entries))
		}
		for i, want := range entries {
			got, err := decodeEntry(want.append(nil))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{}, versionRange{}, event{}, listedVersions{}), cmpEmpty); diff != "" {
				t.Fatalf("entry changes on its way through the index (-want +got):\n%s", diff)
			}
			ecosystem, name, _ := strings.Cut(keys[i], "\x00")
			for _, v := range []string{version, ""} {
				e := newEvaluation(sub(ecosystem, name, v))
				if _, err := e.affected(got); err != nil {
					t.Fatal(err)
				}
				fixed, _ := e.ends(got)
				sortVersions(ecosystem, fixed)
			}
		}
		a, err := parseAdvisory(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if got := assess(a, key); got.score < 0 || got.score > 10 || got.severity == "" {
				t.Fatalf("assessed as %+v", got)
			}
		}
		aliasesOf(r)
	})
}

var cmpEmpty = cmp.FilterPath(func(p cmp.Path) bool {
	switch p.Last().Type().Kind().String() {
	case "slice":
		return true
	}
	return false
}, cmp.FilterValues(func(a, b any) bool { return emptySlice(a) && emptySlice(b) }, cmp.Ignore()))

func emptySlice(v any) bool {
	switch s := v.(type) {
	case []versionRange:
		return len(s) == 0
	case []event:
		return len(s) == 0
	case []byte:
		return len(s) == 0
	}
	return false
}

// FuzzDecodeEntry: no bytes make the decoder panic or allocate without bound.
func FuzzDecodeEntry(f *testing.F) {
	f.Add(entry{id: "A-1", ranges: []versionRange{{semver: true, events: []event{{introduced, "0"}, {fixed, "1.0.0"}}}}}.append(nil))
	f.Add(entry{id: "A-1", listed: newListedVersions("npm", []string{"1.0.0", "1.0.1"})}.append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := decodeEntry(data)
		if err != nil {
			return
		}
		again, err := decodeEntry(e.append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, again, cmp.AllowUnexported(entry{}, versionRange{}, event{}, listedVersions{}), cmpEmpty); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
		_, _ = e.listed.contains("1.0.0")
	})
}
