package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

// linkOf returns what makes the statement that a package came of another one.
func linkOf(c *cli.Context, e *env) (func(context.Context, []attested, []attest.Subject) (attest.Statement, error), error) {
	from := c.String("from")
	if from == "" {
		return nil, usagef("--type link needs --from OLD, the package that the target was made of")
	}
	if c.NArg() != 1 {
		return nil, usagef("--type link takes one TARGET, not %d", c.NArg())
	}
	allowed, err := allowedHazards(c)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, group []attested, subjects []attest.Subject) (attest.Statement, error) {
		none := attest.Statement{}
		old, err := openArtifact(ctx, c, e, from, e.stdin)
		if err != nil {
			return none, fmt.Errorf("--from: %w", err)
		}
		defer old.Close()
		product := group[0].pkg
		if old.Kind() == fnpkg.KindFile || product.Kind() == fnpkg.KindFile {
			return none, fmt.Errorf("linking %s to %s: both must be function packages, whose files can be compared", from, group[0].ref)
		}
		if err := fnpkg.CheckUnambiguous(old, allowed...); err != nil {
			return none, fmt.Errorf("--from: %w", err)
		}
		material, err := subjectOf(ctx, old)
		if err != nil {
			return none, fmt.Errorf("--from: %w", err)
		}
		d, err := sbom.DiffFiles(ctx, old, product)
		if err != nil {
			return none, fmt.Errorf("comparing %s with %s: %w", from, group[0].ref, err)
		}
		link := attest.Link{Name: c.String("step"), Materials: []attest.Subject{material}, Differences: linkDifferences(d)}
		if other := unexpected(link.Differences, c.StringSlice("except")); len(other) > 0 {
			return none, hint(&resultError{code: exitRefused, msg: fmt.Sprintf("%s is not %s packed again: %s", group[0].ref, from, describeDifferences(other))},
				"name what the step changes with --except PATH")
		}
		return link.Statement(subjects)
	}, nil
}

func linkDifferences(d *sbom.FileDifference) []attest.LinkDifference {
	var all []attest.LinkDifference
	for _, f := range d.Added {
		all = append(all, attest.LinkDifference{Path: f.Path, Change: "added"})
	}
	for _, f := range d.Removed {
		all = append(all, attest.LinkDifference{Path: f.Path, Change: "removed"})
	}
	for _, f := range d.Changed {
		all = append(all, attest.LinkDifference{Path: f.To.Path, Change: "changed"})
	}
	return all
}

// unexpected returns the differences at paths that are not among those named:
// each a file, or a directory with a slash at its end.
func unexpected(differences []attest.LinkDifference, named []string) []attest.LinkDifference {
	var other []attest.LinkDifference
	for _, d := range differences {
		expected := false
		for _, name := range named {
			if d.Path == name || strings.HasSuffix(name, "/") && strings.HasPrefix(d.Path, name) {
				expected = true
			}
		}
		if !expected {
			other = append(other, d)
		}
	}
	return other
}

func describeDifferences(differences []attest.LinkDifference) string {
	const most = 5
	var out []string
	for _, d := range differences[:min(most, len(differences))] {
		out = append(out, fmt.Sprintf("%q %s", d.Path, d.Change))
	}
	if more := len(differences) - most; more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, ", ")
}
