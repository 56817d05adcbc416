// Package manifest finds the line of a source tree at which a package is
// named: in what declares dependencies, or in the lock file beside it. It is
// what a report points at, for a function package is in no repository.
//
// Files are told by name and read line by line with a pattern for each kind:
// a line is wanted, not a meaning.
package manifest

import (
	"bufio"
	"bytes"
	"context"
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

// Limits of what is read of a tree.
const (
	maxFiles     = 2000
	maxFileBytes = 64 << 20
	maxVisited   = 200_000
)

// ErrNone is returned where there is no manifest and no lock file.
var ErrNone = errors.New("no manifest and no lock file of a package manager that is known")

// Index holds the manifests and lock files of a source tree.
type Index struct {
	files []*file
}

// file is one of them.
type file struct {
	path  string // as it is to be shown, with slashes
	kind  kind
	lines []string
}

// Location is a line in a source tree.
type Location struct {
	Path string // with slashes, below what Read was given
	Line int    // from 1
	Text string // the line, without spaces around it
	Lock bool   // it is in a lock file
}

// Read reads the manifests and lock files of a folder and those below it, but
// for folders of installed packages; or one file.
func Read(ctx context.Context, name string) (*Index, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	x := &Index{}
	if !info.IsDir() {
		if err := x.add(name); err != nil {
			return nil, err
		}
	} else if err := x.walk(ctx, name); err != nil {
		return nil, err
	}
	if len(x.files) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrNone)
	}
	slices.SortFunc(x.files, func(a, b *file) int {
		if d := strings.Count(a.path, "/") - strings.Count(b.path, "/"); d != 0 {
			return d // what is nearest the root speaks for it
		}
		return strings.Compare(a.path, b.path)
	})
	return x, nil
}

// Join puts several indexes together.
func Join(all ...*Index) *Index {
	out := &Index{}
	for _, x := range all {
		out.files = append(out.files, x.files...)
	}
	return out
}

func (x *Index) walk(ctx context.Context, root string) error {
	visited := 0
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if visited++; visited > maxVisited || len(x.files) >= maxFiles {
			return fs.SkipAll
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && installed(d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		return x.add(name)
	})
}

// installed reports whether a folder of that name holds what others wrote.
func installed(name string) bool {
	switch name {
	case "node_modules", "vendor", "site-packages", "venv", "__pycache__", "target", "bower_components":
		return true
	}
	return strings.HasPrefix(name, ".")
}

// add reads a file if its name says that it is a manifest or a lock file.
func (x *Index) add(name string) error {
	k, ok := kindOf(filepath.Base(name))
	if !ok {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return err
	}
	if len(data) > maxFileBytes || bytes.IndexByte(data, 0) >= 0 {
		return nil // no file that a person would be pointed at
	}
	lines := []string{}
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, maxFileBytes+1)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	x.files = append(x.files, &file{path: filepath.ToSlash(filepath.Clean(name)), kind: k, lines: lines})
	return nil
}

// Names are the base names of the files, each once.
func (x *Index) Names() []string {
	var names []string
	for _, f := range x.files {
		if base := path.Base(f.path); !slices.Contains(names, base) {
			names = append(names, base)
		}
	}
	return names
}

// Find returns the line that names a package. What the package itself asks for
// is looked for in manifests first, anything else in lock files, there at the
// version first; the version may be empty.
func (x *Index) Find(purlType, name, version string, direct bool) (Location, bool) {
	var found []Location
	var exact []bool
	for _, f := range x.files {
		if !f.kind.speaks(purlType) {
			continue
		}
		if line, atVersion := f.find(purlType, name, version); line > 0 {
			found = append(found, Location{Path: f.path, Line: line, Text: strings.TrimSpace(f.lines[line-1]), Lock: f.kind.lock})
			exact = append(exact, atVersion)
		}
	}
	rank := func(i int) int {
		n := 0
		if found[i].Lock != !direct {
			n += 2
		}
		if found[i].Lock && !exact[i] {
			n++
		}
		return n
	}
	best := -1
	for i := range found {
		if best < 0 || rank(i) < rank(best) {
			best = i
		}
	}
	if best < 0 {
		return Location{}, false
	}
	return found[best], true
}

// find returns the first line that names the package, at the version if there
// is such a line.
func (f *file) find(purlType, name, version string) (line int, atVersion bool) {
	names := f.kind.matcher(purlType, name)
	for i, text := range f.lines {
		if !names(f.lines, i) {
			continue
		}
		if line == 0 {
			line = i + 1
		}
		// The version is on the line or just below it.
		near := strings.Join(f.lines[i:min(i+4, len(f.lines))], "\n")
		if version != "" && (strings.Contains(text, version) || f.kind.lock && strings.Contains(near, version)) {
			return i + 1, true
		}
	}
	return line, false
}
