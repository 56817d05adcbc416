package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/vulndb"
)

func dbFlag() cli.Flag {
	return &cli.StringFlag{
		Name:    "db",
		Usage:   "advisory feed index `FILE` (default: fnseal's own in the user's cache)",
		EnvVars: []string{"FNSEAL_DB"},
	}
}

func maxAgeFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "max-db-age",
		Usage: "refuse a feed older than `AGE` (12h, 7d; 0 for no limit)",
		Value: "7d",
	}
}

// dbPath is where the feed index is kept.
func dbPath(c *cli.Context) (string, error) {
	if p := c.String("db"); p != "" {
		return p, nil
	}
	p, err := vulndb.DefaultPath()
	if err != nil {
		return "", hint(fmt.Errorf("finding the user's cache for the advisory feed: %w", err), "name a file with --db")
	}
	return p, nil
}

// onlineFlags let a scan ask the OSV API in place of an index.
func onlineFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "online", Usage: "ask the OSV API instead of an index; names of packages are sent, versions are not"},
		&cli.StringSliceFlag{Name: "private", Usage: "with --online, never send names that match `PATTERN` (@acme, com.acme.*, git.acme.example), repeatable; GOPRIVATE is honoured", EnvVars: []string{"FNSEAL_PRIVATE"}},
		&cli.StringFlag{Name: "osv-api", Usage: "with --online, ask the API at `URL`", Value: vulndb.OnlineURL, EnvVars: []string{"FNSEAL_OSV_API"}},
		caFileFlag(),
	}
}

// openOnline opens the OSV API.
func openOnline(c *cli.Context, e *env) (*vulndb.DB, error) {
	if c.Bool("offline") {
		return nil, usagef("--online and --offline contradict one another")
	}
	client, err := feedClient(c)
	if err != nil {
		return nil, err
	}
	private := c.StringSlice("private")
	for pattern := range strings.SplitSeq(e.getenv("GOPRIVATE"), ",") {
		if pattern = strings.TrimSpace(pattern); pattern != "" {
			private = append(private, pattern)
		}
	}
	db, err := vulndb.Online(vulndb.OnlineOptions{URL: c.String("osv-api"), Private: private, HTTPClient: client, Now: e.now})
	if err != nil {
		return nil, usagef("--online: %v", err)
	}
	return db, nil
}

// openFeed opens the feed index and checks its age.
func openFeed(c *cli.Context, e *env) (*vulndb.DB, error) {
	if c.Bool("online") {
		return openOnline(c, e)
	}
	limit, err := parseAge(c.String("max-db-age"))
	if err != nil {
		return nil, usagef("--max-db-age: %v", err)
	}
	path, err := dbPath(c)
	if err != nil {
		// Without a place to look there is no feed either.
		return nil, hint(fmt.Errorf("%w: %v", vulndb.ErrNoFeed, err), "name a file with --db")
	}
	db, err := vulndb.Open(path)
	if err != nil {
		return nil, err
	}
	if err := db.Stamp().CheckAge(e.now(), limit); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// rememberNeeds keeps for the next db update which ecosystems a scan had
// components of. That it cannot be kept changes nothing for the scan.
func rememberNeeds(c *cli.Context, e *env, r *vulndb.Result) {
	path, err := dbPath(c)
	if err == nil {
		err = vulndb.RecordNeeded(path, r.Ecosystems, e.now())
	}
	if err != nil {
		e.detail("not remembered for the next db update: %v", err)
	}
}

// parseAge reads a duration that may be given in days.
func parseAge(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	var days float64
	if n, err := fmt.Sscanf(s, "%fd", &days); n == 1 && err == nil && fmt.Sprintf("%gd", days) == s && days >= 0 && days < 36500 {
		return time.Duration(days * 24 * float64(time.Hour)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not an age such as 12h or 7d", s)
	}
	return d, nil
}
