package target

import "strings"

// form is what a reference says its target is.
type form int

const (
	formDetect    form = iota // nothing: look at the content
	formStdin                 // -
	formZip                   // zip:
	formDirectory             // dir:
	formFile                  // file:
	formImage                 // a prefix of image.go
)

// reference is a target as the user gave it, taken apart.
type reference struct {
	form form
	path string // without prefix; empty for standard input
}

func parse(ref string) reference {
	if ref == "-" {
		return reference{form: formStdin}
	}
	scheme, rest, ok := strings.Cut(ref, ":")
	if !ok {
		return reference{path: ref}
	}
	switch {
	case scheme == "zip":
		return reference{formZip, rest}
	case scheme == "dir":
		return reference{formDirectory, rest}
	case scheme == "file":
		return reference{formFile, rest}
	case isImageScheme(scheme):
		return reference{formImage, rest}
	}
	return reference{path: ref}
}
