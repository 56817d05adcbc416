package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/report"
)

var verifyFormats = []string{"text", "json", "markdown"}

func verifyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "decide whether a package may run",
		ArgsUsage: "TARGET (--key KEY.pub | --certificate-identity WHO --certificate-oidc-issuer URL) [flags]",
		Description: `Checks the package, its bundles, their signatures and the exact digest, and
prints each check with its outcome. Bundles are read from TARGET.sigstore.json
and TARGET.sigstore.jsonl, those of an image from its registry, or from the
files named by --bundle. Anything that does not hold is exit code 4.

Examples:
  fnseal verify app.zip --key fnseal.pub
  fnseal verify app.zip --key fnseal.pub --bundle release/app.sigstore.json
  fnseal verify registry.example/shop/app@sha256:… --key fnseal.pub
  fnseal verify app.zip --certificate-identity dev@example.com --certificate-oidc-issuer https://github.com/login/oauth
  fnseal verify app.zip --key old.pub --key new.pub --type https://cyclonedx.org/bom -o json`,
		Flags: append(append(signerFlags(),
			&cli.StringSliceFlag{Name: "bundle", Usage: "read bundles from `FILE` (JSON or JSON lines), repeatable; one that cannot be read refuses the package"},
			&cli.StringSliceFlag{Name: "type", Usage: "demand an accepted attestation of this predicate `TYPE` (" + strings.Join(attest.TypeNames(), ", ") + ", or a URI), repeatable"},
			hazardFlag(),
			outputFlag(verifyFormats...),
		), targetFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "TARGET")
			if err != nil {
				return err
			}
			return verifyTarget(c, e, ref)
		},
	}
}

func verifyTarget(c *cli.Context, e *env, ref string) error {
	outs, err := parseOutputs(c, verifyFormats...)
	if err != nil {
		return err
	}
	var in gate.Input
	if in.Policy.Types, err = predicateTypes(c.StringSlice("type")); err != nil {
		return err
	}
	if in.Policy.UnsafeAllowHazards, err = allowedHazards(c); err != nil {
		return err
	}
	who, err := acceptedSigners(c, e)
	if err != nil {
		return err
	}
	in.Keys, in.Identities, in.Roots, in.Waived = who.keys, who.ids, who.roots, who.waived
	if in.Artifact, in.Defect, err = openSuspect(c.Context, c, e, ref); err != nil {
		return err
	}
	defer in.Artifact.Close()
	if in.Bundles, in.Looked, err = readBundles(c, ref, in.Artifact, c.StringSlice("bundle")); err != nil {
		return err
	}
	verdict, err := gate.Decide(c.Context, in)
	if err != nil {
		return fmt.Errorf("verifying %s: %w", ref, err)
	}
	if err := writeOutputs(c.Context, e, outs,
		format{"text", func(w io.Writer) error { return report.VerdictText(w, verdict, report.Style{Color: e.out.Color}) }},
		format{"json", func(w io.Writer) error { return report.VerdictJSON(w, verdict) }},
		format{"markdown", func(w io.Writer) error { return report.VerdictMarkdown(w, verdict) }},
	); err != nil {
		return err
	}
	if !verdict.Accepted() {
		return &resultError{code: exitRefused, msg: refusal(ref, verdict)}
	}
	return nil
}

// refusal names the checks that failed, each with the first reason.
func refusal(ref string, v policy.Verdict) string {
	var failed []string
	more := map[string]int{}
	reasons := map[string]string{}
	for _, c := range v.Checks {
		if c.Outcome != policy.Fail {
			continue
		}
		if _, seen := reasons[c.ID]; seen {
			more[c.ID]++
			continue
		}
		failed, reasons[c.ID] = append(failed, c.ID), c.Reason
	}
	text := ref + " is refused: " + strings.Join(failed, ", ")
	for _, id := range failed {
		text += "\n" + id + ": " + reasons[id]
		if n := more[id]; n > 0 {
			text += fmt.Sprintf(" (and %d more)", n)
		}
	}
	return text
}

// openSuspect opens a file that may have been tampered with. One that cannot
// be read as the package it seems to be is opened as a plain file, so that its
// digest can still be compared, and what is wrong with it is returned beside.
func openSuspect(ctx context.Context, c *cli.Context, e *env, ref string) (p fnpkg.Package, defect, err error) {
	p, err = openArtifact(ctx, c, e, ref, e.stdin)
	var format *fnpkg.FormatError
	var limit *fnpkg.LimitError
	if err == nil || !errors.As(err, &format) && !errors.As(err, &limit) {
		return p, nil, err
	}
	if ref == "-" { // gone: there is nothing left to compute a digest of
		return nil, nil, &resultError{code: exitRefused, msg: err.Error()}
	}
	defect = err
	p, err = target.OpenFile(ctx, ref)
	return p, defect, err
}

// predicateTypes spells out the short names of predicate types.
func predicateTypes(names []string) ([]string, error) {
	types := make([]string, len(names))
	for i, n := range names {
		var err error
		if types[i], err = attest.PredicateType(n); err != nil {
			return nil, usagef("--type: %v", err)
		}
	}
	return types, nil
}
