package target

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
)

// ErrImage is returned for a reference to a container image. A reader of
// images takes its place where it is returned.
var ErrImage = errors.New("container images are not read yet; give the zip or the directory that is deployed")

// isImageScheme reports whether scheme is the prefix of a reference to an
// image.
func isImageScheme(scheme string) bool {
	switch scheme {
	case "oci-layout", "docker-archive":
		return true
	}
	return false
}

// imageReference matches what can only be meant as an image in a registry: a
// digest, or a host with a dot or a port followed by a repository and a tag.
const imageReference = `^[^\s/]+(/[^\s/]+)*@sha256:[0-9a-f]{64}$` +
	`|^([a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?|localhost(:[0-9]+)?|[a-z0-9-]+:[0-9]+)(/[a-z0-9._-]+)+(:[\w][\w.-]{0,127})?$`

// looksLikeImage reports whether a reference that is no file can be meant as
// an image in a registry. "dist/fn.zip" is not: "dist" is no host name.
func looksLikeImage(ref string) bool {
	// Compiled here, once per run at most, rather than at every start.
	return regexp.MustCompile(imageReference).MatchString(ref)
}

// isImageLayout reports whether the directory at path is an OCI image layout:
// it then has a file oci-layout beside its index (OCI image-layout, "Content").
func isImageLayout(path string) bool {
	for _, name := range []string{"oci-layout", "index.json"} {
		info, err := os.Stat(filepath.Join(path, name))
		if err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}
