package catalog_test

import (
	"context"
	"debug/buildinfo"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
	"github.com/fnseal/fnseal/sbom/catalog"
)

// The lists beside the packages come from the package managers that made them:
// all of it must be found, and nothing else.
func TestFindsWhatTheManagerInstalled(t *testing.T) {
	tests := []struct {
		file, list string
		own        []string // the package's own archive
		ecosystem  string
	}{
		{"node.zip", "node.components.txt", nil, "npm"},
		{"python.zip", "python.components.txt", nil, "pypi"},
		{"java.zip", "java.components.txt", nil, "maven"},
		{"java-nested.jar", "java.components.txt", []string{"pkg:maven/com.example/order-export@1.4.0"}, "maven"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			offline(t)
			inv := inventoryOf(t, openFile(t, packages+tt.file))
			want := slices.Sorted(slices.Values(append(lines(t, packages+tt.list), tt.own...)))
			if diff := cmp.Diff(want, purls(inv, fnpkg.OriginShipped)); diff != "" {
				t.Errorf("shipped components (-want +got):\n%s", diff)
			}
			for _, c := range inv.Components {
				if c.Type != tt.ecosystem || len(c.Occurrences) == 0 || c.Confidence == 0 || c.FoundBy == "" {
					t.Errorf("incomplete component %+v", c)
				}
			}
			if len(inv.Coverage) != 1 || inv.Coverage[0].Ecosystem != tt.ecosystem || inv.Coverage[0].State != fnpkg.CoverageComplete {
				t.Errorf("coverage %+v, want %s to be complete", inv.Coverage, tt.ecosystem)
			}
			if inv.Subject.Digest.IsZero() || inv.Subject.Name != tt.file || inv.Subject.Newest.Year() != 2026 {
				t.Errorf("subject %+v", inv.Subject)
			}
		})
	}
}

// offline fails the test on any request over HTTP.
func offline(t *testing.T) {
	old := http.DefaultTransport
	http.DefaultTransport = refuse{t}
	t.Cleanup(func() { http.DefaultTransport = old })
}

type refuse struct{ t *testing.T }

func (r refuse) RoundTrip(req *http.Request) (*http.Response, error) {
	r.t.Errorf("request to %s", req.URL)
	return nil, errors.New("offline")
}

func TestGoBinary(t *testing.T) {
	binary := buildGo(t)
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	mainModule := "pkg:golang/github.com/fnseal/fnseal"
	if v := info.Main.Version; v != "" && v != "(devel)" {
		mainModule += "@" + strings.ReplaceAll(v, "+", "%2B")
	}
	want := []string{mainModule, "pkg:golang/stdlib@" + strings.TrimPrefix(runtime.Version(), "go")}
	for _, dep := range info.Deps {
		want = append(want, "pkg:golang/"+dep.Path+"@"+dep.Version)
	}
	slices.Sort(want)
	if len(want) < 4 {
		t.Fatalf("the binary names only %q", want)
	}

	// Packages zipped on Windows have no permission to execute.
	for _, mode := range []os.FileMode{0o755, 0o644} {
		inv := inventoryOf(t, packageOf(t, file{name: "bootstrap", content: string(content), mode: mode}))
		if diff := cmp.Diff(want, purls(inv, fnpkg.OriginShipped)); diff != "" {
			t.Errorf("components with mode %v (-want +got):\n%s", mode, diff)
		}
		if c := component(t, inv, mainModule); len(c.SHA256) != 64 || len(c.SHA512) != 128 {
			t.Errorf("the main module has hashes %q, %q", c.SHA256, c.SHA512)
		}
		if len(inv.Edges) != len(want)-1 || inv.Edges[0].From != mainModule {
			t.Errorf("edges %v, want one from the main module to each other", inv.Edges)
		}
	}
}

func buildGo(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./testdata/gofunction")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return binary
}

func TestLockFilesChangeNothingShipped(t *testing.T) {
	locks := []string{"package-lock.json", "Pipfile.lock"}
	for _, tt := range []struct {
		file     string
		declared []string
	}{
		{"node.zip", []string{"pkg:npm/fsevents@2.3.2"}},
		{"python.zip", []string{"pkg:pypi/boto3@1.9.0"}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			p := openFile(t, packages+tt.file)
			with, none := inventoryOf(t, p), inventoryOf(t, without(t, p, locks...))
			if diff := cmp.Diff(tt.declared, purls(with, fnpkg.OriginDeclared)); diff != "" {
				t.Errorf("declared (-want +got):\n%s", diff)
			}
			with.Components = slices.DeleteFunc(with.Components, func(c fnpkg.Component) bool { return c.Origin != fnpkg.OriginShipped })
			// The archive a package was installed from is what only a lock tells.
			for i := range with.Components {
				with.Components[i].Distribution = fnpkg.Distribution{}
			}
			if diff := cmp.Diff(with.Components, none.Components); diff != "" {
				t.Errorf("without lock files (-with +without):\n%s", diff)
			}
			if diff := cmp.Diff(with.Edges, none.Edges); diff != "" {
				t.Errorf("edges without lock files (-with +without):\n%s", diff)
			}
		})
	}
}

