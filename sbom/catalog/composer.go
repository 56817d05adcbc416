package catalog

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// composerPackage is one package in Composer's installed.json or composer.lock.
type composerPackage struct {
	Name     text     `json:"name"`
	Version  text     `json:"version"`
	Type     text     `json:"type"`
	Licenses wordList `json:"license"`
	Needs    names    `json:"require"`
	Replaces names    `json:"replace"`
	Provides names    `json:"provide"`

	// Path is where it is installed, relative to the folder of installed.json;
	// Composer 1 does not say. A metapackage has none.
	Path text `json:"install-path"`

	Authors  lenient[[]composerAuthor] `json:"authors"`
	Homepage text                      `json:"homepage"`
	Source   lenient[composerPlace]    `json:"source"`
	Dist     lenient[composerPlace]    `json:"dist"`

	archive fnpkg.Distribution // of a gem, which is read into the same form
}

// composerAuthor is one of the people who made a package.
type composerAuthor struct {
	Name     text `json:"name"`
	Email    text `json:"email"`
	Homepage text `json:"homepage"`
}

// composerPlace is a repository, or an archive.
type composerPlace struct {
	Type text `json:"type"` // git, zip, path
	URL  text `json:"url"`
}

func (p composerPackage) about() about {
	var a about
	if list := p.Authors.value; len(list) > 0 {
		first := list[0]
		a.producer = party(string(first.Name), string(first.Email), string(cmp.Or(first.Homepage, p.Homepage)))
	}
	if source := p.Source.value; source.Type == "git" {
		a.source = sourceURL(string(source.URL))
	}
	if dist := p.Dist.value; dist.Type == "zip" || dist.Type == "tar" {
		a.archive.URL = webAddress(string(dist.URL))
	}
	return a
}

// wordList is a string or a list of strings, and nothing of anything else.
type wordList []string

func (l *wordList) UnmarshalJSON(b []byte) error {
	var one string
	var many []text
	switch {
	case json.Unmarshal(b, &one) == nil:
		*l = wordList{one}
	case json.Unmarshal(b, &many) == nil:
		*l = nil
		for _, t := range many {
			*l = append(*l, string(t))
		}
	}
	return nil
}

// parseComposer reads the list of packages in installed.json, as Composer 2
// (an object) or Composer 1 (an array) writes it, or in composer.lock.
func parseComposer(content []byte) ([]composerPackage, error) {
	if content = bytes.TrimSpace(content); len(content) > 0 && content[0] == '[' {
		var list []composerPackage
		return list, json.Unmarshal(content, &list)
	}
	var object struct {
		Packages []composerPackage `json:"packages"`
	}
	return object.Packages, json.Unmarshal(content, &object)
}

// catalogComposer finds PHP packages by Composer's note of what it installed,
// vendor/composer/installed.json. A package it notes whose folder is not there
// was taken out since: it is declared, not shipped.
func catalogComposer(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	for _, i := range s.metadata[composerList] {
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		begin()
		e := s.entries[i]
		if err := r.addComposer(s, e); err != nil {
			r.unread = append(r.unread, unread{"composer", e.Path, err.Error()})
		}
	}
	return r, nil
}

func (r *result) addComposer(s *survey, e fnpkg.Entry) error {
	content, err := readText(e, lockLimit)
	if err != nil {
		return err
	}
	list, err := parseComposer(content)
	if err != nil {
		return err
	}
	folder := path.Dir(e.Path)
	at := map[string]string{} // purl by name, also by the names it stands in for
	ids := make([]purl.Purl, len(list))
	for i, p := range list {
		id, err := purl.New("composer", string(p.Name), string(p.Version))
		if err != nil {
			r.unread = append(r.unread, unread{"composer", e.Path, err.Error()})
			continue
		}
		f := find{
			purl: id, path: e.Path, origin: fnpkg.OriginShipped, confidence: 1,
			licenses: eitherLicense(p.Licenses), foundBy: "php-composer-installed", about: p.about(),
		}
		// Without a path of its own (Composer 1), only the usual one is known.
		home := path.Join(folder, string(cmp.Or(p.Path, "../"+p.Name)))
		if p.Type != "metapackage" && !s.occupied(home) && (p.Path != "" || p.Type == "library" || p.Type == "") {
			f.origin = fnpkg.OriginDeclared
		}
		if p.Type != "metapackage" {
			f.tree = &tree{folder: home}
		}
		r.finds = append(r.finds, f)
		if f.origin == fnpkg.OriginShipped {
			ids[i] = id
			at[strings.ToLower(string(p.Name))] = id.Text
		}
	}
	for i, p := range list {
		for _, other := range slices.Concat(p.Replaces, p.Provides) {
			if other = strings.ToLower(other); ids[i].Text != "" && at[other] == "" {
				at[other] = ids[i].Text
			}
		}
	}
	for i, p := range list {
		for _, need := range p.Needs {
			if to := at[strings.ToLower(need)]; to != "" && ids[i].Text != "" {
				r.edges = append(r.edges, fnpkg.Edge{From: ids[i].Text, To: to})
			}
		}
	}
	return nil
}

// eitherLicense returns licences of which the user may choose one, as Composer
// defines its list.
func eitherLicense(words []string) []fnpkg.License {
	list := spdxLicenses(words...)
	if len(list) < 2 {
		return list
	}
	ids := map[string]bool{}
	for _, l := range list {
		if l.Expression == "" {
			return list
		}
		if strings.ContainsAny(l.Expression, " ") {
			l.Expression = "(" + strings.Trim(l.Expression, "()") + ")"
		}
		ids[l.Expression] = true
	}
	return []fnpkg.License{{Expression: strings.Join(slices.Sorted(maps.Keys(ids)), " OR ")}}
}
