package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/internal/testkit/oidc"
	"github.com/fnseal/fnseal/sign/identity"
)

func TestParse(t *testing.T) {
	issuer := oidc.Start(t)
	raw := issuer.Token(t, nil)
	token, err := identity.Parse("\n" + raw + " \n")
	if err != nil {
		t.Fatal(err)
	}
	if token.Secret() != raw {
		t.Error("the token is not what was given")
	}
	claims := func(s string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(s)) + ".c2ln"
	}
	for name, text := range map[string]string{
		"empty":           "",
		"two parts":       "e30.e30",
		"unsigned":        "e30.e30.",
		"not base64":      "e30.{}.c2ln",
		"not JSON":        claims("x"),
		"no object":       claims(`"x"`),
		"null":            claims("null"),
		"with a line end": "e30\r\nX: y." + claims("{}")[4:],
		"long":            strings.Repeat("a", 100_000),
	} {
		if _, err := identity.Parse(text); !errors.Is(err, identity.ErrToken) {
			t.Errorf("%s: %v", name, err)
		} else if len(text) > 8 && strings.Contains(err.Error(), text[4:8]) {
			t.Errorf("%s: the message shows the token: %v", name, err)
		}
	}
}

func TestTokenIsNotShown(t *testing.T) {
	raw := oidc.Start(t).Token(t, nil)
	token, err := identity.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(map[string]any{"t": token})
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %q %x %s", token, token, token, token, token, token, asJSON)
	for _, part := range strings.Split(raw, ".") {
		if strings.Contains(shown, part[:8]) {
			t.Errorf("shown: %s", shown)
		}
	}
	if !strings.Contains(shown, oidc.Email) {
		t.Errorf("%s does not say whose it is", shown)
	}
}

func TestAudience(t *testing.T) {
	issuer := oidc.Start(t)
	for _, tt := range []struct {
		aud  any
		want bool
	}{
		{"sigstore", true}, {[]string{"x", "sigstore"}, true}, {"sts.amazonaws.com", false}, {nil, false}, {[]any{1}, false}, {"Sigstore", false},
	} {
		token, err := identity.Parse(issuer.Token(t, map[string]any{"aud": tt.aud}))
		if err != nil {
			t.Fatal(err)
		}
		if err := token.CheckAudience("sigstore"); (err == nil) != tt.want || err != nil && !errors.Is(err, identity.ErrToken) {
			t.Errorf("%v: %v", tt.aud, err)
		}
	}
}

func TestComplaint(t *testing.T) {
	issuer := oidc.Start(t)
	now := time.Now()
	for _, tt := range []struct {
		claims map[string]any
		want   string
	}{
		{nil, ""},
		{map[string]any{"exp": now.Add(-90 * time.Second).Unix()}, "expired 1m30s ago"},
		{map[string]any{"email_verified": false}, "not verified"},
		{map[string]any{"nbf": now.Add(time.Hour).Unix()}, "only in 1h0m0s: is the clock right"},
	} {
		token, err := identity.Parse(issuer.Token(t, tt.claims))
		if err != nil {
			t.Fatal(err)
		}
		if got := token.Complaint(time.Unix(now.Unix(), 0)); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%v: %q, want %q", tt.claims, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("e30.eyJhdWQiOiJzaWdzdG9yZSJ9.c2ln")
	f.Add("e30.eyJhdWQiOlsic2lnc3RvcmUiXSwiZXhwIjoxfQ.c2ln")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := identity.Parse(text)
		if err != nil {
			return
		}
		if got := token.Secret(); got != strings.TrimSpace(text) || strings.ContainsAny(got, "\r\n \x00") {
			t.Errorf("%q is not fit for a header", got)
		}
		again, err := identity.Parse(token.Secret())
		if err != nil || again.Subject() != token.Subject() || !again.Expires().Equal(token.Expires()) {
			t.Errorf("read again: %v, %v", again, err)
		}
	})
}
