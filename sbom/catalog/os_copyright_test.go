package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestParseCopyright(t *testing.T) {
	const format = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: a\n\n"
	for name, tt := range map[string]struct {
		text string
		want []fnpkg.License
	}{
		"paragraphs on files, not those on licences": {
			format + "Files: *\nCopyright: 2020 Ada\nLicense: GPL-2+\n\nFiles: debian/*\nLicense: Expat\n Permission is\n .\n granted\n\nLicense: GPL-2+\n text\n\nLicense: other\n",
			[]fnpkg.License{{Expression: "GPL-2.0-or-later"}, {Expression: "MIT"}},
		},
		"expressions": {
			format + "Files: *\nLicense: GPL-1+ or Artistic, and BSD-3-clause\n\nFiles: b\nLicense: Zlib and public-domain\n",
			[]fnpkg.License{{Name: "GPL-1+ or Artistic, and BSD-3-clause"}, {Name: "Zlib and public-domain"}},
		},
		"a comma binds less": {
			format + "Files: *\nLicense: GPL-2 or MIT, and Apache-2.0\n",
			[]fnpkg.License{{Expression: "(GPL-2.0-only OR MIT) AND (Apache-2.0)"}},
		},
		"free text": {
			"This is free.\n\nOn Debian systems, see '/usr/share/common-licenses/GPL-2' and\n/usr/share/common-licenses/LGPL-2.1.\n",
			[]fnpkg.License{{Name: "GPL-2"}, {Name: "LGPL-2.1"}},
		},
		"nothing": {"Copyright Ada\n", nil},
	} {
		if diff := cmp.Diff(tt.want, parseCopyright([]byte(tt.text))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A licence that is an expression has names of SPDX's list only; one that is
// none keeps the file's words.
func FuzzParseCopyright(f *testing.F) {
	f.Add("GPL-2+ or Artistic, and BSD-3-clause")
	f.Add("MIT,, and")
	f.Add("perl")
	f.Fuzz(func(t *testing.T, words string) {
		l := debianLicense(words)
		switch {
		case l.Expression != "" && l.Name != "":
			t.Errorf("%q is %+v", words, l)
		case l.Name != "" && l.Name != words:
			t.Errorf("%q became %q", words, l.Name)
		case strings.Count(l.Expression, "(") != strings.Count(l.Expression, ")"):
			t.Errorf("%q became %q", words, l.Expression)
		}
	})
}
