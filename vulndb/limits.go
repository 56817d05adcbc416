package vulndb

import "time"

// Limits caps what Update accepts of a source before it is believed. A field
// that is zero takes its value from DefaultLimits.
type Limits struct {
	ArchiveBytes int64 // compressed bytes of one all.zip
	RecordBytes  int64 // uncompressed bytes of one record; at most 1 GiB
	TotalBytes   int64 // uncompressed bytes of all records of one archive
	Records      int64 // members of one archive

	Attempts int           // tries of one download, the first included
	Backoff  time.Duration // wait before the second try; doubled for each further one
	Stall    time.Duration // a download that gains less than 30 KiB in this time is given up
}

// stallBytes is the least a download must gain within Limits.Stall: 1 kB a
// second at the default, far below any line a feed can be fetched over.
const stallBytes = 30 << 10

// DefaultLimits are several times the largest public feed (npm: 320 MB,
// 220,000 records).
func DefaultLimits() Limits {
	return Limits{
		ArchiveBytes: 4 << 30,
		RecordBytes:  64 << 20,
		TotalBytes:   64 << 30,
		Records:      5_000_000,
		Attempts:     4,
		Backoff:      500 * time.Millisecond,
		Stall:        30 * time.Second,
	}
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	set := func(v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
	}
	set(&l.ArchiveBytes, d.ArchiveBytes)
	set(&l.RecordBytes, d.RecordBytes)
	l.RecordBytes = min(l.RecordBytes, 1<<30) // sizes of records are kept in 32 bits
	set(&l.TotalBytes, d.TotalBytes)
	set(&l.Records, d.Records)
	if l.Attempts == 0 {
		l.Attempts = d.Attempts
	}
	if l.Backoff == 0 {
		l.Backoff = d.Backoff
	}
	if l.Stall == 0 {
		l.Stall = d.Stall
	}
	return l
}

// Bounds on text inside a record. They are far above what any published record
// holds; a record that crosses one is reported, not cut.
const (
	maxIDBytes      = 256
	maxNameBytes    = 1024
	maxVersionBytes = 256
	maxAliases      = 1000
)
