// Package oidc is an OpenID Connect provider in process: discovery, keys,
// signed identity tokens, the authorization code flow with PKCE and the device
// flow. Fulcio accepts its tokens when told of its URL.
package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Email is whom the tokens of a new Issuer are about.
const Email = "releaser@example.com"

// Issuer is a provider that signs in whoever asks.
type Issuer struct {
	URL string

	// Claims of the tokens of its flows, beside iss, aud, iat and exp.
	Claims map[string]any

	// Pending is how often the device flow's token is refused because the
	// person has not agreed yet.
	Pending int

	// Deny makes the person disagree.
	Deny bool

	key *rsa.PrivateKey

	mu     sync.Mutex
	grants map[string]grant
}

// grant is what a code may be exchanged for.
type grant struct {
	client, challenge, nonce, redirect string
}

// Start runs an issuer until the test ends. Its URL names localhost.
func Start(t testing.TB) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{
		key:    key,
		grants: map[string]grant{},
		Claims: map[string]any{"sub": "12345", "email": Email, "email_verified": true},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /auth", i.auth)
	mux.HandleFunc("POST /device", i.device)
	mux.HandleFunc("POST /token", i.token)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.URL = "http://localhost:" + port(t, server.URL)
	return i
}

func port(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	_, p, err := net.SplitHostPort(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Token returns a token of the issuer with claims added to, or in place of,
// the usual ones. A claim that is nil is left out.
func (i *Issuer) Token(t testing.TB, claims map[string]any) string {
	t.Helper()
	token, err := i.sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (i *Issuer) sign(claims map[string]any) (string, error) {
	now := time.Now()
	all := map[string]any{"iss": i.URL, "aud": "sigstore", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()}
	maps.Copy(all, i.Claims)
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	body, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"k","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(body)
	digest := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(sig), err
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked has left
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                i.URL,
		"authorization_endpoint":                i.URL + "/auth",
		"token_endpoint":                        i.URL + "/token",
		"device_authorization_endpoint":         i.URL + "/device",
		"jwks_uri":                              i.URL + "/keys",
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported":      []string{"S256"},
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	e := big.NewInt(int64(i.key.E)).Bytes()
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k",
		"n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(e),
	}}})
}

func (i *Issuer) remember(g grant) string {
	code := rand.Text()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.grants[code] = g
	return code
}

// auth signs in the person who is sent here, at once.
func (i *Issuer) auth(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Hostname() != "localhost" || q.Get("code_challenge_method") != "S256" {
		http.Error(w, "invalid request", http.StatusBadRequest)
		return
	}
	values := url.Values{"state": {q.Get("state")}}
	if i.Deny {
		values.Set("error", "access_denied")
	} else {
		values.Set("code", i.remember(grant{q.Get("client_id"), q.Get("code_challenge"), q.Get("nonce"), back.String()}))
	}
	back.RawQuery = values.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (i *Issuer) device(w http.ResponseWriter, r *http.Request) {
	code := i.remember(grant{client: r.PostFormValue("client_id"), challenge: r.PostFormValue("code_challenge")})
	answer(w, http.StatusOK, map[string]any{
		"device_code": code, "user_code": "ABCD-EFGH", "interval": 1, "expires_in": 60,
		"verification_uri": i.URL + "/activate", "verification_uri_complete": i.URL + "/activate?code=ABCD-EFGH",
	})
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	device := strings.HasSuffix(r.PostFormValue("grant_type"), "device_code")
	if device {
		code = r.PostFormValue("device_code")
	}
	refuse := func(reason string) { answer(w, http.StatusBadRequest, map[string]string{"error": reason}) }
	i.mu.Lock()
	defer i.mu.Unlock()
	g, ok := i.grants[code]
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case !ok, !device && r.PostFormValue("redirect_uri") != g.redirect:
		refuse("invalid_grant")
		return
	case subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(challenge[:])), []byte(g.challenge)) != 1:
		refuse("invalid_grant")
		return
	case i.Deny:
		refuse("access_denied")
		return
	case device && i.Pending > 0:
		i.Pending--
		refuse("authorization_pending")
		return
	}
	delete(i.grants, code)
	claims := map[string]any{"aud": g.client}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	id, err := i.sign(claims)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "id_token": id})
}
