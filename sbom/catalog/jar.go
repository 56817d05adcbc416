package catalog

import (
	"path"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// jar is what names a Java archive and the packages merged into it: the
// manifest and Maven's metadata.
type jar struct {
	path     string // within the package; nested archives behind "!/"
	parent   string // path of the archive it is nested in, or empty
	root     bool   // it is the package itself
	inJava   bool   // one of the archives around it is Java's
	manifest javaManifest
	poms     []*pom
	sha256   string
	sha512   string
	texts    []fnpkg.LicenseText
}

// stem is the archive's file name without its extension.
func (j *jar) stem() string {
	base := path.Base(j.path)
	return strings.TrimSuffix(base, path.Ext(base))
}

// readMetadata completes j from the archive's entries.
func (j *jar) readMetadata(entries []fnpkg.Entry) error {
	for _, e := range entries {
		if e.Path == manifestPath && e.IsRegular() {
			var err error
			if j.manifest, err = readManifest(e); err != nil {
				return err
			}
			break
		}
	}
	var err error
	j.poms, err = readPOMs(entries)
	return err
}

// isJavaArchive reports whether an archive goes by a name that only Java's do.
func isJavaArchive(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jar", ".war", ".ear":
		return true
	}
	return false
}
