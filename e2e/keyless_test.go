//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"
)

func TestKeyless(t *testing.T) {
	s := startSigstore(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app.bin"), []byte("a package"))
	writeFile(t, filepath.Join(dir, "token"), []byte(s.email.Token(t, nil)))
	r := run(t, dir, nil, tool(t, "fnseal"), "sign", "app.bin", "--identity-token", "token", "--signing-config", s.config, "--trusted-root", s.root)
	t.Log(r)
	r = run(t, dir, nil, tool(t, "cosign"), "verify-blob", "app.bin", "--bundle", "app.bin.sigstore.json", "--trusted-root", s.root,
		"--certificate-identity", "releaser@example.com", "--certificate-oidc-issuer", s.email.URL)
	t.Log(r)
}
