package pack

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
)

// memory is a File in memory.
type memory struct{ bytes.Buffer }

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	return copy(m.Bytes()[at:], b), nil
}

// tree writes files, in the order given, and returns their directory. A name
// that ends in a slash is a directory, one in "*" an executable file, and
// "name>target" a link.
func tree(t testing.TB, files ...[2]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		name, target, link := strings.Cut(f[0], ">")
		name, executable := strings.CutSuffix(name, "*")
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o700)
		case link:
			err = os.Symlink(target, path)
		case executable:
			err = os.WriteFile(path, []byte(f[1]), 0o744)
		default:
			err = os.WriteFile(path, []byte(f[1]), 0o640)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t testing.TB, dir string) fnpkg.Package {
	t.Helper()
	p, err := dirtree.Open(t.Context(), dir, "app", fnpkg.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func packed(t testing.TB, p fnpkg.Package, o Options) []byte {
	t.Helper()
	var m memory
	if _, err := Write(t.Context(), &m, p, o); err != nil {
		t.Fatal(err)
	}
	return m.Bytes()
}

func readZip(t testing.TB, data []byte) fnpkg.Package {
	t.Helper()
	p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "app.zip", fnpkg.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// large is longer than a piece, and compresses.
func large() string {
	r := rand.New(rand.NewPCG(5, 6))
	var b strings.Builder
	for b.Len() < pieceSize+pieceSize/8 {
		fmt.Fprintf(&b, "%d %d\n", r.IntN(1000), b.Len()%77)
	}
	return b.String()
}

func noise(n int) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{9}).Read(b)
	return string(b)
}

func files() [][2]string {
	return [][2]string{
		{"index.js", "exports.handler = async () => ({ statusCode: 200 })\n"},
		{"bootstrap*", "#!/bin/sh\nexec ./index.js\n"},
		{"lib/large.txt", large()},
		{"lib/noise.bin", noise(5000)},
		{"lib/noise.big", noise(pieceSize + 7)},
		{"lib/empty", ""},
		{"lib/ünïcode.txt", "name in UTF-8"},
		{"empty/", ""},
		{"bin/run>../bootstrap", ""},
		{"lib-a", "sorts between lib and lib/"},
	}
}

// TestReproducible packs the same files, written in another order, at another
// time, with other modes and another number of processors.
func TestReproducible(t *testing.T) {
	list := files()
	first := packed(t, open(t, tree(t, list...)), Options{})
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	dir := tree(t, list...)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			mode := fs.FileMode(0o444)
			if d.Name() == "bootstrap" {
				mode = 0o555
			}
			err = errors.Join(os.Chmod(path, mode), os.Chtimes(path, time.Unix(1, 0), time.Unix(2e9, 0)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again := packed(t, open(t, dir), Options{})
	if !bytes.Equal(first, again) {
		t.Error("the same files gave other bytes")
	}
	// Packing what was packed gives it again.
	if !bytes.Equal(first, packed(t, readZip(t, first), Options{})) {
		t.Error("packing the archive gave another")
	}
	if bytes.Equal(first, packed(t, open(t, dir), Options{Store: true})) {
		t.Error("stored and compressed are the same")
	}
}

// TestGolden holds the bytes of an archive: signed digests depend on them.
func TestGolden(t *testing.T) {
	p := open(t, tree(t, files()...))
	for _, c := range []struct {
		store bool
		want  string
	}{
		{false, "f0900a0258a323d7dd9c779843f84d4eb0874b8d6b3d5093a469afbd3144aa6b"},
		{true, "d5f74699d74563a673dd6996e74a9eb0531dd49f7c1fec3b0ebf99a8d860d652"},
	} {
		sum := sha256.Sum256(packed(t, p, Options{Store: c.store}))
		if got := hex.EncodeToString(sum[:]); got != c.want {
			t.Errorf("store %v: %s, want %s", c.store, got, c.want)
		}
	}
}

// TestReaders reads an archive with our own reader, the standard library's, and
// those that are installed.
func TestReaders(t *testing.T) {
	dir := tree(t, files()...)
	p := open(t, dir)
	want, err := fnpkg.DigestContent(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range []bool{false, true} {
		data := packed(t, p, Options{Store: store})
		z := readZip(t, data)
		if hazards := z.Hazards(); len(hazards) > 0 {
			t.Errorf("store %v: hazards %v", store, hazards)
		}
		if got, err := fnpkg.DigestContent(t.Context(), z); err != nil || got != want {
			t.Errorf("store %v: content digest %s, %v; want %s", store, got, err, want)
		}
		std, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range std.File {
			if mode := f.Mode(); mode.IsRegular() {
				if want := fs.FileMode(0o644); f.Name == "bootstrap" && mode != 0o755 || f.Name != "bootstrap" && mode != want {
					t.Errorf("%s has the mode %v", f.Name, mode)
				}
			}
			r, err := f.Open()
			if err == nil {
				_, err = io.Copy(io.Discard, r)
			}
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
		file := filepath.Join(t.TempDir(), "app.zip")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, reader := range [][]string{{"unzip", "-tqq"}, {"python3", "-c", "import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip())"}} {
			if _, err := exec.LookPath(reader[0]); err != nil {
				continue
			}
			if out, err := exec.Command(reader[0], append(reader[1:], file)...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", reader[0], err, out)
			}
		}
	}
}

// TestIgnored leaves out what the rules say, and says how much.
func TestIgnored(t *testing.T) {
	p := open(t, tree(t, [][2]string{
		{".fnsealignore", "*.md\n/tests\n"}, {"lib/.fnsealignore", "!keep.md\n"},
		{"README.md", ""}, {"lib/keep.md", ""}, {"lib/drop.md", ""}, {"tests/a.js", ""}, {"lib/tests/b.js", ""},
		{".git/HEAD", ""}, {"index.js", ""}, {"tests/away>/etc/passwd", ""},
	}...))
	rules, err := IgnoreFiles(p)
	if err != nil {
		t.Fatal(err)
	}
	rules.AddPath("lib/tests/b.js")
	var m memory
	res, err := Write(t.Context(), &m, p, Options{Ignore: rules})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range readZip(t, m.Bytes()).Entries() {
		names = append(names, e.Path)
	}
	if got := strings.Join(names, " "); got != "index.js lib/keep.md" {
		t.Errorf("packed %q", got)
	}
	if res.Entries != 2 || res.Left != 8 {
		t.Errorf("%+v", res)
	}
}

// TestRefused packs nothing that would be dangerous or ambiguous.
func TestRefused(t *testing.T) {
	for name, f := range map[string][][2]string{
		"link out":      {{"a", ""}, {"l>../../etc/passwd", ""}},
		"absolute link": {{"a", ""}, {"l>/etc/passwd", ""}},
		"case":          {{"a", ""}, {"A", ""}},
		"backslash":     {{`a\b`, ""}},
	} {
		var m memory
		_, err := Write(t.Context(), &m, open(t, tree(t, f...)), Options{})
		if !errors.As(err, new(*fnpkg.AmbiguousError)) {
			t.Errorf("%s: error %v", name, err)
		}
		if m.Len() > 0 {
			t.Errorf("%s: %d bytes written", name, m.Len())
		}
	}
	if _, err := Write(t.Context(), &memory{}, open(t, t.TempDir()), Options{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty: error %v", err)
	}
}

// TestExecutable marks what the file system could not.
func TestExecutable(t *testing.T) {
	p := open(t, tree(t, [][2]string{{"bootstrap", "x"}, {"other", "x"}}...))
	z := readZip(t, packed(t, p, Options{Executable: func(path string) bool { return path == "bootstrap" }}))
	for _, e := range z.Entries() {
		if e.Executable() != (e.Path == "bootstrap") {
			t.Errorf("%s: executable %v", e.Path, e.Executable())
		}
	}
}

// many is a package of many empty files.
type many struct {
	fnpkg.Package
	entries []fnpkg.Entry
}

func (m many) Entries() []fnpkg.Entry { return m.entries }

// TestManyEntries packs as many entries as need the other form of the end
// record, and one fewer.
func TestManyEntries(t *testing.T) {
	base := open(t, tree(t, [2]string{"a", ""}))
	empty := base.Entries()[0]
	for _, n := range []int{maxRecord - 1, maxRecord, maxRecord + 1} {
		m := many{Package: base}
		for i := range n {
			e := empty
			e.Path = fmt.Sprintf("f%06d", i)
			m.entries = append(m.entries, e)
		}
		z := readZip(t, packed(t, m, Options{}))
		if len(z.Entries()) != n || len(z.Hazards()) > 0 {
			t.Errorf("%d entries: read %d, hazards %v", n, len(z.Entries()), z.Hazards())
		}
	}
}

// full takes so many bytes and no more.
type full struct {
	memory
	room int
}

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return f.memory.Write(b)
}

// TestStops ends when it is told to, when the disk is full, and when a file
// changes; nothing keeps running.
func TestStops(t *testing.T) {
	before := runtime.NumGoroutine()
	dir := tree(t, files()...)
	cancelled, cancel := context.WithCancel(t.Context())
	stop := func(done, total int64) {
		if done > pieceSize {
			cancel()
		}
	}
	if _, err := Write(cancelled, &memory{}, open(t, dir), Options{Progress: stop}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	for _, room := range []int{0, 100, pieceSize} {
		if _, err := Write(t.Context(), &full{room: room}, open(t, dir), Options{}); err == nil || !strings.Contains(err.Error(), "no space") {
			t.Errorf("room for %d: error %v", room, err)
		}
	}
	p := open(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "lib", "large.txt"), []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), &memory{}, p, Options{}); err == nil || !strings.Contains(err.Error(), "lib/large.txt") {
		t.Errorf("a file that changed: error %v", err)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// BenchmarkWrite packs the tree that FNSEAL_BENCH_TREE names, or one of ours.
func BenchmarkWrite(b *testing.B) {
	dir := os.Getenv("FNSEAL_BENCH_TREE")
	if dir == "" {
		dir = tree(b, files()...)
	}
	p := open(b, dir)
	var size int
	for b.Loop() {
		var m memory
		res, err := Write(b.Context(), &m, p, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(res.Bytes)
		size = m.Len()
	}
	b.ReportMetric(float64(size), "zip-bytes")
}
