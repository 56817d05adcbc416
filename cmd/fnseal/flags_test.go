package main

import (
	"testing"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"1": 1, "500000": 500000, "500MB": 500e6, "1.5GiB": 3 << 29, "12 kb": 12000, "1b": 1, "2TiB": 2 << 40,
	} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "-1", "MB", "1XB", "NaN", "Inf", "1e30", "99999999TiB", "1 2"} {
		if got, err := parseSize(in); err == nil {
			t.Errorf("parseSize(%q) = %d, want an error", in, got)
		}
	}
	for _, n := range []int64{1, 1023, 1 << 10, 3 << 20, fnpkg.DefaultLimits().TotalBytes} {
		if got, err := parseSize(formatSize(n)); err != nil || got != n {
			t.Errorf("parseSize(formatSize(%d)) = %d, %v", n, got, err)
		}
	}
}

func TestParseAge(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"0": 0, "7d": 168 * time.Hour, "0.5d": 12 * time.Hour, "90m": 90 * time.Minute, "1h30m": 90 * time.Minute,
	} {
		if got, err := parseAge(in); err != nil || got != want {
			t.Errorf("parseAge(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "7", "d", "-1d", "-1h", "1d2", "NaNd", "1e9d", "soon"} {
		if got, err := parseAge(in); err == nil {
			t.Errorf("parseAge(%q) = %v, want an error", in, got)
		}
	}
}
