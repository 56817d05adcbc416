package catalog

import (
	"cmp"
	"encoding/json"
	"path"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// nodeAbout is what of a package.json says who made the package and where its
// source is.
type nodeAbout struct {
	Author       nodePerson  `json:"author"`
	Authors      firstPerson `json:"authors"`
	Maintainers  firstPerson `json:"maintainers"`
	Contributors firstPerson `json:"contributors"`
	Repository   nodePlace   `json:"repository"`
	Homepage     text        `json:"homepage"`
}

func (m nodeAbout) about() about {
	a := about{producer: fnpkg.Party(m.Author), source: string(m.Repository)}
	for _, p := range []firstPerson{m.Authors, m.Maintainers, m.Contributors} {
		if a.producer.IsZero() {
			a.producer = fnpkg.Party(p)
		}
	}
	page := webAddress(string(m.Homepage))
	a.source = cmp.Or(a.source, forgeURL(page))
	if a.producer.Name != "" && a.producer.Email == "" {
		// The project's page is a way to who made it.
		a.producer.URL = cmp.Or(a.producer.URL, page, a.source)
	}
	return a
}

// firstPerson is the first of a list of people, as old packages without an
// author have it.
type firstPerson fnpkg.Party

func (p *firstPerson) UnmarshalJSON(b []byte) error {
	var list []nodePerson
	if json.Unmarshal(b, &list) == nil && len(list) > 0 {
		*p = firstPerson(list[0])
	}
	return nil
}

// nodePerson is a person of a package.json: one text, or an object.
type nodePerson fnpkg.Party

func (p *nodePerson) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*p = nodePerson(person(one))
		return nil
	}
	var parts struct{ Name, Email, URL text }
	if json.Unmarshal(b, &parts) == nil {
		*p = nodePerson(party(string(parts.Name), string(parts.Email), string(parts.URL)))
	}
	return nil
}

// nodePlace is the repository of a package.json: one text, or an object.
type nodePlace string

func (p *nodePlace) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) != nil {
		var parts struct{ URL text }
		if json.Unmarshal(b, &parts) != nil {
			return nil
		}
		one = string(parts.URL)
	}
	*p = nodePlace(sourceURL(one))
	return nil
}

// nodeArchives returns the archives npm installed packages from, as its note in
// a node_modules folder says (".package-lock.json"), by purl. What cannot be
// read of it tells nothing.
func nodeArchives(e fnpkg.Entry) map[string]fnpkg.Distribution {
	content, err := readText(e, lockLimit)
	if err != nil {
		return nil
	}
	var note struct {
		Packages map[string]struct {
			Name      text `json:"name"`
			Version   text `json:"version"`
			Resolved  text `json:"resolved"`
			Integrity text `json:"integrity"`
		} `json:"packages"`
	}
	if json.Unmarshal(content, &note) != nil {
		return nil
	}
	out := map[string]fnpkg.Distribution{}
	doubtful := map[string]bool{}
	for folder, p := range note.Packages {
		name := string(p.Name) // stands there for an alias
		if name == "" {
			var ok bool
			if name, ok = installedFolder(folder); !ok {
				continue
			}
		}
		id, err := purl.New("npm", name, string(p.Version))
		if err != nil {
			continue
		}
		archive := npmArchive(string(p.Resolved), string(p.Integrity))
		one, ok := agree(out[id.Text], archive)
		out[id.Text], doubtful[id.Text] = one, doubtful[id.Text] || !ok
	}
	for id, bad := range doubtful {
		if bad {
			delete(out, id)
		}
	}
	return out
}

// npmNotes are the notes npm keeps in node_modules folders, read when they are
// first asked for.
type npmNotes struct {
	survey *survey
	read   map[string]map[string]fnpkg.Distribution // by path, then purl
}

// archive returns what the note beside a package says of it.
func (n npmNotes) archive(manifest, id string) fnpkg.Distribution {
	modules, _, _ := cutModules(manifest)
	note := path.Join(modules, ".package-lock.json")
	known, ok := n.read[note]
	if !ok {
		if e, there := n.survey.file(note); there && e.IsRegular() {
			known = nodeArchives(e)
		}
		n.read[note] = known
	}
	return known[id]
}

// cutModules splits a path behind its first node_modules folder.
func cutModules(p string) (modules, rest string, ok bool) {
	const folder = "node_modules"
	for i := 0; i+len(folder) <= len(p); i++ {
		if p[i:i+len(folder)] == folder && (i == 0 || p[i-1] == '/') && i+len(folder) < len(p) && p[i+len(folder)] == '/' {
			return p[:i+len(folder)], p[i+len(folder)+1:], true
		}
	}
	return "", p, false
}
