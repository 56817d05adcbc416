// Package identity obtains identity tokens: the JSON Web Tokens of OpenID
// Connect by which somebody shows a certificate authority who they are.
//
// A [Token] is a secret for as long as it is valid. It never shows itself when
// printed, and it is only given to a service once its audience says that it is
// meant for that.
package identity

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// DefaultAudience is what the tokens of Sigstore's instances are made out to.
const DefaultAudience = "sigstore"

// maxToken bounds the text of a token. Those of CI systems have 2 kB.
const maxToken = 64 << 10

// ErrToken says that a text is no identity token, or one that is of no use
// here.
var ErrToken = errors.New("not a usable identity token")

// Token is an identity token. Its claims are read, not verified: that is for
// whoever it is shown to.
type Token struct {
	raw    string
	claims map[string]any
}

// Parse reads a token from its compact form (RFC 7519 §3.1). White space
// around it is ignored. Errors do not repeat any of it.
func Parse(text string) (Token, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxToken {
		return Token{}, fmt.Errorf("%w: longer than %d bytes", ErrToken, maxToken)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 || parts[2] == "" {
		return Token{}, fmt.Errorf("%w: it has not the three parts of a signed JWT", ErrToken)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Token{}, fmt.Errorf("%w: its claims are not base64url", ErrToken)
	}
	t := Token{raw: text}
	if err := json.Unmarshal(payload, &t.claims); err != nil || t.claims == nil {
		return Token{}, fmt.Errorf("%w: its claims are no JSON object", ErrToken)
	}
	for _, c := range text {
		if c <= ' ' || c > '~' { // it goes into a header
			return Token{}, fmt.Errorf("%w: it has a character that no JWT has", ErrToken)
		}
	}
	return t, nil
}

// Read reads a token from r, as Parse does.
func Read(r io.Reader) (Token, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxToken+1))
	if err != nil {
		return Token{}, fmt.Errorf("reading identity token: %w", err)
	}
	return Parse(string(text))
}

// Secret returns the token itself, to be sent to those it is made out to.
func (t Token) Secret() string { return t.raw }

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t.raw == "" }

// Claim returns a claim that is a string, or nothing.
func (t Token) Claim(name string) string {
	s, _ := t.claims[name].(string)
	return s
}

// Issuer returns who made the token.
func (t Token) Issuer() string { return t.Claim("iss") }

// Subject returns whom the token is about: the e-mail address where there is
// one, else the subject.
func (t Token) Subject() string {
	if email := t.Claim("email"); email != "" {
		return email
	}
	return t.Claim("sub")
}

// Audience returns whom the token is made out to (RFC 7519 §4.1.3).
func (t Token) Audience() []string {
	switch aud := t.claims["aud"].(type) {
	case string:
		return []string{aud}
	case []any:
		var all []string
		for _, a := range aud {
			if s, ok := a.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// Expires returns when the token ends, zero if it does not say.
func (t Token) Expires() time.Time { return t.time("exp") }

func (t Token) time(claim string) time.Time {
	seconds, ok := t.claims[claim].(float64)
	if !ok {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// CheckAudience fails unless the token is made out to audience. A token for
// somebody else must not be sent: whoever holds it can use it there.
func (t Token) CheckAudience(audience string) error {
	if slices.Contains(t.Audience(), audience) {
		return nil
	}
	return fmt.Errorf("%w: it is made out to %q, not to %q", ErrToken, clip(strings.Join(t.Audience(), " ")), audience)
}

// Complaint says what about the token may have made a service refuse it, or
// nothing. The clock here may be the one that is wrong, so that is a guess.
func (t Token) Complaint(now time.Time) string {
	if exp := t.Expires(); !exp.IsZero() && now.After(exp) {
		return fmt.Sprintf("the identity token expired %v ago", now.Sub(exp).Round(time.Second))
	}
	for _, name := range []string{"nbf", "iat"} {
		if begins := t.time(name); begins.After(now.Add(time.Minute)) {
			return fmt.Sprintf("the identity token is valid only in %v: is the clock right?", begins.Sub(now).Round(time.Second))
		}
	}
	if verified, ok := t.claims["email_verified"].(bool); ok && !verified {
		return "the identity provider has not verified the e-mail address"
	}
	return ""
}

// String names the token without showing it.
func (t Token) String() string {
	if t.IsZero() {
		return "no identity token"
	}
	return fmt.Sprintf("identity token of %s from %s", clip(t.Subject()), clip(t.Issuer()))
}

// Format keeps every verb, %#v and %+v included, from printing the secret.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// MarshalJSON keeps the secret out of documents.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
