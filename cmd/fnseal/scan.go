package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/manifest"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/patch/vex"
	"github.com/fnseal/fnseal/policy"
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
			&cli.StringSliceFlag{Name: "fail-on", Usage: "exit 3 on `WHAT`: " + strings.Join(patch.Criteria(), ", ") + "; repeatable (default: any)"},
			&cli.StringFlag{Name: "policy", Usage: "judge by the scan section of `FILE` (default: " + policy.FileName + " in the working directory, if there is one; none for none)"},
			&cli.StringFlag{Name: "deadlines", Usage: "instead of the policy's, judge by the deadlines of `PRESET`: " + strings.Join(patch.Presets(), ", ")},
			&cli.StringFlag{Name: "as-of", Usage: "judge ages and deadlines on `DATE` (2026-12-31 or RFC 3339) instead of now"},
			&cli.StringFlag{Name: "state", Usage: "keep in `FILE` when findings were first seen; made if it is not there"},
			&cli.StringFlag{Name: "baseline", Usage: "count only what the report `FILE` (-o json) does not have"},
			&cli.StringSliceFlag{Name: "vex", Usage: "set aside what `FILE` says does not matter (OpenVEX, CycloneDX, CSAF), repeatable"},
			timestampFlag(),
		}, append(onlineFlags(), packageFlags()...)...),
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
	s := &scan{c: c, e: e}
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
	c *cli.Context
	e *env

	outs      []output
	threshold patch.Threshold
	options   patch.Options
	sources   *manifest.Index // nil without --with
	stamp     time.Time       // of documents
	statePath string

	invs []*fnpkg.Inventory // kept for documents that list components
}

// prepare reads what the command line says before any work is done.
func (s *scan) prepare() (err error) {
	c, e := s.c, s.e
	if s.outs, err = parseOutputs(c, scanFormats...); err != nil {
		return err
	}
	criteria := c.StringSlice("fail-on")
	if len(criteria) == 0 {
		criteria = []string{"any"}
	}
	if s.threshold, err = patch.ParseThreshold(criteria...); err != nil {
		return usagef("--fail-on: %v", err)
	}
	if s.stamp, err = timestamp(c, e); err != nil {
		return err
	}
	s.options = patch.Options{AsOf: e.now()}
	if text := c.String("as-of"); text != "" {
		if s.options.AsOf, err = parseDate(text); err != nil {
			return usagef("--as-of: %v", err)
		}
	}
	if err := s.readPolicy(); err != nil {
		return err
	}
	if name := c.String("deadlines"); name != "" {
		known := false
		if s.options.Deadlines, known = patch.Preset(name); !known {
			return hint(usagef("--deadlines: there is no preset %q", name), "one of %s", strings.Join(patch.Presets(), ", "))
		}
	}
	if err := s.readState(); err != nil {
		return err
	}
	if path := c.String("baseline"); path != "" {
		if s.options.Baseline, err = readFileWith(path, report.ReadBaseline); err != nil {
			return fmt.Errorf("--baseline: reading %s: %w", path, err)
		}
	}
	for _, path := range c.StringSlice("vex") {
		statements, err := readVEX(path)
		if err != nil {
			return fmt.Errorf("--vex: reading %s: %w", path, err)
		}
		s.options.VEX = append(s.options.VEX, statements...)
	}
	return s.readSources()
}

// parseDate reads a day or an instant.
func parseDate(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a day such as 2026-12-31 nor a time such as 2026-12-31T12:00:00Z", text)
	}
	return t.UTC(), nil
}

// readPolicy reads how the policy file wants findings judged.
func (s *scan) readPolicy() error {
	path := s.c.String("policy")
	switch path {
	case "none":
		return nil
	case "":
		path = policy.FileName
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		s.e.detail("judging by %s", path)
	}
	sources, err := policy.Load(path, os.ReadFile)
	if err != nil {
		return err
	}
	s.options.Deadlines, s.options.Ignore = sources.Judgement()
	return nil
}

// readState reads when findings were first seen.
func (s *scan) readState() error {
	s.statePath = s.c.String("state")
	if s.statePath == "" {
		if s.options.Deadlines.From == patch.ClockFirstSeen {
			s.e.note("deadlines count from when a finding is first seen: keep that with --state FILE")
		}
		return nil
	}
	if err := checkWritable(s.statePath); err != nil {
		return usagef("--state %s: %v", s.statePath, err)
	}
	seen, err := readFileWith(s.statePath, patch.ReadSeen)
	if errors.Is(err, os.ErrNotExist) {
		seen, err = patch.NewSeen(), nil
	}
	if err != nil {
		return fmt.Errorf("--state: reading %s: %w", s.statePath, err)
	}
	s.options.Seen = seen
	return nil
}

// stageState adds the state to what appears together.
func (s *scan) stageState(outs *staged) error {
	if s.options.Seen == nil {
		return nil
	}
	return outs.add([]output{{format: "state", path: s.statePath}}, format{"state", s.options.Seen.Write})
}

// readSources reads where in the source tree packages are named.
func (s *scan) readSources() error {
	var all []*manifest.Index
	for _, path := range s.c.StringSlice("with") {
		x, err := manifest.Read(s.c.Context, path)
		if errors.Is(err, manifest.ErrNone) {
			continue // a bundler's report, for the catalogue
		}
		if err != nil {
			return fmt.Errorf("--with: %w", err)
		}
		all = append(all, x)
	}
	if len(all) == 0 {
		return nil
	}
	s.sources = manifest.Join(all...)
	s.options.Managers = map[string]string{}
	for _, name := range s.sources.Names() {
		switch m := patch.Manager(name); m {
		case "":
		case "poetry", "uv", "pipenv":
			s.options.Managers["pypi"] = m
		default:
			s.options.Managers["npm"] = m
		}
	}
	return nil
}

func readVEX(path string) ([]vex.Statement, error) {
	return readFileWith(path, func(r io.Reader) ([]vex.Statement, error) {
		data, err := io.ReadAll(io.LimitReader(r, vex.MaxBytes+1))
		if err != nil {
			return nil, err
		}
		return vex.Parse(data, path)
	})
}

// readFileWith opens a file and hands it to read.
func readFileWith[T any](path string, read func(io.Reader) (T, error)) (T, error) {
	f, err := os.Open(path)
	if err != nil {
		var none T
		return none, err
	}
	defer f.Close()
	return read(f)
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

// verdict ends the command with exit code 3 if too much was found.
func (s *scan) verdict(p *patch.Plan) error {
	n := s.threshold.Over(p)
	if n == 0 {
		return nil
	}
	criteria := s.c.StringSlice("fail-on")
	if len(criteria) == 0 {
		criteria = []string{"any"}
	}
	what := "over the threshold"
	if p.Baseline {
		what = "new and over the threshold"
	}
	return &resultError{code: exitFindings, msg: fmt.Sprintf("%d %s (--fail-on %s)", n, what, strings.Join(criteria, " --fail-on "))}
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

// overThreshold ends a command with exit code 3 if there are such findings.
func overThreshold(over []vulndb.Finding, name string) error {
	if len(over) == 0 {
		return nil
	}
	return &resultError{code: exitFindings, msg: fmt.Sprintf("%d over the threshold (--fail-on %s)", len(over), name)}
}
