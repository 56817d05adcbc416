package vulndb

import (
	"errors"
	"fmt"
	"time"
)

// StaleError says that a feed is older than the caller accepts.
type StaleError struct {
	Age, Max time.Duration
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("the advisory feed is %s old, more than the %s allowed", days(e.Age), days(e.Max))
}

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Minute).String()
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// CheckAge returns a *StaleError if the feed was built more than limit before
// now. A limit of 0 accepts any age.
func (s Stamp) CheckAge(now time.Time, limit time.Duration) error {
	if age := s.Age(now); limit > 0 && age > limit {
		return &StaleError{Age: age, Max: limit}
	}
	return nil
}

// ErrNothingAssessed says that there were components and none of them could be
// compared with the feed, so that an empty list of findings means nothing.
var ErrNothingAssessed = errors.New("no component could be assessed")

// CheckAssessed returns an error that wraps ErrNothingAssessed if there were
// components and none of them was compared with the feed.
func (r *Result) CheckAssessed() error {
	if r.Assessed > 0 || len(r.NotAssessed) == 0 {
		return nil
	}
	first := r.NotAssessed[0]
	return fmt.Errorf("%w: %d of %d are not assessed, the first of them %s: %s",
		ErrNothingAssessed, len(r.NotAssessed), len(r.NotAssessed), first.Component.PURL, first.Reason)
}
