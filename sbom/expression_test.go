package sbom

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestValidExpression(t *testing.T) {
	for text, want := range map[string]bool{
		"MIT":                         true,
		"GPL-2.0+":                    true,
		"MIT OR Apache-2.0":           true,
		"(MIT OR Apache-2.0) AND ISC": true,
		"((MIT))":                     true,
		"GPL-2.0-only WITH Classpath-exception-2.0": true,
		"LicenseRef-a.b-1":                          true,
		"DocumentRef-x:LicenseRef-y":                true,
		"MIT AND LicenseRef-y":                      true,
		"":                                          false,
		"mit":                                       false,
		"MIT or ISC":                                false,
		"MIT OR":                                    false,
		"OR MIT":                                    false,
		"(MIT":                                      false,
		"MIT)":                                      false,
		"MIT ISC":                                   false,
		"MIT WITH":                                  false,
		"MIT WITH AND":                              false,
		"LicenseRef-":                               false,
		"DocumentRef-x":                             false,
		"Apache License 2.0":                        false,
		"NOASSERTION":                               false,
		strings.Repeat("(", 5000):                   false,
		strings.Repeat("MIT OR ", 2000) + "MIT":     false,
	} {
		if got := ValidExpression(text); got != want {
			t.Errorf("ValidExpression(%.60q) = %v", text, got)
		}
	}
}

// What is joined for SPDX comes apart as it was, where that can be.
func TestJoinLicenses(t *testing.T) {
	for _, tt := range []struct {
		licenses []fnpkg.License
		words    int
	}{
		{nil, 0},
		{[]fnpkg.License{{Expression: "MIT"}}, 0},
		{[]fnpkg.License{{Expression: "MIT OR Apache-2.0"}}, 0},
		{[]fnpkg.License{{Name: "Ours & yours"}}, 1},
		{[]fnpkg.License{{Name: "Ours"}, {Expression: "MIT"}}, 1},
		{[]fnpkg.License{{Name: "Ours"}, {Name: "Theirs"}}, 2},
	} {
		l := joinLicenses(tt.licenses)
		if len(l.refs) != tt.words {
			t.Errorf("%+v: words %q", tt.licenses, l.refs)
		}
		if l.expression != "" && !ValidExpression(l.expression) {
			t.Errorf("%+v: %q is no valid expression", tt.licenses, l.expression)
		}
		got := settle(splitLicenses(l.expression, l.refs))
		if diff := cmp.Diff(tt.licenses, got); diff != "" {
			t.Errorf("%q came apart (-want +got):\n%s", l.expression, diff)
		}
	}
	// Words that only look like an expression are words.
	if l := joinLicenses([]fnpkg.License{{Expression: "MIT OR ("}}); len(l.refs) != 1 {
		t.Errorf("%+v", l)
	}
}
