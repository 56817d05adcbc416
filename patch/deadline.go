package patch

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/vulndb"
)

// Clock says when a deadline starts to count.
type Clock string

// The clocks.
const (
	ClockPublished Clock = "published"  // the advisory was published
	ClockFix       Clock = "fix"        // a fixed version was known; without one no deadline runs
	ClockFirstSeen Clock = "first-seen" // a scan found it for the first time
)

// Deadlines say by when what is found has to be dealt with. Several may apply
// to a finding; the earliest counts. The zero value sets none.
type Deadlines struct {
	Name string // for a person, for example "pci-dss-4"
	From Clock  // ClockPublished if empty

	// Severity has the days for each severity; what is not in it has no
	// deadline.
	Severity map[vulndb.Severity]int

	// Exploited has the days for what is listed as exploited, from the day it
	// was listed; nil for none.
	Exploited *int

	// Likely are deadlines by the probability of exploitation (EPSS).
	Likely []Likely

	// Malicious has the days for malicious packages, from when they were first
	// seen; nil for none.
	Malicious *int

	Runtime Runtime
}

// Likely is a deadline for what is at least this likely to be exploited.
type Likely struct {
	AtLeast float64 // probability, from 0 to 1
	Days    int
}

// Runtime says by when a function has to leave a managed runtime.
type Runtime struct {
	By     fnpkg.RuntimeState // the state that must not be reached; RuntimeDeprecated if empty
	Days   int                // that many days before
	Notice int                // days ahead from which on it is listed; DefaultNotice if zero
}

// DefaultNotice is how many days ahead the end of a runtime is listed.
const DefaultNotice = 180

func (d Deadlines) clock() Clock {
	if d.From == "" {
		return ClockPublished
	}
	return d.From
}

// days is a convenience for tables.
func days(n int) *int { return &n }

// firstAdvisory is the year of the first CVE. A date before it, such as the
// beginning of Unix time, is the lack of one.
var firstAdvisory = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)

// due returns the earliest deadline of a finding. seen is when it was first
// seen, fixSeen when a fix for it was; asOf is today.
func (d Deadlines) due(f *Finding, seen, fixSeen, asOf time.Time) Due {
	var best Due
	add := func(start time.Time, n int, rule string) {
		if start.IsZero() {
			return
		}
		due := Due{Start: day(start), Date: day(start).AddDate(0, 0, n), Rule: rule}
		if due.before(best) {
			best = due
		}
	}
	if f.Malicious {
		if d.Malicious != nil {
			add(seen, *d.Malicious, within("malicious", *d.Malicious, "first being seen"))
		}
		return judged(best, asOf)
	}
	start, word := f.Published, "publication"
	if start.Before(firstAdvisory) {
		start = f.Modified
	}
	switch d.clock() {
	case ClockFix:
		word = "the fix"
		switch {
		case len(f.Fixed) == 0:
			start = time.Time{}
		case !fixSeen.IsZero():
			start = fixSeen
		}
	case ClockFirstSeen:
		start, word = seen, "first being seen"
	}
	if n, ok := d.Severity[f.Severity]; ok {
		add(start, n, within(string(f.Severity), n, word))
	}
	if listed, ok := f.listed(); ok && d.Exploited != nil {
		from, since := listed, "its listing"
		if from.IsZero() {
			from, since = seen, "first being seen"
		}
		add(from, *d.Exploited, within("known exploited", *d.Exploited, since))
	}
	for _, l := range d.Likely {
		if p, ok := f.Probability(); ok && p >= l.AtLeast {
			add(start, l.Days, within(fmt.Sprintf("EPSS %.0f%% or more", l.AtLeast*100), l.Days, word))
		}
	}
	return judged(best, asOf)
}

// Due returns the earliest deadline of a finding of which nothing but the feed
// is known. When it was first seen is not: it counts as seen when it was
// published.
func (d Deadlines) Due(f vulndb.Finding, asOf time.Time) Due {
	seen := f.Published
	if seen.Before(firstAdvisory) {
		seen = asOf
	}
	return d.due(&Finding{Finding: f}, seen, time.Time{}, asOf)
}

func within(what string, n int, word string) string {
	if n == 0 {
		return what + ": at once, from " + word + " on"
	}
	if n == 1 {
		return what + " within 1 day of " + word
	}
	return fmt.Sprintf("%s within %d days of %s", what, n, word)
}

// judged says whether a deadline is over: its last day has passed.
func judged(d Due, asOf time.Time) Due {
	d.Overdue = !d.IsZero() && day(asOf).After(d.Date)
	return d
}

