package ociimage

import (
	"errors"
	"io/fs"
)

// cause strips the operation and path that the operating system adds to an
// error: the path of a temporary file helps nobody.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
