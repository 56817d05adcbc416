package fnpkg

// Origin says how a component came to be known, and so what its listing means.
type Origin string

// The origins, kept apart in every format.
const (
	OriginShipped  Origin = "shipped"  // its own metadata is in the package
	OriginBundled  Origin = "bundled"  // recovered from bundled code, with a confidence
	OriginDeclared Origin = "declared" // only a lock file names it
	OriginRuntime  Origin = "runtime"  // the managed runtime provides it
)

// Component is a third-party package found in a function package. Components
// are unique by purl and origin.
type Component struct {
	// PURL is the canonical package URL. Without a version part the version
	// is unknown, never guessed.
	PURL string

	// Type is the purl type: npm, pypi, golang, maven, …
	Type string

	// Name is the full name in the words of the component's ecosystem:
	// "@scope/name" for npm, "group:artifact" for Maven, the module path for
	// Go.
	Name string

	// Version as the component's metadata states it; empty when unknown.
	Version string

	Origin Origin

	// Confidence in the component's identity, from 0 to 1; 1 when its own
	// metadata was read.
	Confidence float64

	// Occurrences are all the places in the package it was found at, sorted
	// by path, without repetition.
	Occurrences []Occurrence

	// Licenses are SPDX licence expressions, or the licence's own words where
	// they are not SPDX, sorted.
	Licenses []License

	// SHA256 and SHA512 in hexadecimal, set only where the component is one
	// file (a jar, a binary).
	SHA256, SHA512 string

	// TreeSHA256 in hexadecimal, set only where the component is a tree of
	// files: the digest of DigestContent's rule over them, with paths relative
	// to the component's folder. It is never the hash of a single file.
	TreeSHA256 string

	// Distribution is the archive the component was installed from, as a lock
	// file in the package states it.
	Distribution Distribution

	// Producer is who made the component, as its own metadata says.
	Producer Party

	// SourceURL is where its source code is kept, as its own metadata says.
	SourceURL string

	// LicenseTexts are the files of the component that hold its licences, only
	// where they were asked for.
	LicenseTexts []LicenseText

	// FoundBy names the technique that found it, for example
	// "javascript-package".
	FoundBy string

	// Evidence is what a component of origin bundled was recognised by, the
	// surest first; other origins have none beside their occurrences.
	Evidence []Evidence
}

// Evidence is one sign that a component, or its version, is in the package.
type Evidence struct {
	// Technique names the kind of sign, for example "source-map".
	Technique string
	// Path of the entry that was read; the base name of the file or folder
	// for what was given beside the package.
	Path string
	// Detail is what was read there, one printable line. It is the package's
	// text, not fnseal's.
	Detail string
	// Confidence in this sign alone, from 0 to 1.
	Confidence float64
}

// Distribution is an archive that a component can be installed from. Nothing
// says that what lies in the package still is what the archive held.
type Distribution struct {
	URL            string // where it is downloaded from; empty when unknown
	SHA256, SHA512 string // of the archive, in hexadecimal; empty when unknown
}

// Party is a person or an organisation. Fields that are not known are empty.
type Party struct {
	Name, Email, URL string
}

// IsZero reports whether nothing is known of the party.
func (p Party) IsZero() bool { return p == Party{} }

// Occurrence is one place a component was found at.
type Occurrence struct {
	// Path of the entry that identifies the component: its package.json, its
	// METADATA, the binary, the jar. A path within an archive within the
	// package is joined with "!/".
	Path string
}

// License is one licence of a component.
type License struct {
	// Expression is a valid SPDX expression, or empty.
	Expression string
	// Name holds the licence's own words when they are no SPDX expression.
	Name string
}

// LicenseText is a file with the text of a licence, or of several.
type LicenseText struct {
	Path string // of the entry; within an archive joined with "!/"
	Text string // valid UTF-8
}

// Edge says that one component needs another. Both ends are purls of
// components in the same Inventory; From is empty for the package itself.
type Edge struct {
	From, To string
}
