package verify_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/trust"
)

// envelope signs any payload of any type with a good key: a signature holds,
// and what it holds for is not fit to be believed.
func envelope(t testing.TB, key *trust.PrivateKey, payloadType, payload string) map[string]any {
	t.Helper()
	pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
	sum := sha256.Sum256([]byte(pae))
	sig, err := key.Signer().Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"mediaType":            attest.BundleV03,
		"verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": key.Public().ID}},
		"dsseEnvelope": map[string]any{
			"payload":     base64.StdEncoding.EncodeToString([]byte(payload)),
			"payloadType": payloadType,
			"signatures":  []any{map[string]any{"sig": base64.StdEncoding.EncodeToString(sig)}},
		},
	}
}

// message signs a digest and labels it as told.
func message(t testing.TB, key *trust.PrivateKey, algorithm any, digest []byte) map[string]any {
	t.Helper()
	sig, err := key.Signer().Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"mediaType":            attest.BundleV03,
		"verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": key.Public().ID}},
		"messageSignature": map[string]any{
			"messageDigest": map[string]any{"algorithm": algorithm, "digest": base64.StdEncoding.EncodeToString(digest)},
			"signature":     base64.StdEncoding.EncodeToString(sig),
		},
	}
}

// TestSignedNonsense: a good signature by an accepted key makes nothing out of
// what does not clearly say that it is about the file.
func TestSignedNonsense(t *testing.T) {
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	digest := fnpkg.Digest{1, 31: 1}
	good := string(statementOf(t, subjectNamed("a", digest)))
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the statement", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	sealed := func(payload string) map[string]any { return envelope(t, key, attest.PayloadType, payload) }
	with := func(b map[string]any, path string, value any) map[string]any {
		m := b
		steps := strings.Split(path, ".")
		for _, s := range steps[:len(steps)-1] {
			m = m[s].(map[string]any)
		}
		m[steps[len(steps)-1]] = value
		return b
	}
	signatures := func(b map[string]any) []any { return b["dsseEnvelope"].(map[string]any)["signatures"].([]any) }
	twoSigned := sealed(good)
	twoSigned = with(twoSigned, "dsseEnvelope.signatures", append(signatures(twoSigned), signatures(twoSigned)...))

	tests := map[string]struct {
		bundle map[string]any
		want   string
		says   string
	}{
		"control":         {sealed(good), "proves", ""},
		"control message": {message(t, key, "SHA2_256", digest[:]), "proves", ""},

		// Statements that two readers would read differently.
		"two predicate types": {sealed(swap(`{"_type"`, `{"predicateType":"x","_type"`)), "unreadable", "two members"},
		"two subjects":        {sealed(swap(`{"_type"`, `{"subject":[],"_type"`)), "unreadable", "two members"},
		"two digests":         {sealed(swap(`"digest":{`, `"digest":{"sha256":"`+strings.Repeat("0", 64)+`",`)), "unreadable", "two members"},
		"other case":          {sealed(swap(`"predicateType"`, `"PredicateType"`)), "unreadable", "not known"},
		"trailing":            {sealed(good + good), "unreadable", "not valid JSON"},
		"digest in capitals":  {sealed(swap(digest.Hex(), strings.Repeat("AB", 32))), "unreadable", "lower-case"},

		// Envelopes that hold something else.
		"no statement":      {sealed(`{}`), "unreadable", "_type"},
		"text":              {sealed(`a`), "unreadable", "not valid JSON"},
		"empty":             {sealed(``), "unreadable", ""},
		"other payload":     {envelope(t, key, "text/plain", good), "unreadable", "not an in-toto statement"},
		"type not signed":   {with(envelope(t, key, "text/plain", good), "dsseEnvelope.payloadType", attest.PayloadType), "signature", ""},
		"two signatures":    {twoSigned, "unreadable", "2 signatures"},
		"no signature":      {with(sealed(good), "dsseEnvelope.signatures", []any{}), "unreadable", "0 signatures"},
		"empty signature":   {with(sealed(good), "dsseEnvelope.signatures", []any{map[string]any{}}), "signature", ""},
		"null signature":    {with(sealed(good), "dsseEnvelope.signatures", []any{nil}), "unreadable", ""},
		"another's key id":  {with(sealed(good), "dsseEnvelope.signatures", []any{map[string]any{"sig": signatures(sealed(good))[0].(map[string]any)["sig"], "keyid": "x"}}), "signature", ""},
		"both kinds":        {with(sealed(good), "messageSignature", message(t, key, "SHA2_256", digest[:])["messageSignature"]), "unreadable", ""},
		"certificate":       {with(sealed(good), "verificationMaterial", map[string]any{"certificate": map[string]any{"rawBytes": "AAAA"}}), "unreadable", "certificate"},
		"empty certificate": {with(sealed(good), "verificationMaterial", map[string]any{"certificate": map[string]any{}}), "unreadable", "certificate"},
		"no key":            {with(sealed(good), "verificationMaterial", map[string]any{}), "unreadable", ""},
		"junk log entry":    {with(sealed(good), "verificationMaterial.tlogEntries", []any{map[string]any{"logIndex": "1"}}), "unreadable", ""},
		"null log entry":    {with(sealed(good), "verificationMaterial.tlogEntries", []any{nil}), "unreadable", ""},
		"no media type":     {with(sealed(good), "mediaType", ""), "unreadable", "media type"},
		"version to come":   {with(sealed(good), "mediaType", "application/vnd.dev.sigstore.bundle.v0.4+json"), "unreadable", "v0.4"},
		"unknown member":    {with(sealed(good), "extra", 1), "unreadable", "extra"},

		// A sha256 under a label that is not its own.
		"labelled 384":  {message(t, key, "SHA2_384", digest[:]), "unreadable", "SHA2_384 and has 32"},
		"labelled 512":  {message(t, key, "SHA2_512", digest[:]), "unreadable", "SHA2_512 and has 32"},
		"labelled SHA3": {message(t, key, "SHA3_256", digest[:]), "neither", "SHA3_256"},
		"no label":      {message(t, key, 0, digest[:]), "neither", "UNSPECIFIED"},
		"unknown label": {message(t, key, 77, digest[:]), "neither", "77"},
		"md5":           {message(t, key, "md5", digest[:]), "unreadable", ""},
		"digest longer": {message(t, key, "SHA2_256", append(digest[:], 0)), "unreadable", "33 bytes"},
		"digest empty":  {with(message(t, key, "SHA2_256", digest[:]), "messageSignature.messageDigest.digest", ""), "unreadable", "0 bytes"},
		"digest zeros":  {message(t, key, "SHA2_256", make([]byte, 32)), "unreadable", "zeros"},
		"no digest":     {with(message(t, key, "SHA2_256", digest[:]), "messageSignature.messageDigest", nil), "neither", ""},
		"no message":    {with(message(t, key, "SHA2_256", digest[:]), "messageSignature", map[string]any{}), "unreadable", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(tt.bundle)
			if err != nil {
				t.Fatal(err)
			}
			word, reason := outcome(examine(t, data, digest, key.Public()))
			if word != tt.want || !strings.Contains(reason, tt.says) {
				t.Errorf("%s: %s, want %s: %s", word, reason, tt.want, tt.says)
			}
		})
	}
}
