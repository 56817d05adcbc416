package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sign"
)

func signCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign a file or an image",
		ArgsUsage: "TARGET --key KEY [flags]",
		Description: `Writes a Sigstore bundle with a signature over the file's exact bytes, beside
the file. The bundle of an image is over the digest of its manifest and is kept
in its registry, where cosign finds it too. A function package that is ambiguous
is not signed.

Examples:
  fnseal sign app.zip --key fnseal.key
  fnseal sign app.zip --key fnseal.key --bundle out/app.sigstore.json
  fnseal sign registry.example/shop/app@sha256:… --key fnseal.key
  cosign verify-blob app.zip --key fnseal.pub --bundle app.zip.sigstore.json --insecure-ignore-tlog`,
		Flags: append([]cli.Flag{
			signingKeyFlag(),
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE` (default: the signed file's name with .sigstore.json; for an image, its registry)"},
			hazardFlag(),
		}, targetFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "TARGET")
			if err != nil {
				return err
			}
			allowed, err := allowedHazards(c)
			if err != nil {
				return err
			}
			p, err := openArtifact(c.Context, c, e, ref, e.stdin)
			if err != nil {
				return err
			}
			defer p.Close()
			if err := fnpkg.CheckUnambiguous(p, allowed...); err != nil {
				return err
			}
			digest, err := p.Digest(c.Context)
			if err != nil {
				return fmt.Errorf("reading %s: %w", ref, err)
			}
			out, err := openPlace(c, ref, p, attest.BundlePath)
			if err != nil {
				return err
			}
			defer out.Close()
			s, err := signer(c, e)
			if err != nil {
				return err
			}
			bundle, err := signature(c.Context, s, p, digest)
			if err != nil {
				return fmt.Errorf("signing %s: %w", ref, err)
			}
			if err := c.Context.Err(); err != nil {
				return err
			}
			if err := out.replace(c.Context, bundle); err != nil {
				return err
			}
			e.note("signed %s (%s) with %s", ref, digest, s.Key())
			e.note("wrote %s", out)
			return nil
		},
	}
}

// signature signs an artifact: a file by its digest, and an image, which has
// no file that a message signature could be checked against, in a statement as
// cosign makes it.
func signature(ctx context.Context, s *sign.Signer, p fnpkg.Package, digest fnpkg.Digest) ([]byte, error) {
	if p.Kind() != fnpkg.KindImage {
		return s.SignDigest(ctx, digest)
	}
	subject, err := subjectOf(ctx, p)
	if err != nil {
		return nil, err
	}
	statement, err := attest.SignatureStatement([]attest.Subject{subject})
	if err != nil {
		return nil, err
	}
	text, err := statement.Marshal()
	if err != nil {
		return nil, err
	}
	return s.SignStatement(ctx, text)
}
