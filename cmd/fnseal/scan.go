package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/sbom"
	"github.com/fnseal/fnseal/vulndb"
)

var scanFormats = []string{"table", "json", "markdown", "html", "sarif", "cyclonedx-json", "openvex-json", "osv-scanner-json", "github"}

func scanCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "scan",
		Usage:     "plan what to patch in packages or SBOMs, to which version, by when",
		ArgsUsage: "TARGET-or-SBOM… [flags]",
		Description: `Arguments are function packages as for "fnseal sbom", SBOMs in CycloneDX or SPDX
made by any tool, or directories of SBOMs (a fleet); one plan is made for all.
Without a feed to ask the command fails with exit code 5; it never reports
"no findings" for want of data.

--fail-on is a severity (with all that are worse), kev (known to be exploited),
overdue or malicious; repeated, each is enough. Malicious packages always count.
--baseline compares with an earlier report (-o json): only what is new counts.

Examples:
  fnseal scan app.zip
  fnseal scan app.zip --fail-on high --fail-on kev -o table -o html=plan.html
  fnseal scan orders.zip billing.zip --layer shared.zip --deadlines fedramp-rev5 --state seen.json
  fnseal scan sboms/ -o json=fleet.json --as-of 2026-12-01
  fnseal scan app.zip --online --private '@acme'
  fnseal scan app.zip --with . -o sarif=fnseal.sarif --baseline main.json
  fnseal scan app.zip --vex vendor.openvex.json -o cyclonedx-json=app.vex.cdx.json`,
		Flags: append([]cli.Flag{
			outputFlag(scanFormats...), dbFlag(), maxAgeFlag(),
			timestampFlag(),
		}, append(judgementFlags("any"), append(onlineFlags(), packageFlags()...)...)...),
		Action: func(c *cli.Context) error { return scanTargets(c, e) },
	}
}

// scanTargets is the command.
func scanTargets(c *cli.Context, e *env) error {
	if c.NArg() == 0 {
		return hint(usagef("fnseal scan needs TARGET"), "fnseal scan --help")
	}
	if slices.Contains(c.Args().Slice(), "") {
		return usagef("TARGET is empty")
	}
	s := &scan{judgement: judgement{c: c, e: e, failOn: "any"}}
	if err := s.prepare(); err != nil {
		return err
	}
	db, err := openFeed(c, e)
	if err != nil {
		return err
	}
	defer db.Close()
	plan, err := s.plan(c.Context, db)
	if err != nil {
		return err
	}
	outs, err := stage(s.outs, s.formats(plan, db)...)
	if err != nil {
		return err
	}
	defer outs.discard()
	if err := s.stageState(outs); err != nil {
		return err
	}
	if err := outs.commit(c.Context, e); err != nil {
		return err
	}
	return s.verdict(plan)
}

// scan is one run of the command.
type scan struct {
	judgement

	outs  []output
	stamp time.Time          // of documents
	invs  []*fnpkg.Inventory // kept for documents that list components
}

// prepare reads what the command line says before any work is done.
func (s *scan) prepare() (err error) {
	c, e := s.c, s.e
	if s.outs, err = parseOutputs(c, scanFormats...); err != nil {
		return err
	}
	if s.stamp, err = timestamp(c, e); err != nil {
		return err
	}
	return s.read()
}

// plan matches all targets and plans for them.
func (s *scan) plan(ctx context.Context, db *vulndb.DB) (*patch.Plan, error) {
	keep := slices.ContainsFunc(s.outs, func(o output) bool { return o.format == "cyclonedx-json" })
	builder, matcher := patch.NewBuilder(s.options), db.NewMatcher()
	needs := &vulndb.Result{} // of all inputs together
	err := s.eachInventory(ctx, func(in input, inv *fnpkg.Inventory) error {
		result, err := matcher.Match(ctx, inv.Components)
		if err != nil {
			return fmt.Errorf("matching %s: %w", in.ref, err)
		}
		if err := result.CheckAssessed(); err != nil {
			if !in.fleet {
				return fmt.Errorf("matching %s: %w", in.ref, err)
			}
			s.e.warn("%s: %v", in.ref, err)
		}
		needs.Ecosystems = append(needs.Ecosystems, result.Ecosystems...)
		slices.Sort(needs.Ecosystems)
		needs.Ecosystems = slices.Compact(needs.Ecosystems)
		builder.Add(inv, result, s.c.String("runtime"))
		if keep {
			s.invs = append(s.invs, inv)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rememberNeeds(s.c, s.e, needs)
	return builder.Plan(ctx, patch.FeedOf(matcher))
}

// formats are the ways to show a plan.
func (s *scan) formats(p *patch.Plan, db *vulndb.DB) []format {
	style := report.Style{Color: s.e.out.Color}
	return []format{
		{"table", func(w io.Writer) error { return report.PlanText(w, p, style) }},
		{"json", func(w io.Writer) error { return report.PlanJSON(w, p) }},
		{"markdown", func(w io.Writer) error { return report.PlanMarkdown(w, p) }},
		{"html", func(w io.Writer) error { return report.PlanHTML(w, p, toolVersion()) }},
		{"sarif", func(w io.Writer) error { return report.PlanSARIF(w, p, s.sources, toolVersion()) }},
		{"cyclonedx-json", func(w io.Writer) error {
			return report.PlanCycloneDX(w, p, s.invs, sbom.Options{ToolVersion: toolVersion(), Timestamp: s.stamp})
		}},
		{"openvex-json", func(w io.Writer) error { return report.PlanOpenVEX(w, p, "fnseal", "fnseal "+toolVersion()) }},
		{"osv-scanner-json", func(w io.Writer) error { return report.OSVScannerJSON(w, p, db.Record) }},
		{"github", func(w io.Writer) error { return report.PlanAnnotations(w, p) }},
	}
}
