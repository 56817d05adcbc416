//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// proxy stands before a service and misbehaves.
type proxy struct {
	url  string
	mu   sync.Mutex
	seen int // requests that would do something

	// fault answers the n-th request, counted from 1, and reports whether it
	// did. It may pass it on first.
	fault func(n int, w http.ResponseWriter, r *http.Request, pass http.Handler) bool
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(u)
	p := &proxy{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen++
		n, fault := p.seen, p.fault
		p.mu.Unlock()
		r.Host = u.Host
		if fault == nil || !fault(n, w, r, pass) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *proxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// answers makes a fault that answers the first n requests with a status, and
// repeats what it was sent as careless servers do. n < 0 means all.
func answers(n, status int, header http.Header) func(int, http.ResponseWriter, *http.Request, http.Handler) bool {
	return func(i int, w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if n >= 0 && i > n {
			return false
		}
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write([]byte("you said " + r.Header.Get("Authorization") + " " + string(body)))
		return true
	}
}

// hangs never answers.
func hangs(_ int, _ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	return true
}

// swallows lets the service do what it is asked to for the first n requests,
// and cuts the connection instead of saying so.
func swallows(n int) func(int, http.ResponseWriter, *http.Request, http.Handler) bool {
	return func(i int, w http.ResponseWriter, r *http.Request, pass http.Handler) bool {
		if i > n {
			return false
		}
		pass.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}

// TestFaults signs while something fails. What passes is ridden out, what does
// not is a clear error; there is never half a bundle, nor a token in what is
// said.
func TestFaults(t *testing.T) {
	s := startSigstore(t)
	hour := time.Now().Add(-time.Hour).Unix()
	for _, tt := range []struct {
		name               string
		fulcio, rekor, tsa func(int, http.ResponseWriter, *http.Request, http.Handler) bool
		claims             map[string]any
		args               []string
		code               int
		says               []string
		asked              func(fulcio, rekor, tsa int) bool
		atLeast            time.Duration
	}{
		{name: "nothing", code: 0, says: []string{"signed app.bin"}},
		{name: "Fulcio limits the rate", fulcio: answers(2, 429, http.Header{"Retry-After": {"2"}}), code: 0, atLeast: 4 * time.Second,
			says: []string{"the certificate authority", "429 Too Many Requests", "asking again in", "signed app.bin"}, asked: func(f, _, _ int) bool { return f == 3 }},
		{name: "Fulcio fails for a while", fulcio: answers(2, 500, nil), code: 0, says: []string{"500 Internal Server Error", "signed"}},
		{name: "Fulcio fails", fulcio: answers(-1, 500, nil), args: []string{"--service-timeout", "3s"}, code: 1,
			says: []string{"the certificate authority (http://", "answered 500 Internal Server Error"}, asked: func(f, r, ts int) bool { return f > 1 && r == 0 && ts == 0 }},
		{name: "Fulcio refuses", fulcio: answers(-1, 403, nil), code: 1, says: []string{"403 Forbidden"}, asked: func(f, _, _ int) bool { return f == 1 }},
		{name: "Fulcio asks for an hour", fulcio: answers(-1, 429, http.Header{"Retry-After": {"3600"}}), code: 1, says: []string{"429"}, asked: func(f, _, _ int) bool { return f == 1 }},
		{name: "the log took it and said nothing", rekor: swallows(1), code: 0, says: []string{"the transparency log", "did not answer", "signed"}},
		{name: "the log has it", rekor: answers(1, 409, nil), code: 0, says: []string{"signed"}, asked: func(_, r, _ int) bool { return r == 2 }},
		{name: "the log says it has it, always", rekor: answers(-1, 409, nil), code: 1, says: []string{"holds this signature already"}},
		{name: "the log hangs", rekor: hangs, args: []string{"--service-timeout", "2s"}, code: 1, says: []string{"the transparency log", "did not answer", "nothing came within 2s"}},
		{name: "the log is overloaded", rekor: answers(1, 503, http.Header{"Retry-After": {"1"}}), code: 0, says: []string{"503", "signed"}},
		{name: "the timestamp authority fails", tsa: answers(-1, 502, nil), args: []string{"--service-timeout", "3s"}, code: 1, says: []string{"the timestamp authority", "502 Bad Gateway"}},
		{name: "the timestamp authority talks nonsense", tsa: answers(-1, 200, nil), code: 1, says: []string{"the timestamp authority", "a timestamp is expected"}, asked: func(_, _, ts int) bool { return ts == 1 }},
		{name: "the token is old", claims: map[string]any{"exp": hour, "iat": hour - 600, "nbf": hour - 600}, code: 1, says: []string{"the identity token expired", "the certificate authority"}},
		{name: "the token is not yet valid", claims: map[string]any{"nbf": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Add(time.Hour).Unix(), "exp": time.Now().Add(2 * time.Hour).Unix()}, code: 1, says: []string{"is the clock right?", "the certificate authority"}},
		{name: "the token is for another", claims: map[string]any{"aud": "sts.amazonaws.com"}, code: 1, says: []string{`made out to "sts.amazonaws.com"`}, asked: func(f, _, _ int) bool { return f == 0 }},
		{name: "the address is not verified", claims: map[string]any{"email_verified": false}, code: 1, says: []string{"not verified"}},
		{name: "the disk is full", args: []string{"--bundle", "/dev/full"}, code: 1, says: []string{"no space left on device"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fulcio, rekor, tsa := startProxy(t, s.fulcio), startProxy(t, s.rekor), startProxy(t, s.tsa)
			fulcio.fault, rekor.fault, tsa.fault = tt.fulcio, tt.rekor, tt.tsa
			s.writeConfig(t, filepath.Join(dir, "config.json"), fulcio.url, rekor.url, tsa.url)
			token := s.email.Token(t, tt.claims)
			writeFile(t, filepath.Join(dir, "token"), []byte(token))
			writeFile(t, filepath.Join(dir, "app.bin"), []byte(tt.name))
			begin := time.Now()
			r := exits(t, dir, nil, tool(t, "fnseal"), append([]string{"sign", "app.bin", "--verbose", "--identity-token", "token", "--signing-config", "config.json", "--trusted-root", s.root}, tt.args...)...)
			took := time.Since(begin)
			if r.code != tt.code {
				t.Errorf("exit code %d, want %d", r.code, tt.code)
			}
			for _, says := range tt.says {
				if !strings.Contains(r.stderr, says) {
					t.Errorf("it does not say %q", says)
				}
			}
			if tt.asked != nil && !tt.asked(fulcio.count(), rekor.count(), tsa.count()) {
				t.Errorf("asked Fulcio %d times, the log %d, the authority %d", fulcio.count(), rekor.count(), tsa.count())
			}
			if took < tt.atLeast {
				t.Errorf("took %v: it did not wait as it was told to", took)
			}
			checkSecret(t, token, r.stdout+r.stderr)
			checkBundles(t, dir, tt.code == 0)
			if t.Failed() {
				t.Log(r)
			}
			if tt.code == 0 {
				run(t, dir, nil, tool(t, "cosign"), "verify-blob", "app.bin", "--bundle", "app.bin.sigstore.json", "--trusted-root", s.root,
					"--certificate-identity", "releaser@example.com", "--certificate-oidc-issuer", s.email.URL, "--insecure-ignore-sct")
			}
		})
	}
}

// checkSecret fails if a part of the token that is not public was shown.
func checkSecret(t *testing.T, token, shown string) {
	t.Helper()
	for _, part := range strings.Split(token, ".") {
		if strings.Contains(shown, part[:min(len(part), 24)]) {
			t.Error("the token is shown")
		}
	}
}

// checkBundles fails unless there is a bundle, or nothing at all of one.
func checkBundles(t *testing.T, dir string, want bool) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range entries {
		switch {
		case e.Name() == "app.bin.sigstore.json":
			found = true
		case strings.Contains(e.Name(), "sigstore"), strings.HasSuffix(e.Name(), ".tmp"):
			t.Errorf("%s was left behind", e.Name())
		}
	}
	if found != want {
		t.Errorf("there is a bundle: %t, want %t", found, want)
	}
}

// TestInterrupted presses Ctrl-C while a service does not answer.
func TestInterrupted(t *testing.T) {
	s := startSigstore(t)
	for _, which := range []string{"fulcio", "rekor", "tsa"} {
		t.Run(which, func(t *testing.T) {
			dir := t.TempDir()
			fulcio, rekor, tsa := startProxy(t, s.fulcio), startProxy(t, s.rekor), startProxy(t, s.tsa)
			slow := map[string]*proxy{"fulcio": fulcio, "rekor": rekor, "tsa": tsa}[which]
			reached := make(chan struct{}, 10)
			slow.fault = func(n int, w http.ResponseWriter, r *http.Request, pass http.Handler) bool {
				reached <- struct{}{}
				return hangs(n, w, r, pass)
			}
			s.writeConfig(t, filepath.Join(dir, "config.json"), fulcio.url, rekor.url, tsa.url)
			token := s.emailToken(t)
			writeFile(t, filepath.Join(dir, "token"), []byte(token))
			writeFile(t, filepath.Join(dir, "app.bin"), []byte("x"))
			cmd := exec.Command(tool(t, "fnseal"), "sign", "app.bin", "--identity-token", "token", "--signing-config", "config.json", "--trusted-root", s.root)
			cmd.Dir = dir
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-reached:
			case <-time.After(30 * time.Second):
				t.Error("the service was not asked")
			}
			pressed := time.Now()
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
				t.Errorf("ended with %v, want exit code 130", err)
			}
			if took := time.Since(pressed); took > 5*time.Second {
				t.Errorf("it took %v to end", took)
			}
			if got := stderr.String(); !strings.Contains(got, "interrupted") {
				t.Errorf("it says %q", got)
			}
			checkSecret(t, token, stderr.String())
			checkBundles(t, dir, false)
		})
	}
}

