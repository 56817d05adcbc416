package catalog

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

// goSource is a program that reads build information itself, so that the magic
// is among its data, and that embeds a file.
var goSource = map[string]string{
	"go.mod": "module example.com/outer\n\ngo 1.26\n",
	"inner":  "nothing",
	"main.go": `package main

import (
	"debug/buildinfo"
	_ "embed"
	"fmt"
	"os"
)

//go:embed inner
var inner []byte

func main() {
	info, err := buildinfo.ReadFile(os.Args[0])
	fmt.Println(info, err, len(inner))
}
`,
	"library/main.go": `package main

import "C"
import "fmt"

//export Hello
func Hello() { fmt.Println("hello") }

func main() {}
`,
}

func writeSource(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range goSource {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func goBuild(t testing.TB, dir, out string, env []string, args ...string) string {
	t.Helper()
	out = filepath.Join(t.TempDir(), out)
	cmd := exec.Command("go", append([]string{"build", "-o", out}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off"), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	return out
}

// fileEntry is an entry whose content is a file's.
func fileEntry(t testing.TB, name string) fnpkg.Entry {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return fnpkg.NewEntry(fnpkg.Entry{Path: filepath.Base(name), Mode: 0o755, Size: info.Size()},
		func() (fnpkg.Content, error) { return os.Open(name) })
}

// memory is content in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func bytesEntry(name string, content []byte) fnpkg.Entry {
	return fnpkg.NewEntry(fnpkg.Entry{Path: name, Mode: 0o755, Size: int64(len(content))},
		func() (fnpkg.Content, error) { return memory{bytes.NewReader(content)}, nil })
}

// assertAsBuildinfo checks that a program is read as debug/buildinfo does.
func assertAsBuildinfo(t *testing.T, name string) {
	t.Helper()
	want, err := buildinfo.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := readProgram(context.Background(), fileEntry(t, name), true)
	if err != nil {
		t.Fatal(err)
	}
	if p.kind != goProgram {
		t.Fatalf("kind %d, want a Go program", p.kind)
	}
	got, err := debug.ParseBuildInfo(p.info.modules)
	if err != nil {
		t.Fatal(err)
	}
	got.GoVersion = p.info.version
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("build information (-debug/buildinfo +got):\n%s", diff)
	}
	if isLibrary(name) {
		return
	}
	content, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	sum256, sum512, err := hashContent(content)
	if err != nil {
		t.Fatal(err)
	}
	if p.sha256 != sum256 || p.sha512 != sum512 {
		t.Errorf("hashes %s and %s, want %s and %s", p.sha256, p.sha512, sum256, sum512)
	}
}

func TestReadProgram(t *testing.T) {
	dir := writeSource(t)
	tests := []struct {
		name string
		env  []string
		args []string
		long bool // the standard library has to be built for it
	}{
		{name: "plain"},
		{name: "stripped", args: []string{"-trimpath", "-ldflags=-s -w"}},
		{name: "without-build-id", args: []string{"-ldflags=-s -w -buildid="}},
		{name: "pie", args: []string{"-buildmode=pie"}},
		{name: "windows.exe", env: []string{"GOOS=windows", "GOARCH=amd64"}, long: true},
		{name: "darwin", env: []string{"GOOS=darwin", "GOARCH=arm64"}, long: true},
		{name: "linux-arm64", env: []string{"GOOS=linux", "GOARCH=arm64"}, long: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.long && testing.Short() {
				t.Skip("builds the standard library")
			}
			assertAsBuildinfo(t, goBuild(t, dir, tt.name, tt.env, tt.args...))
		})
	}
}

// A program that embeds another is known by its own build information.
func TestEmbeddedProgram(t *testing.T) {
	dir := writeSource(t)
	inner, err := os.ReadFile(goBuild(t, dir, "inner", nil, "-ldflags=-s -w -X main.x=inner"))
	if err != nil {
		t.Fatal(err)
	}
	// A few bytes in front of it, so that it is aligned in one of the builds.
	for shift := range 2 {
		if err := os.WriteFile(filepath.Join(dir, "inner"), append(make([]byte, 8*shift), inner...), 0o644); err != nil {
			t.Fatal(err)
		}
		assertAsBuildinfo(t, goBuild(t, dir, "outer", nil))
	}
}

func TestGoLibrary(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no C compiler")
	}
	dir := writeSource(t)
	for _, flags := range []string{"", "-s -w -buildid="} {
		assertAsBuildinfo(t, goBuild(t, dir, "hello.so", []string{"CGO_ENABLED=1"}, "-buildmode=c-shared", "-ldflags="+flags, "./library"))
	}
}

