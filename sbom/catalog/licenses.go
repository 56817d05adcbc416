package catalog

import (
	"strings"

	"github.com/anchore/syft/syft/license"

	"github.com/fnseal/fnseal/fnpkg"
)

// spdxLicenses returns licences in their authors' words as SPDX expressions
// where the words are one, or a well-known other name of one. Several stand
// beside each other, as the metadata lists them.
func spdxLicenses(words ...string) []fnpkg.License {
	var out []fnpkg.License
	for _, w := range words {
		w = strings.Join(strings.Fields(w), " ")
		if w == "" || len(w) > licenseWords || strings.ContainsFunc(w, isControl) {
			continue
		}
		if expression, err := license.ParseExpression(w); err == nil && expression != "" {
			out = append(out, fnpkg.License{Expression: expression})
		} else if id := licenseAlias(w); id != "" {
			out = append(out, fnpkg.License{Expression: id})
		} else {
			out = append(out, fnpkg.License{Name: w})
		}
	}
	return out
}

// licenseAlias returns the SPDX id of a licence that goes by another name.
// Names that leave a version or a variant open ("BSD", "GPL", "LGPL") have
// none: to choose one would be to invent it.
func licenseAlias(words string) string {
	words = strings.ToLower(words)
	if i := strings.LastIndex(words, ":: "); i >= 0 && strings.HasPrefix(words, "license ::") {
		words = words[i+3:] // a classifier of PyPI's
	}
	var kept []string
	for _, w := range strings.FieldsFunc(words, func(r rune) bool { return strings.ContainsRune(" ,()", r) }) {
		switch w {
		case "the", "license", "licence", "version", "v", "v.":
		default:
			kept = append(kept, strings.TrimPrefix(w, "v"))
		}
	}
	words = strings.Join(kept, " ")
	switch words {
	case "mit", "mit/x11", "expat":
		return "MIT"
	case "apache 2.0", "apache 2", "apache2", "apache-2", "apache software 2.0", "asl 2.0":
		return "Apache-2.0"
	case "new bsd", "bsd 3-clause", "3-clause bsd", "bsd-3", "modified bsd", "revised bsd":
		return "BSD-3-Clause"
	case "simplified bsd", "bsd 2-clause", "2-clause bsd", "bsd-2", "freebsd":
		return "BSD-2-Clause"
	case "isc":
		return "ISC"
	case "ruby":
		return "Ruby"
	case "mozilla public 2.0", "mpl 2.0":
		return "MPL-2.0"
	case "public domain cc0", "cc0 1.0 universal":
		return "CC0-1.0"
	case "psf", "python software foundation":
		return "PSF-2.0"
	}
	return ""
}
