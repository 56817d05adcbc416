package policy

import (
	"fmt"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/verify"
)

// The ids of checks.
const (
	CheckPackage   = "package"   // can be read, and in one way only
	CheckBundle    = "bundle"    // is there, and can be read
	CheckSignature = "signature" // is by an accepted key
	CheckDigest    = "digest"    // what is signed is the file
	CheckType      = "type"      // attestations of the predicate types demanded
)

// Evaluate judges a file by the facts about its bundles and itself.
func Evaluate(facts verify.Facts, pkg PackageFacts, p Policy) Verdict {
	v := Verdict{Target: facts.Name}
	if !facts.Digest.IsZero() {
		v.Digest = facts.Digest.String()
	}
	e := evaluation{facts: p.counted(facts), pkg: pkg, policy: p}
	for _, b := range e.facts.Bundles {
		if at := b.Earliest(); b.Proves() && !at.IsZero() && (v.Sealed.IsZero() || at.Before(v.Sealed)) {
			v.Sealed = at
		}
	}
	v.Checks = append(v.Checks, e.packageCheck())
	v.Checks = append(v.Checks, e.deniedChecks()...)
	v.Checks = append(v.Checks, e.bundleChecks()...)
	v.Checks = append(v.Checks, e.proofChecks()...)
	v.Checks = append(v.Checks, e.typeChecks()...)
	v.Checks = append(v.Checks, e.sourceChecks()...)
	v.Checks = append(v.Checks, e.standsForIt()...)
	v.Checks = append(v.Checks, e.ruleChecks()...)
	return v
}

type evaluation struct {
	facts  verify.Facts
	pkg    PackageFacts
	policy Policy
}

func (e evaluation) packageCheck() Check {
	c := Check{ID: CheckPackage, Wanted: "a package that can be read in one way only"}
	ambiguous := fnpkg.Ambiguities(e.pkg.Hazards)
	refused := fnpkg.Ambiguities(e.pkg.Hazards, e.policy.UnsafeAllowHazards...)
	switch {
	case e.pkg.Err != nil:
		c.Outcome, c.Reason = Fail, e.pkg.Err.Error()
	case e.pkg.Kind == "":
		c.Outcome, c.Reason = NotChecked, "only a digest is known, not the package"
	case e.pkg.Kind == fnpkg.KindFile:
		c.Outcome, c.Reason = NotChecked, "it is no function package, only a file"
	case len(ambiguous) == 0:
		c.Outcome, c.Found = Pass, string(e.pkg.Kind)
	case len(refused) == 0:
		c.Outcome, c.Found = NotChecked, describe(ambiguous)
		c.Reason = "ambiguous, and allowed: " + c.Found
	default:
		c.Outcome, c.Found = Fail, describe(refused)
		c.Reason = "two readers could see different packages in the same bytes: " + c.Found
	}
	return c
}

// describe names the first hazards.
func describe(hazards []fnpkg.Hazard) string {
	const most = 3
	var out []string
	for _, h := range hazards[:min(most, len(hazards))] {
		s := string(h.ID)
		if h.Path != "" {
			s += fmt.Sprintf(" %q", clip(h.Path))
		}
		out = append(out, s)
	}
	if more := len(hazards) - most; more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, ", ")
}

// bundleChecks says what was found to judge by, and what of it is no bundle.
func (e evaluation) bundleChecks() []Check {
	var junk []Check
	readable, named := 0, 0
	for _, b := range e.facts.Bundles {
		if b.Unreadable == "" {
			readable++
			continue
		}
		c := Check{ID: CheckBundle, Outcome: NotChecked, Bundle: b.Source,
			Reason: "ignored, it cannot be read: " + b.Unreadable}
		if b.Named {
			named++
			c.Outcome, c.Reason = Fail, "cannot be read: "+b.Unreadable
		}
		junk = append(junk, c)
	}
	if readable > 0 {
		return append([]Check{{ID: CheckBundle, Outcome: Pass, Found: count(readable, "bundle")}}, junk...)
	}
	if named > 0 {
		return junk
	}
	c := Check{ID: CheckBundle, Outcome: Fail, Wanted: "a bundle"}
	switch {
	case len(junk) > 0:
		c.Reason = "none of what lies beside the file can be read as a bundle"
		if len(junk) == 1 {
			c.Reason = "there is no bundle but one that cannot be read: " + e.facts.Bundles[0].Unreadable
			c.Bundle, junk = junk[0].Bundle, nil
		}
	case len(e.facts.Looked) > 0:
		c.Reason = "no bundle was found: looked for " + strings.Join(e.facts.Looked, " and ")
	default:
		c.Reason = "no bundle was found"
	}
	return append([]Check{c}, junk...)
}

