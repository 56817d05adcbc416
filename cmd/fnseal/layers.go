package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/overlay"
)

// layers are what --layer names, opened once for all packages of a command.
type layers struct {
	once  sync.Once
	open  []fnpkg.Package
	stack *overlay.Stack // nil without layers
	err   error
}

// get opens the layers, or returns those that are open.
func (l *layers) get(ctx context.Context, c *cli.Context, e *env) (*overlay.Stack, error) {
	l.once.Do(func() {
		for _, ref := range c.StringSlice("layer") {
			p, err := openPackage(ctx, c, e, ref, nil)
			if err != nil {
				l.err = fmt.Errorf("layer: %w", err)
				return
			}
			l.open = append(l.open, keptOpen{p})
			// The digest belongs into every document. Known before, it also
			// tells that packages have the layer in common.
			if _, err := p.Digest(ctx); err != nil && !errors.Is(err, fnpkg.ErrNoDigest) {
				l.err = fmt.Errorf("layer: %w", err)
				return
			}
		}
		if len(l.open) > 0 {
			l.stack = overlay.NewStack(l.open...)
		}
	})
	return l.stack, l.err
}

func (l *layers) close() {
	for _, p := range l.open {
		p.(keptOpen).Package.Close()
	}
}

// keptOpen is a package that others than the one who closes it use.
type keptOpen struct{ fnpkg.Package }

func (keptOpen) Close() error { return nil }

// open opens a package and lays it out with the layers.
func (k *cataloguer) open(ctx context.Context, c *cli.Context, e *env, ref string, stdin io.Reader) (fnpkg.Package, error) {
	p, err := openPackage(ctx, c, e, ref, stdin)
	if err != nil {
		return nil, err
	}
	stack, err := k.layers.get(ctx, c, e)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if stack == nil {
		return p, nil
	}
	return stack.Under(p), nil
}

// close closes the layers, once no package with them is open.
func (k *cataloguer) close() { k.layers.close() }
