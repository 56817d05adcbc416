// Package inspect says what a function package is before anything is known of
// its components: its form and size against what providers accept, which
// provider and runtime it is made for and why that is believed, what native
// code it carries for which machine, and what makes it dangerous to read.
//
// It judges headers first. Content is read only where it can tell something:
// the first bytes of files that may be native code, and a bounded number of
// small metadata files. Everything is read for one thing alone, the content
// digest, which can be left out.
package inspect
