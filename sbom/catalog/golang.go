package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"runtime/debug"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

const goFoundBy = "go-module-binary"

// catalogGo finds the modules Go binaries are built of: the main module, its
// dependencies and the standard library.
func catalogGo(ctx context.Context, s *survey, begin func()) (result, error) {
	results := make([]result, len(s.programs))
	err := each(ctx, len(s.programs), func(ctx context.Context, i int) error {
		e := s.entries[s.programs[i]]
		begin()
		if known, ok := getShared[result](s.shared, "program", e); ok {
			results[i] = known
			return nil
		}
		results[i].unhashed = s.unhashed
		if err := results[i].addProgram(ctx, e); err != nil {
			if cerr := ctx.Err(); cerr != nil {
				return cerr
			}
			results[i].unread = append(results[i].unread, unread{"golang", e.Path, err.Error()})
			return nil
		}
		putShared(s.shared, "program", e, results[i])
		return nil
	})
	return join(results), err
}

// addProgram adds the modules of one file, if it is a Go binary.
func (r *result) addProgram(ctx context.Context, e fnpkg.Entry) error {
	p, err := readProgram(ctx, e, !r.unhashed)
	if err != nil {
		return err
	}
	switch p.kind {
	case noProgram:
		return nil
	case otherProgram:
		known, err := r.addNative(ctx, e)
		if err != nil {
			r.unread = append(r.unread, unread{"generic", e.Path, err.Error()})
		}
		if !known {
			r.others++
		}
		return nil
	case packedProgram:
		r.others++
		r.unread = append(r.unread, unread{"generic", e.Path, "it is packed with UPX: unpack it (upx -d) to see what it is made of"})
		return nil
	case strippedGoProgram:
		return errors.New("it was built by Go, and its build information was removed")
	}
	r.programs++
	info, err := debug.ParseBuildInfo(p.info.modules)
	if err != nil {
		return fmt.Errorf("its build information cannot be read: %w", err)
	}
	if p.sha256 == "" && !r.unhashed {
		if p.sha256, p.sha512, err = hashEntry(e); err != nil {
			return err
		}
	}
	r.addModules(e.Path, p, info)
	if p.info.modules == "" {
		r.unread = append(r.unread, unread{"golang", e.Path, "its build information names no modules"})
	}
	return nil
}

// addModules adds what build information names. The main module depends on all
// the others; which of them depend on each other it does not say.
func (r *result) addModules(file string, p program, info *debug.BuildInfo) {
	add := func(name, version string) (id string) {
		u, err := purl.New("golang", name, version)
		if err != nil {
			r.unread = append(r.unread, unread{"golang", file, err.Error()})
			return ""
		}
		r.finds = append(r.finds, find{purl: u, path: file, origin: fnpkg.OriginShipped, confidence: 1, foundBy: goFoundBy, about: about{source: moduleSource(name)}})
		return u.Text
	}
	main := ""
	// A program built from files instead of a package has no module of its own.
	if name, version := shippedModule(&info.Main); name != "" && name != "command-line-arguments" {
		if main = add(name, version); main != "" {
			// The binary is this one component as a file.
			f := &r.finds[len(r.finds)-1]
			f.sha256, f.sha512 = p.sha256, p.sha512
		}
	}
	begin := len(r.finds)
	for _, m := range info.Deps {
		add(shippedModule(m))
	}
	if add("stdlib", goRelease(p.info.version)) != "" {
		std := &r.finds[len(r.finds)-1]
		std.licenses = []fnpkg.License{{Expression: "BSD-3-Clause"}}
		std.about = about{producer: fnpkg.Party{Name: "The Go Authors", URL: "https://go.dev"}, source: "https://go.googlesource.com/go"}
	}
	for _, f := range r.finds[begin:] {
		r.edges = append(r.edges, fnpkg.Edge{From: main, To: f.purl.Text})
	}
}

