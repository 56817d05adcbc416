// Package purl writes and reads package URLs in the one form fnseal uses, so
// that two documents about the same component compare equal as text.
//
// The form is that of the package-url specification with the rules of each
// type, with one exception: the path of a Go module keeps its case. Module
// paths are case-sensitive, the proxy and the advisories use them as written,
// and lower-casing one names another module.
package purl

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/package-url/packageurl-go"
)

// maxLength bounds a purl that comes from a package or a document. The longest
// names ecosystems allow stay far below.
const maxLength = 2048

// Purl is a package URL split into the words of its ecosystem.
type Purl struct {
	Type    string // npm, pypi, golang, maven, …
	Name    string // full name: "@scope/name", "group:artifact", a module path; of a distribution's package without the distribution
	Version string // as the ecosystem writes it; empty when unknown

	// Text is the canonical form with qualifiers and subpath.
	Text string
}

// New returns the purl of a package without qualifiers. name is the full name
// in the words of the ecosystem. It fails where no valid purl can be made.
func New(typ, name, version string) (Purl, error) {
	if len(name)+len(version) > maxLength {
		return Purl{}, fmt.Errorf("name and version of a %s package are %d bytes long, over the limit of %d", typ, len(name)+len(version), maxLength)
	}
	namespace, last := split(typ, normalizeName(typ, name))
	return build(packageurl.PackageURL{Type: typ, Namespace: namespace, Name: last, Version: version})
}

// Parse reads a package URL and brings it into canonical form.
func Parse(text string) (Purl, error) {
	if len(text) > maxLength {
		return Purl{}, fmt.Errorf("package URL is %d bytes long, over the limit of %d", len(text), maxLength)
	}
	// The parser lower-cases what it takes for Go modules. It has no rules for
	// the generic type, so Go's go through under that name.
	asGeneric, isGo := cutType(text, packageurl.TypeGolang)
	if isGo {
		text = "pkg:" + packageurl.TypeGeneric + "/" + asGeneric
	}
	u, err := packageurl.FromString(text)
	if err != nil {
		return Purl{}, fmt.Errorf("package URL %q: %w", text, err)
	}
	if isGo {
		u.Type = packageurl.TypeGolang
	}
	u.Name = normalizeName(u.Type, u.Name)
	// The parser leaves the subpath encoded and would encode it once more.
	if u.Subpath, err = url.PathUnescape(u.Subpath); err != nil {
		return Purl{}, fmt.Errorf("package URL %q: subpath: %w", text, err)
	}
	return build(u)
}

// WithVersion returns p with another version. Qualifiers are dropped, but for
// the packages of a distribution, which are others without them.
func (p Purl) WithVersion(version string) (Purl, error) {
	if ofDistribution(p.Type) {
		u, err := packageurl.FromString(p.Text)
		if err != nil {
			return Purl{}, fmt.Errorf("package URL %q: %w", p.Text, err)
		}
		u.Version = version
		return build(u)
	}
	return New(p.Type, p.Name, version)
}

// ofDistribution reports whether a type is that of an operating system's
// packages, whose namespace says which distribution they are from and is no
// part of the name.
func ofDistribution(typ string) bool {
	switch typ {
	case packageurl.TypeDebian, packageurl.TypeApk, packageurl.TypeRPM, packageurl.TypeAlpm:
		return true
	}
	return false
}

// cutType returns what follows "pkg:typ/", in any case and with the slashes
// that older writers put behind the scheme.
func cutType(text, typ string) (rest string, ok bool) {
	const scheme = "pkg:"
	if len(text) < len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) {
		return text, false
	}
	rest = strings.TrimLeft(text[len(scheme):], "/")
	if len(rest) <= len(typ) || !strings.EqualFold(rest[:len(typ)], typ) || rest[len(typ)] != '/' {
		return text, false
	}
	return rest[len(typ)+1:], true
}

func build(u packageurl.PackageURL) (Purl, error) {
	if u.Type != packageurl.TypeGolang {
		if err := u.Normalize(); err != nil {
			return Purl{}, fmt.Errorf("package URL of %s package %q: %w", u.Type, u.Name, err)
		}
	}
	for _, part := range []string{u.Namespace, u.Name, u.Version, u.Subpath} {
		if strings.ContainsFunc(part, isControl) {
			return Purl{}, fmt.Errorf("package URL of %s package %q: control character in it", u.Type, u.Name)
		}
	}
	if strings.TrimSpace(u.Name) == "" {
		return Purl{}, errors.New("package URL without a name")
	}
	return Purl{
		Type:    u.Type,
		Name:    join(u.Type, u.Namespace, u.Name),
		Version: u.Version,
		Text:    u.ToString(),
	}, nil
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// split takes a full name apart into purl namespace and name.
func split(typ, name string) (namespace, last string) {
	sep := byte('/')
	if typ == packageurl.TypeMaven {
		sep = ':'
	}
	if i := strings.LastIndexByte(name, sep); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

// join is the reverse of split.
func join(typ, namespace, name string) string {
	switch {
	case namespace == "" || ofDistribution(typ):
		return name
	case typ == packageurl.TypeMaven:
		return namespace + ":" + name
	}
	return namespace + "/" + name
}

// normalizeName applies the rules the purl library does not know: PEP 503
// takes runs of "-", "_" and "." in a Python name for one "-".
func normalizeName(typ, name string) string {
	if typ != packageurl.TypePyPi {
		return name
	}
	var b strings.Builder
	run := false
	for _, r := range strings.ToLower(name) {
		if r == '-' || r == '_' || r == '.' {
			run = true
			continue
		}
		if run {
			b.WriteByte('-')
			run = false
		}
		b.WriteRune(r)
	}
	if run {
		b.WriteByte('-')
	}
	return b.String()
}
