package bundle_test

import (
	"archive/zip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/sbom/bundle"
)

const testdata = "../../testdata/bundles-js"

// truth returns, for each bundle of the test data, the packages its bundler
// reports in it with the versions its package manager lists.
func truth(t testing.TB) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testdata, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]string
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// entries returns the files of one bundle, with or without its source map.
func entries(t testing.TB, name string, withMap bool) []fnpkg.Entry {
	t.Helper()
	app, _, _ := strings.Cut(name, "-")
	p, err := target.Open(t.Context(), filepath.Join(testdata, app+"-bundles.zip"), target.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	var out []fnpkg.Entry
	for _, e := range p.Entries() {
		if strings.HasPrefix(e.Path, name+"/") && (withMap || !strings.HasSuffix(e.Path, ".map")) {
			out = append(out, e)
		}
	}
	if len(out) == 0 || withMap && !slices.ContainsFunc(out, func(e fnpkg.Entry) bool { return strings.HasSuffix(e.Path, ".map") }) {
		t.Fatalf("no such bundle, or no source map: %s", name)
	}
	return out
}

// unpack unpacks an archive of the test data and returns where.
func unpack(t testing.TB, name string) string {
	t.Helper()
	r, err := zip.OpenReader(filepath.Join(testdata, name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	dir := t.TempDir()
	for _, f := range r.File {
		c, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(c)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func build(t testing.TB, elem ...string) *bundle.Build {
	t.Helper()
	b, err := bundle.ReadBuild(t.Context(), filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func recoverAll(t testing.TB, es []fnpkg.Entry, with ...*bundle.Build) bundle.Result {
	t.Helper()
	r, err := bundle.Recover(t.Context(), es, bundle.Options{With: with})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Components {
		if c.Origin != fnpkg.OriginBundled || c.Confidence <= 0 || c.Confidence > 1 || len(c.Evidence) == 0 || len(c.Occurrences) == 0 || c.FoundBy == "" {
			t.Errorf("incomplete component: %+v", c)
		}
		if !bundle.ValidName(c.Name) || c.Version != "" && !bundle.ValidVersion(c.Version) {
			t.Errorf("invalid component: %+v", c)
		}
	}
	return r
}

// listing returns components as "name@version", or "name" without one.
func listing(r bundle.Result) []string {
	out := []string{}
	for _, c := range r.Components {
		id := c.Name
		if c.Version != "" {
			id += "@" + c.Version
		}
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func names(ids []string) []string {
	set := map[string]bool{}
	for _, id := range ids {
		if i := strings.LastIndexByte(id, '@'); i > 0 {
			id = id[:i]
		}
		set[id] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// score compares names with the truth.
func score(got, want []string) (recall, precision float64) {
	right := 0
	for _, n := range got {
		if slices.Contains(want, n) {
			right++
		}
	}
	return float64(right) / float64(max(1, len(want))), float64(right) / float64(max(1, len(got)))
}

// wrong returns what is listed and not true: a name that is not in the bundle, a
// version that is not the one in it.
func wrong(got, want []string) []string {
	var out []string
	for _, id := range got {
		if strings.LastIndexByte(id, '@') > 0 {
			if !slices.Contains(want, id) {
				out = append(out, id)
			}
		} else if !slices.Contains(names(want), id) {
			out = append(out, id)
		}
	}
	return out
}

var bundlers = []string{"esbuild", "webpack", "rollup"}

// TestSourceMapAndBuild: with a source map and the build, packages and versions
// are exactly those the bundler and the package manager list, in whichever form
// the build is given.
func TestSourceMapAndBuild(t *testing.T) {
	want := truth(t)
	locks := map[string]string{"four": "package-lock.json", "small": "package-lock.json", "pnpm": "pnpm-lock.yaml"}
	for app, lock := range locks {
		dir := unpack(t, app+"-build.zip")
		for form, b := range map[string]*bundle.Build{"tree": build(t, dir), "lock": build(t, dir, lock)} {
			for _, bundler := range bundlers {
				name := app + "-" + bundler + "-min"
				t.Run(name+"/"+form, func(t *testing.T) {
					r := recoverAll(t, entries(t, name, true), b)
					if diff := cmp.Diff(want[name], listing(r)); diff != "" {
						t.Errorf("packages (-want +got):\n%s", diff)
					}
					if len(r.Files) != 1 || r.Files[0].State != fnpkg.CoverageComplete || r.Files[0].Reason != "" || len(r.Warnings) > 0 {
						t.Errorf("files %+v, warnings %q", r.Files, r.Warnings)
					}
				})
			}
		}
	}
}

// TestSourceMapAlone: names at recall ≥ 0.95 and precision ≥ 0.98, every version
// claimed a right one.
func TestSourceMapAlone(t *testing.T) {
	want := truth(t)
	versions := map[string]int{}
	for _, app := range []string{"four", "small", "pnpm"} {
		for _, bundler := range bundlers {
			name := app + "-" + bundler + "-min"
			got := listing(recoverAll(t, entries(t, name, true)))
			recall, precision := score(names(got), names(want[name]))
			if recall < 0.95 || precision < 0.98 {
				t.Errorf("%s: recall %.3f, precision %.3f", name, recall, precision)
			}
			if bad := wrong(got, want[name]); bad != nil {
				t.Errorf("%s: wrong: %q", name, bad)
			}
			for _, id := range got {
				if strings.LastIndexByte(id, '@') > 0 {
					versions[name]++
				}
			}
			t.Logf("%s: recall %.3f, precision %.3f, %d of %d with version", name, recall, precision, versions[name], len(got))
		}
	}
	for name, n := range versions {
		// pnpm's store has the version in each path.
		if strings.HasPrefix(name, "pnpm-") && n != len(want[name]) {
			t.Errorf("%s: %d of %d packages with a version", name, n, len(want[name]))
		}
	}
}

// TestMetafile: with the bundler's report and the installed packages, the bundle
// needs no source map.
func TestMetafile(t *testing.T) {
	want := truth(t)
	reports := unpack(t, "metafiles.zip")
	for _, app := range []string{"four", "small"} {
		tree := build(t, unpack(t, app+"-build.zip"))
		for _, bundler := range bundlers {
			name := app + "-" + bundler + "-min"
			t.Run(name, func(t *testing.T) {
				report := build(t, reports, name+".metafile.json")
				r := recoverAll(t, entries(t, name, false), report, tree)
				if diff := cmp.Diff(want[name], listing(r)); diff != "" {
					t.Errorf("packages (-want +got):\n%s", diff)
				}
				if len(r.Files) != 1 || r.Files[0].State != fnpkg.CoverageComplete {
					t.Errorf("files %+v", r.Files)
				}
				for _, c := range r.Components {
					if c.Confidence != 1 {
						t.Errorf("confidence %g in %s", c.Confidence, c.PURL)
					}
				}
			})
		}
	}
}

// TestMinifiedAlone: of axios, lodash, jsonwebtoken and uuid at least three, and
// nothing wrong.
func TestMinifiedAlone(t *testing.T) {
	tests := map[string][]string{
		"four-esbuild-min":  {"axios@1.7.9", "follow-redirects", "jsonwebtoken", "lodash@4.17.21", "mime-db", "mime-types", "safe-buffer", "semver", "uuid"},
		"four-webpack-min":  {"axios@1.7.9", "follow-redirects", "jsonwebtoken", "lodash@4.17.21", "mime-db", "mime-types", "safe-buffer", "semver"},
		"four-rollup-min":   {"axios@1.7.9", "follow-redirects", "jsonwebtoken", "lodash@4.17.21", "semver", "uuid"},
		"small-esbuild-min": {"ms@2.1.3", "safe-buffer", "semver@7.6.3", "uuid"},
		"small-webpack-min": {"ms@2.1.3", "safe-buffer", "semver"},
		"small-rollup-min":  {"ms@2.1.3", "safe-buffer", "semver", "uuid"},
	}
	all := truth(t)
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			r := recoverAll(t, entries(t, name, false))
			got := listing(r)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			if bad := wrong(got, all[name]); bad != nil {
				t.Errorf("wrong: %q", bad)
			}
			if strings.HasPrefix(name, "four-") {
				four := 0
				for _, n := range []string{"axios", "jsonwebtoken", "lodash", "uuid"} {
					if slices.Contains(names(got), n) {
						four++
					}
				}
				if four < 3 {
					t.Errorf("%d of the four found", four)
				}
			}
			if len(r.Files) != 1 || r.Files[0].State != fnpkg.CoveragePartial || r.Files[0].Reason == "" {
				t.Errorf("files %+v", r.Files)
			}
		})
	}
}

// TestNotMinified: paths in comments and module ids name all packages where the
// bundler writes them, which Rollup does not.
func TestNotMinified(t *testing.T) {
	all := truth(t)
	for _, name := range []string{"four-esbuild", "small-esbuild", "small-webpack"} {
		got := listing(recoverAll(t, entries(t, name, false)))
		if diff := cmp.Diff(names(all[name]), names(got)); diff != "" {
			t.Errorf("%s: packages (-want +got):\n%s", name, diff)
		}
		if bad := wrong(got, all[name]); bad != nil {
			t.Errorf("%s: wrong: %q", name, bad)
		}
	}
	got := listing(recoverAll(t, entries(t, "small-rollup", false)))
	if diff := cmp.Diff([]string{"safe-buffer", "semver", "uuid"}, got); diff != "" {
		t.Errorf("small-rollup: packages (-want +got):\n%s", diff)
	}
}

// TestOwnCode: a bundle of nothing but the function's own code has no
// components, and a source map that shows it makes it complete.
func TestOwnCode(t *testing.T) {
	for _, bundler := range bundlers {
		for _, min := range []string{"", "-min"} {
			r := recoverAll(t, entries(t, "own-"+bundler+min, false))
			if len(r.Components) > 0 {
				t.Errorf("%s%s: %q", bundler, min, listing(r))
			}
			if min == "" {
				continue
			}
			if len(r.Files) != 1 || r.Files[0].State != fnpkg.CoverageNone {
				t.Errorf("%s%s: large, minified, and of nothing: %+v", bundler, min, r.Files)
			}
			r = recoverAll(t, entries(t, "own-"+bundler+min, true))
			if len(r.Components) > 0 || len(r.Files) != 1 || r.Files[0].State != fnpkg.CoverageComplete {
				t.Errorf("%s%s with a source map: %q, %+v", bundler, min, listing(r), r.Files)
			}
		}
	}
}

// TestWrongBuild: a build of another version than the bundle states is warned of,
// and the bundle is believed.
func TestWrongBuild(t *testing.T) {
	dir := unpack(t, "four-build.zip")
	manifest := filepath.Join(dir, "node_modules", "axios", "package.json")
	if err := os.WriteFile(manifest, []byte(`{"name":"axios","version":"1.6.0"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	r := recoverAll(t, entries(t, "four-webpack-min", true), build(t, dir))
	if diff := cmp.Diff(truth(t)["four-webpack-min"], listing(r)); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "axios 1.6.0") {
		t.Errorf("warnings %q", r.Warnings)
	}
}
