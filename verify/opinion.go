package verify

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	sigstore "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/fnseal/fnseal/trust"
)

// opinion is what one trusted root makes of a bundle. The steps are those of
// the Sigstore client specification (§4.1: log, time, certificate, SCT), each
// taken by sigstore-go and reported by itself. What the library passes over is
// held against the bundle here: a second log entry or timestamp that does not
// verify, and a log that was not in use at the time.
type opinion struct {
	root     *trust.Root
	material root.TrustedMaterial
	knows    bool // the root names the bundle's authority, or one of its logs

	examined []Examination
	times    []Time
	logs     []*root.TransparencyLog // that hold a verified entry
}

func (o *opinion) failed() bool {
	return slices.ContainsFunc(o.examined, func(e Examination) bool { return e.State == Failed })
}

func (o *opinion) add(id string, state State, format string, args ...any) {
	e := Examination{ID: id, Result: Result{State: state}}
	if text := fmt.Sprintf(format, args...); state == Passed {
		e.Found = text
	} else {
		e.Reason = text
	}
	o.examined = append(o.examined, e)
}

// examineLog looks for the signature in the logs of the root. A root without
// logs demands none.
func (o *opinion) examineLog(b *parsed, waived bool) {
	if b.leaf != nil {
		o.knows = o.root.KnowsIssuer(b.leaf)
	}
	if !o.root.HasLog() {
		o.add(ExamLog, NotExamined, "the trusted root %s names no log", o.root)
		return
	}
	entries, err := b.entity.TlogEntries()
	if err != nil {
		o.add(ExamLog, Failed, "its log entries cannot be read: %v", err)
		return
	}
	known := o.knownEntries(entries)
	switch {
	case len(entries) > maxEntries:
		o.add(ExamLog, Failed, "it has %d log entries, more than %d", len(entries), maxEntries)
	case len(known) == 0 && waived:
		o.add(ExamLog, NotExamined, "waived: it need not be in a log")
	case len(entries) == 0:
		o.add(ExamLog, Failed, "it is in no log, and the trusted root %s names one", o.root)
	case len(known) == 0:
		o.add(ExamLog, Failed, "it is in a log that the trusted root %s does not name", o.root)
	default:
		o.verifyEntries(b, known)
	}
}

func (o *opinion) knownEntries(entries []*tlog.Entry) []*tlog.Entry {
	logs := o.material.RekorLogs()
	var known []*tlog.Entry
	for _, e := range entries {
		if l, ok := logs[hex.EncodeToString([]byte(e.LogKeyID()))]; ok {
			known = append(known, e)
			o.logs = append(o.logs, l)
			o.knows = true
		}
	}
	return known
}

// maxEntries bounds the log entries of a bundle, as sigstore-go does.
const maxEntries = 32

// verifyEntries verifies every entry that can be judged. The library is content
// with one, whatever others are there.
func (o *opinion) verifyEntries(b *parsed, known []*tlog.Entry) {
	for i, e := range known {
		for _, other := range known[:i] {
			if e.LogKeyID() == other.LogKeyID() && e.LogIndex() == other.LogIndex() {
				o.add(ExamLog, Failed, "it carries the same log entry twice")
				return
			}
		}
		stamps, err := o.verifyEntry(b, e)
		if err != nil {
			o.add(ExamLog, Failed, "its log entry does not verify: %v", oneLine(err))
			return
		}
		for _, s := range stamps {
			o.times = append(o.times, Time{At: s.Time, Source: s.URI})
		}
	}
	o.add(ExamLog, Passed, "entry %d of %s", known[0].LogIndex(), nameOf(o.logs[0].BaseURL, "a log of "+o.root.String()))
}

// oneLine returns an error's text on one line: some of the library's dump
// hashes over several.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// maxTimestamps bounds the timestamps of a bundle, as sigstore-go does.
const maxTimestamps = 32

