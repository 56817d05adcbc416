package catalog

import (
	"bytes"
	"compress/zlib"
	"context"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// noteLimit bounds what an executable says about its own origin, unpacked.
const noteLimit = 16 << 20

// addNative adds what an executable that is not Go's says of what it was made
// of: a list of crates (cargo-auditable), the list in a .NET application of one
// file, a distribution's package note. It reports whether there was any.
//
// Libraries are not asked: there are many in a package of native extensions,
// and to reach their sections all of each has to be unpacked.
func (r *result) addNative(ctx context.Context, e fnpkg.Entry) (bool, error) {
	if isLibrary(e.Path) {
		return false, nil
	}
	c, err := e.Open()
	if err != nil {
		return false, err
	}
	defer c.Close()

	crates, note, err := originSections(c)
	if err != nil {
		return false, nil // not an executable after all, or a damaged one
	}
	known := false
	if crates != nil {
		if err := r.addCrates(e, crates); err != nil {
			return false, fmt.Errorf("its list of crates (.dep-v0): %w", err)
		}
		known = true
	}
	if note != nil && r.addPackageNote(e.Path, note) == nil {
		known = true
	}
	if known {
		return true, nil
	}
	deps, err := dotnetBundle(ctx, c, e.Size)
	if err != nil || deps == nil {
		return false, err
	}
	r.dotnet++
	// The bundle holds the files its list names.
	return true, r.addDeps(deps, e.Path, "dotnet-single-file", func(string) (fnpkg.Entry, bool) { return fnpkg.Entry{}, true })
}

// originSections returns the content of the sections that tell an executable's
// origin, nil for those it does not have.
func originSections(c io.ReaderAt) (crates, note []byte, err error) {
	const auditable = ".dep-v0"
	var magic [4]byte
	if _, err := c.ReadAt(magic[:], 0); err != nil {
		return nil, nil, err
	}
	data := func(size uint64, read func() ([]byte, error)) ([]byte, error) {
		if size > noteLimit {
			return nil, &fnpkg.LimitError{What: "bytes of a section", Limit: noteLimit, Got: int64(size)}
		}
		return read()
	}
	switch {
	case string(magic[:]) == elf.ELFMAG:
		f, err := elf.NewFile(c)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range f.Sections {
			switch s.Name {
			case auditable:
				crates, err = data(s.Size, s.Data)
			case ".note.package":
				note, err = data(s.Size, s.Data)
				note = noteText(note, f.ByteOrder)
			}
			if err != nil {
				return nil, nil, err
			}
		}
	case string(magic[:2]) == "MZ":
		f, err := pe.NewFile(c)
		if err != nil {
			return nil, nil, err
		}
		if s := f.Section(auditable); s != nil {
			if crates, err = data(uint64(s.Size), s.Data); err != nil {
				return nil, nil, err
			}
		}
	default:
		f, err := macho.NewFile(c)
		if err != nil {
			return nil, nil, err
		}
		if s := f.Section(auditable); s != nil {
			if crates, err = data(s.Size, s.Data); err != nil {
				return nil, nil, err
			}
		}
	}
	return crates, note, nil
}

// noteText returns the text in the first note of a section, of the kind the
// "Package Metadata for Executable Files" specification defines; nil if it is
// another.
func noteText(note []byte, order binary.ByteOrder) []byte {
	const kind = 0xcafe1a7e
	if len(note) < 16 || order.Uint32(note[8:]) != kind || string(note[12:16]) != "FDO\x00" {
		return nil
	}
	length := order.Uint32(note[4:])
	if uint64(length) > uint64(len(note)-16) {
		return nil
	}
	return bytes.TrimRight(note[16:][:length], "\x00")
}

// crate is one package in the list cargo-auditable embeds.
type crate struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Kind    string `json:"kind"` // "build" for what only the build needs; none for the rest
	Needs   []int  `json:"dependencies"`
	Root    bool   `json:"root"`
}

