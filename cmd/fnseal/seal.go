package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/sbom"
	"github.com/fnseal/fnseal/seal"
	"github.com/fnseal/fnseal/vulndb"
)

// sealFormats are the formats of "fnseal seal", the default first.
func sealFormats() []string {
	formats := []string{"table", "json", "markdown"}
	for _, f := range sbom.Formats() {
		formats = append(formats, string(f))
	}
	return append(formats, planFormats...)
}

// planFormats need a scan.
var planFormats = []string{"scan-json", "sarif", "github"}

func sealCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "seal",
		Usage:     "make SBOM, scan and signature of a package in one pass",
		ArgsUsage: "TARGET --key KEY [flags]",
		Description: `Catalogues the package, matches it against the advisory feed and signs the
exact bytes, the SBOM and the scan. All bundles go to TARGET.sigstore.jsonl,
those of an image to its registry. In a CI job the seal also says how the package
was built (--provenance=false leaves that out).
The report is the plan of "fnseal scan" (scan-json is that of scan -o json), judged
by the same flags. With something over --fail-on the reports are written, no
bundle is, and the exit code is 3. The signed scan says all that was found,
whatever a policy or VEX statement sets aside.

Examples:
  fnseal seal app.zip --key fnseal.key
  fnseal seal app.zip --key fnseal.key --fail-on critical --fail-on kev -o cyclonedx-json=app.cdx.json
  fnseal seal app.zip --key fnseal.key -o markdown=summary.md -o sarif=fnseal.sarif -o spdx-json=app.spdx.json
  fnseal seal app.zip --key fnseal.key --no-scan`,
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "bundle", Usage: "add the bundles to `FILE` (default: TARGET.sigstore.jsonl; for an image, its registry)"},
			outputFlag(sealFormats()...), dbFlag(), maxAgeFlag(),
			&cli.BoolFlag{Name: "no-with", Usage: "do not look for a build tree or lock file beside the package, for versions of bundled packages"},
			&cli.BoolFlag{Name: "no-scan", Usage: "leave the scan out; the seal then says nothing of vulnerabilities"},
			&cli.BoolFlag{Name: "provenance", Usage: "say how the package was built (default: in a CI job, or with --builder-id)"},
			timestampFlag(), hazardFlag(),
		}, append(append(judgementFlags("none"), provenanceFlags()...), signingFlags()...)...), catalogFlags()...),
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
	outs, err := parseOutputs(c, sealFormats()...)
	if err != nil {
		return err
	}
	if c.Bool("no-scan") {
		for _, o := range outs {
			if slices.Contains(planFormats, o.format) {
				return usagef("-o %s and --no-scan contradict one another: there would be no scan to show", o.format)
			}
		}
	}
	j := &judgement{c: c, e: e, failOn: "none"}
	if err := j.read(); err != nil {
		return err
	}
	in := seal.Input{Version: toolVersion(), Judgement: j.options, Threshold: j.threshold}
	if in.Timestamp, err = timestamp(c, e); err != nil {
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
	if result.Scan != nil {
		rememberNeeds(c, e, result.Scan)
	}
	reports, err := stage(outs, sealRenderers(e, result, in, j)...)
	if err != nil {
		return err
	}
	defer reports.discard()
	if result.Plan != nil {
		if err := j.stageState(reports); err != nil {
			return err
		}
	}
	if err := deliver(c, e, result, bundles, reports); err != nil || result.Plan == nil {
		return err
	}
	return j.verdict(result.Plan)
}

// deliver puts the bundles where they belong and lets the reports appear.
func deliver(c *cli.Context, e *env, result *seal.Result, bundles *place, reports *staged) error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	if len(result.Bundles) > 0 {
		if err := bundles.add(c.Context, result.JSON()...); err != nil {
			return err
		}
		e.note("wrote %s", bundles)
	}
	return reports.commit(c.Context, e)
}

// sealRenderers are the ways to show a seal.
func sealRenderers(e *env, r *seal.Result, in seal.Input, j *judgement) []format {
	style := report.Style{Color: e.out.Color}
	formats := []format{
		{"table", func(w io.Writer) error { return report.SealText(w, r, style) }},
		{"json", func(w io.Writer) error { return report.SealJSON(w, r) }},
		{"markdown", func(w io.Writer) error { return report.SealMarkdown(w, r) }},
		{"scan-json", func(w io.Writer) error { return report.PlanJSON(w, r.Plan) }},
		{"sarif", func(w io.Writer) error { return report.PlanSARIF(w, r.Plan, j.sources, toolVersion()) }},
		{"github", func(w io.Writer) error { return report.PlanAnnotations(w, r.Plan) }},
		{string(sbom.CycloneDXJSON), func(w io.Writer) error {
			_, err := w.Write(r.SBOM) // the very document that is signed
			return err
		}},
	}
	for _, f := range sbom.Formats() {
		if f != sbom.CycloneDXJSON {
			formats = append(formats, format{string(f), func(w io.Writer) error {
				return sbom.Write(w, r.Inventory, f, sbom.Options{ToolVersion: in.Version, Timestamp: in.Timestamp})
			}})
		}
	}
	return formats
}
