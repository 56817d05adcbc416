package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// depsFile is what of an APP.deps.json decides which packages an application
// of .NET brings along (the runtime configuration files specification of the
// .NET SDK).
type depsFile struct {
	RuntimeTarget struct {
		Name text `json:"name"`
	} `json:"runtimeTarget"`
	// By target, then by "NAME/VERSION".
	Targets   map[string]map[string]depsAssets `json:"targets"`
	Libraries map[string]struct {
		Type text `json:"type"`
		Hash text `json:"sha512"` // of the .nupkg, as an integrity text
	} `json:"libraries"`
}

// depsAssets are the files a library contributes to one target, by path, and
// what it needs.
type depsAssets struct {
	Needs          map[string]text `json:"dependencies"`
	Runtime        names           `json:"runtime"`
	Native         names           `json:"native"`
	Resources      names           `json:"resources"`
	RuntimeTargets names           `json:"runtimeTargets"`
}

func (a depsAssets) files() []string {
	return slices.Concat(a.Runtime, a.Native, a.Resources, a.RuntimeTargets)
}

// errNoDeps is returned for JSON that lists no libraries.
var errNoDeps = errors.New("it lists no libraries")

// parseDeps returns the libraries of a deps.json and the target that runs.
func parseDeps(content []byte) (depsFile, map[string]depsAssets, error) {
	var d depsFile
	if err := json.Unmarshal(content, &d); err != nil {
		return d, nil, err
	}
	target, ok := d.Targets[string(d.RuntimeTarget.Name)]
	if !ok && len(d.Targets) == 1 {
		for _, target = range d.Targets {
			ok = true
		}
	}
	if !ok {
		return d, nil, errNoDeps
	}
	return d, target, nil
}

// catalogDotnet finds NuGet packages by the list the .NET SDK publishes beside
// an application.
func catalogDotnet(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	for _, i := range s.metadata[dotnetDeps] {
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		begin()
		e := s.entries[i]
		content, err := readText(e, lockLimit)
		if err == nil {
			folder := path.Dir(e.Path)
			err = r.addDeps(content, e.Path, "dotnet-deps", func(file string) (fnpkg.Entry, bool) {
				// Publishing flattens "lib/net8.0/X.dll", and keeps the folders
				// of what depends on a language or a platform.
				for _, at := range []string{path.Base(file), file, path.Join(path.Base(path.Dir(file)), path.Base(file))} {
					if e, ok := s.file(path.Join(folder, at)); ok {
						return e, true
					}
				}
				return fnpkg.Entry{}, false
			})
		}
		if err != nil {
			r.unread = append(r.unread, unread{"nuget", e.Path, err.Error()})
		}
	}
	return r, nil
}

// runtimePack begins the name of a part of the runtime that a self-contained
// application brings along; behind it stands the name of its NuGet package.
const runtimePack = "runtimepack."

// addDeps adds the packages of one deps.json; there returns the file that a
// package's asset is in the application, without a path where it is none of its own. A package is shipped if one of
// its files is there, and declared if none is; a package without files of its
// own (it only names others) is declared.
func (r *result) addDeps(content []byte, from, foundBy string, there func(file string) (fnpkg.Entry, bool)) error {
	d, target, err := parseDeps(content)
	if err != nil {
		return err
	}
	shipped := map[string]string{} // purl by "NAME/VERSION"
	packs := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(target)) {
		name, version, ok := strings.Cut(key, "/")
		kind := string(d.Libraries[key].Type)
		packs[key] = kind == "package" || kind == "runtimepack"
		if !ok || !packs[key] {
			continue
		}
		id, err := purl.New("nuget", strings.TrimPrefix(name, runtimePack), version)
		if err != nil {
			r.unread = append(r.unread, unread{"nuget", from, err.Error()})
			continue
		}
		f := find{purl: id, path: from, origin: fnpkg.OriginDeclared, confidence: 1, foundBy: foundBy}
		_, f.archive.SHA512 = parseIntegrity(string(d.Libraries[key].Hash))
		var files []fnpkg.Entry
		for _, name := range target[key].files() {
			if e, ok := there(name); ok {
				files = append(files, e)
			}
		}
		if len(files) > 0 {
			f.origin = fnpkg.OriginShipped
			shipped[strings.ToLower(key)] = id.Text
		}
		if len(files) == 1 && files[0].Path != "" && files[0].IsRegular() {
			// Of the package, this one file is in the application.
			f.path = files[0].Path
			if f.sha256, f.sha512, err = hashEntry(files[0]); err != nil {
				return err
			}
		}
		r.finds = append(r.finds, f)
	}
	for key, assets := range target {
		from := ""
		if packs[key] {
			if from = shipped[strings.ToLower(key)]; from == "" {
				continue
			}
		}
		for need, version := range assets.Needs {
			if to := shipped[strings.ToLower(need+"/"+string(version))]; to != "" {
				r.edges = append(r.edges, fnpkg.Edge{From: from, To: to})
			}
		}
	}
	return nil
}
