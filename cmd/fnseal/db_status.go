package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/vulndb"
)

// feedStatus is what "db status -o json" writes.
type feedStatus struct {
	Path       string   `json:"path"`
	Bytes      int64    `json:"bytes"`
	AgeSeconds int64    `json:"age_seconds"`
	Missing    []string `json:"missing_ecosystems"` // that scans had components of
	vulndb.Stamp
}

func dbStatusCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "say what the feed index holds and how old it is",
		ArgsUsage: "[flags]",
		Description: `Without an index, or with one that is older than --max-db-age, the exit code
is 5, as it is of a scan.

Examples:
  fnseal db status
  fnseal db status -o json --max-db-age 0`,
		Flags: []cli.Flag{outputFlag("table", "json"), dbFlag(), maxAgeFlag()},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			outs, err := parseOutputs(c, "table", "json")
			if err != nil {
				return err
			}
			limit, err := parseAge(c.String("max-db-age"))
			if err != nil {
				return usagef("--max-db-age: %v", err)
			}
			s, err := statusOf(c, e)
			if err != nil {
				return err
			}
			if err := writeOutputs(c.Context, e, outs,
				format{"table", func(w io.Writer) error { return s.table(w) }},
				format{"json", func(w io.Writer) error { return writeJSON(w, s) }},
			); err != nil {
				return err
			}
			return s.CheckAge(e.now(), limit)
		},
	}
}

func statusOf(c *cli.Context, e *env) (*feedStatus, error) {
	path, err := dbPath(c)
	if err != nil {
		return nil, err
	}
	db, err := vulndb.Open(path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	s := &feedStatus{Path: db.Path(), Stamp: db.Stamp(), Missing: []string{}}
	s.AgeSeconds = int64(s.Age(e.now()) / time.Second)
	if info, err := os.Stat(db.Path()); err == nil {
		s.Bytes = info.Size()
	}
	needed, err := vulndb.Needed(path, e.now())
	if err != nil {
		return nil, err
	}
	for _, ecosystem := range needed {
		if !db.Covers(ecosystem) {
			s.Missing = append(s.Missing, ecosystem)
		}
	}
	return s, nil
}

func (s *feedStatus) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ECOSYSTEM\tRECORDS\tNEWEST\tSOURCE")
	for _, from := range s.Sources {
		name := term.Clean(from.Ecosystem)
		if from.Own {
			name = "(own)"
		}
		records := fmt.Sprint(from.Records)
		if from.Unreadable > 0 {
			records += fmt.Sprintf(" (%d unreadable)", from.Unreadable)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, records, day(from.Newest), term.Clean(from.Location))
	}
	for _, scores := range []struct {
		name string
		from *vulndb.ScoreSource
	}{{"KEV", s.KEV}, {"EPSS", s.EPSS}} {
		if scores.from != nil {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", scores.name, scores.from.Count, day(scores.from.Released), term.Clean(scores.from.Location))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d records, %s, built %s (%s ago)\ncontent sha256 %s\n%s\n", s.Records, megabytes(s.Bytes),
		s.Built.Format(time.RFC3339), (time.Duration(s.AgeSeconds) * time.Second).String(), s.Content, filepath.ToSlash(s.Path))
	for _, ecosystem := range s.Missing {
		fmt.Fprintf(out, "scans had components of %s, which is not in the index\n", term.Clean(ecosystem))
	}
	return nil
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
