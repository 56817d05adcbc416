package strictyaml

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Error is one defect of a file.
type Error struct {
	File      string
	Line, Col int    // from 1
	Path      string // of the value, as in "scan.ignore[0].reason"; may be empty
	Msg       string
}

// Error returns the defect as compilers write it, so that editors can go there.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Col)
	if e.Path != "" {
		s += e.Path + ": "
	}
	return s + e.Msg
}

// maxErrors bounds how many defects of one file are told.
const maxErrors = 20

// join orders defects by their place and makes one error of them: nil of none.
func join(all []*Error) error {
	slices.SortStableFunc(all, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	var errs []error
	for i, e := range all {
		if i == maxErrors {
			errs = append(errs, fmt.Errorf("%s: %d more defects", e.File, len(all)-i))
			break
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}
