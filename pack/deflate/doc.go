// Package deflate compresses by RFC 1951, and always to the same bytes: on
// every machine, with every version of Go and every number of processors.
//
// The standard library promises that what it writes can be read, not that it
// stays the same; whoever signs archives needs the latter. What this encoder
// writes is held by golden digests in its tests. They may only change together
// with the version of the format that package pack writes.
//
// It works as zlib does at its highest level: hash chains, lazy matching, and
// for each block the cheapest of stored, fixed and dynamic codes. Blocks are
// joined where one table of codes costs less than two, which zlib does not.
// All of it is arithmetic on integers.
package deflate
