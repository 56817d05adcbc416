package policy_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/fnseal/fnseal/internal/strictyaml"
	"github.com/fnseal/fnseal/policy"
)

// files is a reader of files that exist in a test only.
func files(all map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		text, ok := all[filepath.ToSlash(path)]
		if !ok {
			return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
		}
		return []byte(text), nil
	}
}

func TestLoad(t *testing.T) {
	got, err := policy.Load(filepath.FromSlash("app/fnseal.yaml"), files(map[string]string{
		"app/fnseal.yaml":   "version: 1\ninclude: [../company/base.yaml, ../company/web.yaml]\nscan:\n  private: [\"@app/*\"]\n",
		"company/base.yaml": "version: 1\nscan:\n  private: [\"@acme/*\"]\n  ignore:\n    - {id: CVE-2026-1, reason: not reachable, expires: 2027-03-31}\n",
		"company/web.yaml":  "version: 1\ninclude: [base.yaml]\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, s := range got {
		paths = append(paths, filepath.ToSlash(s.Path))
	}
	if diff := cmp.Diff([]string{"company/base.yaml", "company/web.yaml", "app/fnseal.yaml"}, paths); diff != "" {
		t.Error("order of files:", diff)
	}
	scan := got.Scan()
	if diff := cmp.Diff([]string{"@acme/*", "@app/*"}, scan.Private); diff != "" {
		t.Error(diff)
	}
	if len(scan.Ignore) != 1 || scan.Ignore[0].Expires.String() != "2027-03-31" {
		t.Errorf("ignored: %+v", scan.Ignore)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"no file":        {nil, "reading the policy fnseal.yaml: open fnseal.yaml: file does not exist"},
		"no version":     {map[string]string{"fnseal.yaml": "scan:\n  private: [a]\n"}, "fnseal.yaml:1:1: version: is missing"},
		"later version":  {map[string]string{"fnseal.yaml": "version: 2\n"}, "fnseal.yaml:1:10: version: must be 1"},
		"itself":         {map[string]string{"fnseal.yaml": "version: 1\ninclude: [fnseal.yaml]\n"}, "fnseal.yaml:2:11: include[0]: fnseal.yaml includes itself"},
		"in a circle":    {map[string]string{"fnseal.yaml": "version: 1\ninclude: [b.yaml]\n", "b.yaml": "version: 1\ninclude: [./fnseal.yaml]\n"}, "b.yaml:2:11: include[0]: fnseal.yaml includes itself"},
		"nowhere":        {map[string]string{"fnseal.yaml": "version: 1\ninclude: [b.yaml]\n"}, "fnseal.yaml:2:11: include[0]: cannot be included: reading the policy b.yaml: open b.yaml: file does not exist"},
		"defect in it":   {map[string]string{"fnseal.yaml": "version: 1\ninclude: [b.yaml]\n", "b.yaml": "version: x\n"}, `b.yaml:1:10: version: wants a whole number, not text ("x")`},
		"ignore nothing": {map[string]string{"fnseal.yaml": "version: 1\nscan:\n  ignore:\n  - package: x\n"}, "fnseal.yaml:4:5: scan.ignore[0].expires: is missing\nfnseal.yaml:4:5: scan.ignore[0].id: is missing\nfnseal.yaml:4:5: scan.ignore[0].reason: is missing"},
		"no pattern":     {map[string]string{"fnseal.yaml": "version: 1\nscan:\n  private: [\"[\"]\n"}, "fnseal.yaml:3:13: scan.private[0]: \"[\" is not a pattern: *, ? and [a-z] stand for letters other than /"},
		"never expires":  {map[string]string{"fnseal.yaml": "version: 1\nscan:\n  ignore:\n  - {id: CVE-1, reason: x, expires: never}\n"}, `fnseal.yaml:4:37: scan.ignore[0].expires: "never" is not a day such as 2027-03-31`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Load("fnseal.yaml", files(tt.files))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestLoadBoundsFiles(t *testing.T) {
	_, err := policy.Load("0.yaml", func(path string) ([]byte, error) {
		var n int
		if _, err := fmt.Sscanf(path, "%d.yaml", &n); err != nil {
			t.Fatal(err)
		}
		return fmt.Appendf(nil, "version: 1\ninclude: [%d.yaml]\n", n+1), nil
	})
	if err == nil || !strings.Contains(err.Error(), "more than 32 files") {
		t.Errorf("a chain without end: %v", err)
	}
}

func TestDigest(t *testing.T) {
	base, app := "version: 1\n", "version: 1\ninclude: [base.yaml]\n"
	single, err := policy.Parse("fnseal.yaml", []byte(base))
	if err != nil {
		t.Fatal(err)
	}
	if single.Digest() != sha256.Sum256([]byte(base)) {
		t.Error("the digest of one file is not its sha256")
	}
	both, err := policy.Load("fnseal.yaml", files(map[string]string{"fnseal.yaml": app, "base.yaml": base}))
	if err != nil {
		t.Fatal(err)
	}
	sum := func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	if both.Digest() != sha256.Sum256([]byte(sum(base)+"  base.yaml\n"+sum(app)+"  fnseal.yaml\n")) {
		t.Error("the digest of two files is not that of their list")
	}
}

func TestScalars(t *testing.T) {
	for text, want := range map[string]time.Duration{"5m": 5 * time.Minute, "12h": 12 * time.Hour, "30d": 720 * time.Hour, "2w": 336 * time.Hour} {
		var s policy.Span
		if err := s.UnmarshalText([]byte(text)); err != nil || time.Duration(s) != want {
			t.Errorf("%s is %v: %v", text, time.Duration(s), err)
		}
		var again policy.Span
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%s is written as %s: %v", text, s, err)
		}
	}
	for _, text := range []string{"", "d", "0d", "-1d", "1.5d", "1", "1y", "1 d", "99999999999d", "36501d", "4294967295w", "+1d"} {
		if err := new(policy.Span).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a span", text)
		}
	}
	var d policy.Date
	if err := d.UnmarshalText([]byte("2027-03-31")); err != nil {
		t.Fatal(err)
	}
	last := time.Date(2027, 3, 31, 23, 59, 59, 999999999, time.UTC)
	if d.Past(last) || !d.Past(last.Add(1)) {
		t.Error("a day ends at its midnight in UTC")
	}
	for _, text := range []string{"", "2027-3-31", "2027-02-30", "31.3.2027", "0001-01-01"} {
		if err := new(policy.Date).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a day", text)
		}
	}
}

// compileSchema compiles the published schema.
func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(policy.FileSchema)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate holds YAML against the schema, as an editor does.
func validate(t testing.TB, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return err
	}
	data, err := json.Marshal(plain(v))
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		return err
	}
	return s.Validate(instance)
}

// plain writes dates as the text they are in the file.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.DateOnly)
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}

func FuzzParse(f *testing.F) {
	schema := compileSchema(f)
	for _, seed := range []string{
		"version: 1\n",
		"version: 1\nscan:\n  private: [\"@acme/*\"]\n  ignore:\n    - {id: CVE-2026-1, reason: not reachable, expires: 2027-03-31}\n",
		"version: 1\ninclude: [a.yaml]\n", "version: 2\n", "version: &a 1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := policy.Parse("fnseal.yaml", data)
		if err != nil {
			var place *strictyaml.Error
			if !errors.As(err, &place) || place.Line < 1 || place.Col < 1 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		if s.Digest() != sha256.Sum256(data) {
			t.Fatal("the digest is of something else")
		}
		if err := validate(t, schema, data); err != nil {
			t.Fatalf("read, but the schema refuses it: %v", err)
		}
	})
}
