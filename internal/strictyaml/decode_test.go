package strictyaml_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/internal/strictyaml"
)

type words []string

func (words) OneOrMore() {}

type day struct{ time.Time }

func (d *day) UnmarshalText(text []byte) (err error) {
	d.Time, err = time.Parse(time.DateOnly, string(text))
	return err
}

type inner struct {
	Name  string   `yaml:"name"`
	Names words    `yaml:"names"`
	List  []string `yaml:"list"`
}

type strict struct {
	Must  string   `yaml:"must" jsonschema:"required"`
	Count int      `yaml:"count" jsonschema:"minimum=1"`
	Word  string   `yaml:"word" jsonschema:"enum=a,enum=b"`
	Words []string `yaml:"words" jsonschema:"minItems=1,enum=a,enum=b"`
	Only  int      `yaml:"only" jsonschema:"enum=1"`
}

type outer struct {
	Strict *strict          `yaml:"strict"`
	Text   string           `yaml:"text"`
	Number int              `yaml:"number"`
	Ratio  float64          `yaml:"ratio"`
	Flag   bool             `yaml:"flag"`
	Maybe  *bool            `yaml:"maybe"`
	Day    day              `yaml:"day"`
	Inner  inner            `yaml:"inner"`
	Many   []inner          `yaml:"many"`
	Named  map[string]inner `yaml:"named"`
	Hidden string           // not in the file
}

