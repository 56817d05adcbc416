package vulndb

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// comparer places the installed version among others. It wraps scalibr's
// semantic package, which orders what it cannot parse low without complaint:
// newComparer lets no such version through.
type comparer struct {
	native semantic.Version // in the ecosystem's own order
	semver semantic.Version // for SEMVER ranges of other ecosystems; nil if the version is none
}

// newComparer returns a comparer for a version, or says why the version has no
// place in the order of its ecosystem.
func newComparer(ecosystem, version string) (c comparer, reason string) {
	base := baseEcosystem(ecosystem)
	if !validVersion(base, version) {
		return comparer{}, fmt.Sprintf("version %q is no version of ecosystem %s", shorten(version), base)
	}
	native, err := parseNative(version, base)
	if err != nil {
		return comparer{}, fmt.Sprintf("version %q cannot be ordered: %v", version, err)
	}
	c.native = native
	if semverVersion.MatchString(version) {
		c.semver = semantic.ParseSemverVersion(version)
	}
	return c, ""
}

// compare returns where the installed version stands relative to another one,
// as -1, 0 or 1. Ranges of type SEMVER are in the order of SemVer 2.0 whatever
// the ecosystem (OSV schema, affected[].ranges[].type).
func (c comparer) compare(semver bool, other string) (int, error) {
	if semver && c.semver != nil {
		return c.semver.CompareStr(other)
	}
	return c.native.CompareStr(other)
}

// The shapes of versions, by ecosystem. They are wider than what registries
// admit today (old releases remain installed), and narrower than "anything":
// "latest", "${project.version}" and "dev-main" have no place in an order.
var (
	semverVersion   = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+)*(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
	nugetVersion    = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+){0,3}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
	gemVersion      = regexp.MustCompile(`^[0-9]+(\.[0-9A-Za-z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)
	composerVersion = regexp.MustCompile(`^[vV]?[0-9]+(\.[0-9]+)*([._+-]?(?i:stable|beta|b|rc|alpha|a|patch|pl|p)([.-]?[0-9]+)*)*([.-]?dev)?(\+[0-9A-Za-z.-]+)?$`)
	mavenVersion    = regexp.MustCompile(`^[0-9A-Za-z._+~-]*[0-9][0-9A-Za-z._+~-]*$`)
	debianVersion   = regexp.MustCompile(`^([0-9]+:)?[0-9A-Za-z.+~-]*[0-9][0-9A-Za-z.+~:-]*$`)
	alpineVersion   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*(~[0-9a-f]+)?(-r[0-9]+)?$`)
	numberedVersion = regexp.MustCompile(`^[0-9]+([.-][0-9]+)*$`)
	looseVersion    = regexp.MustCompile(`^[0-9A-Za-z.:^~_+-]*[0-9][0-9A-Za-z.:^~_+-]*$`)
)

// validVersion reports whether a version has a place in its ecosystem's order.
func validVersion(base, version string) bool {
	if version == "" || len(version) > maxVersionBytes {
		return false
	}
	switch base {
	case ecoNPM, ecoGo, ecoCrates, ecoHex, ecoPub, "SwiftURL", "Julia", "Bitnami", "Bioconductor", "GHC", "Docker Hardened Images":
		return semverVersion.MatchString(version)
	case ecoNuGet:
		return nugetVersion.MatchString(version)
	case ecoPyPI:
		_, ok := canonicalPyPI(version)
		return ok
	case ecoRubyGems:
		return gemVersion.MatchString(version)
	case ecoPackagist:
		return composerVersion.MatchString(version)
	case ecoMaven:
		return mavenVersion.MatchString(version)
	case ecoDebian, "Ubuntu":
		return debianVersion.MatchString(version)
	case ecoAlpine, ecoWolfi, "Chainguard", "Alpaquita", "MinimOS", "BellSoft Hardened Containers":
		return alpineVersion.MatchString(version)
	case "CRAN", "Hackage":
		return numberedVersion.MatchString(version)
	}
	return looseVersion.MatchString(version)
}

// listedForm is the form in which versions of a "versions" list are stored and
// looked up. The list names versions literally, so this is the version itself
// save where an ecosystem has several spellings of one version and its
// registry takes them for the same release.
func listedForm(ecosystem, version string) string {
	switch baseEcosystem(ecosystem) {
	case ecoPyPI:
		if canonical, ok := canonicalPyPI(version); ok {
			return canonical
		}
	case ecoGo:
		return strings.TrimPrefix(version, "v")
	case ecoPackagist:
		return strings.TrimPrefix(strings.TrimPrefix(version, "v"), "V")
	case ecoNuGet:
		return strings.ToLower(version)
	}
	return version
}

// goRelease is a version of the Go distribution as `go version` prints it.
var goRelease = regexp.MustCompile(`^(?:go)?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:(alpha|beta|rc)([0-9]+))?(?:[ +-].*)?$`)

// semverComplete is a version of exactly three numbers, of SemVer 2.0.
var semverComplete = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`)

// goPseudo is the end of a pseudo-version: a time and a commit
// (https://go.dev/ref/mod#pseudo-versions).
var goPseudo = regexp.MustCompile(`[0-9]{14}-[0-9a-f]{12}(\+incompatible)?$`)

// goVersion brings a Go version into the form of the Go vulnerability
// database: SemVer without the "v". The standard library and the toolchain
// have versions of their own make: "go1.22rc1" is 1.22.0-rc.1.
// (https://go.dev/doc/security/vuln/database#schema)
func goVersion(module, version string) string {
	if module != "stdlib" && module != "toolchain" {
		return version
	}
	version = strings.TrimPrefix(version, "v")
	if semverComplete.MatchString(version) {
		return version // as the database has it
	}
	m := goRelease.FindStringSubmatch(version)
	if m == nil {
		return version
	}
	part := func(s string) string {
		if s == "" {
			return "0"
		}
		return s
	}
	out := m[1] + "." + part(m[2]) + "." + part(m[3])
	if m[4] != "" {
		out += "-" + m[4] + "." + m[5]
	}
	return out
}

// shorten cuts text from outside for a message.
func shorten(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
