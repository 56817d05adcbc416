package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/sbom"
)

var sbomFormats = []string{"table", "cyclonedx-json", "json"}

func sbomCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "sbom",
		Usage:     "list what a function package ships",
		ArgsUsage: "TARGET [flags]",
		Description: `TARGET is a deployment or layer zip, a jar or war, a directory, or - for
standard input.

Examples:
  fnseal sbom app.zip
  fnseal sbom app.zip -o cyclonedx-json > app.cdx.json
  fnseal sbom app.zip -o table -o cyclonedx-json=app.cdx.json
  fnseal sbom ./build -o json`,
		Flags: append([]cli.Flag{outputFlag(sbomFormats...), timestampFlag()}, limitFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "TARGET")
			if err != nil {
				return err
			}
			outs, err := parseOutputs(c, sbomFormats...)
			if err != nil {
				return err
			}
			at, err := timestamp(c, e)
			if err != nil {
				return err
			}
			p, err := openPackage(c.Context, c, ref, e.stdin)
			if err != nil {
				return err
			}
			defer p.Close()
			inv, err := catalogue(c, e, p)
			if err != nil {
				return err
			}
			warnInventory(e, inv)
			return writeOutputs(c.Context, e, outs,
				format{"table", func(w io.Writer) error { return report.InventoryTable(w, inv) }},
				format{"json", func(w io.Writer) error { return report.InventoryJSON(w, inv) }},
				format{"cyclonedx-json", func(w io.Writer) error {
					return sbom.WriteCycloneDX(w, inv, sbom.Options{ToolVersion: toolVersion(), Timestamp: at})
				}},
			)
		},
	}
}

// warnInventory says aloud what makes an inventory less than it seems.
func warnInventory(e *env, inv *fnpkg.Inventory) {
	for _, row := range inv.Coverage {
		if row.State == fnpkg.CoverageNone {
			e.warn("%s: code without a component to account for it: %s", row.Ecosystem, row.Reason)
		}
	}
	if ambiguous := fnpkg.Ambiguities(inv.Hazards); len(ambiguous) > 0 {
		e.warn("%v", &fnpkg.AmbiguousError{Name: inv.Subject.Name, Hazards: ambiguous})
	}
}
