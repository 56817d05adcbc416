package catalog

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/overlay"
	"github.com/fnseal/fnseal/fnpkg/target"
)

// reads counts how often the content of a package is asked for.
type reads struct {
	fnpkg.Package
	n int
}

func (r *reads) Entries() []fnpkg.Entry {
	r.n++
	return r.Package.Entries()
}

func cached(t *testing.T, c *Cache, path string) (*fnpkg.Inventory, bool) {
	t.Helper()
	p, err := target.Open(t.Context(), path, target.Options{Limits: fnpkg.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	counted := &reads{Package: p}
	inv, err := c.Catalog(t.Context(), counted, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return inv, counted.n == 0
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	c, err := OpenCache(dir, "build 1")
	if err != nil {
		t.Fatal(err)
	}
	node := "../../testdata/packages/node.zip"
	fresh, hit := cached(t, c, node)
	if hit {
		t.Fatal("an empty cache had an answer")
	}
	again, hit := cached(t, c, node)
	if !hit {
		t.Error("the second time was not answered from the cache")
	}
	if diff := cmp.Diff(fresh, again); diff != "" {
		t.Errorf("the cache changes the inventory (-fresh +cached):\n%s", diff)
	}

	// Another package, another name of the same package, another build.
	if _, hit := cached(t, c, "../../testdata/packages/python.zip"); hit {
		t.Error("another package was answered from the cache")
	}
	renamed := filepath.Join(t.TempDir(), "renamed.zip")
	data, err := os.ReadFile(node)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(renamed, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if inv, hit := cached(t, c, renamed); hit || inv.Subject.Name != "renamed.zip" {
		t.Errorf("hit %v, name %s", hit, inv.Subject.Name)
	}
	other, err := OpenCache(dir, "build 2")
	if err != nil {
		t.Fatal(err)
	}
	if _, hit := cached(t, other, node); hit {
		t.Error("another build's answer was taken")
	}
}

func TestCacheDamaged(t *testing.T) {
	dir := t.TempDir()
	c, err := OpenCache(dir, "build")
	if err != nil {
		t.Fatal(err)
	}
	node := "../../testdata/packages/node.zip"
	fresh, _ := cached(t, c, node)
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %q, %v", files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"empty":       func([]byte) []byte { return nil },
		"cut":         func(b []byte) []byte { return b[:len(b)/2] },
		"one bit":     func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"no checksum": func(b []byte) []byte { return b[65:] },
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(files[0], damage(append([]byte(nil), whole...)), 0o600); err != nil {
				t.Fatal(err)
			}
			inv, hit := cached(t, c, node)
			if hit {
				t.Error("a damaged file was taken")
			}
			if diff := cmp.Diff(fresh, inv); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, hit := cached(t, c, node); !hit {
				t.Error("the damaged file was not replaced")
			}
		})
	}
}

func TestCachePrunes(t *testing.T) {
	dir := t.TempDir()
	c, err := OpenCache(dir, "build")
	if err != nil {
		t.Fatal(err)
	}
	cached(t, c, "../../testdata/packages/node.zip")
	c.now = func() time.Time { return time.Now().Add(2 * cacheAge) }
	cached(t, c, "../../testdata/packages/python.zip")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	// What was written last carries today's time, so the sham clock finds it
	// old as well; what matters is that the old one went.
	if len(files) > 1 {
		t.Errorf("still there: %q", files)
	}
}

// What is kept stays below a size: what nobody asked for the longest goes.
func TestCacheBounded(t *testing.T) {
	dir := t.TempDir()
	c, err := OpenCache(dir, "build")
	if err != nil {
		t.Fatal(err)
	}
	packages := []string{"node.zip", "python.zip", "java.zip"}
	for i, name := range packages {
		cached(t, c, "../../testdata/packages/"+name)
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(files) != i+1 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, f := range files { // older by the round
			info, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(f, time.Time{}, info.ModTime().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.bytes = 1 // there is room for none but what is asked for
	c.prune()
	if files, _ := filepath.Glob(filepath.Join(dir, "*.json")); len(files) != 0 {
		t.Errorf("still there: %q", files)
	}

	c.bytes = cacheBytes
	for _, name := range packages {
		cached(t, c, "../../testdata/packages/"+name)
	}
	sizes := int64(0)
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	for i, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		sizes += info.Size()
		if err := os.Chtimes(f, time.Time{}, time.Now().Add(time.Duration(i-10)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	c.bytes = sizes - 1
	c.prune()
	left, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	if diff := cmp.Diff(files[1:], left); diff != "" {
		t.Errorf("not the oldest went (-want +got):\n%s", diff)
	}
}

// A file that is sound and about something else is no answer, nor is a large
// one read.
func TestCacheForeign(t *testing.T) {
	dir := t.TempDir()
	c, err := OpenCache(dir, "build")
	if err != nil {
		t.Fatal(err)
	}
	node, python := "../../testdata/packages/node.zip", "../../testdata/packages/python.zip"
	cached(t, c, node)
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	cached(t, c, python)
	all, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	for _, f := range all {
		if f != files[0] {
			if err := os.Rename(f, files[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if inv, hit := cached(t, c, node); hit || inv.Subject.Name != "node.zip" {
		t.Errorf("hit %v, %s", hit, inv.Subject.Name)
	}
	if err := os.Truncate(files[0], cachedLimit+1); err != nil {
		t.Fatal(err)
	}
	if _, hit := cached(t, c, node); hit {
		t.Error("a file over the limit was taken")
	}
}

// A function is kept by its layers too.
func TestCacheLayers(t *testing.T) {
	c, err := OpenCache(t.TempDir(), "build")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(layers ...string) (*fnpkg.Inventory, bool) {
		t.Helper()
		open := func(name string) fnpkg.Package {
			p, err := target.Open(t.Context(), name, target.Options{Limits: fnpkg.DefaultLimits()})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		var opened []fnpkg.Package
		for _, l := range layers {
			opened = append(opened, open("../../testdata/packages/"+l))
		}
		p := &readsOfLayers{Package: overlay.New(open("../../testdata/packages/node.zip"), opened...)}
		defer p.Close()
		inv, err := c.Catalog(t.Context(), p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return inv, p.n == 0
	}
	seen := map[int]bool{}
	for _, layers := range [][]string{nil, {"python.zip"}, {"java.zip"}, {"python.zip", "java.zip"}} {
		fresh, hit := ask(layers...)
		if hit || seen[len(fresh.Components)] {
			t.Errorf("layers %q: hit %v, %d components", layers, hit, len(fresh.Components))
		}
		seen[len(fresh.Components)] = true
		again, hit := ask(layers...)
		if diff := cmp.Diff(fresh, again); !hit || diff != "" {
			t.Errorf("layers %q: hit %v (-fresh +cached):\n%s", layers, hit, diff)
		}
	}
}

type readsOfLayers struct {
	*overlay.Package
	n int
}

func (r *readsOfLayers) Entries() []fnpkg.Entry {
	r.n++
	return r.Package.Entries()
}

// Several processes may use one folder.
func TestCacheConcurrent(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			c, err := OpenCache(dir, "build")
			if err != nil {
				t.Error(err)
				return
			}
			for range 3 {
				for _, name := range []string{"cargo.zip", "dotnet.zip"} {
					if inv, _ := cached(t, c, "../../testdata/packages/"+name); len(inv.Components) == 0 || inv.Subject.Name != name {
						t.Errorf("%s: %d components of %s", name, len(inv.Components), inv.Subject.Name)
					}
					c.prune()
				}
			}
		})
	}
	group.Wait()
}
