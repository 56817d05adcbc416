package sbom

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// maxExpression bounds a licence expression that is taken apart, in bytes.
const maxExpression = 4096

// ValidExpression reports whether text is a licence expression of SPDX (2.3,
// annex D) over ids of its list and references.
func ValidExpression(text string) bool {
	if len(text) > maxExpression {
		return false
	}
	p := expressionParser{words: expressionWords(text)}
	return p.compound(0) && p.at == len(p.words)
}

// expressionWords splits at spaces and around parentheses.
func expressionWords(text string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
}

type expressionParser struct {
	words []string
	at    int
}

func (p *expressionParser) take(words ...string) bool {
	if p.at < len(p.words) && slices.Contains(words, p.words[p.at]) {
		p.at++
		return true
	}
	return false
}

// compound reads expressions joined by AND and OR. What binds more tightly
// does not matter to whether it is valid.
func (p *expressionParser) compound(depth int) bool {
	for {
		if !p.simple(depth) {
			return false
		}
		if !p.take("AND", "OR") {
			return true
		}
	}
}

func (p *expressionParser) simple(depth int) bool {
	if p.take("(") {
		return depth < maxDepth && p.compound(depth+1) && p.take(")")
	}
	if p.at == len(p.words) {
		return false
	}
	id := p.words[p.at]
	p.at++
	if !isReference(id) && !knownID()[strings.TrimSuffix(id, "+")] {
		return false
	}
	if p.take("WITH") {
		// The list holds exceptions too; those newer than it are taken on
		// their form.
		if p.at == len(p.words) || !isIDString(p.words[p.at]) || slices.Contains([]string{"AND", "OR", "WITH"}, p.words[p.at]) {
			return false
		}
		p.at++
	}
	return true
}

const licenseRef = "LicenseRef-"

// isReference reports whether id names a licence that a document describes.
func isReference(id string) bool {
	if rest, ok := strings.CutPrefix(id, "DocumentRef-"); ok {
		var doc string
		doc, id, ok = strings.Cut(rest, ":")
		if !ok || !isIDString(doc) {
			return false
		}
	}
	rest, ok := strings.CutPrefix(id, licenseRef)
	return ok && isIDString(rest)
}

// isIDString reports whether s may be part of an SPDX identifier.
func isIDString(s string) bool {
	for i := range len(s) {
		if !isIDByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isIDByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.'
}

// licenseText is what an SPDX document says of a component's licences: one
// expression, in which words that are no SPDX licences are references.
type licenseText struct {
	expression string            // empty if nothing is known
	refs       map[string]string // words by reference
}

// joinLicenses makes one expression of a component's licences. Where there are
// several they are joined by AND: all are respected if each is.
func joinLicenses(licenses []fnpkg.License) licenseText {
	out := licenseText{refs: map[string]string{}}
	settled := settle(licenses)
	for _, l := range settled {
		text := l.Expression
		if text == "" || !ValidExpression(text) || strings.Contains(text, ownLicenseRef) {
			if text == "" {
				text = l.Name
			}
			ref := ownLicenseRef + shortHash(text)
			out.refs[ref] = text
			text = ref
		}
		if out.expression != "" {
			out.expression += " AND "
		}
		out.expression += text
	}
	return out
}

// ownLicenseRef begins the references this package makes.
const ownLicenseRef = licenseRef + "fnseal-"

// splitLicenses reads an SPDX document's expression. Where words stand behind
// its references, they and what is joined to them by AND become licences of
// their own.
func splitLicenses(expression string, words map[string]string) []fnpkg.License {
	switch expression = strings.TrimSpace(expression); expression {
	case "", "NONE", "NOASSERTION":
		return nil
	}
	parts := []string{expression}
	if strings.Contains(expression, licenseRef) && !strings.ContainsAny(expression, "()") && !strings.Contains(expression, " OR ") {
		parts = strings.Split(expression, " AND ")
	}
	var out []fnpkg.License
	for _, part := range parts {
		part = strings.TrimSpace(part)
		switch name := words[part]; {
		case name != "":
			out = append(out, fnpkg.License{Name: name})
		case ValidExpression(part) && !strings.Contains(part, ownLicenseRef):
			out = append(out, fnpkg.License{Expression: part})
		default:
			out = append(out, fnpkg.License{Name: part})
		}
	}
	return out
}

// shortHash is a name for text that is too free for an identifier.
func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