// A library that is not Go's is left after its first piece.
func TestForeignLibraryIsNotRead(t *testing.T) {
	content := elfOf(0x40000, make([]byte, 4<<20))
	read := &countingContent{Reader: bytes.NewReader(content)}
	e := fnpkg.NewEntry(fnpkg.Entry{Path: "numpy.libs/blas.so", Size: int64(len(content))},
		func() (fnpkg.Content, error) { return read, nil })
	p, err := readProgram(context.Background(), e, true)
	if err != nil {
		t.Fatal(err)
	}
	if p.kind != otherProgram || read.n > pieceSize {
		t.Errorf("kind %d after %d bytes, want another program after %d", p.kind, read.n, pieceSize)
	}
}

type countingContent struct {
	*bytes.Reader
	n int
}

func (c *countingContent) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

func (c *countingContent) Close() error { return nil }

// elfOf is a 64-bit little-endian ELF file of one writable segment, at address.
func elfOf(address uint64, data []byte) []byte {
	const begin = 128
	b := make([]byte, begin, begin+len(data))
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 2)  // executable
	le.PutUint16(b[18:], 62) // x86-64
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[32:], 64) // program headers
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 1)
	le.PutUint16(b[58:], 64)
	p := b[64:]
	le.PutUint32(p, elfLoad)
	le.PutUint32(p[4:], 4|elfWritable)
	le.PutUint64(p[8:], begin)
	le.PutUint64(p[16:], address)
	le.PutUint64(p[24:], address)
	le.PutUint64(p[32:], uint64(len(data)))
	le.PutUint64(p[40:], uint64(len(data)))
	le.PutUint64(p[48:], 16)
	return append(b, data...)
}

// Programs of Go before 1.18 have pointers to what they are built of.
func TestOldProgram(t *testing.T) {
	const address = 0x500000
	modules := buildInfoBegin + "path\texample.com/old\nmod\texample.com/old\tv1.2.3\t\ndep\texample.com/dep\tv0.1.0\th1:x=\n" + buildInfoEnd
	data := make([]byte, 4096)
	le := binary.LittleEndian
	copy(data[32:], buildInfoMagic)
	data[32+buildInfoPointerSize] = 8
	le.PutUint64(data[48:], address+256)
	le.PutUint64(data[56:], address+272)
	for i, s := range []string{"go1.17.13", modules} {
		le.PutUint64(data[256+16*i:], uint64(address+512+1024*i))
		le.PutUint64(data[264+16*i:], uint64(len(s)))
		copy(data[512+1024*i:], s)
	}
	name := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(name, elfOf(address, append(data, make([]byte, 32<<10)...)), 0o755); err != nil {
		t.Fatal(err)
	}
	assertAsBuildinfo(t, name)
}

