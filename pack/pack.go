package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/fnseal/fnseal/fnpkg"
)

// Options says how a package is packed.
type Options struct {
	// Store leaves everything uncompressed. The archive then depends on no
	// encoder at all.
	Store bool

	// Ignore says what is left out; nil leaves out nothing.
	Ignore *Ignore

	// Executable says of files whether they are executable although their
	// mode does not say so, as on file systems that cannot; it may be nil.
	Executable func(path string) bool

	// Progress is called every now and then with the bytes read so far and
	// how many there are; it may be nil.
	Progress func(done, total int64)
}

// File is what an archive is written to.
type File interface {
	io.Writer
	io.WriterAt
}

// Result says what was packed.
type Result struct {
	Entries int   // in the archive
	Left    int   // files and links that rules left out
	Bytes   int64 // of all files' content
}

// maxBytes is the most an archive or a file in it may have: from there on zip
// needs another form of headers, for sizes no platform for functions takes.
const maxBytes = 1<<32 - 1<<16

// ErrEmpty says that nothing is left to pack.
var ErrEmpty = errors.New("there is no file to pack")

// IgnoreFiles returns NewIgnore with the rules of all ignore files in p.
func IgnoreFiles(p fnpkg.Package) (*Ignore, error) {
	g := NewIgnore()
	for _, e := range p.Entries() { // sorted: those of the root first
		if path.Base(e.Path) != IgnoreFile || !e.IsRegular() {
			continue
		}
		text, err := readAll(e)
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", e.Path, err)
		}
		dir := path.Dir(e.Path)
		if dir == "." {
			dir = ""
		}
		g.Add(dir, text)
	}
	return g, nil
}

// maxIgnoreFile is the most an ignore file may have, in bytes.
const maxIgnoreFile = 1 << 20

func readAll(e fnpkg.Entry) ([]byte, error) {
	if e.Size > maxIgnoreFile {
		return nil, &fnpkg.LimitError{What: "bytes of an ignore file", Limit: maxIgnoreFile, Got: e.Size}
	}
	c, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return io.ReadAll(c)
}

// Write writes the files of p to f, which is empty. A link that leaves the tree,
// names that would be one file elsewhere, and whatever else makes a package
// ambiguous are an *fnpkg.AmbiguousError. Files that are neither files,
// directories nor links are an error.
func Write(ctx context.Context, f File, p fnpkg.Package, o Options) (Result, error) {
	if o.Progress == nil {
		o.Progress = func(done, total int64) {}
	}
	if o.Ignore == nil {
		o.Ignore = &Ignore{}
	}
	if o.Executable == nil {
		o.Executable = func(string) bool { return false }
	}
	entries, res, err := choose(p, o.Ignore)
	if err != nil {
		return res, err
	}
	w := &writer{out: f, executable: o.Executable}
	if err := w.entries(ctx, entries, res.Bytes, o); err != nil {
		return res, err
	}
	return res, w.close()
}

// choose returns the entries to be packed, sorted.
func choose(p fnpkg.Package, ignore *Ignore) ([]fnpkg.Entry, Result, error) {
	var res Result
	kept := make(map[string]bool)
	var all []fnpkg.Entry
	for i, e := range p.Entries() {
		if ignore.Match(e.Path, e.IsDir()) {
			if !e.IsDir() {
				res.Left++
			}
			continue
		}
		kept[e.Path] = true
		if e.IsDir() && occupied(p.Entries()[i+1:], e.Path+"/") {
			continue // implied by what is in it, or without what was left out
		}
		all = append(all, e)
	}
	var hazards []fnpkg.Hazard
	for _, h := range p.Hazards() {
		if kept[h.Path] {
			hazards = append(hazards, h)
		}
	}
	if found := fnpkg.Ambiguities(hazards); len(found) > 0 {
		return nil, res, &fnpkg.AmbiguousError{Name: p.Name(), Hazards: found}
	}
	for _, e := range all {
		switch {
		case !e.IsDir() && !e.IsRegular() && !e.IsLink():
			return nil, res, fmt.Errorf("packing %q: it is neither file, directory nor link (%s)", e.Path, e.Mode.Type())
		case e.Size > maxBytes:
			return nil, res, fmt.Errorf("packing %q: %w", e.Path, &fnpkg.LimitError{What: "bytes of a file in a zip", Limit: maxBytes, Got: e.Size})
		}
		if e.IsRegular() {
			res.Bytes += e.Size
		}
	}
	if res.Entries = len(all); len(all) == 0 {
		return nil, res, ErrEmpty
	}
	return all, res, nil
}

// modeOf is the mode an entry is packed with, as Unix writes it.
func modeOf(e fnpkg.Entry, executable bool) uint32 {
	switch {
	case e.IsDir():
		return 0o40755
	case e.IsLink():
		return 0o120777
	case e.Executable(), executable:
		return 0o100755
	}
	return 0o100644
}