// shippedModule returns the module that is in the binary: the one that
// replaces m if there is one. A folder that replaces it has no path and no
// version to be known by, so it is m without one.
func shippedModule(m *debug.Module) (name, version string) {
	const unknown = "(devel)"
	name, version = m.Path, m.Version
	if by := m.Replace; by != nil {
		version = by.Version
		if !isFolder(by.Path) {
			name = by.Path
		}
	}
	if version == unknown {
		version = ""
	}
	return name, version
}

// isFolder reports whether the path that replaces a module is one of a file
// system, as go.mod tells them apart.
func isFolder(p string) bool {
	return strings.HasPrefix(p, ".") || strings.HasPrefix(p, "/") || strings.Contains(p, `\`) || len(p) > 1 && p[1] == ':'
}

// goRelease returns the release of Go, of which the standard library is part,
// or nothing for a version between releases.
func goRelease(version string) string {
	version, _, _ = strings.Cut(version, " ") // experiments
	release, _ := strings.CutPrefix(version, "go")
	if release == version {
		return ""
	}
	return release
}

// programKind is what the bytes of a file say about how it was made.
type programKind int

const (
	noProgram         programKind = iota
	otherProgram                  // an executable or library without sign of Go
	goProgram                     // one with Go's build information
	strippedGoProgram             // one of Go's without it
	packedProgram                 // one that unpacks itself when it is run
)

// program is what one pass over a file brings.
type program struct {
	kind           programKind
	info           buildInfo
	sha256, sha512 string // set only where the file was read to its end
}

const (
	// pieceSize is how much of a file is read at a time. The headers of an
	// executable lie within the first piece.
	pieceSize = 256 << 10

	// oldProgramLimit bounds programs built before Go 1.18, which have to be
	// held in memory.
	oldProgramLimit = 256 << 20
)

// goTextMark begins the code of a program with a build id, which is most of
// what Go builds.
var goTextMark = []byte("\xff Go build ID: \"")

// readProgram reads a file once, from front to back, and holds one piece of it
// at a time. A file that is no program is left after its first bytes, and a
// library as soon as it cannot be Go's.
func readProgram(ctx context.Context, e fnpkg.Entry, hashed bool) (program, error) {
	c, err := e.Open()
	if err != nil {
		return program{}, err
	}
	defer c.Close()

	piece := make([]byte, 4, pieceSize)
	if _, err := io.ReadFull(c, piece); err != nil {
		return program{}, ignoreEnd(err)
	}
	if !isProgram(piece) {
		return program{}, nil
	}
	n, err := io.ReadFull(c, piece[4:cap(piece)])
	if ignoreEnd(err) != nil {
		return program{}, err
	}
	piece = piece[:4+n]

	p := program{kind: otherProgram}
	switch {
	case bytes.Contains(piece[:min(len(piece), 4<<10)], []byte("UPX!")):
		p.kind = packedProgram
	case bytes.Contains(piece, goTextMark):
		p.kind = strippedGoProgram
	}
	data := writableData(piece)
	library := isLibrary(e.Path)
	doubt := library && e.Size > pieceSize
	if doubt && !mayBeGoLibrary(piece) {
		return p, nil
	}
	var search buildInfoSearch
	var hashes *hashing
	if !library && hashed {
		hashes = startHashing()
		defer hashes.stop()
	}
	for len(piece) > 0 {
		if err := ctx.Err(); err != nil {
			return program{}, err
		}
		next := piece
		if hashes != nil {
			next = hashes.write(piece)
		}
		_, _ = search.Write(piece)
		if doubt = doubt && !hasGoLibraryMark(piece); doubt && search.offset >= goMarksWithin {
			return p, nil
		}
		n, err := io.ReadFull(c, next[:cap(next)])
		if ignoreEnd(err) != nil {
			return program{}, err
		}
		piece = next[:n]
	}

	info, ok := search.best(data)
	if !ok && search.pointers {
		info, ok = readOldBuildInfo(c, e.Size)
	}
	if ok {
		p.kind, p.info = goProgram, info
		if hashes != nil {
			p.sha256, p.sha512 = hashes.sums()
		}
	}
	return p, nil
}

// isLibrary reports whether a file goes by the name of a native library.
func isLibrary(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".so", ".node", ".dylib", ".dll":
		return true
	}
	return strings.Contains(path.Base(name), ".so.")
}

// Native libraries in Python wheels and npm packages are large and many, and
// hardly ever Go's. What Go builds as a library keeps the current goroutine in
// thread-local storage, brings the runtime's data, and has among its names C's
// way into Go, or else Go's note with the build id; linkers put both at the
// beginning of the file.
const (
	// smallestGoData is below what the Go runtime alone brings of data that is
	// written to or relocated: 200 kilobytes in Go 1.26.
	smallestGoData = 64 << 10

	goMarksWithin = 2 << 20
)

// mayBeGoLibrary reports whether a library with these first bytes may be Go's,
// by its headers.
func mayBeGoLibrary(head []byte) bool {
	h, ok := readELFHeader(head)
	if !ok {
		return true
	}
	local, data := false, int64(0)
	for _, s := range h.segments {
		switch {
		case s.kind == elfTLS:
			local = true
		case s.kind == elfLoad && s.flags&elfWritable != 0:
			data += s.size()
		}
	}
	return local && data >= smallestGoData
}

// hasGoLibraryMark reports whether a part of a library has a name that only
// Go's have, or the note of a build id, of either byte order.
func hasGoLibraryMark(piece []byte) bool {
	for _, mark := range []string{"_cgo_", "crosscall", "\x04\x00\x00\x00Go\x00\x00", "\x00\x00\x00\x04Go\x00\x00"} {
		if bytes.Contains(piece, []byte(mark)) {
			return true
		}
	}
	return false
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// fileHashes are the hashes a component gets that is one file.
type fileHashes struct{ h256, h512 hash.Hash }

func newFileHashes() fileHashes { return fileHashes{sha256.New(), sha512.New()} }

// apart is how much is hashed on two processors rather than one.
const apart = 16 << 10

// Write never fails.
func (h fileHashes) Write(b []byte) (int, error) {
	if len(b) < apart {
		h.h256.Write(b)
		return h.h512.Write(b)
	}
	done := make(chan struct{})
	go func() {
		h.h256.Write(b)
		close(done)
	}()
	h.h512.Write(b)
	<-done
	return len(b), nil
}

// sums returns both in hexadecimal.
func (h fileHashes) sums() (sum256, sum512 string) {
	return hex.EncodeToString(h.h256.Sum(nil)), hex.EncodeToString(h.h512.Sum(nil))
}

// hashing hashes pieces of a file while the next are being read.
type hashing struct {
	pieces chan []byte
	free   chan []byte
	done   chan struct{}
	hashes fileHashes
	closed bool
}

func startHashing() *hashing {
	h := &hashing{
		pieces: make(chan []byte, 1),
		free:   make(chan []byte, 2),
		done:   make(chan struct{}),
		hashes: newFileHashes(),
	}
	h.free <- make([]byte, 0, pieceSize)
	h.free <- make([]byte, 0, pieceSize)
	go func() {
		defer close(h.done)
		for piece := range h.pieces {
			_, _ = h.hashes.Write(piece)
			h.free <- piece
		}
	}()
	return h
}

// write hands a piece over, which may still be read, and returns memory for the
// next.
func (h *hashing) write(piece []byte) []byte {
	h.pieces <- piece
	return <-h.free
}

// stop waits until all pieces are hashed.
func (h *hashing) stop() {
	if !h.closed {
		h.closed = true
		close(h.pieces)
		<-h.done
	}
}

func (h *hashing) sums() (sum256, sum512 string) {
	h.stop()
	return h.hashes.sums()
}

// hashContent returns sha256 and sha512 in hexadecimal.
func hashContent(r io.Reader) (sum256, sum512 string, err error) {
	h := newFileHashes()
	if _, err := io.Copy(h, r); err != nil {
		return "", "", err
	}
	sum256, sum512 = h.sums()
	return sum256, sum512, nil
}

func hashEntry(e fnpkg.Entry) (sum256, sum512 string, err error) {
	c, err := e.Open()
	if err != nil {
		return "", "", err
	}
	defer c.Close()
	return hashContent(c)
}
