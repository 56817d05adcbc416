package sigstorekit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Case is one bundle to verify, valid or forged, with all that verifying it
// takes.
type Case struct {
	Name     string
	Artifact []byte
	Bundle   []byte
	Root     []byte // trusted root; nil for none
	Key      []byte // PEM of the key to verify with; nil for Identity and Issuer
	Identity string
	Issuer   string

	// Refused is the id of the check that must fail; empty for a bundle that
	// must be accepted.
	Refused string

	// RefusedByDigest is the check that must fail where only the artifact's
	// sha256 is known; Refused if empty.
	RefusedByDigest string
}

// The signer of the cases.
const (
	CaseIdentity = "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main"
	CaseIssuer   = GitHubIssuer
)

// Checks that refuse cases.
const (
	refusedBundle      = "bundle" // cannot be read
	refusedRoot        = "root"   // the trusted root cannot
	refusedSignature   = "signature"
	refusedDigest      = "digest"
	refusedLog         = "log"
	refusedTimestamp   = "timestamp"
	refusedCertificate = "certificate"
	refusedSCT         = "sct"
	refusedIdentity    = "identity"
)

// Cases returns bundles of every form, and every way known to forge one. Each
// forgery is a valid bundle of which one thing was changed.
func Cases(t testing.TB) []Case {
	t.Helper()
	s := newScene(t)
	s.messages()
	s.attestations()
	s.secondGeneration()
	s.roots()
	s.keys()
	s.structure()
	return s.cases
}

// scene makes cases about one artifact.
type scene struct {
	*Instance
	other    *Instance
	artifact []byte
	cases    []Case
}

func newScene(t testing.TB) *scene {
	return &scene{Instance: New(t), other: New(t), artifact: []byte("artifact of the cases\n")}
}

// request is the control that forgeries start from.
func (s *scene) request(changes ...func(*Request)) Request {
	r := Request{Artifact: s.artifact, Certificate: CertificateRequest{
		Subjects: []string{CaseIdentity}, Claims: Workflow("org/repo", "refs/heads/main", "release.yml"),
	}}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func (s *scene) statement(r *Request) {
	r.Artifact, r.Statement = nil, Statement(s.t, s.artifact, "https://example.com/test", map[string]any{"a": 1})
}

func stamped(r *Request)     { r.Stamps = []Timestamp{{}} }
func proofOnly(r *Request)   { r.Entries = []Entry{{Proof: true}} }
func promiseOnly(r *Request) { r.Entries = []Entry{{Promise: true}} }
func unlogged(r *Request)    { r.Entries = NoEntries }
func v1(r *Request)          { r.Version = "0.1" }
func v2(r *Request)          { r.Version = "0.2" }
func bare(r *Request)        { r.Bare = true }
func generation2(r *Request) { r.Entries = []Entry{{V2: true, Proof: true}}; stamped(r) }
func at(d time.Duration) func(*Request) {
	return func(r *Request) { r.Entries = []Entry{{At: Epoch.Add(d), Promise: true, Proof: true}} }
}

// add adds a case of a bundle under the instance's own root.
func (s *scene) add(name, refused string, r Request, change ...func(b *Bundle)) {
	s.under(name, refused, s.TrustedRoot(), r, change...)
}

func (s *scene) under(name, refused string, root []byte, r Request, change ...func(b *Bundle)) {
	s.t.Helper()
	b := s.Sign(r)
	for _, c := range change {
		c(b)
	}
	c := Case{Name: name, Artifact: s.artifact, Bundle: b.Bytes(s.t), Root: root, Refused: refused, Identity: CaseIdentity, Issuer: CaseIssuer}
	if r.Bare {
		c.Key = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(s.t, b.Key.Public())})
	}
	s.cases = append(s.cases, c)
}

// last returns the case that was added last, to be changed.
func (s *scene) last() *Case { return &s.cases[len(s.cases)-1] }

// at changes a value within a bundle. Steps are names, or numbers in a list.
func set(value any, steps ...any) func(b *Bundle) {
	return change(func(any) any { return value }, steps...)
}

func change(f func(old any) any, steps ...any) func(b *Bundle) {
	return func(b *Bundle) {
		var here any = b.JSON
		for _, step := range steps[:len(steps)-1] {
			here = child(here, step)
		}
		switch last := steps[len(steps)-1].(type) {
		case string:
			m := here.(map[string]any)
			if m[last] = f(m[last]); m[last] == nil {
				delete(m, last)
			}
		case int:
			here.([]any)[last] = f(here.([]any)[last])
		}
	}
}

func child(v, step any) any {
	if name, ok := step.(string); ok {
		return v.(map[string]any)[name]
	}
	return v.([]any)[step.(int)]
}

func flip(old any) any {
	b := slices.Clone(old.([]byte))
	b[len(b)-1] ^= 1
	return b
}

func entryAt(steps ...any) []any {
	return append([]any{"verificationMaterial", "tlogEntries", 0}, steps...)
}

