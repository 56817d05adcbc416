package sbom

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// Options of a document.
type Options struct {
	// Timestamp is the time the document states for itself. The zero value
	// stands for the newest entry of the package, so that documents of the
	// same package are the same; without that either, none is stated.
	Timestamp time.Time

	// ToolVersion is fnseal's own version; may be empty.
	ToolVersion string

	// SpecVersion is the version of the format; empty for the first that
	// Format.Versions lists.
	SpecVersion string

	// Author is who made the document, and answers for it. Zero if unknown:
	// the document then names the tool only.
	Author fnpkg.Party

	// Supplier is who made and supplies the package the document describes.
	// Zero if unknown.
	Supplier fnpkg.Party

	// ConcludeLicenses states the licences that components declare as
	// concluded too. It is the author's word that they hold: nothing here
	// looks at what else is in the files.
	ConcludeLicenses bool

	// DataLicense is the SPDX expression of the licence under which the
	// document itself may be used, and empty for none. SPDX 2.3 allows no
	// other than CC0-1.0 and states that in any case.
	DataLicense string

	// Vulnerabilities are stated by CycloneDX documents, each of the components
	// it affects; nil for a document that says nothing of them.
	Vulnerabilities []Vulnerability
}

// stamp is the time the document of s states.
func (o Options) stamp(s fnpkg.Subject) time.Time {
	if o.Timestamp.IsZero() {
		return s.Newest
	}
	return o.Timestamp
}

// toolName is what documents call this tool.
const toolName = "fnseal"

// tool is the tool with its version in one word.
func (o Options) tool() string {
	if o.ToolVersion == "" {
		return toolName
	}
	return toolName + "-" + o.ToolVersion
}

// maxParty bounds the text ParseParty reads.
const maxParty = 1000

// ParseParty reads "Name <contact>", a name or a contact alone. A contact is
// an e-mail address or an http or https URL.
func ParseParty(text string) (fnpkg.Party, error) {
	var p fnpkg.Party
	s := strings.TrimSpace(text)
	if len(s) > maxParty {
		return p, fmt.Errorf("%d bytes are too long for a name and a contact; the limit is %d", len(s), maxParty)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return p, fmt.Errorf("%q holds a control character", s)
	}
	name, rest, ok := strings.Cut(s, "<")
	if !ok {
		switch {
		case s == "":
			return p, fmt.Errorf("neither a name nor a contact in %q", text)
		case isEmail(s):
			p.Email = s
		case isURL(s):
			p.URL = s
		default:
			p.Name = s
		}
		return p, nil
	}
	contact, after, closed := strings.Cut(rest, ">")
	if contact = strings.TrimSpace(contact); !closed || strings.TrimSpace(after) != "" {
		return p, fmt.Errorf("%q is not of the form \"Name <contact>\"", s)
	}
	p.Name = strings.TrimSpace(name)
	switch {
	case isEmail(contact):
		p.Email = contact
	case isURL(contact):
		p.URL = contact
	default:
		return fnpkg.Party{}, fmt.Errorf("contact %q is neither an e-mail address nor an http or https URL", contact)
	}
	return p, nil
}

// isEmail reports whether s has the outer form of an address: the JSON schema
// of CycloneDX checks no more.
func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Trim(domain, ".") != "" && !strings.ContainsAny(s, " \t()<>[],;:\\\"/") && !strings.Contains(domain, "@") && isASCII(s)
}

// isURL reports whether s is an absolute http or https URL.
func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && isIRI(s)
}

// isIRI reports whether a document may state s as a reference: schemas check
// its characters.
func isIRI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && s != "" && isASCII(s) && !strings.ContainsAny(s, " \"<>\\^`{}|") && u.String() != ""
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// partyName is what a party is called where a name must stand.
func partyName(p fnpkg.Party) string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Email != "":
		return p.Email
	}
	return p.URL
}
