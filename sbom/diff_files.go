package sbom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/fnseal/fnseal/fnpkg"
)

// FileDifference is what tells the files of two packages apart, sorted by
// path. Directories do not count: they are implied by what lies in them.
type FileDifference struct {
	Added   []File
	Removed []File
	Changed []FileChange
	Same    int // files without a change
}

// Empty reports whether all files are the same.
func (d *FileDifference) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }

// File is one file or link of a package.
type File struct {
	Path       string
	Size       int64  // in bytes; 0 for a link
	Executable bool   // any execute bit of a file
	Target     string // of a symbolic link, and empty for a file
}

// FileChange is a path that both packages have, with something else at it.
type FileChange struct {
	From, To File
	Content  bool // the bytes, or the link's target, are not the same
}

// DiffFiles compares the files of two packages by path. Content is read, from
// both sides at once, only where the sizes are the same; times, owners and
// permissions other than the execute bit are not compared.
func DiffFiles(ctx context.Context, a, b fnpkg.Package) (*FileDifference, error) {
	d := &FileDifference{}
	left, right := files(a), files(b)
	var both [][2]fnpkg.Entry
	for i, j := 0, 0; i < len(left) || j < len(right); {
		switch c := compareAt(left, right, i, j); {
		case c < 0:
			d.Removed = append(d.Removed, fileOf(left[i]))
			i++
		case c > 0:
			d.Added = append(d.Added, fileOf(right[j]))
			j++
		default:
			both = append(both, [2]fnpkg.Entry{left[i], right[j]})
			i++
			j++
		}
	}
	differs, err := contents(ctx, both)
	if err != nil {
		return nil, err
	}
	for i, pair := range both {
		change := FileChange{From: fileOf(pair[0]), To: fileOf(pair[1]), Content: differs[i]}
		if !change.Content && change.From == change.To {
			d.Same++
			continue
		}
		d.Changed = append(d.Changed, change)
	}
	return d, nil
}

// files are the entries that count, each path once: where a package has more
// at one path, its hazards say so, and the first is taken.
func files(p fnpkg.Package) []fnpkg.Entry {
	var out []fnpkg.Entry
	for _, e := range p.Entries() {
		if !e.IsDir() {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(x, y fnpkg.Entry) int { return strings.Compare(x.Path, y.Path) })
	return slices.CompactFunc(out, func(x, y fnpkg.Entry) bool { return x.Path == y.Path })
}

// compareAt orders the next two entries; a list at its end comes last.
func compareAt(left, right []fnpkg.Entry, i, j int) int {
	switch {
	case i == len(left):
		return 1
	case j == len(right):
		return -1
	}
	return strings.Compare(left[i].Path, right[j].Path)
}

func fileOf(e fnpkg.Entry) File {
	f := File{Path: e.Path, Executable: e.Executable(), Target: e.LinkTarget}
	if e.IsRegular() {
		f.Size = e.Size
	}
	return f
}

// contents says of each pair whether what lies there differs, several pairs at
// a time.
func contents(ctx context.Context, pairs [][2]fnpkg.Entry) ([]bool, error) {
	out := make([]bool, len(pairs))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(pairs)) {
		wg.Go(func() {
			var buffers [2][32 << 10]byte
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(pairs) {
					return
				}
				differs, err := contentDiffers(ctx, pairs[i][0], pairs[i][1], buffers[0][:], buffers[1][:])
				if err != nil {
					cancel(fmt.Errorf("comparing %q: %w", pairs[i][0].Path, err))
					return
				}
				out[i] = differs
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

func contentDiffers(ctx context.Context, a, b fnpkg.Entry, p, q []byte) (bool, error) {
	if a.Mode.Type() != b.Mode.Type() || a.LinkTarget != b.LinkTarget {
		return true, nil
	}
	if !a.IsRegular() {
		return false, nil
	}
	if a.Size != b.Size {
		return true, nil
	}
	x, err := a.Open()
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := b.Open()
	if err != nil {
		return false, err
	}
	defer y.Close()
	for ctx.Err() == nil {
		n, errX := io.ReadFull(x, p)
		m, errY := io.ReadFull(y, q)
		for _, err := range []error{errX, errY} {
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return false, err
			}
		}
		if !bytes.Equal(p[:n], q[:m]) {
			return true, nil
		}
		if errX != nil {
			return false, nil
		}
	}
	return false, context.Cause(ctx)
}