// proofChecks shows for each readable bundle what it proves.
func (e evaluation) proofChecks() []Check {
	proven, provenInput := false, make(map[string]bool)
	for _, b := range e.facts.Bundles {
		if b.Proves() {
			proven, provenInput[b.Input] = true, true
		}
	}
	var out []Check
	for _, b := range e.facts.Bundles {
		if b.Unreadable != "" {
			continue
		}
		switch needed := !proven || b.Named && !provenInput[b.Input]; {
		case b.Proves():
			out = append(append(out, e.signature(b)...), e.digest(b))
		case needed && b.Signature.State == verify.Passed:
			out = append(append(out, e.signature(b)...), e.digest(b))
		case needed:
			// A digest under a signature nobody vouches for proves nothing
			// either way.
			out = append(append(out, e.signature(b)...), Check{
				ID: CheckDigest, Outcome: NotChecked, Bundle: b.Source, Wanted: e.facts.Digest.String(),
				Reason: "its signature is not accepted, so what it signs proves nothing",
			})
		default:
			out = append(out, e.ignored(b))
		}
	}
	if len(out) == 0 {
		why := "there is no bundle to check"
		return []Check{
			{ID: CheckSignature, Outcome: NotChecked, Wanted: e.signers(), Reason: why},
			{ID: CheckDigest, Outcome: NotChecked, Wanted: e.facts.Digest.String(), Reason: why},
		}
	}
	return out
}

func (e evaluation) digest(b verify.BundleFact) Check {
	c := Check{ID: CheckDigest, Bundle: b.Source, Wanted: e.facts.Digest.String()}
	if b.Digest.State == verify.Passed {
		c.Outcome, c.Found = Pass, e.facts.Digest.String()
		return c
	}
	c.Outcome, c.Reason = Fail, b.Digest.Reason
	switch {
	case !b.Signed.IsZero():
		c.Found = b.Signed.String()
	case b.Statement != nil && len(b.Statement.Subjects) == 1:
		if d, ok := b.Statement.Subjects[0].SHA256(); ok {
			c.Found = d.String()
		}
	}
	if e.sameContent(b) {
		c.Reason += "; the content is the same, it was packed again"
	}
	return c
}

// sameContent reports whether an accepted signature covers the same content in
// other bytes. That explains a refusal and never lifts it.
func (e evaluation) sameContent(b verify.BundleFact) bool {
	if e.pkg.Content.IsZero() || b.Statement == nil || b.Signature.State != verify.Passed {
		return false
	}
	for _, s := range b.Statement.Subjects {
		if s.ContentDigest() == e.pkg.Content {
			return true
		}
	}
	return false
}

func (e evaluation) ignored(b verify.BundleFact) Check {
	if b.Signature.State != verify.Passed {
		return Check{ID: CheckSignature, Outcome: NotChecked, Bundle: b.Source,
			Reason: "ignored: " + b.Signature.Reason}
	}
	return Check{ID: CheckDigest, Outcome: NotChecked, Bundle: b.Source,
		Reason: "ignored: " + b.Digest.Reason}
}

// typeChecks demands attestations. Without a demand, bundles prove a signature
// and nothing about provenance, content or a scan.
func (e evaluation) typeChecks() []Check {
	if len(e.policy.Types) == 0 && len(e.policy.Rules) > 0 {
		return nil // the rules say what is demanded
	}
	if len(e.policy.Types) == 0 {
		return []Check{{ID: CheckType, Outcome: NotChecked,
			Reason: "no attestation was demanded: what is proven is a signature, not provenance, contents or a scan"}}
	}
	var found []string
	source := make(map[string]string)
	for _, b := range e.facts.Bundles {
		t := b.PredicateType()
		if t == "" || !b.Proves() {
			continue
		}
		if _, seen := source[t]; !seen {
			source[t] = b.Source
			found = append(found, clip(t))
		}
	}
	var out []Check
	for _, want := range e.policy.Types {
		c := Check{ID: CheckType, Wanted: want}
		if s, ok := source[want]; ok {
			c.Outcome, c.Found, c.Bundle = Pass, want, s
		} else {
			c.Outcome, c.Found = Fail, strings.Join(found, ", ")
			c.Reason = "no accepted attestation has the predicate type " + want
			if len(found) > 0 {
				c.Reason += "; there is " + c.Found
			}
		}
		out = append(out, c)
	}
	return out
}

func kindOf(b verify.BundleFact) string {
	if b.Kind == verify.KindAttestation {
		return "attestation " + clip(b.PredicateType())
	}
	return "message signature"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// clip bounds hostile text that is repeated in a message.
func clip(s string) string {
	const most = 128
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