// parseCrates reads a .dep-v0 section: JSON, compressed by zlib.
func parseCrates(section []byte) ([]crate, error) {
	z, err := zlib.NewReader(bytes.NewReader(section))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(z, noteLimit+1))
	if err != nil {
		return nil, err
	}
	if len(text) > noteLimit {
		return nil, &fnpkg.LimitError{What: "bytes of it", Limit: noteLimit, Got: int64(len(text))}
	}
	var list struct {
		Packages []crate `json:"packages"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	if len(list.Packages) == 0 {
		return nil, errors.New("it names no packages")
	}
	for _, p := range list.Packages {
		for _, n := range p.Needs {
			if n < 0 || n >= len(list.Packages) {
				return nil, errors.New("a dependency is not in the list")
			}
		}
	}
	return list.Packages, nil
}

// addCrates adds the crates a program is built of. Those only its build needed
// are not in it.
func (r *result) addCrates(e fnpkg.Entry, section []byte) error {
	list, err := parseCrates(section)
	if err != nil {
		return err
	}
	ids := make([]string, len(list))
	for i, c := range list {
		if c.Kind == "build" {
			continue
		}
		id, err := purl.New("cargo", c.Name, c.Version)
		if err != nil {
			r.unread = append(r.unread, unread{"cargo", e.Path, err.Error()})
			continue
		}
		ids[i] = id.Text
		f := find{purl: id, path: e.Path, origin: fnpkg.OriginShipped, confidence: 1, foundBy: "cargo-auditable-binary"}
		if c.Root && !r.unhashed {
			// The binary is this one component as a file.
			if f.sha256, f.sha512, err = hashEntry(e); err != nil {
				return err
			}
		}
		r.finds = append(r.finds, f)
	}
	for i, c := range list {
		for _, n := range c.Needs {
			if ids[i] != "" && ids[n] != "" {
				r.edges = append(r.edges, fnpkg.Edge{From: ids[i], To: ids[n]})
			}
		}
	}
	r.crates++
	return nil
}

// errNoNote is returned for a package note that names no package.
var errNoNote = errors.New("the package note names no package")

// addPackageNote adds the package of a distribution that an executable says it
// is from.
func (r *result) addPackageNote(file string, content []byte) error {
	var n struct {
		Type    text `json:"type"`
		Name    text `json:"name"`
		Version text `json:"version"`
		Arch    text `json:"architecture"`
		OS      text `json:"os"`
		Release text `json:"osVersion"`
	}
	if err := json.Unmarshal(content, &n); err != nil {
		return err
	}
	if n.Name == "" {
		return errNoNote
	}
	var id purl.Purl
	var err error
	switch n.Type {
	case "rpm", "deb", "apk":
		p := osPackage{typ: string(n.Type), name: string(n.Name), version: string(n.Version), arch: string(n.Arch)}
		id, err = p.purl(distribution{id: strings.ToLower(string(n.OS)), release: string(n.Release)})
	case "alpm":
		id, err = purl.Parse("pkg:alpm/" + url.PathEscape(string(n.OS)) + "/" + url.PathEscape(string(n.Name)) + "@" + url.QueryEscape(string(n.Version)))
	default:
		id, err = purl.New("generic", string(n.Name), string(n.Version))
	}
	if err != nil {
		return err
	}
	r.finds = append(r.finds, find{
		purl: id, path: file, origin: fnpkg.OriginShipped, confidence: 0.9, foundBy: "elf-package-note",
	})
	return nil
}

// dotnetMark stands behind the offset of the bundle's header in a .NET host
// (bundle_marker.c): the sha256 of ".net core bundle" and a line feed.
const dotnetMark = "\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32\x13\xf5\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae"

// dotnetBundle returns the deps.json in a .NET application published as a
// single file, and nil for other programs. The header (bundle version 2 and
// later, .NET 5) says where it is:
//
//	major, minor version, number of files  three int32
//	id                                     length in one or two bytes, text
//	offset and size of deps.json           two int64
func dotnetBundle(ctx context.Context, c io.ReaderAt, size int64) ([]byte, error) {
	const piece = 1 << 20
	buf := make([]byte, piece)
	header := int64(0)
	for at := int64(0); at < size && header == 0; at += piece - 64 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := c.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if i := bytes.Index(buf[:n], []byte(dotnetMark)); i >= 8 {
			if header = int64(binary.LittleEndian.Uint64(buf[i-8:])); header == 0 {
				return nil, nil // a host without a bundle
			}
		}
	}
	if header <= 0 || header >= size {
		return nil, nil
	}
	head := make([]byte, 512)
	n, err := c.ReadAt(head, header)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	damaged := errors.New("the header of its .NET bundle is damaged")
	if head = head[:n]; len(head) < 14 {
		return nil, damaged
	}
	if binary.LittleEndian.Uint32(head) < 2 {
		return nil, errors.New("its .NET bundle is of a version before .NET 5")
	}
	head = head[12:]
	length := int(head[0] & 0x7f)
	rest := head[1:]
	if head[0] >= 0x80 {
		length |= int(rest[0]&0x7f) << 7
		rest = rest[1:]
	}
	if length+16 > len(rest) {
		return nil, damaged
	}
	offset, bytes := int64(binary.LittleEndian.Uint64(rest[length:])), int64(binary.LittleEndian.Uint64(rest[length+8:]))
	if bytes == 0 {
		return nil, errors.New("its .NET bundle has no deps.json")
	}
	if offset < 0 || bytes < 0 || offset > size || bytes > size-offset || bytes > lockLimit {
		return nil, damaged
	}
	deps := make([]byte, bytes)
	if _, err := c.ReadAt(deps, offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return deps, nil
}
