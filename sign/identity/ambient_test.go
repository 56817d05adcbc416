package identity_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/internal/testkit/oidc"
	"github.com/fnseal/fnseal/sign/identity"
)

// ci is the token service of a CI system.
type ci struct {
	t      *testing.T
	issuer *oidc.Issuer
	fail   int // answers with an error before the first good one
	asked  int
}

func (c *ci) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.asked++; c.asked <= c.fail {
		http.Error(w, "secret-bearer try later", http.StatusBadGateway)
		return
	}
	token := func(aud string) string { return c.issuer.Token(c.t, map[string]any{"aud": aud}) }
	switch {
	case r.URL.Path == "/github" && r.Header.Get("Authorization") == "Bearer secret-bearer" && r.URL.Query().Get("api-version") == "2":
		_ = json.NewEncoder(w).Encode(map[string]string{"value": token(r.URL.Query().Get("audience"))})
	case r.URL.Path == "/v3/jobs/job-1/oidc/tokens" && r.Method == http.MethodPost && r.Header.Get("Authorization") == "Token secret-bearer":
		var body struct{ Audience string }
		if json.NewDecoder(r.Body).Decode(&body) != nil {
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"token": token(body.Audience)})
	case strings.HasPrefix(r.URL.Path, "/computeMetadata/v1/") && r.Header.Get("Metadata-Flavor") == "Google":
		_, _ = w.Write([]byte(token(r.URL.Query().Get("audience"))))
	default:
		http.Error(w, "secret-bearer is wrong", http.StatusForbidden)
	}
}

func TestAmbient(t *testing.T) {
	issuer := oidc.Start(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(issuer.Token(t, nil)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		env  map[string]string
		file string
		fail int
		from string
		err  string
	}{
		{name: "GitHub", env: map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "$URL/github?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-bearer"}, from: "GitHub Actions"},
		{name: "GitHub that hesitates", env: map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "$URL/github?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-bearer"}, fail: 1, from: "GitHub Actions"},
		{name: "GitHub without permission", env: map[string]string{"GITHUB_ACTIONS": "true"}, err: "id-token: write"},
		{name: "GitHub that refuses", env: map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "$URL/other", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-bearer"}, err: "403 Forbidden"},
		{name: "GitLab", env: map[string]string{"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": "$TOKEN"}, from: "SIGSTORE_ID_TOKEN"},
		{name: "made out to somebody else", env: map[string]string{"SIGSTORE_ID_TOKEN": "$OTHER"}, err: `made out to "https://gitlab.com"`},
		{name: "Buildkite", env: map[string]string{"BUILDKITE_AGENT_ACCESS_TOKEN": "secret-bearer", "BUILDKITE_JOB_ID": "job-1", "BUILDKITE_AGENT_ENDPOINT": "$URL/v3"}, from: "Buildkite"},
		{name: "Google", env: map[string]string{"GCE_METADATA_HOST": "$HOST"}, from: "Google Cloud"},
		{name: "a cluster", file: file, from: "the token file of the cluster"},
		{name: "nothing", file: file + ".none", err: identity.ErrNoAmbient.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(&ci{t: t, issuer: issuer, fail: tt.fail})
			defer server.Close()
			fill := strings.NewReplacer("$URL", server.URL, "$HOST", strings.TrimPrefix(server.URL, "http://"),
				"$TOKEN", issuer.Token(t, nil), "$OTHER", issuer.Token(t, map[string]any{"aud": "https://gitlab.com"}))
			e := identity.Environment{
				LookupEnv: func(name string) (string, bool) { v, ok := tt.env[name]; return fill.Replace(v), ok },
				Client:    server.Client(),
				TokenFile: tt.file,
			}
			token, from, err := identity.Ambient(t.Context(), e, "sigstore")
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "secret-bearer") {
					t.Errorf("error %v, want %q and no secret", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if from != tt.from || identity.Present(e) != tt.from {
				t.Errorf("from %q, present %q, want %q", from, identity.Present(e), tt.from)
			}
			if token.Subject() != oidc.Email {
				t.Errorf("token %v", token)
			}
		})
	}
}

func TestAmbientInterrupted(t *testing.T) {
	server := httptest.NewServer(&ci{t: t, fail: 100})
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	env := map[string]string{"GCE_METADATA_HOST": strings.TrimPrefix(server.URL, "http://")}
	_, _, err := identity.Ambient(ctx, identity.Environment{LookupEnv: func(n string) (string, bool) { v, ok := env[n]; return v, ok }, Client: server.Client()}, "sigstore")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