func (s *scene) messages() {
	s.add("message v0.3", "", s.request())
	s.add("message v0.3, old media type", "", s.request(), set("application/vnd.dev.sigstore.bundle+json;version=0.3", "mediaType"))
	s.add("message v0.2", "", s.request(v2))
	s.add("message v0.1", "", s.request(v1))
	s.add("message v0.1, promise only", "", s.request(v1, promiseOnly))
	s.add("message, log and timestamp", "", s.request(stamped))
	s.add("message, timestamp with the authority's certificate", "", s.request(func(r *Request) { r.Stamps = []Timestamp{{Embedded: true}} }))
	s.add("message, proof and timestamp", "", s.request(proofOnly, stamped))
	s.add("signer named by e-mail address", "", s.request(func(r *Request) { r.Certificate.Subjects = []string{"dev@example.com"} }))
	s.last().Identity = "dev@example.com"
	s.add("entry at the first moment of the certificate", "", s.request(at(-time.Minute)))
	s.add("entry at the last moment of the certificate", "", s.request(at(9*time.Minute)))

	s.add("another artifact", refusedDigest, s.request())
	s.last().Artifact = []byte("another artifact")
	s.add("signature altered", refusedSignature, s.request(), change(flip, "messageSignature", "signature"))
	s.add("signature of another artifact", refusedSignature, s.request(),
		set(s.Sign(s.request(func(r *Request) { r.Artifact = []byte("x") })).Signature, "messageSignature", "signature"))
	s.add("digest altered", refusedSignature, s.request(), change(flip, "messageSignature", "messageDigest", "digest"))
	s.add("digest of the artifact under another signature", refusedSignature, s.request(func(r *Request) { r.Artifact = []byte("x") }),
		set(sum(s.artifact), "messageSignature", "messageDigest", "digest"))
	s.add("another signer", refusedIdentity, s.request(func(r *Request) { r.Certificate.Subjects = []string{CaseIdentity + "x"} }))
	s.add("another issuer", refusedIdentity, s.request(func(r *Request) { r.Certificate.Issuer = "https://example.com" }))
	s.add("no issuer", refusedIdentity, s.request(func(r *Request) { r.Certificate.Issuer = " " }))
	s.add("two signers in one certificate", refusedCertificate, s.request(func(r *Request) {
		r.Certificate.Subjects = []string{CaseIdentity, "https://example.com/x"}
	}))
	s.add("a URI and an e-mail address in one certificate", refusedCertificate, s.request(func(r *Request) {
		r.Certificate.Subjects = []string{CaseIdentity, "dev@example.com"}
	}))
	s.add("nobody in the certificate", refusedCertificate, s.request(func(r *Request) { r.Certificate.Subjects = []string{} }))

	// The log.
	s.add("not logged", refusedLog, s.request(unlogged, stamped))
	s.add("logged elsewhere", refusedLog, s.request(func(r *Request) { r.Entries = []Entry{{Promise: true, Proof: true, By: s.other}} }, stamped))
	s.add("promise by another log under its own name", refusedLog, s.request(), func(b *Bundle) {
		foreign := s.other.entry(Entry{Promise: true, Proof: true}, b)
		set(foreign["inclusionPromise"], entryAt("inclusionPromise")...)(b)
	})
	s.add("promise altered", refusedLog, s.request(), change(flip, entryAt("inclusionPromise", "signedEntryTimestamp")...))
	s.add("integrated time altered", refusedLog, s.request(), set(fmt.Sprint(Epoch.Unix()+1), entryAt("integratedTime")...))
	s.add("logged after the certificate", refusedLog, s.request(at(time.Hour)))
	s.add("logged before the certificate", refusedLog, s.request(at(-time.Hour)))
	s.add("logged in the future", refusedLog, s.request(at(100*365*24*time.Hour)))
	s.add("proof hash altered", refusedLog, s.request(proofOnly, stamped), change(flip, entryAt("inclusionProof", "hashes", 0)...))
	s.add("proof hash missing", refusedLog, s.request(proofOnly, stamped), change(func(old any) any { return old.([]any)[1:] }, entryAt("inclusionProof", "hashes")...))
	s.add("proof of another index", refusedLog, s.request(proofOnly, stamped), set("2", entryAt("inclusionProof", "logIndex")...))
	s.add("proof root altered", refusedLog, s.request(proofOnly, stamped), change(flip, entryAt("inclusionProof", "rootHash")...))
	s.add("tree size altered", refusedLog, s.request(proofOnly, stamped), set("6", entryAt("inclusionProof", "treeSize")...))
	s.add("checkpoint missing", refusedBundle, s.request(), set(nil, entryAt("inclusionProof", "checkpoint")...))
	s.checkpoints("first generation", s.request(proofOnly, stamped), OriginV1+" - 1193050959916656506", s.keyV1(OriginV1), s.other.keyV1(OriginV1))
	s.add("entry of another artifact", refusedLog, s.request(), s.swapEntry(func(r *Request) { r.Artifact = []byte("x") }))
	s.add("entry of another signing of the same artifact", refusedLog, s.request(), s.swapEntry())
	s.add("promise of another signing, CVE-2022-36056", refusedLog, s.request(v1, promiseOnly), s.swapEntry(v1, promiseOnly))
	s.add("entry body altered", refusedBundle, s.request(), change(func(old any) any {
		digest := fmt.Sprintf("%x", sum(s.artifact))
		return bytes.Replace(old.([]byte), []byte(digest), []byte(strings.Repeat("0", 64)), 1)
	}, entryAt("canonicalizedBody")...))
	s.add("entry body is junk", refusedBundle, s.request(), set([]byte("{}"), entryAt("canonicalizedBody")...))
	s.add("entry of another kind than it says", refusedLog, s.request(), set("dsse", entryAt("kindVersion", "kind")...))
	s.add("entry of another version than it says", refusedLog, s.request(), set("0.0.2", entryAt("kindVersion", "version")...))
	s.add("entry under another log's id", refusedLog, s.request(), set(logID(s.t, &s.other.logV1.PublicKey), entryAt("logId", "keyId")...))
	s.add("entry twice", refusedLog, s.request(), change(func(old any) any { l := old.([]any); return append(l, l[0]) }, "verificationMaterial", "tlogEntries"))
	s.add("a second entry that does not verify", refusedLog, s.request(func(r *Request) {
		r.Entries = []Entry{{Promise: true, Proof: true}, {V2: true, Proof: true}}
	}), change(flip, "verificationMaterial", "tlogEntries", 1, "inclusionProof", "rootHash"))
	s.add("a second entry, of a log nobody knows", "", s.request(func(r *Request) {
		r.Entries = []Entry{{Promise: true, Proof: true}, {Promise: true, Proof: true, By: s.other}}
	}))

	// Timestamps.
	s.add("timestamp after the certificate", refusedCertificate, s.request(func(r *Request) { r.Stamps = []Timestamp{{At: Epoch.Add(time.Hour)}} }))
	s.add("timestamp before the certificate", refusedCertificate, s.request(func(r *Request) { r.Stamps = []Timestamp{{At: Epoch.Add(-time.Hour)}} }))
	s.add("a second timestamp after the certificate", refusedCertificate, s.request(func(r *Request) {
		r.Stamps = []Timestamp{{}, {At: Epoch.Add(time.Hour)}}
	}))
	s.add("timestamp of another signature", refusedTimestamp, s.request(func(r *Request) { r.Stamps = []Timestamp{{Of: []byte("x")}} }))
	s.add("timestamp by another authority", refusedTimestamp, s.request(func(r *Request) { r.Stamps = []Timestamp{{By: s.other}} }))
	s.add("timestamp by another authority, with its certificate", refusedTimestamp, s.request(func(r *Request) {
		r.Stamps = []Timestamp{{By: s.other, Embedded: true}}
	}))
	s.add("a second timestamp by another authority", refusedTimestamp, s.request(func(r *Request) { r.Stamps = []Timestamp{{}, {By: s.other}} }))
	s.add("timestamp by an authority that had expired", refusedTimestamp, s.request(func(r *Request) {
		r.Stamps = []Timestamp{{Signer: s.NewTSA(Epoch.AddDate(-2, 0, 0), Epoch.AddDate(-1, 0, 0)), Embedded: true}}
	}))
	s.add("timestamp is junk", refusedTimestamp, s.request(stamped),
		set([]byte("junk"), "verificationMaterial", "timestampVerificationData", "rfc3161Timestamps", 0, "signedTimestamp"))
	s.add("timestamp altered", refusedTimestamp, s.request(stamped),
		change(flip, "verificationMaterial", "timestampVerificationData", "rfc3161Timestamps", 0, "signedTimestamp"))
	s.add("no time", refusedTimestamp, s.request(proofOnly))

	// Certificates.
	s.add("certificate by another authority", refusedCertificate, s.request(func(r *Request) { r.Authority = s.other }))
	s.add("certificate by another authority for the same key", refusedLog, s.request(), func(b *Bundle) {
		forged := s.other.Certificate(b.Key.Public(), CertificateRequest{Subjects: []string{CaseIdentity}, Issuer: CaseIssuer, From: Epoch})
		set(forged.Raw, "verificationMaterial", "certificate", "rawBytes")(b)
	})
	s.add("certificate of another signing", refusedSignature, s.request(), set(s.Sign(s.request()).Leaf.Raw, "verificationMaterial", "certificate", "rawBytes"))
	s.add("certificate altered", refusedLog, s.request(), change(flip, "verificationMaterial", "certificate", "rawBytes"))
	s.add("certificate for servers", refusedCertificate, s.request(func(r *Request) { r.Certificate.Usage = x509.ExtKeyUsageServerAuth }))
	s.add("no SCT", refusedSCT, s.request(func(r *Request) { r.Certificate.NoSCT = true }))
	s.add("SCT by another log", refusedSCT, s.request(func(r *Request) { r.Certificate.SCTBy = s.other }))
	s.add("SCT from before the log", refusedSCT, s.request(func(r *Request) { r.Certificate.SCTAt = Epoch.AddDate(-4, 0, 0) }))
}

