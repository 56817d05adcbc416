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

// isPythonLock reports whether a lock file is one of Python's managers.
func isPythonLock(base string) bool {
	switch base {
	case "poetry.lock", "Pipfile.lock", "uv.lock", "pdm.lock":
		return true
	}
	return false
}

// catalogLocks lists what lock files name. Whether any of it is in the package
// they do not say.
func catalogLocks(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	var tags map[string]map[string]bool
	for _, i := range s.locks {
		e := s.entries[i]
		if !isPythonLock(path.Base(e.Path)) {
			found, ok := getShared[result](s.shared, "lock", e)
			if !ok {
				found = readNodeLock(ctx, e, begin)
				if ctx.Err() != nil {
					return r, ctx.Err()
				}
				putShared(s.shared, "lock", e, found)
			}
			r.add(found)
			continue
		}
		begin()
		content, err := readText(e, lockLimit)
		if err != nil {
			continue // nothing that is shipped is missed
		}
		packages, _ := parsePythonLock(e.Path, content)
		if tags == nil {
			tags = wheelTags(s)
		}
		for _, p := range packages {
			id, _ := purl.New("pypi", p.name, p.version)
			r.declare("pypi", "python-lock", e.Path, p.name, p.version, nil, p.archive(tags[id.Text]))
		}
	}
	return r, ctx.Err()
}

// declare adds what a lock file names.
func (r *result) declare(ecosystem, foundBy, file, name, version string, licenses []fnpkg.License, archive fnpkg.Distribution) {
	id, err := purl.New(ecosystem, name, version)
	if err != nil {
		return
	}
	r.finds = append(r.finds, find{
		purl: id, path: file, origin: fnpkg.OriginDeclared, confidence: 1, licenses: licenses, foundBy: foundBy,
		about: about{archive: archive},
	})
}

// readNodeLock lists what a lock file of one of Node's managers names.
func readNodeLock(ctx context.Context, e fnpkg.Entry, begin func()) result {
	var r result
	var own owner
	lock := newFiles(ctx, begin)
	lock.add(e.Path, func() (io.ReadCloser, error) {
		content, err := readText(e, lockLimit)
		if err != nil {
			return nil, err
		}
		if path.Base(e.Path) == "package-lock.json" {
			_ = json.Unmarshal(content, &own) // the cataloger says if it is none
		}
		return io.NopCloser(bytes.NewReader(content)), nil
	})
	packages, _, _ := javascript.NewLockCataloger(javascript.CatalogerConfig{}).Catalog(ctx, lock)
	for _, p := range packages {
		if p.Version == "" || strings.HasSuffix(p.Version, "-use.local") || own == (owner{p.Name, p.Version}) {
			continue // the function itself, or a part of it: a workspace
		}
		r.declare("npm", "javascript-lock", e.Path, p.Name, p.Version, licensesOf(p), lockedArchive(p.Metadata))
	}
	return r
}

// lockedArchive is the archive of a package in a lock file of Node's managers.
func lockedArchive(metadata any) fnpkg.Distribution {
	switch m := metadata.(type) {
	case pkg.NpmPackageLockEntry:
		return npmArchive(m.Resolved, m.Integrity)
	case pkg.YarnLockEntry:
		return npmArchive(m.Resolved, m.Integrity)
	case pkg.PnpmLockEntry:
		return npmArchive("", m.Resolution.Integrity)
	case pkg.BunLockEntry:
		return npmArchive("", m.Integrity)
	}
	return fnpkg.Distribution{}
}
