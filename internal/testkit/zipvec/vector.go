package zipvec

import (
	"slices"

	"github.com/fnseal/fnseal/fnpkg"
)

// Vector is one attack, with what a reader must answer.
type Vector struct {
	Name  string // file name, without the extension ".zip"
	Wrong string // what is wrong with it, for a person

	// Hazards are the ids that must be found, sorted, each once; nil if
	// opening must fail or nothing is wrong with the headers.
	Hazards []fnpkg.HazardID

	Open Failure // how opening it must fail
	Read Failure // how reading its content must fail, if it opens

	// Large marks what is too large to be kept as a file; it is made when a
	// test runs.
	Large bool

	Bytes func() []byte
}

// Failure says by which kind of error something must fail.
type Failure string

// The kinds of failure.
const (
	Succeeds    Failure = ""
	FormatError Failure = "*fnpkg.FormatError"
	LimitError  Failure = "*fnpkg.LimitError"
)

// Vectors returns all attacks, in the order they are best read in.
func Vectors() []Vector {
	return slices.Concat(names(), trees(), outsides(), headers(), wides(), contents(), bombs(), broken())
}

// found is short for the ids a vector must show, in the order of ids.
func found(ids ...fnpkg.HazardID) []fnpkg.HazardID {
	slices.Sort(ids)
	return ids
}
