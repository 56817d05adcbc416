package catalog

import (
	"context"
	"io"
	"path"
	"strings"
	"sync/atomic"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
)

const (
	// nestedArchiveLimit bounds an archive within an archive, which has to be
	// held in memory when it is compressed. Providers allow less for a whole
	// function.
	nestedArchiveLimit = 512 << 20

	// nestedSeparator joins the path of an archive and a path within it.
	nestedSeparator = "!/"
)

// jar is what names a Java archive and the packages merged into it: the
// manifest and Maven's metadata.
type jar struct {
	path     string // within the package; nested archives behind "!/"
	parent   string // path of the archive it is nested in, or empty
	root     bool   // it is the package itself
	manifest javaManifest
	poms     []*pom
	sha256   string
	sha512   string
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

// jarReader opens archives and what is nested in them. It may be used by
// several goroutines.
type jarReader struct {
	limits fnpkg.Limits
	budget atomic.Int64 // bytes of archives that may still be read
}

// read opens the archive in e and the archives in it. Archives that cannot be
// read are noted, and reading goes on.
func (r *jarReader) read(ctx context.Context, e fnpkg.Entry, begin func()) ([]*jar, []unread, error) {
	var jars []*jar
	var failed []unread
	var walk func(e fnpkg.Entry, name, parent string, depth int64) error
	walk = func(e fnpkg.Entry, name, parent string, depth int64) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		nested := func(e fnpkg.Entry) error { return walk(e, name+nestedSeparator+e.Path, name, depth+1) }
		j := &jar{path: name, parent: parent}
		keep := func() { jars = append(jars, j) }
		if err := r.open(e, j, depth, keep, nested); err != nil {
			if cerr := ctx.Err(); cerr != nil {
				return cerr
			}
			failed = append(failed, unread{"maven", name, err.Error()})
		}
		return nil
	}
	begin()
	err := walk(e, e.Path, "", 1)
	return jars, failed, err
}

// open completes j from the archive in e, keeps it, and hands each archive
// nested in it on.
func (r *jarReader) open(e fnpkg.Entry, j *jar, depth int64, keep func(), nested func(fnpkg.Entry) error) error {
	if r.limits.NestingDepth > 0 && depth > r.limits.NestingDepth {
		return &fnpkg.LimitError{What: "depth of nested archives", Limit: r.limits.NestingDepth, Got: depth, Flag: fnpkg.FlagMaxNesting}
	}
	if e.Size > nestedArchiveLimit {
		return &fnpkg.LimitError{What: "bytes of an archive in the package", Limit: nestedArchiveLimit, Got: e.Size}
	}
	if r.budget.Add(-e.Size) < 0 && r.limits.TotalBytes > 0 {
		return &fnpkg.LimitError{What: "bytes of archives in the package", Limit: r.limits.TotalBytes, Got: r.limits.TotalBytes + 1, Flag: fnpkg.FlagMaxTotalBytes}
	}
	c, err := e.Open()
	if err != nil {
		return err
	}
	defer c.Close()
	archive, err := zipfile.New(c, e.Size, path.Base(j.path), r.limits)
	if err != nil {
		return err
	}
	if j.sha256, j.sha512, err = hashContent(io.NewSectionReader(c, 0, e.Size)); err != nil {
		return err
	}
	keep()
	// What is unreadable of the archive's own metadata hides no archive in it.
	unreadable := j.readMetadata(archive.Entries())
	for _, inner := range archive.Entries() {
		if inner.IsRegular() && isArchive(inner.Path) {
			if err := nested(inner); err != nil {
				return err
			}
		}
	}
	return unreadable
}

func isArchive(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jar", ".war", ".ear":
		return true
	}
	return false
}
