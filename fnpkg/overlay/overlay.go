// Package overlay joins a function and its layers into the one file system the
// function sees when it runs: its own files in /var/task, those of the layers
// over one another in /opt (AWS Lambda Developer Guide, "Managing Lambda
// dependencies with layers").
package overlay

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Where the parts are mounted, without the leading slash, as paths of entries
// have none.
const (
	FunctionRoot = "var/task"
	LayerRoot    = "opt"
)

// Package is a function with its layers. Name, kind, size and exact digest are
// the function's: they are what is deployed and signed. Closing it closes its
// parts.
type Package struct {
	fnpkg.Package
	stack   *Stack
	entries []fnpkg.Entry
	hazards []fnpkg.Hazard
}

// Stack is layers laid over one another: what all functions that have them see
// in /opt. It is read-only, and may be shared.
type Stack struct {
	layers   []fnpkg.Package
	entries  []fnpkg.Entry // sorted by path
	hazards  []fnpkg.Hazard
	shadowed []Shadow
}

// Shadow says that a file of a layer cannot be seen, because a later layer has
// one of the same path.
type Shadow struct {
	Path  string // within the file system, for example "opt/python/six.py"
	Layer string // name of the layer whose file is hidden
	By    string // name of the layer that hides it
}

// New joins a function with its layers in the order in which the function
// names them: a later layer's file takes the place of an earlier one's.
func New(function fnpkg.Package, layers ...fnpkg.Package) *Package {
	return NewStack(layers...).Under(function)
}

// Under joins a function with the layers.
func (s *Stack) Under(function fnpkg.Package) *Package {
	p := &Package{
		Package: function, stack: s,
		entries: slices.Grow(slices.Clone(s.entries), len(function.Entries())),
		hazards: slices.Clone(s.hazards),
	}
	// What is in LayerRoot sorts before what is in FunctionRoot.
	for _, e := range function.Entries() {
		p.entries = append(p.entries, moved(e, FunctionRoot))
	}
	for _, h := range function.Hazards() {
		p.hazards = append(p.hazards, movedHazard(h, FunctionRoot, function.Name()))
	}
	slices.SortStableFunc(p.hazards, func(a, b fnpkg.Hazard) int {
		return cmp.Or(strings.Compare(string(a.ID), string(b.ID)), strings.Compare(a.Path, b.Path))
	})
	return p
}

// NewStack lays layers over one another, a later one's files over those of an
// earlier one.
func NewStack(layers ...fnpkg.Package) *Stack {
	p := &Stack{layers: layers}
	// The last comes first, so that what is met again is hidden.
	by := map[string]string{} // the layer whose entry is seen at a path
	files := map[string]string{}
	folders := map[string]string{}
	for _, layer := range slices.Backward(p.layers) {
		for _, h := range layer.Hazards() {
			p.hazards = append(p.hazards, movedHazard(h, LayerRoot, layer.Name()))
		}
		for _, e := range layer.Entries() {
			e = moved(e, LayerRoot)
			if top, hidden := by[e.Path]; hidden {
				if !e.IsDir() && top != layer.Name() {
					p.shadowed = append(p.shadowed, Shadow{Path: e.Path, Layer: layer.Name(), By: top})
				}
				continue
			}
			if top, clash := clashing(e, files, folders); clash {
				p.hazards = append(p.hazards, fnpkg.Hazard{
					ID: fnpkg.HazardFileAsDirectory, Path: e.Path,
					Detail: "layers " + layer.Name() + " and " + top + " have a file and a folder in one place",
				})
				continue
			}
			by[e.Path] = layer.Name()
			if !e.IsDir() {
				files[e.Path] = layer.Name()
			}
			for dir := path.Dir(e.Path); dir != "."; dir = path.Dir(dir) {
				folders[dir] = layer.Name()
			}
			p.entries = append(p.entries, e)
		}
	}
	slices.SortStableFunc(p.entries, func(a, b fnpkg.Entry) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(p.shadowed, func(a, b Shadow) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Layer, b.Layer))
	})
	return p
}

// clashing reports whether e is a file where a layer above has a folder, or lies
// in a folder where one has a file, and which layer that is.
func clashing(e fnpkg.Entry, files, folders map[string]string) (layer string, clash bool) {
	if layer, clash = folders[e.Path]; clash && !e.IsDir() {
		return layer, true
	}
	for dir := path.Dir(e.Path); dir != "."; dir = path.Dir(dir) {
		if layer, clash = files[dir]; clash {
			return layer, true
		}
	}
	return "", false
}

// moved returns e under root. A relative link moves with what it points to; an
// absolute one means the same place wherever it lies.
func moved(e fnpkg.Entry, root string) fnpkg.Entry {
	content := e.Open
	if !e.IsRegular() {
		content = nil
	}
	e.Path = path.Join(root, e.Path)
	return fnpkg.NewEntry(e, content)
}

func movedHazard(h fnpkg.Hazard, root, name string) fnpkg.Hazard {
	h.Path = root + "/" + h.Path
	h.Detail = name + ": " + h.Detail
	return h
}

// Entries lists what the function sees.
func (p *Package) Entries() []fnpkg.Entry { return p.entries }

// Hazards lists those of the function and of all layers, hidden files
// included.
func (p *Package) Hazards() []fnpkg.Hazard { return p.hazards }

// Shadowed lists the files of layers that cannot be seen, by path.
func (p *Package) Shadowed() []Shadow { return p.stack.shadowed }

// Layers returns the name and exact digest of each layer, in the order given.
func (p *Package) Layers(ctx context.Context) ([]fnpkg.Layer, error) {
	var out []fnpkg.Layer
	for _, l := range p.stack.layers {
		d, err := l.Digest(ctx)
		if err != nil && !errors.Is(err, fnpkg.ErrNoDigest) {
			return nil, err
		}
		out = append(out, fnpkg.Layer{Name: l.Name(), Digest: d})
	}
	return out, nil
}

// Close closes the function and all layers.
func (p *Package) Close() error {
	errs := []error{p.Package.Close()}
	for _, l := range p.stack.layers {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