func TestSameInEveryRunAndForm(t *testing.T) {
	zipped := openFile(t, packages+"node.zip")
	first := inventoryOf(t, zipped)
	for range 3 {
		if diff := cmp.Diff(first, inventoryOf(t, zipped)); diff != "" {
			t.Fatalf("another run (-first +again):\n%s", diff)
		}
	}

	dir := t.TempDir()
	for _, e := range zipped.Entries() {
		if !e.IsRegular() {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(e.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, read(t, e), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := dirtree.Open(context.Background(), dir, "node.zip", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	unpacked := inventoryOf(t, tree)
	if diff := cmp.Diff(first.Components, unpacked.Components); diff != "" {
		t.Errorf("as a directory (-zip +directory):\n%s", diff)
	}
	if !unpacked.Subject.Digest.IsZero() || unpacked.Subject.Kind != fnpkg.KindDirectory {
		t.Errorf("subject of a directory: %+v", unpacked.Subject)
	}
}

func TestContentDigestOnRequest(t *testing.T) {
	p := openFile(t, packages+"node.zip")
	want, err := fnpkg.DigestContent(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	inv, err := catalog.Catalog(context.Background(), p, catalog.Options{ContentDigest: true})
	if err != nil {
		t.Fatal(err)
	}
	if inv.Subject.Content != want {
		t.Errorf("content digest %s, want %s", inv.Subject.Content, want)
	}
	if got := inventoryOf(t, p).Subject.Content; !got.IsZero() {
		t.Errorf("content digest %s without being asked for", got)
	}
}

func TestProgress(t *testing.T) {
	calls, last, total := 0, 0, 0
	_, err := catalog.Catalog(context.Background(), openFile(t, packages+"node.zip"), catalog.Options{
		Progress: func(d, n int) { calls, last, total = calls+1, d, n },
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls == 0 || last != calls || last != total {
		t.Errorf("%d calls, the last with %d of %d", calls, last, total)
	}
}

func TestCancel(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := catalog.Catalog(ctx, openFile(t, packages+"java.zip"), catalog.Options{
		Progress: func(int, int) { cancel() },
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	assertEmpty(t, temp)
}

// Nothing is unpacked to disk, not even where a technique would like files.
func TestTouchesNoDisk(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, name := range []string{"node.zip", "python.zip", "java.zip", "java-nested.jar"} {
		_, err := catalog.Catalog(context.Background(), openFile(t, packages+name), catalog.Options{
			Progress: func(int, int) { assertEmpty(t, temp) },
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	assertEmpty(t, temp)
}

func assertEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Without hashes nothing else changes, and the exact digest stays.
func TestUnhashed(t *testing.T) {
	files := []file{{name: "bootstrap", content: readFile(t, buildGo(t)), mode: 0o755}}
	for _, name := range []string{"java-nested.jar", "cargo.zip"} {
		files = append(files, file{name: "lib/" + name, content: readFile(t, packages+name)})
	}
	p := packageOf(t, files...)
	list := func(unhashed bool) *fnpkg.Inventory {
		inv, err := catalog.Catalog(t.Context(), p, catalog.Options{Unhashed: unhashed})
		if err != nil {
			t.Fatal(err)
		}
		return inv
	}
	with, without := list(false), list(true)
	hashes := 0
	if with.Subject.SHA512 == "" {
		t.Error("the package has no sha512")
	}
	with.Subject.SHA512 = ""
	for i := range with.Components {
		c := &with.Components[i]
		if c.SHA256 != "" && c.SHA512 != "" {
			hashes++
		}
		c.SHA256, c.SHA512 = "", ""
	}
	if hashes < 3 {
		t.Errorf("only %d components have hashes", hashes)
	}
	if diff := cmp.Diff(with, without); diff != "" {
		t.Errorf("(-with, cleared +without):\n%s", diff)
	}
	if without.Subject.Digest.IsZero() {
		t.Error("no exact digest")
	}
}
