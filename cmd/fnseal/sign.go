package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

func signCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign a file",
		ArgsUsage: "FILE --key KEY [flags]",
		Description: `Writes a Sigstore bundle with a signature over the file's exact bytes. A
function package that is ambiguous is not signed.

Examples:
  fnseal sign app.zip --key fnseal.key
  fnseal sign app.zip --key fnseal.key --bundle out/app.sigstore.json
  cosign verify-blob app.zip --key fnseal.pub --bundle app.zip.sigstore.json --insecure-ignore-tlog`,
		Flags: append([]cli.Flag{
			signingKeyFlag(),
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE` (default: the signed file's name with .sigstore.json)"},
			hazardFlag(),
		}, targetFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "FILE")
			if err != nil {
				return err
			}
			out, err := bundlePath(c, ref, attest.BundlePath)
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
			if err := refuseImage(p); err != nil {
				return err
			}
			if err := fnpkg.CheckUnambiguous(p, allowed...); err != nil {
				return err
			}
			s, err := signer(c, e)
			if err != nil {
				return err
			}
			digest, err := p.Digest(c.Context)
			if err != nil {
				return fmt.Errorf("reading %s: %w", ref, err)
			}
			bundle, err := s.SignDigest(c.Context, digest)
			if err != nil {
				return fmt.Errorf("signing %s: %w", ref, err)
			}
			if err := c.Context.Err(); err != nil {
				return err
			}
			if err := attest.WriteBundles(out, bundle); err != nil {
				return err
			}
			e.note("signed %s (%s) with %s", ref, digest, s.Key())
			e.note("wrote %s", out)
			return nil
		},
	}
}

// bundlePath is where a command writes its bundles: --bundle, or the place
// beside the artifact.
func bundlePath(c *cli.Context, ref string, beside func(string) string) (string, error) {
	out := c.String("bundle")
	if out == "" {
		if ref == "-" {
			return "", usagef("--bundle is needed: there is no place beside standard input")
		}
		out = beside(ref)
	}
	if err := checkWritable(out); err != nil {
		return "", usagef("--bundle: %v", err)
	}
	return out, nil
}
