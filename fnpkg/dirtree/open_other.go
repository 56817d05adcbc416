//go:build !unix

package dirtree

// dontBlock is of no use where opening a file cannot wait.
const dontBlock = 0
