// Package dirtree reads a directory as a function package: the tree that will
// be packed.
package dirtree
