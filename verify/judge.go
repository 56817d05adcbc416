package verify

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	sigstore "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/fnseal/fnseal/trust"
)

// judge says whose signatures count and finds out whether a bundle is one.
type judge struct {
	keys   []trust.PublicKey
	ids    []Identity
	roots  []*trust.Root
	waived Waivers
}

// sign judges who signed b and writes what it finds into fact. The bundle's
// claims (hint, certificate, log entries) choose nothing by themselves.
func (j *judge) sign(b *parsed, fact *BundleFact) {
	needed := []string{ExamSignature}
	if b.leaf == nil {
		j.byKey(b, fact)
	} else {
		needed = append(needed, ExamCertificate, ExamIdentity)
		j.byCertificate(b, fact)
	}
	fact.Signature = summary(fact.Examined, needed)
}

// summary passes if nothing failed and everything needed passed: what was not
// examined proves nothing.
func summary(examined []Examination, needed []string) Result {
	for _, e := range examined {
		switch {
		case e.State == Failed:
			return e.Result
		case e.State == Passed:
			needed = slices.DeleteFunc(needed, func(id string) bool { return id == e.ID })
		}
	}
	if len(needed) > 0 {
		return Result{Failed, "not examined: " + strings.Join(needed, ", ")}
	}
	return Result{State: Passed}
}

// byKey looks for the key that signed.
func (j *judge) byKey(b *parsed, fact *BundleFact) {
	if len(j.keys) == 0 {
		fact.examine(ExamSignature, Result{Failed, "it is signed with a bare key, not with a certificate of " + identityList(j.ids)}, "")
		return
	}
	var hinted *trust.PublicKey
	for _, k := range j.keys {
		if k.ID == b.hint {
			hinted = &k
		}
		if checkSignature(b, k) != nil {
			continue
		}
		fact.Signer = Key{ID: k.ID, Name: k.Name}
		fact.examine(ExamSignature, Result{State: Passed}, k.String())
		j.when(b, k, fact)
		return
	}
	fact.examine(ExamSignature, j.unsigned(b, hinted), "")
}

func (j *judge) unsigned(b *parsed, hinted *trust.PublicKey) Result {
	switch {
	case b.kind == KindMessageSignature && b.hash == 0:
		return Result{Failed, fmt.Sprintf("it signs a %s digest, and only SHA2_256, SHA2_384 and SHA2_512 are compared", b.algorithm)}
	case hinted != nil:
		return Result{Failed, fmt.Sprintf("it names %s as its signer, but its signature does not verify with that key", hinted)}
	}
	names := make([]string, len(j.keys))
	for i, k := range j.keys {
		names[i] = k.String()
	}
	reason := "it is not signed by " + strings.Join(names, " or ")
	if b.hint != "" {
		reason += fmt.Sprintf("; it says it is signed by key id %q", clip(b.hint))
	}
	return Result{Failed, reason}
}

// when examines what proves the time of a key's signature, by the roots that
// were named. One that is there for certificates is asked only where the key
// needs a proof of time.
func (j *judge) when(b *parsed, k trust.PublicKey, fact *BundleFact) {
	relevant := slices.DeleteFunc(slices.Clone(j.roots), func(r *trust.Root) bool { return !r.Supplied && !k.Bounded() })
	// A root that names no log has nothing to say where another names one.
	roots := slices.DeleteFunc(slices.Clone(relevant), func(r *trust.Root) bool { return !r.HasLog() })
	if len(roots) == 0 {
		roots = relevant
	}
	best := bestOf(roots, func(r *trust.Root) *opinion {
		o := &opinion{root: r, material: root.TrustedMaterialCollection{k.TrustedMaterial(), r.TrustedMaterial()}}
		o.examineLog(b, j.waived.Log || !r.Supplied)
		o.examineTimestamps(b, k.Bounded())
		return o
	})
	if best != nil {
		fact.adopt(best)
	}
	if !k.Bounded() {
		return
	}
	for _, t := range fact.Times {
		if !k.ValidAt(t.At) {
			fact.examine(ExamTimestamp, Result{Failed, fmt.Sprintf("%s is accepted %s, but it signed at %s", k, period(k.From, k.Until), show(t.At))}, "")
			return
		}
	}
	if best == nil {
		fact.examine(ExamTimestamp, Result{Failed, fmt.Sprintf("%s is accepted %s, and no trusted root was given to judge by when it signed", k, period(k.From, k.Until))}, "")
	}
}

