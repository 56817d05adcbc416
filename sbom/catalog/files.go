package catalog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/anchore/syft/syft/file"

	"github.com/fnseal/fnseal/fnpkg"
)

// files is the part of a package that one cataloger gets to see, as the
// file.Resolver catalogers ask. Which files matter is decided before, by the
// survey, so it answers from a short list: there is no tree to walk, nothing
// of the machine's own file system in reach, and what is not listed (licence
// texts, files named by metadata) does not exist.
type files struct {
	list  []file.Location
	open  map[file.Coordinates]func() (io.ReadCloser, error)
	stop  func() error // the error to end with once the work is called off
	begin func()       // called for each file that is opened
}

var _ file.Resolver = (*files)(nil)

func newFiles(ctx context.Context, begin func()) *files {
	return &files{
		open:  map[file.Coordinates]func() (io.ReadCloser, error){},
		stop:  ctx.Err,
		begin: begin,
	}
}

// add lists a file and returns where. Two entries of one name are kept apart, so
// that neither hides the other.
func (f *files) add(name string, open func() (io.ReadCloser, error)) file.Coordinates {
	at := file.Coordinates{RealPath: name}
	for n := 2; f.open[at] != nil; n++ {
		at.FileSystemID = fmt.Sprint(n)
	}
	f.open[at] = open
	f.list = append(f.list, file.NewLocationFromCoordinates(at))
	return at
}

// readText reads an entry as a whole, without the byte order mark that some
// editors put in front and no parser expects.
func readText(e fnpkg.Entry, limit int64) ([]byte, error) {
	if e.Size > limit {
		return nil, &fnpkg.LimitError{What: "bytes of " + path.Base(e.Path), Limit: limit, Got: e.Size}
	}
	c, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	text := bytes.NewBuffer(make([]byte, 0, e.Size+bytes.MinRead))
	if _, err := text.ReadFrom(io.LimitReader(c, limit+1)); err != nil {
		return nil, err
	}
	if int64(text.Len()) > limit {
		return nil, &fnpkg.LimitError{What: "bytes of " + path.Base(e.Path), Limit: limit, Got: int64(text.Len())}
	}
	return bytes.TrimPrefix(text.Bytes(), []byte("\xef\xbb\xbf")), nil
}

// FileContentsByLocation opens a listed file.
func (f *files) FileContentsByLocation(at file.Location) (io.ReadCloser, error) {
	if err := f.stop(); err != nil {
		return nil, err
	}
	open := f.open[at.Coordinates]
	if open == nil {
		return nil, fmt.Errorf("%s is not in the package", at.RealPath)
	}
	f.begin()
	return open()
}

// FilesByGlob answers the patterns catalogers are registered with, "**/" and a
// pattern for the last elements of a path. Others look for something beside a
// known file; there is nothing.
func (f *files) FilesByGlob(patterns ...string) ([]file.Location, error) {
	var out []file.Location
	for _, pattern := range patterns {
		tail, ok := strings.CutPrefix(pattern, "**/")
		if !ok {
			continue
		}
		for _, at := range f.list {
			if ok, err := path.Match(tail, lastElements(at.RealPath, strings.Count(tail, "/")+1)); err != nil {
				return nil, fmt.Errorf("pattern %q: %w", pattern, err)
			} else if ok {
				out = append(out, at)
			}
		}
	}
	return out, nil
}

// lastElements returns the last n elements of a path.
func lastElements(p string, n int) string {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] == '/' {
			if n--; n == 0 {
				return p[i+1:]
			}
		}
	}
	return p
}

// FilesByMIMEType lists all files: the one cataloger that asks is given
// executables only, chosen by their first bytes.
func (f *files) FilesByMIMEType(...string) ([]file.Location, error) { return f.list, nil }

// FilesByPath finds nothing: catalogers ask for files of a whole system.
func (f *files) FilesByPath(...string) ([]file.Location, error) { return nil, nil }

// HasPath reports false, for the same reason.
func (f *files) HasPath(string) bool { return false }

// RelativeFileByPath finds nothing: what stands beside a Python METADATA (the
// list of installed files above all) is long and of no use here.
func (f *files) RelativeFileByPath(file.Location, string) *file.Location { return nil }

// FileMetadataByLocation fails: no cataloger in use asks for it.
func (f *files) FileMetadataByLocation(at file.Location) (file.Metadata, error) {
	return file.Metadata{}, fmt.Errorf("no metadata kept for %s", at.RealPath)
}

// AllLocations lists the files.
func (f *files) AllLocations(ctx context.Context) <-chan file.Location {
	out := make(chan file.Location)
	go func() {
		defer close(out)
		for _, at := range f.list {
			select {
			case out <- at:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
