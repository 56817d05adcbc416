package catalog

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// How sure a package without metadata is, by what there is of it. Its name
// always comes from a requirements or lock file in the package; that the
// folder of this name holds the distribution of this name is the assumption
// that keeps all of them below 1.
const (
	statedAndPinned = 0.95 // its code states the version a lock pins
	statedOnly      = 0.9  // its code states a version, nothing pins one
	statedOtherwise = 0.8  // its code states another version than is pinned: the code counts
	pinnedOnly      = 0.6  // its code states none: the pinned one
	nameOnly        = 0.6  // neither: the version is unknown
)

// importPackage is an importable package or module in a site folder.
type importPackage struct {
	site string // folder it lies in
	root string // path of the first folder or file below site: "site/google"
	name string // as a distribution would be called: "google-cloud-storage"
}

// strippedPackage is what was gathered about one of them.
type strippedPackage struct {
	importPackage
	statement pythonStatement
	evidence  string // path of the file that counts
}

// catalogStripped finds Python packages whose *.dist-info was deleted to save
// space, as build tools for functions do. A folder that can be imported is such
// a package if a requirements or lock file in the function package names a
// distribution of its name, or of the name it states as __title__. Its version
// is the one its code states. Nothing else is guessed: a folder no file names
// may be the function's own.
func catalogStripped(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	named := pythonNames{}
	for _, i := range slices.Concat(s.locks, s.metadata[pythonWishes]) {
		e := s.entries[i]
		if base := path.Base(e.Path); !isLockOfPython(base) && !strings.HasSuffix(base, ".txt") {
			continue
		}
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		begin()
		content, err := readText(e, lockLimit)
		if err != nil {
			r.unread = append(r.unread, unread{"pypi", e.Path, err.Error()})
			continue
		}
		for name, version := range parsePythonNames(e.Path, content) {
			named.add(name, version)
		}
	}
	if len(named) == 0 {
		return r, nil
	}

	installed := newPythonInstalled(s)
	packages := map[importPackage]*strippedPackage{}
	var order []*strippedPackage
	for _, i := range s.metadata[pythonVersion] {
		e := s.entries[i]
		in, ok := importOf(e.Path)
		if _, wanted := named[in.name]; !ok || !wanted && strings.Contains(in.name, "-") || installed.names[in.site+"\x00"+in.name] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		begin()
		text, err := readText(e, manifestLimit)
		if err != nil {
			r.unread = append(r.unread, unread{"pypi", e.Path, err.Error()})
			continue
		}
		p := packages[in]
		if p == nil {
			p = &strippedPackage{importPackage: in, evidence: e.Path}
			packages[in] = p
			order = append(order, p)
		}
		st := parsePythonStatement(text, path.Base(e.Path) != "__init__.py" && path.Dir(e.Path) != in.site)
		if p.statement.version == "" && st.version != "" {
			p.statement.version, p.evidence = st.version, e.Path
		}
		p.statement.title = cmp.Or(p.statement.title, st.title)
	}

	for _, p := range order {
		name := p.name
		pinned, ok := named[name]
		if title, err := purl.New("pypi", p.statement.title, ""); !ok && err == nil {
			name = title.Name
			pinned, ok = named[name]
		}
		if !ok || installed.has(p.importPackage, name) {
			continue
		}
		version, confidence := p.statement.version, statedOnly
		switch {
		case version == "" && pinned == "":
			confidence = nameOnly
		case version == "":
			version, confidence = pinned, pinnedOnly
		case pinned == version:
			confidence = statedAndPinned
		case pinned != "":
			confidence = statedOtherwise
		}
		id, err := purl.New("pypi", name, version)
		if err != nil {
			continue
		}
		detail := "importable under the name a requirements or lock file asks for"
		if p.statement.version != "" {
			detail = fmt.Sprintf("states version %q", p.statement.version)
		}
		r.finds = append(r.finds, find{
			purl: id, path: p.evidence, origin: fnpkg.OriginBundled, confidence: confidence,
			foundBy:  "python-import-folder",
			evidence: []fnpkg.Evidence{{Technique: "import-folder", Path: p.evidence, Detail: detail, Confidence: confidence}},
		})
	}
	return r, nil
}

