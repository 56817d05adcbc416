package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/bundle"
)

// nodeLocks are the lock files that tell versions of bundled packages.
var nodeLocks = [...]string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock"}

// buildBeside looks for what a package was bundled from: the folder the package
// lies in, then the one above, which is the project's where the package was
// written to dist/ or build/. The first that has installed packages or a lock
// file counts; nil if none does, or if there is no bundle in the package. What
// cannot be read is passed over, and said.
func buildBeside(ctx context.Context, e *env, ref string, p fnpkg.Package) []*bundle.Build {
	if info, err := os.Stat(ref); err != nil || !info.Mode().IsRegular() || bundle.Candidates(p.Entries()) == 0 {
		return nil
	}
	file, err := filepath.Abs(ref)
	if err != nil {
		return nil
	}
	for _, dir := range []string{filepath.Dir(file), filepath.Dir(filepath.Dir(file))} {
		path := buildIn(dir)
		if path == "" {
			continue
		}
		b, err := bundle.ReadBuild(ctx, path)
		if err != nil {
			e.note("looking for versions of bundled packages beside %s: %v", ref, err)
			continue
		}
		e.note("versions of bundled packages are looked up in %s (--with PATH names another build, --no-with none)", path)
		return []*bundle.Build{b}
	}
	return nil
}

// buildIn returns what of a folder tells the packages of a build.
func buildIn(dir string) string {
	if info, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil && info.IsDir() {
		return dir
	}
	for _, name := range nodeLocks {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}
