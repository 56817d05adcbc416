package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/verify"
)

// The ids of the checks that rules make.
const (
	CheckSigners         = "signers"
	CheckApprovals       = "approvals"
	CheckSBOM            = "sbom"
	CheckVulnerabilities = "vulnerabilities"
	CheckHazards         = "hazards"
	CheckRuntime         = "runtime"
	CheckComponents      = "components"
	CheckLicenses        = "licenses"
	CheckSuppliers       = "suppliers"
	CheckAttestation     = "attestation"
	CheckReceipt         = "receipt"
	CheckExpression      = "expression"
)

// skew is how far clocks of honest machines are apart.
const skew = 5 * time.Minute

// judging holds what the rules of one set are compared with.
type judging struct {
	evaluation
	set    RuleSet
	docs   *documents
	checks []Check
}

// ruleChecks makes the checks that the rules of the policy file demand.
func (e evaluation) ruleChecks() []Check {
	docs := newDocuments(e.facts)
	var out []Check
	for _, set := range e.policy.Rules {
		j := judging{evaluation: e, set: set, docs: docs}
		j.judge()
		out = append(out, j.checks...)
	}
	return out
}

func (j *judging) judge() {
	r := j.set.Rules
	if r.Signatures != nil {
		j.signatures(*r.Signatures)
	}
	if r.Approvals != nil {
		j.approvals(*r.Approvals)
	}
	if r.Provenance != nil {
		j.provenance(*r.Provenance)
	}
	if r.SBOM != nil {
		j.sbom(*r.SBOM)
	}
	if r.Vulnerabilities != nil {
		j.vulnerabilities(*r.Vulnerabilities)
	}
	if r.Hazards != nil {
		j.hazards(*r.Hazards)
	}
	if r.Runtime != nil {
		j.runtime(*r.Runtime)
	}
	if r.Components != nil {
		j.components(*r.Components)
	}
	for i, a := range r.Attestations {
		j.attestation(index("attestations", i), a)
	}
	for i, rec := range r.Receipts {
		j.receipt(index("receipts", i), rec)
	}
	for i, x := range r.Expressions {
		j.expression(index("expressions", i), x)
	}
}

// add records a check of the rule at a path within the set.
func (j *judging) add(rule string, c Check) {
	if c.Outcome == "" {
		c.Outcome = Pass
		if c.Reason != "" {
			c.Outcome = Fail
		}
	}
	c.Rule = j.set.Where + "." + rule
	j.checks = append(j.checks, c)
}

