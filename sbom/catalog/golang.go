package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/anchore/syft/syft/pkg"
	"github.com/anchore/syft/syft/pkg/cataloger/golang"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// catalogGo finds the modules Go binaries are built of: the main module, its
// dependencies and the standard library.
func catalogGo(ctx context.Context, s *survey, tmp *scratch, begin func()) (result, error) {
	results := make([]result, len(s.programs))
	err := each(ctx, len(s.programs), func(ctx context.Context, i int) error {
		e := s.entries[s.programs[i]]
		begin()
		if err := results[i].addProgram(ctx, e, tmp); err != nil {
			if cerr := ctx.Err(); cerr != nil {
				return cerr
			}
			results[i].unread = append(results[i].unread, unread{"golang", e.Path, err.Error()})
		}
		return nil
	})
	return join(results), err
}

// addProgram adds the modules of one file, if it is a Go binary.
func (r *result) addProgram(ctx context.Context, e fnpkg.Entry, tmp *scratch) error {
	kind, err := sniff(e)
	if err != nil || kind == noProgram {
		return err
	}
	if kind == otherProgram {
		r.others++
		return nil
	}
	content, err := e.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	if ctx, err = tmp.in(ctx); err != nil {
		return err
	}

	// Nothing but the binary is looked at: no module cache, no vendor folder,
	// no proxy, and no version guessed from flags or the build's commit.
	all := newFiles(ctx, func() {})
	all.add(e.Path, func() (io.ReadCloser, error) { return keepOpen{content}, nil })
	packages, _, err := golang.NewGoModuleBinaryCataloger(golang.CatalogerConfig{}).Catalog(ctx, all)
	if cerr := ctx.Err(); cerr != nil {
		return cerr
	}
	if len(packages) == 0 {
		switch {
		case kind == mayBeGoProgram && err == nil:
			r.others++
			return nil
		case err != nil && strings.Contains(err.Error(), "UPX"):
			return errors.New("it is packed in a way that cannot be unpacked")
		}
		return errors.New("its build information cannot be read")
	}
	r.programs++

	main := ""
	for _, p := range packages {
		m, ok := p.Metadata.(pkg.GolangBinaryBuildinfoEntry)
		if !ok {
			continue
		}
		version := p.Version
		if p.Name == "stdlib" {
			version = strings.TrimPrefix(version, "go")
		}
		id, err := purl.New("golang", p.Name, version)
		if err != nil {
			r.unread = append(r.unread, unread{"golang", e.Path, err.Error()})
			continue
		}
		f := find{
			purl: id, path: e.Path, origin: fnpkg.OriginShipped, confidence: 1,
			licenses: licensesOf(p), foundBy: "go-module-binary",
		}
		if p.Name == m.MainModule {
			// The binary is this one component as a file.
			if f.sha256, f.sha512, err = hashContent(io.NewSectionReader(content, 0, e.Size)); err != nil {
				return err
			}
			main = id.Text
		}
		r.finds = append(r.finds, f)
	}
	for _, f := range r.finds {
		r.edges = append(r.edges, fnpkg.Edge{From: main, To: f.purl.Text})
	}
	return nil
}

// keepOpen is content that is closed by whoever opened it.
type keepOpen struct{ fnpkg.Content }

func (keepOpen) Close() error { return nil }

// programKind is what the bytes of a file say about how it was made.
type programKind int

const (
	noProgram      programKind = iota
	otherProgram               // an executable or library without Go's build information
	goProgram                  // one with it
	mayBeGoProgram             // an executable too likely Go's to be searched first
)

// The first bytes of executables: ELF, PE, Mach-O of either order and size,
// and the universal binary that holds several.
var programMagic = [][]byte{
	[]byte("\x7fELF"), []byte("MZ"),
	[]byte("\xfe\xed\xfa\xce"), []byte("\xfe\xed\xfa\xcf"),
	[]byte("\xce\xfa\xed\xfe"), []byte("\xcf\xfa\xed\xfe"),
	[]byte("\xca\xfe\xba\xbe"),
}

// buildInfoMagic begins Go's build information (debug/buildinfo).
var buildInfoMagic = []byte("\xff Go buildinf:")

// sniff reads the first bytes of a file and, of a library, as much as it takes
// to know whether Go built it: native libraries in Python wheels and npm
// packages are large and many, and to parse one means to hold all of it in
// memory; to search it does not. Programs are few, and most are Go's.
func sniff(e fnpkg.Entry) (programKind, error) {
	c, err := e.Open()
	if err != nil {
		return noProgram, err
	}
	defer c.Close()
	buf := make([]byte, 64<<10)
	n, err := io.ReadFull(c, buf[:4])
	if err != nil {
		return noProgram, ignoreEnd(err)
	}
	if !isProgram(buf[:n]) {
		return noProgram, nil
	}
	if !isLibrary(e.Path) {
		return mayBeGoProgram, nil
	}
	for {
		m, err := io.ReadFull(c, buf[n:])
		window := buf[:n+m]
		if bytes.Contains(window, buildInfoMagic) {
			return goProgram, nil
		}
		if err != nil {
			return otherProgram, ignoreEnd(err)
		}
		// The magic may lie across two windows.
		n = copy(buf, window[len(window)-len(buildInfoMagic):])
	}
}

func isProgram(head []byte) bool {
	for _, magic := range programMagic {
		if bytes.HasPrefix(head, magic) {
			return true
		}
	}
	return false
}

func isLibrary(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".so", ".node", ".dylib", ".dll":
		return true
	}
	return strings.Contains(path.Base(name), ".so.")
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// hashContent returns sha256 and sha512 in hexadecimal.
func hashContent(r io.Reader) (sum256, sum512 string, err error) {
	h256, h512 := sha256.New(), sha512.New()
	if _, err := io.Copy(io.MultiWriter(h256, h512), r); err != nil {
		return "", "", err
	}
	return hex.EncodeToString(h256.Sum(nil)), hex.EncodeToString(h512.Sum(nil)), nil
}
