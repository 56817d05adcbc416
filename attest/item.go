package attest

import "fmt"

// Item is one bundle as it lies in a file.
type Item struct {
	// Source names the item for a person: the base name of its file and, in a
	// file of JSON lines, ":" and the line.
	Source string

	// Input is the file's path as it was given. Items of one file share it.
	Input string

	// Named says that a person asked for this file by name, so that a defect
	// in it is not to be passed over.
	Named bool

	// JSON is the text of the bundle, not yet looked into; empty if Err is
	// set.
	JSON []byte

	// Err says why the item could not be read at all.
	Err error
}

func (i Item) fail(format string, args ...any) Item {
	i.JSON, i.Err = nil, fmt.Errorf(format, args...)
	return i
}
