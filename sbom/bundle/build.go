package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Build is what is known of the build that made a package's bundles: the
// packages that were installed, from the folder itself or a lock file, or the
// bundler's own report. A Build is read-only and may be shared.
type Build struct {
	name      string // base name of what was read, for evidence
	technique Technique
	places    map[string]installed   // by folder, relative to the build's root
	versions  map[string][]installed // by name, each version once
	outputs   []output               // of a metafile
}

// installed is a package in a build.
type installed struct{ name, version string }

// output is a file the bundler wrote, and what is in it.
type output struct {
	path    string // as the bundler has it
	size    int64  // in bytes; 0 if the report does not say
	inputs  []string
	partial bool // the report leaves modules out
}

// Caps of a build.
const (
	maxBuildFile = 512 << 20 // bytes of a lock file or metafile
	maxInstalled = 500_000   // packages of a build tree
	maxPackage   = 8 << 20   // bytes of one package.json
)

// ErrUnknownBuild is returned by ReadBuild for a file that is neither a lock
// file nor the report of a bundler it knows, and for a folder without either
// installed packages or a lock file.
var ErrUnknownBuild = errors.New("neither installed packages, a lock file of npm, pnpm or yarn, nor a metafile of esbuild, webpack or Rollup")

// ReadBuild reads what is known of a build from path, told by content:
//
//   - a folder with installed packages (node_modules, workspaces and pnpm's store
//     included), or else a lock file in it;
//   - a lock file: package-lock.json, npm-shrinkwrap.json, pnpm-lock.yaml,
//     yarn.lock (both generations);
//   - a report of the build: esbuild's and bun's metafile, webpack's stats
//     (--json), Rollup's output bundle as JSON (fileName and modules of chunks).
func ReadBuild(ctx context.Context, file string) (*Build, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("reading the build: %w", err)
	}
	b := newBuild(filepath.Base(filepath.Clean(file)))
	if info.IsDir() {
		err = b.readTree(ctx, file)
	} else {
		var text []byte
		if text, err = readFile(file); err == nil {
			err = b.parse(text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the build %q: %w", b.name, err)
	}
	return b, nil
}

// ParseBuild reads a lock file or a report of a bundler, told by content as in
// ReadBuild; name is for evidence and errors.
func ParseBuild(name string, text []byte) (*Build, error) {
	b := newBuild(name)
	if err := b.parse(text); err != nil {
		return nil, fmt.Errorf("reading the build %q: %w", name, err)
	}
	return b, nil
}

func newBuild(name string) *Build {
	return &Build{name: name, places: map[string]installed{}, versions: map[string][]installed{}}
}

func readFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readCapped(f, maxBuildFile)
}

func readCapped(r io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, errTooLarge
	}
	return text, err
}

// parse reads a lock file or metafile.
func (b *Build) parse(text []byte) error {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	head := bytes.TrimSpace(text[:min(len(text), 4<<10)])
	switch {
	case len(head) > 0 && (head[0] == '{' || head[0] == '['):
		return b.parseJSON(text, head[0])
	case bytes.Contains(head, []byte("# yarn lockfile v1")), bytes.Contains(head, []byte("__metadata:")):
		b.technique = TechniqueLockFile
		b.parseYarn(string(text))
	case bytes.Contains(head, []byte("lockfileVersion:")):
		b.technique = TechniqueLockFile
		b.parsePnpm(string(text))
	default:
		return ErrUnknownBuild
	}
	return b.check()
}

// check refuses a build of which nothing is known.
func (b *Build) check() error {
	if len(b.versions) == 0 && len(b.outputs) == 0 {
		return ErrUnknownBuild
	}
	return nil
}

// add notes a package in a folder; folder may be empty.
func (b *Build) add(folder string, p installed) {
	if !ValidName(p.name) || !ValidVersion(p.version) {
		return
	}
	if folder != "" {
		b.places[folder] = p
	}
	if !slices.Contains(b.versions[p.name], p) {
		b.versions[p.name] = append(b.versions[p.name], p)
	}
}