// swapEntry puts the entry of another bundle in the place of a bundle's own.
func (s *scene) swapEntry(changes ...func(*Request)) func(*Bundle) {
	other := s.Sign(s.request(changes...))
	return set(other.JSON["verificationMaterial"].(map[string]any)["tlogEntries"], "verificationMaterial", "tlogEntries")
}

// checkpoints are the ways to sign a tree head, and to forge one.
func (s *scene) checkpoints(generation string, r Request, origin string, key, foreign noteKey) {
	proof := func(b *Bundle) map[string]any {
		return child(child(child(child(b.JSON, "verificationMaterial"), "tlogEntries"), 0), "inclusionProof").(map[string]any)
	}
	with := func(f func(root []byte) string) func(*Bundle) {
		return func(b *Bundle) {
			p := proof(b)
			p["checkpoint"] = map[string]any{"envelope": f(p["rootHash"].([]byte))}
		}
	}
	witness := s.other.keyV2("witness.test")
	name := func(what string) string { return "checkpoint, " + generation + ", " + what }
	witnessed := map[string]func(root []byte) string{
		"with a witness behind": func(root []byte) string { return checkpoint(origin, 5, root, key, witness) },
		"with a witness before": func(root []byte) string { return checkpoint(origin, 5, root, witness, key) },
		"with several witnesses": func(root []byte) string {
			return checkpoint(origin, 5, root, witness, key, s.other.keyV2("another.test"))
		},
	}
	if origin != OriginV2 {
		clear(witnessed) // nobody cosigns logs of the first generation
	}
	witnessed["with a line of the log's own"] = func(root []byte) string {
		return checkpoint(origin, 5, root, key.over("Timestamp: 1748779200000000000\n"))
	}
	for what, envelope := range witnessed {
		s.add(name(what), "", r, with(envelope))
	}
	lines := func(root []byte) []string { return strings.Split(checkpoint(origin, 5, root, key), "\n") }
	for what, envelope := range map[string]func(root []byte) string{
		"by another log":     func(root []byte) string { return checkpoint(origin, 5, root, foreign) },
		"by a witness alone": func(root []byte) string { return checkpoint(origin, 5, root, witness) },
		"unsigned":           func(root []byte) string { return checkpoint(origin, 5, root) },
		"of another tree":    func(root []byte) string { return checkpoint(origin, 5, sum(root), key) },
		"of another size":    func(root []byte) string { return checkpoint(origin, 6, root, key) },
		"without its origin": func(root []byte) string { return strings.Join(lines(root)[1:], "\n") },
		"without its size":   func(root []byte) string { return strings.Join(slices.Delete(lines(root), 1, 2), "\n") },
		"without its root":   func(root []byte) string { return strings.Join(slices.Delete(lines(root), 2, 3), "\n") },
		"with its sum altered": func(root []byte) string {
			return strings.Replace(checkpoint(origin, 5, root, key), "\n5\n", "\n05\n", 1)
		},
		"junk": func([]byte) string { return "junk" },
		"by another key id": func(root []byte) string {
			k := key
			k.id ^= 1
			return checkpoint(origin, 5, root, k)
		},
	} {
		s.add(name(what), refusedLog, r, with(envelope))
	}
	s.add(name("empty"), refusedBundle, r, with(func([]byte) string { return "" }))
}

