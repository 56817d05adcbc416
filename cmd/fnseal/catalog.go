package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/sbom/catalog"
)

// catalogOptions are those that the command line asks for. done ends the
// progress shown on a terminal.
func catalogOptions(c *cli.Context, e *env) (o catalog.Options, done func(), err error) {
	if o.Limits, err = limits(c); err != nil {
		return o, nil, err
	}
	if e.quiet {
		return o, func() {}, nil
	}
	p := term.NewProgress(e.stderr, e.err)
	o.Progress = func(done, total int) { p.Count("cataloguing", int64(done), int64(total)) }
	return o, p.Done, nil
}

// catalogue lists the components of a package.
func catalogue(c *cli.Context, e *env, p fnpkg.Package) (*fnpkg.Inventory, error) {
	o, done, err := catalogOptions(c, e)
	if err != nil {
		return nil, err
	}
	defer done()
	inv, err := catalog.Catalog(c.Context, p, o)
	if err != nil {
		return nil, fmt.Errorf("cataloguing %s: %w", p.Name(), err)
	}
	return inv, nil
}
