package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// OpenLayout opens an image in the OCI image layout in the directory dir.
// selector says which: a tag, or "sha256:…" of a manifest or index; where it
// is empty there must be no doubt. The image must be closed.
func OpenLayout(ctx context.Context, dir, selector string, o Options) (*Image, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, cause(err)
	}
	img, err := openLayout(ctx, &folder{root}, selector, o)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	img.close = root.Close
	return img, nil
}

// folder is a layout in a directory. Links that lead out of it are not
// followed.
type folder struct{ root *os.Root }

func (f *folder) open(name string) (io.ReadCloser, int64, error) {
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, 0, cause(err)
	}
	if !info.Mode().IsRegular() { // before it is opened: a pipe would wait
		return nil, 0, formatError("%q is not a regular file", name)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, 0, cause(err)
	}
	return file, info.Size(), nil
}

// files is what a layout is kept in: a directory or an archive.
type files interface {
	// open opens the file name, a path as the specification gives it.
	open(name string) (io.ReadCloser, int64, error)
}

// layoutStore is the store that a layout's blobs are.
type layoutStore struct{ files }

func (s layoutStore) manifest(ctx context.Context, d descriptor) (io.ReadCloser, error) {
	return s.blob(ctx, d)
}

func (s layoutStore) blob(ctx context.Context, d descriptor) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rc, size, err := s.open("blobs/sha256/" + d.digest.Hex())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, formatError("it lacks the blob %s", d.digest)
	case err != nil:
		return nil, err
	case size != d.Size:
		rc.Close()
		return nil, formatError("blob %s has %d bytes, and its descriptor says %d", d.digest, size, d.Size)
	}
	return cancellable(ctx, rc), nil
}

// openLayout opens an image in a layout (image-spec, "Image Layout").
func openLayout(ctx context.Context, f files, selector string, o Options) (*Image, error) {
	mark, err := readFile(f, "oci-layout", 4<<10)
	if err != nil {
		return nil, err
	}
	var version struct {
		Version string `json:"imageLayoutVersion"`
	}
	if err := json.Unmarshal(mark, &version); err != nil || !strings.HasPrefix(version.Version, "1.") {
		return nil, formatError("its oci-layout names no version 1")
	}
	data, err := readFile(f, "index.json", maxManifest)
	if err != nil {
		return nil, err
	}
	index, err := parseDocument(data, ociIndex)
	if err != nil {
		return nil, fmt.Errorf("reading index.json: %w", err)
	}
	r := &resolver{store: layoutStore{f}, wanted: o.Platform}
	found, err := r.find(ctx, index, selector)
	if err != nil {
		return nil, err
	}
	img, err := r.resolve(ctx, descriptor{}, &document{MediaType: ociIndex, Manifests: found})
	if err != nil {
		return nil, err
	}
	img.Repository = repositoryOf(img, found)
	return img, nil
}

// The annotations that name the images of a layout: the specification's, which
// most tools set to the tag alone, and that of containerd and docker.
const (
	annotationRefName   = "org.opencontainers.image.ref.name"
	annotationImageName = "io.containerd.image.name"
)

func (d *descriptor) names() []string {
	var names []string
	for _, key := range []string{annotationImageName, annotationRefName} {
		if name := d.Annotations[key]; name != "" {
			names = append(names, name)
		}
	}
	return names
}

// find returns those descriptors of a layout's own index that the selector
// names. They are of one name: what is left is to choose by platform.
func (r *resolver) find(ctx context.Context, index *document, selector string) ([]descriptor, error) {
	images := slices.DeleteFunc(slices.Clone(index.Manifests), func(d descriptor) bool { return !d.isImage() })
	if digest, err := fnpkg.ParseDigest(selector); err == nil {
		return r.findDigest(ctx, images, digest)
	}
	var known []string
	for _, d := range images {
		known = append(known, d.names()...)
	}
	if selector != "" {
		found := slices.DeleteFunc(images, func(d descriptor) bool {
			return !slices.ContainsFunc(d.names(), func(name string) bool { return isNamed(name, selector) })
		})
		if len(found) == 0 {
			return nil, fmt.Errorf("%w: no image is named %q; there are %s", ErrNotFound, selector, list(known))
		}
		return found, nil
	}
	for _, d := range images {
		if d.digest != images[0].digest && !slices.Equal(d.names(), images[0].names()) {
			return nil, fmt.Errorf("it holds several images: name one of %s", list(known))
		}
	}
	return images, nil
}

// findDigest finds the image of that digest in a layout's own index or the
// indexes it lists.
func (r *resolver) findDigest(ctx context.Context, images []descriptor, digest fnpkg.Digest) ([]descriptor, error) {
	for _, d := range images {
		if d.digest == digest {
			return []descriptor{d}, nil
		}
	}
	for _, d := range images {
		all, err := r.candidates(ctx, descriptor{}, &document{Manifests: []descriptor{d}}, 0)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			if c.digest == digest {
				// It goes by the name of the index it is listed in.
				c.Annotations = d.Annotations
				r.seen = 0
				return []descriptor{c.descriptor}, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: no image has the digest %s", ErrNotFound, digest)
}

// isNamed reports whether an image's name is the one the user gave: as a
// whole, by its tag, or in another form of the same, as "app:v1" is
// "docker.io/library/app:v1".
func isNamed(name, selector string) bool {
	if name == selector {
		return true
	}
	_, tag := splitTag(name)
	return tag == selector || tag != "" && canonical(name) != "" && canonical(name) == canonical(selector)
}

// repositoryOf returns the name that the layout gives to img among the
// descriptors found.
func repositoryOf(img *Image, found []descriptor) string {
	for _, d := range found {
		if d.digest != img.Digest && d.digest != img.Index {
			continue
		}
		for _, name := range d.names() {
			// A bare word is a tag: "latest".
			if repository, tag := splitTag(name); tag != "" || strings.Contains(repository, "/") {
				return repository
			}
		}
	}
	return ""
}

// list quotes what there is to choose from, for an error.
func list(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	const shown = 10
	var quoted []string
	for i, name := range names {
		if i == shown {
			quoted = append(quoted, fmt.Sprintf("%d more", len(names)-shown))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%.200q", name))
	}
	if len(quoted) == 0 {
		return "none with a name"
	}
	return strings.Join(quoted, ", ")
}

// readFile reads a whole file of at most limit bytes.
func readFile(f files, name string, limit int64) ([]byte, error) {
	rc, size, err := f.open(name)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	defer rc.Close()
	if size > limit {
		return nil, fmt.Errorf("reading %q: %w", name, &fnpkg.LimitError{What: "bytes", Limit: limit, Got: size})
	}
	data, err := io.ReadAll(io.LimitReader(rc, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, cause(err))
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("reading %q: %w", name, &fnpkg.LimitError{What: "bytes", Limit: limit, Got: int64(len(data))})
	}
	return data, nil
}

// cause strips the operation and path that the operating system adds to an
// error.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// cancellable returns rc, ending with the context's error once that is done.
func cancellable(ctx context.Context, rc io.ReadCloser) io.ReadCloser {
	return readCloser{readerFunc(func(b []byte) (int, error) {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		return rc.Read(b)
	}), rc}
}

type readCloser struct {
	io.Reader
	io.Closer
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
