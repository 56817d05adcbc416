package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/internal/testkit/sigstorekit"
	"github.com/fnseal/fnseal/internal/testkit/tufrepo"
)

// TestVerifyByRepository: a private instance's root, published by TUF, is
// fetched once a day, can be rotated, and is exit code 5 where it cannot be had.
func TestVerifyByRepository(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	instance, other := sigstorekit.New(t), sigstorekit.New(t)
	artifact := []byte("artifact")
	bundle := instance.Sign(sigstorekit.Request{Artifact: artifact}).Bytes(t)
	repo := tufrepo.New(t, "trusted_root.json", instance.TrustedRoot(), time.Now().Add(24*time.Hour))
	server := httptest.NewServer(repo)
	defer server.Close()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	target := write("artifact", artifact)
	write("artifact.sigstore.json", bundle)
	base := []string{
		"fnseal", "verify", target, "--certificate-identity", "dev@example.com", "--certificate-oidc-issuer", sigstorekit.GitHubIssuer,
	}
	private := []string{"--tuf-url", server.URL, "--tuf-root", write("root.json", repo.Root)}
	verify := func(want int, says string, flags ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		e := newEnv()
		e.stdout, e.stderr = &stdout, &stderr
		if code := runContext(context.Background(), append(base[:len(base):len(base)], flags...), e); code != want {
			t.Errorf("%q: exit code %d, want %d: %s", flags, code, want, &stderr)
		}
		if !strings.Contains(stderr.String()+stdout.String(), says) {
			t.Errorf("%q says: %s%s", flags, &stdout, &stderr)
		}
	}
	verify(exitOK, "ACCEPTED", private...)
	asked := repo.Asked()
	verify(exitOK, "ACCEPTED", private...)
	if repo.Asked() != asked {
		t.Error("asked again within the day")
	}
	verify(exitOK, "ACCEPTED", append(private, "--max-root-age", "1h")...)

	verify(exitUnchecked, "cannot be reached", append(private, "--offline")...)
	verify(exitUsage, "belong together", "--tuf-url", server.URL)
	verify(exitUsage, "belong together", "--tuf-root", "x")
	verify(exitUsage, "max-root-age", append(private, "--max-root-age", "soon")...)
	verify(exitError, "tuf-root", "--tuf-url", server.URL, "--tuf-root", "nowhere.json")

	// The snapshot within the program says how old it is.
	verify(exitUnchecked, "last known to be current", "--offline", "--max-root-age", "1h")

	// What is published is of another instance now, and then forged.
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	repo.Publish("trusted_root.json", other.TrustedRoot(), time.Now().Add(24*time.Hour))
	verify(exitRefused, "REFUSED", private...)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	repo.Forge("trusted_root.json", instance.TrustedRoot(), time.Now().Add(24*time.Hour))
	verify(exitUnchecked, "does not verify", private...)
	server.Close()
	verify(exitUnchecked, "cannot be reached", private...)
}
