package inspect

import (
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// form says what the package is packed as, and by what that is known.
func (s *survey) form() (form Form, reason string) {
	switch s.p.Kind() {
	case fnpkg.KindImage:
		return FormImage, "the layers of an image"
	case fnpkg.KindDirectory:
		return FormDirectory, "not packed yet"
	}
	if _, ok := s.lookup("META-INF/MANIFEST.MF"); ok {
		if occupied(s.p.Entries(), "WEB-INF/") {
			return FormWar, "it has META-INF/MANIFEST.MF and WEB-INF/"
		}
		return FormJar, "it has META-INF/MANIFEST.MF"
	}
	if marker := s.layerMarker(); marker != "" {
		return FormLayer, "it has " + marker + " and nothing else of a function"
	}
	return FormDeployment, "neither a layer's folders nor Java's manifest"
}

// layerMarker returns the folder that makes the package a layer: one of those
// AWS Lambda puts on a language's search path, with nothing at the root that
// only a function has. It returns "" for another package.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html.
func (s *survey) layerMarker() string {
	for name, t := range s.top {
		switch name {
		case "python", "nodejs", "ruby", "java", "bin", "lib", "extensions", "include", "share", "etc":
			if !t.Dir {
				return ""
			}
		default:
			if t.Dir || !isNotice(name) {
				return ""
			}
		}
	}
	entries := s.p.Entries()
	for _, marker := range []string{"python/", "nodejs/node_modules/", "ruby/gems/", "ruby/lib/", "java/lib/", "extensions/"} {
		if occupied(entries, marker) {
			return marker
		}
	}
	// nodejs/node20/node_modules, one folder for each version.
	for _, e := range entries {
		if m, ok := nodeLayer(e.Path); ok {
			return m.folder
		}
	}
	// Programs and libraries alone: /opt/bin and /opt/lib. A function in Java
	// may have a lib folder as well, of archives.
	if !slices.ContainsFunc(entries, func(e fnpkg.Entry) bool {
		return e.IsRegular() && (strings.HasSuffix(e.Path, ".jar") || path.Base(e.Path) == "bootstrap")
	}) {
		for _, marker := range []string{"bin/", "lib/"} {
			if occupied(entries, marker) {
				return marker
			}
		}
	}
	return ""
}

// isNotice reports whether a file at the root is for people to read.
func isNotice(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch base {
	case "LICENSE", "LICENCE", "NOTICE", "README", "CHANGELOG", "COPYING", "THIRD-PARTY-LICENSES":
		return true
	}
	return false
}

// nodeLayerPath is what the path of a file in a layer for one version of
// Node.js says.
type nodeLayerPath struct {
	folder string // "nodejs/node20/node_modules/"
	major  string // "20"
}

func nodeLayer(p string) (nodeLayerPath, bool) {
	rest, ok := strings.CutPrefix(p, "nodejs/node")
	if !ok {
		return nodeLayerPath{}, false
	}
	major, rest, ok := strings.Cut(rest, "/")
	if !ok || !isNumber(major) || !strings.HasPrefix(rest, "node_modules/") {
		return nodeLayerPath{}, false
	}
	return nodeLayerPath{folder: "nodejs/node" + major + "/node_modules/", major: major}, true
}

// isNumber reports whether s is a small decimal number as versions have it.
func isNumber(s string) bool {
	if s == "" || len(s) > 3 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
