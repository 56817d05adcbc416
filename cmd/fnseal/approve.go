package main

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
)

func approveCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "approve",
		Usage:     "sign that a file or an image may be used for a purpose",
		ArgsUsage: "TARGET… --for PURPOSE (--key KEY | keyless) [flags]",
		Description: `Signs an approval of the exact bytes of each TARGET. A policy can demand
approvals of several people, for a purpose, not older than some time; see
approvals in docs/policy.md. Approving says nothing but that, and never stands
for the signature of whoever built the target. The bundle is added to
TARGET.sigstore.jsonl, that of an image to its registry.

Examples:
  fnseal approve app.zip --for production --key alice.key
  fnseal approve app.zip --for production --reason "CHG-1234, tested on staging"
  fnseal approve registry.example/shop/app@sha256:… --for production --key alice.key`,
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "for", Usage: "approve it for `PURPOSE`, such as production; policies compare it word for word"},
			&cli.StringFlag{Name: "reason", Usage: "why, for a person: `TEXT`"},
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE`, or add it to FILE if that ends in .jsonl (default: TARGET.sigstore.jsonl; for an image, its registry)"},
			hazardFlag(),
		}, signingFlags()...), targetFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return hint(usagef("%s needs a TARGET", c.Command.HelpName), "%s --help", c.Command.HelpName)
			}
			approval := attest.Approval{For: c.String("for"), Reason: c.String("reason")}
			for name, text := range map[string]string{"for": approval.For, "reason": approval.Reason} {
				if !utf8.ValidString(text) || len(text) > 4<<10 || strings.TrimSpace(text) != text {
					return usagef("--%s: it is text of up to 4096 bytes without space around it", name)
				}
			}
			return attestAll(c, e, func(_ context.Context, _ []attested, subjects []attest.Subject) (attest.Statement, error) {
				return approval.Statement(subjects)
			})
		},
	}
}
