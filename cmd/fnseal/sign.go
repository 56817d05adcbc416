package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sign"
)

func signCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign files or images",
		ArgsUsage: "TARGET… [--key KEY] [flags]",
		Description: `Writes a Sigstore bundle with a signature over a file's exact bytes, beside the
file. The bundle of an image is over the digest of its manifest and is kept in
its registry, where cosign finds it too. A function package that is ambiguous is
not signed.

With --key a key signs; nothing leaves this machine unless a service is asked
for. Without it an identity signs: that of the CI job, or yours after signing
in. Its signatures are recorded in a transparency log.

Of several targets those that are signed already are passed over, so that a run
which failed for some can be repeated.

Examples:
  fnseal sign app.zip --key fnseal.key
  fnseal sign app.zip --key fnseal.key --bundle out/app.sigstore.json
  fnseal sign dist/*.zip --yes
  fnseal sign app.zip --identity-token token.txt --signing-config s.json --trusted-root r.json
  fnseal sign app.zip --key awskms:///alias/release --timestamp-url https://tsa.example
  fnseal sign registry.example/shop/app@sha256:… --key fnseal.key
  cosign verify-blob app.zip --key fnseal.pub --bundle app.zip.sigstore.json --insecure-ignore-tlog`,
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE` (default: the signed file's name with .sigstore.json; for an image, its registry)"},
			&cli.BoolFlag{Name: "force", Usage: "sign again what is signed already by the same key or identity"},
			hazardFlag(),
		}, signingFlags()...), targetFlags()...),
		Action: func(c *cli.Context) error {
			refs, err := signRefs(c)
			if err != nil {
				return err
			}
			return signAll(c, e, refs)
		},
	}
}

// signRefs returns the arguments of sign.
func signRefs(c *cli.Context) ([]string, error) {
	refs := c.Args().Slice()
	if len(refs) <= 1 {
		ref, err := oneArg(c, "TARGET")
		return []string{ref}, err
	}
	if c.IsSet("bundle") {
		return nil, usagef("--bundle names one file, for one target: %d were given", len(refs))
	}
	seen := map[string]bool{}
	for _, ref := range refs {
		switch {
		case ref == "":
			return nil, usagef("a TARGET is empty")
		case ref == "-":
			return nil, usagef("standard input is signed alone")
		case seen[ref]:
			return nil, usagef("%s was given twice", ref)
		}
		seen[ref] = true
	}
	return refs, nil
}

// errand is one artifact that is to be signed.
type errand struct {
	ref       string
	digest    fnpkg.Digest
	statement []byte // what an image's signature says; nil for a file
	place     *place
}

// signAll signs every artifact that can be signed and fails for the others.
// All are looked at before anybody is asked for anything, and before anything
// becomes public.
func signAll(c *cli.Context, e *env, refs []string) error {
	allowed, err := allowedHazards(c)
	if err != nil {
		return err
	}
	errands := make([]*errand, len(refs))
	defer func() {
		for _, d := range errands {
			if d != nil {
				d.place.Close()
			}
		}
	}()
	failures := forEach(c.Context, refs, runtime.GOMAXPROCS(0), func(ctx context.Context, i int) (err error) {
		errands[i], err = prepareErrand(ctx, c, e, refs[i], allowed)
		return err
	})
	if !slices.ContainsFunc(errands, func(d *errand) bool { return d != nil }) {
		return errors.Join(failures...)
	}
	s, err := signer(c, e)
	if err != nil {
		return err
	}
	// An identity is certified here once, or not at all.
	name, err := s.Name(c.Context)
	if err != nil {
		return err
	}
	progress := e.newProgress()
	var signed, passed atomic.Int64
	late := forEach(c.Context, refs, sign.DefaultPatience().Parallel, func(ctx context.Context, i int) error {
		d := errands[i]
		if d == nil {
			return nil // it failed before
		}
		done, err := d.run(ctx, s, c.Bool("force"))
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", d.ref, err)
		case !done:
			passed.Add(1)
			e.note("%s is signed already by %s", d.ref, name)
		default:
			signed.Add(1)
			e.note("signed %s (%s) with %s", d.ref, d.digest, name)
			e.note("wrote %s", d.place)
		}
		if !e.quiet && len(refs) > 1 {
			progress.Count("signing", signed.Load()+passed.Load(), int64(len(refs)))
		}
		return nil
	})
	progress.Done()
	if err := c.Context.Err(); err != nil {
		return err
	}
	failed := errors.Join(append(failures, late...)...)
	if len(refs) > 1 {
		e.note("%d of %d signed, %d of them before", signed.Load()+passed.Load(), len(refs), passed.Load())
		if failed != nil {
			return hint(failed, "run the same command again: what is signed is passed over")
		}
	}
	return failed
}

// forEach calls do for every index of refs, some at a time, and returns the
// errors in order. It ends early when ctx does.
func forEach(ctx context.Context, refs []string, parallel int, do func(context.Context, int) error) []error {
	errs := make([]error, len(refs))
	var g errgroup.Group
	g.SetLimit(parallel)
	for i := range refs {
		g.Go(func() error {
			if errs[i] = ctx.Err(); errs[i] == nil {
				errs[i] = do(ctx, i)
			}
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs
	return errs
}

// prepareErrand looks at an artifact and at where its bundle will be kept.
func prepareErrand(ctx context.Context, c *cli.Context, e *env, ref string, allowed []fnpkg.HazardID) (*errand, error) {
	p, err := openArtifact(ctx, c, e, ref, e.stdin)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := fnpkg.CheckUnambiguous(p, allowed...); err != nil {
		return nil, err
	}
	d := &errand{ref: ref}
	if d.digest, err = p.Digest(ctx); err != nil {
		return nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	if p.Kind() == fnpkg.KindImage {
		if d.statement, err = imageStatement(ctx, p); err != nil {
			return nil, err
		}
	}
	if d.place, err = openPlace(c, ref, p, attest.BundlePath); err != nil {
		return nil, err
	}
	return d, nil
}

// imageStatement is what is signed of an image, which has no file that a
// message signature could be checked against: a statement as cosign makes it.
func imageStatement(ctx context.Context, p fnpkg.Package) ([]byte, error) {
	subject, err := subjectOf(ctx, p)
	if err != nil {
		return nil, err
	}
	statement, err := attest.SignatureStatement([]attest.Subject{subject})
	if err != nil {
		return nil, err
	}
	return statement.Marshal()
}

// run signs the artifact and keeps its bundle. It reports false if that was
// done before.
func (d *errand) run(ctx context.Context, s *sign.Signer, force bool) (done bool, err error) {
	if !force {
		there, err := d.place.kept(ctx)
		if err != nil {
			return false, err
		}
		for _, item := range there {
			if item.Err == nil && s.Signed(ctx, item.JSON, d.digest) {
				return false, nil
			}
		}
	}
	var bundle []byte
	if d.statement == nil {
		bundle, err = s.SignDigest(ctx, d.digest)
	} else {
		bundle, err = s.SignStatement(ctx, d.statement)
	}
	if err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return true, d.place.replace(ctx, bundle)
}
