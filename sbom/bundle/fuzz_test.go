package bundle

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

// FuzzReadMap: no input panics; what is read does not depend on how the bytes
// arrive; every package named is one npm could have, and has a place in the map.
func FuzzReadMap(f *testing.F) {
	f.Add([]byte(`{"version":3,"sources":["../node_modules/a/b.js",null],"sourceRoot":"x","sourcesContent":["/*! a v1.0.0 */"],"mappings":"AAAA"}`))
	f.Add([]byte(`{"sections":[{"map":{"sources":["webpack:///./node_modules/@s/a/package.json"],"sourcesContent":["{\"name\":\"b\",\"version\":\"1.0.0\"}"]}}]}`))
	f.Add([]byte(")]}'\n" + `{"sources":["node_modules/.pnpm/a@1.0.0/node_modules/a/b.js","\u0000\\\"😀"]}`))
	f.Add([]byte(`{"sources":["node_modules/lodash/lodash.js"],"sourcesContent":["var VERSION = '4.17.21'"],"x":[[{"y":-1.5e3}]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := readMap(bytes.NewReader(text))
		slow, slowErr := readMap(iotest.HalfReader(bytes.NewReader(text)))
		if (err == nil) != (slowErr == nil) {
			t.Fatalf("errors %v and %v for the same bytes", err, slowErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(told(m), told(slow)); diff != "" {
			t.Fatalf("two readings differ:\n%s", diff)
		}
		if len(m.modules) > m.sources {
			t.Fatalf("%d modules in %d sources", len(m.modules), m.sources)
		}
		for _, in := range m.modules {
			checkModule(t, in)
		}
		for _, n := range append(m.manifest, m.versions...) {
			checkModule(t, n.module)
			if !ValidVersion(n.version) {
				t.Fatalf("version %q", n.version)
			}
		}
	})
}

func checkModule(t *testing.T, in module) {
	t.Helper()
	if !ValidName(in.name) || in.version != "" && !ValidVersion(in.version) {
		t.Fatalf("%+v", in)
	}
	if !strings.Contains("/"+in.place+"/", "/node_modules/") || in.file == "" || len(in.place) > maxPath {
		t.Fatalf("%+v", in)
	}
}

// FuzzScan: no input panics; a scan is deterministic; every claim is of a valid
// name and version with printable evidence; text that holds a copy of the script
// claims no less; components made of the claims are unique by purl.
func FuzzScan(f *testing.F) {
	for _, code := range []string{
		"// node_modules/a/b.js\n\"./node_modules/@s/c/d.js\":function(){}",
		`e.exports={name:"ms",version:"2.1.3",description:"x",repository:"vercel/ms",n:[1,!0]}`,
		"x\n/*! Bundled license information:\n\nlodash/lodash.js:\n  (**\n   * @license\n   * Lodash <https://lodash.com/>\n   *)\n*/",
		"x;/*! Axios v1.7.9 Copyright (c) 2024 */ /** @license\n * js-yaml 4.1.0 https://github.com/nodeca/js-yaml */",
		`var Ca="1.7.9";"ERR_BAD_OPTION_VALUE"isAxiosError;return"[Axios v"+Ca+"] Transitional option '"`,
		"//#region node_modules/.pnpm/a@1.0.0/node_modules/a/b.js",
	} {
		f.Add([]byte(code))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		s := scanCode(code, "index.js")
		if diff := cmp.Diff(claimed(s), claimed(scanCode(bytes.Clone(code), "index.js"))); diff != "" {
			t.Fatalf("two scans differ:\n%s", diff)
		}
		for _, c := range s.claims {
			if !ValidName(c.name) || c.version != "" && !ValidVersion(c.version) {
				t.Fatalf("%+v", c)
			}
			if c.technique.Confidence() == 0 || c.detail != shorten(c.detail) || len(c.detail) > 4*maxDetail+8 {
				t.Fatalf("evidence %+v", c)
			}
		}
		var r resolver
		seen := map[string]bool{}
		for _, c := range components(r.resolve(s.claims)) {
			if seen[c.PURL] || !ValidName(c.Name) || c.Origin != fnpkg.OriginBundled || len(c.Evidence) == 0 || len(c.Evidence) > maxEvidence {
				t.Fatalf("component %+v", c)
			}
			seen[c.PURL] = true
		}
	})
}

// FuzzModuleOf: every path gives a valid package or none, and the package of a
// path does not change when the build's root moves.
func FuzzModuleOf(f *testing.F) {
	f.Add("node_modules/.pnpm/a@1.0.0/node_modules/a/b.js")
	f.Add("webpack:///./node_modules/@s/a/b.js?x")
	f.Add(`C:\.yarn\cache\a-npm-1.0.0-0a1b2c3d4e.zip\node_modules\a\b.js`)
	f.Fuzz(func(t *testing.T, source string) {
		in, ok := moduleOf(source)
		if !ok {
			return
		}
		checkModule(t, in)
		again, ok := moduleOf(fmt.Sprintf("app/%s/%s", in.place, in.file))
		if ok && strings.HasSuffix(in.place, "node_modules/"+in.name) && again.name != in.name {
			t.Fatalf("%q is %q, and moved %q", source, in.name, again.name)
		}
	})
}
