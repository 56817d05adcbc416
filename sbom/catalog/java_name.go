package catalog

import "strings"

// Confidence in the identity of a Java archive without Maven metadata.
const (
	byNeeds    = 0.9 // another archive's POM names the group of the artifact it needs
	byManifest = 0.7 // its manifest, or its well-known name, tells the group
	byFileName = 0.5 // only the file's name tells artifact and version
)

// javaName is the identity of an archive as something other than Maven's
// metadata tells it.
type javaName struct {
	group, artifact, version string
	confidence               float64
}

// ownPOM returns the metadata that is the archive's own, and not that of a
// package that was merged into it; nil if none is. stem is the archive's file
// name without extension.
func ownPOM(poms []*pom, stem string, m javaManifest) *pom {
	var best *pom
	score := 0
	for _, p := range poms {
		switch s := matchPOM(p, stem, m); {
		case s > score, s == score && s > 0 && len(p.artifact) > len(best.artifact):
			best, score = p, s
		}
	}
	if best == nil && len(poms) == 1 {
		// Under another file name, it is the archive's own unless the manifest
		// names another package.
		if name, ok := nameOf(stem, m); !ok || name.confidence < byManifest || strings.EqualFold(name.artifact, poms[0].artifact) {
			best = poms[0]
		}
	}
	return best
}

// matchPOM says how well metadata fits the archive's file name and manifest;
// 0 is not at all.
func matchPOM(p *pom, stem string, m javaManifest) int {
	for _, name := range []string{p.artifact, p.group + "." + p.artifact} {
		switch rest, ok := strings.CutPrefix(stem, name); {
		case !ok:
		case rest == "-"+p.version || rest == "" || rest == "_"+p.version:
			return 5
		case strings.HasPrefix(rest, "-"+p.version+"-"): // and a classifier
			return 4
		}
	}
	artifact, _ := cutVersion(stem)
	switch {
	case artifact == p.artifact:
		return 3
	case m.get("Implementation-Title") == p.artifact, m.get("Bundle-SymbolicName") == p.group+"."+p.artifact:
		return 2
	case strings.HasSuffix(artifact, "-"+p.artifact) || strings.HasSuffix(artifact, "."+p.artifact), strings.HasPrefix(p.artifact, artifact+"-"):
		return 1
	}
	return 0
}

// nameOf tells what an archive without Maven metadata is from its file name
// and manifest, if they tell an artifact and its version.
func nameOf(stem string, m javaManifest) (javaName, bool) {
	// Gradle's Nebula plugin writes all of it in one attribute, in Ivy's form.
	if group, rest, ok := strings.Cut(m["implementation-title"], "#"); ok {
		artifact, version, _ := strings.Cut(rest, ";")
		if n := (javaName{mavenWord(group), mavenWord(artifact), mavenWord(version), byManifest}); n.group != "" && n.artifact != "" && n.version != "" {
			return n, true
		}
	}
	artifact, version := cutVersion(stem)
	stated := ""
	for _, name := range []string{"Implementation-Version", "Bundle-Version", "Specification-Version"} {
		if v := mavenWord(m.get(name)); beginsWithDigit(v) {
			stated = v
			break
		}
	}
	if version == "" {
		// A file name without a version may be any; a title that is one word
		// is an artifact's.
		if title := mavenWord(m.get("Implementation-Title")); title != "" && title == strings.ToLower(title) {
			artifact = title
		}
		version = stated
	} else if strings.HasPrefix(version, stated+"-") && stated != "" {
		version = stated // without the classifier
	}
	artifact = mavenWord(artifact)
	if artifact == "" || mavenWord(version) == "" {
		return javaName{}, false
	}
	if group, rest, ok := cutGroup(artifact); ok {
		return javaName{group, rest, version, byManifest}, true
	}
	if group, ok := knownGroup(artifact, version); ok {
		return javaName{group, artifact, version, byManifest}, true
	}
	if group := manifestGroup(m, artifact); group != "" {
		return javaName{group, artifact, version, byManifest}, true
	}
	return javaName{artifact, artifact, version, byFileName}, true
}

// manifestGroup returns the Maven group that a manifest suggests for an
// artifact.
func manifestGroup(m javaManifest, artifact string) string {
	for _, name := range []string{"Group-Id", "Implementation-Vendor-Id", "Bundle-SymbolicName", "Automatic-Module-Name", "Extension-Name"} {
		group := mavenWord(m.get(name))
		if !isReverseDomain(group) {
			continue
		}
		if name == "Group-Id" || name == "Implementation-Vendor-Id" {
			return group
		}
		// The names of bundles and modules often are group and artifact in
		// one, or the group and the part of the artifact that differs from it.
		if g, ok := strings.CutSuffix(group, "."+artifact); ok {
			return g
		}
		dot := strings.LastIndexByte(group, '.')
		if last := group[dot+1:]; strings.IndexByte(group, '.') < dot && strings.Contains(strings.ToLower(artifact), strings.ToLower(last)) {
			return group[:dot]
		}
		return group
	}
	return ""
}

// topLevels are the domains under which Java packages are commonly published.
var topLevels = []string{"com", "org", "net", "io", "de", "fr", "uk", "eu", "be", "ch", "nl", "me", "dev", "app", "edu", "gov", "javax", "jakarta", "software", "tech", "ai", "cn"}

func isReverseDomain(s string) bool {
	first, rest, ok := strings.Cut(s, ".")
	if !ok || rest == "" {
		return false
	}
	for _, d := range topLevels {
		if first == d {
			return true
		}
	}
	return false
}

// cutGroup splits an artifact whose file name has the group in front.
func cutGroup(name string) (group, artifact string, ok bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || !isReverseDomain(name[:dot]) || strings.HasPrefix(name, "org.eclipse.") {
		return "", "", false // Eclipse's artifacts have long names
	}
	return name[:dot], name[dot+1:], true
}

// cutVersion splits the stem of an archive's file name into artifact and
// version: the version begins at the first part between dashes that begins
// like one, unless a word that qualifies no version stands between that and
// another ("log4j-1.2-api-2.17.1").
func cutVersion(stem string) (artifact, version string) {
	parts := strings.Split(stem, "-")
	at := 0
	for i := 1; i < len(parts); i++ {
		if beginsVersion(parts[i]) && (at == 0 || !qualifies(parts[i-1])) {
			at = i
		}
	}
	if at == 0 {
		if i := strings.LastIndexByte(stem, '_'); i > 0 && beginsWithDigit(stem[i+1:]) {
			return stem[:i], stem[i+1:]
		}
		return stem, ""
	}
	return strings.Join(parts[:at], "-"), strings.Join(parts[at:], "-")
}

// beginsVersion recognises numbers, and the rN, rcN and buildN of some.
func beginsVersion(s string) bool {
	if beginsWithDigit(s) {
		return true
	}
	for _, prefix := range []string{"build", "rc", "r"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return rest != "" && strings.Trim(rest, "0123456789") == ""
		}
	}
	return false
}

// qualifies reports whether a part of a file name belongs to the version it
// follows: a number, or a word such as "beta".
func qualifies(s string) bool {
	if beginsVersion(s) {
		return true
	}
	s = strings.ToLower(strings.TrimRight(s, "0123456789."))
	switch s {
	case "alpha", "beta", "m", "rc", "cr", "sp", "b", "a", "snapshot", "release", "final", "ga", "incubating", "pre", "jre", "android", "jdk", "java", "build", "redhat", "pfd", "dev":
		return true
	}
	return false
}

func beginsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }
