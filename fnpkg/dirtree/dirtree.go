package dirtree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/internal/layout"
)

// Package is an opened directory. Its methods are those of fnpkg.Package.
type Package struct {
	root    *os.Root
	name    string
	entries []fnpkg.Entry
	hazards []fnpkg.Hazard
}

var _ fnpkg.Package = (*Package)(nil)

// Open lists the tree at dir, which may itself be reached through a symbolic
// link; links within it are listed and never followed. name is what
// Package.Name returns. Content is read only when an entry is opened.
//
// A directory that cannot be read, or a file whose attributes cannot, fails
// with an error that names its path within the tree. Crossing a limit fails
// with a *fnpkg.LimitError.
func Open(ctx context.Context, dir, name string, limits fnpkg.Limits) (*Package, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, cause(err)
	}
	w := walker{root: root, limits: limits}
	if err := w.walk(ctx); err != nil {
		root.Close()
		return nil, err
	}
	layout.Sort(w.entries)
	if err := layout.Check(w.entries, &w.found); err != nil {
		root.Close()
		return nil, err
	}
	return &Package{root: root, name: name, entries: w.entries, hazards: w.found.Sorted()}, nil
}

// Kind returns fnpkg.KindDirectory.
func (p *Package) Kind() fnpkg.Kind { return fnpkg.KindDirectory }

// Name returns the name given to Open.
func (p *Package) Name() string { return p.name }

// Size returns 0: a tree has no bytes of its own until it is packed.
func (p *Package) Size() int64 { return 0 }

// Entries lists what is in the directory, sorted by path.
func (p *Package) Entries() []fnpkg.Entry { return p.entries }

// Hazards lists what would make a package of the tree dangerous or ambiguous.
func (p *Package) Hazards() []fnpkg.Hazard { return p.hazards }

// Digest returns fnpkg.ErrNoDigest.
func (p *Package) Digest(context.Context) (fnpkg.Digest, error) {
	return fnpkg.Digest{}, fnpkg.ErrNoDigest
}

// Close releases the directory.
func (p *Package) Close() error { return p.root.Close() }

// batch is how many names are read from a directory at a time, so that a
// directory with millions of them meets the limit before it fills the memory.
const batch = 1024

type walker struct {
	root    *os.Root
	limits  fnpkg.Limits
	entries []fnpkg.Entry
	found   layout.List
	total   int64
}

// walk lists the whole tree. Depth costs no stack: folders wait in a list.
func (w *walker) walk(ctx context.Context) error {
	pending := []string{"."}
	for len(pending) > 0 {
		dir := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		subdirs, err := w.list(ctx, dir)
		if err != nil {
			return err
		}
		pending = append(pending, subdirs...)
	}
	return nil
}

// list adds the entries of one directory and returns those that are
// directories themselves.
func (w *walker) list(ctx context.Context, dir string) (subdirs []string, err error) {
	d, err := w.root.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("reading directory %q: %w", dir, cause(err))
	}
	defer d.Close()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		names, err := d.ReadDir(batch)
		for _, n := range names {
			info, err := n.Info()
			if errors.Is(err, fs.ErrNotExist) {
				err = fnpkg.ErrChanged
			}
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", path.Join(dir, n.Name()), cause(err))
			}
			e, err := w.entry(path.Join(dir, n.Name()), info)
			if err != nil {
				return nil, err
			}
			if e.IsDir() {
				subdirs = append(subdirs, e.Path)
			}
			w.entries = append(w.entries, e)
		}
		if err != nil || len(names) == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				return subdirs, nil
			}
			return nil, fmt.Errorf("reading directory %q: %w", dir, cause(err))
		}
	}
}

// entry makes the entry at name, a path within the tree, under the limits.
func (w *walker) entry(name string, info fs.FileInfo) (fnpkg.Entry, error) {
	none := fnpkg.Entry{}
	if limit := w.limits.Entries; limit > 0 && int64(len(w.entries)) >= limit {
		return none, &fnpkg.LimitError{What: "entries", Limit: limit, Got: limit + 1, Flag: fnpkg.FlagMaxEntries}
	}
	if limit := w.limits.PathBytes; limit > 0 && int64(len(name)) > limit {
		return none, &fnpkg.LimitError{What: "bytes of one path", Limit: limit, Got: int64(len(name)), Flag: fnpkg.FlagMaxPathBytes}
	}
	e := fnpkg.Entry{Path: layout.Name(name, &w.found), Mode: info.Mode(), ModTime: info.ModTime().UTC()}
	switch {
	case e.IsLink():
		target, err := w.root.Readlink(name)
		if err != nil {
			return none, fmt.Errorf("reading link %q: %w", name, cause(err))
		}
		e.LinkTarget, e.Size = filepath.ToSlash(target), int64(len(target))
	case e.IsRegular():
		e.Size = info.Size()
		if limit := w.limits.EntryBytes; limit > 0 && e.Size > limit {
			return none, &fnpkg.LimitError{What: fmt.Sprintf("bytes of %q", name), Limit: limit, Got: e.Size, Flag: fnpkg.FlagMaxEntryBytes}
		}
		w.total += min(e.Size, 1<<62-w.total) // never wraps
		if limit := w.limits.TotalBytes; limit > 0 && w.total > limit {
			return none, &fnpkg.LimitError{What: "bytes of all files", Limit: limit, Got: w.total, Flag: fnpkg.FlagMaxTotalBytes}
		}
		root := w.root
		return fnpkg.NewEntry(e, func() (fnpkg.Content, error) { return open(root, name, info) }), nil
	}
	return e, nil
}

// cause strips what the operating system adds to an error: the operation, and
// a path that may not be the one the user knows.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
