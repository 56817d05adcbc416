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
	f.Fuzz(checkArchive)
}

// FuzzEdited is FuzzOpen with archives that are laid out soundly and then
// edited field by field, which reaches deeper than flipped bytes: each four
// bytes of input name an entry, a field and a value.
func FuzzEdited(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 1, 0, 1, 20, 9, 0})
	f.Add([]byte{0, 12, 1, 0, 1, 13, 0xff, 0xff, 2, 30, 0, 0})
	f.Add([]byte{3, 26, 0, 0, 3, 24, 1, 0, 0, 31, 2, 1})
	f.Fuzz(func(t *testing.T, edits []byte) {
		checkArchive(t, edited(edits).Bytes())
	})
}

// edited returns a sound archive after the edits.
func edited(edits []byte) zipvec.Archive {
	text := "def handler(event, context):\n    return 'ok'\n"
	a := zipvec.Zip(
		zipvec.File("index.py", text),
		zipvec.Deflated("lib/a.py", zipvec.StoredBlock([]byte(text), true), []byte(text)).WithDescriptor(),
		zipvec.Dir("lib/"),
		zipvec.Link("lib/link", "a.py"),
		zipvec.File("zero", "").WithDescriptor(),
		zipvec.Deflated("zeros", zipvec.Zeros(1000), make([]byte, 1000)),
	)
	names := []string{"index.py", "lib", "lib/", "INDEX.py", "./zero", "../x", "", "a\\b", "lib/a.py/b"}
	var end []func(*zipvec.End)
	var end64 []func(*zipvec.End64)
	for ; len(edits) >= 4; edits = edits[4:] {
		e := &a.Entries[int(edits[0])%len(a.Entries)]
		small, high := edits[2], edits[3]
		value := uint16(small) | uint16(high)<<8
		wide := uint32(value)
		if value >= 0xff00 {
			wide |= 0xffff0000 // reach the values that refer to zip64
		}
		bytes8 := make([]byte, 8)
		bytes8[0], bytes8[1], bytes8[7] = small, high&1, high>>7
		name := names[int(small)%len(names)]
		headers := []*zipvec.Header{&e.Local, &e.Central}
		if high&1 != 0 {
			headers = headers[1:]
		}
		for _, h := range headers {
			switch edits[1] % 40 {
			case 0:
				h.Name = name
			case 1:
				h.Flags ^= 1 << (small % 16)
			case 2:
				h.Method = value % 14
			case 3:
				h.CRC += wide
			case 4:
				h.Compressed = wide
			case 5:
				h.Size = wide
			case 6:
				h.Extra = append(h.Extra, 1, 0, 8, 0)
				h.Extra = append(h.Extra, bytes8...)
			case 7:
				h.Extra = append(h.Extra, 'u', 'p', small, 0, 1, 0, 0, 0, 0)
				h.Extra = append(h.Extra, name...)
			case 8:
				h.Extra = append(h.Extra, small, high)
			case 9:
				h.Attributes = wide << 16
			case 10:
				h.Creator = small
			case 11:
				h.Disk = value
			case 12:
				h.OffsetShift = int64(int8(small))
			case 13:
				h.OffsetShift = int64(wide)
			}
		}
		switch edits[1] % 40 {
		case 20:
			e.Before = make([]byte, small)
		case 21:
			e.Body = append(e.Body, small, high)
		case 22:
			e.Body = e.Body[:int(small)%(len(e.Body)+1)]
		case 23:
			e.Descriptor = append(e.Descriptor, small, high)
		case 24:
			e.Descriptor = e.Descriptor[:int(small)%(len(e.Descriptor)+1)]
		case 25:
			e.Hide = !e.Hide
		case 26:
			*e = e.WithDescriptor()
		case 27:
			a.Prefix = make([]byte, small)
			a.Uncounted = high&1 != 0
		case 28:
			a.BeforeDir = make([]byte, small)
		case 29:
			a.InDir = make([]byte, small)
		case 30:
			a.BeforeEnd = make([]byte, small)
		case 31:
			a.Zip64 = true
		case 32:
			end64 = append(end64, func(r *zipvec.End64) { r.Entries += uint64(int8(small)) })
		case 33:
			end64 = append(end64, func(r *zipvec.End64) { r.LocatorShift = int64(int8(small)) })
		case 34:
			end64 = append(end64, func(r *zipvec.End64) { r.DirOffset += uint64(int8(small)); r.DirSize -= uint64(int8(high)) })
		case 35:
			end = append(end, func(r *zipvec.End) { r.Entries, r.EntriesHere = value, value })
		case 36:
			end = append(end, func(r *zipvec.End) { r.DirSize += uint32(int8(small)) })
		case 37:
			end = append(end, func(r *zipvec.End) { r.DirOffset += uint32(int8(small)) })
		case 38:
			end = append(end, func(r *zipvec.End) { r.Comment = strings.Repeat("PK\x05\x06", int(high)%9) })
		case 39:
			a.Trailer = make([]byte, small)
		}
	}
	a.EditEnd = func(r *zipvec.End) {
		for _, edit := range end {
			edit(r)
		}
	}
	a.EditEnd64 = func(r *zipvec.End64) {
		for _, edit := range end64 {
			edit(r)
		}
	}
	return a
}

// checkArchive checks the property of FuzzOpen.
func checkArchive(t *testing.T, data []byte) {
	limits := fnpkg.DefaultLimits()
	limits.EntryBytes, limits.TotalBytes = 1<<22, 1<<24
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
