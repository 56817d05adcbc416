package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
)

// commonFlags are understood by every command.
func commonFlags(e *env) []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress and no notes on standard error", Value: e.quiet, Destination: &e.quiet},
		&cli.BoolFlag{Name: "verbose", Usage: "say more on standard error", Value: e.verbose, Destination: &e.verbose},
	}
}

// limitFlags raise or lower the caps under which a package is read.
func limitFlags() []cli.Flag {
	d := fnpkg.DefaultLimits()
	return []cli.Flag{
		&cli.StringFlag{Name: "max-entries", Usage: "refuse packages of more than `N` entries", Value: strconv.FormatInt(d.Entries, 10)},
		&cli.StringFlag{Name: "max-bytes", Usage: "refuse packages that unpack to more than `SIZE` (12GiB, 500MB, …)", Value: formatSize(d.TotalBytes)},
		&cli.StringFlag{Name: "max-ratio", Usage: "refuse packages that unpack to more than `N` times their size", Value: strconv.FormatInt(d.Ratio, 10)},
	}
}

// limits reads what limitFlags were given.
func limits(c *cli.Context) (fnpkg.Limits, error) {
	l := fnpkg.DefaultLimits()
	for _, f := range []struct {
		name  string
		field *int64
	}{
		{"max-entries", &l.Entries},
		{"max-bytes", &l.TotalBytes},
		{"max-ratio", &l.Ratio},
	} {
		n, err := parseSize(c.String(f.name))
		if err != nil {
			return l, usagef("--%s: %v", f.name, err)
		}
		*f.field = n
	}
	l.EntryBytes = min(l.EntryBytes, l.TotalBytes)
	return l, nil
}

// sizeUnits are the suffixes of a size, the longest first.
var sizeUnits = [...]struct {
	suffix string
	factor float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// parseSize reads a positive count or a size such as 500MB or 1.5GiB.
func parseSize(s string) (int64, error) {
	number, factor := strings.TrimSpace(s), 1.0
	for _, u := range sizeUnits {
		if n, ok := cutSuffixFold(number, u.suffix); ok {
			number, factor = strings.TrimSpace(n), u.factor
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n*factor > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is not a positive number or size such as 500MB", s)
	}
	return int64(n * factor), nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if len(s) < len(suffix) || !strings.EqualFold(s[len(s)-len(suffix):], suffix) {
		return s, false
	}
	return s[:len(s)-len(suffix)], true
}

// formatSize writes n so that parseSize reads it back.
func formatSize(n int64) string {
	for _, u := range []struct {
		suffix string
		factor int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.factor && n%u.factor == 0 {
			return strconv.FormatInt(n/u.factor, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}
