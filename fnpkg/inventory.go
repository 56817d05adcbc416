package fnpkg

import "time"

// Subject identifies the package an inventory, document or statement is about.
type Subject struct {
	Name    string // base name, never a path
	Kind    Kind
	Size    int64         // bytes of the artifact; 0 for a directory
	Digest  Digest        // exact digest; zero for a directory
	SHA512  string        // of the artifact, in hexadecimal; empty where it is not one file, or not known
	Content ContentDigest // content digest
	Newest  time.Time     // newest entry time, UTC; zero if no entry has one

	// Layers that the package was judged with, in the order in which they lie
	// over one another, the topmost last.
	Layers []Layer
}

// Layer is a layer that a function was judged with.
type Layer struct {
	Name   string // base name, never a path
	Digest Digest // exact digest; zero for a directory
}

// Inventory is what is known of a function package's content.
type Inventory struct {
	Subject Subject

	// Components sorted by purl, then origin.
	Components []Component

	// Edges sorted by From, then To.
	Edges []Edge

	// Coverage has one row per ecosystem of which code or metadata was seen,
	// sorted by ecosystem.
	Coverage []Coverage

	// Hazards of the package.
	Hazards []Hazard

	// Parts are the packages of a merged inventory, in the order given; nil
	// for that of one package. The fields above then hold the union of theirs.
	Parts []*Inventory
}

// Coverage says how much of one ecosystem's code in the package is accounted
// for by components.
type Coverage struct {
	Ecosystem string // the purl type: npm, pypi, golang, maven, …
	State     CoverageState
	Files     int    // code files seen
	Reason    string // why the state is not complete, for a person

	// Edges says how complete the edges from components of this ecosystem
	// are; empty where nobody looked.
	Edges CoverageState
}

// CoverageState is how complete the listing of one ecosystem is.
type CoverageState string

// The states of coverage.
const (
	CoverageComplete CoverageState = "complete" // each unit of code found belongs to a component
	CoveragePartial  CoverageState = "partial"  // some code belongs to no component
	CoverageNone     CoverageState = "none"     // code is present and nothing could be recovered
)
