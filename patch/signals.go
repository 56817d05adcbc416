package patch

import "time"

// Exploited reports whether the defect is known to be exploited: it is in
// CISA's catalogue.
func (f *Finding) Exploited() bool { return f.KEV != nil }

// listed returns when the defect was listed as exploited.
func (f *Finding) listed() (time.Time, bool) {
	if f.KEV == nil {
		return time.Time{}, false
	}
	return f.KEV.Added, true
}

// Probability is how likely the defect is to be exploited in the next 30 days,
// from 0 to 1; ok is false if that is not known.
func (f *Finding) Probability() (p float64, ok bool) {
	if f.EPSS == nil {
		return 0, false
	}
	return f.EPSS.Probability, true
}
