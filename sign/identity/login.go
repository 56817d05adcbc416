package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Login lets a person show an OpenID Connect provider who they are.
type Login struct {
	Issuer   string // the provider's URL
	ClientID string // what the token is made out to; empty for DefaultAudience
	Client   *http.Client

	// Show tells the person where to go. The code is empty where there is
	// none to type.
	Show func(address, code string)

	// Browse opens a browser; nil to leave that to the person.
	Browse func(address string) error
}

// ErrLogin says that a person did not get a token.
var ErrLogin = errors.New("signing in failed")

// loginTimeout is how long a person has.
const loginTimeout = 10 * time.Minute

// provider is what the issuer says about itself (OpenID Connect Discovery 1.0).
func (l Login) provider(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	p, err := oidc.NewProvider(ctx, l.Issuer)
	if err != nil {
		return nil, oauth2.Config{}, fmt.Errorf("%w: asking %s how: %w", ErrLogin, l.Issuer, err)
	}
	id := l.ClientID
	if id == "" {
		id = DefaultAudience
	}
	return p, oauth2.Config{ClientID: id, Endpoint: p.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email"}}, nil
}

// Device obtains a token for a person at another device's browser (RFC 8628),
// with PKCE (RFC 7636).
func (l Login) Device(ctx context.Context) (Token, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, l.Client), loginTimeout)
	defer cancel()
	p, config, err := l.provider(ctx)
	if err != nil {
		return Token{}, err
	}
	if config.Endpoint.DeviceAuthURL == "" {
		return Token{}, fmt.Errorf("%w: %s has no device flow", ErrLogin, l.Issuer)
	}
	verifier := oauth2.GenerateVerifier()
	device, err := config.DeviceAuth(ctx, oauth2.S256ChallengeOption(verifier))
	if err != nil {
		return Token{}, fmt.Errorf("%w: asking %s for a code: %w", ErrLogin, l.Issuer, quiet(err))
	}
	if device.VerificationURIComplete != "" {
		l.Show(device.VerificationURIComplete, device.UserCode)
	} else {
		l.Show(device.VerificationURI, device.UserCode)
	}
	answer, err := config.DeviceAccessToken(ctx, device, oauth2.VerifierOption(verifier))
	if err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrLogin, quiet(err))
	}
	return l.token(ctx, p, config, answer, "")
}

// Browser obtains a token for a person at this machine's browser, which hands
// it to a port of this machine (RFC 8252), with PKCE.
func (l Login) Browser(ctx context.Context) (Token, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, l.Client), loginTimeout)
	defer cancel()
	p, config, err := l.provider(ctx)
	if err != nil {
		return Token{}, err
	}
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return Token{}, fmt.Errorf("%w: waiting for the browser: %w", ErrLogin, err)
	}
	const callback = "/auth/callback"
	config.RedirectURL = fmt.Sprintf("http://localhost:%d%s", listener.Addr().(*net.TCPAddr).Port, callback)
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()

	codes := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+callback, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
			http.Error(w, "This is not what fnseal waits for.", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "Thank you. You can close this page and go back to the terminal.")
		select {
		case codes <- q.Get("code"):
		default:
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		// The page is still on its way to the browser.
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(end) != nil {
			server.Close()
		}
		<-served
	}()

	address := config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	l.Show(address, "")
	if l.Browse != nil {
		// The address is shown: who has no browser here opens it elsewhere.
		_ = l.Browse(address)
	}
	select {
	case <-ctx.Done():
		return Token{}, fmt.Errorf("%w: %w", ErrLogin, ctx.Err())
	case code := <-codes:
		if code == "" {
			return Token{}, fmt.Errorf("%w: %s did not agree", ErrLogin, l.Issuer)
		}
		answer, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
		if err != nil {
			return Token{}, fmt.Errorf("%w: %w", ErrLogin, quiet(err))
		}
		return l.token(ctx, p, config, answer, nonce)
	}
}

// token takes the identity token out of an answer and verifies it.
func (l Login) token(ctx context.Context, p *oidc.Provider, config oauth2.Config, answer *oauth2.Token, nonce string) (Token, error) {
	raw, _ := answer.Extra("id_token").(string)
	if raw == "" {
		return Token{}, fmt.Errorf("%w: %s gave no identity token", ErrLogin, l.Issuer)
	}
	verified, err := p.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return Token{}, fmt.Errorf("%w: the token of %s: %w", ErrLogin, l.Issuer, err)
	}
	if verified.Nonce != nonce {
		return Token{}, fmt.Errorf("%w: the token of %s answers another question", ErrLogin, l.Issuer)
	}
	return Parse(raw)
}

// quiet reduces an OAuth error to its code: the rest repeats the answer, in
// which there may be secrets.
func quiet(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		if refused.ErrorCode != "" {
			return errors.New(refused.ErrorCode)
		}
		return fmt.Errorf("it answered %s", refused.Response.Status)
	}
	return err
}
