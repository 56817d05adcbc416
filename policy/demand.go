package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/verify"
)

// The ids of the checks of this file.
const (
	CheckDeployed         = "deployed"          // what runs is what was accepted
	CheckRebuilt          = "rebuilt"           // an independent build yields the same
	CheckRoot             = "root"              // what it is to be judged by can be read
	CheckDenied           = "denied"            // neither the file nor a signer is on a deny list
	CheckSourceRepository = "source-repository" // where it was built from, as certified
	CheckSourceRef        = "source-ref"
	CheckSignerWorkflow   = "signer-workflow" // which workflow signed, as certified
	CheckRunner           = "runner"          // where it was built, as certified
	CheckProvenance       = "provenance"      // does not contradict the certificate of who signed it
)

// Deny lists what is not accepted, whoever vouches for it.
type Deny struct {
	Digests    []fnpkg.Digest
	Keys       []string         // ids of keys
	Identities []verify.Pattern // subjects of certificates
}

// Origin is what is demanded of where a package was built. It is compared with
// the certificate of a signer, which its authority vouches for; what a
// provenance says must agree, and does not suffice by itself.
type Origin struct {
	Repository verify.Pattern // URL of the repository
	Ref        verify.Pattern // as in refs/heads/main
	Workflow   verify.Pattern // URL of the workflow that signed, with or without its ref

	// DenySelfHosted demands a runner that GitHub hosts.
	DenySelfHosted bool
}

func (s Origin) isZero() bool {
	return s.Repository.IsZero() && s.Ref.IsZero() && s.Workflow.IsZero() && !s.DenySelfHosted
}

// counted returns the facts with those bundles marked as failed that the policy
// does not count, whatever else may be said for them. Each stays in the list,
// with the reason.
func (p Policy) counted(facts verify.Facts) verify.Facts {
	facts.Bundles = slices.Clone(facts.Bundles)
	for i := range facts.Bundles {
		b := &facts.Bundles[i]
		if b.Signature.State != verify.Passed {
			continue
		}
		if reason := p.denies(*b); reason != "" {
			discount(b, verify.ExamIdentity, reason)
			continue
		}
		if reason := p.tooOld(*b); reason != "" {
			discount(b, verify.ExamTimestamp, reason)
			continue
		}
		if reason := disagrees(*b); reason != "" {
			discount(b, CheckProvenance, reason)
			continue
		}
		if p.SubjectName != "" && b.Digest.State == verify.Passed && !slices.Contains(b.SubjectNames, p.SubjectName) {
			b.Digest = verify.Result{State: verify.Failed, Reason: misnamed(*b, p.SubjectName)}
		}
	}
	return facts
}

func discount(b *verify.BundleFact, id, reason string) {
	b.Signature = verify.Result{State: verify.Failed, Reason: reason}
	b.Examined = append(slices.Clone(b.Examined), verify.Examination{ID: id, Result: b.Signature})
}

func (p Policy) denies(b verify.BundleFact) string {
	switch {
	case b.Certificate == nil && slices.Contains(p.Deny.Keys, b.Signer.ID):
		return fmt.Sprintf("its signer is denied: %s", b.SignedBy())
	case b.Certificate != nil && slices.ContainsFunc(p.Deny.Identities, func(d verify.Pattern) bool { return d.Match(b.Certificate.Subject) }):
		return fmt.Sprintf("its signer is denied: %s", b.SignedBy())
	}
	return ""
}

// tooOld says why a signature is not known to be made after NotBefore. Only
// the certificate bounds that from below: an old signature of a bare key can be
// logged and timestamped again at any time.
func (p Policy) tooOld(b verify.BundleFact) string {
	switch {
	case p.NotBefore.IsZero():
		return ""
	case b.Certificate == nil:
		return "nothing proves that it was signed after " + p.NotBefore.UTC().Format(time.RFC3339) + ": a bare key does not say when it signed"
	case b.Certificate.NotBefore.Before(p.NotBefore):
		return fmt.Sprintf("its certificate was issued at %s, before %s",
			b.Certificate.NotBefore.UTC().Format(time.RFC3339), p.NotBefore.UTC().Format(time.RFC3339))
	}
	return ""
}