// byCertificate judges a certificate and what it signed by each root by
// itself: an authority of one root is not vouched for by the logs of another.
func (j *judge) byCertificate(b *parsed, fact *BundleFact) {
	cert, err := readCertificate(b.leaf)
	if err != nil {
		fact.examine(ExamCertificate, Result{Failed, err.Error()}, "")
		return
	}
	fact.Certificate = cert
	if len(j.ids) == 0 {
		fact.examine(ExamIdentity, Result{Failed, fmt.Sprintf("it is signed with a certificate, of %s, not with a bare key", fact.SignedBy())}, "")
		return
	}
	fact.examine(ExamSignature, leafSignature(b), fact.SignedBy())
	best := bestOf(j.roots, func(r *trust.Root) *opinion {
		o := &opinion{root: r, material: r.TrustedMaterial()}
		o.examineLog(b, j.waived.Log)
		o.examineTimestamps(b, true)
		chains := o.examineCertificate(b)
		o.examineSCT(chains, j.waived.SCT)
		return o
	})
	switch {
	case best == nil:
		fact.examine(ExamCertificate, Result{Failed, "no trusted root was given to judge its certificate by"}, "")
	case !best.root.KnowsIssuer(b.leaf):
		// Everything else is of an instance that the root does not know
		// either; saying so once is enough.
		fact.Root = best.root.String()
		fact.examine(ExamCertificate, Result{Failed, j.unknownAuthority(cert)}, "")
	default:
		fact.adopt(best)
	}
	for _, id := range j.ids {
		if id.Match(*cert) {
			fact.examine(ExamIdentity, Result{State: Passed}, fact.SignedBy())
			return
		}
	}
	fact.examine(ExamIdentity, Result{Failed, fmt.Sprintf("it is signed by %s, not by %s", fact.SignedBy(), identityList(j.ids))}, "")
}

func (j *judge) unknownAuthority(cert *Certificate) string {
	names := make([]string, len(j.roots))
	for i, r := range j.roots {
		names[i] = r.String()
	}
	return fmt.Sprintf("its certificate was issued by %q, an authority that the trusted root %s does not name", clip(cert.Authority), strings.Join(names, " or "))
}

// bestOf asks each root's opinion and returns the first that has nothing against
// the bundle. If all have, it is that of a root which names the bundle's
// authority, whose reasons are to the point. It is nil without roots.
func bestOf(roots []*trust.Root, ask func(*trust.Root) *opinion) *opinion {
	var best *opinion
	for _, r := range roots {
		o := ask(r)
		if !o.failed() {
			return o
		}
		if best == nil || o.knows && !best.knows {
			best = o
		}
	}
	return best
}

// checkSignature verifies a bundle's signature with a key alone. sigstore-go
// drives; the primitive is that of trust.PublicKey.
func checkSignature(b *parsed, k trust.PublicKey) error {
	content, err := b.entity.SignatureContent()
	if err != nil {
		return err
	}
	if b.kind != KindMessageSignature {
		return sigstore.VerifySignature(content, bareKey{}, k.TrustedMaterial())
	}
	if b.hash == 0 {
		return fmt.Errorf("a %s digest is not compared", b.algorithm)
	}
	return sigstore.VerifySignatureWithArtifactDigests(content, bareKey{}, k.TrustedMaterial(),
		[]sigstore.ArtifactDigest{{Algorithm: names[b.hash], Digest: b.digest}})
}

// leafSignature verifies a bundle's signature with its certificate's key.
func leafSignature(b *parsed) Result {
	k, err := trust.NewPublicKey(b.leaf.PublicKey, "")
	if err != nil {
		return Result{Failed, fmt.Sprintf("the key of its certificate is not accepted: %v", err)}
	}
	if err := checkSignature(b, k); err != nil {
		return Result{Failed, "its signature does not verify with the key of its certificate"}
	}
	return Result{State: Passed}
}

// bareKey is verification content that names a key and nothing else, so that
// sigstore-go asks the trusted material for it. A certificate's own key would
// be taken by it from the certificate, with looser ideas of a signature's form.
type bareKey struct{}

func (bareKey) CompareKey(any, root.TrustedMaterial) bool        { return false }
func (bareKey) ValidAtTime(time.Time, root.TrustedMaterial) bool { return false }
func (bareKey) Certificate() *x509.Certificate                   { return nil }
func (bareKey) Intermediates() []*x509.Certificate               { return nil }
func (bareKey) PublicKey() sigstore.PublicKeyProvider            { return bareKey{} }
func (bareKey) Hint() string                                     { return "" }

// strongKeys holds keys that were put together by hand to the rules of
// trust.NewPublicKey, and gives them their own ids.
func strongKeys(keys []trust.PublicKey) ([]trust.PublicKey, error) {
	out := make([]trust.PublicKey, 0, len(keys))
	for _, k := range keys {
		strong, err := trust.NewPublicKey(k.Key, k.Name)
		if err != nil {
			return nil, fmt.Errorf("using %s: %w", k, err)
		}
		strong.From, strong.Until = k.From, k.Until
		out = append(out, strong)
	}
	return out, nil
}

func (b *BundleFact) examine(id string, r Result, found string) {
	e := Examination{ID: id, Result: r}
	if r.State == Passed {
		e.Found = found
	}
	b.Examined = append(b.Examined, e)
}

func (b *BundleFact) adopt(o *opinion) {
	b.Root, b.Times = o.root.String(), o.times
	b.Examined = append(b.Examined, o.examined...)
}

func period(from, until time.Time) string {
	switch {
	case from.IsZero():
		return "until " + show(until)
	case until.IsZero():
		return "from " + show(from)
	}
	return "from " + show(from) + " until " + show(until)
}

func show(t time.Time) string { return t.UTC().Format(time.RFC3339) }
