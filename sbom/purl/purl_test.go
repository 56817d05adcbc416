package purl_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/sbom/purl"
)

func TestNew(t *testing.T) {
	tests := []struct {
		typ, name, version string
		want               purl.Purl
	}{
		{"npm", "lodash", "4.17.15", purl.Purl{"npm", "lodash", "4.17.15", "pkg:npm/lodash@4.17.15"}},
		{"npm", "@aws-sdk/client-s3", "3.1.0", purl.Purl{"npm", "@aws-sdk/client-s3", "3.1.0", "pkg:npm/%40aws-sdk/client-s3@3.1.0"}},
		{"npm", "lodash", "", purl.Purl{"npm", "lodash", "", "pkg:npm/lodash"}},
		{"pypi", "Jinja2", "2.11.2", purl.Purl{"pypi", "jinja2", "2.11.2", "pkg:pypi/jinja2@2.11.2"}},
		{"pypi", "ruamel.yaml__clib", "0.2", purl.Purl{"pypi", "ruamel-yaml-clib", "0.2", "pkg:pypi/ruamel-yaml-clib@0.2"}},
		{"golang", "github.com/BurntSushi/toml", "v1.6.0", purl.Purl{"golang", "github.com/BurntSushi/toml", "v1.6.0", "pkg:golang/github.com/BurntSushi/toml@v1.6.0"}},
		{"golang", "github.com/docker/docker", "v20.10.24+incompatible", purl.Purl{"golang", "github.com/docker/docker", "v20.10.24+incompatible", "pkg:golang/github.com/docker/docker@v20.10.24%2Bincompatible"}},
		{"golang", "stdlib", "1.26.0", purl.Purl{"golang", "stdlib", "1.26.0", "pkg:golang/stdlib@1.26.0"}},
		{"maven", "org.apache.commons:commons-text", "1.9", purl.Purl{"maven", "org.apache.commons:commons-text", "1.9", "pkg:maven/org.apache.commons/commons-text@1.9"}},
	}
	for _, tt := range tests {
		got, err := purl.New(tt.typ, tt.name, tt.version)
		if err != nil {
			t.Errorf("New(%q, %q): %v", tt.typ, tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("New(%q, %q) (-want +got):\n%s", tt.typ, tt.name, diff)
		}
		again, err := purl.Parse(got.Text)
		if err != nil {
			t.Errorf("Parse(%q): %v", got.Text, err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", got.Text, diff)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct{ typ, name string }{
		{"npm", ""},
		{"npm", "a\x1b[31mb"},
		{"npm", strings.Repeat("a", 3000)},
		{"not a type", "x"},
	} {
		if got, err := purl.New(tt.typ, tt.name, "1"); err == nil {
			t.Errorf("New(%q, %.20q) = %q, want an error", tt.typ, tt.name, got.Text)
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct{ in, want string }{
		{"pkg:npm/@scope/x@1", "pkg:npm/%40scope/x@1"},
		{"pkg:PyPI/Flask_Login@1", "pkg:pypi/flask-login@1"},
		{"pkg://golang/github.com/BurntSushi/toml@v1", "pkg:golang/github.com/BurntSushi/toml@v1"},
		{"pkg:deb/debian/curl@7.50.3-1?distro=jessie&arch=i386", "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie"},
	}
	for _, tt := range tests {
		got, err := purl.Parse(tt.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if got.Text != tt.want {
			t.Errorf("Parse(%q) = %q, want %q", tt.in, got.Text, tt.want)
		}
	}
	for _, in := range []string{"", "lodash", "pkg:", "pkg:npm", "pkg:npm/", "pkg:golang/", "pkg:npm/a%00b@1"} {
		if got, err := purl.Parse(in); err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", in, got)
		}
	}
}

// Parsing the canonical form must change nothing, or two documents about one
// component could disagree.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"pkg:npm/%40scope/x@1.0", "pkg:golang/github.com/A/b/v2@v2.0.0+x#sub/dir", "pkg:pypi/A_b.C@1",
		"pkg:maven/g/a@1?type=jar&classifier=x", "pkg:generic/a%2Fb",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := purl.Parse(text)
		if err != nil {
			return
		}
		again, err := purl.Parse(first.Text)
		if err != nil {
			t.Fatalf("Parse(%q) = %q, which does not parse: %v", text, first.Text, err)
		}
		if first != again {
			t.Fatalf("Parse(%q) = %+v, and parsed again %+v", text, first, again)
		}
	})
}
