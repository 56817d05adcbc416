package main

import (
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/atomicfile"
	"github.com/fnseal/fnseal/vulndb"
)

func dbVerifyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "read the whole feed index and compare all checksums",
		ArgsUsage: "[flags]",
		Description: `Damage ends the command with exit code 1.

Examples:
  fnseal db verify
  fnseal db verify --db osv.db`,
		Flags: []cli.Flag{dbFlag()},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			db, err := openIndex(c)
			if err != nil {
				return err
			}
			defer db.Close()
			progress := e.newProgress()
			err = db.Verify(c.Context, func(done, total int64) { progress.Count("verify", done, total) })
			progress.Done()
			if err != nil {
				return fmt.Errorf("verifying the advisory feed: %w", err)
			}
			e.note("%s: %d records, content sha256 %s", db.Path(), db.Stamp().Records, db.Stamp().Content)
			return nil
		},
	}
}

func dbExportCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write the feed index into a file for another machine",
		ArgsUsage: "FILE [flags]",
		Description: `Standard output gets the file's sha256 and name, as sha256sum writes them. Bring
the hash to the other machine by another way than the file.

Examples:
  fnseal db export osv.fnsealdb
  fnseal db export osv.fnsealdb > osv.fnsealdb.sha256`,
		Flags: []cli.Flag{dbFlag()},
		Action: func(c *cli.Context) error {
			file, err := oneArg(c, "FILE")
			if err != nil {
				return err
			}
			db, err := openIndex(c)
			if err != nil {
				return err
			}
			defer db.Close()
			f, err := atomicfile.Create(file, 0o644)
			if err != nil {
				return err
			}
			defer f.Discard()
			sum, err := db.Export(c.Context, f.File)
			if err != nil {
				return err
			}
			if err := f.Commit(); err != nil {
				return err
			}
			return writeAll(e.stdout, fmt.Appendf(nil, "%s  %s\n", sum, filepath.Base(file)))
		},
	}
}

func dbImportCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "take in a feed index that was exported elsewhere",
		ArgsUsage: "FILE --sha256 HEX [flags]",
		Description: `The file is opened only if its hash is the one given; then all of it is
verified. The feed stays as old as it was when it was updated.

Examples:
  fnseal db import osv.fnsealdb --sha256 52041da7…`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "sha256", Usage: "the file's hash as `HEX`, as db export told it"},
			dbFlag(),
		},
		Action: func(c *cli.Context) error {
			file, err := oneArg(c, "FILE")
			if err != nil {
				return err
			}
			sum := c.String("sha256")
			if sum == "" {
				return hint(usagef("no --sha256 to compare %s with", file), "fnseal db export tells it, on the machine the file is from")
			}
			if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
				return usagef("--sha256: %q is no sha256 in hexadecimal", sum)
			}
			path, err := dbPath(c)
			if err != nil {
				return err
			}
			stamp, err := vulndb.Import(c.Context, path, file, sum)
			if err != nil {
				return err
			}
			e.note("took in %d records, built %s", stamp.Records, stamp.Built.Format("2006-01-02 15:04 MST"))
			return nil
		},
	}
}

// openIndex opens the feed index, however old it is.
func openIndex(c *cli.Context) (*vulndb.DB, error) {
	path, err := dbPath(c)
	if err != nil {
		return nil, err
	}
	return vulndb.Open(path)
}
