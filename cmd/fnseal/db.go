package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/vulndb"
)

func dbCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:        "db",
		Usage:       "fetch the advisory feed that scans ask",
		Subcommands: []*cli.Command{dbUpdateCommand(e)},
	}
}

func dbUpdateCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "update",
		Usage:     "read OSV archives into one index",
		ArgsUsage: "--source DIR-or-URL [flags]",
		Description: `The source is laid out as the public OSV bucket: ecosystems.txt and, for each
ecosystem, ECOSYSTEM/all.zip. The new index replaces the old one when it is
complete; until then, and after any failure, the old one is used.

Examples:
  fnseal db update --source https://feed.example/osv --ecosystem npm --ecosystem PyPI
  fnseal db update --source ./osv-mirror --db osv.db`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "source", Usage: "`DIR-or-URL` to read, repeatable"},
			&cli.StringSliceFlag{Name: "ecosystem", Usage: "read only `ECOSYSTEM` (npm, PyPI, Go, …), repeatable (default: all the source has)"},
			dbFlag(),
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			if len(c.StringSlice("source")) == 0 {
				return hint(usagef("no --source to read the feed from"), "fnseal db update --help")
			}
			path, err := dbPath(c)
			if err != nil {
				return err
			}
			progress := term.NewProgress(e.stderr, e.err)
			stamp, err := vulndb.Update(c.Context, vulndb.UpdateOptions{
				Sources:    c.StringSlice("source"),
				Ecosystems: c.StringSlice("ecosystem"),
				Path:       path,
				Now:        e.now,
				Progress: func(p vulndb.UpdateProgress) {
					stage := strings.TrimSpace(string(p.Phase) + " " + p.Ecosystem)
					if p.Phase == vulndb.PhaseDownload {
						progress.Bytes(stage, p.Done, p.Total)
					} else {
						progress.Count(stage, p.Done, p.Total)
					}
				},
				Warn: func(w vulndb.Warning) {
					if w.Kept {
						e.detail("%s: record %s: %v", w.Ecosystem, w.Record, w.Err)
						return
					}
					e.warn("%s: record %s is not in the index: %v", w.Ecosystem, w.Record, w.Err)
				},
			})
			progress.Done()
			if err != nil {
				return fmt.Errorf("updating the advisory feed: %w", err)
			}
			for _, s := range stamp.Sources {
				e.note("%s: %d records from %s", s.Ecosystem, s.Records, s.Location)
			}
			e.note("wrote %s: %d records", path, stamp.Records)
			return nil
		},
	}
}
