package ociimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/internal/layout"
	"github.com/fnseal/fnseal/internal/registry"
)

// applier applies one layer to the tree.
type applier struct {
	tree  *tree
	spool *spool
	meter *meter
	found *layout.List
	layer int // from 1
	file  *layerDigest
	files int64 // regular files so far

	progress func(done int64) // stored bytes of this layer
}

func (a *applier) apply(ctx context.Context, l registry.Layer) error {
	a.meter.stored += l.Size
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := l.Open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	ahead := readAhead(r, func() { a.progress(r.Stored()) })
	defer func() {
		cancel() // or a registry that stalls would be waited for
		ahead.Close()
	}()
	stream := readerFunc(func(b []byte) (int, error) {
		n, err := ahead.Read(b)
		if over := a.meter.bytes(n, true); over != nil {
			return 0, over
		}
		return n, err
	})
	t := tar.NewReader(stream)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return a.finish(stream)
		}
		if err == nil {
			err = a.add(h, t)
		}
		if err != nil {
			return tarError(err)
		}
	}
}

// finish reads what follows the end of the tar archive, up to where the
// layer's digests are compared. Nothing but zeros should: archives are padded.
func (a *applier) finish(r io.Reader) error {
	buf := make([]byte, 64<<10)
	var junk int64
	for {
		n, err := r.Read(buf)
		for _, c := range buf[:n] {
			if c != 0 {
				junk++
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if junk > 0 {
		a.found.Add(fnpkg.HazardTrailingBytes, "", fmt.Sprintf("data behind the end of the tar archive of layer %d", a.layer))
	}
	return nil
}

// tarError makes a format error of what package tar says; other errors pass.
func tarError(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong) || err == io.ErrUnexpectedEOF {
		return &fnpkg.FormatError{Format: "container image", Reason: "its layer is no sound tar archive", Err: err}
	}
	return err
}

func formatError(format string, args ...any) error {
	return &fnpkg.FormatError{Format: "container image", Reason: fmt.Sprintf(format, args...)}
}

// The names of whiteouts (image-spec, "Whiteouts").
const (
	whiteoutPrefix = ".wh."
	opaqueMarker   = ".wh..wh..opq"
	metaPrefix     = ".wh..wh." // what AUFS keeps for itself, in the root
)

// add applies one entry, whose content t is about to yield.
func (a *applier) add(h *tar.Header, t *tar.Reader) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	if err := a.meter.header(h.Name, h.Linkname, h.Size); err != nil {
		return err
	}
	name := a.cleanName(h.Name)
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	switch {
	case name == "" && h.Typeflag == tar.TypeDir:
		return nil // the root is not an entry of itself
	case name == "":
		return formatError("a layer would replace the root by something that is no directory")
	case strings.HasPrefix(name, metaPrefix) && name != opaqueMarker:
		a.found.Add(fnpkg.HazardWhiteout, h.Name, "what AUFS kept for itself: docker skips it, and containerd does not")
		return nil
	}
	a.checkOverlay(h, dir)
	stack, err := a.tree.resolve(dir, a.layer, true)
	if err != nil {
		return unappliable(h.Name, err)
	}
	parent := stack[len(stack)-1]
	switch {
	case base == opaqueMarker:
		kept, err := a.tree.prune(parent, a.layer)
		if kept {
			a.found.Add(fnpkg.HazardWhiteout, h.Name, "a layer empties a directory behind what it puts into one beneath")
		}
		return err
	case strings.HasPrefix(base, whiteoutPrefix):
		return a.whiteout(h.Name, parent, strings.TrimPrefix(base, whiteoutPrefix))
	}
	for _, dir := range stack {
		dir.touched = a.layer
	}
	// What is in the place goes first, so that nothing can be linked to itself.
	old := parent.children[base]
	if h.Typeflag == tar.TypeLink {
		delete(parent.children, base)
	}
	n, err := a.node(h, name, t)
	if err != nil {
		return err
	}
	return a.place(h.Name, parent, base, old, n)
}

// unappliable says why an entry cannot be applied; limits pass.
func unappliable(name string, err error) error {
	var limit *fnpkg.LimitError
	if errors.As(err, &limit) {
		return err
	}
	return &fnpkg.FormatError{Format: "container image", Reason: fmt.Sprintf("%.500q cannot be put in its place", name), Err: err}
}

// node makes what the header describes, and keeps its content.
func (a *applier) node(h *tar.Header, name string, t *tar.Reader) (*node, error) {
	i := &inode{mode: permissions(h.Mode), modTime: h.ModTime.UTC()}
	n := &node{inode: i, layer: a.layer, listed: a.layer}
	switch h.Typeflag {
	case tar.TypeReg:
		i.size, i.file, i.number = h.Size, a.file, a.files
		a.files++
		var err error
		if i.offset, err = a.spool.add(a.metered(t), h.Size); err != nil {
			return nil, err
		}
	case tar.TypeDir:
		i.mode |= fs.ModeDir
		n.children = make(map[string]*node)
	case tar.TypeSymlink:
		i.mode |= fs.ModeSymlink
		if h.Linkname == "" || strings.ContainsRune(h.Linkname, 0) {
			return nil, formatError("%.500q is a symbolic link to no name", h.Name)
		}
		i.link, i.size = h.Linkname, int64(len(h.Linkname))
	case tar.TypeLink:
		target, err := a.linked(h)
		if err != nil {
			return nil, err
		}
		n.inode = target.inode
	case tar.TypeChar:
		i.mode |= fs.ModeDevice | fs.ModeCharDevice
		i.usual = isUsualDevice(h, name)
	case tar.TypeBlock:
		i.mode |= fs.ModeDevice
		i.usual = isUsualDevice(h, name)
	case tar.TypeFifo:
		i.mode |= fs.ModeNamedPipe
		i.usual = isUsualDevice(h, name)
	default:
		return nil, formatError("%.500q is of type %q, which no runtime knows", h.Name, h.Typeflag)
	}
	return n, nil
}

// permissions translates the bits of a tar header. The type is not among them:
// the header's type flag alone counts.
func permissions(bits int64) fs.FileMode {
	mode := fs.FileMode(bits).Perm()
	for _, b := range []struct {
		bit  int64
		mode fs.FileMode
	}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}} {
		if bits&b.bit != 0 {
			mode |= b.mode
		}
	}
	return mode
}

