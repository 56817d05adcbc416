// Package zipvec makes zip archives that no packer would make: each has one
// thing wrong with it, and says what a reader must find. Everything is laid
// out by hand, byte for byte the same whatever the version of any library.
package zipvec
