package attest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

var update = flag.Bool("update", false, "rewrite golden files")

var exact = fnpkg.Digest{0xab, 0xcd, 31: 1}

const hex64 = "abcd000000000000000000000000000000000000000000000000000000000001"

func subject(t *testing.T) attest.Subject {
	t.Helper()
	s, err := attest.SubjectOf(fnpkg.Subject{Name: "fn.zip", Digest: exact, Content: fnpkg.ContentDigest{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestStatementBytes(t *testing.T) {
	s, err := attest.NewStatement([]attest.Subject{subject(t)}, attest.TypeCycloneDX,
		map[string]any{"z": 1, "a": "<&>\u2028", "raw": json.RawMessage(`{ "kept" : [ 1 ] }`)})
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "statement.json", data)
	back, err := attest.ParseStatement(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&s, back); diff != "" {
		t.Errorf("not what was written (-want +got):\n%s", diff)
	}
	if d, ok := back.Subjects[0].SHA256(); !ok || d != exact {
		t.Errorf("sha256 %s %t", d, ok)
	}
	if c := back.Subjects[0].ContentDigest(); c != (fnpkg.ContentDigest{1, 2, 3}) {
		t.Errorf("content digest %s", c)
	}
}

func TestSubjectOfDirectory(t *testing.T) {
	if _, err := attest.SubjectOf(fnpkg.Subject{Name: "dir"}); !errors.Is(err, fnpkg.ErrNoDigest) {
		t.Errorf("got %v", err)
	}
}

func TestVulnsBytes(t *testing.T) {
	at := time.Date(2026, 1, 2, 5, 4, 5, 0, time.FixedZone("", 2*3600))
	v := attest.Vulns{
		Scanner: attest.VulnScanner{
			URI: "pkg:golang/github.com/fnseal/fnseal", Version: "v0.1.0",
			DB: attest.VulnDB{URI: "https://osv.dev", Version: "1", LastUpdate: at},
			Result: []attest.Vuln{
				{ID: "CVE-2026-1", Severity: []attest.VulnSeverity{{Method: "nvd", Score: "high"}, {Method: "cvss_score", Score: "7.5"}},
					Annotations: []map[string]any{{"purl": "pkg:npm/a@1", "fixed": []string{"2"}}}},
				{ID: "MAL-2026-2"},
			},
		},
		Metadata: attest.VulnMetadata{ScanStartedOn: at, ScanFinishedOn: at},
	}
	s, err := v.Statement([]attest.Subject{subject(t)})
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "vulns.json", data)
	if v.Scanner.Result[1].Severity != nil {
		t.Error("the caller's value was changed")
	}
	empty, err := attest.Vulns{}.Statement([]attest.Subject{subject(t)})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(empty.Predicate, []byte(`"result":[]`)) {
		t.Errorf("no finding is written as %s", empty.Predicate)
	}
}

// statement returns a valid statement with its members in the order given and
// members added at its end.
func statement(extra string) string {
	return `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"` + hex64 +
		`"}}],"predicateType":"t","predicate":{"a":1}` + extra + `}`
}

func TestParseStatementStrictly(t *testing.T) {
	swap := func(old, new string) string {
		s := statement("")
		if !strings.Contains(s, old) {
			t.Fatalf("%q is not in the statement", old)
		}
		return strings.Replace(s, old, new, 1)
	}
	for name, good := range map[string]string{
		"plain":             statement(""),
		"v0.1":              swap("Statement/v1", "Statement/v0.1"),
		"space":             " \n" + strings.ReplaceAll(statement(""), ",", " ,\n\t") + "\n",
		"no predicate":      swap(`,"predicate":{"a":1}`, ""),
		"no name":           swap(`"name":"a",`, ""),
		"escaped name":      swap(`"subject"`, `"\u0073ubject"`),
		"other algorithm":   swap(`"digest":{`, `"digest":{"gitCommit":"x",`),
		"case in predicate": swap(`{"a":1}`, `{"a":1,"A":2}`),
		"all of a subject":  swap(`"name":"a"`, `"name":"a","uri":"u","downloadLocation":"d","mediaType":"m","content":"aGk=","annotations":{"k":[null]}`),
	} {
		s, err := attest.ParseStatement([]byte(good))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d, _ := s.Subjects[0].SHA256(); d != exact {
			t.Errorf("%s: sha256 %s", name, d)
		}
	}
	deep := strings.Repeat(`{"a":`, 300) + `1` + strings.Repeat(`}`, 300)
	many := strings.Repeat(`{"digest":{"x":"y"}},`, 1025)
	wide := ""
	for i := range 40 {
		wide += `"` + strings.Repeat("x", i+1) + `":"y",`
	}
	for name, tt := range map[string]struct{ data, says string }{
		"duplicate at the top":      {statement(`,"predicateType":"t"`), `two members are named "predicateType"`},
		"duplicate by escape":       {statement(`,"predicateTyp\u0065":"t"`), `two members are named "predicateType"`},
		"duplicate in a subject":    {swap(`"name":"a"`, `"name":"a","name":"b"`), "two members"},
		"duplicate digest":          {swap(`"digest":{`, `"digest":{"sha256":"x",`), "two members"},
		"duplicate in predicate":    {swap(`{"a":1}`, `{"b":[{"a":1,"a":1}]}`), "two members"},
		"duplicate among many":      {swap(`{"a":1}`, `{`+wide+`"x":"z"}`), "two members"},
		"other case":                {statement(`,"PredicateType":"u"`), "is not known"},
		"other case instead":        {swap(`"predicateType"`, `"predicatetype"`), "is not known"},
		"snake case":                {swap(`"predicateType"`, `"predicate_type"`), "is not known"},
		"unknown member":            {statement(`,"extra":1`), "is not known"},
		"unknown in a subject":      {swap(`"name":"a"`, `"nam":"a"`), "is not known"},
		"trailing value":            {statement("") + `{}`, "not valid JSON"},
		"trailing text":             {statement("") + ` x`, "not valid JSON"},
		"two statements":            {statement("") + "\n" + statement(""), "not valid JSON"},
		"truncated":                 {statement("")[:100], "not valid JSON"},
		"empty":                     {"", "not valid JSON"},
		"byte order mark":           {"\ufeff" + statement(""), "not valid JSON"},
		"not UTF-8":                 {swap(`"name":"a"`, "\"name\":\"\xff\""), "UTF-8"},
		"an array":                  {`[` + statement("") + `]`, "not an object"},
		"null":                      {`null`, "not an object"},
		"type of another version":   {swap("Statement/v1", "Statement/v2"), "_type"},
		"type missing":              {swap(`"_type":"https://in-toto.io/Statement/v1",`, ``), "_type"},
		"type a number":             {swap(`"https://in-toto.io/Statement/v1"`, `1`), "not a string"},
		"predicate type missing":    {swap(`"predicateType":"t",`, ``), "no predicateType"},
		"predicate type null":       {swap(`"predicateType":"t"`, `"predicateType":null`), "not a string"},
		"predicate a list":          {swap(`{"a":1}`, `[1]`), "not an object"},
		"predicate null":            {swap(`{"a":1}`, `null`), "not an object"},
		"no subject":                {swap(`[{"name":"a","digest":{"sha256":"`+hex64+`"}}]`, `[]`), "no subject"},
		"subject an object":         {swap(`[{"name":"a","digest":{"sha256":"`+hex64+`"}}]`, `{}`), "not an array"},
		"subject a string":          {swap(`{"name":"a","digest":{"sha256":"`+hex64+`"}}`, `"a"`), "not an object"},
		"subject without digest":    {swap(`,"digest":{"sha256":"`+hex64+`"}`, ``), "no digest"},
		"digest empty":              {swap(`{"sha256":"`+hex64+`"}`, `{}`), "no digest"},
		"digest a list":             {swap(`{"sha256":"`+hex64+`"}`, `[]`), "not an object"},
		"digest null":               {swap(`"`+hex64+`"`, `null`), "not a string"},
		"digest in capitals":        {swap(`abcd`, `ABCD`), "lower-case"},
		"digest too short":          {swap(`abcd`, `ab`), "64 lower-case"},
		"digest with space":         {swap(`abcd`, ` bcd`), "lower-case"},
		"algorithm in capitals":     {swap(`"sha256"`, `"SHA256"`), "lower case"},
		"nested too deep":           {swap(`{"a":1}`, deep), "nested"},
		"too many subjects":         {swap(`[{"name"`, `[`+many+`{"name"`), "subjects"},
		"too many digests":          {swap(`"digest":{`, `"digest":{`+wide), "digests"},
		"a name too long":           {swap(`"name":"a"`, `"name":"`+strings.Repeat("n", 5000)+`"`), "longer than"},
		"content not base64":        {swap(`"name":"a"`, `"content":"*"`), "content"},
		"annotations not an object": {swap(`"name":"a"`, `"annotations":[]`), "not an object"},
	} {
		s, err := attest.ParseStatement([]byte(tt.data))
		if err == nil {
			t.Errorf("%s: accepted as %+v", name, s)
		} else if !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

func TestMarshalRefusesWhatParseRefuses(t *testing.T) {
	for name, s := range map[string]attest.Statement{
		"no subject":    {Type: attest.StatementV1, PredicateType: "t"},
		"no type":       {PredicateType: "t", Subjects: []attest.Subject{subject(t)}},
		"bad predicate": {Type: attest.StatementV1, PredicateType: "t", Subjects: []attest.Subject{subject(t)}, Predicate: []byte("{")},
		"bad digest":    {Type: attest.StatementV1, PredicateType: "t", Subjects: []attest.Subject{{Digest: map[string]string{"sha256": "x"}}}},
	} {
		if data, err := s.Marshal(); err == nil {
			t.Errorf("%s: written as %s", name, data)
		}
	}
}

// FuzzParseStatement: what is accepted means the same when it is written and
// read again, and lenient readers agree on what it means.
func FuzzParseStatement(f *testing.F) {
	f.Add([]byte(statement("")))
	f.Add([]byte(statement(`,"extra":1`)))
	f.Add([]byte(`{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"uri":"u","digest":{"x":"\ud800"},"content":"aGk=","annotations":{"a":{"b":[1,"\u0000"]}}}],"predicateType":"\u00e9"}`))
	for _, name := range []string{"statement.json", "vulns.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := attest.ParseStatement(data)
		if err != nil {
			return
		}
		out, err := s.Marshal()
		if err != nil {
			t.Fatalf("accepted but not written: %v", err)
		}
		back, err := attest.ParseStatement(out)
		if err != nil {
			t.Fatalf("written but not accepted: %v", err)
		}
		if diff := cmp.Diff(s, back, cmp.Transformer("JSON", compact)); diff != "" {
			t.Fatalf("means something else when written (-read +read again):\n%s", diff)
		}
		again, err := back.Marshal()
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("written in two ways (%v):\n%s\n%s", err, out, again)
		}
		var lenient struct {
			PredicateType string
			Subject       []struct{ Digest map[string]string }
		}
		if err := json.Unmarshal(data, &lenient); err != nil {
			t.Fatalf("accepted, but encoding/json says %v", err)
		}
		if lenient.PredicateType != s.PredicateType || len(lenient.Subject) != len(s.Subjects) {
			t.Fatalf("encoding/json reads something else: %+v", lenient)
		}
		for i, sub := range lenient.Subject {
			if sub.Digest["sha256"] != s.Subjects[i].Digest["sha256"] {
				t.Fatalf("encoding/json reads another digest: %+v", lenient)
			}
		}
	})
}

func compact(raw json.RawMessage) string {
	var buf bytes.Buffer
	if len(raw) > 0 {
		if err := json.Compact(&buf, raw); err != nil {
			return err.Error()
		}
	}
	return buf.String()
}

func BenchmarkParseStatement(b *testing.B) {
	var predicate bytes.Buffer
	predicate.WriteString(`{"components":[`)
	for range 5000 {
		predicate.WriteString(`{"type":"library","name":"left-pad","version":"1.3.0","purl":"pkg:npm/left-pad@1.3.0","licenses":[{"license":{"id":"MIT"}}]},`)
	}
	predicate.WriteString(`{}]}`)
	data := []byte(strings.Replace(statement(""), `{"a":1}`, predicate.String(), 1))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := attest.ParseStatement(data); err != nil {
			b.Fatal(err)
		}
	}
}