// metered counts the content read of a file.
func (a *applier) metered(r io.Reader) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		n, err := r.Read(b)
		if over := a.meter.bytes(n, false); over != nil {
			return 0, over
		}
		return n, err
	})
}

// linked returns what a hard link is to. Links of the way there are followed;
// a symbolic link at its end is what is linked to.
func (a *applier) linked(h *tar.Header) (*node, error) {
	dir, base := path.Split(a.cleanName(h.Linkname))
	stack, err := a.tree.resolve(strings.TrimSuffix(dir, "/"), a.layer, false)
	if err != nil {
		return nil, unappliable(h.Name, fmt.Errorf("a hard link to %.500q: %w", h.Linkname, err))
	}
	n := stack[len(stack)-1].children[base]
	switch {
	case n == nil:
		return nil, unappliable(h.Name, fmt.Errorf("a hard link to %.500q: %w", h.Linkname, errMissing))
	case n.mode.IsDir():
		return nil, formatError("%.500q is a hard link to a directory", h.Name)
	}
	return n, nil
}

// place puts n into its directory, where old was or nil. A directory keeps
// what is in it if n is one too.
func (a *applier) place(raw string, parent *node, base string, old, n *node) error {
	if old != nil {
		same := old.layer == a.layer
		switch {
		case old.mode.IsDir() && n.mode.IsDir():
			old.inode, old.layer, old.listed = n.inode, a.layer, a.layer
			return nil
		case old.mode.IsDir() && old.touched == a.layer:
			a.found.Add(fnpkg.HazardFileAsDirectory, raw, "not a directory, and yet the parent of other entries of its layer")
		case same:
			a.found.Add(fnpkg.HazardDuplicateName, raw, "more than one entry of this name in one layer")
		}
	}
	return a.tree.put(parent, base, n)
}

