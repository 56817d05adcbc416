package registry

import (
	"context"
	"fmt"
	"io"

	"github.com/fnseal/fnseal/fnpkg"
)

// store is a place that blobs are read from by digest. What it yields is
// compared by the caller.
type store interface {
	// manifest opens the manifest or index d points at.
	manifest(ctx context.Context, d descriptor) (io.ReadCloser, error)
	// blob opens any other blob.
	blob(ctx context.Context, d descriptor) (io.ReadCloser, error)
}

// resolver finds an image in a store.
type resolver struct {
	store  store
	wanted Platform
	seen   int // images listed so far
}

// resolve returns the image that doc is, or the one in it for the platform
// wanted. d points at doc; for a layout's own index it is zero.
func (r *resolver) resolve(ctx context.Context, d descriptor, doc *document) (*Image, error) {
	if isManifest(doc.MediaType) {
		return r.image(ctx, candidate{descriptor: d}, doc)
	}
	all, err := r.candidates(ctx, d, doc, 0)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(all, r.wanted)
	if err != nil {
		return nil, err
	}
	if doc, err = r.document(ctx, chosen.descriptor); err != nil {
		return nil, err
	}
	return r.image(ctx, chosen, doc)
}

// candidates lists the images of an index and of the indexes in it.
func (r *resolver) candidates(ctx context.Context, index descriptor, doc *document, depth int) ([]candidate, error) {
	var all []candidate
	for _, d := range doc.Manifests {
		if !d.isImage() {
			continue
		}
		if r.seen++; r.seen > maxManifests {
			return nil, &fnpkg.LimitError{What: "images in an index", Limit: maxManifests, Got: int64(r.seen)}
		}
		if !isIndex(d.MediaType) {
			all = append(all, candidate{descriptor: d, index: index})
			continue
		}
		if depth == maxDepth {
			return nil, &fnpkg.LimitError{What: "indexes within indexes", Limit: maxDepth, Got: maxDepth + 1}
		}
		inner, err := r.document(ctx, d)
		if err != nil {
			return nil, err
		}
		more, err := r.candidates(ctx, d, inner, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// document reads the manifest or index that d points at.
func (r *resolver) document(ctx context.Context, d descriptor) (*document, error) {
	rc, err := r.store.manifest(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("reading manifest %s: %w", d.digest, err)
	}
	data, err := readBlob(rc, d, "manifest", maxManifest)
	if err != nil {
		return nil, fmt.Errorf("reading manifest %s: %w", d.digest, err)
	}
	doc, err := parseDocument(data, d.MediaType)
	if err != nil {
		return nil, fmt.Errorf("reading manifest %s: %w", d.digest, err)
	}
	return doc, nil
}

// image makes an Image of the manifest doc.
func (r *resolver) image(ctx context.Context, c candidate, doc *document) (*Image, error) {
	if !isManifest(doc.MediaType) {
		return nil, formatError("%s is an index, where its own index says it is an image", c.digest)
	}
	rc, err := r.store.blob(ctx, *doc.Config)
	if err != nil {
		return nil, fmt.Errorf("reading configuration %s: %w", doc.Config.digest, err)
	}
	data, err := readBlob(rc, *doc.Config, "configuration", maxConfig)
	if err != nil {
		return nil, fmt.Errorf("reading configuration %s: %w", doc.Config.digest, err)
	}
	img, diffIDs, err := newImage(data, r.wanted)
	if err != nil {
		return nil, err
	}
	if len(diffIDs) != len(doc.Layers) {
		return nil, formatError("its manifest has %d layers and its configuration %d", len(doc.Layers), len(diffIDs))
	}
	img.Digest, img.Index = c.digest, c.index.digest
	img.Size = c.Size + doc.Config.Size
	for i, d := range doc.Layers {
		if img.Size += d.Size; img.Size < 0 {
			return nil, formatError("the sizes of its layers add up to more than there can be")
		}
		img.Layers = append(img.Layers, Layer{
			Digest: d.digest, DiffID: diffIDs[i], Size: d.Size,
			open: func(ctx context.Context) (io.ReadCloser, error) {
				rc, err := r.store.blob(ctx, d)
				if err != nil {
					return nil, err
				}
				return newVerified(rc, d.digest, d.Size), nil
			},
		})
	}
	return img, nil
}

// newImage returns an Image with the configuration in data, and its diff IDs.
// The platform the user states must be the one the image says it is for,
// whatever an index says.
func newImage(data []byte, wanted Platform) (*Image, []fnpkg.Digest, error) {
	config, diffIDs, err := parseConfig(data)
	if err != nil {
		return nil, nil, err
	}
	if !wanted.IsZero() && (config.OS != wanted.OS || config.Architecture != wanted.Architecture) {
		e := &PlatformError{Wanted: wanted}
		if !config.Platform.IsZero() {
			e.Available = []string{config.Platform.String()}
		}
		return nil, nil, e
	}
	return &Image{Config: config}, diffIDs, nil
}
