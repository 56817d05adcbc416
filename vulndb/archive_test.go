package vulndb

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readAll reads an archive's records as Update does.
func readAll(data []byte, limits Limits) (map[string]string, error) {
	a, err := openArchive(bytes.NewReader(data), int64(len(data)), limits)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string)
	var inflate inflater
	for m, err := range a.all() {
		if err != nil {
			return nil, err
		}
		if !m.isRecord() {
			continue
		}
		raw, _, err := a.raw(m, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		text, err := inflate.text(m, raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		out[m.name] = string(text)
	}
	return out, nil
}

// TestArchiveAgainstStandardLibrary: both readers find the same in real
// archives.
func TestArchiveAgainstStandardLibrary(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sampleFeed, "*", archiveName))
	if err != nil || len(paths) < 4 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(data, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		want := make(map[string]string)
		for _, f := range z.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			want[f.Name] = string(text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-standard library +ours):\n%s", path, diff)
		}
	}
}

func TestArchiveForms(t *testing.T) {
	make := func(f func(z *zip.Writer)) []byte {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		f(z)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	add := func(z *zip.Writer, h zip.FileHeader, text string) {
		w, err := z.CreateHeader(&h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		data []byte
		want map[string]string
	}{
		{"stored", make(func(z *zip.Writer) { add(z, zip.FileHeader{Name: "a.json", Method: zip.Store}, "{}") }), map[string]string{"a.json": "{}"}},
		{"empty member", make(func(z *zip.Writer) { add(z, zip.FileHeader{Name: "a.json", Method: zip.Deflate}, "") }), map[string]string{"a.json": ""}},
		{"long extra fields", make(func(z *zip.Writer) {
			extra := append(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, 0x9999), 500), bytes.Repeat([]byte{0}, 500)...)
			add(z, zip.FileHeader{Name: "a.json", Method: zip.Deflate, Extra: extra}, "{}")
		}), map[string]string{"a.json": "{}"}},
		{"folders and other files", make(func(z *zip.Writer) {
			add(z, zip.FileHeader{Name: "d/"}, "")
			add(z, zip.FileHeader{Name: "README.md"}, "x")
			add(z, zip.FileHeader{Name: "d/a.json"}, "{}")
		}), map[string]string{"d/a.json": "{}"}},
		{"a comment", make(func(z *zip.Writer) {
			add(z, zip.FileHeader{Name: "a.json", Comment: "member"}, "{}")
			if err := z.SetComment(strings.Repeat("c", 60000)); err != nil {
				t.Fatal(err)
			}
		}), map[string]string{"a.json": "{}"}},
		{"no members", make(func(*zip.Writer) {}), map[string]string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readAll(test.data, DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("more members than 65535 (zip64)", func(t *testing.T) {
		data := make(func(z *zip.Writer) {
			for i := range 70_000 {
				add(z, zip.FileHeader{Name: fmt.Sprintf("%d.json", i), Method: zip.Store}, "{}")
			}
		})
		got, err := readAll(data, DefaultLimits())
		if err != nil || len(got) != 70_000 {
			t.Errorf("%d members, %v", len(got), err)
		}
	})
}

func TestHostileArchives(t *testing.T) {
	good := zipOf(t, map[string]string{"a.json": `{"id":"A-1"}`, "b.json": `{"id":"B-1","x":"` + strings.Repeat("y", 500) + `"}`})
	end := bytes.LastIndex(good, []byte("PK\x05\x06"))
	dir := bytes.Index(good, []byte("PK\x01\x02"))
	edit := func(at int, values ...byte) []byte {
		data := bytes.Clone(good)
		copy(data[at:], values)
		return data
	}
	limits := func(f func(*Limits)) Limits {
		l := DefaultLimits()
		f(&l)
		return l
	}
	tests := []struct {
		name   string
		data   []byte
		limits Limits
		want   string // a part of the error
	}{
		{"nothing", nil, DefaultLimits(), "no end record"},
		{"HTML", []byte("\n<!DOCTYPE html><html></html>"), DefaultLimits(), "HTML"},
		{"a long page", []byte("<html>" + strings.Repeat("x", 100_000)), DefaultLimits(), "HTML"},
		{"JSON", []byte(`{"error":"denied"}`), DefaultLimits(), "no end record"},
		{"cut in the directory", good[:end-10], DefaultLimits(), "no end record"},
		{"cut in the end record", good[:len(good)-1], DefaultLimits(), "no end record"},
		{"a directory beyond the file", edit(end+16, 0xff, 0xff, 0xff, 0x7f), DefaultLimits(), "directory is not where"},
		{"a directory of 2 GB", edit(end+12, 0xff, 0xff, 0xff, 0x7f), DefaultLimits(), "directory is not where"},
		{"more members than there is room for", edit(end+10, 0xff, 0x7f), DefaultLimits(), "claims 32767 members"},
		{"a member that is not counted", edit(end+10, 1, 0), DefaultLimits(), "has 2 members and claims 1"},
		{"a directory that ends early", edit(end+12, good[end+12]-1), DefaultLimits(), "member 2"},
		{"over the limit of members", good, limits(func(l *Limits) { l.Records = 1 }), "limit of 1"},
		{"over the limit of bytes", good, limits(func(l *Limits) { l.ArchiveBytes = 100 }), "limit of 100"},
		{"over the limit of a record", good, limits(func(l *Limits) { l.RecordBytes = 100 }), "limit of 100 for a record"},
		{"a member of 2 GB", edit(dir+24, 0xff, 0xff, 0xff, 0x7f), DefaultLimits(), "for a record"},
		{"a member beyond the directory", edit(dir+42, 0xff, 0xff, 0, 0), DefaultLimits(), "not within the archive"},
		{"a member in the middle of another", edit(dir+42, 1, 0, 0, 0), DefaultLimits(), "no local header"},
		{"a wrong checksum", edit(dir+16, 1, 2, 3, 4), DefaultLimits(), "checksum"},
		{"a smaller size than it has", edit(dir+24, 3, 0, 0, 0), DefaultLimits(), "size"},
		{"a larger size than it has", edit(dir+24, 200, 0, 0, 0), DefaultLimits(), "size"},
		{"an unknown method", edit(dir+10, 12, 0), DefaultLimits(), "compressed in a way"},
		{"encrypted", edit(dir+8, 1, 0), DefaultLimits(), "encrypted"},
		{"a broken stream", edit(30+6+2, 0xff, 0xff), DefaultLimits(), "a.json"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readAll(test.data, test.limits)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("read %d members with error %v, want one with %q", len(got), err, test.want)
			}
		})
	}
}

// FuzzArchive: no bytes make the reader panic, and what it reads the standard
// library does not read otherwise.
func FuzzArchive(f *testing.F) {
	f.Add(zipOf(f, map[string]string{"a.json": `{"id":"A-1"}`, "d/b.json": "{}"}))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	limits := DefaultLimits()
	limits.RecordBytes = 1 << 16
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readAll(data, limits)
		if err != nil {
			return
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return // the standard library looks at more than is needed here
		}
		for _, member := range z.File {
			text, ok := got[member.Name]
			if !ok {
				continue
			}
			in, err := member.Open()
			if err != nil {
				continue
			}
			if want, err := io.ReadAll(in); err == nil && string(want) != text {
				for _, other := range z.File {
					if other != member && other.Name == member.Name {
						return // two of one name
					}
				}
				t.Errorf("%q: %q, want %q", member.Name, text, want)
			}
		}
	})
}
