package main

import (
	"strconv"
	"time"

	"github.com/urfave/cli/v2"
)

func timestampFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "timestamp",
		Usage: "date documents by `TIME` (RFC 3339 or now) instead of SOURCE_DATE_EPOCH or the newest entry of the package",
	}
}

// timestamp is the time documents are dated by; zero leaves it to the newest
// entry of the package, so that the same package yields the same bytes.
func timestamp(c *cli.Context, e *env) (time.Time, error) {
	switch s := c.String("timestamp"); s {
	case "now":
		return e.now().UTC().Truncate(time.Second), nil
	case "":
	default:
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return time.Time{}, usagef("--timestamp: %q is neither \"now\" nor a time such as 2026-01-02T15:04:05Z", s)
		}
		return t.UTC(), nil
	}
	// https://reproducible-builds.org/specs/source-date-epoch/
	if s := e.getenv("SOURCE_DATE_EPOCH"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return time.Time{}, usagef("SOURCE_DATE_EPOCH: %q is not a number of seconds", s)
		}
		return time.Unix(n, 0).UTC(), nil
	}
	return time.Time{}, nil
}
