package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/ociimage"
	"github.com/fnseal/fnseal/internal/registry"
)

// place is where an artifact's bundles are kept: in a file, or beside an image
// in its registry.
type place struct {
	path string

	repo  *registry.Repository // nil for a file
	image fnpkg.Digest
}

// String names the place for a person.
func (p *place) String() string {
	if p.repo == nil {
		return p.path
	}
	return fmt.Sprintf("%s@%s", p.repo, p.image)
}

// Close releases the place.
func (p *place) Close() error {
	if p.repo == nil {
		return nil
	}
	return p.repo.Close()
}

// openPlace opens the place for the bundles of the artifact p that ref names:
// the file that --bundle names, or else the one beside it; for an image in a
// registry, its registry. It must be closed. What would keep it from being
// written to is found out here, before anything is signed.
func openPlace(c *cli.Context, ref string, p fnpkg.Package, beside func(string) string) (*place, error) {
	path := c.String("bundle")
	if path == "" && p.Kind() == fnpkg.KindImage {
		return openImagePlace(c, p, registry.ReadWrite)
	}
	if path == "" {
		if ref == "-" {
			return nil, usagef("--bundle is needed: there is no place beside standard input")
		}
		path = beside(ref)
	}
	if err := checkWritable(path); err != nil {
		return nil, usagef("--bundle: %v", err)
	}
	return &place{path: path}, nil
}

// openImagePlace opens the place beside an image in its registry.
func openImagePlace(c *cli.Context, p fnpkg.Package, access registry.Access) (*place, error) {
	img, ok := p.(*ociimage.Package)
	if !ok || !img.Remote() {
		return nil, usagef("--bundle is needed: there is no place beside an image that is not in a registry")
	}
	digest, err := p.Digest(c.Context)
	if err != nil {
		return nil, err
	}
	repo, err := registry.OpenRepository(c.Context, img.Repository(), access, registry.Options{PlainHTTP: c.Bool("plain-http")})
	if err != nil {
		if errors.Is(err, registry.ErrDenied) {
			return nil, hint(err, "docker login, or keep the bundles in a file with --bundle")
		}
		return nil, err
	}
	return &place{repo: repo, image: digest}, nil
}

// replace keeps one bundle. A file holds it alone; in a registry it joins those
// that are there.
func (p *place) replace(ctx context.Context, bundle []byte) error {
	if p.repo == nil {
		return attest.WriteBundles(p.path, bundle)
	}
	return p.push(ctx, bundle)
}

// kept returns the bundles that are kept in the place, junk among them.
func (p *place) kept(ctx context.Context) ([]attest.Item, error) {
	if p.repo != nil {
		return attest.PullBundles(ctx, p.repo, p.image, attest.DefaultLimits())
	}
	info, err := os.Stat(p.path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, nil // nothing, or nothing that can be read twice
	}
	return attest.ReadBundles(ctx, []string{p.path}, attest.DefaultLimits())
}

// add keeps bundles beside those that are there.
func (p *place) add(ctx context.Context, bundles ...[]byte) error {
	if p.repo == nil {
		return attest.AppendBundles(ctx, p.path, attest.DefaultLimits(), bundles...)
	}
	return p.push(ctx, bundles...)
}

// keep adds a bundle to a file of JSON lines or a registry; a file of another
// name holds it alone.
func (p *place) keep(ctx context.Context, bundle []byte) error {
	if p.repo == nil && !isLines(p.path) {
		return p.replace(ctx, bundle)
	}
	return p.add(ctx, bundle)
}

// isLines reports whether a file is named as one of JSON lines.
func isLines(path string) bool { return strings.HasSuffix(path, ".jsonl") }

func (p *place) push(ctx context.Context, bundles ...[]byte) error {
	err := attest.PushBundles(ctx, p.repo, p.image, bundles...)
	if errors.Is(err, registry.ErrDenied) {
		return hint(err, "docker login with an account that may push, or keep the bundles in a file with --bundle")
	}
	return err
}

// readBundles reads the bundles named, or else those kept with the artifact p
// that ref names. looked says where they were looked for.
func readBundles(c *cli.Context, ref string, p fnpkg.Package, named []string) (items []attest.Item, looked []string, err error) {
	ctx, limits := c.Context, attest.DefaultLimits()
	switch {
	case len(named) > 0:
		items, err = attest.ReadBundles(ctx, named, limits)
		return items, named, err
	case p.Kind() == fnpkg.KindImage:
		at, err := openImagePlace(c, p, registry.ReadOnly)
		if err != nil {
			return nil, nil, err
		}
		defer at.Close()
		items, err = attest.PullBundles(ctx, at.repo, at.image, limits)
		return items, []string{at.String()}, err
	case ref == "-":
		return nil, nil, usagef("--bundle is needed: there is no place beside standard input")
	}
	items, err = attest.DiscoverBundles(ctx, ref, limits)
	return items, attest.BundlePaths(ref), err
}

// subjectOf returns the subject that stands for the artifact p in statements.
func subjectOf(ctx context.Context, p fnpkg.Package) (attest.Subject, error) {
	s := fnpkg.Subject{Name: p.Name(), Kind: p.Kind()}
	var err error
	if s.Digest, err = p.Digest(ctx); err != nil {
		return attest.Subject{}, fmt.Errorf("reading %s: %w", p.Name(), err)
	}
	if s.Content, err = fnpkg.DigestContentIfAny(ctx, p); err != nil {
		return attest.Subject{}, fmt.Errorf("reading %s: %w", p.Name(), err)
	}
	return attest.SubjectOf(s)
}
