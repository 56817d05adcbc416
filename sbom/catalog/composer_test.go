package catalog

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestEitherLicense(t *testing.T) {
	tests := []struct {
		words []string
		want  []fnpkg.License
	}{
		{[]string{"MIT"}, []fnpkg.License{{Expression: "MIT"}}},
		{[]string{"GPL-3.0-only", "BSD-3-Clause"}, []fnpkg.License{{Expression: "BSD-3-Clause OR GPL-3.0-only"}}},
		{[]string{"(MIT AND ISC)", "Apache 2.0"}, []fnpkg.License{{Expression: "(MIT AND ISC) OR Apache-2.0"}}},
		{[]string{"MIT", "proprietary"}, []fnpkg.License{{Expression: "MIT"}, {Name: "proprietary"}}},
		{nil, nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, eitherLicense(tt.words)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.words, diff)
		}
	}
}

func TestLicenseAlias(t *testing.T) {
	for words, want := range map[string]string{
		"The MIT License": "MIT", "Apache License, Version 2.0": "Apache-2.0", "New BSD License": "BSD-3-Clause",
		"License :: OSI Approved :: MIT License": "MIT", "BSD": "", "GPL": "", "LGPL with exceptions": "",
	} {
		if got := licenseAlias(words); got != want {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
	}
}

// FuzzComposer holds the two layouts of installed.json against each other: the
// same list in either is the same packages.
func FuzzComposer(f *testing.F) {
	f.Add([]byte(`[{"name":"psr/log","version":"1.1.4","license":["MIT"],"require":{"php":">=5"}}]`))
	f.Add([]byte(`[{"name":"a/b","authors":[{"name":"Ada"}],"source":{"type":"git","url":"https://example.org/b.git"},"dist":{"type":"zip","url":"x"}}]`))
	f.Add([]byte(`[{"name":"a/b","authors":{},"source":"x","dist":[]}]`))
	f.Add([]byte(`[{"name":3,"license":"MIT","require":[],"install-path":null}]`))
	f.Fuzz(func(t *testing.T, list []byte) {
		old, oldErr := parseComposer(list)
		if len(list) == 0 || !json.Valid(list) || oldErr != nil {
			return
		}
		if list[0] != '[' {
			return // the other layout already, or white space
		}
		now, err := parseComposer([]byte(`{"packages":` + string(list) + `,"dev":false}`))
		if err != nil {
			t.Fatalf("%s: %v", list, err)
		}
		if diff := cmp.Diff(old, now, cmp.AllowUnexported(composerPackage{}, lenient[[]composerAuthor]{}, lenient[composerPlace]{})); diff != "" {
			t.Errorf("%s (-v1 +v2):\n%s", list, diff)
		}
	})
}