// TestRegistryRefuses pushes a bundle to a registry that takes images and no
// referrers.
func TestRegistryRefuses(t *testing.T) {
	host := startRegistry(t)
	p := startProxy(t, "http://"+host)
	keys := t.TempDir()
	private, public := keypair(t, keys, "k")
	for _, tt := range []struct {
		name   string
		status int
		says   string
	}{
		{"denied", 403, "denied"}, {"broken", 500, "attaching to"}, {"full", 507, "attaching to"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			img := push(t, host+"/shop/"+tt.name)
			behind := artifact{content: image, ref: strings.Replace(img.ref, host, strings.TrimPrefix(p.url, "http://"), 1)}
			p.mu.Lock()
			p.fault = func(_ int, w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/manifests/") {
					return false
				}
				http.Error(w, `{"errors":[{"code":"X","message":"no"}]}`, tt.status)
				return true
			}
			p.mu.Unlock()
			dir := t.TempDir()
			r := exits(t, dir, nil, tool(t, "fnseal"), "sign", behind.ref, "--key", private)
			if r.code != 1 || !strings.Contains(strings.ToLower(r.stderr), tt.says) {
				t.Errorf("want exit code 1 and %q: %v", tt.says, r)
			}
			if n := len(attached(t, img.ref)); n != 0 {
				t.Errorf("%d bundles in the registry", n)
			}
			// The same bundle can go to a file.
			run(t, dir, nil, tool(t, "fnseal"), "sign", behind.ref, "--key", private, "--bundle", "b.json")
			run(t, dir, nil, tool(t, "fnseal"), "verify", behind.ref, "--key", public, "--bundle", "b.json")
		})
	}
}
