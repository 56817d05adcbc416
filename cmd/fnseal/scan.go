package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/vulndb"
)

var scanFormats = []string{"table", "json", "markdown", "osv-scanner-json"}

func scanCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "scan",
		Usage:     "match a package or an SBOM against known vulnerabilities",
		ArgsUsage: "TARGET-or-SBOM [flags]",
		Description: `The argument is a function package as for "fnseal sbom", or an SBOM in
CycloneDX or SPDX 2 made by any tool. Without a feed to ask the command fails with exit code 5;
it never reports "no findings" for want of data.

Examples:
  fnseal db update --source https://feed.example/osv
  fnseal scan app.zip
  fnseal scan app.cdx.json --fail-on high
  fnseal scan app.zip -o table -o json=findings.json --db osv.db --max-db-age 0`,
		Flags: append([]cli.Flag{outputFlag(scanFormats...), dbFlag(), maxAgeFlag(), failOnFlag("any")}, packageFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "TARGET")
			if err != nil {
				return err
			}
			outs, err := parseOutputs(c, scanFormats...)
			if err != nil {
				return err
			}
			limit, err := threshold(c)
			if err != nil {
				return err
			}
			db, err := openFeed(c, e)
			if err != nil {
				return err
			}
			defer db.Close()
			inv, err := inventoryOf(c.Context, c, e, ref)
			if err != nil {
				return err
			}
			warnInventory(e, inv)
			result, err := db.Match(c.Context, inv.Components)
			if err != nil {
				return fmt.Errorf("matching %s: %w", ref, err)
			}
			if err := result.CheckAssessed(); err != nil {
				return fmt.Errorf("matching %s: %w", ref, err)
			}
			name, now := inv.Subject.Name, e.now()
			if err := writeOutputs(c.Context, e, outs,
				format{"table", func(w io.Writer) error { return report.ScanTable(w, name, result, now) }},
				format{"json", func(w io.Writer) error { return report.ScanJSON(w, name, result) }},
				format{"markdown", func(w io.Writer) error { return report.ScanMarkdown(w, name, result, now) }},
				format{"osv-scanner-json", func(w io.Writer) error { return report.OSVScannerJSON(w, name, result, db.Record) }},
			); err != nil {
				return err
			}
			return overThreshold(limit.Over(result.Findings), c.String("fail-on"))
		},
	}
}

// overThreshold ends a command with exit code 3 if there are such findings.
func overThreshold(over []vulndb.Finding, name string) error {
	if len(over) == 0 {
		return nil
	}
	return &resultError{code: exitFindings, msg: fmt.Sprintf("%d over the threshold (--fail-on %s)", len(over), name)}
}

// inventoryOf reads an SBOM or catalogues a package.
func inventoryOf(ctx context.Context, c *cli.Context, e *env, ref string) (*fnpkg.Inventory, error) {
	inv, stdin, err := readSBOM(ref, e.stdin)
	if err != nil || inv != nil {
		return inv, err
	}
	k, err := newCachedCataloguer(c, e)
	if err != nil {
		return nil, err
	}
	p, err := openWithLayers(ctx, c, e, ref, stdin)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return k.inventory(ctx, p)
}
