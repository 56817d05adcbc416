//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/fnseal/fnseal/internal/testkit/oidc"
)

// TestMatrix has every client sign and every client verify what each signed.
// Each cell is proven by its twins: the same bundle must be refused for another
// signer and for another artifact.
func TestMatrix(t *testing.T) {
	s := startSigstore(t)
	host := startRegistry(t)
	keys := t.TempDir()
	private, public := keypair(t, keys, "a")
	_, otherPublic := keypair(t, keys, "b")

	cells := map[string]string{}
	for _, mode := range []string{"keyless", "key"} {
		right, wrong := accepted{key: public}, accepted{key: otherPublic}
		if mode == "keyless" {
			right, wrong = accepted{identity: oidc.Email}, accepted{identity: "somebody@example.com"}
		}
		for _, content := range []string{message, attestation, image} {
			for _, from := range clients {
				by := signer{key: private}
				if mode == "keyless" {
					by.token = s.emailToken(t)
				}
				var it, other artifact
				if content == image {
					repository := fmt.Sprintf("%s/%s/%s", host, from.name, mode)
					it, other = push(t, repository), push(t, repository)
				} else {
					it, other = newFile(t, content), newFile(t, content)
				}
				bundle := from.sign(t, s, it, by)
				if content == image {
					all := attached(t, it.ref)
					if len(all) != 1 {
						t.Fatalf("%s has left %d bundles in the registry, want 1", from.name, len(all))
					}
					bundle = all[0]
					attach(t, other.ref, bundle) // an attacker who may push
				}
				checkContent(t, from.name, content, bundle)
				for _, to := range clients {
					cell := strings.Join([]string{mode, content, from.name, to.name}, "/")
					cells[cell] = "not run"
					t.Run(cell, func(t *testing.T) {
						cells[cell] = "FAIL"
						if err := to.verify(t, s, it, bundle, right); err != nil {
							t.Errorf("refused: %v", err)
						}
						if to.verify(t, s, it, bundle, wrong) == nil {
							t.Error("accepted from somebody else")
						}
						if to.verify(t, s, other, bundle, right) == nil {
							t.Error("accepted for something else")
						}
						if t.Skipped() {
							t.Error("skipped")
						}
						if !t.Failed() {
							cells[cell] = "ok"
						}
					})
				}
			}
		}
	}
	t.Log("\n" + table(cells))
	for cell, outcome := range cells {
		if outcome != "ok" {
			t.Errorf("%s: %s", cell, outcome)
		}
	}
	if want := 2 * 3 * len(clients) * len(clients); len(cells) != want {
		t.Errorf("%d cells, want %d", len(cells), want)
	}
}

// table shows the cells: a line for who signed what how, a column for who
// verified it.
func table(cells map[string]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "\t\tsigned by")
	for _, to := range clients {
		fmt.Fprintf(w, "\t→ %s", to.name)
	}
	fmt.Fprintln(w)
	for _, mode := range []string{"keyless", "key"} {
		for _, content := range []string{message, attestation, image} {
			for _, from := range clients {
				fmt.Fprintf(w, "%s\t%s\t%s", mode, content, from.name)
				for _, to := range clients {
					fmt.Fprintf(w, "\t%s", cells[strings.Join([]string{mode, content, from.name, to.name}, "/")])
				}
				fmt.Fprintln(w)
			}
		}
	}
	w.Flush()
	return b.String()
}

// checkContent looks into a bundle: that of an attestation must not pass for
// one of a message signature, nor one predicate for another.
func checkContent(t *testing.T, from, content string, data []byte) {
	t.Helper()
	var b struct {
		MessageSignature *struct{}
		DsseEnvelope     *struct{ PayloadType, Payload string }
	}
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatalf("%s: %v", from, err)
	}
	if content == message {
		if b.MessageSignature == nil || b.DsseEnvelope != nil {
			t.Errorf("%s: the bundle of a message has no message signature: %s", from, data)
		}
		return
	}
	if b.DsseEnvelope == nil || b.MessageSignature != nil {
		t.Fatalf("%s: the bundle of a statement has no envelope: %s", from, data)
	}
	payload, err := base64.StdEncoding.DecodeString(b.DsseEnvelope.Payload)
	if err != nil {
		t.Fatal(err)
	}
	var statement struct {
		PredicateType string
		Subject       []struct{ Digest map[string]string }
	}
	if err := json.Unmarshal(payload, &statement); err != nil {
		t.Fatal(err)
	}
	if want := predicateType(content); statement.PredicateType != want {
		t.Errorf("%s: predicate type %q, want %q", from, statement.PredicateType, want)
	}
	for _, subject := range statement.Subject {
		if _, ok := subject.Digest["sha256"]; !ok || len(subject.Digest) != 1 {
			t.Errorf("%s: subject with the digests %v, want sha256 alone", from, subject.Digest)
		}
	}
}
