package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/verify"
)

// approvals judges who agreed.
func (j *judging) approvals(a Approvals) {
	need := max(1, a.Threshold)
	counts := func(b verify.BundleFact) bool {
		if b.PredicateType() != attest.TypeApproval {
			return false
		}
		i := slices.IndexFunc(j.facts.Bundles, func(o verify.BundleFact) bool { return o.Statement == b.Statement })
		return i >= 0 && (a.For == "" || text(j.docs.object(i), "for") == a.For)
	}
	found, who := j.distinct(a.Of, counts, a.MaxAge)
	wanted := fmt.Sprintf("%s of %s", count(need, "approval"), a.Of)
	if a.For != "" {
		wanted += " for " + a.For
	}
	c := Check{ID: CheckApprovals, Wanted: wanted, Found: strings.Join(who, ", ")}
	if found < need {
		c.Reason = fmt.Sprintf("there %s, wanted are %s", are(found, "approval"), wanted)
		if a.MaxAge > 0 {
			c.Reason += ", none older than " + a.MaxAge.String()
		}
	}
	j.add("approvals", c)
}

func are(n int, noun string) string {
	switch n {
	case 0:
		return "is no " + noun
	case 1:
		return "is 1 " + noun
	}
	return "are " + count(n, noun)
}

// attestation judges whether an attestation of a type is there.
func (j *judging) attestation(rule string, a Attestation) {
	is := isType(a.uri)
	candidates := j.attestations(a.SignedBy, is)
	if len(candidates) == 0 {
		j.add(rule, Check{ID: CheckAttestation, Wanted: a.Type, Reason: j.none("attestation of type "+a.Type, a.SignedBy, is)})
		return
	}
	j.best(candidates, func(try *judging, i int) {
		b := j.facts.Bundles[i]
		try.add(rule, Check{ID: CheckAttestation, Wanted: a.Type, Found: clip(b.PredicateType()) + " by " + b.SignedBy()})
		if a.uri == attest.TypeTestResult {
			want := a.Result
			if len(want) == 0 {
				want = Names{"PASSED"}
			}
			got := text(j.docs.object(i), "result")
			c := Check{ID: CheckAttestation + "-result", Wanted: want.String(), Found: clip(got)}
			if !slices.Contains(want, got) {
				c.Reason = fmt.Sprintf("the tests say %q, not %s", clip(got), want)
			}
			try.add(rule+".result", c)
		}
		if a.MaxAge > 0 {
			try.add(rule+".max-age", Check{ID: CheckAttestation + "-age", Wanted: "at most " + a.MaxAge.String(), Reason: j.young(b, a.MaxAge)})
		}
		if a.where != nil {
			c := Check{ID: CheckAttestation + "-where", Wanted: a.Where}
			c.Reason = a.where.holds(try.celFacts(), j.docs.object(i))
			try.add(rule+".where", c)
		}
	})
}

// receipt judges whether another gate accepted the artifact.
func (j *judging) receipt(rule string, r Receipt) {
	is := isType(attest.TypeVSA)
	candidates := j.attestations(r.SignedBy, is)
	if len(candidates) == 0 {
		j.add(rule, Check{ID: CheckReceipt, Wanted: "a receipt of " + r.Verifier, Reason: j.none("receipt", r.SignedBy, is)})
		return
	}
	j.best(candidates, func(try *judging, i int) { try.receiptOf(rule, r, i) })
}

// receiptOf judges one receipt: what it says must be what is wanted, word for
// word.
func (j *judging) receiptOf(rule string, r Receipt, i int) {
	b := j.facts.Bundles[i]
	v, err := attest.ParseVSA(b.Statement.Predicate)
	if err != nil {
		j.add(rule, Check{ID: CheckReceipt, Wanted: "a receipt", Reason: "it cannot be read: " + err.Error()})
		return
	}
	same := func(path, id, what, found, wanted string, ok bool) {
		c := Check{ID: CheckReceipt + id, Wanted: wanted, Found: clip(found)}
		if !ok {
			c.Reason = fmt.Sprintf("its %s is %q, not %s", what, clip(found), wanted)
		}
		j.add(rule+path, c)
	}
	same("", "", "result", v.Result, attest.VSAPassed, v.Result == attest.VSAPassed)
	same(".verifier", "-verifier", "verifier", v.Verifier.ID, r.Verifier, v.Verifier.ID == r.Verifier)
	if r.Resource.IsZero() {
		own := DefaultResource(j.facts.Name)
		same(".resource", "-resource", "resource", v.ResourceURI, own, v.ResourceURI == own)
	} else {
		same(".resource", "-resource", "resource", v.ResourceURI, r.Resource.String(), r.Resource.Match(v.ResourceURI))
	}
	if r.Policy != "" {
		found := "sha256:" + v.Policy.Digest["sha256"]
		same(".policy", "-policy", "policy", found, r.Policy, found == r.Policy)
	}
	for _, want := range r.Levels {
		same(".levels", "-level", "levels", strings.Join(v.Levels, ", "), want, attest.LevelReached(v.Levels, want))
	}
	if r.MaxAge > 0 {
		j.add(rule+".max-age", Check{ID: CheckReceipt + "-age", Wanted: "at most " + r.MaxAge.String(), Reason: j.young(b, r.MaxAge)})
	}
}

// DefaultResource is the resource that a receipt is about where nothing else
// was said: a package URL of the artifact's name. Its digest is the statement's
// subject.
func DefaultResource(name string) string { return "pkg:generic/" + name }
