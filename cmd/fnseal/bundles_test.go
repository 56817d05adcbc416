package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fnseal/fnseal/internal/testkit/sigstorekit"
)

// TestBundles verifies each of the kit's bundles as a user would, by file and
// by digest: exit code 0 for what is valid and 4 for what is forged, never
// anything else, and refused by the check the forgery is for.
func TestBundles(t *testing.T) {
	cases := sigstorekit.Cases(t)
	forged := 0
	for _, c := range cases {
		if c.Refused != "" {
			forged++
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(name string, data []byte) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, data, 0o644); err != nil {
					t.Fatal(err)
				}
				return path
			}
			flags := []string{"--offline", "--bundle", write("bundle.sigstore.json", c.Bundle)}
			if c.Root != nil {
				flags = append(flags, "--trusted-root", write("root.json", c.Root))
			}
			if c.Key != nil {
				flags = append(flags, "--key", write("key.pub", c.Key))
			} else {
				flags = append(flags, "--certificate-identity", c.Identity, "--certificate-oidc-issuer", c.Issuer)
			}
			for form, target := range map[string]string{
				"file":   write("artifact", c.Artifact),
				"digest": fmt.Sprintf("sha256:%x", sha256.Sum256(c.Artifact)),
			} {
				var stdout, stderr bytes.Buffer
				e := newEnv()
				e.stdout, e.stderr = &stdout, &stderr
				code := runContext(context.Background(), append([]string{"fnseal", "verify", target, "-o", "json"}, flags...), e)
				want, refused := exitOK, c.Refused
				if form == "digest" && c.RefusedByDigest != "" {
					refused = c.RefusedByDigest
				}
				if refused != "" {
					want = exitRefused
				}
				if code != want {
					t.Errorf("%s: exit code %d, want %d: %s", form, code, want, stderr.String())
					continue
				}
				checkVerdict(t, form, stdout.Bytes(), refused)
			}
		})
	}
	if len(cases) < 200 || forged < 100 {
		t.Errorf("only %d cases, %d of them forged", len(cases), forged)
	}
}

func checkVerdict(t *testing.T, form string, data []byte, refused string) {
	t.Helper()
	var v struct {
		Verdict string
		Checks  []struct{ ID, Outcome, Reason string }
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Errorf("%s: %v", form, err)
		return
	}
	var failed []string
	for _, c := range v.Checks {
		if c.Outcome == "fail" {
			failed = append(failed, c.ID)
		}
	}
	want := "accepted"
	if refused != "" {
		want = "refused"
	}
	if v.Verdict != want || refused != "" && !slices.Contains(failed, refused) || refused == "" && len(failed) > 0 {
		t.Errorf("%s: %s by %q, want it %s by %q: %+v", form, v.Verdict, failed, want, refused, v.Checks)
	}
}
