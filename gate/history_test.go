package gate_test

import (
	"testing"
	"time"

	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/policy"
)

func TestHistory(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	pass := func(at time.Time) policy.Verdict {
		return policy.Verdict{Sealed: at, Checks: []policy.Check{{ID: "digest", Outcome: policy.Pass}}}
	}
	fail := func(at time.Time) policy.Verdict {
		return policy.Verdict{Sealed: at, Checks: []policy.Check{{ID: "digest", Outcome: policy.Fail}}}
	}
	none := policy.Verdict{Checks: []policy.Check{{ID: "type", Outcome: policy.NotChecked}}}
	for name, tt := range map[string]struct {
		verdicts []policy.Verdict
		newest   int
		byTime   bool
	}{
		"by time":                     {[]policy.Verdict{pass(day(3)), pass(day(1)), pass(day(2))}, 0, true},
		"the newest is refused":       {[]policy.Verdict{pass(day(1)), pass(day(2)), fail(day(3))}, 1, true},
		"sealed at once":              {[]policy.Verdict{pass(day(1)), pass(day(1))}, 1, true},
		"no proof for one":            {[]policy.Verdict{pass(day(3)), pass(time.Time{})}, 1, false},
		"no proof for a refused one":  {[]policy.Verdict{pass(day(3)), pass(day(2)), fail(time.Time{})}, 0, true},
		"nothing passes":              {[]policy.Verdict{fail(day(1)), none}, -1, false},
		"nothing checked is no pass":  {[]policy.Verdict{none}, -1, false},
		"order, and the last refused": {[]policy.Verdict{pass(time.Time{}), pass(time.Time{}), none}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := gate.NewHistory(make([]string, len(tt.verdicts)), tt.verdicts)
			if h.Newest != tt.newest || h.ByTime != tt.byTime {
				t.Errorf("newest %d, by time %v; want %d, %v", h.Newest, h.ByTime, tt.newest, tt.byTime)
			}
		})
	}
}
