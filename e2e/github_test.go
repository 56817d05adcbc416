//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

const githubIdentity = "https://github.com/shop/app/.github/workflows/release.yml@refs/heads/main"

// TestGitHub signs as a job of GitHub Actions does: the token comes from the
// runner's service, and the certificate names the workflow.
func TestGitHub(t *testing.T) {
	s := startSigstore(t)
	const bearer = "do-not-show-this-bearer"
	runner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+bearer {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": s.github.Token(t, map[string]any{"aud": r.URL.Query().Get("audience")})})
	}))
	defer runner.Close()
	job := []string{"GITHUB_ACTIONS=true", "ACTIONS_ID_TOKEN_REQUEST_URL=" + runner.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + bearer}
	services := []string{"--signing-config", s.config, "--trusted-root", s.root}

	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app.zip"), readFile(t, "../testdata/packages/node.zip"))
	said := ""
	for _, args := range [][]string{
		{"sign", "app.zip"},
		{"seal", "app.zip", "--no-scan"},
	} {
		r := run(t, dir, job, tool(t, "fnseal"), append(args, services...)...)
		said += r.stdout + r.stderr
	}
	checkSecret(t, bearer, said)

	verify := func(code int, identity string, more ...string) {
		t.Helper()
		args := append([]string{"verify", "app.zip", "--certificate-identity", identity, "--certificate-oidc-issuer", s.github.URL, "--trusted-root", s.root}, more...)
		if r := exits(t, dir, nil, tool(t, "fnseal"), args...); r.code != code {
			t.Errorf("want exit code %d: %v", code, r)
		}
	}
	verify(0, githubIdentity)
	verify(0, githubIdentity, "--bundle", "app.zip.sigstore.jsonl", "--type", "cyclonedx")
	verify(4, "https://github.com/shop/app/.github/workflows/release.yml@refs/heads/feature")
	verify(4, "https://github.com/shop/app/.github/workflows/release.yml@refs/heads/feature", "--type", "cyclonedx")

	cosign := func(repository string) result {
		return exits(t, dir, nil, tool(t, "cosign"), "verify-blob", "app.zip", "--bundle", "app.zip.sigstore.json", "--trusted-root", s.root, "--insecure-ignore-sct",
			"--certificate-identity", githubIdentity, "--certificate-oidc-issuer", s.github.URL, "--certificate-github-workflow-repository", repository,
			"--certificate-github-workflow-ref", "refs/heads/main", "--certificate-github-workflow-trigger", "push")
	}
	if r := cosign("shop/app"); r.code != 0 {
		t.Error(r)
	}
	if r := cosign("shop/other"); r.code == 0 {
		t.Errorf("another repository: %v", r)
	}

	// In CI nobody can be asked: without --yes nothing goes to a public log.
	r := exits(t, dir, job, tool(t, "fnseal"), "sign", "app.zip", "--bundle", "public.json")
	if r.code != 2 {
		t.Errorf("want exit code 2: %v", r)
	}
	if _, err := os.Stat(filepath.Join(dir, "public.json")); err == nil {
		t.Error("it was signed without having been agreed to")
	}
}