func TestProgramsWithoutBuildInfo(t *testing.T) {
	pad := strings.Repeat("\x00", 32<<10)
	tests := []struct {
		name, content string
		want          programKind
	}{
		{"text", "#!/bin/sh\n" + pad, noProgram},
		{"empty", "", noProgram},
		{"C", string(elfOf(0x1000, []byte(pad))), otherProgram},
		{"packed", string(elfOf(0x1000, []byte("UPX!"+pad))), packedProgram},
		{"Go, information removed", string(elfOf(0x1000, []byte("\xff Go build ID: \"x\""+pad))), strippedGoProgram},
		{"the magic as data", string(elfOf(0x1000, append(bytes.Clone(buildInfoMagic), pad...))), otherProgram},
		{"information cut off", string(elfOf(0x1000, []byte(pad+string(buildInfoOf("go1.26.0", "")[:33])))), otherProgram},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := readProgram(context.Background(), bytesEntry("bootstrap", []byte(tt.content)), true)
			if err != nil {
				t.Fatal(err)
			}
			if p.kind != tt.want {
				t.Errorf("kind %d, want %d", p.kind, tt.want)
			}
		})
	}
}

// buildInfoOf is build information as Go's linker writes it.
func buildInfoOf(version, modules string) []byte {
	b := make([]byte, buildInfoHeader)
	copy(b, buildInfoMagic)
	b[buildInfoFlags] = buildInfoInline
	for _, s := range []string{version, modules} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// Build information is found wherever it stands, in pieces of any size, and
// nothing else is.
func FuzzBuildInfoSearch(f *testing.F) {
	f.Add([]byte("\x7fELF"), "go1.26.8", "path\tx\n", uint8(1), uint16(3))
	f.Add(buildInfoOf("go1.20", "")[:40], "go1.17", strings.Repeat("dep\tx\tv1.0.0\n", 200), uint8(0), uint16(200))
	f.Add(append(bytes.Clone(buildInfoMagic), 8, 2, 0xff, 0xff, 0xff, 0xff), "devel go1.27-abc", "", uint8(9), uint16(0))
	f.Fuzz(func(t *testing.T, noise []byte, version, modules string, blocks uint8, after uint16) {
		if len(version) > buildInfoVersionLimit {
			t.Skip()
		}
		noise = append(noise, make([]byte, (buildInfoAlign-len(noise)%buildInfoAlign)%buildInfoAlign)...)
		framed := modules
		if framed != "" {
			framed = buildInfoBegin + framed + buildInfoEnd
		}
		file := append(bytes.Clone(noise), buildInfoOf("go"+version, framed)...)
		file = append(file, make([]byte, after)...)

		search := func(piece int) []buildInfo {
			var s buildInfoSearch
			for rest := file; len(rest) > 0; {
				n := min(piece, len(rest))
				if _, err := s.Write(rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			return s.found
		}
		whole := search(len(file) + buildInfoAlign)
		pieces := search(buildInfoAlign * (int(blocks) + 1))
		if bytes.Count(file, buildInfoMagic) == 1 {
			want := []buildInfo{{int64(len(noise)), "go" + version, modules}}
			if diff := cmp.Diff(want, whole, cmp.AllowUnexported(buildInfo{})); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(whole, pieces, cmp.AllowUnexported(buildInfo{})); diff != "" {
				t.Errorf("in pieces (-whole +pieces):\n%s", diff)
			}
		}
		for _, info := range append(whole, pieces...) {
			if again, state := decodeBuildInfo(file[info.offset:]); state != buildInfoComplete || again.version != info.version || again.modules != info.modules {
				t.Errorf("found %+v, which is not in the file", info)
			}
		}
	})
}

// Hostile headers end in no answer, not in a panic or outside of the file.
func FuzzExecutableHeaders(f *testing.F) {
	f.Add(elfOf(0x1000, nil))
	f.Add(append([]byte("MZ"), make([]byte, 200)...))
	f.Add(append([]byte("\xcf\xfa\xed\xfe"), make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, head []byte) {
		for _, r := range writableData(head) {
			if r.begin < 0 || r.end < r.begin {
				t.Errorf("range %+v", r)
			}
		}
		_, _ = readProgram(context.Background(), bytesEntry("bootstrap", head), true)
	})
}
