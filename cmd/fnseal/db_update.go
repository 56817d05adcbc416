package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/vulndb"
)

// publicFeed is what the source "osv" stands for.
const publicFeed = "https://storage.googleapis.com/osv-vulnerabilities"

// functionEcosystems are what functions are written in: what is fetched of the
// public feed, which has several gigabytes, before a scan has told what it
// needs.
var functionEcosystems = []string{"Go", "Maven", "npm", "NuGet", "Packagist", "PyPI", "RubyGems", "crates.io"}

func dbUpdateCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "update",
		Usage:     "bring the feed index up to date",
		ArgsUsage: "[flags]",
		Description: `A source is "osv" (the public feed), or a URL or folder laid out as its bucket:
ECOSYSTEM/all.zip, ECOSYSTEM/modified_id.csv, ecosystems.txt. A folder of OSV
records as JSON files is a source of own advisories; they stand beside the
feeds and are sent nowhere. Without --source it is the public feed.

Of the public feed the ecosystems are fetched that scans had components of in
the last 90 days; before the first scan, those that functions are written in.
Other sources are read as a whole. --ecosystem names them instead.

Only what has changed is fetched, and a download that was cut off is gone on
with. The new index replaces the old one when it is complete; until then, and
after any failure, the old one is used. HTTPS_PROXY and NO_PROXY are honoured.

Examples:
  fnseal db update
  fnseal db update --source osv --source ./our-advisories --ecosystem npm --ecosystem PyPI
  fnseal db update --source https://mirror.example/osv --ca-file corp.pem
  fnseal db update --kev known_exploited_vulnerabilities.json --epss epss_scores-current.csv.gz`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "source", Usage: "`SOURCE` to read: osv, a URL or a folder; repeatable (default: osv)", EnvVars: []string{"FNSEAL_DB_SOURCE"}},
			&cli.StringSliceFlag{Name: "ecosystem", Usage: "read only `ECOSYSTEM` (npm, PyPI, Go, Debian:12, …), repeatable"},
			&cli.StringFlag{Name: "kev", Usage: "take CISA's catalogue of exploited vulnerabilities from `FILE-or-URL` (JSON)", EnvVars: []string{"FNSEAL_KEV"}},
			&cli.StringFlag{Name: "epss", Usage: "take EPSS scores from `FILE-or-URL` (CSV, may be gzipped)", EnvVars: []string{"FNSEAL_EPSS"}},
			caFileFlag(), dbFlag(),
		},
		Action: func(c *cli.Context) error { return updateFeed(c, e) },
	}
}

func updateFeed(c *cli.Context, e *env) error {
	if err := noArgs(c); err != nil {
		return err
	}
	path, err := dbPath(c)
	if err != nil {
		return err
	}
	o := vulndb.UpdateOptions{
		Sources:    c.StringSlice("source"),
		Ecosystems: c.StringSlice("ecosystem"),
		KEV:        c.String("kev"),
		EPSS:       c.String("epss"),
		Path:       path,
		Now:        e.now,
	}
	if o.HTTPClient, err = feedClient(c); err != nil {
		return err
	}
	if err := choosePublic(e, &o); err != nil {
		return err
	}
	before := stampOf(path)
	progress := e.newProgress()
	o.Progress = func(p vulndb.UpdateProgress) {
		stage := strings.TrimSpace(string(p.Phase) + " " + p.Ecosystem)
		if p.InRecords || p.Total < 0 && p.Done == 0 {
			progress.Count(stage, p.Done, p.Total)
		} else {
			progress.Bytes(stage, p.Done, p.Total)
		}
	}
	o.Warn = func(w vulndb.Warning) { warnRecord(e, w) }
	start := time.Now()
	stamp, err := vulndb.Update(c.Context, o)
	progress.Done()
	if err != nil {
		return fmt.Errorf("updating the advisory feed: %w", err)
	}
	for _, s := range stamp.Sources {
		name := s.Ecosystem
		if s.Own {
			name = "own advisories"
		}
		e.note("%s: %d records from %s", name, s.Records, s.Location)
	}
	if before != nil && before.KEV != nil && stamp.KEV == nil {
		e.warn("the index before had the catalogue of exploited vulnerabilities, this one has not: name it with --kev")
	}
	if before != nil && before.EPSS != nil && stamp.EPSS == nil {
		e.warn("the index before had EPSS scores, this one has not: name them with --epss")
	}
	if before != nil && before.Content == stamp.Content {
		e.note("wrote %s: %d records, as before (%s)", path, stamp.Records, time.Since(start).Round(time.Millisecond))
		return nil
	}
	e.note("wrote %s: %d records (%s)", path, stamp.Records, time.Since(start).Round(time.Millisecond))
	return nil
}

// choosePublic puts the public feed's address where it is meant, and chooses
// what to fetch of it.
func choosePublic(e *env, o *vulndb.UpdateOptions) error {
	if len(o.Sources) == 0 {
		o.Sources = []string{"osv"}
	}
	public := false
	o.Sources = slices.Clone(o.Sources)
	for i, s := range o.Sources {
		if s == "osv" {
			o.Sources[i], public = publicFeed, true
		}
	}
	if !public || len(o.Ecosystems) > 0 {
		return nil
	}
	needed, err := vulndb.Needed(o.Path, e.now())
	if err != nil {
		return err
	}
	if len(needed) == 0 {
		e.note("no scan has told yet which ecosystems are needed: fetching %s; --ecosystem names others", strings.Join(functionEcosystems, ", "))
		o.Ecosystems = functionEcosystems
		return nil
	}
	o.Ecosystems, o.SkipMissing = needed, true
	return nil
}

// stampOf returns the stamp of the index at path; nil if there is none that
// can be read.
func stampOf(path string) *vulndb.Stamp {
	db, err := vulndb.Open(path)
	if err != nil {
		return nil
	}
	defer db.Close()
	s := db.Stamp()
	return &s
}

func warnRecord(e *env, w vulndb.Warning) {
	switch {
	case errors.Is(w.Err, vulndb.ErrNoEcosystem):
		e.warn("no source has advisories for %s: its packages are not assessed", w.Ecosystem)
	case w.Kept:
		e.detail("%s: record %s: %v", w.Ecosystem, w.Record, w.Err)
	default:
		e.warn("%s: record %s is not in the index: %v", w.Ecosystem, w.Record, w.Err)
	}
}
