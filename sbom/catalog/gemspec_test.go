package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestParseGemspec(t *testing.T) {
	tests := []struct {
		name, text string
		want       gem
		fails      bool
	}{
		{name: "as RubyGems 3.3 writes it", text: `# -*- encoding: utf-8 -*-
# stub: nokogiri 1.15.0 x86_64-linux lib

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.15.0"
  s.platform = "x86_64-linux".freeze
  s.authors = ["Mike Dalessio".freeze, "Aaron \"tenderlove\" Patterson".freeze]
  s.licenses = ["MIT".freeze, "Apache-2.0".freeze]
  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4"])
    s.add_development_dependency(%q<rake>.freeze, ["~> 13"])
  else
    s.add_dependency(%q<racc>.freeze, ["~> 1.4"])
    s.add_dependency(%q<rake>.freeze, ["~> 13"])
  end
end
`, want: gem{name: "nokogiri", version: "1.15.0", licenses: []string{"MIT", "Apache-2.0"}, needs: []string{"racc", "racc"}, about: about{producer: fnpkg.Party{Name: "Mike Dalessio"}}}},
		{name: "another variable, one licence", text: "Gem::Specification.new do |spec|\n spec.name='a'\n spec.name = 'a'\n spec.version = \"1\"\n spec.license = 'MIT'\n spec.add_dependency 'b', '>= 1'\nend",
			want: gem{name: "a", version: "1", licenses: []string{"MIT"}, needs: []string{"b"}}},
		{name: "an expression for a version", text: "Gem::Specification.new do |s|\n s.name = \"a\"\n s.version = \"#{A::VERSION}\"\n s.version = A::VERSION\nend", fails: true},
		{name: "an expression, and the stub", text: "# stub: a 2.0 ruby lib\nGem::Specification.new do |s|\n s.name = \"a\"\n s.version = A::VERSION\nend", want: gem{name: "a", version: "2.0"}},
		{name: "who made it", text: "Gem::Specification.new do |s|\n s.name = \"a\"\n s.version = \"1\"\n s.authors = [\"Ada\".freeze, \"Bob\".freeze]\n s.email = \"ada@example.org\".freeze\n s.homepage = \"https://example.org\".freeze\n s.metadata = { \"bug_tracker_uri\" => \"https://x.example\", \"source_code_uri\" => \"https://github.com/a/b\" } if s.respond_to? :metadata=\nend",
			want: gem{name: "a", version: "1", about: about{producer: fnpkg.Party{Name: "Ada", Email: "ada@example.org", URL: "https://example.org"}, source: "https://github.com/a/b"}}},
		{name: "nothing", text: "", fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseGemspec([]byte(tt.text))
			if (err != nil) != tt.fails {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(gem{}, about{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGemHome(t *testing.T) {
	for file, want := range map[string]string{
		"vendor/bundle/ruby/3.2.0/specifications/rack-2.2.3.gemspec":      "vendor/bundle/ruby/3.2.0",
		"usr/lib/ruby/gems/3.2.0/specifications/default/json-2.6.gemspec": "usr/lib/ruby/gems/3.2.0",
		"vendor/bundle/ruby/3.2.0/bundler/gems/rack-a1b2c3/rack.gemspec":  "vendor/bundle/ruby/3.2.0",
		"ruby/gems/3.2.0/specifications/aws-sdk-core-3.180.0.gemspec":     "ruby/gems/3.2.0",
		"specifications/a-1.gemspec":                                      ".",
	} {
		if got := gemHome(file); got != want {
			t.Errorf("home of %s is %q, want %q", file, got, want)
		}
	}
}

// FuzzGemspec writes a specification as RubyGems does and reads it back, and
// reads whatever else there is without inventing anything.
func FuzzGemspec(f *testing.F) {
	f.Add("rack", "2.2.3", "MIT", "# stub: a 1 ruby lib\nGem::Specification.new do |s|\n s.name = \"a\"\n")
	f.Add(`q"uo\te`, "1.0.pre#{x}", "", "Gem::Specification.new do |s|\ns.licenses = [\"MIT\".freeze, 'x'")
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `#`, `\#`)
	f.Fuzz(func(t *testing.T, name, version, license, text string) {
		if g, err := parseGemspec([]byte(text)); err == nil && (g.name == "" || g.version == "" || !strings.Contains(strings.ReplaceAll(text, `\`, ""), strings.ReplaceAll(g.name, `\`, ""))) {
			t.Errorf("%q read as %+v", text, g)
		}
		// RubyGems escapes control characters, which no name has.
		if strings.ContainsFunc(name+version+license, func(r rune) bool { return r < ' ' }) || name == "" || version == "" {
			return
		}
		// An escaped n, u or x stands for something else.
		spec := fmt.Sprintf("Gem::Specification.new do |s|\n  s.name = \"%s\".freeze\n  s.version = \"%s\"\n  s.licenses = [\"%s\".freeze]\nend\n",
			quote.Replace(name), quote.Replace(version), quote.Replace(license))
		got, err := parseGemspec([]byte(spec))
		if err != nil {
			t.Fatalf("%v in\n%s", err, spec)
		}
		if diff := cmp.Diff(gem{name: name, version: version, licenses: []string{license}}, got, cmp.AllowUnexported(gem{}, about{})); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
	})
}
