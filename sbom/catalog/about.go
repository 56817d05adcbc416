package catalog

import (
	"encoding/json"
	"net/mail"
	"net/url"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// about is what a package's own metadata says of it beside name, version and
// licences, and what a lock file says of the archive it was installed from.
type about struct {
	producer fnpkg.Party
	source   string // URL of its source code
	archive  fnpkg.Distribution
}

// or completes a by what another source says.
func (a about) or(b about) about {
	if a.producer.IsZero() {
		a.producer = b.producer
	}
	if a.source == "" {
		a.source = b.source
	}
	if a.archive == (fnpkg.Distribution{}) {
		a.archive = b.archive
	}
	return a
}

// lenient is a value that stays empty where something of another type stands:
// one odd field must not hide a package.
type lenient[T any] struct{ value T }

func (l *lenient[T]) UnmarshalJSON(b []byte) error {
	var v T
	if json.Unmarshal(b, &v) == nil {
		l.value = v
	}
	return nil
}

// wordLimit bounds a name or an address that is taken over from metadata.
const wordLimit = 256

// person reads who made a package in the form package managers share:
// "Name <address> (URL)", each part of which may be missing.
func person(text string) fnpkg.Party {
	var p fnpkg.Party
	text = strings.TrimSpace(text)
	if before, rest, ok := strings.Cut(text, "("); ok {
		inner, after, _ := strings.Cut(rest, ")")
		if u := webAddress(inner); u != "" {
			p.URL, text = u, before+after
		}
	}
	if before, rest, ok := strings.Cut(text, "<"); ok {
		inner, after, _ := strings.Cut(rest, ">")
		p.Email, text = mailAddress(inner), before+after
		if p.Email == "" && p.URL == "" {
			p.URL = webAddress(inner)
		}
	}
	switch name := words(text); {
	case mailAddress(name) != "":
		if p.Email == "" {
			p.Email = name
		}
	case webAddress(name) != "":
		if p.URL == "" {
			p.URL = name
		}
	default:
		p.Name = name
	}
	return p
}

// party makes one of parts that metadata keeps apart. What is no address is
// left out.
func party(name, email, address string) fnpkg.Party {
	return fnpkg.Party{Name: words(name), Email: mailAddress(email), URL: webAddress(address)}
}

// words is a name in one line, and nothing for what is too long for one, or
// says only that it is not known.
func words(s string) string {
	s = strings.Join(strings.Fields(strings.Trim(strings.TrimSpace(s), `"'`)), " ")
	if len(s) > wordLimit || strings.ContainsFunc(s, isControl) || strings.EqualFold(s, "unknown") || strings.Contains(s, "${") {
		return ""
	}
	return s
}

// mailAddress returns s if it is an e-mail address alone.
func mailAddress(s string) string {
	s = strings.TrimSpace(s)
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s || len(s) > wordLimit || !plainASCII(s) {
		return ""
	}
	return s
}

// webAddress returns s if it is an absolute http or https URL.
func webAddress(s string) string {
	s = strings.TrimSpace(s)
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(s) > 4*wordLimit || !plainASCII(s) || strings.ContainsAny(s, "\"<>\\^`{}|") {
		return ""
	}
	return s
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// forges are the hosts whose short names stand for a repository in
// package.json ("github:owner/name").
var forges = map[string]string{"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}

// sourceURL brings the ways to name a repository into one a browser opens:
// "git+https://…", "git://host/…", "git@host:owner/name.git", "owner/name",
// "scm:git:…". It returns nothing for what names no place on the web.
func sourceURL(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "scm:")
	for _, system := range []string{"git:", "svn:", "hg:"} { // Maven's
		if rest, ok := strings.CutPrefix(s, system); ok && (strings.Contains(rest, "://") || strings.HasPrefix(rest, "git@")) {
			s = rest
		}
	}
	s = strings.TrimPrefix(s, "git+")
	scheme, rest, ok := strings.Cut(s, "://")
	switch {
	case ok && (scheme == "git" || scheme == "ssh"):
		rest = strings.TrimPrefix(rest, "git@")
		if host, name, ok := strings.Cut(rest, ":"); ok && !strings.Contains(host, "/") && !beginsWithDigit(name) {
			rest = host + "/" + name
		}
		s = "https://" + rest
	case ok:
	case strings.HasPrefix(s, "git@"):
		host, name, ok := strings.Cut(strings.TrimPrefix(s, "git@"), ":")
		if !ok {
			return ""
		}
		s = "https://" + host + "/" + name
	default:
		forge, name, ok := strings.Cut(s, ":")
		if !ok {
			forge, name = "github", s
		}
		if forges[forge] == "" || strings.Count(name, "/") != 1 || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/") {
			return ""
		}
		s = "https://" + forges[forge] + "/" + name
	}
	u := webAddress(s)
	return strings.TrimSuffix(u, ".git")
}

// forgeURL returns s if it is a page of a host that keeps repositories: what
// metadata calls a home page is one for many packages.
func forgeURL(s string) string {
	u, err := url.Parse(webAddress(s))
	if err != nil {
		return ""
	}
	for _, host := range forges {
		if strings.TrimPrefix(u.Host, "www.") == host && strings.Count(strings.Trim(u.Path, "/"), "/") == 1 {
			return s
		}
	}
	return ""
}

// moduleSource returns the repository a Go module's path names, which for the
// hosts go knows by name is its first three elements.
func moduleSource(module string) string {
	elements := strings.Split(module, "/")
	if len(elements) < 3 {
		return ""
	}
	for _, host := range forges {
		if elements[0] == host {
			return webAddress("https://" + strings.Join(elements[:3], "/"))
		}
	}
	return ""
}
