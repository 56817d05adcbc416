package patch

import (
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch/vex"
)

// judge decides of findings whether they count, since when, and until when.
type judge struct {
	options Options
	targets []Target
	used    []bool // of Options.Ignore
}

func newJudge(o Options, targets []Target) *judge {
	return &judge{options: o, targets: targets, used: make([]bool, len(o.Ignore))}
}

// suppress moves the places in which a finding does not count to the plan's
// list of those, and returns the others.
func (j *judge) suppress(p *Plan, f *Finding, places []Place) (open []Place) {
	var aside []Suppressed
	for _, place := range places {
		reason, ok := j.reason(f, place)
		if !ok {
			open = append(open, place)
			continue
		}
		i := slices.IndexFunc(aside, func(s Suppressed) bool { return s.By == reason })
		if i < 0 {
			clone := *f
			aside, i = append(aside, Suppressed{Finding: &clone, By: reason}), len(aside)
		}
		aside[i].Finding.Places = append(aside[i].Finding.Places, place)
	}
	p.Suppressed = append(p.Suppressed, aside...)
	return open
}

// reason returns why a finding does not count in a place.
func (j *judge) reason(f *Finding, place Place) (Reason, bool) {
	t := j.targets[place.Target]
	for i, ignore := range j.options.Ignore {
		if !ignore.matches(f) || ignore.Target != "" && ignore.Target != t.Name {
			continue
		}
		j.used[i] = true
		if !ignore.lapsed(j.options.AsOf) {
			return Reason{Kind: "ignore", Text: ignore.Reason, Source: ignore.Source, Expires: ignore.Expires}, true
		}
	}
	if len(j.options.VEX) == 0 {
		return Reason{}, false
	}
	subject := vex.Subject{IDs: allIDs(f.Finding), PURL: f.Component.PURL, Name: t.Name}
	if !t.Digest.IsZero() {
		subject.SHA256 = strings.TrimPrefix(t.Digest.String(), "sha256:")
	}
	st, ok := vex.Find(j.options.VEX, subject)
	if !ok || !st.Status.Settles() {
		return Reason{}, false
	}
	text := st.Justification
	switch {
	case text == "":
		text = st.Text
	case st.Text != "":
		text += ": " + st.Text
	}
	return Reason{Kind: "vex", Status: string(st.Status), Text: text, Source: st.Source}, true
}

// date sets since when a finding is known and by when it is to be dealt with.
func (j *judge) date(f *Finding) {
	asOf := j.options.AsOf
	seen, fixSeen := asOf, time.Time{}
	if j.options.Seen != nil {
		for i, place := range f.Places {
			s := j.options.Seen.sight(f.Finding, j.targets[place.Target].Name, asOf)
			if i == 0 || s.First.Before(seen) {
				seen = s.First
			}
			if !s.Fix.IsZero() && (fixSeen.IsZero() || s.Fix.Before(fixSeen)) {
				fixSeen = s.Fix
			}
		}
		f.FirstSeen = seen
	}
	f.Due = j.options.Deadlines.due(f, seen, fixSeen, asOf)
	if j.options.Baseline != nil {
		f.New = slices.ContainsFunc(f.Places, func(p Place) bool {
			return !j.options.Baseline.has(f.Finding, j.targets[p.Target].Name, len(j.targets))
		})
	}
}

// retirement judges the runtime of some targets.
func (j *judge) retirement(name string, targets []int) (Retirement, bool) {
	r, ok := fnpkg.LookupRuntime(name)
	if !ok {
		r = fnpkg.Runtime{Name: name}
	}
	out, listed := j.options.Deadlines.retirement(r, j.options.AsOf)
	out.Targets = targets
	return out, listed
}

// ignores returns the entries that hold no longer, and those that met nothing.
func (j *judge) ignores() (lapsed, unused []Ignore) {
	for i, ignore := range j.options.Ignore {
		switch {
		case !j.used[i]:
			unused = append(unused, ignore)
		case ignore.lapsed(j.options.AsOf):
			lapsed = append(lapsed, ignore)
		}
	}
	return lapsed, unused
}