func (s *scene) attestations() {
	for _, kind := range []string{"dsse", "intoto", "hashedrekord"} {
		logged := func(r *Request) { s.statement(r); r.Entries = []Entry{{Kind: kind, Promise: true, Proof: true}} }
		s.add("attestation, entry of kind "+kind, "", s.request(logged))
		s.add("attestation v0.2, entry of kind "+kind, "", s.request(logged, v2))
		s.add("attestation v0.1, entry of kind "+kind, "", s.request(logged, v1))
		s.add("attestation, entry of kind "+kind+", proof only", "", s.request(logged, func(r *Request) { r.Entries[0].Promise = false }, stamped))
		s.add("attestation of another signing, entry of kind "+kind, refusedLog, s.request(logged), s.swapEntry(logged))
		s.add("attestation, entry of another statement of kind "+kind, refusedLog, s.request(logged), s.swapEntry(logged, func(r *Request) {
			r.Statement = Statement(s.t, []byte("x"), "https://example.com/test", map[string]any{})
		}))
		s.add("attestation, promise of kind "+kind+" altered", refusedLog, s.request(logged), change(flip, entryAt("inclusionPromise", "signedEntryTimestamp")...))
		s.add("attestation, proof of kind "+kind+" altered", refusedLog, s.request(logged, func(r *Request) { r.Entries[0].Promise = false }, stamped),
			change(flip, entryAt("inclusionProof", "hashes", 0)...))
		s.add("attestation, entry of kind "+kind+" after the certificate", refusedLog, s.request(logged, func(r *Request) { r.Entries[0].At = Epoch.Add(time.Hour) }))
		s.add("attestation, entry of kind "+kind+", timestamp after the certificate", refusedCertificate,
			s.request(logged, func(r *Request) { r.Stamps = []Timestamp{{At: Epoch.Add(time.Hour)}} }))
		s.add("attestation with a message's entry, of kind "+kind, refusedLog, s.request(logged), s.swapEntry())
	}
	s.add("a message with an attestation's entry", refusedLog, s.request(), s.swapEntry(s.statement))
	s.add("attestation, signature altered", refusedSignature, s.request(s.statement), change(flip, "dsseEnvelope", "signatures", 0, "sig"))
	s.add("attestation, payload altered", refusedSignature, s.request(s.statement), change(func(old any) any {
		return bytes.Replace(old.([]byte), []byte(`"a":1`), []byte(`"a":2`), 1)
	}, "dsseEnvelope", "payload"))
	s.add("attestation, payload of another type", refusedBundle, s.request(s.statement), set("text/plain", "dsseEnvelope", "payloadType"))
	s.add("attestation, signed by somebody else", refusedSignature, s.request(s.statement), set(s.Sign(s.request(s.statement)).Signature, "dsseEnvelope", "signatures", 0, "sig"))
	s.add("attestation, two signatures", refusedBundle, s.request(s.statement), change(func(old any) any { l := old.([]any); return append(l, l[0]) }, "dsseEnvelope", "signatures"))
	s.add("attestation, no signature", refusedBundle, s.request(s.statement), set([]any{}, "dsseEnvelope", "signatures"))

	payload := func(text string) func(*Request) {
		return func(r *Request) { r.Artifact, r.Statement = nil, []byte(text) }
	}
	hex := fmt.Sprintf("%x", sha256.Sum256(s.artifact))
	good := string(Statement(s.t, s.artifact, "https://example.com/test", map[string]any{}))
	s.add("statement control", "", s.request(payload(good)))
	for name, text := range map[string]string{
		"without a type":          `{"subject":[{"name":"a","digest":{"sha256":"` + hex + `"}}],"predicateType":"https://example.com/test","predicate":{}}`,
		"of an unknown type":      strings.Replace(good, "Statement/v1", "Statement/v2", 1),
		"without subjects":        `{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://example.com/test"}`,
		"without predicate type":  strings.Replace(good, `"predicateType":"https://example.com/test",`, "", 1),
		"with two subject lists":  `{"subject":[],` + good[1:],
		"with members in capital": strings.Replace(good, `"subject"`, `"Subject"`, 1),
		"that is no JSON":         "statement",
		"that is empty JSON":      "{}",
		"that is followed by one": good + good,
	} {
		s.add("statement "+name, refusedBundle, s.request(payload(text)))
	}
	for name, digest := range map[string]string{
		"of another artifact":     `"sha256":"` + strings.Repeat("0", 64) + `"`,
		"with the digest as md5":  `"md5":"` + hex + `"`,
		"with the digest as sha1": `"sha1":"` + hex + `"`,
		"with the digest as own":  `"fnseal":"` + hex + `"`,
	} {
		s.add("statement "+name, refusedDigest, s.request(payload(strings.Replace(good, `"sha256":"`+hex+`"`, digest, 1))))
	}
	s.add("statement with the digest in capitals", refusedBundle, s.request(payload(strings.Replace(good, hex, strings.ToUpper(hex), 1))))
	long := fmt.Sprintf("%x", sha512.Sum512(s.artifact))
	for name, digest := range map[string]string{"sha512": long, "sha384": fmt.Sprintf("%x", sha512.Sum384(s.artifact))} {
		s.add("statement with a "+name+" alone", "", s.request(payload(strings.Replace(good, `"sha256":"`+hex+`"`, `"`+name+`":"`+digest+`"`, 1))))
		s.last().RefusedByDigest = refusedDigest
	}
	s.add("statement with a good sha512 and a sha256 of something else", refusedDigest, s.request(payload(strings.Replace(good,
		`"sha256":"`+hex+`"`, `"sha256":"`+strings.Repeat("0", 64)+`","sha512":"`+long+`"`, 1))))
	s.add("statement with the artifact as second subject", "", s.request(payload(strings.Replace(good, `"subject":[`, `"subject":[{"name":"x","digest":{"sha256":"`+strings.Repeat("0", 64)+`"}},`, 1))))
}

