package bundle

import (
	"net/url"
	"path"
	"strings"
)

// maxPath bounds the path of one module.
const maxPath = 4096

// module is what the path of a module file tells about the package it is in.
type module struct {
	name    string // of the package
	version string // empty unless the path holds it
	place   string // the package's folder, from the build's root as far as known
	file    string // the file within the package
}

// moduleOf reads the path a bundler gives for a source file: as it stands in
// source maps, metafiles, module ids and the comments before modules. It knows
// node_modules folders, nested ones, the stores of pnpm, bun, deno and yarn,
// yarn's zip cache, webpack's URLs, loader prefixes and the virtual modules of
// Rollup. It reports false for everything else: the function's own sources,
// the bundler's runtime, folders that are no package.
func moduleOf(source string) (module, bool) {
	if len(source) > maxPath {
		return module{}, false
	}
	p := cleanSource(source)
	const folder = "node_modules/"
	i := lastFolder(p, folder)
	if i < 0 {
		return module{}, false
	}
	rest := p[i+len(folder):]
	name, file, ok := cutName(rest)
	if !ok {
		// A store that is the last node_modules of the path keeps packages
		// without another node_modules within: yarn's pnpm linker.
		return storedPackage(p, i, rest)
	}
	m := module{name: name, place: p[:i+len(folder)] + name, file: file}
	m.version = storeVersion(p[:i], name)
	return m, true
}

// lastFolder returns where the last whole path element "folder" begins.
func lastFolder(p, folder string) int {
	for end := len(p); ; {
		i := strings.LastIndex(p[:end], folder)
		if i <= 0 || p[i-1] == '/' {
			return i
		}
		end = i
	}
}

// cutName splits "[@scope/]name/file". A path that ends with the name is no
// file of a package.
func cutName(p string) (name, file string, ok bool) {
	name, file, ok = strings.Cut(p, "/")
	if ok && strings.HasPrefix(name, "@") {
		var second string
		second, file, ok = strings.Cut(file, "/")
		name += "/" + second
	}
	return name, file, ok && file != "" && ValidName(name)
}

// cleanSource brings a source's path into slashes without scheme, loaders,
// query or leading dots.
func cleanSource(s string) string {
	s = strings.TrimLeft(s, "\x00")
	// webpack: "loader!other-loader?options!./file.js"
	if i := strings.LastIndexByte(s, '!'); i >= 0 {
		s = s[i+1:]
	}
	if i := strings.IndexByte(s, '?'); i >= 0 {
		s = s[:i]
	}
	s = strings.ReplaceAll(s, `\`, "/")
	if i := strings.Index(s, "://"); i > 0 && i < 24 {
		s = s[i+3:]
		if u, err := url.PathUnescape(s); err == nil {
			s = u
		}
	}
	for strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/") {
		s = s[strings.IndexByte(s, '/')+1:]
	}
	if strings.Contains(s, "/./") || strings.Contains(s, "/../") || strings.Contains(s, "//") {
		s = strings.TrimPrefix(path.Clean("/"+s), "/")
	}
	return s
}

// storeVersion returns the version of a package that lies in a store or an
// archive named for it; before is the path up to the last node_modules folder.
func storeVersion(before, name string) string {
	before = strings.TrimSuffix(before, "/")
	dir, last := path.Split(before)
	dir = strings.TrimSuffix(dir, "/")
	switch store := path.Base(dir); store {
	case ".pnpm", ".bun", ".deno":
		return storedVersion(last, name)
	case "cache", "unplugged", ".store":
		return yarnVersion(last, name)
	}
	// The first pnpm: node_modules/.pnpm/registry.example.org/name/1.0.0/node_modules/name
	if strings.Contains(dir, ".pnpm/") && strings.HasSuffix(dir, "/"+name) && ValidVersion(last) {
		return last
	}
	// Below yarn's folder of unplugged packages and its virtual ones the
	// archive may lie further up.
	if i := strings.LastIndex(before, ".zip"); i >= 0 && before[i+len(".zip"):] == "" {
		return yarnVersion(last, name)
	}
	return ""
}

// storedVersion reads "name@1.0.0_peer@2.0.0" and "@scope+name@1.0.0(peer@2)".
func storedVersion(folder, name string) string {
	version, ok := strings.CutPrefix(folder, strings.ReplaceAll(name, "/", "+")+"@")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(version, "_("); i >= 0 {
		version = version[:i]
	}
	// bun appends "+" and a hash of peers, which reads as build metadata.
	version, _, _ = strings.Cut(version, "+")
	if !ValidVersion(version) {
		return ""
	}
	return version
}

// yarnVersion reads "name-npm-1.0.0-0a1b2c3d4e-5f….zip" and the same without
// checksum and extension: slug, protocol, version, ten hex digits.
func yarnVersion(file, name string) string {
	file = strings.TrimSuffix(file, ".zip")
	rest, ok := strings.CutPrefix(file, strings.ReplaceAll(name, "/", "-")+"-npm-")
	if !ok {
		return ""
	}
	const hash = 10
	for i := 0; i < len(rest); i++ {
		if rest[i] != '-' || i+1+hash > len(rest) || !isHex(rest[i+1:i+1+hash]) {
			continue
		}
		if tail := rest[i+1+hash:]; tail != "" && tail[0] != '-' {
			continue
		}
		if ValidVersion(rest[:i]) {
			return rest[:i]
		}
	}
	return ""
}

// storedPackage reads node_modules/.store/<slug>-npm-<version>-<hash>/package/….
func storedPackage(p string, i int, rest string) (module, bool) {
	rest, ok := strings.CutPrefix(rest, ".store/")
	if !ok {
		return module{}, false
	}
	folder, rest, _ := strings.Cut(rest, "/")
	file, ok := strings.CutPrefix(rest, "package/")
	slug, _, found := strings.Cut(folder, "-npm-")
	if !ok || !found || file == "" {
		return module{}, false
	}
	name := slug
	if strings.HasPrefix(slug, "@") {
		// "@scope-name": where the scope ends is told by nobody if there are
		// more hyphens than one.
		if strings.Count(slug, "-") != 1 {
			return module{}, false
		}
		name = strings.Replace(slug, "-", "/", 1)
	}
	version := yarnVersion(folder, name)
	if !ValidName(name) || version == "" {
		return module{}, false
	}
	return module{name: name, version: version, place: p[:i] + "node_modules/.store/" + folder, file: file}, true
}

func isHex(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
