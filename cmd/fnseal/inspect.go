package main

import (
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/inspect"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/report"
)

var inspectFormats = []string{"text", "json", "markdown"}

func inspectCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "say what a function package is and what it is made for",
		ArgsUsage: "TARGET [flags]",
		Description: `TARGET is a deployment or layer zip, a jar or war, a directory, or - for
standard input. What makes it dangerous to read is reported, not refused.

The state of a runtime is that on the day of --as-of, by a table of dates that
is part of this program; a runtime that is not in it is unknown, never fine.

Examples:
  fnseal inspect app.zip
  fnseal inspect app.zip --runtime python3.12
  fnseal inspect app.zip --runtime nodejs20.x --as-of 2027-03-03 -o json
  fnseal inspect ./build`,
		Flags: append([]cli.Flag{
			outputFlag(inspectFormats...),
			&cli.StringFlag{Name: "runtime", Usage: "the runtime it is deployed on is `NAME`, as in python3.12"},
			&cli.StringFlag{Name: "as-of", Usage: "judge the runtime's lifecycle on `DAY`, as in 2027-03-03 (default: today)"},
		}, targetFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "TARGET")
			if err != nil {
				return err
			}
			outs, err := parseOutputs(c, inspectFormats...)
			if err != nil {
				return err
			}
			asOf, err := dayFlag(c, e, "as-of")
			if err != nil {
				return err
			}
			l, err := limits(c)
			if err != nil {
				return err
			}
			p, err := openPackage(c.Context, c, e, ref, e.stdin)
			if err != nil {
				return err
			}
			defer p.Close()
			r, err := inspect.Inspect(c.Context, p, inspect.Options{Runtime: c.String("runtime"), AsOf: asOf, Limits: l})
			if err != nil {
				return err
			}
			warnInspect(e, r)
			return writeOutputs(c.Context, e, outs,
				format{"text", func(w io.Writer) error { return report.InspectText(w, r) }},
				format{"json", func(w io.Writer) error { return report.InspectJSON(w, r) }},
				format{"markdown", func(w io.Writer) error { return report.InspectMarkdown(w, r) }},
			)
		},
	}
}

// dayFlag reads a flag that names a day, today where it is not given.
func dayFlag(c *cli.Context, e *env, name string) (time.Time, error) {
	s := c.String(name)
	if s == "" {
		return e.now().UTC().Truncate(24 * time.Hour), nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, usagef("--%s: %q is not a day such as 2027-03-03", name, s)
	}
	return t, nil
}

// warnInspect says aloud what must not be overlooked in a long report.
func warnInspect(e *env, r *inspect.Report) {
	if ambiguous := fnpkg.Ambiguities(r.Hazards); len(ambiguous) > 0 {
		err := &fnpkg.AmbiguousError{Name: r.Subject.Name, Hazards: ambiguous}
		e.warn("%s", term.Clean(err.Error()))
	}
	if r.Unread.Count > 0 {
		e.warn("%s: %d of its files could not be read", term.Clean(r.Subject.Name), r.Unread.Count)
	}
}