func (s *scene) secondGeneration() {
	for what, content := range map[string]func(*Request){"message": func(*Request) {}, "attestation": s.statement} {
		name := func(x string) string { return "second generation, " + what + ", " + x }
		r := func(changes ...func(*Request)) Request {
			return s.request(append([]func(*Request){content, generation2}, changes...)...)
		}
		s.add(name("valid"), "", r())
		s.add(name("the authority's certificate in the timestamp"), "", r(func(r *Request) { r.Stamps[0].Embedded = true }))
		s.add(name("no timestamp"), refusedTimestamp, r(func(r *Request) { r.Stamps = nil }))
		s.add(name("no proof"), refusedBundle, r(func(r *Request) { r.Entries[0].Proof = false }))
		s.add(name("proof altered"), refusedLog, r(), change(flip, entryAt("inclusionProof", "hashes", 0)...))
		s.add(name("entry of another signing"), refusedLog, r(), s.swapEntry(content, generation2))
		s.add(name("entry of other content"), refusedLog, r(), s.swapEntry(func(r *Request) { r.Artifact = []byte("x") }, generation2))
		s.add(name("timestamp after the certificate"), refusedCertificate, r(func(r *Request) { r.Stamps[0].At = Epoch.Add(time.Hour) }))
		s.add(name("timestamp before the certificate"), refusedCertificate, r(func(r *Request) { r.Stamps[0].At = Epoch.Add(-time.Hour) }))
		s.add(name("a second timestamp after the certificate"), refusedCertificate, r(func(r *Request) {
			r.Stamps = append(r.Stamps, Timestamp{At: Epoch.Add(time.Hour)})
		}))
		s.add(name("timestamp of another signature"), refusedTimestamp, r(func(r *Request) { r.Stamps[0].Of = []byte("x") }))
		s.add(name("timestamp by another authority"), refusedTimestamp, r(func(r *Request) { r.Stamps[0].By = s.other; r.Stamps[0].Embedded = true }))
		s.add(name("timestamp by another authority, no certificate"), refusedTimestamp, r(func(r *Request) { r.Stamps[0].By = s.other }))
		s.add(name("an integrated time is not believed"), refusedTimestamp, r(func(r *Request) { r.Stamps = nil }), set(fmt.Sprint(Epoch.Unix()), entryAt("integratedTime")...))
		s.add(name("a promise is not believed"), refusedLog, r(func(r *Request) { r.Stamps = nil }),
			set(map[string]any{"signedEntryTimestamp": []byte("promise")}, entryAt("inclusionPromise")...))
		sigPath := []any{"messageSignature", "signature"}
		if what == "attestation" {
			sigPath = []any{"dsseEnvelope", "signatures", 0, "sig"}
		}
		s.add(name("signature altered"), refusedSignature, r(), change(flip, sigPath...))
	}
	s.checkpoints("second generation", s.request(generation2), OriginV2, s.keyV2(OriginV2), s.other.keyV2(OriginV2))
	s.add("checkpoint, second generation, by the log under another name", refusedLog, s.request(generation2), func(b *Bundle) {
		p := child(child(child(child(b.JSON, "verificationMaterial"), "tlogEntries"), 0), "inclusionProof").(map[string]any)
		p["checkpoint"] = map[string]any{"envelope": checkpoint("elsewhere.test", 5, p["rootHash"].([]byte), s.keyV2("elsewhere.test"))}
	})
	s.add("both generations", "", s.request(func(r *Request) { r.Entries = []Entry{{Promise: true, Proof: true}, {V2: true, Proof: true}} }))
	s.add("first generation under a checkpoint that names no tree", "", s.request(func(r *Request) { r.Entries = []Entry{{Promise: true, Proof: true, NoTree: true}} }))
	s.add("first generation under such a checkpoint, of another signing", refusedLog,
		s.request(func(r *Request) { r.Entries = []Entry{{Promise: true, Proof: true, NoTree: true}} }),
		s.swapEntry(func(r *Request) { r.Entries = []Entry{{Promise: true, Proof: true, NoTree: true}} }))
}

