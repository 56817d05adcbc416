package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/seal"
	"github.com/fnseal/fnseal/vulndb"
)

var sealFormats = []string{"table", "json", "markdown", "cyclonedx-json", "scan-json"}

func sealCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "seal",
		Usage:     "make SBOM, scan and signature of a package in one pass",
		ArgsUsage: "TARGET --key KEY [flags]",
		Description: `Catalogues the package, matches it against the advisory feed and signs the
exact bytes, the SBOM and the scan. All bundles go to TARGET.sigstore.jsonl,
those of an image to its registry. In a CI job the seal also says how the package
was built (--provenance=false leaves that out).
With findings over --fail-on the reports are written, no bundle is, and the
exit code is 3.

Examples:
  fnseal seal app.zip --key fnseal.key
  fnseal seal app.zip --key fnseal.key --fail-on critical -o cyclonedx-json=app.cdx.json
  fnseal seal app.zip --key fnseal.key --no-scan`,
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "bundle", Usage: "add the bundles to `FILE` (default: TARGET.sigstore.jsonl; for an image, its registry)"},
			outputFlag(sealFormats...), dbFlag(), maxAgeFlag(), failOnFlag("none"),
			&cli.BoolFlag{Name: "no-with", Usage: "do not look for a build tree or lock file beside the package, for versions of bundled packages"},
			&cli.BoolFlag{Name: "no-scan", Usage: "leave the scan out; the seal then says nothing of vulnerabilities"},
			&cli.BoolFlag{Name: "provenance", Usage: "say how the package was built (default: in a CI job, or with --builder-id)"},
			timestampFlag(), hazardFlag(),
		}, append(provenanceFlags(), signingFlags()...)...), catalogFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "TARGET")
			if err != nil {
				return err
			}
			return sealTarget(c, e, ref)
		},
	}
}

func sealTarget(c *cli.Context, e *env, ref string) (err error) {
	outs, err := parseOutputs(c, sealFormats...)
	if err != nil {
		return err
	}
	in := seal.Input{Version: toolVersion()}
	if in.Timestamp, err = timestamp(c, e); err != nil {
		return err
	}
	if in.Threshold, err = threshold(c); err != nil {
		return err
	}
	if in.UnsafeAllowHazards, err = allowedHazards(c); err != nil {
		return err
	}
	if in.Package, err = openPackage(c.Context, c, e, ref, e.stdin); err != nil {
		return err
	}
	defer in.Package.Close()
	bundles, err := openPlace(c, ref, in.Package, attest.LinesPath)
	if err != nil {
		return err
	}
	defer bundles.Close()
	if !c.Bool("no-scan") {
		if in.Feed, err = openFeed(c, e); err != nil {
			if errors.Is(err, vulndb.ErrNoFeed) {
				return hint(err, "fnseal db update --source DIR-or-URL, or seal without a scan: --no-scan")
			}
			return err
		}
		defer in.Feed.Close()
	}
	if in.Provenance, err = sealProvenance(c, e, in.Package); err != nil {
		return err
	}
	if in.Signer, err = signer(c, e); err != nil {
		return err
	}
	k, err := newCataloguer(c, e)
	if err != nil {
		return err
	}
	in.Catalog = k.options
	if len(c.StringSlice("with")) == 0 && !c.Bool("no-with") {
		in.Catalog.With = buildBeside(c.Context, e, ref, in.Package)
	}
	result, err := seal.Seal(c.Context, in)
	k.progress.Done()
	if err != nil {
		return fmt.Errorf("sealing %s: %w", ref, err)
	}
	warnInventory(e, result.Inventory)
	now := e.now()
	reports, err := stage(outs,
		format{"table", func(w io.Writer) error { return report.SealText(w, result, now) }},
		format{"json", func(w io.Writer) error { return report.SealJSON(w, result) }},
		format{"markdown", func(w io.Writer) error { return report.SealMarkdown(w, result, now) }},
		format{"cyclonedx-json", func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(result.SBOM))
			return err
		}},
		format{"scan-json", func(w io.Writer) error {
			if result.Scan == nil {
				return errors.New("there was no scan (--no-scan)")
			}
			return report.ScanJSON(w, result.Inventory.Subject.Name, result.Scan)
		}},
	)
	if err != nil {
		return err
	}
	defer reports.discard()
	if err := c.Context.Err(); err != nil {
		return err
	}
	if len(result.Bundles) > 0 {
		if err := bundles.add(c.Context, result.JSON()...); err != nil {
			return err
		}
		e.note("wrote %s", bundles)
	}
	if err := reports.commit(c.Context, e); err != nil {
		return err
	}
	return overThreshold(result.Over, c.String("fail-on"))
}
