package vulndb

import (
	"cmp"
	"slices"

	"github.com/google/osv-scalibr/semantic"
)

// eventKind is what happens at a version (OSV schema,
// affected[].ranges[].events).
type eventKind byte

const (
	introduced eventKind = iota + 1
	fixed
	lastAffected
	limit
)

type event struct {
	kind    eventKind
	version string
}

// place orders the two versions that are no versions: "0" introduced is before
// every version, the limit "*" behind every version.
func (e event) place() int {
	switch {
	case e.kind == introduced && e.version == "0":
		return -1
	case e.kind == limit && e.version == "*":
		return 1
	}
	return 0
}

// versionRange is a range of type SEMVER or ECOSYSTEM, its events in the order
// of their versions. GIT ranges need a commit graph and are not kept.
type versionRange struct {
	semver    bool // type SEMVER
	unordered bool // an event's version has no place in the order: the range decides nothing
	events    []event
}

// newRange orders the events of a range. It returns false for a range that has
// none.
func newRange(ecosystem string, from affectedRange) (versionRange, bool) {
	r := versionRange{semver: from.Type == "SEMVER"}
	for _, e := range from.Events {
		// The schema wants one of them per event; older records have several.
		for _, part := range [...]event{
			{introduced, e.Introduced}, {fixed, e.Fixed}, {lastAffected, e.LastAffected}, {limit, e.Limit},
		} {
			if part.version != "" {
				r.events = append(r.events, part)
			}
		}
	}
	if len(r.events) == 0 {
		return versionRange{}, false
	}
	r.sort(ecosystem)
	return r, true
}

// sort puts the events in the order of their versions. Equal versions stay as
// the record lists them, which tells an empty range [1.0, 1.0) from "fixed in
// 1.0 and introduced again".
func (r *versionRange) sort(ecosystem string) {
	for _, e := range r.events {
		if len(e.version) > maxVersionBytes {
			r.unordered = true
			return
		}
	}
	var parsed map[string]semantic.Version // most ranges are ordered without a look at versions
	version := func(s string) (semantic.Version, error) {
		if v, ok := parsed[s]; ok {
			return v, nil
		}
		v, err := parseVersion(ecosystem, r.semver, s)
		if err == nil {
			if parsed == nil {
				parsed = make(map[string]semantic.Version)
			}
			parsed[s] = v
		}
		return v, err
	}
	slices.SortStableFunc(r.events, func(a, b event) int {
		if order := cmp.Compare(a.place(), b.place()); order != 0 || a.place() != 0 {
			return order
		}
		va, err := version(a.version)
		if err != nil {
			r.unordered = true
			return 0
		}
		vb, err := version(b.version)
		if err != nil {
			r.unordered = true
			return 0
		}
		order, err := va.Compare(vb)
		if err != nil {
			r.unordered = true
		}
		return order
	})
}

func parseVersion(ecosystem string, semver bool, version string) (semantic.Version, error) {
	if semver {
		return semantic.ParseSemverVersion(version), nil
	}
	return parseNative(version, ecosystem)
}

// contains evaluates the range for the installed version, as the pseudo-code
// of the OSV specification does (IncludedInRanges and BeforeLimits).
func (r versionRange) contains(installed comparer) (bool, error) {
	if r.unordered {
		return false, errUnordered
	}
	before, err := r.beforeLimits(installed)
	if err != nil || !before {
		return false, err
	}
	vulnerable := false
	for _, e := range r.events {
		if e.kind == limit {
			continue
		}
		order := 1
		if e.place() == 0 {
			if order, err = installed.compare(r.semver, e.version); err != nil {
				return false, err
			}
		}
		switch {
		case e.kind == introduced && order >= 0:
			vulnerable = true
		case e.kind == fixed && order >= 0, e.kind == lastAffected && order > 0:
			vulnerable = false
		}
	}
	return vulnerable, nil
}

// beforeLimits reports whether the installed version is below any limit. A
// range without a limit is not bounded.
func (r versionRange) beforeLimits(installed comparer) (bool, error) {
	limited := false
	for _, e := range r.events {
		if e.kind != limit {
			continue
		}
		if e.place() > 0 {
			return true, nil
		}
		order, err := installed.compare(r.semver, e.version)
		if err != nil {
			return false, err
		}
		if order < 0 {
			return true, nil
		}
		limited = true
	}
	return !limited, nil
}

// unbounded reports whether the range affects every version from some point
// on: nothing in it ends it.
func (r versionRange) unbounded() bool {
	for _, e := range r.events {
		if e.kind != introduced {
			return false
		}
	}
	return true
}

// ends appends the fixed events above the installed version and the
// last_affected events from it on, or all of them if no version is installed.
func (r versionRange) ends(toFixed, toLast []string, installed *comparer) (fixes, last []string) {
	for _, e := range r.events {
		if e.kind != fixed && e.kind != lastAffected || r.unordered {
			continue
		}
		if installed != nil {
			order, err := installed.compare(r.semver, e.version)
			if err != nil || order > 0 || order == 0 && e.kind == fixed {
				continue
			}
		}
		if e.kind == fixed {
			toFixed = append(toFixed, e.version)
		} else {
			toLast = append(toLast, e.version)
		}
	}
	return toFixed, toLast
}
