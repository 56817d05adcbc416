package vulndb

import (
	"fmt"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// The ecosystems whose names or versions need rules of their own. Others are
// taken as they are spelled in the feed.
const (
	ecoAlpine    = "Alpine"
	ecoCrates    = "crates.io"
	ecoDebian    = "Debian"
	ecoGo        = "Go"
	ecoHex       = "Hex"
	ecoMaven     = "Maven"
	ecoNPM       = "npm"
	ecoNuGet     = "NuGet"
	ecoPackagist = "Packagist"
	ecoPub       = "Pub"
	ecoPyPI      = "PyPI"
	ecoRubyGems  = "RubyGems"
	ecoWolfi     = "Wolfi"
)

// ecosystemOfType maps purl types to OSV ecosystems where the purl type alone
// decides (OSV schema, "Defined ecosystems"; purl-spec types).
func ecosystemOfType(purlType string) string {
	switch purlType {
	case "npm":
		return ecoNPM
	case "pypi":
		return ecoPyPI
	case "golang":
		return ecoGo
	case "maven":
		return ecoMaven
	case "nuget":
		return ecoNuGet
	case "gem":
		return ecoRubyGems
	case "cargo":
		return ecoCrates
	case "composer":
		return ecoPackagist
	case "pub":
		return ecoPub
	case "hex":
		return ecoHex
	case "hackage":
		return "Hackage"
	case "cran":
		return "CRAN"
	case "conan":
		return "ConanCenter"
	case "swift":
		return "SwiftURL"
	case "julia":
		return "Julia"
	case "bitnami":
		return "Bitnami"
	case "githubactions":
		return "GitHub Actions"
	}
	return ""
}

// canonicalEcosystem returns the feed's spelling of an ecosystem that a person
// typed, in whatever case; the purl type's name is understood too.
func canonicalEcosystem(typed string) string {
	known := []string{
		ecoAlpine, ecoCrates, ecoDebian, ecoGo, ecoHex, ecoMaven, ecoNPM, ecoNuGet,
		ecoPackagist, ecoPub, ecoPyPI, ecoRubyGems, ecoWolfi,
		"AlmaLinux", "Bitnami", "Chainguard", "ConanCenter", "CRAN", "GitHub Actions",
		"Hackage", "Julia", "Linux", "OSS-Fuzz", "Rocky Linux", "SwiftURL", "Ubuntu",
	}
	for _, k := range known {
		if strings.EqualFold(k, typed) {
			return k
		}
	}
	if e := ecosystemOfType(strings.ToLower(typed)); e != "" {
		return e
	}
	return typed
}

// baseEcosystem strips the release or registry behind the colon:
// "Debian:12" is of the ecosystem "Debian".
func baseEcosystem(ecosystem string) string {
	base, _, _ := strings.Cut(ecosystem, ":")
	return base
}

// indexEcosystem is the ecosystem under which an affected package is filed.
// What is behind the colon is a release for distributions, whose releases are
// patched apart; for language ecosystems it is another registry of the same
// packages and does not split them.
func indexEcosystem(ecosystem string) string {
	switch base := baseEcosystem(ecosystem); base {
	case ecoCrates, ecoGo, ecoHex, ecoMaven, ecoNPM, ecoNuGet, ecoPackagist, ecoPub, ecoPyPI, ecoRubyGems:
		return base
	}
	return indexRelease(ecosystem)
}

// normalName returns the form of a package name under which all spellings that
// the ecosystem takes for the same package meet.
func normalName(ecosystem, name string) string {
	switch baseEcosystem(ecosystem) {
	case ecoPyPI:
		return pep503(name)
	case ecoCrates:
		// crates.io lets no two crates differ only in case or in - and _.
		return strings.ReplaceAll(strings.ToLower(name), "_", "-")
	case ecoNuGet, ecoPackagist, ecoHex, ecoPub:
		return strings.ToLower(name)
	case ecoGo:
		// Module paths keep case, but a package URL does not: the purl
		// specification lower-cases golang names. No two modules differ only
		// in case on the hosts that serve them.
		return strings.ToLower(name)
	}
	return name
}

// pep503 normalises a Python project name: lower case, and each run of "-",
// "_" and "." is one "-" (PEP 503, "Normalized Names").
func pep503(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	separator := false
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '-' || c == '_' || c == '.':
			if !separator {
				b.WriteByte('-')
			}
			separator = true
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		separator = false
		b.WriteByte(c)
	}
	return b.String()
}

// subject is a component in the words of the feed.
type subject struct {
	ecosystem string
	name      string // normalised
	version   string // in the ecosystem's own form; empty when unknown

	// Feeds of RPM families name source packages or binary packages: the
	// binary package, where it is not called as its source.
	binary, binaryVersion string
}

// subjectOf translates a component. reason says why it cannot be translated,
// and is empty when it was.
func subjectOf(c fnpkg.Component) (s subject, reason string) {
	purlType := strings.ToLower(c.Type)
	if purlType == "" {
		purlType, _, _ = strings.Cut(strings.TrimPrefix(c.PURL, "pkg:"), "/")
	}
	switch purlType {
	case "deb", "apk", "rpm":
		s, reason = distroSubject(purlType, c)
	case "":
		reason = "it has no package URL"
	default:
		s.ecosystem = ecosystemOfType(purlType)
		s.name = c.Name
		if s.ecosystem == "" {
			reason = fmt.Sprintf("purl type %q has no OSV ecosystem", purlType)
		}
	}
	if reason == "" && s.name == "" {
		reason = "it has no name"
	}
	if reason != "" {
		return subject{}, reason
	}
	s.name = normalName(s.ecosystem, s.name)
	switch {
	case s.ecosystem == ecoGo:
		s.version = goVersion(s.name, c.Version)
	case s.version == "":
		s.version = c.Version
	}
	return s, ""
}
