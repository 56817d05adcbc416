package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
)

// TestVerifyThousand judges a thousand artifacts in one call: a verdict for
// each, in the order given, with the bundles beside them and with all of them
// in one file. One was changed after it was signed.
func TestVerifyThousand(t *testing.T) {
	const many, changed = 1000, 717
	dir := t.TempDir()
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := sign.New(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var targets []string
	var lines bytes.Buffer
	for i := range many {
		data := fmt.Appendf(nil, "artifact %d", i)
		bundle, err := signer.SignDigest(t.Context(), fnpkg.Digest(sha256.Sum256(data)))
		if err != nil {
			t.Fatal(err)
		}
		if i == changed {
			data = append(data, '!')
		}
		name := fmt.Sprintf("a%04d", i)
		targets = append(targets, write(name, data))
		write(name+".sigstore.json", bundle)
		lines.Write(append(bundle, '\n'))
	}
	pem, err := key.Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	flags := []string{"--key", write("key.pub", pem), "--offline", "-o", "json"}
	for name, more := range map[string][]string{"beside": nil, "together": {"--bundle", write("all.jsonl", lines.Bytes())}} {
		var stdout, stderr bytes.Buffer
		e := newEnv()
		e.stdout, e.stderr = &stdout, &stderr
		args := append(append([]string{"fnseal", "verify"}, flags...), append(more, targets...)...)
		if code := runContext(context.Background(), args, e); code != exitRefused {
			t.Errorf("%s: exit code %d", name, code)
		}
		if want := fmt.Sprintf("1 of %d targets are refused", many); !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: %s", name, &stderr)
		}
		d := json.NewDecoder(&stdout)
		for i := range many {
			var v struct{ Verdict, Target string }
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%s: verdict %d: %v", name, i, err)
			}
			want := "accepted"
			if i == changed {
				want = "refused"
			}
			if v.Target != fmt.Sprintf("a%04d", i) || v.Verdict != want {
				t.Errorf("%s: number %d is %s of %s", name, i, v.Verdict, v.Target)
			}
		}
	}
}