func (s *scene) roots() {
	root := func(name, refused string, root []byte, r Request) { s.under(name, refused, root, r) }
	end := func(part string, d time.Duration) []byte { return s.TrustedRoot(ValidUntil(part, Epoch.Add(d))) }
	root("root, log in use to the moment of the entry", "", end("tlogs", 0), s.request())
	root("root, log out of use a moment before the entry", refusedLog, end("tlogs", -time.Second), s.request())
	root("root, timestamp authority in use to the moment", "", end("timestampAuthorities", 0), s.request(generation2))
	root("root, timestamp authority out of use", refusedTimestamp, end("timestampAuthorities", -time.Second), s.request(generation2))
	root("root, second-generation log out of use", refusedTimestamp, end("tlogs", -time.Second), s.request(generation2))
	root("root, authority in use to the moment", "", end("certificateAuthorities", 0), s.request())
	root("root, authority out of use", refusedCertificate, end("certificateAuthorities", -time.Second), s.request())
	root("root, log of certificates out of use", refusedSCT, end("ctlogs", -time.Hour), s.request())
	root("root of another instance", refusedLog, s.other.TrustedRoot(), s.request())
	root("root without authorities", refusedCertificate, s.TrustedRoot(Without("certificateAuthorities")), s.request())
	root("root without logs, timestamped", "", s.TrustedRoot(Without("tlogs")), s.request(unlogged, stamped))
	root("root without logs, no time", refusedTimestamp, s.TrustedRoot(Without("tlogs")), s.request())
	root("root without logs of certificates", "", s.TrustedRoot(Without("ctlogs")), s.request(func(r *Request) { r.Certificate.NoSCT = true }))
	root("root without timestamp authorities, logged", "", s.TrustedRoot(Without("timestampAuthorities")), s.request(stamped))
	root("root without timestamp authorities, second generation", refusedTimestamp, s.TrustedRoot(Without("timestampAuthorities")), s.request(generation2))
	root("root whose authority is the issuer itself", "", s.TrustedRoot(func(m map[string]any) {
		m["certificateAuthorities"].([]any)[0].(map[string]any)["certChain"] = map[string]any{
			"certificates": []any{map[string]any{"rawBytes": s.authority.cert.Raw}},
		}
	}), s.request())
	root("root with two authorities of one name", "", s.TrustedRoot(func(m map[string]any) {
		decoy := s.issue(nil, &x509.Certificate{
			Subject: s.authority.cert.Subject, NotBefore: Epoch.AddDate(-1, 0, 0), NotAfter: Epoch.AddDate(9, 0, 0),
			KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		})
		m["certificateAuthorities"] = append([]any{map[string]any{
			"uri": "https://decoy.test", "certChain": map[string]any{"certificates": []any{map[string]any{"rawBytes": decoy.cert.Raw}}},
			"validFor": map[string]any{"start": stamp(Epoch.AddDate(-3, 0, 0))},
		}}, m["certificateAuthorities"].([]any)...)
	}), s.request())
	root("root with another log's key under this log's id", refusedLog, s.TrustedRoot(func(m map[string]any) {
		m["tlogs"].([]any)[0].(map[string]any)["publicKey"].(map[string]any)["rawBytes"] = spki(s.t, &s.other.logV1.PublicKey)
	}), s.request())
	root("root with another key for the log of certificates", refusedSCT, s.TrustedRoot(func(m map[string]any) {
		m["ctlogs"].([]any)[0].(map[string]any)["publicKey"].(map[string]any)["rawBytes"] = spki(s.t, &s.other.ctKey.PublicKey)
	}), s.request())
	root("root whose log has no start", refusedRoot, s.TrustedRoot(func(m map[string]any) {
		delete(m["tlogs"].([]any)[0].(map[string]any)["publicKey"].(map[string]any)["validFor"].(map[string]any), "start")
	}), s.request())
	root("root with an authority without certificates", refusedRoot, s.TrustedRoot(func(m map[string]any) {
		m["timestampAuthorities"] = append(m["timestampAuthorities"].([]any), map[string]any{
			"certChain": map[string]any{}, "validFor": map[string]any{"start": stamp(Epoch.AddDate(-1, 0, 0))},
		})
	}), s.request(generation2))
	root("root that is no JSON", refusedRoot, []byte("root"), s.request())
	root("root that is empty", refusedRoot, []byte(""), s.request())
	root("root of an unknown media type", refusedRoot, s.TrustedRoot(func(m map[string]any) { m["mediaType"] = "x" }), s.request())
}

