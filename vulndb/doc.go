// Package vulndb turns OSV feeds into an index on disk and compares components
// with it.
//
// [Update] reads the archives of a feed in the layout of the OSV bucket, from
// a folder or over HTTP, and writes one bbolt file: the affected versions of
// every package by ecosystem and normalised name, the aliases of every id, and
// the records as they were published. [Open] checks and opens that file without
// reading the records, and [DB.Match] evaluates the OSV specification
// (https://ossf.github.io/osv-schema/#evaluation) for each component.
//
// What cannot be compared (no feed for its ecosystem, a version that has no
// place in the ecosystem's order) is reported as [NotAssessed], never as
// clean.
package vulndb
