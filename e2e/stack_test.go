//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fnseal/fnseal/internal/testkit/oidc"
)

// tool returns a program that .ci/e2e has built.
func tool(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("FNSEAL_E2E_BIN")
	if dir == "" {
		t.Fatal("FNSEAL_E2E_BIN is not set: run .ci/e2e")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run .ci/e2e", err)
	}
	return path
}

// sigstore is a Sigstore instance on this machine.
type sigstore struct {
	fulcio, rekor, tsa string // URLs
	root, config       string // files: trusted root and signing configuration
	email, github      *oidc.Issuer
}

// GitHub's claims for a workflow run, of which Fulcio makes extensions.
var githubClaims = map[string]any{
	"sub": "repo:shop/app:ref:refs/heads/main", "email": nil, "email_verified": nil,
	"job_workflow_ref": "shop/app/.github/workflows/release.yml@refs/heads/main", "job_workflow_sha": "0123456789abcdef0123456789abcdef01234567",
	"sha": "0123456789abcdef0123456789abcdef01234567", "event_name": "push", "repository": "shop/app", "workflow": "release",
	"ref": "refs/heads/main", "repository_id": "1", "repository_owner": "shop", "repository_owner_id": "2",
	"repository_visibility": "public", "run_id": "3", "run_attempt": "1", "runner_environment": "github-hosted",
	"workflow_ref": "shop/app/.github/workflows/release.yml@refs/heads/main", "workflow_sha": "0123456789abcdef0123456789abcdef01234567",
}

// startSigstore runs an instance until the test ends.
func startSigstore(t *testing.T) *sigstore {
	t.Helper()
	dir := t.TempDir()
	s := &sigstore{email: oidc.Start(t), github: oidc.Start(t)}
	s.github.Claims = githubClaims

	issuer := func(i *oidc.Issuer, kind string) map[string]string {
		return map[string]string{"IssuerURL": i.URL, "ClientID": "sigstore", "Type": kind}
	}
	writeJSON(t, filepath.Join(dir, "fulcio.json"), map[string]any{"OIDCIssuers": map[string]any{
		s.email.URL:  issuer(s.email, "email"),
		s.github.URL: issuer(s.github, "github-workflow"),
	}})
	port := freePorts(t, 7)
	s.fulcio = "http://localhost:" + port[0]
	start(t, dir, tool(t, "fulcio"), "serve", "--host", "127.0.0.1", "--grpc-host", "127.0.0.1", "--port", port[0], "--grpc-port", port[1],
		"--metrics-port", port[2], "--ca", "ephemeralca", "--ct-log-url=", "--config-path", "fulcio.json")

	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "rekor.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if der, err = x509.MarshalPKIXPublicKey(public); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "rekor.pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	s.rekor = "http://localhost:" + port[3]
	start(t, dir, tool(t, "posix"), "serve", "--hostname", "rekor-local", "--storage-dir", filepath.Join(dir, "log"), "--signer-filepath", "rekor.pem",
		"--checkpoint-interval=1s", "--http-port", port[3], "--grpc-port", port[4], "--http-metrics-port", port[5])

	s.tsa = "http://localhost:" + port[6]
	start(t, dir, tool(t, "timestamp-server"), "serve", "--host", "127.0.0.1", "--port", port[6], "--timestamp-signer", "memory", "--disable-ntp-monitoring")

	writeFile(t, filepath.Join(dir, "f.pem"), await(t, s.fulcio+"/api/v1/rootCert"))
	writeFile(t, filepath.Join(dir, "t.pem"), await(t, s.tsa+"/api/v1/timestamp/certchain"))
	await(t, s.rekor+"/healthz")

	s.root, s.config = filepath.Join(dir, "trusted_root.json"), filepath.Join(dir, "signing_config.json")
	const since = "start-time=2024-01-01T00:00:00Z"
	run(t, dir, nil, tool(t, "cosign"), "trusted-root", "create", "--out", s.root,
		"--fulcio=url="+s.fulcio+",certificate-chain=f.pem",
		"--rekor=url=http://rekor-local,public-key=rekor.pub,"+since+",origin=rekor-local",
		"--tsa=url="+s.tsa+",certificate-chain=t.pem")
	s.writeConfig(t, s.config, s.fulcio, s.rekor, s.tsa)
	return s
}

// writeConfig writes a signing configuration for services at other addresses,
// such as those of proxies.
func (s *sigstore) writeConfig(t *testing.T, path, fulcio, rekor, tsa string) {
	t.Helper()
	service := func(address string, version int) []map[string]any {
		return []map[string]any{{"url": address, "majorApiVersion": version, "validFor": map[string]string{"start": "2024-01-01T00:00:00Z"}, "operator": "local"}}
	}
	config := map[string]any{
		"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
		"caUrls":    service(fulcio, 1), "oidcUrls": service(s.email.URL, 1),
		"rekorTlogUrls": service(rekor, 2), "rekorTlogConfig": map[string]string{"selector": "ANY"},
		"tsaUrls": service(tsa+"/api/v1/timestamp", 1), "tsaConfig": map[string]string{"selector": "ANY"},
	}
	writeJSON(t, path, config)
}

// start runs a server until the test ends, when what it said is shown if the
// test failed.
func start(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	startEnv(t, dir, nil, program, args...)
}

func startEnv(t *testing.T, dir string, env []string, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var said lockedBuffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), said.tail(4000))
		}
	})
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	data := l.b.Bytes()
	return string(data[max(0, len(data)-n):])
}

// await asks an address until it answers.
func await(t *testing.T, address string) []byte {
	t.Helper()
	var last error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		resp, err := http.Get(address)
		if err != nil {
			last = err
			continue
		}
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil && resp.StatusCode == http.StatusOK {
			return data
		}
		last = fmt.Errorf("%s, %v", resp.Status, err)
	}
	t.Fatalf("%s does not answer: %v", address, last)
	return nil
}

// freePorts returns ports that nobody listens on.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, p, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, p)
	}
	return ports
}

// result is how a program ended.
type result struct {
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
}

// exits runs a program to its end.
func exits(t testing.TB, dir string, env []string, program string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	// Nothing of the machine's own set-up, tokens and caches, and nothing beyond
	// this machine: the proxy is not there.
	cmd.Dir, cmd.Env = dir, append([]string{"HOME=" + t.TempDir(), "HTTPS_PROXY=http://127.0.0.1:9", "PATH=" + os.Getenv("PATH"), "FNSEAL_PASSWORD=x", "COSIGN_PASSWORD=x"}, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("running %s: %v", program, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// run is exits for a program that must succeed.
func run(t testing.TB, dir string, env []string, program string, args ...string) result {
	t.Helper()
	r := exits(t, dir, env, program, args...)
	if r.code != 0 {
		t.Fatalf("%s %s: %v", filepath.Base(program), strings.Join(args, " "), r)
	}
	return r
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, data)
}
