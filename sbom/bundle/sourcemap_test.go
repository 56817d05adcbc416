package bundle

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// told returns what a map tells, one line each.
func told(m *sourceMap) []string {
	var out []string
	for _, in := range m.modules {
		line := "source " + in.name
		if in.version != "" {
			line += "@" + in.version
		}
		out = append(out, line)
	}
	for _, n := range m.manifest {
		out = append(out, "manifest "+n.name+"@"+n.version)
	}
	for _, n := range m.versions {
		out = append(out, "text "+n.name+"@"+n.version)
	}
	return out
}

func TestReadMap(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"plain", `{"version":3,"sources":["../node_modules/a/b.js","src/c.js",null],"names":[],"mappings":"AAAA"}`, []string{"source a"}},
		{"a root", `{"sources":["a/b.js","webpack:///node_modules/c/d.js"],"sourceRoot":"/x/node_modules/"}`, []string{"source a", "source c"}},
		{"sections", `{"version":3,"sections":[{"offset":{"line":0,"column":0},"map":{"sources":["node_modules/a/b.js"]}},{"offset":{},"map":{"sources":["node_modules/c/d.js"],"sections":[{"map":{"sources":["node_modules/e/f.js"]}}]}},{"url":"x"}]}`, []string{"source a", "source c"}},
		{"protected", ")]}'\n{\"sources\":[\"node_modules/a/b.js\"]}", []string{"source a"}},
		{"escapes and white space", " {\n\"s\\u006furces\" : [ \"node_modules\\/a\\u002fb\\u002Ejs\" ] } ", []string{"source a"}},
		{"texts before sources", `{"sourcesContent":["{\"name\":\"a\",\"version\":\"1.0.0\"}","/*! B v2.0.0 */"],"sources":["node_modules/a/package.json","node_modules/b/x.js"]}`, []string{"source a", "source b", "manifest a@1.0.0", "text b@2.0.0"}},
		{"package.json of an alias", `{"sources":["node_modules/alias/package.json"],"sourcesContent":["{\"name\":\"real\",\"version\":\"1.0.0\"}"]}`, []string{"source alias", "manifest real@1.0.0"}},
		{"a package.json that is not the package's", `{"sources":["node_modules/a/test/package.json"],"sourcesContent":["{\"name\":\"real\",\"version\":\"1.0.0\"}"]}`, []string{"source a"}},
		{"constants", `{"sources":["node_modules/lodash/lodash.js","node_modules/other/x.js","node_modules/axios/lib/env/data.js"],"sourcesContent":["var VERSION = '4.17.21';","var VERSION = '1.0.0';","export const VERSION = \"1.7.9\"; version = '2.0.0'"]}`, []string{"source lodash", "source other", "source axios", "text lodash@4.17.21"}},
		{"a banner of another package", `{"sources":["node_modules/a/x.js"],"sourcesContent":["/*! jQuery v3.7.1 */"]}`, []string{"source a"}},
		{"odd types", `{"sources":["node_modules/a/b.js",7,{"x":[1,true]},"node_modules/c/d.js"],"sourcesContent":[null,3],"sourceRoot":null,"x":{"y":[{}]}}`, []string{"source a", "source c"}},
		{"nothing", `{"sources":[]}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// One byte at a time, so that every boundary is crossed.
			for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				m, err := readMap(r)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, told(m)); diff != "" {
					t.Errorf("map (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestReadMapRefuses(t *testing.T) {
	deep := strings.Repeat(`[`, maxNesting+2)
	many := `{"sources":[` + strings.Repeat(`"",`, maxMapSources) + `""]}`
	for name, text := range map[string]string{
		"nothing":          "",
		"no JSON":          "var x",
		"an array":         "[]",
		"no map":           "{}",
		"an end":           `{"sources":["a`,
		"an end in escape": `{"sources":["a\`,
		"a bad escape":     `{"sources":["a\u00g0"]}`,
		"no comma":         `{"sources":["a" "b"]}`,
		"no colon":         `{"sources" ["a"]}`,
		"no value":         `{"x":,"sources":[]}`,
		"deep":             `{"x":` + deep,
		"many sources":     many,
		"only a guard":     ")]}'",
	} {
		if m, err := readMap(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %+v", name, m)
		}
	}
	broken := errors.New("broken disk")
	if _, err := readMap(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the reader", err)
	}
}

func TestMapReference(t *testing.T) {
	for code, want := range map[string]string{
		"x\n//# sourceMappingURL=index.js.map":                      "index.js.map",
		"x\n//@ sourceMappingURL=a.map\n":                           "a.map",
		"//# sourceMappingURL=a.map\n//# sourceMappingURL=b.map":    "b.map",
		"/*# sourceMappingURL=a.map */":                             "a.map",
		"x //# sourceMappingURL=a.map\n/*! Bundled */\n":            "a.map",
		"//# sourceMappingURL=a.map\n" + strings.Repeat("x", 5<<10): "",
		"var s = 'sourceMappingURL=a.map'":                          "",
		"sourceMappingURL=a.map":                                    "",
		"x":                                                         "",
	} {
		if got := mapReference([]byte(code)); got != want {
			t.Errorf("mapReference(%.60q) = %q, want %q", code, got, want)
		}
	}
	for ref, want := range map[string]string{
		"index.js.map":       "fn/index.js.map",
		"./maps/a.map":       "fn/maps/a.map",
		"../a.map":           "a.map",
		"a%20b.map":          "fn/a b.map",
		"../../a.map":        "",
		"/etc/passwd":        "",
		"//host/a.map":       "",
		"https://host/a.map": "",
		"file:///etc/passwd": "",
		`..\a.map`:           "",
		"..%2f..%2fa.map":    "",
		"":                   "",
	} {
		got, ok := within("fn/index.js", ref)
		if ok != (want != "") || ok && got != want {
			t.Errorf("within(%q) = %q, %t, want %q", ref, got, ok, want)
		}
	}
}
