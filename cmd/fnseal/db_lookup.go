package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/sbom/purl"
	"github.com/fnseal/fnseal/vulndb"
)

func dbLookupCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "lookup",
		Usage:     "show what the feed says of an advisory or of a package",
		ArgsUsage: "ID-or-PURL [flags]",
		Description: `An ID is that of a record or an alias, such as CVE-2021-44228. A package URL
without a version asks for all advisories of the package; with one, the table
tells which of them affect it. JSON of an ID holds the records as published.

Examples:
  fnseal db lookup CVE-2021-44228
  fnseal db lookup GHSA-35jh-r3h4-6jhm -o json
  fnseal db lookup pkg:npm/lodash@4.17.15`,
		Flags: []cli.Flag{outputFlag("table", "json"), dbFlag()},
		Action: func(c *cli.Context) error {
			what, err := oneArg(c, "ID-or-PURL")
			if err != nil {
				return err
			}
			outs, err := parseOutputs(c, "table", "json")
			if err != nil {
				return err
			}
			db, err := openIndex(c)
			if err != nil {
				return err
			}
			defer db.Close()
			var table, asJSON func(io.Writer) error
			if strings.HasPrefix(what, "pkg:") {
				table, asJSON, err = lookupPackage(db, what)
			} else {
				table, asJSON, err = lookupID(db, what)
			}
			if err != nil {
				return err
			}
			return writeOutputs(c.Context, e, outs, format{"table", table}, format{"json", asJSON})
		},
	}
}

// defectJSON is what "db lookup ID -o json" writes.
type defectJSON struct {
	ID      string            `json:"id"`
	Aliases []string          `json:"aliases"`
	KEV     *vulndb.KEV       `json:"kev,omitempty"`
	EPSS    *vulndb.EPSS      `json:"epss,omitempty"`
	Records []json.RawMessage `json:"records"` // as published
}

func lookupID(db *vulndb.DB, id string) (table, asJSON func(io.Writer) error, err error) {
	d, err := db.Defect(id)
	if err != nil {
		return nil, nil, err
	}
	if d == nil {
		return nil, nil, fmt.Errorf("the feed knows nothing of %s", id)
	}
	out := defectJSON{ID: d.ID, Aliases: append([]string{}, d.Aliases...), KEV: d.KEV, EPSS: d.EPSS, Records: []json.RawMessage{}}
	for _, record := range d.Records {
		text, err := db.Record(record)
		if err != nil {
			return nil, nil, err
		}
		out.Records = append(out.Records, text)
	}
	table = func(w io.Writer) error {
		fmt.Fprintf(w, "%s  %s\n", d.ID, d.Severity)
		if len(d.Aliases) > 0 {
			fmt.Fprintf(w, "aliases: %s\n", term.Clean(strings.Join(d.Aliases, " ")))
		}
		if d.Summary != "" {
			fmt.Fprintln(w, term.Clean(d.Summary))
		}
		if d.KEV != nil {
			fmt.Fprintf(w, "known to be exploited: listed %s, due %s\n", day(d.KEV.Added), day(d.KEV.Due))
		}
		if d.EPSS != nil {
			fmt.Fprintf(w, "EPSS %.5f (percentile %.3f)\n", d.EPSS.Probability, d.EPSS.Percentile)
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "\nRECORD\tECOSYSTEM\tPACKAGE\tAFFECTED")
		for _, a := range d.Affected {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", term.Clean(a.Record), term.Clean(a.Ecosystem), term.Clean(a.Package), term.Clean(a.Versions))
		}
		return t.Flush()
	}
	return table, func(w io.Writer) error { return writeJSON(w, out) }, nil
}

// packageJSON is what "db lookup PURL -o json" writes.
type packageJSON struct {
	Ecosystem  string         `json:"ecosystem"`
	Package    string         `json:"package"`
	Version    string         `json:"version,omitempty"`
	Affecting  []string       `json:"affecting"` // of the advisories, those that affect the version
	Reason     string         `json:"not_assessed,omitempty"`
	Advisories []advisoryJSON `json:"advisories"`
}

type advisoryJSON struct {
	ID       string   `json:"id"`
	Severity string   `json:"severity"`
	Fixed    []string `json:"fixed"`
	Summary  string   `json:"summary"`
}

func lookupPackage(db *vulndb.DB, text string) (table, asJSON func(io.Writer) error, err error) {
	u, err := purl.Parse(text)
	if err != nil {
		return nil, nil, usagef("%v", err)
	}
	c := fnpkg.Component{PURL: u.Text, Type: u.Type, Name: u.Name, Version: u.Version, Origin: fnpkg.OriginDeclared}
	m := db.NewMatcher()
	p, reason, err := m.Package(c)
	if err != nil {
		return nil, nil, err
	}
	if p == nil {
		return nil, nil, fmt.Errorf("%s cannot be looked up: %s", text, reason)
	}
	out := packageJSON{Ecosystem: p.Ecosystem, Package: p.Name, Version: c.Version, Affecting: []string{}, Reason: reason, Advisories: []advisoryJSON{}}
	affecting := map[string]bool{}
	if c.Version != "" {
		ids, undecided, err := p.Affecting(c.Version)
		if err != nil {
			return nil, nil, err
		}
		out.Affecting = append(out.Affecting, ids...)
		if out.Reason == "" {
			out.Reason = undecided
		}
		for _, id := range ids {
			affecting[id] = true
		}
	}
	findings, err := m.Advisories(c)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range findings {
		out.Advisories = append(out.Advisories, advisoryJSON{f.ID, string(f.Severity), append([]string{}, f.Fixed...), f.Summary})
	}
	table = func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "AFFECTED\tADVISORY\tSEVERITY\tFIXED\tSUMMARY")
		for _, a := range out.Advisories {
			mark := "-"
			switch {
			case affecting[a.ID]:
				mark = "yes"
			case c.Version != "":
				mark = "no"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", mark, term.Clean(a.ID), a.Severity, term.Clean(strings.Join(a.Fixed, " ")), term.Clean(a.Summary))
		}
		if err := t.Flush(); err != nil {
			return err
		}
		if out.Reason != "" {
			fmt.Fprintf(w, "not assessed: %s\n", term.Clean(out.Reason))
		}
		return nil
	}
	return table, func(w io.Writer) error { return writeJSON(w, out) }, nil
}
