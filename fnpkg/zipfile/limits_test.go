package zipfile_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

func TestLimits(t *testing.T) {
	entries := zipvec.Zip(zipvec.File("a", "1234567890"), zipvec.File("b", "1234567890"), zipvec.File("ccc", "1234567890"))
	for _, c := range []struct {
		flag   string
		limits fnpkg.Limits // at which it fails; one more must do
		raise  func(*fnpkg.Limits)
	}{
		{fnpkg.FlagMaxEntries, fnpkg.Limits{Entries: 2}, func(l *fnpkg.Limits) { l.Entries++ }},
		{fnpkg.FlagMaxEntryBytes, fnpkg.Limits{EntryBytes: 9}, func(l *fnpkg.Limits) { l.EntryBytes++ }},
		{fnpkg.FlagMaxTotalBytes, fnpkg.Limits{TotalBytes: 29}, func(l *fnpkg.Limits) { l.TotalBytes++ }},
		{fnpkg.FlagMaxHeaderBytes, fnpkg.Limits{HeaderBytes: 3*46 + 5 - 1}, func(l *fnpkg.Limits) { l.HeaderBytes++ }},
		{fnpkg.FlagMaxPathBytes, fnpkg.Limits{PathBytes: 2}, func(l *fnpkg.Limits) { l.PathBytes++ }},
	} {
		data := entries.Bytes()
		_, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "x.zip", c.limits)
		var limit *fnpkg.LimitError
		if !errors.As(err, &limit) || limit.Flag != c.flag || limit.Got != limit.Limit+1 {
			t.Errorf("%s: %#v, want a *fnpkg.LimitError one above the limit", c.flag, err)
		}
		c.raise(&c.limits)
		if _, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "x.zip", c.limits); err != nil {
			t.Errorf("%s raised by one: %v", c.flag, err)
		}
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		bytes int
		ratio int64
		fails bool
	}{
		{fnpkg.RatioFloor, 200, false}, // too little to hurt, whatever its ratio
		{fnpkg.RatioFloor + 1, 200, true},
		{fnpkg.RatioFloor + 1, 2000, false},
		{fnpkg.RatioFloor + 1, 0, false},
	} {
		data := zipvec.FlatBomb(c.bytes)
		_, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "x.zip", fnpkg.Limits{Ratio: c.ratio})
		var limit *fnpkg.LimitError
		if got := errors.As(err, &limit) && limit.Flag == fnpkg.FlagMaxRatio; got != c.fails || !got && err != nil {
			t.Errorf("%d bytes, ratio %d: %v", c.bytes, c.ratio, err)
		}
	}
}

// TestManyEntriesCostNothing opens archives of ten million entries. They must
// be refused before anything is allocated in proportion.
func TestManyEntriesCostNothing(t *testing.T) {
	const entries = 10_000_000
	headers := fnpkg.DefaultLimits()
	headers.Entries = 0
	open := fnpkg.DefaultLimits()
	open.HeaderBytes = 0
	for name, c := range map[string]struct {
		archive zipvec.Many
		limits  fnpkg.Limits
		flag    string
	}{
		"claimed":             {zipvec.Many{Entries: entries, Claimed: -1}, fnpkg.DefaultLimits(), fnpkg.FlagMaxEntries},
		"directory too large": {zipvec.Many{Entries: entries, Claimed: -1}, headers, fnpkg.FlagMaxHeaderBytes},
		"claims a few":        {zipvec.Many{Entries: entries, Claimed: 7}, fnpkg.DefaultLimits(), fnpkg.FlagMaxHeaderBytes},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := zipfile.New(c.archive, c.archive.Size(), "x.zip", c.limits)
			runtime.ReadMemStats(&after)
			var limit *fnpkg.LimitError
			if !errors.As(err, &limit) || limit.Flag != c.flag {
				t.Errorf("error %v, want a limit on %s", err, c.flag)
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
				t.Errorf("%d bytes were allocated", allocated)
			}
		})
	}
	t.Run("counted", func(t *testing.T) {
		// Nothing but the count of headers gives these away.
		few := zipvec.Many{Entries: 70_000, Claimed: 3}
		open.Entries = 1000
		_, err := zipfile.New(few, few.Size(), "x.zip", open)
		var limit *fnpkg.LimitError
		if !errors.As(err, &limit) || limit.Flag != fnpkg.FlagMaxEntries || limit.Got != 1001 {
			t.Errorf("error %v, want a limit on entries", err)
		}
	})
}

// TestSizeClaimCostsNothing reads an entry at random that claims far more than
// its compressed data can hold.
func TestSizeClaimCostsNothing(t *testing.T) {
	e := zipvec.Deflated("index.py", zipvec.Zeros(1000), make([]byte, 1000))
	e.Local.Size, e.Central.Size = 900<<20, 900<<20
	data := zipvec.Zip(e).Bytes()
	p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "x.zip", fnpkg.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Entries()[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = c.ReadAt(make([]byte, 1), 0)
	runtime.ReadMemStats(&after)
	var format *fnpkg.FormatError
	if !errors.As(err, &format) {
		t.Errorf("error %v, want a *fnpkg.FormatError", err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
		t.Errorf("%d bytes were allocated", allocated)
	}
}

// TestManyEntries opens what is large and honest.
func TestManyEntries(t *testing.T) {
	for _, many := range []zipvec.Many{
		{Entries: 66_000, Claimed: -1},
		{Entries: 66_000, Claimed: 66_000 & 0xffff}, // as old writers count
	} {
		p, err := zipfile.New(many, many.Size(), "x.zip", fnpkg.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Entries()) != int(many.Entries) || len(p.Hazards()) > 0 {
			t.Errorf("%d entries, hazards %+v", len(p.Entries()), p.Hazards())
		}
	}
}

// TestHazardsAreBounded opens an archive with far more hazards than anyone
// reads.
func TestHazardsAreBounded(t *testing.T) {
	var entries []zipvec.Entry
	for range 3000 {
		entries = append(entries, zipvec.File("same", ""))
	}
	p, err := open(t, zipvec.Zip(entries...).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Hazards()); n == 0 || n > 1001 {
		t.Errorf("%d hazards", n)
	}
}
