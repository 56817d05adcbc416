// Package pack writes the files of a package as a zip archive that is the same,
// byte for byte, wherever and whenever it is written: entries sorted by path,
// one fixed time, modes 0644 and 0755, and an encoder of its own ([deflate]),
// since the standard library's may write something else with the next version
// of Go. What is signed can thus be built again by anyone.
//
// Files listed by ignore files are left out ([Ignore]). Directories are implied
// by what is in them; only empty ones have entries. Links stay links. There is
// nothing in the archive that one of two readers could miss: no comments, no
// extra fields, no data descriptors.
package pack
