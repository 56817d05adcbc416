package catalog

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
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

	// archiveMetadataLimit bounds the metadata of one archive, which may hold
	// that of all the archives that were merged into it.
	archiveMetadataLimit = 64 << 20

	// nestedSeparator joins the path of an archive and a path within it.
	nestedSeparator = "!/"
)

// jar is a Java archive reduced to what names it and the packages merged into
// it: the manifest and Maven's metadata. The cataloger copies archives to disk
// and opens them there, with all that is nested in them; given this, it copies
// a few kilobytes, and what is nested was opened here, under fnseal's limits.
type jar struct {
	path    string // within the package; nested archives behind "!/"
	parent  string // path of the archive it is nested in, or empty
	reduced []byte // a zip
	sha256  string
	sha512  string
}

// jarReader opens archives and what is nested in them. It may be used by
// several goroutines.
type jarReader struct {
	limits fnpkg.Limits
	budget atomic.Int64 // bytes of archives that may still be read
}

// read opens the archive in e and the archives in it. Archives that cannot be
// read are noted, and reading goes on.
func (r *jarReader) read(ctx context.Context, e fnpkg.Entry, begin func()) ([]jar, []unread, error) {
	var jars []jar
	var failed []unread
	var walk func(e fnpkg.Entry, name, parent string, depth int64) error
	walk = func(e fnpkg.Entry, name, parent string, depth int64) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		nested := func(e fnpkg.Entry) error { return walk(e, name+nestedSeparator+e.Path, name, depth+1) }
		keep := func(j jar) { jars = append(jars, j) }
		if err := r.open(e, jar{path: name, parent: parent}, depth, keep, nested); err != nil {
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

// open completes j from the archive in e, and hands it and then each archive
// nested in it on.
func (r *jarReader) open(e fnpkg.Entry, j jar, depth int64, keep func(jar), nested func(fnpkg.Entry) error) error {
	if r.limits.NestingDepth > 0 && depth > r.limits.NestingDepth {
		return &fnpkg.LimitError{What: "depth of nested archives", Limit: r.limits.NestingDepth, Got: depth}
	}
	if e.Size > nestedArchiveLimit {
		return &fnpkg.LimitError{What: "bytes of an archive in the package", Limit: nestedArchiveLimit, Got: e.Size}
	}
	if r.budget.Add(-e.Size) < 0 && r.limits.TotalBytes > 0 {
		return &fnpkg.LimitError{What: "bytes of archives in the package", Limit: r.limits.TotalBytes, Got: r.limits.TotalBytes + 1}
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
	if j.reduced, err = reduce(archive.Entries()); err != nil {
		return err
	}
	keep(j)
	for _, inner := range archive.Entries() {
		if inner.IsRegular() && isArchive(inner.Path) {
			if err := nested(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

func isArchive(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jar", ".war", ".ear":
		return true
	}
	return false
}

// reduce makes a zip of the entries that name Java packages.
func reduce(entries []fnpkg.Entry) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	written := map[string]bool{}
	put := func(name string, content []byte) error {
		written[name] = true
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return err
	}
	for _, e := range entries {
		if !e.IsRegular() || !namesJavaPackage(e.Path) || written[e.Path] {
			continue
		}
		content, err := readText(e, manifestLimit)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Path, err)
		}
		if n := int64(out.Len() + len(content)); n > archiveMetadataLimit {
			return nil, &fnpkg.LimitError{What: "bytes of metadata in an archive", Limit: archiveMetadataLimit, Got: n}
		}
		if strings.HasSuffix(e.Path, ".xml") {
			content = cutBuild(content)
		}
		if err := put(e.Path, content); err != nil {
			return nil, err
		}
	}
	if !written[manifestPath] {
		// Without a manifest the cataloger does not look at Maven's metadata.
		if err := put(manifestPath, []byte("Manifest-Version: 1.0\r\n\r\n")); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

const manifestPath = "META-INF/MANIFEST.MF"

func namesJavaPackage(name string) bool {
	if name == manifestPath || name == "version.properties" {
		return true
	}
	rest, ok := strings.CutPrefix(name, "META-INF/maven/")
	return ok && (strings.HasSuffix(rest, "/pom.properties") || strings.HasSuffix(rest, "/pom.xml"))
}

// buildElements are the parts of a POM that say how a package is built, by whom
// and with which others. They are most of its length.
var buildElements = []string{
	"build", "dependencies", "dependencyManagement", "profiles", "reporting", "distributionManagement",
	"developers", "contributors", "mailingLists",
}

// cutBuild removes these parts: the cataloger guesses a POM's character set
// from all of its text, which takes longer than all else it does. What is left
// names the package and its licences; if it is no XML any more, there remain
// Maven's properties.
func cutBuild(pom []byte) []byte {
	for _, name := range buildElements {
		begin := bytes.Index(pom, []byte("<"+name+">"))
		end := bytes.LastIndex(pom, []byte("</"+name+">"))
		if begin >= 0 && end > begin {
			pom = slices.Concat(pom[:begin], pom[end+len(name)+3:])
		}
	}
	return pom
}