// readTree walks the folders in which packages are installed, and no others:
// what is below a package but its own node_modules is the package's business.
// Links are not followed: what they lead to is in a store below the tree, or
// the function's own.
func (b *Build) readTree(ctx context.Context, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	b.technique = TechniqueBuildTree
	if err := b.walk(ctx, root.FS(), ".", 0); err != nil {
		return err
	}
	if len(b.versions) > 0 {
		return nil
	}
	for _, lock := range []string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock"} {
		f, err := root.Open(lock)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		text, err := readCapped(f, maxBuildFile)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", lock, err)
		}
		b.name = lock
		return b.parse(text)
	}
	return ErrUnknownBuild
}

// walk looks for node_modules folders in a folder of the function's own.
func (b *Build) walk(ctx context.Context, tree fs.FS, dir string, depth int) error {
	const maxDepth = 12
	if depth > maxDepth {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	list, err := fs.ReadDir(tree, dir)
	if err != nil {
		if depth > 0 && errors.Is(err, fs.ErrPermission) {
			return nil
		}
		return err
	}
	for _, e := range list {
		name := path.Join(dir, e.Name())
		switch {
		case !e.IsDir():
		case e.Name() == "node_modules":
			err = b.walkModules(ctx, tree, name)
		case e.Name()[0] != '.':
			err = b.walk(ctx, tree, name, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// walkModules reads the packages of one node_modules folder and those nested
// in them.
func (b *Build) walkModules(ctx context.Context, tree fs.FS, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	list, err := fs.ReadDir(tree, dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		name := path.Join(dir, e.Name())
		switch {
		case !e.IsDir():
		case e.Name() == ".pnpm" || e.Name() == ".bun" || e.Name() == ".deno" || e.Name() == ".store":
			err = b.walkStore(ctx, tree, name)
		case e.Name()[0] == '.':
		case e.Name()[0] == '@':
			var scope []fs.DirEntry
			if scope, err = fs.ReadDir(tree, name); err != nil {
				break
			}
			for _, s := range scope {
				if s.IsDir() && err == nil {
					err = b.walkPackage(ctx, tree, path.Join(name, s.Name()))
				}
			}
		default:
			err = b.walkPackage(ctx, tree, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// walkStore reads a store: each folder of it has a node_modules of its own, or
// is a package under the name "package".
func (b *Build) walkStore(ctx context.Context, tree fs.FS, dir string) error {
	list, err := fs.ReadDir(tree, dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		for _, inner := range []string{"node_modules", "package"} {
			name := path.Join(dir, e.Name(), inner)
			if info, err := fs.Stat(tree, name); err != nil || !info.IsDir() {
				continue
			}
			if inner == "package" {
				err = b.readPackage(tree, name, path.Join(dir, e.Name()))
			} else {
				err = b.walkModules(ctx, tree, name)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Build) walkPackage(ctx context.Context, tree fs.FS, dir string) error {
	if err := b.readPackage(tree, dir, dir); err != nil {
		return err
	}
	nested := path.Join(dir, "node_modules")
	if info, err := fs.Stat(tree, nested); err != nil || !info.IsDir() {
		return nil
	}
	return b.walkModules(ctx, tree, nested)
}

// readPackage notes the package whose package.json is in dir as being at place.
// A folder without one, or with one that is broken, is no package.
func (b *Build) readPackage(tree fs.FS, dir, place string) error {
	if len(b.places) >= maxInstalled {
		return fmt.Errorf("it has more than %d packages", maxInstalled)
	}
	f, err := tree.Open(path.Join(dir, "package.json"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	defer f.Close()
	text, err := readCapped(f, maxPackage)
	if err != nil {
		return err
	}
	var p struct{ Name, Version string }
	if json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &p) == nil {
		b.add(place, installed{p.Name, p.Version})
	}
	return nil
}

// at returns the package in a folder that a bundle's paths name. Those paths
// may begin anywhere above or below the build's root, so leading elements are
// dropped until the rest is known, but no node_modules folder is.
func (b *Build) at(place string) (installed, bool) {
	for {
		if p, ok := b.places[place]; ok {
			return p, true
		}
		first, rest, ok := strings.Cut(place, "/")
		if !ok || first == "node_modules" {
			return installed{}, false
		}
		place = rest
	}
}

// only returns the one version of a package that the build has.
func (b *Build) only(name string) (installed, bool) {
	if found := b.versions[name]; len(found) == 1 {
		return found[0], true
	}
	return installed{}, false
}
