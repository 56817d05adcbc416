package policy

import "strings"

// licenseOK reports whether an SPDX licence expression offers a choice of which
// every licence is accepted (SPDX 2.3, annex D): of "A OR B" one must be, of "A
// AND B" both. A text that is no expression is one licence.
func licenseOK(expression string, accepted func(string) bool) bool {
	p := licenseParser{words: licenseWords(expression), accepted: accepted}
	ok := p.or()
	if p.bad || p.at != len(p.words) {
		return accepted(expression)
	}
	return ok
}

// maxLicenseDepth bounds how deep parentheses may be nested.
const maxLicenseDepth = 32

type licenseParser struct {
	words    []string
	at       int
	depth    int
	bad      bool
	accepted func(string) bool
}

func licenseWords(s string) []string {
	s = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s)
	return strings.Fields(s)
}

func (p *licenseParser) next(word string) bool {
	if p.at < len(p.words) && strings.EqualFold(p.words[p.at], word) {
		p.at++
		return true
	}
	return false
}

func (p *licenseParser) or() bool {
	ok := p.and()
	for p.next("OR") {
		right := p.and()
		ok = ok || right
	}
	return ok
}

func (p *licenseParser) and() bool {
	ok := p.one()
	for p.next("AND") {
		right := p.one()
		ok = ok && right
	}
	return ok
}

func (p *licenseParser) one() bool {
	if p.depth > maxLicenseDepth || p.at >= len(p.words) {
		p.bad = true
		return false
	}
	if p.next("(") {
		p.depth++
		ok := p.or()
		p.depth--
		p.bad = p.bad || !p.next(")")
		return ok
	}
	id := p.words[p.at]
	p.at++
	switch strings.ToUpper(id) {
	case ")", "OR", "AND", "WITH":
		p.bad = true
		return false
	}
	if p.next("WITH") {
		if p.at >= len(p.words) {
			p.bad = true
			return false
		}
		id += " WITH " + p.words[p.at]
		p.at++
	}
	return p.accepted(id)
}
