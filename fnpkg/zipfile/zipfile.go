package zipfile

import (
	"context"
	"crypto"
	"fmt"
	"io"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/internal/exact"
	"github.com/fnseal/fnseal/fnpkg/internal/layout"
)

// Package is an opened zip archive. Its methods are those of fnpkg.Package.
type Package struct {
	r       io.ReaderAt
	name    string
	size    int64
	entries []fnpkg.Entry
	hazards []fnpkg.Hazard
	digest  *exact.Digester
	closer  io.Closer

	memory *Memory
}

var _ fnpkg.Package = (*Package)(nil)

// Option changes how New reads an archive.
type Option func(*options)

type options struct {
	unchanged func() error
	closer    io.Closer
	memory    *Memory
}

// WithUnchanged sets a check that the bytes behind the reader are still those
// that were opened. It is called when the exact digest has been computed; the
// error it returns, fnpkg.ErrChanged for example, is then returned in place of
// the digest.
func WithUnchanged(check func() error) Option {
	return func(o *options) { o.unchanged = check }
}

// WithCloser sets what Package.Close closes: without it nothing, and r remains
// the caller's. If New fails the closer is not called.
func WithCloser(c io.Closer) Option {
	return func(o *options) { o.closer = c }
}

// New reads the directory of the zip archive in the first size bytes of r, and
// all its local headers. The reader must stay valid, and must allow concurrent
// reads, until the Package is closed. name is what Package.Name returns.
//
// Content is read only when an entry is opened; link targets, which belong to
// an entry's description, are read at once. An archive without entries is
// opened like any other.
func New(r io.ReaderAt, size int64, name string, limits fnpkg.Limits, opts ...Option) (*Package, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	if o.memory == nil {
		o.memory = &Memory{}
	}
	p := &Package{r: r, name: name, size: size, closer: o.closer, memory: o.memory, digest: exact.New(r, size, o.unchanged)}

	a := archive{r: r, size: size, limits: limits, memory: o.memory}
	if err := a.readEnd(); err != nil {
		return nil, err
	}
	if err := a.readDirectory(); err != nil {
		return nil, err
	}
	if err := a.checkLocalHeaders(); err != nil {
		return nil, err
	}
	if err := p.makeEntries(&a); err != nil {
		return nil, err
	}
	if err := layout.Check(p.entries, &a.found); err != nil {
		return nil, err
	}
	p.hazards = a.found.Sorted()
	return p, nil
}

// makeEntries turns the archive's headers into p's entries, in order of paths.
func (p *Package) makeEntries(a *archive) error {
	p.entries = make([]fnpkg.Entry, 0, len(a.headers))
	for i := range a.headers {
		h := &a.headers[i]
		path := layout.Name(h.name, &a.found)
		mode := h.mode(&a.found)
		if path == layout.Root && mode.IsDir() {
			continue // the root is not an entry of itself
		}
		e := fnpkg.Entry{Path: path, Mode: mode, ModTime: h.modTime}
		var open func() (fnpkg.Content, error)
		switch {
		case e.IsRegular():
			e.Size = h.size
			open = func() (fnpkg.Content, error) { return p.open(h) }
		case e.IsLink():
			target, err := p.readLink(h, a.limits)
			if err != nil {
				return err
			}
			e.Size, e.LinkTarget = h.size, target
		}
		p.entries = append(p.entries, fnpkg.NewEntry(e, open).At(p, int64(i)))
	}
	layout.Sort(p.entries)
	p.entries = layout.MergeDirectories(p.entries)
	return nil
}

// maxLink bounds a link's target, as PATH_MAX does on Linux.
const maxLink = 4096

// readLink returns the target of the symbolic link h, which a zip keeps as
// the entry's content. A target that cannot be read for a reason that is a
// hazard already is empty.
func (p *Package) readLink(h *header, limits fnpkg.Limits) (string, error) {
	if h.unreadable != "" {
		return "", nil
	}
	limit := int64(maxLink)
	if limits.PathBytes > 0 {
		limit = min(limit, limits.PathBytes)
	}
	// Compressed data longer than this holds no such target, but costs time.
	if got := max(h.size, h.compressed-64); got > limit {
		return "", &fnpkg.LimitError{What: fmt.Sprintf("bytes of the target of link %q", h.name), Limit: limit, Got: got}
	}
	c, err := p.open(h)
	if err != nil {
		return "", err
	}
	defer c.Close()
	target, err := io.ReadAll(c)
	if err != nil {
		return "", err
	}
	return string(target), nil
}

// Kind returns fnpkg.KindZip.
func (p *Package) Kind() fnpkg.Kind { return fnpkg.KindZip }

// Name returns the name given to New.
func (p *Package) Name() string { return p.name }

// Size returns the length of the archive in bytes.
func (p *Package) Size() int64 { return p.size }

// Entries lists the entries, sorted by path. Entries of one path, which are a
// hazard, keep the order of the archive's directory.
func (p *Package) Entries() []fnpkg.Entry { return p.entries }

// Hazards lists what was found wrong with the archive.
func (p *Package) Hazards() []fnpkg.Hazard { return p.hazards }

// Digest returns the sha256 of the archive's bytes.
func (p *Package) Digest(ctx context.Context) (fnpkg.Digest, error) { return p.digest.Digest(ctx) }

// Sum returns another digest of the archive's bytes; see fnpkg.Summer.
func (p *Package) Sum(ctx context.Context, h crypto.Hash) ([]byte, error) {
	return p.digest.Sum(ctx, h)
}

// KnownDigest returns what Digest returned, if that was asked before.
func (p *Package) KnownDigest() (fnpkg.Digest, bool) { return p.digest.Known() }

// Close closes what WithCloser named.
func (p *Package) Close() error {
	if p.closer == nil {
		return nil
	}
	return p.closer.Close()
}
