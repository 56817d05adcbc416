package ociimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/internal/layout"
)

// maxHops is how many links one path may lead through, as in the Linux kernel
// (path_resolution(7)).
const maxHops = 40

// inode is what hard links share.
type inode struct {
	mode    fs.FileMode
	modTime time.Time
	link    string       // target of a symbolic link
	offset  int64        // of a file's content in the spool
	file    *layerDigest // of the layer that has it
	number  int64        // of the file in that layer
	size    int64
	usual   bool // a device node that every /dev has
}

// layerDigest is the digest of a layer's tar archive.
type layerDigest fnpkg.Digest

// KnownDigest returns it.
func (d *layerDigest) KnownDigest() (fnpkg.Digest, bool) {
	return fnpkg.Digest(*d), !fnpkg.Digest(*d).IsZero()
}

// node is a name in the tree.
type node struct {
	*inode
	children map[string]*node // of a directory
	layer    int              // that listed it last, or first needed it as a parent
	listed   int              // last layer that listed it
	touched  int              // last layer that listed something beneath it
	length   int              // of a directory's path, with a slash at its end
}

// tree is the file system that the layers so far make.
type tree struct {
	root  *node
	meter *meter
	found *layout.List
}

func newTree(m *meter, found *layout.List) *tree {
	return &tree{root: newDir(0), meter: m, found: found}
}

// newDir returns a directory as runtimes make one that no layer lists.
func newDir(layer int) *node {
	return &node{inode: &inode{mode: fs.ModeDir | 0o755}, children: make(map[string]*node), layer: layer}
}

var (
	errLoops   = errors.New("links lead in a circle")
	errNoDir   = errors.New("something that is not a directory is in the way")
	errMissing = errors.New("it does not exist")
)

// resolve walks to the directory dir, following links within the image, and
// returns the directories on the way, root first. With create set, those that
// are missing are made, in the name of layer, and a link that the same layer
// listed is a hazard: it lists what lies beneath by another name.
func (t *tree) resolve(dir string, layer int, create bool) ([]*node, error) {
	stack := append(make([]*node, 0, 16), t.root)
	if dir == "" {
		return stack, nil
	}
	pending := []string{dir} // paths still to walk, the next one last
	hops := 0
	for len(pending) > 0 {
		rest := pending[len(pending)-1]
		element, rest, more := strings.Cut(rest, "/")
		if more {
			pending[len(pending)-1] = rest
		} else {
			pending = pending[:len(pending)-1]
		}
		if err := t.meter.walk(1); err != nil {
			return nil, err
		}
		at := stack[len(stack)-1]
		switch element {
		case "", ".":
			continue
		case "..":
			stack = stack[:max(1, len(stack)-1)]
			continue
		}
		next := at.children[element]
		switch {
		case next == nil && !create:
			return nil, errMissing
		case next == nil:
			if err := t.meter.entry(); err != nil {
				return nil, err
			}
			next = newDir(layer)
			if err := t.put(at, element, next); err != nil {
				return nil, err
			}
		case next.mode.Type() == fs.ModeSymlink:
			if hops++; hops > maxHops {
				return nil, errLoops
			}
			if create && next.layer == layer {
				t.found.Add(fnpkg.HazardFileAsDirectory, dir, fmt.Sprintf("one layer makes %q a symbolic link and lists something beneath it", element))
			}
			if strings.HasPrefix(next.link, "/") {
				stack = stack[:1]
			}
			pending = append(pending, next.link)
			continue
		case !next.mode.IsDir():
			return nil, errNoDir
		}
		stack = append(stack, next)
	}
	return stack, nil
}

// put gives n the name in parent. Links let a path grow longer than the name
// of any entry, so it is measured here.
func (t *tree) put(parent *node, name string, n *node) error {
	n.length = parent.length + len(name) + 1
	if err := t.meter.path(n.length - 1); err != nil {
		return err
	}
	parent.children[name] = n
	return nil
}

// checkLinks finds symbolic links that lead in a circle.
func (t *tree) checkLinks(ctx context.Context) error {
	var visit func(dir *node, path string) error
	visit = func(dir *node, path string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		for name, n := range dir.children {
			at := path + name
			switch {
			case n.mode.IsDir():
				if err := visit(n, at+"/"); err != nil {
					return err
				}
			case n.mode.Type() == fs.ModeSymlink:
				_, err := t.resolve(at, 0, false)
				var limit *fnpkg.LimitError
				if errors.As(err, &limit) {
					return err
				}
				if errors.Is(err, errLoops) {
					t.found.Add(fnpkg.HazardLoopingLink, at, fmt.Sprintf("a link to %q never arrives", n.link))
				}
			}
		}
		return nil
	}
	return visit(t.root, "")
}

// prune removes what lower layers than layer put beneath dir. It reports
// whether it kept a directory for no other reason than what the layer put
// beneath that: some runtimes do not.
func (t *tree) prune(dir *node, layer int) (kept bool, err error) {
	if err := t.meter.walk(1 + len(dir.children)); err != nil {
		return false, err
	}
	for name, n := range dir.children {
		switch {
		case n.layer < layer && !(n.mode.IsDir() && n.touched == layer):
			delete(dir.children, name)
		case n.mode.IsDir():
			inner, err := t.prune(n, layer)
			if err != nil {
				return false, err
			}
			kept = kept || inner || n.listed < layer
		}
	}
	return kept, nil
}

// list returns the tree's entries, sorted by path.
func (p *Package) list(t *tree) ([]fnpkg.Entry, error) {
	var entries []fnpkg.Entry
	var visit func(dir *node, path string) error
	visit = func(dir *node, path string) error {
		for name, n := range dir.children {
			if n.usual {
				continue
			}
			e := fnpkg.Entry{Path: path + name, Mode: n.mode, Size: n.size, ModTime: n.modTime, LinkTarget: n.link}
			if err := t.meter.names(len(e.Path)); err != nil {
				return err
			}
			var open func() (fnpkg.Content, error)
			if e.IsRegular() {
				i := n.inode
				open = func() (fnpkg.Content, error) { return p.spool.open(i.offset, i.size) }
			}
			e = fnpkg.NewEntry(e, open)
			if e.IsRegular() {
				e = e.At(n.file, n.number)
			}
			entries = append(entries, e)
			if e.IsDir() {
				if err := visit(n, e.Path+"/"); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := visit(t.root, ""); err != nil {
		return nil, err
	}
	layout.Sort(entries)
	return entries, nil
}

// checkModes finds what is a hazard by its type or permissions.
func checkModes(entries []fnpkg.Entry, found *layout.List) {
	for _, e := range entries {
		switch {
		case e.IsRegular(), e.IsDir(), e.IsLink():
		default:
			found.Add(fnpkg.HazardSpecialFile, e.Path, fmt.Sprintf("neither file, directory nor link: %s", e.Mode.Type()))
		}
		if e.Mode&fs.ModeSetuid != 0 && !e.IsDir() {
			found.Add(fnpkg.HazardSetuid, e.Path, "the setuid bit is set")
		}
		if e.Mode&fs.ModeSetgid != 0 && !e.IsDir() {
			found.Add(fnpkg.HazardSetuid, e.Path, "the setgid bit is set")
		}
	}
}
