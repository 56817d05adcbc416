package catalog

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/anchore/syft/syft/license"

	"github.com/fnseal/fnseal/fnpkg"
)

// copyrightPath is where Debian keeps what a package says of its licences
// (Debian Policy §12.5).
func copyrightPath(name string) string {
	name, _, _ = strings.Cut(name, ":")
	return path.Join("usr/share/doc", name, "copyright")
}

func debianTexts(s *survey, name string) []fnpkg.LicenseText {
	return readTexts(s.entries, path.Dir(copyrightPath(name)), "")
}

// debianLicenses returns the licences of an installed package of Debian's: its
// database does not hold them.
func debianLicenses(s *survey, name string) []fnpkg.License {
	file := s.resolve(copyrightPath(name))
	e, ok := s.file(file)
	if !ok || !e.IsRegular() {
		// One folder of documentation may stand for several packages.
		folder := path.Dir(copyrightPath(name))
		if to := s.resolve(folder); to != folder {
			e, ok = s.file(path.Join(to, "copyright"))
		}
	}
	if !ok || !e.IsRegular() {
		return nil
	}
	content, err := readText(e, licenseTextLimit)
	if err != nil {
		return nil
	}
	return parseCopyright(content)
}

var commonLicense = regexp.MustCompile(`/usr/share/common-licenses/([0-9A-Za-z_.+-]*[0-9A-Za-z+])`)

// parseCopyright reads a copyright file. In the machine-readable form ("Machine-
// readable debian/copyright file", version 1.0) each paragraph on files has a
// field "License" whose first line is an expression of short names. Otherwise it
// is text that refers to the licences every Debian system has.
func parseCopyright(content []byte) []fnpkg.License {
	var out []fnpkg.License
	if header, _, _ := bytes.Cut(content, []byte("\n\n")); bytes.Contains(header, []byte("copyright-format/1.0")) || bytes.Contains(header, []byte("Format-Specification:")) {
		files := false
		for line := range bytes.Lines(content) {
			s := strings.TrimRight(string(line), "\r\n")
			switch {
			case strings.TrimSpace(s) == "":
				files = false
			case strings.HasPrefix(s, "Files:"):
				files = true
			case files && strings.HasPrefix(s, "License:"):
				if words := strings.TrimSpace(strings.TrimPrefix(s, "License:")); words != "" {
					out = append(out, debianLicense(words))
				}
			}
		}
	}
	if out == nil {
		for _, m := range commonLicense.FindAllSubmatch(content, -1) {
			out = append(out, fnpkg.License{Name: string(m[1])})
		}
	}
	slices.SortFunc(out, func(a, b fnpkg.License) int {
		return strings.Compare(a.Expression+a.Name, b.Expression+b.Name)
	})
	return slices.Compact(out)
}

// debianShort are short names of the format that SPDX calls otherwise.
var debianShort = map[string]string{
	"expat": "MIT", "zlib/libpng": "Zlib", "isc": "ISC", "bsl-1": "BSL-1.0", "mpl-1": "MPL-1.0",
	"gpl-1+": "GPL-1.0-or-later", "gpl-2": "GPL-2.0-only", "gpl-2+": "GPL-2.0-or-later", "gpl-3": "GPL-3.0-only", "gpl-3+": "GPL-3.0-or-later",
	"lgpl-2": "LGPL-2.0-only", "lgpl-2+": "LGPL-2.0-or-later", "lgpl-2.1": "LGPL-2.1-only", "lgpl-2.1+": "LGPL-2.1-or-later",
	"lgpl-3": "LGPL-3.0-only", "lgpl-3+": "LGPL-3.0-or-later", "agpl-3": "AGPL-3.0-only", "agpl-3+": "AGPL-3.0-or-later",
	"gfdl-1.2": "GFDL-1.2-only", "gfdl-1.2+": "GFDL-1.2-or-later", "gfdl-1.3": "GFDL-1.3-only", "gfdl-1.3+": "GFDL-1.3-or-later",
	"bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause", "zlib": "Zlib", "artistic-2.0": "Artistic-2.0",
	"apache-2": "Apache-2.0", "apache-2.0": "Apache-2.0", "perl": "Artistic-1.0-Perl OR GPL-1.0-or-later", "cc0": "CC0-1.0",
}

// debianLicense brings an expression of short names ("GPL-2+ or Artistic, and
// BSD-3-clause") into SPDX's form; where a name is none of SPDX's, the words
// stay as they are.
func debianLicense(words string) fnpkg.License {
	if len(words) > licenseWords || strings.ContainsFunc(words, isControl) {
		return fnpkg.License{}
	}
	// A comma takes precedence: "A or B, and C" is "(A or B) and C".
	var groups []string
	group := ""
	for _, w := range strings.Fields(strings.ReplaceAll(words, ",", " , ")) {
		switch lower := strings.ToLower(w); {
		case w == ",":
			groups = append(groups, group)
			group = ""
		case lower == "and" || lower == "or":
			group += " " + strings.ToUpper(w)
		case debianShort[lower] != "":
			name := debianShort[lower]
			if strings.Contains(name, " ") {
				name = "(" + name + ")"
			}
			group += " " + name
		default:
			group += " " + w
		}
	}
	text := strings.TrimSpace(group)
	if len(groups) > 0 {
		text = "(" + strings.TrimSpace(groups[0]) + ")"
		for _, g := range append(groups[1:], group) {
			for _, operator := range []string{" AND ", " OR "} {
				if rest, ok := strings.CutPrefix(g, operator); ok {
					text += operator + "(" + rest + ")"
				}
			}
		}
	}
	if expression, err := license.ParseExpression(text); err == nil && expression != "" {
		return fnpkg.License{Expression: expression}
	}
	return fnpkg.License{Name: words}
}
