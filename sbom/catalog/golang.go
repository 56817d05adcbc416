package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/anchore/syft/syft/pkg"
	"github.com/anchore/syft/syft/pkg/cataloger/golang"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// catalogGo finds the modules Go binaries are built of: the main module, its
// dependencies and the standard library.
func catalogGo(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	all := newFiles(ctx, begin)
	chosen := map[string]fnpkg.Entry{}
	for _, i := range s.programs {
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		e := s.entries[i]
		kind, err := sniff(e)
		switch {
		case err != nil:
			r.unread = append(r.unread, unread{"golang", e.Path, err.Error()})
		case kind == goProgram:
			all.add(e.Path, func() (io.ReadCloser, error) { return e.Open() })
			chosen[e.Path] = e
		case kind == otherProgram:
			r.others++
		}
	}
	if len(all.list) == 0 {
		return r, nil
	}

	// Nothing but the binary is looked at: no module cache, no vendor folder,
	// no proxy, and no version guessed from flags or the build's commit.
	cataloger := golang.NewGoModuleBinaryCataloger(golang.CatalogerConfig{})
	var packages []pkg.Package
	var failed error
	if err := withTempDir(ctx, func(ctx context.Context) error {
		packages, _, failed = cataloger.Catalog(ctx, all)
		return ctx.Err()
	}); err != nil {
		return result{}, err
	}

	mains := map[string]string{}   // purl of the main module by binary
	parts := map[string][]string{} // purls of the other modules by binary
	for _, p := range packages {
		file := pathOf(p)
		m, ok := p.Metadata.(pkg.GolangBinaryBuildinfoEntry)
		if !ok || file == "" {
			continue
		}
		version := p.Version
		if p.Name == "stdlib" {
			version = strings.TrimPrefix(version, "go")
		}
		id, err := purl.New("golang", p.Name, version)
		if err != nil {
			r.unread = append(r.unread, unread{"golang", file, err.Error()})
			continue
		}
		f := find{
			purl: id, path: file, origin: fnpkg.OriginShipped, confidence: 1,
			licenses: licensesOf(p), foundBy: "go-module-binary",
		}
		if p.Name == m.MainModule {
			// The binary is this one component as a file.
			if f.sha256, f.sha512, err = hashes(ctx, chosen[file]); err != nil {
				return result{}, err
			}
			mains[file] = id.Text
		} else {
			parts[file] = append(parts[file], id.Text)
		}
		r.finds = append(r.finds, f)
	}
	for file, modules := range parts {
		for _, id := range modules {
			r.edges = append(r.edges, fnpkg.Edge{From: mains[file], To: id})
		}
	}
	for file := range chosen {
		if mains[file] == "" && len(parts[file]) == 0 {
			reason := "its build information cannot be read"
			if failed != nil && strings.Contains(failed.Error(), "UPX") {
				reason = "it is packed in a way that cannot be unpacked"
			}
			r.unread = append(r.unread, unread{"golang", file, reason})
			continue
		}
		r.programs++
	}
	return r, nil
}

// programKind is what the bytes of a file say about how it was made.
type programKind int

const (
	noProgram    programKind = iota
	goProgram                // an executable or library with Go's build information, or one packed by UPX
	otherProgram             // any other executable or library
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

// sniff reads the first bytes of a file and, of an executable, as much as it
// takes to know whether Go built it. Native libraries in Python wheels are
// large, and to parse one means to hold all of it in memory; to search it does
// not.
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
	for first := true; ; first = false {
		m, err := io.ReadFull(c, buf[n:])
		window := buf[:n+m]
		if bytes.Contains(window, buildInfoMagic) || first && bytes.Contains(window[:min(len(window), 8<<10)], []byte("UPX!")) {
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

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// hashes returns sha256 and sha512 of an entry in hexadecimal.
func hashes(ctx context.Context, e fnpkg.Entry) (sum256, sum512 string, err error) {
	if err := ctx.Err(); err != nil {
		return "", "", err
	}
	c, err := e.Open()
	if err != nil {
		return "", "", err
	}
	defer c.Close()
	return hashContent(c)
}

func hashContent(r io.Reader) (sum256, sum512 string, err error) {
	h256, h512 := sha256.New(), sha512.New()
	if _, err := io.Copy(io.MultiWriter(h256, h512), r); err != nil {
		return "", "", err
	}
	return hex.EncodeToString(h256.Sum(nil)), hex.EncodeToString(h512.Sum(nil)), nil
}