// names returns the names of the signers that a bundle is by. A key or an
// identity can be known by several.
func (j *judging) names(b verify.BundleFact) Names {
	var names Names
	for name, s := range j.policy.Signers {
		switch {
		case s.Key != "":
			if b.Certificate == nil && b.Signer.Name == name {
				names = append(names, name)
			}
		case b.Certificate != nil && s.accepts.Match(*b.Certificate):
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// principal identifies who signed, whatever names a policy has for it.
func principal(b verify.BundleFact) string {
	if b.Certificate != nil {
		return "certificate\x00" + b.Certificate.Subject + "\x00" + b.Certificate.Issuer
	}
	return "key\x00" + b.Signer.ID
}

// trusts reports whether a bundle's word counts: it proves something, and is by
// one of the signers named, or, if none is, by one under signatures; without
// those either, by any accepted one.
func (j *judging) trusts(b verify.BundleFact, signedBy Names) bool {
	if !b.Proves() {
		return false
	}
	if len(signedBy) == 0 {
		signedBy = j.set.trusted
		if s := j.set.Signatures; s != nil {
			signedBy = slices.Concat(s.AnyOf, s.AllOf)
		}
	}
	if len(signedBy) == 0 {
		return true
	}
	return slices.ContainsFunc(j.names(b), func(n string) bool { return slices.Contains(signedBy, n) })
}

// attestations returns the bundles whose word counts and whose predicate type
// is one of those that is reports.
func (j *judging) attestations(signedBy Names, is func(predicateType string) bool) []int {
	var found []int
	for i, b := range j.facts.Bundles {
		if b.Statement != nil && is(b.PredicateType()) && j.trusts(b, signedBy) {
			found = append(found, i)
		}
	}
	return found
}

// none explains that there is no attestation of a kind whose word counts.
func (j *judging) none(what string, signedBy Names, is func(string) bool) string {
	reason := "there is no " + what
	if len(signedBy) > 0 {
		reason += " by " + signedBy.String()
	}
	var others []string
	for _, b := range j.facts.Bundles {
		if b.Statement == nil || !is(b.PredicateType()) {
			continue
		}
		switch {
		case b.Signature.State != verify.Passed:
			others = append(others, b.Source+" does not count ("+clip(b.Signature.Reason)+")")
		case b.Digest.State != verify.Passed:
			others = append(others, b.Source+" is about something else")
		default:
			others = append(others, b.Source+" is by "+b.SignedBy())
		}
	}
	if len(others) > 0 {
		reason += ": " + strings.Join(others[:min(3, len(others))], ", ")
	}
	return reason
}

// age returns how old a bundle's signature is, or why that is not proven.
func (j *judging) age(b verify.BundleFact) (time.Duration, string) {
	at := b.Earliest()
	switch {
	case at.IsZero():
		return 0, "nothing proves when it was signed: neither a log nor a timestamp authority"
	case at.After(j.policy.At.Add(skew)):
		return 0, fmt.Sprintf("it is of %s, which is still to come", stamp(at))
	}
	return max(0, j.policy.At.Sub(at)), ""
}

// young says why a bundle is older than it may be, "" if it is not.
func (j *judging) young(b verify.BundleFact, limit Span) string {
	if limit == 0 {
		return ""
	}
	age, why := j.age(b)
	if why != "" {
		return why
	}
	if age > time.Duration(limit) {
		return fmt.Sprintf("it is of %s, %s old, more than %s", stamp(b.Earliest()), days(age), limit)
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// days writes an age in the unit that people count it in.
func days(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return count(int(d/time.Minute), "minute")
}

// best records the checks of the candidate with the fewest failures: one that
// has none is enough.
func (j *judging) best(candidates []int, judge func(*judging, int)) {
	var chosen []Check
	fewest := -1
	for _, i := range candidates {
		try := judging{evaluation: j.evaluation, set: j.set, docs: j.docs}
		judge(&try, i)
		failed := 0
		for n := range try.checks {
			try.checks[n].Bundle = j.facts.Bundles[i].Source
			if try.checks[n].Outcome == Fail {
				failed++
			}
		}
		if fewest < 0 || failed < fewest {
			chosen, fewest = try.checks, failed
		}
	}
	j.checks = append(j.checks, chosen...)
}

// standsForIt refuses an artifact for which there is no proof but what says
// something of its own: an approval for some purpose, a receipt that may say
// that it failed, a test result. They count where they are asked for.
func (e evaluation) standsForIt() []Check {
	if e.policy.ReceiptOnly {
		return nil
	}
	proven := false
	for _, b := range e.facts.Bundles {
		if !b.Proves() {
			continue
		}
		if proven = true; countsAsSignature(b) || slices.Contains(e.policy.Types, b.PredicateType()) {
			return nil
		}
	}
	if !proven {
		return nil // as other checks say
	}
	return []Check{{ID: CheckSigners, Outcome: Fail, Wanted: "a signature, or an attestation of what it is made of",
		Reason: "there are only approvals, receipts or test results, which stand for themselves alone"}}
}

// signatures judges who signed.
func (j *judging) signatures(s Signatures) {
	if len(s.AnyOf) > 0 {
		need := max(1, s.Threshold)
		found, who := j.distinct(s.AnyOf, countsAsSignature, 0)
		c := Check{ID: CheckSigners, Wanted: fmt.Sprintf("%s of %s", count(need, "signer"), s.AnyOf), Found: strings.Join(who, ", ")}
		if found < need {
			c.Reason = fmt.Sprintf("%s signed, %d wanted of %s", count(found, "signer"), need, s.AnyOf)
		}
		j.add("signatures.any-of", c)
	}
	for _, name := range s.AllOf {
		found, who := j.distinct(Names{name}, countsAsSignature, 0)
		c := Check{ID: CheckSigners, Wanted: name, Found: strings.Join(who, ", ")}
		if found == 0 {
			c.Reason = name + " did not sign"
		}
		j.add("signatures.all-of", c)
	}
}

// distinct counts those among the signers named who are behind a bundle that
// counts, and tells who they are. A key or an identity counts once, whatever
// names there are for it.
func (j *judging) distinct(of Names, counts func(verify.BundleFact) bool, limit Span) (int, []string) {
	seen := make(map[string]bool)
	var who []string
	for _, b := range j.facts.Bundles {
		if !b.Proves() || !counts(b) || seen[principal(b)] || j.young(b, limit) != "" {
			continue
		}
		for _, name := range j.names(b) {
			if slices.Contains(of, name) {
				seen[principal(b)] = true
				who = append(who, b.SignedBy())
				break
			}
		}
	}
	return len(seen), who
}

// hazards judges what the package itself has.
func (j *judging) hazards(h Hazards) {
	c := Check{ID: CheckHazards, Wanted: "none of " + strings.Join(h.Deny, ", ")}
	var found []fnpkg.Hazard
	for _, hazard := range j.pkg.Hazards {
		if slices.Contains(h.Deny, string(hazard.ID)) || slices.Contains(h.Deny, "all") {
			found = append(found, hazard)
		}
	}
	switch {
	case j.pkg.Err != nil:
		c.Reason = "the package cannot be read"
	case j.pkg.Kind == "" || j.pkg.Kind == fnpkg.KindFile:
		c.Reason = "there is no package to look at"
	case len(found) > 0:
		c.Found = describe(found)
		c.Reason = "the package has " + c.Found
	}
	j.add("hazards.deny", c)
}
