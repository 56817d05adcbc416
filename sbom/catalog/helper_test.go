package catalog_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/sbom/catalog"
)

const packages = "../../testdata/packages/"

// file is an entry of a package made by a test. A link has its target as
// content.
type file struct {
	name, content string
	mode          fs.FileMode
}

// zipOf makes the bytes of a zip.
func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)}
		if f.mode == 0 {
			f.mode = 0o644
		}
		h.SetMode(f.mode)
		e, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func openBytes(t testing.TB, name string, content []byte) fnpkg.Package {
	t.Helper()
	p, err := zipfile.New(bytes.NewReader(content), int64(len(content)), name, fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func packageOf(t testing.TB, files ...file) fnpkg.Package {
	t.Helper()
	return openBytes(t, "function.zip", zipOf(t, files...))
}

func openFile(t testing.TB, name string) fnpkg.Package {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return openBytes(t, filepath.Base(name), content)
}

// without returns a package with all entries but those of some names.
func without(t testing.TB, p fnpkg.Package, names ...string) fnpkg.Package {
	t.Helper()
	var files []file
	for _, e := range p.Entries() {
		if !e.IsRegular() || slices.Contains(names, filepath.Base(e.Path)) {
			continue
		}
		files = append(files, file{name: e.Path, content: string(read(t, e)), mode: e.Mode})
	}
	return packageOf(t, files...)
}

func read(t testing.TB, e fnpkg.Entry) []byte {
	t.Helper()
	c, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(c); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func inventoryOf(t testing.TB, p fnpkg.Package) *fnpkg.Inventory {
	t.Helper()
	inv, err := catalog.Catalog(context.Background(), p, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// purls lists the purls of an origin.
func purls(inv *fnpkg.Inventory, origin fnpkg.Origin) []string {
	var out []string
	for _, c := range inv.Components {
		if c.Origin == origin {
			out = append(out, c.PURL)
		}
	}
	return out
}

func component(t testing.TB, inv *fnpkg.Inventory, purl string) fnpkg.Component {
	t.Helper()
	for _, c := range inv.Components {
		if c.PURL == purl {
			return c
		}
	}
	t.Fatalf("no component %s", purl)
	return fnpkg.Component{}
}

func lines(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}