func TestDecode(t *testing.T) {
	const text = `# a comment
text: "1"
number: -12
ratio: 0.5
flag: true
maybe: false
day: 2026-11-25
inner:
  name: plain words
  names: one
  list: [a, "b"]
many:
  - {name: x}
  - names:
      - p
      - q
named:
  some key: {name: y}
`
	var got outer
	doc, err := strictyaml.Decode("f.yaml", []byte(text), &got)
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := outer{
		Text: "1", Number: -12, Ratio: 0.5, Flag: true, Maybe: &no,
		Day:   day{time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)},
		Inner: inner{Name: "plain words", Names: words{"one"}, List: []string{"a", "b"}},
		Many:  []inner{{Name: "x"}, {Names: words{"p", "q"}}},
		Named: map[string]inner{"some key": {Name: "y"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for path, place := range map[string]string{
		"many[1].names[1]":    "16:9",
		"many[1].name":        "14:5", // not there: the nearest that is
		"named.some key.name": "18:20",
		"nowhere":             "2:1",
	} {
		if got := doc.Errorf(path, "x").Error(); !strings.HasPrefix(got, "f.yaml:"+place+": ") {
			t.Errorf("%s is at %s, want %s", path, got, place)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"unknown key":        {"text: x\nnumbr: 1\n", `f.yaml:2:1: there is no key "numbr" here; did you mean "number"?`},
		"unknown key below":  {"inner:\n  zzz: 1\n", `f.yaml:2:3: inner: there is no key "zzz" here; there are list, name, names`},
		"hidden":             {"Hidden: x\n", `f.yaml:1:1: there is no key "Hidden" here; there are day, flag, inner, many, maybe, named, number, ratio, strict, text`},
		"other case":         {"Text: x\n", `f.yaml:1:1: there is no key "Text" here; did you mean "text"?`},
		"twice":              {"text: x\nnumber: 1\ntext: y\n", `f.yaml:3:1: text: is here twice, first in line 1`},
		"twice in a map":     {"named:\n  a: {name: x}\n  a: {name: y}\n", `f.yaml:3:3: named.a: is here twice, first in line 2`},
		"number for text":    {"text: 1.10\n", `f.yaml:1:7: text: wants text, not a number: quote it`},
		"date for text":      {"text: 2026-01-01\n", `f.yaml:1:7: text: wants text, not a date: quote it`},
		"truth for text":     {"text: true\n", `f.yaml:1:7: text: wants text, not true or false: quote it`},
		"text for number":    {"number: many\n", `f.yaml:1:9: number: wants a whole number, not text ("many")`},
		"fraction":           {"number: 1.5\n", `f.yaml:1:9: number: wants a whole number, not a number`},
		"octal":              {"number: 0o17\n", `f.yaml:1:9: number: "0o17" is not a whole number, or too large`},
		"too large":          {"number: 99999999999999999999\n", `f.yaml:1:9: number: wants a whole number, not a number`},
		"infinite":           {"ratio: .inf\n", `f.yaml:1:8: ratio: ".inf" is not a number`},
		"no number":          {"ratio: .nan\n", `f.yaml:1:8: ratio: ".nan" is not a number`},
		"yes":                {"flag: yes\n", `f.yaml:1:7: flag: wants true or false, not text ("yes")`},
		"text for list":      {"inner:\n  list: a\n", `f.yaml:2:9: inner.list: wants a list, not text ("a")`},
		"list for text":      {"text: [a]\n", `f.yaml:1:7: text: wants text, not a list`},
		"list for keys":      {"inner: [a]\n", `f.yaml:1:8: inner: wants keys and values, not a list`},
		"empty list":         {"many: []\n", `f.yaml:1:7: many: is an empty list: fill it or remove it`},
		"no value":           {"inner:\ntext: x\n", `f.yaml:1:7: inner: has no value: give it one or remove it`},
		"null":               {"text: ~\n", `f.yaml:1:7: text: has no value: give it one or remove it`},
		"no value in a list": {"many:\n  -\n", `f.yaml:2:4: many[0]: has no value: give it one or remove it`},
		"own type":           {"day: tomorrow\n", `f.yaml:1:6: day: parsing time "tomorrow" as "2006-01-02": cannot parse "tomorrow" as "2006"`},
		"own type, a list":   {"day: [x]\n", `f.yaml:1:6: day: wants text, not a list`},
		"anchor":             {"text: &a x\n", `f.yaml:1:7: text: &a: anchors are not read here`},
		"anchor of a key":    {"&a text: x\n", `f.yaml:1:1: &a: anchors are not read here`},
		"alias":              {"text: &a x\nmany: [*a]\n", "f.yaml:1:7: text: &a: anchors are not read here\nf.yaml:2:8: many[0]: *a: aliases are not read here: write the value out"},
		"merge":              {"inner:\n  <<: {name: x}\n", `f.yaml:2:3: inner: a key is text, not a merge key`},
		"tag":                {"text: !!str 1\n", `f.yaml:1:7: text: !!str: tags are not read here`},
		"own tag":            {"text: !secret x\n", `f.yaml:1:7: text: !secret: tags are not read here`},
		"number as key":      {"named:\n  1: {name: x}\n", `f.yaml:2:3: named: a key is text, not a number`},
		"list as key":        {"? [a]\n: b\n", `f.yaml:1:3: a key is text, not a list`},
		"no keys":            {"just text\n", `f.yaml:1:1: wants keys and values, not text ("just text")`},
		"empty":              {"", `f.yaml:1:1: the file is empty`},
		"only a comment":     {"# nothing\n", `f.yaml:1:1: the file is empty`},
		"two documents":      {"text: x\n---\ntext: y\n", `f.yaml:2:1: a second document: one file holds one`},
		"junk behind":        {"text: x\n...\n]\n", "f.yaml:3:1: not valid YAML: "},
		"syntax":             {"text: x\nmany:\n  - name: a\n name: b\n", "f.yaml:4:2: not valid YAML: did not find expected key"},
		"open quote":         {"text: x\nnumber: \"1\n", "f.yaml:2:1: not valid YAML: found unexpected end of stream"},
		"control characters": {"text: \x01\n", "f.yaml:1:1: not valid YAML: control characters are not allowed"},
		"not UTF-8":          {"text: x\nnumber: \xff\n", "f.yaml:2:9: not valid UTF-8"},
		"deep":               {strings.Repeat("[", 5000) + strings.Repeat("]", 5000), `f.yaml:1:1: wants keys and values, not a list`},
		"endless nesting":    {strings.Repeat("[", 20000), "f.yaml:1:1: not valid YAML: "},
		"missing":            {"strict: {count: 1}\n", `f.yaml:1:9: strict.must: is missing`},
		"missing and empty":  {"strict: {must: \"\"}\n", `f.yaml:1:16: strict.must: is empty`},
		"too small":          {"strict: {must: x, count: 0}\n", `f.yaml:1:26: strict.count: must be at least 1`},
		"other word":         {"strict: {must: x, word: c}\n", `f.yaml:1:25: strict.word: "c" is none of a, b`},
		"other word in list": {"strict: {must: x, words: [a, c]}\n", `f.yaml:1:30: strict.words[1]: "c" is none of a, b`},
		"only one":           {"strict: {must: x, only: 2}\n", `f.yaml:1:25: strict.only: must be 1`},
		"several": {"number: x\ntext: 1\n",
			"f.yaml:1:9: number: wants a whole number, not text (\"x\")\nf.yaml:2:7: text: wants text, not a number: quote it"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := strictyaml.Decode("f.yaml", []byte(tt.text), new(outer))
			if err == nil {
				t.Fatal("accepted")
			}
			if got := err.Error(); got != tt.want && !(strings.HasSuffix(tt.want, ": ") || strings.HasSuffix(tt.want, ":")) || !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestDecodeBounds(t *testing.T) {
	big := "text: " + strings.Repeat("x", strictyaml.MaxSize)
	if _, err := strictyaml.Decode("f.yaml", []byte(big), new(outer)); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("a large file: %v", err)
	}
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "unknown%d: 1\n", i)
	}
	_, err := strictyaml.Decode("f.yaml", []byte(many.String()), new(outer))
	if err == nil || strings.Count(err.Error(), "\n") != 20 || !strings.HasSuffix(err.Error(), "f.yaml: 80 more defects") {
		t.Errorf("many defects: %v", err)
	}
	// Billions of values by aliases of aliases, and none is made.
	bomb := "text: &a x\n"
	for i := range 30 {
		bomb += fmt.Sprintf("k%d: &b%d [*a, *a]\n", i, i)
	}
	if _, err := strictyaml.Decode("f.yaml", []byte(bomb), new(outer)); err == nil || !strings.Contains(err.Error(), "anchors are not read") {
		t.Errorf("a bomb: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"text: \"1\"\nnumber: 2\nday: 2026-11-25\n",
		"inner:\n  names: [a, b]\nmany:\n  - name: x\n",
		"text: |\n  a\n  b\nnamed: {k: {list: [a]}}\n",
		"text: &a x\nmany: [*a]\n", "a: b: c", "? x\n: y\n", "%YAML 1.2\n---\ntext: x\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v outer
		doc, err := strictyaml.Decode("f.yaml", data, &v)
		if (doc == nil) == (err == nil) {
			t.Fatalf("a document and an error, or neither: %v", err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Fatalf("an error without a place: %v", err)
		}
		if err != nil {
			return
		}
		// Whatever is accepted says the same when a comment stands before it.
		if data[0] == '%' || strings.HasPrefix(string(data), "\ufeff") {
			return
		}
		var again outer
		if _, err := strictyaml.Decode("f.yaml", append([]byte("# c\n"), data...), &again); err != nil {
			t.Fatalf("refused behind a comment: %v", err)
		}
		if diff := cmp.Diff(v, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
