package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// ErrNoAmbient says that the surroundings give no identity token.
var ErrNoAmbient = errors.New("no identity token in these surroundings")

// Environment is what ambient tokens are looked for in.
type Environment struct {
	// LookupEnv returns a variable of the environment.
	LookupEnv func(string) (string, bool)

	// Client asks the token services of CI systems.
	Client *http.Client

	// TokenFile is where a cluster puts a token for its pods; empty for none.
	TokenFile string
}

// ClusterTokenFile is where Kubernetes is told to project a token for
// Sigstore's clients.
const ClusterTokenFile = "/var/run/sigstore/cosign/oidc-token"

func (e Environment) get(name string) string {
	v, _ := e.LookupEnv(name)
	return v
}

// source is a CI system that gives its jobs tokens.
type source struct {
	name  string
	here  func(Environment) bool
	fetch func(context.Context, Environment, string) (string, error)
}

func sources() []source {
	return []source{
		{"SIGSTORE_ID_TOKEN", func(e Environment) bool { return e.get("SIGSTORE_ID_TOKEN") != "" }, fromVariable}, // GitLab's id_tokens, and anybody's
		{"GitHub Actions", func(e Environment) bool { return e.get("GITHUB_ACTIONS") == "true" }, fromGitHub},
		{"Buildkite", func(e Environment) bool { return e.get("BUILDKITE_AGENT_ACCESS_TOKEN") != "" }, fromBuildkite},
		{"Google Cloud", func(e Environment) bool {
			return e.get("GCE_METADATA_HOST") != "" || e.get("K_SERVICE") != "" || e.get("BUILDER_OUTPUT") != ""
		}, fromGoogle},
		{"the token file of the cluster", func(e Environment) bool { return e.TokenFile != "" && isFile(e.TokenFile) }, fromFile},
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Present returns the name of the system that Ambient would ask, or nothing.
func Present(e Environment) string {
	for _, s := range sources() {
		if s.here(e) {
			return s.name
		}
	}
	return ""
}

// Ambient returns the token that the surroundings give a job, made out to
// audience, and the name of who gave it. It is ErrNoAmbient where there is
// none. The first system that is there is asked, and its failure is final: a
// token from somewhere else would stand for somebody else.
func Ambient(ctx context.Context, e Environment, audience string) (Token, string, error) {
	for _, s := range sources() {
		if !s.here(e) {
			continue
		}
		raw, err := s.fetch(ctx, e, audience)
		if err != nil {
			return Token{}, s.name, fmt.Errorf("asking %s for an identity token: %w", s.name, err)
		}
		t, err := Parse(raw)
		if err == nil {
			err = t.CheckAudience(audience)
		}
		if err != nil {
			return Token{}, s.name, fmt.Errorf("the token of %s: %w", s.name, err)
		}
		return t, s.name, nil
	}
	return Token{}, "", ErrNoAmbient
}

func fromVariable(_ context.Context, e Environment, _ string) (string, error) {
	return e.get("SIGSTORE_ID_TOKEN"), nil
}

// fromGitHub: docs.github.com, "OpenID Connect reference".
func fromGitHub(ctx context.Context, e Environment, audience string) (string, error) {
	address, bearer := e.get("ACTIONS_ID_TOKEN_REQUEST_URL"), e.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	if address == "" || bearer == "" {
		return "", errors.New(`the job may not have one: give it "permissions: id-token: write"`)
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no URL")
	}
	q := u.Query()
	q.Set("audience", audience)
	u.RawQuery = q.Encode()
	var answer struct {
		Value string `json:"value"`
	}
	err = e.ask(ctx, http.MethodGet, u, http.Header{"Authorization": {"Bearer " + bearer}}, nil, &answer)
	return answer.Value, err
}

// fromBuildkite: buildkite-agent oidc request-token, as the agent does it.
func fromBuildkite(ctx context.Context, e Environment, audience string) (string, error) {
	endpoint, job := e.get("BUILDKITE_AGENT_ENDPOINT"), e.get("BUILDKITE_JOB_ID")
	if endpoint == "" {
		endpoint = "https://agent.buildkite.com/v3"
	}
	if job == "" {
		return "", errors.New("BUILDKITE_JOB_ID is not set")
	}
	u, err := url.Parse(strings.TrimSuffix(endpoint, "/") + "/jobs/" + url.PathEscape(job) + "/oidc/tokens")
	if err != nil {
		return "", errors.New("BUILDKITE_AGENT_ENDPOINT is no URL")
	}
	var answer struct {
		Token string `json:"token"`
	}
	body, err := json.Marshal(map[string]string{"audience": audience})
	if err != nil {
		return "", err
	}
	header := http.Header{
		"Authorization": {"Token " + e.get("BUILDKITE_AGENT_ACCESS_TOKEN")},
		"Content-Type":  {"application/json"},
	}
	err = e.ask(ctx, http.MethodPost, u, header, body, &answer)
	return answer.Token, err
}

// fromGoogle: cloud.google.com/compute/docs/instances/verifying-instance-identity.
func fromGoogle(ctx context.Context, e Environment, audience string) (string, error) {
	host := e.get("GCE_METADATA_HOST")
	if host == "" {
		host = "metadata.google.internal"
	}
	u := &url.URL{Scheme: "http", Host: host, Path: "/computeMetadata/v1/instance/service-accounts/default/identity",
		RawQuery: url.Values{"audience": {audience}, "format": {"full"}}.Encode()}
	var token text
	err := e.ask(ctx, http.MethodGet, u, http.Header{"Metadata-Flavor": {"Google"}}, nil, &token)
	return string(token), err
}

func fromFile(_ context.Context, e Environment, _ string) (string, error) {
	f, err := os.Open(e.TokenFile)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	return string(data), err
}

// text is an answer that is no JSON.
type text string

const (
	askTimeout  = 15 * time.Second
	askAttempts = 3
)

// ask sends a request to a token service and decodes its answer, three times
// if it must. Errors show neither the request's secrets nor the answer.
func (e Environment) ask(ctx context.Context, method string, u *url.URL, header http.Header, body []byte, into any) error {
	var err error
	for attempt := range askAttempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(attempt) * time.Second):
			}
		}
		var again bool
		if again, err = e.askOnce(ctx, method, u, header, body, into); err == nil || !again || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
	}
	return err
}

func (e Environment) askOnce(ctx context.Context, method string, u *url.URL, header http.Header, body []byte, into any) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(string(body)))
	if err != nil {
		return false, errors.New("its address is no URL")
	}
	req.Header = header
	resp, err := e.Client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // its URL holds a secret with some systems
		}
		return true, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 2*maxToken))
	if err != nil {
		return true, err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		return resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests,
			fmt.Errorf("%s answered %d %s", u.Host, resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	if t, ok := into.(*text); ok {
		*t = text(data)
		return false, nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return false, fmt.Errorf("%s did not answer in JSON", u.Host)
	}
	return false, nil
}
