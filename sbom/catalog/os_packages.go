package catalog

import (
	"bytes"
	"cmp"
	"context"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// distribution is the operating system an image is made of (os-release(5)).
type distribution struct {
	id      string // "debian", "alpine", "amzn"; empty if nothing says
	release string // VERSION_ID
}

// parseOSRelease reads the shell assignments of os-release.
func parseOSRelease(content []byte) distribution {
	var d distribution
	for line := range bytes.Lines(content) {
		key, value, ok := strings.Cut(strings.TrimSpace(string(line)), "=")
		if !ok {
			continue
		}
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			d.id = strings.ToLower(value)
		case "VERSION_ID":
			d.release = value
		}
	}
	return d
}

// osPackage is one package of a distribution.
type osPackage struct {
	typ                   string // deb, apk, rpm
	name, version, arch   string
	source, sourceVersion string // of the package it was built from, where they differ
	epoch                 string
	licenses              []fnpkg.License
	provides, needs       []string
	about
}

// purl returns the package URL with the qualifiers advisories are matched by:
// arch, distro, and upstream, the source package's name with its version where
// that is another one.
func (p osPackage) purl(d distribution) (purl.Purl, error) {
	namespace := d.id
	if namespace == "" {
		namespace = map[string]string{"deb": "debian", "apk": "alpine"}[p.typ]
	}
	q := url.Values{}
	if p.arch != "" {
		q.Set("arch", p.arch)
	}
	if d.id != "" && d.release != "" {
		q.Set("distro", d.id+"-"+d.release)
	}
	if p.epoch != "" && p.epoch != "0" {
		q.Set("epoch", p.epoch)
	}
	if p.source != "" {
		upstream := p.source
		if p.sourceVersion != "" && p.sourceVersion != p.version {
			upstream += "@" + p.sourceVersion
		}
		if upstream != p.name {
			q.Set("upstream", upstream)
		}
	}
	text := "pkg:" + p.typ + "/"
	if namespace != "" {
		text += url.PathEscape(namespace) + "/"
	}
	text += url.PathEscape(p.name)
	if p.version != "" {
		text += "@" + strings.ReplaceAll(url.QueryEscape(p.version), "+", "%20")
	}
	if len(q) > 0 {
		text += "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	return purl.Parse(text)
}

// catalogOS finds the packages of an image's distribution in the databases of
// its package manager.
func catalogOS(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	var d distribution
	for _, i := range s.metadata[osRelease] {
		begin()
		content, err := readText(s.entries[i], manifestLimit)
		if err != nil {
			continue // packages without a release are not assessed, and say so
		}
		if found := parseOSRelease(content); found.id != "" {
			d = found
			break
		}
	}
	for _, database := range []struct {
		kind    metadataKind
		typ     string
		foundBy string
		read    func(fnpkg.Entry) ([]osPackage, error)
	}{
		{apkDatabase, "apk", "apk-installed", readAPK},
		{dpkgDatabase, "deb", "dpkg-status", readDpkg},
		{rpmDatabase, "rpm", "rpm-database", readRPM},
	} {
		providers := map[string][]string{}
		var needs [][]string
		var from []string
		for _, i := range s.metadata[database.kind] {
			if err := ctx.Err(); err != nil {
				return result{}, err
			}
			begin()
			e := s.entries[i]
			packages, err := database.read(e)
			if err != nil {
				r.unread = append(r.unread, unread{database.typ, e.Path, err.Error()})
			}
			for _, p := range packages {
				id, err := p.purl(d)
				if err != nil {
					r.unread = append(r.unread, unread{database.typ, e.Path, err.Error()})
					continue
				}
				if database.typ == "deb" {
					p.licenses = debianLicenses(s, p.name)
				}
				r.finds = append(r.finds, find{
					purl: id, path: e.Path, origin: fnpkg.OriginShipped, confidence: 1,
					licenses: p.licenses, foundBy: database.foundBy, about: p.about,
				})
				for _, name := range append(p.provides, p.name) {
					if !slices.Contains(providers[name], id.Text) {
						providers[name] = append(providers[name], id.Text)
					}
				}
				from, needs = append(from, id.Text), append(needs, p.needs)
			}
		}
		for i, list := range needs {
			for _, need := range list {
				// Of several providers of one thing, which one serves is not said.
				switch to := providers[need]; len(to) {
				case 0:
				case 1:
					r.edges = append(r.edges, fnpkg.Edge{From: from[i], To: to[0]})
				default:
					r.loose = map[string]bool{database.typ: true}
				}
			}
		}
	}
	return r, nil
}

// readAPK reads Alpine's lib/apk/db/installed: paragraphs of "K:value" lines.
func readAPK(e fnpkg.Entry) ([]osPackage, error) {
	content, err := readText(e, lockLimit)
	if err != nil {
		return nil, err
	}
	return parseAPK(content), nil
}

func parseAPK(content []byte) []osPackage {
	var out []osPackage
	p := osPackage{typ: "apk"}
	end := func() {
		if p.name != "" && p.version != "" {
			out = append(out, p)
		}
		p = osPackage{typ: "apk"}
	}
	for line := range bytes.Lines(content) {
		s := strings.TrimSpace(string(line))
		if s == "" {
			end()
			continue
		}
		key, value, _ := strings.Cut(s, ":")
		switch key {
		case "P":
			p.name = value
		case "V":
			p.version = value
		case "A":
			p.arch = value
		case "o":
			p.source = value
		case "m":
			p.producer = person(value)
		case "U":
			p.about.source = forgeURL(value)
		case "L":
			p.licenses = spdxLicenses(value)
		case "D":
			p.needs = apkNames(value)
		case "p":
			p.provides = apkNames(value)
		}
	}
	end()
	return out
}

// apkNames returns the names in a list of dependencies, without versions and
// conflicts.
func apkNames(list string) []string {
	var out []string
	for _, word := range strings.Fields(list) {
		if word[0] == '!' {
			continue
		}
		if i := strings.IndexAny(word, "=<>~"); i >= 0 {
			word = word[:i]
		}
		out = append(out, word)
	}
	return out
}

// readDpkg reads Debian's var/lib/dpkg/status, or one package's part of it in
// status.d, as images without a package manager have it.
func readDpkg(e fnpkg.Entry) ([]osPackage, error) {
	content, err := readText(e, lockLimit)
	if err != nil {
		return nil, err
	}
	return parseDpkg(content), nil
}

func parseDpkg(content []byte) []osPackage {
	var out []osPackage
	p := osPackage{typ: "deb"}
	installed := true
	end := func() {
		if p.name != "" && p.version != "" && installed {
			out = append(out, p)
		}
		p, installed = osPackage{typ: "deb"}, true
	}
	for line := range bytes.Lines(content) {
		if line[0] == ' ' || line[0] == '\t' {
			continue // more of the field above
		}
		s := strings.TrimSpace(string(line))
		if s == "" {
			end()
			continue
		}
		key, value, _ := strings.Cut(s, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Package":
			p.name = value
		case "Version":
			p.version = value
		case "Architecture":
			p.arch = value
		case "Status":
			installed = strings.HasSuffix(value, " installed")
		case "Maintainer":
			p.producer = person(value)
		case "Homepage":
			p.about.source = forgeURL(value)
		case "Source":
			source, version, _ := strings.Cut(value, " ")
			p.source, p.sourceVersion = source, strings.Trim(version, " ()")
		case "Depends", "Pre-Depends":
			p.needs = append(p.needs, debNames(value)...)
		case "Provides":
			p.provides = debNames(value)
		}
	}
	end()
	return out
}

// debNames returns the names in a relationship field. Of alternatives, all:
// those that are not installed lead nowhere.
func debNames(list string) []string {
	var out []string
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '|' }) {
		word, _, _ = strings.Cut(strings.TrimSpace(word), " ")
		word, _, _ = strings.Cut(cmp.Or(word, " "), ":")
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// readRPM reads the database of RPM in the format its name stands for.
func readRPM(e fnpkg.Entry) ([]osPackage, error) {
	content, err := readText(e, rpmLimit)
	if err != nil {
		return nil, err
	}
	var headers [][]byte
	switch path.Base(e.Path) {
	case "rpmdb.sqlite":
		headers, err = sqliteBlobs(content, "Packages")
	case "Packages":
		headers, err = hashBlobs(content)
	default:
		headers, err = ndbBlobs(content)
	}
	var out []osPackage
	for _, h := range headers {
		p, herr := parseRPMHeader(h)
		switch {
		case herr != nil:
			err = cmp.Or(err, herr)
		case p.name != "gpg-pubkey": // a key, kept among the packages
			out = append(out, p)
		}
	}
	return out, err
}
