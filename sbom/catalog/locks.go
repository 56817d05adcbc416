package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path"
	"strings"

	"github.com/anchore/syft/syft/pkg"
	"github.com/anchore/syft/syft/pkg/cataloger/javascript"
	"github.com/anchore/syft/syft/pkg/cataloger/python"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// lockLimit bounds one lock file.
const lockLimit = 64 << 20

// lockNames are the lock files that are read. A requirements.txt is none: it
// names wishes, with versions or without.
var lockNames = map[string]bool{
	"package-lock.json": true, "yarn.lock": true, "pnpm-lock.yaml": true, "bun.lock": true, "deno.lock": true,
	"poetry.lock": true, "Pipfile.lock": true, "uv.lock": true, "pdm.lock": true,
}

// owner is the package a package-lock.json belongs to, which is listed in it
// among the others.
type owner struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// catalogLocks lists what lock files name. Whether any of it is in the package
// they do not say.
func catalogLocks(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	for _, lock := range []struct {
		ecosystem, foundBy string
		cataloger          pkg.Cataloger
		names              map[string]bool
	}{
		{"npm", "javascript-lock", javascript.NewLockCataloger(javascript.CatalogerConfig{}), map[string]bool{
			"package-lock.json": true, "yarn.lock": true, "pnpm-lock.yaml": true, "bun.lock": true, "deno.lock": true}},
		{"pypi", "python-lock", python.NewPackageCataloger(python.CatalogerConfig{}), map[string]bool{
			"poetry.lock": true, "Pipfile.lock": true, "uv.lock": true, "pdm.lock": true}},
	} {
		all := newFiles(ctx, begin)
		owners := map[string]owner{} // of the lock files, by path
		for _, i := range s.locks {
			e := s.entries[i]
			if !lock.names[path.Base(e.Path)] {
				continue
			}
			all.add(e.Path, func() (io.ReadCloser, error) {
				content, err := readText(e, lockLimit)
				if err != nil {
					return nil, err
				}
				if path.Base(e.Path) == "package-lock.json" {
					var o owner
					_ = json.Unmarshal(content, &o) // the cataloger says if it is none
					owners[e.Path] = o
				}
				return io.NopCloser(bytes.NewReader(content)), nil
			})
		}
		if len(all.list) == 0 {
			continue
		}
		packages, _, _ := lock.cataloger.Catalog(ctx, all)
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		for _, p := range packages {
			if p.Version == "" || strings.HasSuffix(p.Version, "-use.local") || owners[placeOf(p).RealPath] == (owner{p.Name, p.Version}) {
				continue // the function itself, or a part of it: a workspace
			}
			id, err := purl.New(lock.ecosystem, p.Name, p.Version)
			if err != nil {
				continue
			}
			r.finds = append(r.finds, find{
				purl: id, path: placeOf(p).RealPath, origin: fnpkg.OriginDeclared, confidence: 1,
				licenses: licensesOf(p), foundBy: lock.foundBy,
			})
		}
	}
	return r, nil
}
