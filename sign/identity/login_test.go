package identity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/internal/testkit/oidc"
	"github.com/fnseal/fnseal/sign/identity"
)

func TestDevice(t *testing.T) {
	issuer := oidc.Start(t)
	issuer.Pending = 1
	var shown string
	login := identity.Login{Issuer: issuer.URL, Client: http.DefaultClient, Show: func(address, code string) { shown = address + " " + code }}
	token, err := login.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if token.Subject() != oidc.Email || token.CheckAudience("sigstore") != nil || token.Issuer() != issuer.URL {
		t.Errorf("token %v for %q", token, token.Audience())
	}
	if want := issuer.URL + "/activate?code=ABCD-EFGH ABCD-EFGH"; shown != want {
		t.Errorf("shown %q, want %q", shown, want)
	}

	issuer.Deny = true
	if _, err := login.Device(t.Context()); !errors.Is(err, identity.ErrLogin) || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("denied: %v", err)
	}

	issuer.Deny, issuer.Pending = false, 100
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := login.Device(ctx); !errors.Is(err, identity.ErrLogin) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestBrowser(t *testing.T) {
	issuer := oidc.Start(t)
	visit := func(address string) error {
		resp, err := http.Get(address)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("the page says %s", resp.Status)
		}
		return nil
	}
	visited := make(chan error, 1)
	login := identity.Login{
		Issuer: issuer.URL, ClientID: "private", Client: http.DefaultClient, Show: func(string, string) {},
		Browse: func(address string) error {
			go func() { visited <- visit(address) }()
			return nil
		},
	}
	token, err := login.Browser(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := <-visited; err != nil {
		t.Errorf("browser: %v", err)
	}
	if token.Subject() != oidc.Email || token.CheckAudience("private") != nil {
		t.Errorf("token %v for %q", token, token.Audience())
	}

	issuer.Deny = true
	if _, err := login.Browser(t.Context()); !errors.Is(err, identity.ErrLogin) {
		t.Errorf("denied: %v", err)
	}
	<-visited
	issuer.Deny = false

	// A page that was not sent by the provider does not end the wait.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	login.Browse = func(address string) error {
		go func() {
			_, redirect, _ := strings.Cut(address, "redirect_uri=")
			redirect, _, _ = strings.Cut(redirect, "&")
			redirect = strings.NewReplacer("%3A", ":", "%2F", "/").Replace(redirect)
			visited <- visit(redirect + "?code=planted&state=guessed")
		}()
		return nil
	}
	if _, err := login.Browser(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("planted code: %v", err)
	}
	if err := <-visited; err == nil {
		t.Error("a planted code was welcomed")
	}
}
