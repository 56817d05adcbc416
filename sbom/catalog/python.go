package catalog

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

const pythonFoundBy = "python-installed-package"

// pythonSite is where a distribution is installed: others find it there.
type pythonSite struct{ folder, name string }

// catalogPython finds installed Python packages by the metadata their
// installer leaves: *.dist-info/METADATA, *.egg-info.
func catalogPython(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	at := map[pythonSite]string{} // purl
	needs := map[pythonSite][]string{}
	for _, i := range s.python {
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		begin()
		e := s.entries[i]
		content, err := readText(e, manifestLimit)
		if err != nil {
			r.unread = append(r.unread, unread{"pypi", e.Path, err.Error()})
			continue
		}
		m := parsePythonMetadata(content)
		if m.name == "" {
			r.unread = append(r.unread, unread{"pypi", e.Path, "it names no package"})
			continue
		}
		id, err := purl.New("pypi", m.name, m.version)
		if err != nil {
			r.unread = append(r.unread, unread{"pypi", e.Path, err.Error()})
			continue
		}
		r.finds = append(r.finds, find{
			purl: id, path: e.Path, origin: fnpkg.OriginShipped, confidence: 1,
			licenses: spdxLicenses(m.licenses...), foundBy: pythonFoundBy,
		})
		here := pythonSite{siteFolder(e.Path), id.Name}
		at[here] = id.Text
		needs[here] = m.requires
		if path.Base(e.Path) == "PKG-INFO" {
			if text, ok := s.sibling(e.Path, "requires.txt"); ok {
				content, err := readText(text, manifestLimit)
				if err != nil {
					r.unread = append(r.unread, unread{"pypi", text.Path, err.Error()})
				}
				needs[here] = append(needs[here], parseRequiresTxt(content)...)
			}
		}
	}
	for here, requirements := range needs {
		for _, requirement := range requirements {
			name, needed := requiredName(requirement)
			id, err := purl.New("pypi", name, "")
			if err != nil {
				continue
			}
			switch to, ok := at[pythonSite{here.folder, id.Name}]; {
			case !ok:
			case needed:
				r.edges = append(r.edges, fnpkg.Edge{From: at[here], To: to})
			default:
				// Whether an extra was asked for is written nowhere.
				r.loose = map[string]bool{"pypi": true}
			}
		}
	}
	return r, nil
}

// sibling returns the regular file of a name beside another.
func (s *survey) sibling(file, name string) (fnpkg.Entry, bool) {
	name = path.Join(path.Dir(file), name)
	i, ok := slices.BinarySearchFunc(s.entries, name, func(e fnpkg.Entry, name string) int { return strings.Compare(e.Path, name) })
	if !ok || !s.entries[i].IsRegular() {
		return fnpkg.Entry{}, false
	}
	return s.entries[i], true
}

// siteFolder returns the folder packages are installed in, from the path of
// one package's metadata: a file in X.dist-info, or the file X.egg-info.
func siteFolder(metadata string) string {
	dir := path.Dir(metadata)
	if strings.HasSuffix(strings.ToLower(metadata), ".egg-info") {
		return dir
	}
	return path.Dir(dir)
}

// requiredName returns the package a Requires-Dist line names (PEP 508), and
// whether it is needed without asking for an extra.
func requiredName(requirement string) (name string, ok bool) {
	spec, marker, _ := strings.Cut(requirement, ";")
	spec = strings.TrimSpace(spec)
	end := strings.IndexFunc(spec, func(r rune) bool { return strings.ContainsRune(" \t[(<>=!~@", r) })
	if end >= 0 {
		spec = spec[:end]
	}
	for _, word := range strings.FieldsFunc(marker, func(r rune) bool { return !('a' <= r && r <= 'z' || r == '_') }) {
		if word == "extra" {
			return spec, false
		}
	}
	return spec, spec != ""
}
