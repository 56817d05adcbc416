package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

func attestCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "attest",
		Usage:     "sign a statement about a file or an image",
		ArgsUsage: "TARGET… --type TYPE --predicate FILE --key KEY [flags]",
		Description: `Signs that what the predicate says is said of the exact bytes of each TARGET.
The predicate is JSON; that of a type fnseal knows must have what the type
requires, and an SBOM must describe the file it is signed for. A bundle is added
to TARGET.sigstore.jsonl, that of an image to its registry.

Provenance needs no predicate: --type provenance says how the target is being
built, from the claims of the CI job's identity token, or else from its
environment, which is then said of each value. Lock files in the package are
named with their digests.

A link says that one package came of another: --type link with --from OLD. It is
refused unless both hold the same files but for those named by --except.

Examples:
  fnseal attest app.zip --type cyclonedx --predicate app.cdx.json --key fnseal.key
  fnseal attest app.zip --type https://example.com/review/v1 --predicate review.json --key fnseal.key
  fnseal attest a.zip b.zip --type openvex --predicate vex.json --together --key fnseal.key
  fnseal attest registry.example/shop/app@sha256:… --type spdx --predicate app.spdx.json --key fnseal.key
  fnseal attest app.zip --type provenance --key fnseal.key
  fnseal attest signed.zip --type link --from app.zip --except META-INF/ --key fnseal.key`,
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "type", Usage: "what the predicate is: a `TYPE` (" + strings.Join(attest.TypeNames(), ", ") + ", or a URI)"},
			&cli.StringFlag{Name: "predicate", Usage: "read the predicate from `FILE`, - for standard input"},
			&cli.BoolFlag{Name: "together", Usage: "sign one statement about all targets, instead of one about each"},
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE`, or add it to FILE if that ends in .jsonl (default: TARGET.sigstore.jsonl; for an image, its registry)"},
			&cli.StringFlag{Name: "from", Usage: "with --type link: the package `OLD` that the target was made of"},
			&cli.StringFlag{Name: "step", Usage: "with --type link: the `NAME` of the step", Value: "repackage"},
			&cli.StringSliceFlag{Name: "except", Usage: "with --type link: the file `PATH` may differ, or all below PATH/, repeatable"},
			hazardFlag(),
		}, append(provenanceFlags(), signingFlags()...)...), targetFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return hint(usagef("%s needs a TARGET", c.Command.HelpName), "%s --help", c.Command.HelpName)
			}
			return attestTargets(c, e)
		},
	}
}

// attested is an artifact, and the place for the bundles about it.
type attested struct {
	ref     string
	pkg     fnpkg.Package
	subject attest.Subject
	place   *place
}

func attestTargets(c *cli.Context, e *env) error {
	predicate, err := predicateOf(c, e)
	if err != nil {
		return err
	}
	return attestAll(c, e, predicate)
}

// saying makes a statement about the targets of a group.
type saying func(context.Context, []attested, []attest.Subject) (attest.Statement, error)

// attestAll signs what is to be said about the targets.
func attestAll(c *cli.Context, e *env, predicate saying) error {
	all, err := openAttested(c, e)
	defer func() {
		for _, a := range all {
			a.place.Close()
			a.pkg.Close()
		}
	}()
	if err != nil {
		return err
	}
	s, err := signer(c, e)
	if err != nil {
		return err
	}
	name, err := s.Name(c.Context)
	if err != nil {
		return err
	}
	groups := make([][]attested, 0, len(all))
	for i := range all {
		if c.Bool("together") && i > 0 {
			groups[0] = all
			continue
		}
		groups = append(groups, all[i:i+1])
	}
	bundles := make([][]byte, len(groups))
	for i, group := range groups {
		var subjects []attest.Subject
		for _, a := range group {
			subjects = append(subjects, a.subject)
		}
		statement, err := predicate(c.Context, group, subjects)
		if err != nil {
			return err
		}
		text, err := statement.Marshal()
		if err != nil {
			return err
		}
		if bundles[i], err = s.SignStatement(c.Context, text); err != nil {
			return fmt.Errorf("attesting %s: %w", refs(group), err)
		}
		e.note("signed %s of %s with %s", statement.PredicateType, refs(group), name)
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	return keepAttestations(c.Context, e, groups, bundles)
}

// keepAttestations keeps each bundle with all that it is about. One that cannot
// be kept does not keep the others from it.
func keepAttestations(ctx context.Context, e *env, groups [][]attested, bundles [][]byte) error {
	var failed []error
	for i, group := range groups {
		kept := map[string]bool{} // with --bundle all have one place
		for _, a := range group {
			if kept[a.place.String()] {
				continue
			}
			kept[a.place.String()] = true
			if err := a.place.keep(ctx, bundles[i]); err != nil {
				failed = append(failed, fmt.Errorf("keeping the statement about %s: %w", a.ref, err))
				continue
			}
			e.note("wrote %s", a.place)
		}
	}
	return errors.Join(failed...)
}

func refs(group []attested) string {
	var names []string
	for _, a := range group {
		names = append(names, a.ref)
	}
	return strings.Join(names, ", ")
}

// openAttested opens all targets, and the places for their bundles. What it
// returns must be closed, with an error too.
func openAttested(c *cli.Context, e *env) ([]attested, error) {
	allowed, err := allowedHazards(c)
	if err != nil {
		return nil, err
	}
	args := c.Args().Slice()
	if path := c.String("bundle"); path != "" && len(args) > 1 && !c.Bool("together") && !isLines(path) {
		return nil, hint(usagef("--bundle: %s holds one bundle, and there is one for each of %d targets", path, len(args)), "name a .jsonl, or sign one statement with --together")
	}
	var all []attested
	for _, ref := range args {
		p, err := openArtifact(c.Context, c, e, ref, e.stdin)
		if err != nil {
			return all, err
		}
		a := attested{ref: ref, pkg: p, place: &place{}}
		all = append(all, a)
		if err := fnpkg.CheckUnambiguous(p, allowed...); err != nil {
			return all, err
		}
		if a.subject, err = subjectOf(c.Context, p); err != nil {
			return all, err
		}
		if a.place, err = openPlace(c, ref, p, attest.LinesPath); err != nil {
			return all, err
		}
		all[len(all)-1] = a
	}
	return all, nil
}

// predicateOf reads what is to be said, and returns what makes a statement of
// it about the targets of a group.
func predicateOf(c *cli.Context, e *env) (func(context.Context, []attested, []attest.Subject) (attest.Statement, error), error) {
	if c.String("type") == "" {
		return nil, hint(usagef("no --type: a statement says what it states"), "one of %s, or a URI", strings.Join(attest.TypeNames(), ", "))
	}
	predicateType, err := attest.PredicateType(c.String("type"))
	if err != nil {
		return nil, usagef("--type: %v", err)
	}
	path := c.String("predicate")
	if predicateType == attest.TypeLink && path == "" {
		return linkOf(c, e)
	}
	if predicateType == attest.TypeSLSAProvenance && path == "" {
		return provenanceStatement(c, e), nil
	}
	for _, name := range []string{"from", "except"} {
		if c.IsSet(name) {
			return nil, usagef("--%s goes with --type link alone", name)
		}
	}
	if path == "" {
		return nil, usagef("no --predicate: there is nothing to say")
	}
	text, err := readPredicate(path, e.stdin, c.Args().Slice())
	if err != nil {
		return nil, err
	}
	predicate, err := attest.ParsePredicate(predicateType, text)
	if err != nil {
		return nil, fmt.Errorf("--predicate %s: %w", path, err)
	}
	return func(_ context.Context, group []attested, subjects []attest.Subject) (attest.Statement, error) {
		if err := attest.CheckDescribes(predicateType, predicate, subjects); err != nil {
			return attest.Statement{}, fmt.Errorf("--predicate %s for %s: %w", path, refs(group), err)
		}
		return attest.NewStatement(subjects, predicateType, json.RawMessage(predicate))
	}, nil
}

// maxPredicate is more than a predicate may have, so that one that is too long
// is named as such.
const maxPredicate = 64<<20 + 1

func readPredicate(path string, stdin io.Reader, targets []string) ([]byte, error) {
	in := stdin
	if path == "-" {
		for _, t := range targets {
			if t == "-" {
				return nil, usagef("target and --predicate are both standard input")
			}
		}
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("--predicate: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPredicate))
	if err != nil {
		return nil, fmt.Errorf("--predicate: %w", err)
	}
	return text, nil
}
