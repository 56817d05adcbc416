package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/manifest"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/patch/vex"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/report"
)

// judgementFlags say how what was found is judged; failOn is what counts
// without --fail-on.
func judgementFlags(failOn string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "fail-on", Usage: "exit 3 on `WHAT`: " + strings.Join(patch.Criteria(), ", ") + "; repeatable (default: " + failOn + ")"},
		&cli.StringFlag{Name: "policy", Usage: "judge by the scan section of `FILE` (default: " + policy.FileName + " in the working directory, if there is one; none for none)"},
		&cli.StringFlag{Name: "deadlines", Usage: "instead of the policy's, judge by the deadlines of `PRESET`: " + strings.Join(patch.Presets(), ", ")},
		&cli.StringFlag{Name: "as-of", Usage: "judge ages and deadlines on `DATE` (2026-12-31 or RFC 3339) instead of now"},
		&cli.StringFlag{Name: "state", Usage: "keep in `FILE` when findings were first seen; made if it is not there"},
		&cli.StringFlag{Name: "baseline", Usage: "count only what the report `FILE` (of scan -o json) does not have"},
		&cli.StringSliceFlag{Name: "vex", Usage: "set aside what `FILE` says does not matter (OpenVEX, CycloneDX, CSAF), repeatable"},
	}
}

// judgement is what judgementFlags were given.
type judgement struct {
	c      *cli.Context
	e      *env
	failOn string // what counts without --fail-on

	threshold patch.Threshold
	options   patch.Options
	sources   *manifest.Index // nil without --with
	statePath string
}

// criteria are what --fail-on names.
func (s *judgement) criteria() []string {
	if named := s.c.StringSlice("fail-on"); len(named) > 0 {
		return named
	}
	return []string{s.failOn}
}

// read reads what the command line says and the files it names.
func (s *judgement) read() (err error) {
	c, e := s.c, s.e
	if s.threshold, err = patch.ParseThreshold(s.criteria()...); err != nil {
		return usagef("--fail-on: %v", err)
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
func (s *judgement) readPolicy() error {
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
	sources, err := loadPolicy(path)
	if err != nil {
		return err
	}
	s.options.Deadlines, s.options.Ignore = sources.Judgement()
	return nil
}

// readState reads when findings were first seen.
func (s *judgement) readState() error {
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
func (s *judgement) stageState(outs *staged) error {
	if s.options.Seen == nil {
		return nil
	}
	return outs.add([]output{{format: "state", path: s.statePath}}, format{"state", s.options.Seen.Write})
}

// readSources reads where in the source tree packages are named.
func (s *judgement) readSources() error {
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

// verdict ends the command with exit code 3 if too much was found.
func (s *judgement) verdict(p *patch.Plan) error {
	n := s.threshold.Over(p)
	if n == 0 {
		return nil
	}
	what := "over the threshold"
	if p.Baseline {
		what = "new and over the threshold"
	}
	return &resultError{code: exitFindings, msg: fmt.Sprintf("%d %s (--fail-on %s)", n, what, strings.Join(s.criteria(), " --fail-on "))}
}
