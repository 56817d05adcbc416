package verify

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Pattern says which texts are accepted. Its zero value accepts none.
type Pattern struct {
	text string
	expr *regexp.Regexp
}

// Exactly returns a pattern that accepts one text, byte for byte.
func Exactly(text string) Pattern { return Pattern{text: text} }

// maxPattern bounds a regular expression. Those of Go take time linear in the
// text, so its length is all there is to bound.
const maxPattern = 4 << 10

// Matching returns a pattern that accepts the texts a regular expression
// matches as a whole: an expression without anchors would accept every text
// that merely contains what is meant.
func Matching(expr string) (Pattern, error) {
	switch {
	case expr == "":
		return Pattern{}, errors.New("the regular expression is empty")
	case len(expr) > maxPattern:
		return Pattern{}, fmt.Errorf("the regular expression is longer than %d bytes", maxPattern)
	}
	// Alone first: "a)|(b" must not become valid by what is put around it.
	if _, err := regexp.Compile(expr); err != nil {
		return Pattern{}, err
	}
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	if err != nil {
		return Pattern{}, err
	}
	return Pattern{text: expr, expr: re}, nil
}

// Match reports whether text is accepted. The empty text never is.
func (p Pattern) Match(text string) bool {
	switch {
	case text == "" || p.IsZero():
		return false
	case p.expr != nil:
		return p.expr.MatchString(text)
	}
	return p.text == text
}

// IsZero reports whether the pattern accepts nothing.
func (p Pattern) IsZero() bool { return p.text == "" }

// String returns the pattern as messages show it.
func (p Pattern) String() string {
	if p.expr != nil {
		return "/" + p.text + "/"
	}
	return p.text
}

// Identity is a signer whose certificates are accepted: whom the certificate
// names and who vouched for that name.
type Identity struct {
	Subject Pattern // the certificate's subject alternative name
	Issuer  Pattern // the issuer of the identity token (OID 1.3.6.1.4.1.57264.1.8)
}

// Match reports whether a certificate is the identity's.
func (i Identity) Match(c Certificate) bool {
	return i.Subject.Match(c.Subject) && i.Issuer.Match(c.Issuer)
}

// String returns the identity as messages show it.
func (i Identity) String() string { return i.Subject.String() + " (by " + i.Issuer.String() + ")" }

func identityList(ids []Identity) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	return strings.Join(names, " or ")
}