// disagrees says in what a provenance differs from the certificate of who
// signed it: one of them was told something that is not so.
func disagrees(b verify.BundleFact) string {
	p := b.Provenance()
	if p == nil || b.Certificate == nil {
		return ""
	}
	if d := p.Disagreements(b.Certificate); len(d) > 0 {
		return fmt.Sprintf("its %s is %q, but the certificate of its signer says %q", d[0].What, clip(d[0].Says), clip(d[0].Certified))
	}
	return ""
}

func misnamed(b verify.BundleFact, want string) string {
	if b.Statement == nil {
		return fmt.Sprintf("a message signature names no subject, and %q is demanded", clip(want))
	}
	names := make([]string, len(b.SubjectNames))
	for i, n := range b.SubjectNames {
		names[i] = fmt.Sprintf("%q", clip(n))
	}
	return fmt.Sprintf("it calls the file %s, not %q", strings.Join(names, " and "), clip(want))
}

// deniedChecks fail for a digest on the deny list.
func (e evaluation) deniedChecks() []Check {
	if !slices.Contains(e.policy.Deny.Digests, e.facts.Digest) {
		return nil
	}
	return []Check{{ID: CheckDenied, Outcome: Fail, Found: e.facts.Digest.String(), Reason: "its digest is denied"}}
}

// sourceChecks hold one bundle against everything that is demanded of the
// source: the one that meets most of it.
func (e evaluation) sourceChecks() []Check {
	want := e.policy.Origin
	if want.isZero() {
		return nil
	}
	var best []Check
	var keyed bool
	for _, b := range e.facts.Bundles {
		if !b.Proves() {
			continue
		}
		if b.Certificate == nil {
			keyed = true
			continue
		}
		checks := want.check(b)
		if best == nil || passes(checks) > passes(best) {
			best = checks
		}
	}
	if best != nil {
		return best
	}
	reason := "there is no accepted signature that says where it was built"
	if keyed {
		reason = "it is signed with a bare key: what that says of the source is a claim nobody vouches for"
	}
	for _, c := range want.check(verify.BundleFact{Certificate: &verify.Certificate{}}) {
		best = append(best, Check{ID: c.ID, Outcome: Fail, Wanted: c.Wanted, Reason: reason})
	}
	return best
}

func passes(checks []Check) int {
	n := 0
	for _, c := range checks {
		if c.Outcome == Pass {
			n++
		} else if c.Outcome == Fail {
			n--
		}
	}
	return n
}

func (s Origin) check(b verify.BundleFact) []Check {
	var out []Check
	cert := b.Certificate
	add := func(id string, want verify.Pattern, found string, ok bool) {
		if want.IsZero() {
			return
		}
		c := Check{ID: id, Outcome: Pass, Found: clip(found), Wanted: want.String(), Bundle: b.Source}
		if !ok {
			c.Outcome, c.Reason = Fail, fmt.Sprintf("the certificate says %q, not %s", clip(found), want)
			if found == "" {
				c.Reason = "the certificate does not say"
			}
		}
		out = append(out, c)
	}
	add(CheckSourceRepository, s.Repository, cert.SourceRepository, s.Repository.Match(cert.SourceRepository))
	add(CheckSourceRef, s.Ref, cert.SourceRef, s.Ref.Match(cert.SourceRef))
	file, _, _ := strings.Cut(cert.SignerWorkflow, "@")
	add(CheckSignerWorkflow, s.Workflow, cert.SignerWorkflow, s.Workflow.Match(cert.SignerWorkflow) || s.Workflow.Match(file))
	if s.DenySelfHosted {
		hosted := verify.Exactly("github-hosted")
		add(CheckRunner, hosted, cert.RunnerEnvironment, hosted.Match(cert.RunnerEnvironment))
	}
	if b.Provenance() != nil { // one that disagrees is not counted
		out = append(out, Check{ID: CheckProvenance, Outcome: Pass, Found: "says what the certificate says", Bundle: b.Source})
	}
	return out
}
