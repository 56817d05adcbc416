package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/nearest"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/verify"
)

// check reports what is wrong with a signer, and prepares it for comparing.
func (s *Signer) check(defect defectFunc) {
	keyed, named := s.Key != "", !s.Identity.IsZero() || s.IdentityRegexp != ""
	switch {
	case keyed == (named || s.Issuer != ""):
		defect("", "wants either a key, or an identity and its issuer")
	case keyed:
		if !s.From.IsZero() && !s.Until.IsZero() && s.Until.day.Before(s.From.day) {
			defect("until", "is before from")
		}
	case !s.From.IsZero() || !s.Until.IsZero():
		defect("", "from and until are for keys; a certificate has a period of its own")
	case s.Issuer == "":
		defect("", "wants an issuer: any issuer could vouch for that identity")
	case !named:
		defect("", "wants an identity: anybody the issuer vouches for would be accepted")
	case !s.Identity.IsZero() && s.IdentityRegexp != "":
		defect("identity-regexp", "is given beside identity: give one of them")
	case strings.Trim(s.Identity.text, "*") == "" && s.IdentityRegexp == "":
		defect("identity", "%q accepts anybody the issuer vouches for", s.Identity)
	default:
		if err := s.pattern(); err != nil {
			defect("identity-regexp", "%v", err)
		}
	}
}

// pattern makes the identity that verify compares certificates with.
func (s *Signer) pattern() (err error) {
	s.accepts = verify.Identity{Issuer: verify.Exactly(s.Issuer)}
	switch {
	case s.IdentityRegexp != "":
		s.accepts.Subject, err = verify.Matching(s.IdentityRegexp)
	case s.Identity.expr != nil:
		s.accepts.Subject, err = verify.Matching(globExpr(s.Identity.text))
	default:
		s.accepts.Subject = verify.Exactly(s.Identity.text)
	}
	return err
}

// checkNames reports names that are none of those there are.
func checkNames(defect defectFunc, path, what string, names Names, known []string) {
	for i, n := range names {
		if slices.Contains(known, n) {
			continue
		}
		msg := fmt.Sprintf("there is no %s %q", what, clip(n))
		if near := nearest.Word(n, known); near != "" {
			msg += fmt.Sprintf("; did you mean %q?", near)
		} else if len(known) > 0 {
			msg += "; there are " + strings.Join(known, ", ")
		}
		at := index(path, i)
		if len(names) == 1 {
			at = path // it may be written without a list
		}
		defect(at, "%s", msg)
	}
}

// check reports what is wrong with rules, and prepares them. signers are the
// names of those the policy knows.
func (r *Rules) check(defect defectFunc, signers []string) {
	known := func(path string, names Names) { checkNames(defect, path, "signer", names, signers) }
	checkNames(defect, "presets", "preset", r.Presets, Presets())
	if s := r.Signatures; s != nil {
		known("signatures.any-of", s.AnyOf)
		known("signatures.all-of", s.AllOf)
		switch {
		case len(s.AnyOf) == 0 && len(s.AllOf) == 0:
			defect("signatures", "demands nobody: give any-of or all-of")
		case s.Threshold > 0 && len(s.AnyOf) == 0:
			defect("signatures.threshold", "is of any-of, which is not given")
		}
	}
	if a := r.Approvals; a != nil {
		known("approvals.of", a.Of)
	}
	if p := r.Provenance; p != nil {
		known("provenance.signed-by", p.SignedBy)
	}
	if s := r.SBOM; s != nil {
		known("sbom.signed-by", s.SignedBy)
		checkNames(defect, "sbom.formats", "format", s.Formats, []string{"cyclonedx", "spdx"})
	}
	if v := r.Vulnerabilities; v != nil {
		known("vulnerabilities.signed-by", v.SignedBy)
		v.check(under(defect, "vulnerabilities"))
	}
	if h := r.Hazards; h != nil {
		for i, id := range h.Deny {
			if id != "all" && !fnpkg.HazardID(id).Known() {
				defect(index("hazards.deny", i), "there is no hazard %q", clip(id))
			}
		}
	}
	if t := r.Runtime; t != nil {
		known("runtime.signed-by", t.SignedBy)
	}
	if c := r.Components; c != nil {
		known("components.signed-by", c.SignedBy)
		if len(c.Allow) == 0 && len(c.Deny) == 0 && c.Licenses == nil && c.Suppliers == nil {
			defect("components", "demands nothing: give allow, deny, licenses or suppliers")
		}
		c.Licenses.check(under(defect, "components.licenses"))
		c.Suppliers.check(under(defect, "components.suppliers"))
	}
	for i := range r.Attestations {
		known(index("attestations", i)+".signed-by", r.Attestations[i].SignedBy)
		r.Attestations[i].check(under(defect, index("attestations", i)))
	}
	for i := range r.Receipts {
		known(index("receipts", i)+".signed-by", r.Receipts[i].SignedBy)
		r.Receipts[i].check(under(defect, index("receipts", i)))
	}
	for i := range r.Expressions {
		r.Expressions[i].check(under(defect, index("expressions", i)))
	}
}

func (v *Vulnerabilities) check(defect defectFunc) {
	if v.Use != useFeed {
		if v.Exploited {
			defect("exploited", "needs use: feed: an attested scan does not say what is exploited today")
		}
		if len(v.Overdue) > 0 {
			defect("overdue", "needs use: feed: an attested scan does not say when a finding was published")
		}
	}
	checkNames(defect, "overdue", "table of deadlines", v.Overdue, append(patch.Presets(), scanDeadlines))
	for i := range v.Ignore {
		v.Ignore[i].check(under(defect, index("ignore", i)))
	}
}

func (a *AllowDeny) check(defect defectFunc) {
	if a != nil && len(a.Allow) == 0 && len(a.Deny) == 0 {
		defect("", "demands nothing: give allow or deny")
	}
}

func (a *Attestation) check(defect defectFunc) {
	uri, err := predicateType(a.Type)
	if err != nil {
		defect("type", "%v", err)
		return
	}
	a.uri = uri
	if len(a.Result) > 0 && uri != attest.TypeTestResult {
		defect("result", "is for type: test-result")
	}
	checkNames(defect, "result", "result", a.Result, []string{"PASSED", "WARNED", "FAILED"})
	if a.Where != "" {
		a.where, err = compile(a.Where, true)
		if err != nil {
			defect("where", "%v", err)
		}
	}
}

// predicateType spells out the short name of a predicate type.
func predicateType(name string) (string, error) {
	if name == "test-result" {
		return attest.TypeTestResult, nil
	}
	return attest.PredicateType(name)
}

var policyDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (r *Receipt) check(defect defectFunc) {
	if r.Policy != "" && !policyDigest.MatchString(r.Policy) {
		defect("policy", "%q is no digest such as sha256:…, which fnseal policy check prints", clip(r.Policy))
	}
	for i, level := range r.Levels {
		if level == "" || strings.HasSuffix(level, "_UNEVALUATED") {
			defect(index("levels", i), "%q is no level that could be reached", clip(level))
		}
	}
}

func (x *Expression) check(defect defectFunc) {
	var err error
	if x.that, err = compile(x.That, false); err != nil {
		defect("that", "%v", err)
	}
}
