package policy

import (
	"slices"
	"time"
)

// Outcome is the result of one check.
type Outcome string

// The outcomes. A check that was not made is neither passed nor failed.
const (
	Pass       Outcome = "pass"
	Fail       Outcome = "fail"
	NotChecked Outcome = "not-checked"
)

// Check is one demand and what became of it. Found and Wanted may quote
// hostile text.
type Check struct {
	ID      string  `json:"id"` // stable, for example "signature"
	Outcome Outcome `json:"outcome"`
	Found   string  `json:"found,omitempty"`  // the value found
	Wanted  string  `json:"wanted,omitempty"` // the value demanded
	Reason  string  `json:"reason,omitempty"` // why it failed or was not made, for a person
	Bundle  string  `json:"bundle,omitempty"` // the bundle it is about, where it is about one
	Rule    string  `json:"rule,omitempty"`   // what of the policy file demands it, as "fnseal.yaml: verify.sbom"
}

// Verdict says whether a package may run, and why.
type Verdict struct {
	Target string  `json:"target"` // base name of the artifact
	Digest string  `json:"digest"` // exact digest, "sha256:…"; empty if it could not be computed
	Checks []Check `json:"checks"`

	// Sealed is the earliest time at which an accepted signature over the
	// package is proven to have existed, by a log or a timestamp authority;
	// zero if nothing proves one. What is attested later makes an old version
	// no newer.
	Sealed time.Time `json:"-"`
}

// Accepted reports whether the package may run: at least one check was made
// and none failed.
func (v Verdict) Accepted() bool {
	made := false
	for _, c := range v.Checks {
		switch c.Outcome {
		case Fail:
			return false
		case Pass:
			made = true
		}
	}
	return made
}

// Unchecked reports whether no check failed and none passed: there was nothing
// to judge by. Such a package is not accepted.
func (v Verdict) Unchecked() bool {
	return len(v.Checks) > 0 && !slices.ContainsFunc(v.Checks, func(c Check) bool { return c.Outcome != NotChecked })
}
