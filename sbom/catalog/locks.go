package catalog

import (
	"context"

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
		for _, i := range s.locks {
			if lock.names[lastElements(s.entries[i].Path, 1)] {
				all.addText(s.entries[i], lockLimit)
			}
		}
		if len(all.list) == 0 {
			continue
		}
		packages, _, _ := lock.cataloger.Catalog(ctx, all)
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		for _, p := range packages {
			if p.Version == "" {
				continue // the package itself, or one linked from its own folders
			}
			id, err := purl.New(lock.ecosystem, p.Name, p.Version)
			if err != nil {
				continue
			}
			r.finds = append(r.finds, find{
				purl: id, path: pathOf(p), origin: fnpkg.OriginDeclared, confidence: 1,
				licenses: licensesOf(p), foundBy: lock.foundBy,
			})
		}
	}
	return r, nil
}
