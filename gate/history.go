package gate

import "github.com/fnseal/fnseal/policy"

// History is past versions of a package as they are judged today.
type History struct {
	Versions []Version // in the order given

	// Newest is the index of the newest version that is accepted, -1 for none.
	Newest int

	// ByTime says that the newest is known by when versions were sealed, as
	// logs or timestamp authorities prove. Where such a proof lacks for an
	// accepted version, the last one given is taken for the newest.
	ByTime bool
}

// Version is one version with its verdict.
type Version struct {
	Ref     string // as it was given
	Verdict policy.Verdict
}

// NewHistory finds the newest version that is accepted. refs and verdicts have
// the same length.
func NewHistory(refs []string, verdicts []policy.Verdict) History {
	h := History{Newest: -1, ByTime: true}
	for i, v := range verdicts {
		h.Versions = append(h.Versions, Version{Ref: refs[i], Verdict: v})
		if v.Accepted() && v.Sealed.IsZero() {
			h.ByTime = false
		}
	}
	for i, v := range verdicts {
		if !v.Accepted() {
			continue
		}
		if h.Newest < 0 || !h.ByTime || !v.Sealed.Before(verdicts[h.Newest].Sealed) {
			h.Newest = i
		}
	}
	h.ByTime = h.ByTime && h.Newest >= 0
	return h
}
