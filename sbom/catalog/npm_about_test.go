package catalog

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
)

func TestNodeAbout(t *testing.T) {
	for text, want := range map[string]about{
		`{"author": "Ada <ada@example.org>", "repository": "a/b"}`: {
			producer: fnpkg.Party{Name: "Ada", Email: "ada@example.org"}, source: "https://github.com/a/b"},
		`{"author": {"name": "Ada", "url": "https://example.org"}, "repository": {"type": "git", "url": "git+https://example.org/b.git"}}`: {
			producer: fnpkg.Party{Name: "Ada", URL: "https://example.org"}, source: "https://example.org/b"},
		`{"contributors": ["Bob", "Ada"], "homepage": "https://github.com/a/b"}`: {
			producer: fnpkg.Party{Name: "Bob", URL: "https://github.com/a/b"}, source: "https://github.com/a/b"},
		`{"author": 1, "contributors": {"0": "x"}, "repository": [], "homepage": false}`: {},
	} {
		var m nodePackage
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		if got := m.about(); got != want {
			t.Errorf("%s says %+v, want %+v", text, got, want)
		}
	}
}

// npm's note beside the packages says what they were installed from; two lock
// files that contradict each other say nothing.
func TestNPMArchives(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"node_modules/a/package.json": `{"name":"a","version":"1.0.0"}`,
		"node_modules/b/package.json": `{"name":"b","version":"1.0.0"}`,
		"node_modules/c/package.json": `{"name":"real","version":"1.0.0"}`,
		"node_modules/.package-lock.json": `{"packages":{
			"node_modules/a":{"version":"1.0.0","resolved":"https://registry.example/a-1.0.0.tgz","integrity":"` + sri(1) + `"},
			"node_modules/b":{"version":"1.0.0","integrity":"` + sri(2) + `"},
			"node_modules/c":{"name":"real","version":"1.0.0","integrity":"sha1-AAAA ` + sri(3) + `"}}}`,
		"package-lock.json": `{"name":"fn","version":"1.0.0","lockfileVersion":3,"packages":{
			"":{"name":"fn","version":"1.0.0"},
			"node_modules/b":{"version":"1.0.0","resolved":"https://registry.example/b-1.0.0.tgz","integrity":"` + sri(9) + `"}}}`,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := dirtree.Open(t.Context(), dir, "fn", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	inv, err := Catalog(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]fnpkg.Distribution{}
	for _, c := range inv.Components {
		if c.SHA256 != "" || c.SHA512 != "" {
			t.Errorf("%s is a tree of files and has the hash of one", c.PURL)
		}
		got[c.PURL] = c.Distribution
	}
	want := map[string]fnpkg.Distribution{
		"pkg:npm/a@1.0.0":    {URL: "https://registry.example/a-1.0.0.tgz", SHA512: strings.Repeat("01", 64)},
		"pkg:npm/b@1.0.0":    {},
		"pkg:npm/real@1.0.0": {SHA512: strings.Repeat("03", 64)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("archives (-want +got):\n%s", diff)
	}
}
