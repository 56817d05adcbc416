package catalog

import (
	"context"
	"path"
	"strings"

	"github.com/anchore/syft/syft/pkg"
	"github.com/anchore/syft/syft/pkg/cataloger/python"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// catalogPython finds installed Python packages by the metadata their
// installer leaves: *.dist-info/METADATA, *.egg-info.
func catalogPython(ctx context.Context, s *survey, begin func()) (result, error) {
	all := newFiles(ctx, begin)
	for _, i := range s.python {
		all.addText(s.entries[i], manifestLimit)
	}
	// Errors are told file by file below; a file without a package is one.
	packages, _, err := python.NewInstalledPackageCataloger().Catalog(ctx, all)
	if cerr := ctx.Err(); cerr != nil {
		return result{}, cerr
	}

	var r result
	type site struct{ folder, name string }
	at := map[site]string{} // purl by the folder it is installed in
	needs := map[site][]string{}
	seen := map[string]bool{}
	for _, p := range packages {
		file := placeOf(p).RealPath
		id, err := purl.New("pypi", p.Name, p.Version)
		if err != nil {
			r.unread = append(r.unread, unread{"pypi", file, err.Error()})
			seen[file] = true
			continue
		}
		seen[file] = true
		r.finds = append(r.finds, find{
			purl: id, path: file, origin: fnpkg.OriginShipped, confidence: 1,
			licenses: licensesOf(p), foundBy: "python-installed-package",
		})
		here := site{siteFolder(file), id.Name}
		at[here] = id.Text
		if m, ok := p.Metadata.(pkg.PythonPackage); ok {
			needs[here] = m.RequiresDist
		}
	}
	for here, requirements := range needs {
		for _, requirement := range requirements {
			name, ok := requiredName(requirement)
			if !ok {
				continue
			}
			id, err := purl.New("pypi", name, "")
			if err != nil {
				continue
			}
			if to, ok := at[site{here.folder, id.Name}]; ok {
				r.edges = append(r.edges, fnpkg.Edge{From: at[here], To: to})
			}
		}
	}
	for _, i := range s.python {
		if file := s.entries[i].Path; !seen[file] {
			reason := "it names no package"
			if err != nil && strings.Contains(err.Error(), file) {
				reason = "it cannot be read as package metadata"
			}
			r.unread = append(r.unread, unread{"pypi", file, reason})
		}
	}
	return r, nil
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
	for _, word := range strings.FieldsFunc(marker, func(r rune) bool { return !('a' <= r && r <= 'z' || r == '_') }) {
		if word == "extra" {
			return "", false
		}
	}
	end := strings.IndexFunc(spec, func(r rune) bool { return strings.ContainsRune(" \t[(<>=!~@", r) })
	if end >= 0 {
		spec = spec[:end]
	}
	return spec, spec != ""
}
