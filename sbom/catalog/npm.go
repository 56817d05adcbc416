package catalog

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/anchore/syft/syft/file"
	"github.com/anchore/syft/syft/pkg"
	"github.com/anchore/syft/syft/pkg/cataloger/javascript"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// manifestLimit bounds a package's own metadata: package.json, METADATA. The
// largest ones published are a few hundred kilobytes.
const manifestLimit = 8 << 20

// nodePackage is what of a package.json decides which packages it needs, and
// names the package where the cataloger's parser gives up.
type nodePackage struct {
	Name     text  `json:"name"`
	Version  text  `json:"version"`
	Needs    names `json:"dependencies"`
	Optional names `json:"optionalDependencies"`
	Peers    names `json:"peerDependencies"`
	nodeAbout
}

// text is a string that does not fail on another type: one odd field must not
// hide a package.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

// names are the keys of an object, and none of anything else: old packages
// write an empty array for no dependencies.
type names []string

func (n *names) UnmarshalJSON(b []byte) error {
	var object map[string]json.RawMessage
	if json.Unmarshal(b, &object) == nil {
		*n = slices.Sorted(maps.Keys(object))
	}
	return nil
}

// needs returns the names of all packages p can load when they are installed.
func (p nodePackage) needs() []string {
	return slices.Concat(p.Needs, p.Optional, p.Peers)
}

// installation is one installed package while it is being read.
type installation struct {
	path     string // of its package.json
	place    file.Coordinates
	manifest nodePackage
	purl     string
	err      error // why it cannot be read
	known    *knownNPM
}

// knownNPM is what the reading of one package.json brings.
type knownNPM struct {
	manifest nodePackage
	found    pkg.Package // as the cataloger sees it
}

// catalogNPM finds the npm packages installed in node_modules folders.
func catalogNPM(ctx context.Context, s *survey, begin func()) (result, error) {
	all := newFiles(ctx, begin)
	read := make([]installation, len(s.npm))
	for i, in := range s.npm {
		e := s.entries[in.entry]
		read[i].path = e.Path
		if known, ok := getShared[*knownNPM](s.shared, "npm", e); ok {
			read[i].known, read[i].manifest = known, known.manifest
			continue
		}
		read[i].place = all.add(e.Path, func() (io.ReadCloser, error) {
			var content []byte
			content, read[i].err = readText(e, manifestLimit)
			if read[i].err == nil {
				read[i].err = json.Unmarshal(content, &read[i].manifest)
			}
			if read[i].err != nil {
				return nil, read[i].err
			}
			return io.NopCloser(bytes.NewReader(content)), nil
		})
	}
	// Errors are told file by file below; a file without a package is one.
	packages, _, _ := javascript.NewPackageCataloger().Catalog(ctx, all)
	if err := ctx.Err(); err != nil {
		return result{}, err
	}
	found := map[file.Coordinates]pkg.Package{}
	for _, p := range packages {
		found[placeOf(p)] = p
	}

	var r result
	notes := npmNotes{survey: s, read: map[string]map[string]fnpkg.Distribution{}}
	at := map[string]string{} // purl by folder
	for i, in := range s.npm {
		m := &read[i]
		if m.err != nil {
			r.unread = append(r.unread, unread{"npm", m.path, m.err.Error()})
			continue
		}
		// The cataloger gives up on a package.json with one field of an odd
		// type, which npm installs and Node loads all the same: then name and
		// version are what this package's own reading says. A package.json
		// without a name is known by its folder. Under an alias the folder has
		// another name than the package, and the package's own counts.
		if m.known == nil {
			m.known = &knownNPM{m.manifest, found[m.place]}
			putShared(s.shared, "npm", s.entries[in.entry], m.known)
		}
		p := m.known.found
		name := cmp.Or(p.Name, string(m.manifest.Name), in.folder)
		id, err := purl.New("npm", name, cmp.Or(p.Version, string(m.manifest.Version)))
		if err != nil {
			r.unread = append(r.unread, unread{"npm", m.path, err.Error()})
			continue
		}
		m.purl = id.Text
		at[path.Dir(m.path)] = id.Text
		known := m.manifest.about()
		known.archive = notes.archive(m.path, id.Text)
		r.finds = append(r.finds, find{
			purl: id, path: m.path, origin: fnpkg.OriginShipped, confidence: 1,
			licenses: licensesOf(p), foundBy: "javascript-package", about: known,
			tree: &tree{folder: path.Dir(m.path)},
		})
	}
	for link := range s.linked {
		if id, ok := at[s.resolve(link)]; ok {
			at[link] = id
		}
	}
	for _, m := range read {
		if m.purl != "" {
			r.edges = appendNodeEdges(r.edges, m.purl, path.Dir(m.path), m.manifest.needs(), at)
		}
	}
	for _, i := range s.own {
		content, err := readText(s.entries[i], manifestLimit)
		var own nodePackage
		if err == nil {
			err = json.Unmarshal(content, &own)
		}
		if err != nil {
			continue // the function's own package.json lists no component
		}
		r.edges = appendNodeEdges(r.edges, "", path.Dir(s.entries[i].Path), own.needs(), at)
	}
	return r, nil
}

// appendNodeEdges resolves the packages that the one in folder needs as Node
// does: in node_modules of the folder itself, then of each folder above.
func appendNodeEdges(edges []fnpkg.Edge, from, folder string, needs []string, at map[string]string) []fnpkg.Edge {
	for _, need := range needs {
		for dir := folder; ; dir = path.Dir(dir) {
			if path.Base(dir) != "node_modules" {
				if to, ok := at[path.Join(dir, "node_modules", need)]; ok {
					edges = append(edges, fnpkg.Edge{From: from, To: to})
					break
				}
			}
			if dir == "." || dir == "/" {
				break
			}
		}
	}
	return edges
}