// examineTimestamps collects what proves when the signature existed. Every
// timestamp must verify where the root names an authority for them: which of
// several is believed must not depend on their order. needed says that a time
// must be proven.
func (o *opinion) examineTimestamps(b *parsed, needed bool) {
	stamps, err := b.entity.Timestamps()
	if err == nil && len(stamps) > maxTimestamps {
		err = fmt.Errorf("it has %d timestamps, more than %d", len(stamps), maxTimestamps)
	}
	var signature []byte
	if content, e := b.entity.SignatureContent(); e != nil {
		err = e
	} else {
		signature = content.Signature()
	}
	if !o.root.HasTimestampAuthority() {
		stamps = nil
	}
	for _, s := range stamps {
		if err != nil {
			break
		}
		var t *root.Timestamp
		if t, err = o.verifyTimestamp(s, signature); err == nil {
			o.times = append(o.times, Time{At: t.Time, Source: t.URI})
		}
	}
	if err != nil {
		o.add(ExamTimestamp, Failed, "its timestamp does not verify: %v", err)
		return
	}
	for _, l := range o.logs {
		for _, t := range o.times {
			if t.At.Before(l.ValidityPeriodStart) || !l.ValidityPeriodEnd.IsZero() && t.At.After(l.ValidityPeriodEnd) {
				o.add(ExamTimestamp, Failed, "it signed at %s, when %s was not in use", show(t.At), nameOf(l.BaseURL, "its log"))
				return
			}
		}
	}
	switch {
	case len(o.times) > 0:
		o.add(ExamTimestamp, Passed, "%s by %s", show(o.times[0].At), nameOf(o.times[0].Source, "an authority of "+o.root.String()))
	case needed && o.failed():
		o.add(ExamTimestamp, NotExamined, "its log entry does not verify, so it proves no time")
	case needed:
		o.add(ExamTimestamp, Failed, "nothing proves when it was signed: no log or timestamp authority of the trusted root %s vouches for a time", o.root)
	}
}

func (o *opinion) verifyTimestamp(stamp, signature []byte) (*root.Timestamp, error) {
	var errs []error
	for _, authority := range o.material.TimestampingAuthorities() {
		t, err := authority.Verify(stamp, signature)
		if err == nil {
			return t, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// examineCertificate builds the chain from the certificate to an authority of
// the root, valid at every time proven, and returns it.
func (o *opinion) examineCertificate(b *parsed) [][]*x509.Certificate {
	if len(o.times) == 0 {
		o.add(ExamCertificate, NotExamined, "it was valid for a while only, and nothing proves when it signed")
		return nil
	}
	leaf := *b.leaf
	// A name of another form than Go knows is read by readCertificate.
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions),
		func(id asn1.ObjectIdentifier) bool { return id.Equal(cryptoutils.SANOID) })
	var chains [][]*x509.Certificate
	for _, t := range o.times {
		var err error
		if chains, err = sigstore.VerifyLeafCertificate(t.At, &leaf, o.material); err != nil {
			o.add(ExamCertificate, Failed, "%s", o.whyNot(&leaf, t.At))
			return nil
		}
	}
	o.add(ExamCertificate, Passed, "issued by %s", clip(leaf.Issuer.String()))
	return chains
}

// whyNot explains a certificate that does not verify at a time; the library
// says only that it does not.
func (o *opinion) whyNot(leaf *x509.Certificate, t time.Time) string {
	if t.Before(leaf.NotBefore) || t.After(leaf.NotAfter) {
		return fmt.Sprintf("its certificate was valid %s, but it signed at %s", period(leaf.NotBefore, leaf.NotAfter), show(t))
	}
	for _, ca := range o.material.FulcioCertificateAuthorities() {
		f, ok := ca.(*root.FulcioCertificateAuthority)
		if !ok || len(f.Intermediates) > 0 && !bytes.Equal(f.Intermediates[0].RawSubject, leaf.RawIssuer) {
			continue
		}
		if t.Before(f.ValidityPeriodStart) || !f.ValidityPeriodEnd.IsZero() && t.After(f.ValidityPeriodEnd) {
			return fmt.Sprintf("it signed at %s, but the trusted root %s relies on its authority %s only", show(t), o.root, period(f.ValidityPeriodStart, f.ValidityPeriodEnd))
		}
	}
	return fmt.Sprintf("its certificate does not lead to an authority of the trusted root %s", o.root)
}

// examineSCT looks for the proof within the certificate that it was logged. A
// root without logs of certificates demands none.
func (o *opinion) examineSCT(chains [][]*x509.Certificate, waived bool) {
	switch {
	case !o.root.HasCTLog():
		o.add(ExamSCT, NotExamined, "the trusted root %s names no log of certificates", o.root)
	case waived:
		o.add(ExamSCT, NotExamined, "waived: its certificate need not be in a log")
	case len(chains) == 0:
		o.add(ExamSCT, NotExamined, "its certificate does not verify")
	default:
		if err := sigstore.VerifySignedCertificateTimestamp(chains, 1, o.material); err != nil {
			o.add(ExamSCT, Failed, "its certificate is in no log that the trusted root %s names: %v", o.root, err)
			return
		}
		o.add(ExamSCT, Passed, "logged")
	}
}

func nameOf(name, fallback string) string {
	if name == "" {
		return fallback
	}
	return clip(name)
}
