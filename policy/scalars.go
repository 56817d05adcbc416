package policy

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Date is a day in UTC. Its zero value is no day.
type Date struct{ day time.Time }

// UnmarshalText reads a day such as 2027-03-31.
func (d *Date) UnmarshalText(text []byte) error {
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil || day.IsZero() {
		return fmt.Errorf("%q is not a day such as 2027-03-31", clip(string(text)))
	}
	d.day = day
	return nil
}

// MarshalText writes the day as it is read.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String returns the day as it is read; "" for none.
func (d Date) String() string {
	if d.day.IsZero() {
		return ""
	}
	return d.day.Format(time.DateOnly)
}

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d.day.IsZero() }

// Start returns the first moment of the day, the zero time of none.
func (d Date) Start() time.Time { return d.day }

// End returns the last second of the day, the zero time of none.
func (d Date) End() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.day.AddDate(0, 0, 1).Add(-time.Second)
}

// Past reports whether the day is over at a time.
func (d Date) Past(now time.Time) bool { return !now.Before(d.day.AddDate(0, 0, 1)) }

// Span is a length of time that people agree on: "12h", "30d", "2w".
type Span time.Duration

// maxSpan is a century: what is longer is a slip.
const maxSpan = 36500 * 24 * time.Hour

// UnmarshalText reads a positive whole number of minutes (m), hours (h), days
// (d) or weeks (w).
func (s *Span) UnmarshalText(text []byte) error {
	units := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if len(text) > 1 {
		unit := units[text[len(text)-1]]
		n, err := strconv.ParseUint(string(text[:len(text)-1]), 10, 32)
		if unit > 0 && err == nil && n > 0 && time.Duration(n) <= maxSpan/unit {
			*s = Span(time.Duration(n) * unit)
			return nil
		}
	}
	return fmt.Errorf("%q is not a length of time such as 12h, 30d or 2w", clip(string(text)))
}

// MarshalText writes the span as it is read.
func (s Span) MarshalText() ([]byte, error) {
	if s <= 0 {
		return nil, errors.New("a span is longer than nothing")
	}
	return []byte(s.String()), nil
}

// String returns the span as it is read, in the largest unit that fits.
func (s Span) String() string {
	d := time.Duration(s)
	switch {
	case d%(24*time.Hour) == 0:
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	}
	return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
}

// index returns the path of an element of a list.
func index(list string, i int) string {
	return list + "[" + strconv.Itoa(i) + "]"
}
