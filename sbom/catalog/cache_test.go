package catalog

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
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