// day is the calendar day of an instant in UTC.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// retirement judges a managed runtime. ok is false for one that is neither at
// its end nor near it.
func (d Deadlines) retirement(r fnpkg.Runtime, asOf time.Time) (Retirement, bool) {
	out := Retirement{Runtime: r, State: r.StateAt(asOf)}
	ends := r.Deprecated
	switch d.Runtime.By {
	case fnpkg.RuntimeNoCreate:
		ends = r.NoCreate
	case fnpkg.RuntimeNoUpdate:
		ends = r.NoUpdate
	}
	if ends.IsZero() {
		ends = r.Deprecated
	}
	if !ends.IsZero() {
		due := Due{Start: ends, Date: ends.AddDate(0, 0, -d.Runtime.Days), Rule: runtimeRule(d.Runtime)}
		out.Due = judged(due, asOf)
	}
	notice := d.Runtime.Notice
	if notice == 0 {
		notice = DefaultNotice
	}
	switch out.State {
	case fnpkg.RuntimeSupported, fnpkg.RuntimeUnreleased:
		return out, !out.Due.IsZero() && !asOf.AddDate(0, 0, notice).Before(out.Due.Date)
	case fnpkg.RuntimeUnknown:
		return out, r.Name != "" && r.Deprecated.IsZero() && r.Released.IsZero()
	}
	return out, true
}

func runtimeRule(r Runtime) string {
	what := map[fnpkg.RuntimeState]string{
		fnpkg.RuntimeNoCreate: "creating functions is blocked",
		fnpkg.RuntimeNoUpdate: "updating functions is blocked",
	}[r.By]
	if what == "" {
		what = "the runtime gets no more patches"
	}
	if r.Days == 0 {
		return "before " + what
	}
	return fmt.Sprintf("%d days before %s", r.Days, what)
}

// Preset returns deadlines that a standard sets, and false for a name there is
// none for. docs/deadlines.md cites the sources.
func Preset(name string) (Deadlines, bool) {
	switch name {
	case "pci-dss-4":
		// PCI DSS v4.0.1 (June 2024), requirement 6.3.3: patches for critical
		// vulnerabilities within one month of release; the others within a
		// time the entity sets, for which its guidance names three months.
		return Deadlines{
			Name: name, From: ClockFix,
			Severity: map[vulndb.Severity]int{
				vulndb.SeverityCritical: 30, vulndb.SeverityHigh: 90, vulndb.SeverityMedium: 90,
				vulndb.SeverityLow: 90, vulndb.SeverityUnknown: 90,
			},
			Malicious: days(0),
		}, true
	case "fedramp-rev5":
		// FedRAMP Continuous Monitoring, Rev. 5 baselines: high 30, moderate
		// 90, low 180 days from discovery. What is critical is high there; what
		// nobody rated is taken for high.
		return Deadlines{
			Name: name, From: ClockFirstSeen,
			Severity: map[vulndb.Severity]int{
				vulndb.SeverityCritical: 30, vulndb.SeverityHigh: 30, vulndb.SeverityMedium: 90,
				vulndb.SeverityLow: 180, vulndb.SeverityUnknown: 30,
			},
			Malicious: days(0),
		}, true
	case "cisa-bod-26-04-internal":
		// The same table for an asset that is not publicly exposed: what is
		// listed has 14 days, the rest waits for the next upgrade.
		return Deadlines{Name: name, From: ClockFix, Exploited: days(14), Malicious: days(0)}, true
	case "cisa-bod-26-04":
		// CISA BOD 26-04 (10 June 2026), table 1, for a publicly exposed asset
		// and the directive's defaults where nothing is published of a CVE:
		// not automatable, total impact. Then what is listed as exploited has 3
		// days and everything else 14.
		return Deadlines{
			Name: name, From: ClockFix,
			Severity: map[vulndb.Severity]int{
				vulndb.SeverityCritical: 14, vulndb.SeverityHigh: 14, vulndb.SeverityMedium: 14,
				vulndb.SeverityLow: 14, vulndb.SeverityNone: 14, vulndb.SeverityUnknown: 14,
			},
			Exploited: days(3), Malicious: days(0),
		}, true
	}
	return Deadlines{}, false
}

// Presets are the names that Preset knows.
func Presets() []string {
	return []string{"cisa-bod-26-04", "cisa-bod-26-04-internal", "fedramp-rev5", "pci-dss-4"}
}

// Ignore sets a finding aside until a day.
type Ignore struct {
	ID      string    // any id of the defect
	Package string    // a pattern of names, or a purl without or with a version; empty for any
	Target  string    // name of the package it is in; empty for any
	Reason  string    // in its author's words
	Expires time.Time // last day it holds, midnight UTC
	Source  string    // where it was written, "fnseal.yaml:12"
}

// matches reports whether the entry is about a finding.
func (i Ignore) matches(f *Finding) bool {
	found := false
	for _, id := range allIDs(f.Finding) {
		found = found || strings.EqualFold(id, i.ID)
	}
	if !found || i.Package == "" {
		return found
	}
	if match, err := path.Match(i.Package, f.Component.Name); err == nil && match {
		return true
	}
	purl, _, _ := strings.Cut(f.Component.PURL, "?")
	if purl == i.Package {
		return true
	}
	at := strings.LastIndexByte(purl, '@')
	return at > strings.LastIndexByte(purl, '/') && purl[:at] == i.Package
}

// lapsed reports whether the entry's last day has passed.
func (i Ignore) lapsed(asOf time.Time) bool { return day(asOf).After(i.Expires) }
