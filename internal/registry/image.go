package registry

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/fnseal/fnseal/fnpkg"
)

// Options says how to find an image.
type Options struct {
	// Platform is the one wanted of an index of several. The zero value means
	// linux/amd64, or the only image there is where the index has one.
	Platform Platform

	// PlainHTTP allows registries to be spoken to without TLS. This machine's
	// own loopback addresses need no permission.
	PlainHTTP bool
}

// Image is one container image for one platform.
type Image struct {
	// Repository is the image's name without tag and digest, for example
	// "registry.example/team/app". Of an image on disk it is what the layout
	// or archive says, which anyone can write there, and may be empty.
	Repository string

	// Digest is the sha256 of the image's manifest. It is zero for an image in
	// a docker archive, which holds no manifest.
	Digest fnpkg.Digest

	// Index is the sha256 of the index the image was chosen from, zero if it
	// was addressed itself.
	Index fnpkg.Digest

	// Size is the sum of the bytes of the manifest, the configuration and the
	// layers as they are stored.
	Size int64

	// Config is the image's configuration.
	Config Config

	// Layers are the image's layers, the lowest first.
	Layers []Layer

	// Remote says that the image was pulled from the registry that Repository
	// names.
	Remote bool

	close func() error
}

// Close releases what the image's layers are read from.
func (i *Image) Close() error {
	if i.close == nil {
		return nil
	}
	return i.close()
}

// Layer is one layer of an image: a tar archive, compressed or not.
type Layer struct {
	Digest fnpkg.Digest // of the stored bytes; zero in a docker archive
	DiffID fnpkg.Digest // of the uncompressed tar archive
	Size   int64        // of the stored bytes

	open func(context.Context) (io.ReadCloser, error) // the stored bytes, verified
}

// String names the layer in errors.
func (l Layer) String() string {
	if l.Digest.IsZero() {
		return "layer with diff ID " + l.DiffID.String()
	}
	return "layer " + l.Digest.String()
}

// Open returns the layer's uncompressed tar archive. Both its digests have
// been compared when a Read returns io.EOF, and not before: read to the end
// before relying on what was read. Reading ends with ctx.
func (l Layer) Open(ctx context.Context) (*LayerReader, error) {
	blob, err := l.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", l, err)
	}
	r, err := newLayerReader(blob, l)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", l, err), blob.Close())
	}
	return r, nil
}

// formatError is a *fnpkg.FormatError about an image.
func formatError(format string, args ...any) error {
	return &fnpkg.FormatError{Format: "container image", Reason: fmt.Sprintf(format, args...)}
}