func isLockOfPython(base string) bool {
	switch base {
	case "poetry.lock", "Pipfile.lock", "uv.lock", "pdm.lock":
		return true
	}
	return false
}

// importOf returns the package a version file or a module belongs to. Packages
// are looked for where a function's Python finds them: the package's root, a
// layer's python folder, and site-packages.
func importOf(file string) (importPackage, bool) {
	site, rest := "", file
	if tail, ok := strings.CutPrefix(file, "python/"); ok {
		site, rest = "python", tail
	}
	for _, folder := range []string{"site-packages/", "dist-packages/"} {
		if i := strings.LastIndex("/"+file, "/"+folder); i >= 0 {
			site, rest = strings.TrimSuffix(file[:i+len(folder)], "/"), file[i+len(folder):]
			break
		}
	}
	elements := strings.Split(rest, "/")
	if len(elements) > 4 {
		return importPackage{}, false
	}
	in := importPackage{site: site, root: path.Join(site, elements[0])}
	if len(elements) == 1 {
		stem := strings.TrimSuffix(elements[0], ".py")
		elements = []string{stem, ""}
	}
	// A namespace package's folders are part of the name: google/cloud/storage
	// is google-cloud-storage.
	id, err := purl.New("pypi", strings.Join(elements[:len(elements)-1], "-"), "")
	if err != nil {
		return importPackage{}, false
	}
	in.name = id.Name
	return in, true
}

// pythonInstalled says what metadata accounts for.
type pythonInstalled struct {
	survey *survey
	names  map[string]bool // site + "\x00" + normalised name
	lists  []string        // metadata folders
	roots  map[string]bool // first folders and files below a site; nil until asked for
}

func newPythonInstalled(s *survey) *pythonInstalled {
	p := &pythonInstalled{survey: s, names: map[string]bool{}}
	for _, i := range s.python {
		file := s.entries[i].Path
		folder := path.Dir(file)
		if strings.HasSuffix(strings.ToLower(file), ".egg-info") {
			folder = file
		}
		p.lists = append(p.lists, folder)
		stem, _, _ := strings.Cut(path.Base(folder), "-")
		stem = strings.TrimSuffix(stem, ".egg-info")
		if id, err := purl.New("pypi", stem, ""); err == nil {
			p.names[siteOf(folder)+"\x00"+id.Name] = true
		}
	}
	return p
}

// siteOf returns the folder a metadata folder lies in, "" for the root.
func siteOf(folder string) string {
	if i := strings.LastIndexByte(folder, '/'); i >= 0 {
		return folder[:i]
	}
	return ""
}

// has reports whether a distribution has metadata, or whether other metadata
// accounts for the folder.
func (p *pythonInstalled) has(in importPackage, name string) bool {
	if p.names[in.site+"\x00"+name] {
		return true
	}
	if p.roots == nil {
		p.roots = map[string]bool{}
		for _, folder := range p.lists {
			p.readLists(folder)
		}
	}
	return p.roots[in.root]
}

// readLists reads the files that name what a distribution installed: RECORD,
// a table of paths, and top_level.txt, names of modules. Without them, names
// alone decide.
func (p *pythonInstalled) readLists(folder string) {
	for _, list := range []string{"RECORD", "top_level.txt"} {
		e, ok := p.survey.file(path.Join(folder, list))
		if !ok {
			continue
		}
		content, err := readText(e, lockLimit)
		if err != nil {
			continue
		}
		for line := range bytes.Lines(content) {
			first, _, _ := strings.Cut(strings.TrimSpace(string(line)), ",")
			first, _, _ = strings.Cut(first, "/")
			if first != "" && first != ".." {
				p.roots[path.Join(siteOf(folder), first)] = true
				p.roots[path.Join(siteOf(folder), first+".py")] = true
			}
		}
	}
}
