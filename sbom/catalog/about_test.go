package catalog

import (
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestPerson(t *testing.T) {
	for text, want := range map[string]fnpkg.Party{
		"Ada L. <ada@example.org> (https://example.org/ada)": {Name: "Ada L.", Email: "ada@example.org", URL: "https://example.org/ada"},
		"Ada":                       {Name: "Ada"},
		"ada@example.org":           {Email: "ada@example.org"},
		"<ada@example.org>":         {Email: "ada@example.org"},
		"Ada <https://example.org>": {Name: "Ada", URL: "https://example.org"},
		"https://example.org/team":  {URL: "https://example.org/team"},
		"Team (the best)":           {Name: "Team (the best)"},
		"Ada <not an address>":      {Name: "Ada"},
		"UNKNOWN":                   {},
		"a\x00b":                    {},
		"":                          {},
	} {
		if got := person(text); got != want {
			t.Errorf("person(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func TestSourceURL(t *testing.T) {
	for text, want := range map[string]string{
		"git+https://github.com/a/b.git":              "https://github.com/a/b",
		"git://github.com/a/b.git":                    "https://github.com/a/b",
		"git+ssh://git@github.com/a/b.git":            "https://github.com/a/b",
		"ssh://git@example.org:a/b.git":               "https://example.org/a/b",
		"git@gitlab.com:a/b.git":                      "https://gitlab.com/a/b",
		"a/b":                                         "https://github.com/a/b",
		"gitlab:a/b":                                  "https://gitlab.com/a/b",
		"scm:git:https://example.org/a/b.git":         "https://example.org/a/b",
		"scm:git:git://github.com/a/b.git":            "https://github.com/a/b",
		"scm:git:git@github.com:a/b.git":              "https://github.com/a/b",
		"scm:svn:http://svn.example.org/a":            "http://svn.example.org/a",
		"https://github.com/a/b/tree/main/packages/c": "https://github.com/a/b/tree/main/packages/c",
		"https://user:password@example.org/a":         "",
		"https://${host}/a":                           "",
		"./local":                                     "",
		"/local/path":                                 "",
		"javascript:alert(1)":                         "",
		"file:///etc/passwd":                          "",
		"":                                            "",
	} {
		if got := sourceURL(text); got != want {
			t.Errorf("sourceURL(%q) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"https://github.com/a/b": "https://github.com/a/b", "https://github.com/a": "", "https://example.org/a/b": "",
	} {
		if got := forgeURL(text); got != want {
			t.Errorf("forgeURL(%q) = %q, want %q", text, got, want)
		}
	}
	for module, want := range map[string]string{
		"github.com/a/b/v2/c": "https://github.com/a/b", "golang.org/x/net": "", "github.com/a": "",
	} {
		if got := moduleSource(module); got != want {
			t.Errorf("moduleSource(%q) = %q, want %q", module, got, want)
		}
	}
}
