package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	sigstore "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/fnseal/fnseal/attest"
)

// oneEntry is a bundle with one of its log entries.
type oneEntry struct {
	sigstore.SignedEntity
	entry *tlog.Entry
}

func (e oneEntry) TlogEntries() ([]*tlog.Entry, error) { return []*tlog.Entry{e.entry}, nil }

// verifyEntry verifies one entry of a log that the root names, and that it is
// about this bundle. It returns the time the log vouches for, if it does.
func (o *opinion) verifyEntry(b *parsed, e *tlog.Entry) ([]root.Timestamp, error) {
	if err := checkKind(e); err != nil {
		return nil, err
	}
	if err := checkHead(e); err != nil {
		return nil, err
	}
	if unknownForm(b, e) {
		return o.verifyOther(b, e)
	}
	if e.IsRekorV2() {
		// The library makes the entry anew from the bundle and verifies that.
		// What the bundle shows of the log must be the same.
		if err := verifyInclusion(e, o.material.RekorLogs()[hex.EncodeToString([]byte(e.LogKeyID()))]); err != nil {
			return nil, err
		}
	}
	return sigstore.VerifyTlogEntry(oneEntry{b.entity, e}, o.material, 1, true)
}

// checkKind compares what the bundle says an entry is with what the log says
// in it: the library takes the bundle's word.
func checkKind(e *tlog.Entry) error {
	t := e.TransparencyLogEntry()
	var body struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if err := json.Unmarshal(t.GetCanonicalizedBody(), &body); err != nil {
		return fmt.Errorf("its body cannot be read: %w", err)
	}
	if kv := t.GetKindVersion(); kv.GetKind() != body.Kind || kv.GetVersion() != body.Version {
		return fmt.Errorf("the bundle says it is of kind %s %s, but the log says %s %s",
			clip(kv.GetKind()), clip(kv.GetVersion()), clip(body.Kind), clip(body.Version))
	}
	return nil
}

// checkHead compares the tree that the proof is about with the one whose head
// the log signed. The library takes one or the other and compares only some of
// the two.
func checkHead(e *tlog.Entry) error {
	proof := e.TransparencyLogEntry().GetInclusionProof()
	if proof == nil {
		return nil
	}
	lines := strings.Split(proof.GetCheckpoint().GetEnvelope(), "\n")
	if len(lines) < 3 {
		return errors.New("its checkpoint is none")
	}
	if lines[1] != strconv.FormatInt(proof.GetTreeSize(), 10) {
		return fmt.Errorf("its checkpoint is of a tree of size %q, its proof of one of size %d", clip(lines[1]), proof.GetTreeSize())
	}
	if !signedAs(lines, strings.TrimSuffix(lines[0], treeSuffix.FindString(lines[0]))) {
		return errors.New("its checkpoint is not signed in the name of its origin")
	}
	if !namesTree(e) && proof.GetLogIndex() != e.LogIndex() {
		return errors.New("its proof is of another index than its entry")
	}
	if lines[2] != base64.StdEncoding.EncodeToString(proof.GetRootHash()) {
		return errors.New("its checkpoint is of a tree with another root than its proof")
	}
	return nil
}

// signedAs reports whether a signature line of a checkpoint bears a name (C2SP
// signed-note: "— NAME SIGNATURE").
func signedAs(lines []string, name string) bool {
	return slices.ContainsFunc(lines[3:], func(l string) bool { return strings.HasPrefix(l, "— "+name+" ") })
}

// treeSuffix is what logs of the first generation append to their name in the
// origin of a checkpoint.
var treeSuffix = regexp.MustCompile(` - [0-9]+$`)

// unknownForm reports whether the library would refuse an entry for its form
// alone. Two forms are sound that it does not know: an envelope whose entry is
// a hashedrekord over what the envelope signs (Sigstore client specification,
// "Bundle content and log entry kinds"), and an entry of the first generation
// under a checkpoint that names no tree, which it takes for one of the second.
func unknownForm(b *parsed, e *tlog.Entry) bool {
	if e.IsRekorV2() {
		return false
	}
	_, _, hashed := e.GetHashedRekordDigest()
	return hashed && b.kind == KindAttestation || e.HasInclusionProof() && !namesTree(e)
}

func namesTree(e *tlog.Entry) bool {
	origin, _, _ := strings.Cut(e.TransparencyLogEntry().GetInclusionProof().GetCheckpoint().GetEnvelope(), "\n")
	return treeSuffix.MatchString(origin)
}

// verifyOther verifies an entry of the first generation step by step, as the
// library does for the forms it knows.
func (o *opinion) verifyOther(b *parsed, e *tlog.Entry) ([]root.Timestamp, error) {
	if err := tlog.ValidateEntry(e); err != nil {
		return nil, err
	}
	if !e.HasInclusionPromise() && !e.HasInclusionProof() {
		return nil, errors.New("it carries neither a promise nor a proof of inclusion")
	}
	logs := o.material.RekorLogs()
	log := logs[hex.EncodeToString([]byte(e.LogKeyID()))]
	if e.HasInclusionPromise() {
		if err := tlog.VerifySET(e, logs); err != nil {
			return nil, err
		}
	}
	if e.HasInclusionProof() {
		if err := verifyInclusion(e, log); err != nil {
			return nil, err
		}
	}
	if err := o.aboutBundle(b, e); err != nil {
		return nil, err
	}
	if !e.HasInclusionPromise() {
		return nil, nil
	}
	return []root.Timestamp{{Time: e.IntegratedTime(), URI: log.BaseURL}}, nil
}

func verifyInclusion(e *tlog.Entry, log *root.TransparencyLog) error {
	v, err := signature.LoadVerifier(log.PublicKey, log.SignatureHashFunc)
	if err != nil {
		return err
	}
	if namesTree(e) {
		return tlog.VerifyInclusion(e, v)
	}
	u, err := url.Parse(log.BaseURL)
	if err != nil {
		return err
	}
	return tlog.VerifyCheckpointAndInclusion(e, v, u.Hostname())
}

// aboutBundle compares the entry with the bundle: signature, signer, content
// and time. An entry for another signature proves nothing (CVE-2022-36056,
// CVE-2026-22703).
func (o *opinion) aboutBundle(b *parsed, e *tlog.Entry) error {
	content, err := b.entity.SignatureContent()
	if err != nil {
		return err
	}
	material, err := b.entity.VerificationContent()
	if err != nil {
		return err
	}
	switch {
	case !bytes.Equal(e.Signature(), content.Signature()):
		return errors.New("it is about another signature")
	case !material.CompareKey(e.PublicKey(), o.material):
		return errors.New("it is about another signer")
	case !sameContent(b, e):
		return errors.New("it is about other content")
	case !e.IntegratedTime().IsZero() && !material.ValidAtTime(e.IntegratedTime(), o.material):
		return errors.New("it was logged when the signer was not valid")
	}
	return nil
}

func sameContent(b *parsed, e *tlog.Entry) bool {
	digest, algorithm, hashed := e.GetHashedRekordDigest()
	if b.kind == KindMessageSignature {
		return hashed && algorithm == names[b.hash] && bytes.Equal(digest, b.digest)
	}
	payload := b.entity.GetDsseEnvelope().GetPayload()
	if hashed {
		sum := sha256.Sum256(dsse.PAE(attest.PayloadType, payload))
		return algorithm == "sha256" && bytes.Equal(digest, sum[:])
	}
	logged, ok := e.GetDssePayloadHash()
	sum := sha256.Sum256(payload)
	return ok && bytes.Equal(logged, sum[:])
}
