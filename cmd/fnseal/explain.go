package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/nearest"
	"github.com/fnseal/fnseal/report"
)

func explainCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "say what an advisory, a hazard or a check means, and what to do",
		ArgsUsage: "ID [flags]",
		Description: `ID is an advisory of the feed (CVE-…, GHSA-…, MAL-…, any alias), a hazard of a
package, a check of the verdict, or a word of --fail-on. fnseal explain list
lists those that are not advisories.

Examples:
  fnseal explain CVE-2021-44228
  fnseal explain duplicate-name
  fnseal explain signature
  fnseal explain list`,
		Flags: []cli.Flag{outputFlag("text", "json"), dbFlag()},
		Action: func(c *cli.Context) error {
			id, err := oneArg(c, "ID")
			if err != nil {
				return err
			}
			outs, err := parseOutputs(c, "text", "json")
			if err != nil {
				return err
			}
			if id == "list" {
				return writeAll(e.stdout, []byte(strings.Join(report.Explained(), "\n")+"\n"))
			}
			what, ok := report.Explain(id)
			if !ok {
				if what, err = explainAdvisory(c, id); err != nil {
					return err
				}
			}
			return writeOutputs(c.Context, e, outs,
				format{"text", func(w io.Writer) error { return report.ExplainText(w, what) }},
				format{"json", func(w io.Writer) error { return report.ExplainJSON(w, what) }},
			)
		},
	}
}

// explainAdvisory asks the feed.
func explainAdvisory(c *cli.Context, id string) (report.Explanation, error) {
	if id == strings.ToLower(id) { // no advisory's id is
		err := usagef("there is no hazard, check or advisory %q", id)
		if s := nearest.Word(id, report.Explained()); s != "" {
			return report.Explanation{}, hint(err, "did you mean %q?", s)
		}
		return report.Explanation{}, hint(err, "fnseal explain list")
	}
	db, err := openIndex(c)
	if err != nil {
		return report.Explanation{}, err
	}
	defer db.Close()
	d, err := db.Defect(id)
	if err != nil {
		return report.Explanation{}, err
	}
	if d == nil {
		return report.Explanation{}, hint(fmt.Errorf("the feed knows nothing of %s", id), "fnseal db status says which feeds there are")
	}
	details := ""
	for _, record := range d.Records {
		text, err := db.Record(record)
		if err != nil {
			return report.Explanation{}, err
		}
		var told struct {
			Details string `json:"details"`
		}
		// A record whose details are no text has none.
		if json.Unmarshal(text, &told) == nil && len(told.Details) > len(details) {
			details = told.Details
		}
	}
	return report.ExplainAdvisory(d, details), nil
}