func (s *scene) keys() {
	own := i256(s.t)
	with := func(changes ...func(*Request)) Request {
		return s.request(append([]func(*Request){bare, func(r *Request) { r.Key = own }}, changes...)...)
	}
	empty := []byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`)
	s.under("key, message", "", nil, with(unlogged))
	s.under("key, message, logged", "", nil, with())
	s.under("key, attestation", "", nil, with(unlogged, s.statement))
	s.under("key, under a root that names nothing", "", empty, with(unlogged))
	s.under("key, logged, under the root", "", s.TrustedRoot(), with())
	s.under("key, attestation, logged, under the root", "", s.TrustedRoot(), with(s.statement))
	s.under("key, attestation, proof only, checkpoint names no tree", "", s.TrustedRoot(), with(s.statement, func(r *Request) {
		r.Entries = []Entry{{Kind: "intoto", Proof: true, NoTree: true}}
	}))
	s.under("key, second generation", "", s.TrustedRoot(), with(func(r *Request) { r.Entries = []Entry{{V2: true, Proof: true}} }))
	s.under("key, attestation, second generation", "", s.TrustedRoot(), with(s.statement, func(r *Request) { r.Entries = []Entry{{V2: true, Proof: true}} }))
	s.under("key, not logged, under a root that names logs", refusedLog, s.TrustedRoot(), with(unlogged))
	s.under("key, entry of another key", refusedLog, s.TrustedRoot(), with(), s.swapEntry(bare))
	s.under("key, entry of another signing", refusedLog, s.TrustedRoot(), with(), s.swapEntry(bare, func(r *Request) { r.Key = own }))
	s.under("key, promise altered", refusedLog, s.TrustedRoot(), with(), change(flip, entryAt("inclusionPromise", "signedEntryTimestamp")...))
	s.under("key, signature altered", refusedSignature, nil, with(unlogged), change(flip, "messageSignature", "signature"))
	s.under("key, another artifact", refusedDigest, nil, with(unlogged))
	s.last().Artifact = []byte("x")
	s.under("another key", refusedSignature, nil, s.request(bare, unlogged))
	s.last().Key = publicPEM(s.t, own)
	s.under("another key, hinted at as this one", refusedSignature, nil, s.request(bare, unlogged),
		set(base64.StdEncoding.EncodeToString(logID(s.t, own.Public())), "verificationMaterial", "publicKey", "hint"))
	s.last().Key = publicPEM(s.t, own)
	s.under("key, but an identity is demanded", refusedSignature, s.TrustedRoot(), with())
	s.last().Key = nil
	s.add("a certificate, but a key is demanded", refusedIdentity, s.request())
	s.last().Key = publicPEM(s.t, own)
	s.under("key, a certificate over it, but the key is demanded", refusedIdentity, s.TrustedRoot(), s.request(func(r *Request) { r.Key = own }))
	s.last().Key = publicPEM(s.t, own)
	s.under("key, statement of an unknown type", refusedBundle, s.TrustedRoot(), with(func(r *Request) {
		s.statement(r)
		r.Statement = bytes.Replace(r.Statement, []byte("Statement/v1"), []byte("Statement/v2"), 1)
	}))
}

func publicPEM(t testing.TB, key *ecdsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(t, key.Public())})
}

// structure are bundles that are not what they say.
func (s *scene) structure() {
	chain := func(certs ...[]byte) func(*Bundle) {
		return func(b *Bundle) {
			m := b.JSON["verificationMaterial"].(map[string]any)
			delete(m, "certificate")
			var list []any
			for _, c := range certs {
				if c == nil {
					c = b.Leaf.Raw
				}
				list = append(list, map[string]any{"rawBytes": c})
			}
			m["x509CertificateChain"] = map[string]any{"certificates": list}
		}
	}
	s.add("chain with the intermediate", "", s.request(v2), chain(nil, s.authority.cert.Raw))
	s.add("chain with the root", refusedBundle, s.request(v2), chain(nil, s.authority.cert.Raw, s.root.cert.Raw))
	s.add("chain with the root between", refusedBundle, s.request(v1), chain(nil, s.root.cert.Raw, s.authority.cert.Raw))
	s.add("chain in v0.3", refusedBundle, s.request(), chain(nil))
	s.add("chain that is empty", refusedBundle, s.request(v2), chain())
	s.add("chain with junk behind", refusedBundle, s.request(v2), chain(nil, []byte("junk")))
	s.add("chain of the intermediate alone", refusedCertificate, s.request(v2), chain(s.authority.cert.Raw))

	s.add("v0.1 without a promise", refusedBundle, s.request(v1, proofOnly, stamped))
	s.add("v0.2 without a proof", refusedBundle, s.request(v2, promiseOnly))
	s.add("v0.3 without a proof", refusedBundle, s.request(promiseOnly))
	for name, mediaType := range map[string]any{
		"of no version": nil, "of an unknown version": "application/vnd.dev.sigstore.bundle+json;version=99.9",
		"of version 0.4": "application/vnd.dev.sigstore.bundle.v0.4+json", "of another type": "application/json", "of version 0.0": "application/vnd.dev.sigstore.bundle.v0.0+json",
	} {
		s.add("bundle "+name, refusedBundle, s.request(), set(mediaType, "mediaType"))
	}
	s.add("no verification material", refusedBundle, s.request(), set(nil, "verificationMaterial"))
	s.add("no certificate", refusedBundle, s.request(), set(nil, "verificationMaterial", "certificate"))
	s.add("certificate is junk", refusedBundle, s.request(), set([]byte("junk"), "verificationMaterial", "certificate", "rawBytes"))
	s.add("certificate and key", refusedBundle, s.request(), set(map[string]any{"hint": "x"}, "verificationMaterial", "publicKey"))
	s.add("no content", refusedBundle, s.request(), set(nil, "messageSignature"))
	s.add("two contents", refusedBundle, s.request(), set(s.Sign(s.request(s.statement)).JSON["dsseEnvelope"], "dsseEnvelope"))
	s.add("no digest", refusedSignature, s.request(), set(nil, "messageSignature", "messageDigest"))
	s.add("no signature", refusedBundle, s.request(), set(nil, "messageSignature", "signature"))
	s.add("signature is no base64", refusedBundle, s.request(), set("%%%", "messageSignature", "signature"))
	s.add("log index below zero", refusedBundle, s.request(), set("-1", entryAt("logIndex")...))
	s.add("log entry is null", refusedBundle, s.request(), set([]any{nil}, "verificationMaterial", "tlogEntries"))
	s.add("unknown member", refusedBundle, s.request(), set(1, "extra"))
	s.add("digest labelled as another", refusedBundle, s.request(), set("SHA2_512", "messageSignature", "messageDigest", "algorithm"))
	s.add("digest labelled as one that is not compared", refusedSignature, s.request(), set("SHA3_256", "messageSignature", "messageDigest", "algorithm"))

	text := func(name string, change func(string) string) {
		s.add(name, refusedBundle, s.request())
		s.last().Bundle = []byte(change(string(s.last().Bundle)))
	}
	text("bundle is cut short", func(b string) string { return b[:len(b)/2] })
	text("bundle is empty", func(string) string { return "" })
	text("bundle is an array", func(b string) string { return "[" + b + "]" })
	text("bundle has a member twice", func(b string) string { return `{"mediaType":"x",` + b[1:] })
	text("bundle has a member in capitals", func(b string) string { return strings.Replace(b, `"mediaType"`, `"MediaType"`, 1) })
	text("bundle is nested deep", func(string) string { return strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000) })
	many := make([]any, 100)
	for i := range many {
		many[i] = s.Sign(s.request()).JSON["verificationMaterial"].(map[string]any)["tlogEntries"].([]any)[0]
	}
	s.add("a hundred log entries", refusedBundle, s.request(), set(many, "verificationMaterial", "tlogEntries"))
	stamps := make([]any, 100)
	for i := range stamps {
		stamps[i] = map[string]any{"signedTimestamp": []byte("x")}
	}
	s.add("a hundred timestamps", refusedTimestamp, s.request(), set(map[string]any{"rfc3161Timestamps": stamps}, "verificationMaterial", "timestampVerificationData"))
}

func sum(data []byte) []byte {
	d := sha256.Sum256(data)
	return d[:]
}
