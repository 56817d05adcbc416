package verify_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	kit "github.com/fnseal/fnseal/internal/testkit/sigstorekit"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// asCosign writes a bundle as cosign 1 and 2 did.
func asCosign(t testing.TB, b *kit.Bundle, change func(old map[string]any)) []byte {
	t.Helper()
	entry := b.JSON["verificationMaterial"].(map[string]any)["tlogEntries"].([]any)[0].(map[string]any)
	signature := b.Signature
	if b.Payload != nil {
		var err error
		if signature, err = json.Marshal(b.JSON["dsseEnvelope"]); err != nil {
			t.Fatal(err)
		}
	}
	old := map[string]any{
		"base64Signature": base64.StdEncoding.EncodeToString(signature),
		"rekorBundle": map[string]any{
			"SignedEntryTimestamp": entry["inclusionPromise"].(map[string]any)["signedEntryTimestamp"],
			"Payload": map[string]any{
				"body": entry["canonicalizedBody"], "integratedTime": json.Number(entry["integratedTime"].(string)),
				"logIndex": json.Number(entry["logIndex"].(string)), "logID": hex.EncodeToString(entry["logId"].(map[string]any)["keyId"].([]byte)),
			},
		},
	}
	if b.Leaf != nil {
		old["cert"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Leaf.Raw}) // base64 of it, in JSON
	}
	if change != nil {
		change(old)
	}
	data, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestCosignsOlderFormat: it is judged like any other bundle.
func TestCosignsOlderFormat(t *testing.T) {
	instance := kit.New(t)
	root, err := trust.ParseRoot(instance.TrustedRoot(), "root.json")
	if err != nil {
		t.Fatal(err)
	}
	artifact := []byte("artifact")
	certificate := kit.CertificateRequest{Subjects: []string{kit.CaseIdentity}}
	message := instance.Sign(kit.Request{Artifact: artifact, Certificate: certificate})
	statement := kit.Statement(t, artifact, "https://example.com/test", map[string]any{})
	attestation := instance.Sign(kit.Request{Statement: statement, Certificate: certificate})
	intoto := instance.Sign(kit.Request{Statement: statement, Certificate: certificate, Entries: []kit.Entry{{Kind: "intoto", Promise: true}}})
	again := instance.Sign(kit.Request{Artifact: artifact, Certificate: certificate})
	rekor := func(old map[string]any) map[string]any { return old["rekorBundle"].(map[string]any) }

	for name, tt := range map[string]struct {
		bundle []byte
		want   string // what fails; empty for nothing
	}{
		"message":             {asCosign(t, message, nil), ""},
		"attestation":         {asCosign(t, attestation, nil), ""},
		"attestation, intoto": {asCosign(t, intoto, nil), ""},
		"certificate in PEM": {asCosign(t, message, func(old map[string]any) {
			old["cert"] = string(old["cert"].([]byte))
		}), ""},
		"no log entry":      {asCosign(t, message, func(old map[string]any) { delete(old, "rekorBundle") }), "unreadable"},
		"no certificate":    {asCosign(t, message, func(old map[string]any) { delete(old, "cert") }), "signature"},
		"junk certificate":  {asCosign(t, message, func(old map[string]any) { old["cert"] = "junk" }), "unreadable"},
		"unknown member":    {asCosign(t, message, func(old map[string]any) { old["extra"] = 1 }), "unreadable"},
		"another signature": {asCosign(t, message, func(old map[string]any) { old["base64Signature"] = base64.StdEncoding.EncodeToString(again.Signature) }), "signature log"},
		"no base64":         {asCosign(t, message, func(old map[string]any) { old["base64Signature"] = "%%%" }), "unreadable"},
		"another's entry": {asCosign(t, message, func(old map[string]any) {
			var other map[string]any
			if err := json.Unmarshal(asCosign(t, again, nil), &other); err != nil {
				t.Fatal(err)
			}
			old["rekorBundle"] = other["rekorBundle"]
		}), "log"},
		"another promise": {asCosign(t, message, func(old map[string]any) { rekor(old)["SignedEntryTimestamp"] = []byte("promise") }), "log"},
		"another time": {asCosign(t, message, func(old map[string]any) {
			rekor(old)["Payload"].(map[string]any)["integratedTime"] = kit.Epoch.Unix() + 1
		}), "log"},
		"junk entry": {asCosign(t, message, func(old map[string]any) {
			rekor(old)["Payload"].(map[string]any)["body"] = []byte("{}")
		}), "unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			fact := keyless(t, root, artifact, tt.bundle)
			got := failures(fact)
			if fact.Unreadable != "" {
				got = "unreadable"
			}
			if got != tt.want || fact.Proves() != (tt.want == "") {
				t.Errorf("failed: %q, want %q: %s%s", got, tt.want, fact.Signature.Reason, fact.Unreadable)
			}
		})
	}
	if fact := keyless(t, root, []byte("another"), asCosign(t, message, nil)); fact.Proves() || fact.Digest.State != verify.Failed {
		t.Errorf("another artifact: %+v", fact.Digest)
	}
	fact := keyless(t, root, artifact, asCosign(t, message, func(old map[string]any) { delete(old, "rekorBundle") }))
	if !strings.Contains(fact.Unreadable, "format cosign wrote before") {
		t.Errorf("not told what it is: %s", fact.Unreadable)
	}
}