// whiteout removes name, as lower layers made it, from its directory. Readers
// agree in that only if the layer itself does not list it before.
func (a *applier) whiteout(raw string, parent *node, name string) error {
	switch name {
	case "", ".":
		a.found.Add(fnpkg.HazardInvalidName, raw, "a whiteout of no name")
		return nil
	case "..":
		a.found.Add(fnpkg.HazardParentPath, raw, "a whiteout of the parent directory")
		return nil
	}
	old := parent.children[name]
	switch {
	case old == nil:
	case old.layer == a.layer, old.mode.IsDir() && old.touched == a.layer:
		a.found.Add(fnpkg.HazardWhiteout, raw, "a layer removes what it adds")
		if old.mode.IsDir() {
			_, err := a.tree.prune(old, a.layer)
			return err
		}
	default:
		delete(parent.children, name)
	}
	return nil
}

// checkOverlay finds what the overlay file system takes for whiteouts, and
// whiteouts in the place of a directory: what becomes of them depends on the
// runtime. dir is the directory of the entry.
func (a *applier) checkOverlay(h *tar.Header, dir string) {
	if h.Typeflag == tar.TypeChar && h.Devmajor == 0 && h.Devminor == 0 {
		a.found.Add(fnpkg.HazardWhiteout, h.Name, "a device 0/0, which removes the name where layers are overlays")
	}
	for key := range h.PAXRecords {
		attr, ok := strings.CutPrefix(key, "SCHILY.xattr.")
		if ok && (strings.HasPrefix(attr, "trusted.overlay.") || strings.HasPrefix(attr, "user.overlay.")) {
			a.found.Add(fnpkg.HazardWhiteout, h.Name, fmt.Sprintf("the attribute %.100q, which has a meaning where layers are overlays", attr))
		}
	}
	for element := range strings.SplitSeq(dir, "/") {
		if strings.HasPrefix(element, whiteoutPrefix) {
			a.found.Add(fnpkg.HazardWhiteout, h.Name, "a whiteout as a directory")
			break
		}
	}
}

// isUsualDevice reports whether the header is that of a device which runtimes
// provide in /dev themselves: memory devices (null, zero, random, …) and
// terminals, in the numbers of Linux (Documentation/admin-guide/devices.txt).
func isUsualDevice(h *tar.Header, name string) bool {
	if !strings.HasPrefix(name, "dev/") {
		return false
	}
	switch h.Typeflag {
	case tar.TypeFifo:
		return name == "dev/initctl"
	case tar.TypeChar:
		return h.Devmajor == 1 || h.Devmajor == 4 || h.Devmajor == 5
	case tar.TypeBlock:
		return h.Devmajor == 1 // RAM disks
	}
	return false
}

// cleanName brings a name in a layer into the form of fnpkg.Entry.Path, as
// runtimes do: relative to the image's root and never above it.
func (a *applier) cleanName(raw string) string {
	if !utf8.ValidString(raw) {
		a.found.Add(fnpkg.HazardInvalidName, raw, "a name that is not UTF-8")
	}
	if strings.ContainsFunc(raw, unicode.IsControl) {
		a.found.Add(fnpkg.HazardControlName, raw, "a control character in the name")
	}
	if strings.Contains(raw, "..") {
		for element := range strings.SplitSeq(raw, "/") {
			if element == ".." {
				a.found.Add(fnpkg.HazardParentPath, raw, `".." in the name`)
				break
			}
		}
	}
	return strings.TrimPrefix(path.Clean("/"+raw), "/")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
