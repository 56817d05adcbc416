package target

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/ociimage"
	"github.com/fnseal/fnseal/internal/registry"
)

// ErrOffline is returned for an image in a registry where Options.Offline
// forbids to ask one.
var ErrOffline = errors.New("a registry cannot be asked while offline; give the image as an OCI layout or an archive")

// imageReference matches what can only be meant as an image in a registry, as
// no file of that name exists: something with a digest or a tag, or behind a
// host with a dot or a port. "dist/fn.zip" is not: "dist" is no host name.
const imageReference = `^[^\s/]+(/[^\s/]+)*@sha256:[0-9a-f]{64}$` +
	`|^([a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?|localhost(:[0-9]+)?|[a-z0-9-]+:[0-9]+)(/[a-z0-9._-]+)+(:[\w][\w.-]{0,127})?$` +
	`|^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*:[\w][\w.-]{0,127}$`

// looksLikeImage reports whether a reference that is no file can be meant as
// an image in a registry.
func looksLikeImage(ref string) bool {
	// Compiled here, once per run at most, rather than at every start.
	return regexp.MustCompile(imageReference).MatchString(ref) && registry.IsReference(ref)
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

func (o Options) image() (registry.Options, error) {
	platform, err := registry.ParsePlatform(o.Platform)
	return registry.Options{Platform: platform, PlainHTTP: o.PlainHTTP}, err
}

// openRegistry opens the image that ref names in a registry.
func openRegistry(ctx context.Context, ref string, o Options) (fnpkg.Package, error) {
	if o.Offline {
		return nil, ErrOffline
	}
	ro, err := o.image()
	if err != nil {
		return nil, err
	}
	img, err := registry.Pull(ctx, ref, ro)
	if err != nil {
		return nil, err
	}
	return readImage(ctx, img, "image", o)
}

// openLayout opens an image in the OCI image layout at path.
func openLayout(ctx context.Context, path, selector string, o Options) (fnpkg.Package, error) {
	ro, err := o.image()
	if err != nil {
		return nil, err
	}
	img, err := registry.OpenLayout(ctx, path, selector, ro)
	if err != nil {
		return nil, err
	}
	return readImage(ctx, img, baseName(path), o)
}

// openArchive opens an image in an archive of images.
func openArchive(ctx context.Context, a *registry.Archive, name, selector string, o Options) (fnpkg.Package, error) {
	ro, err := o.image()
	if err != nil {
		return nil, err
	}
	img, err := a.Open(ctx, selector, ro)
	if err != nil {
		return nil, err
	}
	return readImage(ctx, img, name, o)
}

// readImage reads the layers of img, which is then needed no more.
func readImage(ctx context.Context, img *registry.Image, name string, o Options) (fnpkg.Package, error) {
	var opts []ociimage.Option
	if o.Progress != nil {
		opts = append(opts, ociimage.WithProgress(o.Progress))
	}
	p, err := ociimage.New(ctx, img, name, o.Limits, opts...)
	if err != nil {
		return nil, errors.Join(err, img.Close())
	}
	if err := img.Close(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// openOnDisk opens an image in a layout or archive that a prefix names:
// PATH, PATH:NAME, PATH:TAG or PATH@sha256:….
func openOnDisk(ctx context.Context, r reference, o Options) (fnpkg.Package, error) {
	path, selector, info, err := splitSelector(r.path)
	if err != nil {
		return nil, cause(err)
	}
	switch {
	case info.IsDir() && r.form == formLayout:
		return openLayout(ctx, path, selector, o)
	case info.IsDir():
		return nil, errors.New("a directory, where an archive is expected")
	case r.form == formLayout:
		return nil, errors.New("not a directory")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	s, err := expanded(ctx, source{r: f, size: info.Size(), closer: io.NopCloser(nil)}, o)
	if err != nil {
		return nil, err
	}
	defer s.closer.Close()
	a, err := registry.ReadArchive(ctx, s.r, s.size)
	if err != nil {
		return nil, err
	}
	return openArchive(ctx, a, baseName(path), selector, o)
}

// expanded returns the source uncompressed: archives are read from many
// places at once, and often kept compressed with gzip.
func expanded(ctx context.Context, s source, o Options) (source, error) {
	head, err := s.head()
	if err != nil || !bytes.HasPrefix(head, []byte("\x1f\x8b")) {
		return s, err
	}
	z, err := gzip.NewReader(io.NewSectionReader(s.r, 0, s.size))
	if err != nil {
		return s, &fnpkg.FormatError{Format: "container image", Reason: "its archive is damaged", Err: err}
	}
	limit := o.Limits.TotalBytes
	if ratio := o.Limits.Ratio; ratio > 0 {
		most := max(fnpkg.RatioFloor, s.size*ratio)
		if limit == 0 || most < limit {
			limit = most
		}
	}
	return spool(ctx, z, limit)
}

// splitSelector takes the path off the front of s: the longest that exists.
func splitSelector(s string) (path, selector string, info fs.FileInfo, err error) {
	info, err = os.Stat(s)
	if err == nil {
		return s, "", info, nil
	}
	for i := len(s) - 1; i > 0; i-- {
		if s[i] != ':' && s[i] != '@' {
			continue
		}
		if info, statErr := os.Stat(s[:i]); statErr == nil {
			return s[:i], s[i+1:], info, nil
		}
	}
	return "", "", nil, err
}

// archived returns the image in the source if that is an archive of images,
// and nil if it is something else. What is signed and verified is otherwise
// the image's manifest; a docker archive has none, so there, without a prefix,
// it is the archive's own bytes.
func (s source) archived(ctx context.Context, head []byte, o Options, anyFile bool) (fnpkg.Package, error) {
	if !beginsAsTar(head) {
		return nil, nil
	}
	a, err := registry.ReadArchive(ctx, s.r, s.size)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, nil // no sound tar archive, or one of another kind
	}
	switch kind := a.Kind(); {
	case kind == registry.OCIArchive, kind == registry.DockerArchive && !anyFile:
		p, err := openArchive(ctx, a, s.name, "", o)
		if err != nil {
			return nil, err
		}
		// All of it was read; nothing is needed any more.
		if err := s.closer.Close(); err != nil {
			return nil, errors.Join(cause(err), p.Close())
		}
		return p, nil
	}
	return nil, nil
}

// missing says that a reference is no file and was not found as an image.
func missing(notFound, err error) error {
	return fmt.Errorf("%w; as an image: %w", cause(notFound), err)
}
