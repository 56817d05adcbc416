package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/sbom"
)

var diffFormats = []string{"text", "json", "markdown"}

func diffCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "show what changed from one package or SBOM to another",
		ArgsUsage: "FROM TO [flags]",
		Description: `FROM and TO are each a function package as for "fnseal sbom", or an SBOM in
CycloneDX or SPDX 2 made by any tool. Components are compared, and files too if
both are packages. Differences are a result, not a failure: the exit code is 0.

Examples:
  fnseal diff old.zip new.zip
  fnseal diff released.cdx.json new.zip
  fnseal diff old.zip new.zip -o markdown > comment.md
  fnseal diff theirs.spdx.json ours.cdx.json -o json`,
		Flags: append([]cli.Flag{outputFlag(diffFormats...)}, packageFlags()...),
		Action: func(c *cli.Context) error {
			from, to, err := twoArgs(c, "FROM", "TO")
			if err != nil {
				return err
			}
			outs, err := parseOutputs(c, diffFormats...)
			if err != nil {
				return err
			}
			d, err := difference(c.Context, c, e, from, to)
			if err != nil {
				return err
			}
			return writeOutputs(c.Context, e, outs,
				format{"text", func(w io.Writer) error { return report.DiffText(w, d) }},
				format{"json", func(w io.Writer) error { return report.DiffJSON(w, d) }},
				format{"markdown", func(w io.Writer) error { return report.DiffMarkdown(w, d) }},
			)
		},
	}
}

// twoArgs returns the command's two arguments, of which one may be standard
// input.
func twoArgs(c *cli.Context, first, second string) (string, string, error) {
	args := c.Args().Slice()
	switch {
	case len(args) != 2:
		return "", "", hint(usagef("%s needs %s and %s", c.Command.HelpName, first, second), "%s --help", c.Command.HelpName)
	case args[0] == "" || args[1] == "":
		return "", "", usagef("%s or %s is empty", first, second)
	case args[0] == "-" && args[1] == "-":
		return "", "", usagef("only one of %s and %s can be standard input", first, second)
	}
	return args[0], args[1], nil
}

// difference compares two packages or SBOMs.
func difference(ctx context.Context, c *cli.Context, e *env, from, to string) (*sbom.Difference, error) {
	a, err := sideOf(ctx, c, e, from)
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := sideOf(ctx, c, e, to)
	if err != nil {
		return nil, err
	}
	defer b.close()
	d := sbom.Diff(a.inv, b.inv)
	if a.pkg != nil && b.pkg != nil {
		if d.Files, err = sbom.DiffFiles(ctx, a.pkg, b.pkg); err != nil {
			return nil, fmt.Errorf("comparing %s and %s: %w", from, to, err)
		}
	}
	return d, nil
}

// side is one of the two things compared.
type side struct {
	inv *fnpkg.Inventory
	pkg fnpkg.Package // nil for an SBOM
}

func (s side) close() {
	if s.pkg != nil {
		s.pkg.Close()
	}
}

func sideOf(ctx context.Context, c *cli.Context, e *env, ref string) (side, error) {
	inv, stdin, err := readSBOM(ref, e.stdin)
	if err != nil {
		return side{}, err
	}
	if inv != nil {
		warnInventory(e, inv)
		return side{inv: inv}, nil
	}
	k, err := newCachedCataloguer(c, e)
	if err != nil {
		return side{}, err
	}
	p, err := openWithLayers(ctx, c, e, ref, stdin)
	if err != nil {
		return side{}, err
	}
	if inv, err = k.inventory(ctx, p); err != nil {
		return side{}, errors.Join(err, p.Close())
	}
	warnInventory(e, inv)
	return side{inv: inv, pkg: p}, nil
}
