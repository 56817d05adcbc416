package zipfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

// FuzzOpen holds the reader against the standard library's: an archive in
// which nothing ambiguous was found must look the same to both.
func FuzzOpen(f *testing.F) {
	for _, v := range zipvec.Vectors() {
		if !v.Large {
			f.Add(v.Bytes())
		}
	}
	benign, err := filepath.Glob(filepath.Join(vectorDir, "benign", "*.[zj]*"))
	if err != nil || len(benign) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range benign {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	limits := fnpkg.DefaultLimits()
	limits.EntryBytes, limits.TotalBytes = 1<<22, 1<<24

	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "fuzz.zip", limits)
		if err != nil {
			checkNamed(t, "opening", err)
			return
		}
		defer p.Close()
		read := checkEntries(t, p)
		if len(fnpkg.Ambiguities(p.Hazards())) == 0 {
			checkStandard(t, data, read)
		}
	})
}

// checkNamed makes sure that err is of one of the types a caller can act on.
func checkNamed(t *testing.T, doing string, err error) {
	t.Helper()
	var format *fnpkg.FormatError
	var limit *fnpkg.LimitError
	if !errors.As(err, &format) && !errors.As(err, &limit) {
		t.Fatalf("%s: %v (%T)", doing, err, err)
	}
}

// got is an entry as it was read.
type got struct {
	entry   fnpkg.Entry
	content []byte
	err     error
}

// checkEntries checks what holds of every package, and reads everything.
func checkEntries(t *testing.T, p fnpkg.Package) []got {
	t.Helper()
	var out []got
	last := ""
	for _, e := range p.Entries() {
		if e.Path < last {
			t.Fatalf("%q stands behind %q", e.Path, last)
		}
		last = e.Path
		if strings.HasPrefix(e.Path, "/") || e.Path == ".." || strings.HasPrefix(e.Path, "../") || strings.Contains(e.Path, "/../") {
			t.Fatalf("%q leaves the package", e.Path)
		}
		g := got{entry: e}
		if e.IsRegular() {
			g.content, g.err = readEntry(e)
			if g.err != nil {
				checkNamed(t, "reading", g.err)
			} else if int64(len(g.content)) != e.Size {
				t.Fatalf("%q: %d bytes, want %d", e.Path, len(g.content), e.Size)
			}
			checkRandom(t, e, g)
		}
		out = append(out, g)
	}
	return out
}

func readEntry(e fnpkg.Entry) ([]byte, error) {
	c, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return io.ReadAll(c)
}

// checkRandom makes sure that reading at random agrees with reading in order,
// on success and on failure.
func checkRandom(t *testing.T, e fnpkg.Entry, g got) {
	t.Helper()
	c, err := e.Open()
	if err != nil {
		if g.err == nil {
			t.Fatalf("%q opens only sometimes: %v", e.Path, err)
		}
		return
	}
	defer c.Close()
	half := e.Size / 2
	rest, err := io.ReadAll(io.NewSectionReader(c, half, e.Size-half))
	switch {
	case e.Size == 0: // nothing is read at random
	case (err == nil) != (g.err == nil):
		t.Fatalf("%q: in order %v, at random %v", e.Path, g.err, err)
	case err == nil && !bytes.Equal(rest, g.content[half:]):
		t.Fatalf("%q differs in order and at random", e.Path)
	}
}

// checkStandard compares what was read with what archive/zip reads.
func checkStandard(t *testing.T, data []byte, read []got) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		t.Fatalf("archive/zip does not open it: %v", err)
	}
	ours := make(map[string]got, len(read))
	for _, g := range read {
		ours[g.entry.Path] = g
	}
	seen := make(map[string]bool)
	for _, f := range z.File {
		name := strings.TrimSuffix(strings.TrimPrefix(f.Name, "./"), "/")
		if name == "" {
			continue // the root
		}
		g, ok := ours[name]
		if !ok {
			t.Fatalf("only archive/zip sees %q", f.Name)
		}
		isDir := strings.HasSuffix(f.Name, "/")
		if seen[name] && !isDir {
			t.Fatalf("archive/zip sees %q twice", f.Name)
		}
		seen[name] = true
		if isDir != g.entry.IsDir() {
			t.Fatalf("%q: a directory to one of the readers only", f.Name)
		}
		if !g.entry.IsRegular() {
			continue
		}
		if uint64(g.entry.Size) != f.UncompressedSize64 {
			t.Fatalf("%q: size %d, to archive/zip %d", f.Name, g.entry.Size, f.UncompressedSize64)
		}
		if g.err != nil {
			continue // stricter than archive/zip, as with bytes behind compressed data
		}
		r, err := f.Open()
		if err != nil {
			t.Fatalf("archive/zip does not open %q: %v", f.Name, err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("archive/zip does not read %q: %v", f.Name, err)
		}
		if !bytes.Equal(content, g.content) {
			t.Fatalf("%q: other content to archive/zip", f.Name)
		}
	}
	if len(seen) != len(ours) {
		t.Fatalf("%d entries, %d to archive/zip", len(ours), len(seen))
	}
}
