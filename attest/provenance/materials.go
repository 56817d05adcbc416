package provenance

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

// Caps on what lock files contribute.
const (
	maxLockFile  = 64 << 20 // bytes
	maxMaterials = 20_000
)

// lockFiles are the names of files in which package managers note what they
// resolved.
const lockFiles = " package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock poetry.lock Pipfile.lock uv.lock pdm.lock" +
	" requirements.txt go.sum Cargo.lock Gemfile.lock composer.lock packages.lock.json gradle.lockfile "

// installed are directories whose lock files are of others: of the authors of
// what is installed there.
const installed = " node_modules site-packages dist-packages vendor gems "

// Materials returns what the lock files in a package say it was built of: the
// files themselves, and the archives that npm's name with a digest.
func Materials(ctx context.Context, p fnpkg.Package) ([]attest.Resource, error) {
	var all []attest.Resource
	for _, e := range p.Entries() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !e.IsRegular() || !IsLockFile(e.Path) {
			continue
		}
		more, err := materialsOf(e)
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", e.Path, err)
		}
		if all = append(all, more...); len(all) > maxMaterials {
			return nil, &fnpkg.LimitError{What: "materials", Limit: maxMaterials, Got: int64(len(all))}
		}
	}
	return all, nil
}

// IsLockFile reports whether a path is that of a lock file of its own package.
func IsLockFile(name string) bool {
	dir, base := path.Split(name)
	return strings.Contains(lockFiles, " "+base+" ") &&
		!slices.ContainsFunc(strings.Split(dir, "/"), func(part string) bool { return part != "" && strings.Contains(installed, " "+part+" ") })
}

func materialsOf(e fnpkg.Entry) ([]attest.Resource, error) {
	if e.Size > maxLockFile {
		return nil, &fnpkg.LimitError{What: "bytes of a lock file", Limit: maxLockFile, Got: e.Size}
	}
	c, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return LockFile(e.Path, c)
}

// LockFile returns what a lock file says: itself, and what it names with a
// digest. One that cannot be understood contributes itself alone.
func LockFile(name string, r io.Reader) ([]attest.Resource, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxLockFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxLockFile {
		return nil, &fnpkg.LimitError{What: "bytes of a lock file", Limit: maxLockFile, Got: int64(len(text))}
	}
	sum := sha256.Sum256(text)
	all := []attest.Resource{{Name: name, Digest: map[string]string{"sha256": hex.EncodeToString(sum[:])}}}
	if base := path.Base(name); base == "package-lock.json" || base == "npm-shrinkwrap.json" {
		all = append(all, npm(text)...)
	}
	return all, nil
}

// npm returns the archives a lock file of npm names (lockfileVersion 2 and 3).
func npm(text []byte) []attest.Resource {
	var lock struct {
		Packages map[string]struct{ Resolved, Integrity string }
	}
	if json.Unmarshal(text, &lock) != nil {
		return nil
	}
	var all []attest.Resource
	seen := map[string]bool{}
	for _, p := range lock.Packages {
		digest, err := integrity(p.Integrity)
		if err != nil || !strings.HasPrefix(p.Resolved, "https://") || seen[p.Resolved] {
			continue
		}
		seen[p.Resolved] = true
		all = append(all, attest.Resource{URI: p.Resolved, Digest: digest})
	}
	slices.SortFunc(all, func(a, b attest.Resource) int { return strings.Compare(a.URI, b.URI) })
	return all
}

var errIntegrity = errors.New("no digest that is understood")

// integrity reads digests as Subresource Integrity writes them.
func integrity(s string) (map[string]string, error) {
	out := map[string]string{}
	for _, field := range strings.Fields(s) {
		algorithm, text, _ := strings.Cut(field, "-")
		size := map[string]int{"sha256": 32, "sha384": 48, "sha512": 64}[algorithm]
		raw, err := base64.StdEncoding.DecodeString(text)
		if err == nil && size > 0 && len(raw) == size {
			out[algorithm] = hex.EncodeToString(raw)
		}
	}
	if len(out) == 0 {
		return nil, errIntegrity
	}
	return out, nil
}
