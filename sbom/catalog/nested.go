package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

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

// mayHoldPackages reports whether a zip archive that is not Java's is looked
// into: one from which code is loaded or unpacked at start (a wheel, an egg, a
// zip of requirements). Packages bring others along to test themselves with;
// those are not installed in any sense.
func mayHoldPackages(dir, ext string) bool {
	switch ext {
	case ".zip", ".whl", ".egg":
	default:
		return false
	}
	for element := range strings.SplitSeq(dir, "/") {
		switch strings.ToLower(element) {
		case "test", "tests", "testing", "testdata", "fixtures", "node_modules", "docs", "examples":
			return false
		}
	}
	return true
}

// archiveReader looks into archives and what is nested in them. It may be used
// by several goroutines.
type archiveReader struct {
	limits     fnpkg.Limits
	texts      bool         // of licences, too
	budget     atomic.Int64 // bytes of archives that may still be read
	begin      func()
	techniques []technique
	unhashed   bool // Options.Unhashed

	// memory is what archives are read with, one after the other, and room
	// counts the bytes of those that are held at the same time.
	memory zipfile.Memory
	room   *semaphore.Weighted
}

// archivesAtATime bounds the bytes of archives that are held at the same time;
// a larger one is held alone.
const archivesAtATime = 32 << 20

func newArchiveReader(limits fnpkg.Limits, begin func()) *archiveReader {
	a := &archiveReader{limits: limits, begin: begin, techniques: nestedTechniques(), room: semaphore.NewWeighted(archivesAtATime)}
	a.budget.Store(limits.TotalBytes)
	return a
}

// read returns what is in the archive in e and in those nested in it. Archives
// that cannot be read are noted, and reading goes on; the error is the
// context's.
func (a *archiveReader) read(ctx context.Context, e fnpkg.Entry) (result, error) {
	weight := min(max(e.Size, 0), archivesAtATime)
	if err := a.room.Acquire(ctx, weight); err != nil {
		return result{}, err
	}
	defer a.room.Release(weight)
	a.begin()
	var r result
	var jars []*jar
	if err := a.walk(ctx, e, &jar{path: e.Path}, 1, &r, &jars); err != nil {
		return result{}, err
	}
	r.addJars(jars)
	return r, nil
}

func (a *archiveReader) walk(ctx context.Context, e fnpkg.Entry, j *jar, depth int64, r *result, jars *[]*jar) error {
	err := a.open(ctx, e, j, depth, r, jars)
	if cerr := ctx.Err(); cerr != nil {
		return cerr
	}
	switch {
	case err == nil:
	case isJavaArchive(j.path):
		r.unread = append(r.unread, unread{"maven", j.path, err.Error()})
	case !errors.Is(err, errNoArchive):
		r.unread = append(r.unread, unread{"generic", j.path, err.Error()})
	}
	return nil
}

// errNoArchive is returned for a file that is no zip archive whatever its name.
var errNoArchive = errors.New("not a zip archive")

// open looks into the archive in e, by the name of j, and goes on to each that
// is nested in it.
func (a *archiveReader) open(ctx context.Context, e fnpkg.Entry, j *jar, depth int64, r *result, jars *[]*jar) error {
	if a.limits.NestingDepth > 0 && depth > a.limits.NestingDepth {
		return &fnpkg.LimitError{What: "depth of nested archives", Limit: a.limits.NestingDepth, Got: depth, Flag: fnpkg.FlagMaxNesting}
	}
	if e.Size > nestedArchiveLimit {
		return &fnpkg.LimitError{What: "bytes of an archive in the package", Limit: nestedArchiveLimit, Got: e.Size}
	}
	if a.budget.Add(-e.Size) < 0 && a.limits.TotalBytes > 0 {
		return &fnpkg.LimitError{What: "bytes of archives in the package", Limit: a.limits.TotalBytes, Got: a.limits.TotalBytes + 1, Flag: fnpkg.FlagMaxTotalBytes}
	}
	c, err := e.Open()
	if err != nil {
		return err
	}
	defer c.Close()
	java := isJavaArchive(j.path)
	if !java {
		// A wheel's or a zip's content begins with a header; other files that
		// are called so are not held in memory to find out.
		var magic [2]byte
		if _, err := io.ReadFull(c, magic[:]); err != nil || string(magic[:]) != "PK" {
			return errNoArchive
		}
	}
	archive, err := zipfile.New(c, e.Size, path.Base(j.path), a.limits, zipfile.WithMemory(&a.memory))
	if err != nil {
		return err
	}
	s := look(archive.Entries())
	s.unhashed = a.unhashed
	// What is unreadable of the archive's own metadata hides nothing else in it.
	var unreadable error
	if java || s.rootIsJar {
		if !a.unhashed {
			if j.sha256, j.sha512, err = hashContent(io.NewSectionReader(c, 0, e.Size)); err != nil {
				return err
			}
		}
		*jars = append(*jars, j)
		unreadable = j.readMetadata(archive.Entries())
		if a.texts {
			j.texts = readTexts(archive.Entries(), "META-INF", j.path+nestedSeparator)
			if j.texts == nil {
				j.texts = readTexts(archive.Entries(), "", j.path+nestedSeparator)
			}
		}
	}
	if err := a.catalog(ctx, s, j.path+nestedSeparator, r, !java && !j.inJava); err != nil {
		return err
	}
	for _, i := range s.archives {
		inner := s.entries[i]
		if err := a.walk(ctx, inner, &jar{path: j.path + nestedSeparator + inner.Path, parent: j.path, inJava: java || j.inJava}, depth+1, r, jars); err != nil {
			return err
		}
	}
	return unreadable
}

// catalog adds what the techniques find in an archive, whose paths begin with
// prefix. Code files are counted where they are loaded from there: scripts in
// a Java archive, at any depth, are for browsers.
func (a *archiveReader) catalog(ctx context.Context, s *survey, prefix string, r *result, code bool) error {
	if code {
		r.addCode(s.code)
	}
	if len(s.npm)+len(s.python)+len(s.programs)+len(s.locks)+len(s.metadata)+len(s.own) == 0 {
		return nil
	}
	for _, t := range a.techniques {
		found, err := t.run(ctx, s, a.begin)
		if err != nil {
			return fmt.Errorf("looking for %s: %w", t.name, err)
		}
		for i := range found.finds {
			found.finds[i].path = prefix + found.finds[i].path
			found.finds[i].tree = nil // the content is the package's own
		}
		for i := range found.unread {
			found.unread[i].path = prefix + found.unread[i].path
		}
		r.add(found)
	}
	return nil
}
