package catalog_test

import (
	"strings"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/catalog"
)

// The digest of a component's tree is the content digest of a package of its
// files alone.
func TestTreeDigests(t *testing.T) {
	for _, tt := range []struct {
		file, purl, folder string
		keep               func(string) bool
	}{
		{"node.zip", "pkg:npm/jsonwebtoken@8.5.1", "node_modules/jsonwebtoken/", func(p string) bool { return !strings.HasPrefix(p, "node_modules/") }},
		{"python.zip", "pkg:pypi/six@1.16.0", "", func(p string) bool { return p == "six.py" || strings.HasPrefix(p, "six-1.16.0.dist-info/") }},
		{"bundler.zip", "pkg:gem/jwt@2.5.0", "vendor/bundle/ruby/3.1.0/gems/jwt-2.5.0/", nil},
		{"composer.zip", "pkg:composer/psr/log@1.1.4", "vendor/psr/log/", nil},
	} {
		p := openFile(t, packages+tt.file)
		inv, err := catalog.Catalog(t.Context(), p, catalog.Options{ContentDigest: true})
		if err != nil {
			t.Fatal(err)
		}
		var files []file
		for _, e := range p.Entries() {
			rest, ok := strings.CutPrefix(e.Path, tt.folder)
			if ok && e.IsRegular() && (tt.keep == nil || tt.keep(rest)) {
				files = append(files, file{name: rest, content: string(read(t, e)), mode: e.Mode})
			}
		}
		if len(files) == 0 {
			t.Fatalf("%s: no files in %q", tt.file, tt.folder)
		}
		want, err := fnpkg.DigestContent(t.Context(), packageOf(t, files...))
		if err != nil {
			t.Fatal(err)
		}
		trees := 0
		for _, c := range inv.Components {
			if c.PURL == tt.purl && c.TreeSHA256 != want.Hex() {
				t.Errorf("%s is a tree with digest %q, want %q", c.PURL, c.TreeSHA256, want.Hex())
			}
			if c.TreeSHA256 != "" && (c.SHA256 != "" || c.Origin != fnpkg.OriginShipped) {
				t.Errorf("%s %s is one file and a tree", c.PURL, c.Origin)
			}
			if c.TreeSHA256 != "" {
				trees++
			}
		}
		if trees < 2 {
			t.Errorf("%s: %d trees", tt.file, trees)
		}
		for _, c := range inventoryOf(t, p).Components {
			if c.TreeSHA256 != "" {
				t.Errorf("%s has a digest nobody asked for", c.PURL)
			}
		}
	}
}
