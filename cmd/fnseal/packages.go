package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/overlay"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/manifest"
	"github.com/fnseal/fnseal/sbom/bundle"
	"github.com/fnseal/fnseal/sbom/catalog"
)

// packageFlags say how packages are read and what stands beside them.
func packageFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringSliceFlag{Name: "layer", Usage: "judge the function with the layer `PACKAGE`, repeatable; later layers lie over earlier ones"},
		&cli.StringFlag{Name: "cache", Usage: "keep inventories in `DIR` (default: in the user's cache)"},
		&cli.BoolFlag{Name: "no-cache", Usage: "neither ask nor fill the cache of inventories"},
	}, catalogFlags()...)
}

// catalogFlags say what is known of a package beside its bytes.
func catalogFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "runtime", Usage: "the function is deployed on the managed runtime `NAME`, as in python3.12"},
		&cli.StringSliceFlag{Name: "with", Usage: "look up versions of bundled packages in `PATH`: the build tree, a lock file, or a bundler's metafile; repeatable"},
	}, targetFlags()...)
}

// targetFlags say how one target is opened.
func targetFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "platform", Usage: "of an image for several platforms, take that for `OS/ARCH` (default: linux/amd64)"},
		&cli.BoolFlag{Name: "plain-http", Usage: "speak to registries without TLS"},
		&cli.BoolFlag{Name: "offline", Usage: "open no network connection"},
	}, limitFlags()...)
}

// targetOptions reads what targetFlags were given.
func targetOptions(c *cli.Context, e *env, stdin io.Reader) (target.Options, error) {
	l, err := limits(c)
	o := target.Options{
		Limits:    l,
		Stdin:     stdin,
		Platform:  c.String("platform"),
		PlainHTTP: c.Bool("plain-http"),
		Offline:   c.Bool("offline"),
	}
	if !e.quiet && e.err.Interactive {
		p := e.newProgress()
		o.Progress = func(done, total int64) {
			if p.Bytes("reading image", done, total); done >= total {
				p.Done()
			}
		}
	}
	return o, err
}

// openPackage opens the function package a command works on. A package
// without a single file is an error: nothing in it could run, and an empty
// list of components would read as a good result.
func openPackage(ctx context.Context, c *cli.Context, e *env, ref string, stdin io.Reader) (fnpkg.Package, error) {
	o, err := targetOptions(c, e, stdin)
	if err != nil {
		return nil, err
	}
	p, err := target.Open(ctx, ref, o)
	if err != nil {
		return nil, err
	}
	for _, entry := range p.Entries() {
		if !entry.IsDir() {
			return p, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s holds no files: not a function package", ref), p.Close())
}

// openArtifact opens a file that is to be signed or verified, which need not
// be a function package.
func openArtifact(ctx context.Context, c *cli.Context, e *env, ref string, stdin io.Reader) (fnpkg.Package, error) {
	o, err := targetOptions(c, e, stdin)
	if err != nil {
		return nil, err
	}
	return target.OpenArtifact(ctx, ref, o)
}

// openWithLayers opens a package and lays it out with the layers that --layer
// names.
func openWithLayers(ctx context.Context, c *cli.Context, e *env, ref string, stdin io.Reader) (fnpkg.Package, error) {
	p, err := openPackage(ctx, c, e, ref, stdin)
	refs := c.StringSlice("layer")
	if err != nil || len(refs) == 0 {
		return p, err
	}
	var layers []fnpkg.Package
	for _, ref := range refs {
		layer, err := openPackage(ctx, c, e, ref, nil)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("layer: %w", err), overlay.New(p, layers...).Close())
		}
		layers = append(layers, layer)
	}
	return overlay.New(p, layers...), nil
}

// cataloguer lists the components of packages.
type cataloguer struct {
	options  catalog.Options
	cache    *catalog.Cache // nil for none
	layers   layers
	progress *term.Progress
}

// newCataloguer reads how the command line wants packages catalogued.
func newCataloguer(c *cli.Context, e *env) (*cataloguer, error) {
	l, err := limits(c)
	if err != nil {
		return nil, err
	}
	choice, err := licenseChoice(c)
	if err != nil {
		return nil, err
	}
	k := &cataloguer{options: catalog.Options{LicenseTexts: choice.text, Limits: l, Runtime: c.String("runtime"), ContentDigest: c.Bool("content-digest"), Shared: catalog.NewShared()}, progress: e.newProgress()}
	if k.options.With, err = builds(c, e); err != nil {
		return nil, err
	}
	if !e.quiet {
		k.options.Progress = func(done, total int) { k.progress.Count("cataloguing", int64(done), int64(total)) }
	}
	return k, nil
}

// newCachedCataloguer is newCataloguer for what is shown rather than signed: it
// may be answered from the cache.
func newCachedCataloguer(c *cli.Context, e *env) (*cataloguer, error) {
	k, err := newCataloguer(c, e)
	// What --with names can change without a trace in the package.
	if err != nil || e.noCache || c.Bool("no-cache") || len(k.options.With) > 0 {
		return k, err
	}
	// A cache that cannot be had costs time and nothing else.
	if k.cache, err = openCache(c.String("cache")); err != nil {
		e.detail("no cache: %v", err)
	}
	return k, nil
}

// builds reads what --with names.
func builds(c *cli.Context, e *env) ([]*bundle.Build, error) {
	var all []*bundle.Build
	for _, path := range c.StringSlice("with") {
		b, err := bundle.ReadBuild(c.Context, path)
		if errors.Is(err, bundle.ErrUnknownBuild) {
			if _, other := manifest.Read(c.Context, path); other == nil {
				e.detail("--with %s tells where packages are named, and no versions of bundled ones", path)
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("--with: %w", err)
		}
		all = append(all, b)
	}
	return all, nil
}

// openCache opens the cache of inventories in dir, or in the user's cache.
func openCache(dir string) (*catalog.Cache, error) {
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(user, "fnseal", "inventories")
	}
	build, err := buildID()
	if err != nil {
		return nil, err
	}
	return catalog.OpenCache(dir, build)
}

// inventory lists the components of a package.
func (k *cataloguer) inventory(ctx context.Context, p fnpkg.Package) (*fnpkg.Inventory, error) {
	defer k.progress.Done()
	inv, err := k.ask(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("cataloguing %s: %w", p.Name(), err)
	}
	return inv, nil
}

func (k *cataloguer) ask(ctx context.Context, p fnpkg.Package) (*fnpkg.Inventory, error) {
	find := catalog.Catalog
	if k.cache != nil {
		find = k.cache.Catalog
	}
	inv, err := find(ctx, p, k.options)
	if layered, ok := p.(*overlay.Package); ok && err == nil {
		inv.Subject.Layers, err = layered.Layers(ctx)
	}
	return inv, err
}
