package ociimage

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/internal/layout"
	"github.com/fnseal/fnseal/internal/registry"
)

// Package is an opened image. Its methods are those of fnpkg.Package, and some
// that say what only images have.
type Package struct {
	name       string
	repository string
	remote     bool
	size       int64
	digest     fnpkg.Digest
	index      fnpkg.Digest
	config     Config
	entries    []fnpkg.Entry
	hazards    []fnpkg.Hazard
	spool      *spool
}

var _ fnpkg.Package = (*Package)(nil)

// Config is what an image says about how it is to be run.
type Config struct {
	Platform   string   // as in "linux/amd64" or "linux/arm64/v8"
	Entrypoint []string // of the process
	Cmd        []string
	Env        []string // NAME=value
	WorkingDir string
	User       string
	Labels     map[string]string
}

// Option changes how New reads an image.
type Option func(*options)

type options struct {
	progress func(done, total int64)
}

// WithProgress has f called every now and then with the bytes of the layers,
// as they are stored, that were read so far, and with how many there are.
func WithProgress(f func(done, total int64)) Option {
	return func(o *options) { o.progress = f }
}

// New reads all layers of img, which it needs no longer than that. The package
// goes by the last element of the image's repository, without registry, tag
// and digest, so that an image has one name wherever it is kept; fallback is
// its name where img has no repository.
//
// Every layer's digests are compared. A layer that is not what the image says,
// or that no runtime could apply, is a *fnpkg.FormatError; crossing a limit is
// a *fnpkg.LimitError.
func New(ctx context.Context, img *registry.Image, fallback string, limits fnpkg.Limits, opts ...Option) (*Package, error) {
	o := options{progress: func(done, total int64) {}}
	for _, opt := range opts {
		opt(&o)
	}
	p := &Package{
		name: fallback, repository: img.Repository, remote: img.Remote,
		size: img.Size, digest: img.Digest, index: img.Index,
		config: Config{
			Platform:   img.Config.Platform.String(),
			Entrypoint: img.Config.Runtime.Entrypoint,
			Cmd:        img.Config.Runtime.Cmd,
			Env:        img.Config.Runtime.Env,
			WorkingDir: img.Config.Runtime.WorkingDir,
			User:       img.Config.Runtime.User,
			Labels:     img.Config.Runtime.Labels,
		},
		spool: &spool{},
	}
	if img.Repository != "" {
		p.name = path.Base(img.Repository)
	}
	if err := p.read(ctx, img.Layers, limits, o); err != nil {
		return nil, errors.Join(err, p.spool.Close())
	}
	return p, nil
}

func (p *Package) read(ctx context.Context, layers []registry.Layer, limits fnpkg.Limits, o options) error {
	var found layout.List
	m := &meter{limits: limits}
	t := newTree(m, &found)
	var total int64
	for _, l := range layers {
		total += l.Size
	}
	// No layer takes less uncompressed. A size is a claim until the layer was
	// read, and the ratio is one to what is claimed.
	if limits.TotalBytes > 0 && total > limits.TotalBytes {
		return &fnpkg.LimitError{What: "bytes of all layers", Limit: limits.TotalBytes, Got: total, Flag: fnpkg.FlagMaxTotalBytes}
	}
	for i, l := range layers {
		before := m.stored
		a := applier{
			tree: t, spool: p.spool, meter: m, found: &found, layer: i + 1, file: (*layerDigest)(&l.DiffID),
			progress: func(done int64) { o.progress(before+done, total) },
		}
		if err := a.apply(ctx, l); err != nil {
			return fmt.Errorf("applying layer %d of %d: %w", i+1, len(layers), err)
		}
	}
	if err := t.checkLinks(ctx); err != nil {
		return err
	}
	var err error
	if p.entries, err = p.list(t); err != nil {
		return err
	}
	checkModes(p.entries, &found)
	p.hazards = found.Sorted()
	return nil
}

// Kind returns fnpkg.KindImage.
func (p *Package) Kind() fnpkg.Kind { return fnpkg.KindImage }

// Name returns the last element of the repository: "app" of
// "registry.example/team/app:v1".
func (p *Package) Name() string { return p.name }

// Size returns the sum of the bytes of the manifest, the configuration and the
// layers as they are stored.
func (p *Package) Size() int64 { return p.size }

// Entries lists the files, directories and links of the image's file system,
// sorted by path. A hard link is an entry like the one it links to.
func (p *Package) Entries() []fnpkg.Entry { return p.entries }

// Hazards lists what was found wrong with the layers.
func (p *Package) Hazards() []fnpkg.Hazard { return p.hazards }

// Digest returns the sha256 of the image's manifest: of that for its platform,
// never of the index it was chosen from. A docker archive holds no manifest,
// and what another tool would make of its layers differs from one to the next:
// then the error is fnpkg.ErrNoDigest.
func (p *Package) Digest(ctx context.Context) (fnpkg.Digest, error) {
	if p.digest.IsZero() {
		return fnpkg.Digest{}, noDigestError{}
	}
	return p.digest, ctx.Err()
}

// Repository returns the image's name with its registry, without tag and
// digest: "registry.example/team/app". It is empty where none is known.
func (p *Package) Repository() string { return p.repository }

// Remote reports whether the image was pulled from the registry that
// Repository names, rather than read from a disk.
func (p *Package) Remote() bool { return p.remote }

// Index returns the sha256 of the index that the image was chosen from, zero
// if there was none.
func (p *Package) Index() fnpkg.Digest { return p.index }

// Config returns the image's configuration. Callers must not modify it.
func (p *Package) Config() Config { return p.config }

// Close removes the temporary file.
func (p *Package) Close() error { return p.spool.Close() }

// noDigestError is fnpkg.ErrNoDigest for an image in a docker archive.
type noDigestError struct{}

func (noDigestError) Error() string {
	return "a docker archive holds no manifest, so the image in it has no exact digest"
}

func (noDigestError) Is(target error) bool { return target == fnpkg.ErrNoDigest }
