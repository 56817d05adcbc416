package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseGemfileLock(t *testing.T) {
	got := parseGemfileLock([]byte(`GIT
  remote: https://example.org/rack.git
  revision: a1b2c3
  specs:
    rack (3.0.0)

PATH
  remote: engines/own
  specs:
    own (0.1.0)

GEM
  remote: https://rubygems.org/
  specs:
    nokogiri (1.15.0-x86_64-linux)
      racc (~> 1.4)
    racc (1.7.1)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  nokogiri

CHECKSUMS
  nokogiri (1.15.0-x86_64-linux) sha256=` + strings.Repeat("11", 32) + `
  racc (1.7.1) sha256=` + strings.Repeat("22", 32) + `
  rack (3.0.0)

BUNDLED WITH
   2.5.0
`))
	want := []composerPackage{{Name: "rack", Version: "3.0.0"}, {Name: "nokogiri", Version: "1.15.0"}, {Name: "racc", Version: "1.7.1"}}
	want[2].archive.SHA256 = strings.Repeat("22", 32) // that of one platform is another archive
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(composerPackage{}, lenient[[]composerAuthor]{}, lenient[composerPlace]{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzGemfileLock: each gem stands in the file.
func FuzzGemfileLock(f *testing.F) {
	f.Add([]byte("GEM\n  specs:\n    a (1)\n      b (~> 2)\n"))
	f.Add([]byte("GEM\n    0 (-)"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, p := range parseGemfileLock(content) {
			if p.Version == "" || !strings.Contains(string(content), "    "+string(p.Name)+" ("+string(p.Version)) {
				t.Errorf("%+v is not in %q", p, content)
			}
		}
	})
}
