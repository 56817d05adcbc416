package bundle

// Technique is a way to recognise a package in a bundle, or its version.
type Technique string

// The techniques, from the surest to the least sure. The first ones name the
// package's files as the bundler saw them; the last recognise its code.
const (
	TechniqueMetafile    Technique = "metafile"     // listed by the bundler's own report of the build
	TechniqueBuildTree   Technique = "build-tree"   // version of the package installed where the bundle was built
	TechniqueSourceMap   Technique = "source-map"   // path of a source in the bundle's source map
	TechniqueModulePath  Technique = "module-path"  // path in a comment before a module, or a module's id
	TechniqueStorePath   Technique = "store-path"   // version in the path, as pnpm and yarn write it
	TechniqueManifest    Technique = "manifest"     // package.json within the code or the source map
	TechniqueSourceText  Technique = "source-text"  // version in the package's own source in the source map
	TechniqueLockFile    Technique = "lock-file"    // version in a lock file of the build
	TechniqueLicenseList Technique = "license-list" // path in the bundler's list of legal comments
	TechniqueBanner      Technique = "banner"       // a legal comment that belongs to a known package or house
	TechniqueOriginal    Technique = "original"     // path of a TypeScript source in the source map, which is from the package's own map
	TechniqueFingerprint Technique = "fingerprint"  // strings that only this package has
	TechniqueComment     Technique = "comment"      // a legal comment of the form "name v1.2.3 … github.com/owner/name"
)

// Confidence returns how much a technique is believed, from 0 to 1. What is
// below 1 can be wrong as follows: a path names an alias a package was
// installed by; a lock file is not the one of the build; an original source lies
// in a folder of its authors' that has another name than the package; a fork
// keeps the strings and comments of the package it was forked from.
func (t Technique) Confidence() float64 {
	switch t {
	case TechniqueMetafile, TechniqueBuildTree:
		return 1
	case TechniqueSourceMap, TechniqueModulePath, TechniqueStorePath:
		return 0.98
	case TechniqueManifest, TechniqueSourceText:
		return 0.95
	case TechniqueLockFile, TechniqueLicenseList, TechniqueBanner:
		return 0.9
	case TechniqueOriginal, TechniqueFingerprint:
		return 0.8
	case TechniqueComment:
		return 0.6
	}
	return 0
}
