// Package target opens what a user names on a command line as a package: it
// looks at the content, not at the name, and chooses the reader.
//
// A reference is one of
//
//	PATH           a zip (jar, war) or a directory, detected by content
//	zip:PATH       a zip, whatever it begins with
//	dir:PATH       a directory, whatever is in it
//	file:PATH      a regular file, whatever its name looks like
//	-              standard input: a zip
//
// References to container images are recognised and refused: see image.go,
// where their reader is to be called.
package target
