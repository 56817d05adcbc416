package policy

import (
	"strings"

	"github.com/fnseal/fnseal/verify"
)

// The ids of the checks that a signature by a certificate, or one with a time,
// consists of beside CheckSignature.
const (
	CheckCertificate = verify.ExamCertificate
	CheckSCT         = verify.ExamSCT
	CheckLog         = verify.ExamLog
	CheckTimestamp   = verify.ExamTimestamp
	CheckIdentity    = verify.ExamIdentity
)

// signature returns a check for each thing that was examined to judge a
// bundle's signature.
func (e evaluation) signature(b verify.BundleFact) []Check {
	var out []Check
	failed := false
	for _, x := range b.Examined {
		c := Check{ID: x.ID, Bundle: b.Source, Found: x.Found, Reason: x.Reason}
		switch x.State {
		case verify.Passed:
			c.Outcome = Pass
		case verify.Failed:
			c.Outcome = Fail
		default:
			c.Outcome = NotChecked
		}
		switch {
		case x.ID == verify.ExamIdentity:
			c.Wanted = e.signers()
		case x.ID != verify.ExamSignature:
		case x.State == verify.Passed:
			c.Found, c.Wanted = kindOf(b)+" by "+b.SignedBy(), e.signers()
		default:
			c.Wanted = e.signers()
			if b.Hint != "" {
				c.Found = "key id " + clip(b.Hint)
			}
		}
		failed = failed || c.Outcome == Fail
		out = append(out, c)
	}
	if !failed && b.Signature.State != verify.Passed {
		// Facts that were put together otherwise must not pass by that.
		out = append(out, Check{ID: CheckSignature, Outcome: Fail, Bundle: b.Source, Wanted: e.signers(), Reason: b.Signature.Reason})
	}
	return out
}

// signers names those whose signatures are accepted.
func (e evaluation) signers() string {
	var names []string
	for _, k := range e.facts.Keys {
		names = append(names, k.String())
	}
	for _, id := range e.facts.Signers {
		names = append(names, id.String())
	}
	return strings.Join(names, " or ")
}
