package gate_test

import (
	"archive/zip"
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/seal"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
)

// pack makes a zip of one file and opens it.
func pack(t *testing.T, method uint16, content string) fnpkg.Package {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "index.js", Method: method})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := zipfile.New(bytes.NewReader(buf.Bytes()), int64(buf.Len()), "app.zip", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestSealedThenDecided takes a package through both lines: what seal makes,
// the gate accepts, and it accepts nothing else by it.
func TestSealedThenDecided(t *testing.T) {
	ctx := context.Background()
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := sign.New(key)
	if err != nil {
		t.Fatal(err)
	}
	const code = "exports.handler = async () => ({ statusCode: 200 })"
	sealed := pack(t, zip.Deflate, code)
	result, err := seal.Seal(ctx, seal.Input{Package: sealed, Signer: signer, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "app.zip.sigstore.jsonl")
	if err := attest.WriteBundles(path, result.JSON()...); err != nil {
		t.Fatal(err)
	}
	bundles, err := attest.ReadBundles(ctx, []string{path}, attest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}

	for _, tt := range []struct {
		name     string
		artifact fnpkg.Package
		want     map[string]policy.Outcome // worst outcome of each check
		reason   string                    // part of the digest check's
	}{
		{"what was sealed", sealed, map[string]policy.Outcome{
			"package": policy.Pass, "bundle": policy.Pass, "signature": policy.Pass, "digest": policy.Pass, "type": policy.Pass}, ""},
		{"the same content packed again", pack(t, zip.Store, code), map[string]policy.Outcome{
			"package": policy.Pass, "bundle": policy.Pass, "signature": policy.Pass, "digest": policy.Fail, "type": policy.Fail}, "packed again"},
		{"other content", pack(t, zip.Deflate, "evil()"), map[string]policy.Outcome{
			"package": policy.Pass, "bundle": policy.Pass, "signature": policy.Pass, "digest": policy.Fail, "type": policy.Fail}, "it signs sha256:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := gate.Decide(ctx, gate.Input{
				Artifact: tt.artifact,
				Bundles:  bundles,
				Keys:     []trust.PublicKey{key.Public()},
				Policy:   policy.Policy{Types: []string{attest.TypeCycloneDX}},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]policy.Outcome{}
			found := tt.reason == ""
			for _, c := range v.Checks {
				if got[c.ID] != policy.Fail {
					got[c.ID] = c.Outcome
				}
				if c.ID == "digest" && tt.reason != "" && bytes.Contains([]byte(c.Reason), []byte(tt.reason)) {
					found = true
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if !found {
				t.Errorf("no digest check says %q: %+v", tt.reason, v.Checks)
			}
			if v.Accepted() != (tt.want["digest"] == policy.Pass) {
				t.Errorf("accepted: %v", v.Accepted())
			}
		})
	}
}
