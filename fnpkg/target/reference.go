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
	formRegistry              // image: or docker://
	formLayout                // oci-layout:
	formArchive               // docker-archive: or oci-archive:
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
	case scheme == "image":
		return reference{formRegistry, rest}
	case scheme == "docker" && strings.HasPrefix(rest, "//"):
		return reference{formRegistry, strings.TrimPrefix(rest, "//")}
	case scheme == "oci-layout":
		return reference{formLayout, rest}
	case scheme == "docker-archive", scheme == "oci-archive":
		return reference{formArchive, rest}
	}
	return reference{path: ref}
}
