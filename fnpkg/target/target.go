package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
)

// Options says how to open a target.
type Options struct {
	// Limits caps what the package may claim. The zero value caps nothing:
	// start from fnpkg.DefaultLimits.
	Limits fnpkg.Limits

	// Stdin is read where the reference is "-"; nil means os.Stdin.
	Stdin io.Reader

	// Platform chooses among the images of an index: "os/arch" or
	// "os/arch/variant". Empty means linux/amd64, or the only image there is.
	// An image for another platform is then an error, in whatever form it is
	// given.
	Platform string

	// PlainHTTP allows registries to be spoken to without TLS.
	PlainHTTP bool

	// Progress, if not nil, is called while an image is read with the bytes
	// of its layers read so far and with how many there are.
	Progress func(done, total int64)

	// Offline refuses images in registries with ErrOffline. Nothing else here
	// opens a connection.
	Offline bool
}

// Open opens the function package that ref names: a zip, a directory or a
// container image. A file that is none of them is a *fnpkg.FormatError which
// says what it looks like. Errors name ref and the reason.
func Open(ctx context.Context, ref string, o Options) (fnpkg.Package, error) {
	return open(ctx, ref, o, false)
}

// OpenArtifact opens anything that has an exact digest: a zip, a container
// image, or any other file, which becomes a package of fnpkg.KindFile without
// entries; so does a docker archive, in which no image has one. A directory
// fails with fnpkg.ErrNoDigest, as does a docker archive that a prefix makes
// an image. A file that begins as a zip does and cannot be
// read as one is a *fnpkg.FormatError, never a plain file.
func OpenArtifact(ctx context.Context, ref string, o Options) (fnpkg.Package, error) {
	return open(ctx, ref, o, true)
}

func open(ctx context.Context, ref string, o Options, anyFile bool) (fnpkg.Package, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := dispatch(ctx, parse(ref), o, anyFile)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", ref, err)
	}
	return p, nil
}

func dispatch(ctx context.Context, r reference, o Options, anyFile bool) (fnpkg.Package, error) {
	switch r.form {
	case formStdin:
		return openStdin(ctx, o, anyFile)
	case formRegistry:
		return openRegistry(ctx, r.path, o)
	case formLayout, formArchive:
		p, err := openOnDisk(ctx, r, o)
		if err != nil {
			return nil, err
		}
		return withDigest(ctx, p, anyFile)
	}
	info, err := os.Stat(r.path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) || r.form != formDetect || !looksLikeImage(r.path) {
			return nil, cause(err)
		}
		p, imageErr := openRegistry(ctx, r.path, o)
		if imageErr != nil {
			return nil, missing(err, imageErr)
		}
		return p, nil
	}
	switch {
	case info.IsDir():
		return openDirectory(ctx, r, o, anyFile)
	case r.form == formDirectory:
		return nil, errors.New("not a directory")
	}
	return openFile(ctx, r, info, o, anyFile)
}

func openDirectory(ctx context.Context, r reference, o Options, anyFile bool) (fnpkg.Package, error) {
	switch {
	case r.form == formZip || r.form == formFile:
		return nil, errors.New("a directory, where a file is expected")
	case r.form == formDetect && isImageLayout(r.path):
		return openLayout(ctx, r.path, "", o)
	case anyFile:
		return nil, fnpkg.ErrNoDigest
	}
	p, err := dirtree.Open(ctx, r.path, baseName(r.path), o.Limits)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func openFile(ctx context.Context, r reference, info fs.FileInfo, o Options, anyFile bool) (fnpkg.Package, error) {
	f, err := os.Open(r.path)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		// A pipe, as a shell makes it of <(command), can be read only once.
		defer f.Close()
		return openSpooled(ctx, f, baseName(r.path), r.form, o, anyFile)
	}
	// What counts is the file that was opened, not the one that was looked at.
	opened, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, cause(err)
	}
	s := source{
		r: f, size: opened.Size(), name: baseName(r.path), closer: f,
		unchanged: func() error { return unchanged(f, opened) },
	}
	p, err := s.open(ctx, r.form, o, anyFile)
	if err != nil {
		f.Close()
		return nil, err
	}
	return p, nil
}

// withDigest returns p, unless an exact digest is needed and it has none.
func withDigest(ctx context.Context, p fnpkg.Package, needed bool) (fnpkg.Package, error) {
	if needed {
		if _, err := p.Digest(ctx); err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	return p, nil
}

// unchanged reports fnpkg.ErrChanged if the file no longer has the size and
// time it had when it was opened.
func unchanged(f *os.File, opened fs.FileInfo) error {
	now, err := f.Stat()
	if err != nil {
		return cause(err)
	}
	if now.Size() != opened.Size() || !now.ModTime().Equal(opened.ModTime()) {
		return fnpkg.ErrChanged
	}
	return nil
}

// source is a file's worth of bytes on the way to becoming a package.
type source struct {
	r         io.ReaderAt
	size      int64
	name      string
	closer    io.Closer
	unchanged func() error
}

// open chooses the reader by content. On an error the source stays open.
func (s source) open(ctx context.Context, form form, o Options, anyFile bool) (fnpkg.Package, error) {
	head, err := s.head()
	if err != nil {
		return nil, err
	}
	if form == formDetect {
		if p, err := s.archived(ctx, head, o, anyFile); p != nil || err != nil {
			return p, err
		}
	}
	zip, err := zipfile.New(s.r, s.size, s.name, o.Limits, zipfile.WithCloser(s.closer), zipfile.WithUnchanged(s.unchanged))
	if form == formZip || beginsAsZip(head) {
		if err != nil {
			return nil, err
		}
		return zip, nil
	}
	// Something else by its beginning, but a program or script with a zip
	// behind it is a zip to most readers.
	var format *fnpkg.FormatError
	var limit *fnpkg.LimitError
	switch {
	case err == nil && !(anyFile && hasTrailingBytes(zip)):
		return zip, nil
	case err == nil, anyFile && errors.As(err, &limit), anyFile && errors.As(err, &format):
		return newFile(s), nil
	case errors.As(err, &format):
		return nil, &fnpkg.FormatError{Format: "zip", Reason: "it is " + describe(head)}
	}
	return nil, err
}

// hasTrailingBytes reports whether the zip does not end with the file. A tar
// whose last member is a zip looks like that, and is no zip to anyone.
func hasTrailingBytes(p fnpkg.Package) bool {
	return slices.ContainsFunc(p.Hazards(), func(h fnpkg.Hazard) bool { return h.ID == fnpkg.HazardTrailingBytes })
}

// head returns the first bytes, as many as describe needs or the file has.
func (s source) head() ([]byte, error) {
	head := make([]byte, min(s.size, headLen))
	n, err := s.r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, cause(err)
	}
	return head[:n], nil
}

// baseName returns the name a package at path goes by: its last element, for
// "." and the like that of the folder it stands for.
func baseName(path string) string {
	base := filepath.Base(path)
	if base == "." || base == ".." {
		if abs, err := filepath.Abs(path); err == nil {
			base = filepath.Base(abs)
		}
	}
	return base
}

// cause strips the operation and path that the operating system adds to an
// error: the caller names the target as the user did.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
