package vulndb

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/osv-scalibr/semantic"

	"github.com/fnseal/fnseal/fnpkg"
)

// distroSubject translates a component of type deb, apk or rpm: an ecosystem
// with the release in it, and the source package's name and version. reason
// says why it cannot be translated, and is empty when it was.
func distroSubject(purlType string, c fnpkg.Component) (s subject, reason string) {
	path, query, _ := strings.Cut(strings.TrimPrefix(c.PURL, "pkg:"), "?")
	query, _, _ = strings.Cut(query, "#")
	qualifiers, err := url.ParseQuery(query)
	if err != nil {
		qualifiers = nil
	}
	// "opensuse-leap-15.5": the release is behind the last hyphen.
	distro, release, _ := cutLast(qualifiers.Get("distro"), "-")
	if distro == "" {
		distro, release = release, ""
	}
	if release == "" {
		distro, release, _ = strings.Cut(qualifiers.Get("distro"), "-")
	}
	namespace := ""
	if parts := strings.Split(path, "/"); len(parts) > 2 {
		namespace = strings.ToLower(parts[1])
	}
	s.ecosystem, reason = releaseOf(purlType, namespace, strings.ToLower(distro), release)
	if reason != "" {
		return subject{}, reason
	}
	s.name, s.version = c.Name, c.Version
	epoch := qualifiers.Get("epoch")
	if purlType == "rpm" {
		s.version = withEpoch(epoch, c.Version)
	}
	if upstream := qualifiers.Get("upstream"); upstream != "" {
		s.takeSource(purlType, upstream, epoch)
		if purlType == "rpm" && s.name != c.Name {
			s.binary, s.binaryVersion = c.Name, withEpoch(epoch, c.Version)
		}
	}
	return s, ""
}

// takeSource takes over the source package that a purl names: "openssl", for deb
// also "openssl@3.0.11-1", for rpm the source package's file.
func (s *subject) takeSource(purlType, upstream, epoch string) {
	name, version, _ := strings.Cut(upstream, "@")
	if purlType == "rpm" {
		if base, ok := strings.CutSuffix(name, ".src.rpm"); ok {
			// name-version-release; hyphens are in names only.
			if rest, release, ok := cutLast(base, "-"); ok {
				if n, v, ok := cutLast(rest, "-"); ok {
					name, version = n, v+"-"+release
				}
			}
		}
		version = withEpoch(epoch, version)
	}
	s.name = name
	if version != "" && s.version != "" {
		s.version = version
	}
}

func withEpoch(epoch, version string) string {
	if version == "" || epoch == "" || epoch == "0" || strings.Contains(version, ":") {
		return version
	}
	return epoch + ":" + version
}

// releaseOf names the ecosystem of a distribution's release as the feeds do
// (OSV schema, "Defined ecosystems").
func releaseOf(purlType, namespace, distro, release string) (ecosystem, reason string) {
	switch { // distributions that roll have no releases
	case purlType == "apk" && namespace == "wolfi":
		return ecoWolfi, ""
	case purlType == "apk" && namespace == "chainguard":
		return "Chainguard", ""
	case purlType == "apk" && namespace == "minimos":
		return "MinimOS", ""
	case purlType == "rpm" && distro == "opensuse-tumbleweed":
		return "openSUSE:Tumbleweed", ""
	case release == "":
		return "", fmt.Sprintf("its package URL does not say which release of which distribution it is from (%s)", purlType)
	}
	major, _, _ := strings.Cut(release, ".")
	unreleased := func(name string) (string, string) {
		return "", fmt.Sprintf("%s release %q is not a release number", name, release)
	}
	switch purlType + " " + distro {
	case "deb debian":
		return ecoDebian + ":" + major, ""
	case "deb ubuntu":
		year, month, ok := strings.Cut(release, ".")
		n, err := strconv.Atoi(year)
		if !ok || err != nil {
			return unreleased("Ubuntu")
		}
		if n%2 == 0 && month == "04" {
			return "Ubuntu:" + release + ":LTS", ""
		}
		return "Ubuntu:" + release, ""
	case "apk alpine":
		parts := strings.SplitN(release, ".", 3)
		if len(parts) < 2 {
			return unreleased("Alpine")
		}
		return ecoAlpine + ":v" + parts[0] + "." + parts[1], ""
	case "apk alpaquita":
		return "Alpaquita:" + release, ""
	case "apk bellsoft-hardened-containers":
		return "BellSoft Hardened Containers:" + release, ""
	case "rpm rhel":
		return "Red Hat:enterprise_linux:" + major, ""
	case "rpm rocky":
		return "Rocky Linux:" + major, ""
	case "rpm almalinux":
		return "AlmaLinux:" + major, ""
	case "rpm mageia":
		return "Mageia:" + major, ""
	case "rpm azurelinux", "rpm mariner":
		return "Azure Linux:" + major, ""
	case "rpm photon":
		return "Photon OS:" + release, ""
	case "rpm opensuse-leap":
		return "openSUSE:Leap " + release, ""
	case "rpm sles", "rpm sles_sap", "rpm sled":
		if _, sp, ok := strings.Cut(release, "."); ok && sp != "0" {
			return "SUSE:" + major + " SP" + sp, ""
		}
		return "SUSE:" + major, ""
	case "rpm amzn":
		return "Amazon Linux:" + release, "" // no public feed has it; a feed of one's own may
	}
	return "", fmt.Sprintf("packages of distribution %q are not compared", distro)
}

// suseRelease is the end of a SUSE product's name: "Linux Enterprise Module for
// Basesystem 15 SP5", "Linux Enterprise Server 12 SP5-LTSS".
var suseRelease = regexp.MustCompile(` ([0-9]+(?: SP[0-9]+)?)(?:-[A-Za-z0-9-]+)?$`)

// indexRelease is the release under which a distribution's ecosystem is filed.
// Red Hat names the repository, and SUSE the product and module, that a package
// is in; a purl does not say which, and the packages of one release are the
// same in all of them.
func indexRelease(ecosystem string) string {
	base, release, _ := strings.Cut(ecosystem, ":")
	switch base {
	case "Red Hat":
		release, _, _ = strings.Cut(release, "::")
	case "SUSE":
		if m := suseRelease.FindStringSubmatch(release); m != nil {
			release = m[1]
		}
	}
	if release == "" {
		return base
	}
	return base + ":" + release
}

// parseNative parses a version in the order of its ecosystem. The RPM families
// that scalibr does not know are ordered as all RPM packages are.
func parseNative(version, ecosystem string) (semantic.Version, error) {
	base := baseEcosystem(ecosystem)
	switch base {
	case "Amazon Linux", "Azure Linux", "Photon OS":
		base = "Red Hat"
	}
	return semantic.Parse(version, base)
}
