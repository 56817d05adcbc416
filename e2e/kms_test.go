//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kms is a key management service that signs.
type kms struct {
	name string
	env  []string
	ref  func(key string) string
	// secret must not be shown.
	secret string
}

// startAWS runs moto, which answers as AWS does and really signs: with the
// program in testdata what it should, by itself something else.
func startAWS(t *testing.T, program ...string) kms {
	t.Helper()
	port := freePorts(t, 1)[0]
	start(t, ".", tool(t, "python-moto"), append(program, "-H", "127.0.0.1", "-p", port)...)
	await(t, "http://127.0.0.1:"+port+"/moto-api/")
	return kms{
		name: "aws",
		env: []string{"AWS_ENDPOINT_URL=http://127.0.0.1:" + port, "AWS_REGION=eu-west-1",
			"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=do-not-show-this-secret"},
		ref:    func(key string) string { return "awskms:///alias/" + key },
		secret: "do-not-show-this-secret",
	}
}

// startVault runs a Vault or an OpenBao with a transit engine.
func startVault(t *testing.T, program string) kms {
	t.Helper()
	address := "http://127.0.0.1:" + freePorts(t, 1)[0]
	const token = "do-not-show-this-token"
	dir := t.TempDir()
	startEnv(t, dir, []string{"HOME=" + dir}, program, "server", "-dev", "-dev-root-token-id="+token, "-dev-listen-address="+strings.TrimPrefix(address, "http://"))
	await(t, address+"/v1/sys/health")
	body, err := json.Marshal(map[string]string{"type": "transit"})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, address+"/v1/sys/mounts/transit", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode >= 300 {
		t.Fatalf("mounting the transit engine: %s", resp.Status)
	}
	return kms{
		name: "vault", env: []string{"VAULT_ADDR=" + address, "VAULT_TOKEN=" + token},
		ref:    func(key string) string { return "hashivault://" + key },
		secret: token,
	}
}

// TestKMS signs with keys that fnseal never sees.
func TestKMS(t *testing.T) {
	services := []kms{startAWS(t, "testdata/aws.py")}
	// Vault cannot be had from a package registry as it is; where somebody has
	// put it, it is used.
	if path := os.Getenv("FNSEAL_E2E_VAULT"); path != "" {
		services = append(services, startVault(t, path))
	}
	s := startSigstore(t)
	for _, k := range services {
		t.Run(k.name, func(t *testing.T) {
			dir := t.TempDir()
			run(t, dir, k.env, tool(t, "cosign"), "generate-key-pair", "--kms", k.ref("release"))
			writeFile(t, filepath.Join(dir, "app.bin"), []byte("x"))
			writeFile(t, filepath.Join(dir, "p.json"), []byte("{}"))
			_, wrong := keypair(t, dir, "wrong")

			var said strings.Builder
			fnseal := func(code int, args ...string) result {
				t.Helper()
				r := exits(t, dir, k.env, tool(t, "fnseal"), args...)
				if r.code != code {
					t.Errorf("%s: want exit code %d: %v", strings.Join(args, " "), code, r)
				}
				said.WriteString(r.stdout + r.stderr)
				return r
			}
			fnseal(0, "sign", "app.bin", "--key", k.ref("release"))
			run(t, dir, nil, tool(t, "fnseal"), "verify", "app.bin", "--key", "cosign.pub")
			run(t, dir, nil, tool(t, "cosign"), "verify-blob", "app.bin", "--bundle", "app.bin.sigstore.json", "--key", "cosign.pub", "--insecure-ignore-tlog")
			if r := exits(t, dir, nil, tool(t, "fnseal"), "verify", "app.bin", "--key", wrong); r.code != 4 {
				t.Errorf("another key: %v", r)
			}
			fnseal(0, "attest", "app.bin", "--type", reviewType, "--predicate", "p.json", "--bundle", "a.json", "--key", k.ref("release"), "--signing-config", s.config, "--trusted-root", s.root)
			run(t, dir, nil, tool(t, "fnseal"), "verify", "app.bin", "--bundle", "a.json", "--key", "cosign.pub", "--trusted-root", s.root, "--type", reviewType)

			// A program of that name on the way to others is not run.
			writeFile(t, filepath.Join(dir, "sigstore-kms-evil"), []byte("#!/bin/sh\ntouch was-here\n"))
			if err := os.Chmod(filepath.Join(dir, "sigstore-kms-evil"), 0o755); err != nil {
				t.Fatal(err)
			}
			r := exits(t, dir, append(k.env, "PATH="+dir), tool(t, "fnseal"), "sign", "app.bin", "--key", "evil://key", "--bundle", "no.json")
			if _, err := os.Stat(filepath.Join(dir, "was-here")); err == nil || r.code != 2 || !strings.Contains(r.stderr, "no plug-in") {
				t.Errorf("a plug-in from $PATH: %v, %v", err, r)
			}
			r = fnseal(1, "sign", "app.bin", "--key", "evil://key", "--kms-plugin", "sigstore-kms-evil", "--bundle", "no.json")
			if _, err := os.Stat(filepath.Join(dir, "was-here")); err != nil || !strings.Contains(r.stderr, "plug-in protocol") {
				t.Errorf("a plug-in that was named: %v, %v", err, r)
			}

			r = fnseal(1, "sign", "app.bin", "--key", k.ref("nobody"), "--bundle", "no.json")
			if !strings.Contains(r.stderr, "nobody") {
				t.Errorf("a key that is not there: %v", r)
			}
			fnseal(2, "sign", "app.bin", "--key", k.ref("release"), "--offline", "--bundle", "no.json")
			if strings.Contains(said.String(), k.secret) {
				t.Error("the secret is shown")
			}
			if _, err := os.Stat(filepath.Join(dir, "no.json")); err == nil {
				t.Error("a bundle was written")
			}
			t.Logf("%s", said.String())
		})
	}
}

// TestKMSThatSignsSomethingElse: what a service returns is not believed.
func TestKMSThatSignsSomethingElse(t *testing.T) {
	k := startAWS(t, "-m", "moto.server")
	dir := t.TempDir()
	run(t, dir, k.env, tool(t, "cosign"), "generate-key-pair", "--kms", k.ref("release"))
	writeFile(t, filepath.Join(dir, "app.bin"), []byte("x"))
	r := exits(t, dir, k.env, tool(t, "fnseal"), "sign", "app.bin", "--key", k.ref("release"))
	if r.code != 4 || !strings.Contains(r.stderr, "the new signature does not verify") {
		t.Errorf("want exit code 4: %v", r)
	}
	checkBundles(t, dir, false)
}
