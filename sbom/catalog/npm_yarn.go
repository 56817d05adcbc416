package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"path"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/sbom/purl"
)

// catalogYarnCache finds the packages that Yarn's Plug'n'Play loads from
// archives instead of folders: each holds one, under node_modules/NAME. Which of
// them needs which, only the program .pnp.cjs knows.
func catalogYarnCache(ctx context.Context, s *survey, limits fnpkg.Limits, begin func()) (result, error) {
	archives := s.metadata[yarnCache]
	results := make([]result, len(archives))
	err := each(ctx, len(archives), func(ctx context.Context, i int) error {
		begin()
		e := s.entries[archives[i]]
		f, err := readYarnArchive(e, limits)
		if err != nil {
			results[i].unread = []unread{{"npm", e.Path, err.Error()}}
			return ctx.Err()
		}
		results[i].finds, results[i].loose = []find{f}, map[string]bool{"npm": true}
		return nil
	})
	return join(results), err
}

// errNoPackageInside is returned for an archive that is no package of Yarn's.
var errNoPackageInside = errors.New("it has no package.json under node_modules")

func readYarnArchive(e fnpkg.Entry, limits fnpkg.Limits) (find, error) {
	if e.Size > nestedArchiveLimit {
		return find{}, &fnpkg.LimitError{What: "bytes of an archive in the package", Limit: nestedArchiveLimit, Got: e.Size}
	}
	c, err := e.Open()
	if err != nil {
		return find{}, err
	}
	defer c.Close()
	archive, err := zipfile.New(c, e.Size, path.Base(e.Path), limits)
	if err != nil {
		return find{}, err
	}
	for _, inner := range archive.Entries() {
		folder, ok := installedFolder(path.Dir(inner.Path))
		if !ok || path.Base(inner.Path) != "package.json" || !inner.IsRegular() {
			continue
		}
		content, err := readText(inner, manifestLimit)
		if err != nil {
			return find{}, err
		}
		var manifest nodePackage
		var licenses struct {
			License wordList `json:"license"`
		}
		if err := json.Unmarshal(content, &manifest); err != nil {
			return find{}, err
		}
		_ = json.Unmarshal(content, &licenses) // of any type
		id, err := purl.New("npm", cmp.Or(string(manifest.Name), folder), string(manifest.Version))
		if err != nil {
			return find{}, err
		}
		return find{
			purl: id, path: e.Path + "!/" + inner.Path, origin: fnpkg.OriginShipped, confidence: 1,
			licenses: spdxLicenses(licenses.License...), foundBy: "yarn-cache", about: manifest.about(),
		}, nil
	}
	return find{}, errNoPackageInside
}
