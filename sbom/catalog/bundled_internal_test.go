package catalog

import (
	"archive/zip"
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	jsbundle "github.com/fnseal/fnseal/sbom/bundle"
)

const bundlesJS = "../../testdata/bundles-js"

// fromZip returns the files of an archive of the test data whose path begins
// with prefix, without that.
func fromZip(t *testing.T, archive, prefix string) map[string]string {
	t.Helper()
	r, err := zip.OpenReader(filepath.Join(bundlesJS, archive))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := map[string]string{}
	for _, f := range r.File {
		name, ok := strings.CutPrefix(f.Name, prefix)
		if !ok {
			continue
		}
		c, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(c)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	if len(out) == 0 {
		t.Fatalf("nothing in %s begins with %s", archive, prefix)
	}
	return out
}

// addTo runs addBundled on a package of files with nothing in the inventory but
// what is given.
func addTo(t *testing.T, files map[string]string, components []fnpkg.Component, with ...*jsbundle.Build) *fnpkg.Inventory {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := zipfile.New(bytes.NewReader(b.Bytes()), int64(b.Len()), "fn.zip", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	inv := &fnpkg.Inventory{
		Components: components,
		Coverage:   []fnpkg.Coverage{{Ecosystem: "npm", State: fnpkg.CoverageNone, Files: 1, Reason: "not looked into"}},
	}
	begun := 0
	if err := addBundled(t.Context(), look(p.Entries()), inv, nil, with, func() { begun++ }); err != nil {
		t.Fatal(err)
	}
	if begun == 0 && len(files) > 0 {
		t.Error("no progress was made")
	}
	return inv
}

func TestAddBundled(t *testing.T) {
	files := fromZip(t, "small-bundles.zip", "small-esbuild-min/")
	lock := fromZip(t, "small-build.zip", "package-lock.json")[""]
	versions := []string{"dayjs@1.11.13", "debug@2.6.9", "ms@2.0.0", "ms@2.1.3", "safe-buffer@5.2.1", "semver@7.6.3", "uuid@9.0.1"}
	b, err := jsbundle.ParseBuild("package-lock.json", []byte(lock))
	if err != nil {
		t.Fatal(err)
	}
	declared := fnpkg.Component{PURL: "pkg:npm/uuid@9.0.1", Type: "npm", Name: "uuid", Version: "9.0.1", Origin: fnpkg.OriginDeclared}
	other := fnpkg.Component{PURL: "pkg:npm/unused@1.0.0", Type: "npm", Name: "unused", Version: "1.0.0", Origin: fnpkg.OriginDeclared}
	locked := map[string]string{"package-lock.json": lock}
	for name, text := range files {
		locked[name] = text
	}

	tests := []struct {
		name   string
		inv    *fnpkg.Inventory
		want   []string // bundled
		state  fnpkg.CoverageState
		reason string // begins with
	}{
		{"source map only", addTo(t, files, nil), []string{"dayjs", "debug", "ms", "ms@2.1.3", "safe-buffer", "semver@7.6.3", "uuid"},
			fnpkg.CoveragePartial, "1 bundle not fully known: index.js: 5 of 7 packages without a version"},
		{"with the lock file", addTo(t, files, nil, b), versions, fnpkg.CoverageComplete, ""},
		{"a lock file in the package", addTo(t, locked, []fnpkg.Component{other, declared}), versions, fnpkg.CoverageComplete, ""},
		{"nothing to recognise", addTo(t, map[string]string{"a.js": strings.Repeat("var a=1;", 8<<10)}, nil), nil,
			fnpkg.CoverageNone, "1 bundle not fully known: a.js: it looks bundled"},
		{"the function's own code", addTo(t, map[string]string{"a.js": "exports.handler = () => 1;"}, nil), nil, fnpkg.CoverageComplete, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, c := range test.inv.Components {
				if c.Origin == fnpkg.OriginBundled {
					got = append(got, strings.TrimPrefix(c.PURL, "pkg:npm/"))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("bundled (-want +got):\n%s", diff)
			}
			row := test.inv.Coverage[0]
			if row.State != test.state || !strings.HasPrefix(row.Reason, test.reason) || (test.reason == "") != (row.Reason == "") {
				t.Errorf("coverage %+v", row)
			}
			if (row.Edges == fnpkg.CoverageNone) != (len(test.want) > 0) {
				t.Errorf("edges %q of %d bundled packages", row.Edges, len(test.want))
			}
			if !slices.IsSortedFunc(test.inv.Components, func(a, b fnpkg.Component) int { return strings.Compare(a.PURL, b.PURL) }) {
				t.Error("components are not sorted")
			}
		})
	}
	if inv := tests[2].inv; !slices.ContainsFunc(inv.Components, func(c fnpkg.Component) bool { return c.PURL == other.PURL }) ||
		slices.ContainsFunc(inv.Components, func(c fnpkg.Component) bool { return c.PURL == declared.PURL && c.Origin == fnpkg.OriginDeclared }) {
		t.Error("what is declared only stays, and what is bundled is not declared as well")
	}
}
