package sbom_test

import (
	"strings"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

func TestParseParty(t *testing.T) {
	for text, want := range map[string]fnpkg.Party{
		"Example GmbH":                      {Name: "Example GmbH"},
		" Jane Doe < jane@example.com > ":   {Name: "Jane Doe", Email: "jane@example.com"},
		"Example <https://example.com/sec>": {Name: "Example", URL: "https://example.com/sec"},
		"<jane@example.com>":                {Email: "jane@example.com"},
		"jane@example.com":                  {Email: "jane@example.com"},
		"https://example.com":               {URL: "https://example.com"},
	} {
		got, err := sbom.ParseParty(text)
		if err != nil || got != want {
			t.Errorf("ParseParty(%q) = %+v, %v", text, got, err)
		}
	}
	for text, words := range map[string]string{
		"":                               "neither a name nor a contact",
		"Jane <jane>":                    "neither an e-mail address nor",
		"Jane <javascript:alert(1)>":     "neither an e-mail address nor",
		"Jane <a@b> more":                "not of the form",
		"Jane <a@b":                      "not of the form",
		"Jane <>":                        "neither an e-mail address nor",
		"Jane\n<a@b>":                    "control character",
		"Jane <a b@example.com>":         "neither an e-mail address nor",
		"Jane <https://>":                "neither an e-mail address nor",
		strings.Repeat("x", 2000):        "too long",
		"Jane <https://example.com/a b>": "neither an e-mail address nor",
	} {
		if got, err := sbom.ParseParty(text); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("ParseParty(%.40q) = %+v, %v; want an error with %q", text, got, err, words)
		}
	}
}
