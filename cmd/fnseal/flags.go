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

// caps are the limits under which a package is read, by flag.
var caps = [...]struct {
	flag  string
	usage string
	field func(*fnpkg.Limits) *int64
}{
	{fnpkg.FlagMaxEntries, "refuse packages of more than `N` entries", func(l *fnpkg.Limits) *int64 { return &l.Entries }},
	{fnpkg.FlagMaxTotalBytes, "refuse packages that unpack to more than `SIZE` (500MB, 12GiB, …)", func(l *fnpkg.Limits) *int64 { return &l.TotalBytes }},
	{fnpkg.FlagMaxEntryBytes, "refuse packages with an entry of more than `SIZE`", func(l *fnpkg.Limits) *int64 { return &l.EntryBytes }},
	{fnpkg.FlagMaxRatio, "refuse packages that unpack to more than `N` times their size", func(l *fnpkg.Limits) *int64 { return &l.Ratio }},
	{fnpkg.FlagMaxHeaderBytes, "refuse packages whose list of entries takes more than `SIZE`", func(l *fnpkg.Limits) *int64 { return &l.HeaderBytes }},
	{fnpkg.FlagMaxPathBytes, "refuse packages with a path of more than `N` bytes", func(l *fnpkg.Limits) *int64 { return &l.PathBytes }},
	{fnpkg.FlagMaxNesting, "look into archives within archives `N` deep", func(l *fnpkg.Limits) *int64 { return &l.NestingDepth }},
}

// limitFlags raise or lower the caps under which a package is read.
func limitFlags() []cli.Flag {
	var flags []cli.Flag
	defaults := fnpkg.DefaultLimits()
	for _, c := range caps {
		flags = append(flags, &cli.StringFlag{Name: c.flag, Usage: c.usage, Value: formatSize(*c.field(&defaults))})
	}
	return flags
}

// limits reads what limitFlags were given.
func limits(c *cli.Context) (fnpkg.Limits, error) {
	l := fnpkg.DefaultLimits()
	for _, limit := range caps {
		n, err := parseSize(c.String(limit.flag))
		if err != nil {
			return l, usagef("--%s: %v", limit.flag, err)
		}
		*limit.field(&l) = n
	}
	return l, nil
}

// hazardFlag lets a package pass in spite of a hazard.
func hazardFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name:  "unsafe-allow-hazard",
		Usage: "do not refuse the package for hazards of this kind (`ID`, for example case-fold-name), repeatable",
	}
}

// allowedHazards reads what hazardFlag was given.
func allowedHazards(c *cli.Context) ([]fnpkg.HazardID, error) {
	var ids []fnpkg.HazardID
	for _, name := range c.StringSlice("unsafe-allow-hazard") {
		id := fnpkg.HazardID(name)
		if !id.Known() {
			return nil, usagef("--unsafe-allow-hazard: there is no hazard %q", name)
		}
		ids = append(ids, id)
	}
	return ids, nil
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
