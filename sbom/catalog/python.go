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
			licenses: spdxLicenses(m.licenses...), foundBy: pythonFoundBy, about: m.about,
			tree: s.recorded(e.Path),
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
	edges, loose := pythonEdges(at, needs)
	r.edges = append(r.edges, edges...)
	if loose {
		r.loose = map[string]bool{"pypi": true}
	}
	return r, nil
}

// recorded returns the files a distribution's RECORD lists, nil where it has none
// beside its metadata.
func (s *survey) recorded(metadata string) *tree {
	record, ok := s.sibling(metadata, "RECORD")
	if !ok {
		return nil
	}
	return &tree{folder: siteOf(path.Dir(metadata)), record: record.Path}
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

// pythonEdges resolves what distributions require against what is installed
// beside them. What an extra requires counts once another distribution asks for
// that extra; it is loose where none does, for the function itself may.
func pythonEdges(at map[pythonSite]string, needs map[pythonSite][]string) (edges []fnpkg.Edge, loose bool) {
	asked := map[pythonSite]map[string]bool{} // extras
	for again := true; again; {
		again, loose = false, false
		edges = edges[:0]
		for here, requirements := range needs {
			for _, text := range requirements {
				q, ok := parseRequirement(text)
				if !ok {
					continue
				}
				there := pythonSite{here.folder, q.name}
				to, ok := at[there]
				if !ok {
					continue
				}
				if len(q.of) > 0 && !slices.ContainsFunc(q.of, func(extra string) bool { return asked[here][extra] }) {
					loose = true
					continue
				}
				edges = append(edges, fnpkg.Edge{From: at[here], To: to})
				for _, extra := range q.extras {
					if !asked[there][extra] {
						if asked[there] == nil {
							asked[there] = map[string]bool{}
						}
						asked[there][extra] = true
						again = true
					}
				}
			}
		}
	}
	return edges, loose
}

// requirement is one of a distribution (PEP 508), without the versions it
// allows: what is installed is what it has.
type requirement struct {
	name   string   // normalised
	extras []string // it asks for, normalised
	of     []string // extras under which it is required; none for always
}

func parseRequirement(text string) (requirement, bool) {
	spec, marker, _ := strings.Cut(text, ";")
	spec = strings.TrimSpace(spec)
	end := strings.IndexFunc(spec, func(r rune) bool { return strings.ContainsRune(" \t[(<>=!~@", r) })
	var rest string
	if end >= 0 {
		spec, rest = spec[:end], strings.TrimSpace(spec[end:])
	}
	id, err := purl.New("pypi", spec, "")
	if err != nil {
		return requirement{}, false
	}
	q := requirement{name: id.Name}
	if inner, ok := strings.CutPrefix(rest, "["); ok {
		inner, _, _ = strings.Cut(inner, "]")
		for extra := range strings.SplitSeq(inner, ",") {
			q.extras = append(q.extras, normalizeExtra(extra))
		}
	}
	for {
		before, after, ok := strings.Cut(marker, "extra")
		if !ok {
			return q, true
		}
		marker = after
		if strings.HasSuffix(before, "_") { // the end of another variable
			continue
		}
		value, ok := strings.CutPrefix(strings.TrimSpace(after), "==")
		value = strings.TrimSpace(value)
		if !ok || len(value) < 2 {
			continue
		}
		if extra, _, ok := strings.Cut(value[1:], value[:1]); ok {
			q.of = append(q.of, normalizeExtra(extra))
		}
	}
}

// normalizeExtra applies to extras the rule for names (PEP 685).
func normalizeExtra(extra string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(strings.TrimSpace(extra)))
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
