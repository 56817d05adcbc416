package bundle_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/bundle"
)

const aMap = `{"sources":["node_modules/a/i.js"]}`

// TestFiles: which files are looked into, and where source maps are found.
func TestFiles(t *testing.T) {
	inline := "x\n//# sourceMappingURL=data:application/json;charset=utf-8;base64," + base64.StdEncoding.EncodeToString([]byte(aMap))
	minified := strings.Repeat("var a=1;", 8<<10)
	tests := []struct {
		name  string
		files map[string]string
		want  []string
		state []fnpkg.CoverageState
	}{
		{"named in the comment", map[string]string{"fn/a.mjs": "x\n//# sourceMappingURL=../maps/a.map", "maps/a.map": aMap}, []string{"a"}, []fnpkg.CoverageState{"partial"}},
		{"named after the script", map[string]string{"a.cjs": "x", "a.cjs.map": aMap}, []string{"a"}, []fnpkg.CoverageState{"partial"}},
		{"inline", map[string]string{"a.js": inline}, []string{"a"}, []fnpkg.CoverageState{"partial"}},
		{"inline, not encoded", map[string]string{"a.js": "//# sourceMappingURL=data:application/json,%7B%22sources%22:[%22node_modules/a/i.js%22]%7D"}, []string{"a"}, []fnpkg.CoverageState{"partial"}},
		{"out of the package", map[string]string{"a.js": "x\n//# sourceMappingURL=../../../etc/passwd"}, []string{}, nil},
		{"of nothing here", map[string]string{"b.js.map": aMap}, []string{}, nil},
		{"in an installed package", map[string]string{"node_modules/b/a.js": inline}, []string{}, nil},
		{"no script", map[string]string{"a.ts": inline, "a.js/x": inline}, []string{}, nil},
		{"own code", map[string]string{"a.js": "exports.handler = async () => 1;\n"}, []string{}, nil},
		{"own code, and its map", map[string]string{"a.js": "x", "a.js.map": `{"sources":["a.ts"]}`}, []string{}, nil},
		{"minified and large", map[string]string{"a.js": minified}, []string{}, []fnpkg.CoverageState{"none"}},
		{"minified after it was bundled", map[string]string{"a.js": minified, "a.js.map": `{"sources":["bundle.js"]}`}, []string{}, []fnpkg.CoverageState{"none"}},
		{"minified, all of it the function's own", map[string]string{"a.js": minified, "a.js.map": `{"sources":["a.ts","b.ts"]}`}, []string{}, []fnpkg.CoverageState{"complete"}},
		{"a broken map", map[string]string{"a.js": minified, "a.js.map": `{"sources":[`}, []string{}, []fnpkg.CoverageState{"none"}},
		{"a broken inline map", map[string]string{"a.js": minified + "\n//# sourceMappingURL=data:;base64,!!!"}, []string{}, []fnpkg.CoverageState{"none"}},
		{"its own package.json", map[string]string{"package.json": `{"name":"fn"}`, "a.js": `x={name:"fn",version:"1.0.0",repository:"x",license:"MIT"}`}, []string{}, nil},
		{"several bundles", map[string]string{"a.js": inline, "b.js": inline, "c.js": minified}, []string{"a"}, []fnpkg.CoverageState{"partial", "partial", "none"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := recoverAll(t, pack(t, test.files))
			if diff := cmp.Diff(test.want, listing(r)); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			var state []fnpkg.CoverageState
			for _, f := range r.Files {
				state = append(state, f.State)
				if (f.State == fnpkg.CoverageComplete) != (f.Reason == "") {
					t.Errorf("reason of %+v", f)
				}
			}
			if diff := cmp.Diff(test.state, state); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWithin: packages within packages, which were published as bundles, and
// folders of a package's authors are not taken for what is installed.
func TestWithin(t *testing.T) {
	tree := build(t, folder(t, map[string]string{
		"node_modules/outer/package.json":           `{"name":"outer","version":"1.0.0"}`,
		"node_modules/inner/package.json":           `{"name":"inner","version":"2.0.0"}`,
		"node_modules/@s/inner/package.json":        `{"name":"@s/inner","version":"3.0.0"}`,
		"node_modules/@babel/parser/package.json":   `{"name":"@babel/parser","version":"7.0.0"}`,
		"node_modules/typescript-only/package.json": `{"name":"typescript-only","version":"4.0.0"}`,
	}))
	esbuilt := `
// node_modules/outer/index.js
var require_outer = __commonJS({
  "node_modules/outer/index.js"(exports) {
    var require_inner = __commonJS({ "node_modules/inner/i.js"(exports) {
`
	tests := []struct {
		name        string
		files       map[string]string
		alone, with []string
	}{
		{"esbuild's ids within esbuild's modules", map[string]string{"a.js": esbuilt}, []string{"inner", "outer"}, []string{"inner", "outer@1.0.0"}},
		{"not in the source map", map[string]string{"a.js": `({"./node_modules/inner/i.js":(`, "a.js.map": `{"sources":["node_modules/outer/i.js"]}`}, []string{"inner", "outer"}, []string{"inner", "outer@1.0.0"}},
		{"in a folder that is not installed", map[string]string{"a.js": "x", "a.js.map": `{"sources":["node_modules/outer/node_modules/inner/i.js"]}`}, []string{"inner"}, []string{"inner"}},
		{"folders of a repository", map[string]string{"a.js": "x", "a.js.map": `{"sources":["node_modules/@babel/babel-parser/src/index.ts","node_modules/shared/src/index.ts","node_modules/typescript-only/src/i.ts"]}`}, []string{"shared", "typescript-only"}, []string{"typescript-only@4.0.0"}},
		{"the comment of a fork", map[string]string{"a.js": "x;/*!\n * inner\n * Copyright(c) 2014 A\n * MIT Licensed\n */", "a.js.map": `{"sources":["node_modules/@s/inner/i.js"]}`}, []string{"@s/inner"}, []string{"@s/inner@3.0.0"}},
		{"the comment of a part", map[string]string{"a.js": "x;/**\n * @license\n * Lodash (Custom Build) <https://lodash.com/>\n * Build: `lodash modularize exports=\"es\" -o ./`\n */"}, []string{}, []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			es := pack(t, test.files)
			if diff := cmp.Diff(test.alone, listing(recoverAll(t, es))); diff != "" {
				t.Errorf("alone (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.with, listing(recoverAll(t, es, tree))); diff != "" {
				t.Errorf("with the build (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBrokenPackage: what cannot be read from the package is an error, unlike
// what cannot be understood.
func TestBrokenPackage(t *testing.T) {
	broken := errors.New("broken disk")
	for _, name := range []string{"a.js", "a.js.map", "a.js.LICENSE.txt", "package.json"} {
		var es []fnpkg.Entry
		for _, e := range pack(t, map[string]string{"a.js": "x", "a.js.map": aMap, "a.js.LICENSE.txt": "x", "package.json": "{}"}) {
			if e.Path == name {
				e = fnpkg.NewEntry(e, func() (fnpkg.Content, error) { return nil, broken })
			}
			es = append(es, e)
		}
		if _, err := bundle.Recover(t.Context(), es, bundle.Options{}); !errors.Is(err, broken) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bundle.Recover(ctx, pack(t, map[string]string{"a.js": "x"}), bundle.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	huge := fnpkg.NewEntry(fnpkg.Entry{Path: "a.js", Mode: fs.FileMode(0o644), Size: 1 << 40}, func() (fnpkg.Content, error) { return nil, broken })
	r, err := bundle.Recover(t.Context(), []fnpkg.Entry{huge}, bundle.Options{})
	if err != nil || len(r.Files) != 1 || r.Files[0].State != fnpkg.CoverageNone {
		t.Errorf("a script that is too large: %+v, %v", r, err)
	}
}

// TestSame: the result does not depend on the order of entries, nor on chance.
func TestSame(t *testing.T) {
	es := append(entries(t, "small-esbuild-min", true), entries(t, "small-webpack-min", true)...)
	want := recoverAll(t, es)
	for range 5 {
		for i := range es {
			j := len(es) - 1 - i
			if i < j {
				es[i], es[j] = es[j], es[i]
			}
		}
		if diff := cmp.Diff(want, recoverAll(t, es)); diff != "" {
			t.Fatalf("another result (-first +now):\n%s", diff)
		}
	}
}
