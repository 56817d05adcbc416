package ociimage_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/compression"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
	"github.com/fnseal/fnseal/fnpkg/ociimage"
	"github.com/fnseal/fnseal/internal/registry"
	. "github.com/fnseal/fnseal/internal/testkit/imagekit"
)

// open opens an image of the layers.
func open(t testing.TB, limits fnpkg.Limits, layers ...v1.Layer) (*ociimage.Package, error) {
	t.Helper()
	dir := WriteLayout(t, map[string]mutate.Appendable{"": Image(t, "linux/amd64", layers...)})
	img, err := registry.OpenLayout(t.Context(), dir, "", registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	p, err := ociimage.New(t.Context(), img, "fn", limits)
	if err == nil {
		t.Cleanup(func() { p.Close() })
	}
	return p, err
}

// lines describes each entry in a line: what it is, its path and content.
func lines(t testing.TB, p fnpkg.Package) []string {
	t.Helper()
	var out []string
	for _, e := range p.Entries() {
		switch {
		case e.IsDir():
			out = append(out, e.Path+"/")
		case e.IsLink():
			out = append(out, e.Path+" -> "+e.LinkTarget)
		case e.IsRegular():
			out = append(out, e.Path+" = "+read(t, e))
		default:
			out = append(out, e.Path+" "+e.Mode.Type().String())
		}
	}
	return out
}

func read(t testing.TB, e fnpkg.Entry) string {
	t.Helper()
	c, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	data, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != e.Size {
		t.Errorf("%s: %d bytes, and its size is %d", e.Path, len(data), e.Size)
	}
	return string(data)
}

func hazards(p fnpkg.Package) []string {
	var out []string
	for _, h := range p.Hazards() {
		out = append(out, string(h.ID)+" "+h.Path)
	}
	return out
}

// TestEffectiveFileSystem applies layers and compares what is left. But for
// the usual devices, the expectations without hazards are what containerd
// 2.1.4 makes of the same layers on a disk.
func TestEffectiveFileSystem(t *testing.T) {
	type layer = []Entry
	for _, c := range []struct {
		name    string
		layers  []layer
		want    []string
		hazards []string
	}{
		{
			name:   "later layers replace",
			layers: []layer{{File("a", "1"), File("b", "1")}, {File("b", "2"), File("c", "2")}},
			want:   []string{"a = 1", "b = 2", "c = 2"},
		},
		{
			name:   "directories merge and files replace them",
			layers: []layer{{Dir("d/"), File("d/a", "1"), Dir("e/"), File("e/a", "1")}, {Dir("d/"), File("d/b", "2"), File("e", "2")}},
			want:   []string{"d/", "d/a = 1", "d/b = 2", "e = 2"},
		},
		{
			name:   "parents that no layer lists",
			layers: []layer{{File("x/y/z", "1")}},
			want:   []string{"x/", "x/y/", "x/y/z = 1"},
		},
		{
			name:   "entries are sorted bytewise, not by folder",
			layers: []layer{{File("a/b", ""), File("a-b", ""), File("a.b", "")}},
			want:   []string{"a/", "a-b = ", "a.b = ", "a/b = "},
		},
		{
			name:   "leading slashes and dots",
			layers: []layer{{Dir("./"), File("./a", "1"), File("/b", "1"), File("c//d/./e", "1")}},
			want:   []string{"a = 1", "b = 1", "c/", "c/d/", "c/d/e = 1"},
		},
		{
			name:   "case, backslashes and the root's own ways are Linux's",
			layers: []layer{{File("A", "1"), File("a", "2"), File(`x\x2dy`, "3"), Symlink("l", "/a"), Symlink("m", "../../../a")}},
			want:   []string{"A = 1", "a = 2", "l -> /a", "m -> ../../../a", `x\x2dy = 3`},
		},
		{
			name:   "whiteouts",
			layers: []layer{{File("a", "1"), File("d/a", "1"), File("d/b", "1"), File("e/a", "1")}, {Whiteout("", "a"), Whiteout("d/", "a"), Whiteout("", "e")}},
			want:   []string{"d/", "d/b = 1"},
		},
		{
			name:   "a whiteout of nothing, and what comes back",
			layers: []layer{{File("a", "1")}, {Whiteout("", "z"), Whiteout("", "a")}, {File("a", "3")}},
			want:   []string{"a = 3"},
		},
		{
			name:   "a whiteout before the layer's own entry",
			layers: []layer{{File("a/x", "1")}, {Whiteout("", "a"), File("a/y", "2")}},
			want:   []string{"a/", "a/y = 2"},
		},
		{
			name:    "a whiteout behind the layer's own entry is ambiguous",
			layers:  []layer{{File("a", "1")}, {File("a", "2"), Whiteout("", "a")}},
			want:    []string{"a = 2"},
			hazards: []string{"whiteout .wh.a"},
		},
		{
			name:    "and behind what the layer puts beneath",
			layers:  []layer{{File("d/x", "1")}, {File("d/y", "2"), Whiteout("", "d")}},
			want:    []string{"d/", "d/y = 2"},
			hazards: []string{"whiteout .wh.d"},
		},
		{
			name:   "opaque directories",
			layers: []layer{{File("d/a", "1"), File("d/s/a", "1"), File("e/a", "1")}, {Dir("d/"), Opaque("d/"), File("d/b", "2")}},
			want:   []string{"d/", "d/b = 2", "e/", "e/a = 1"},
		},
		{
			name:   "an opaque marker behind the layer's own entries",
			layers: []layer{{File("d/a", "1"), File("d/s/a", "1")}, {File("d/b", "2"), Dir("d/s/"), File("d/s/b", "2"), Opaque("d/")}},
			want:   []string{"d/", "d/b = 2", "d/s/", "d/s/b = 2"},
		},
		{
			name:    "and behind what it puts into a folder that it does not list, which is ambiguous",
			layers:  []layer{{File("d/a", "1"), File("d/s/a", "1")}, {File("d/b", "2"), File("d/s/b", "2"), Opaque("d/")}},
			want:    []string{"d/", "d/b = 2", "d/s/", "d/s/b = 2"},
			hazards: []string{"whiteout d/.wh..wh..opq"},
		},
		{
			name:   "an opaque root",
			layers: []layer{{File("a", "1")}, {Opaque(""), File("b", "2")}},
			want:   []string{"b = 2"},
		},
		{
			name:    "whiteouts that would leave their directory",
			layers:  []layer{{File("a", "1")}, {File("d/.wh...", ""), File("d/.wh.", ""), File("d/.wh..", "")}},
			want:    []string{"a = 1", "d/"},
			hazards: []string{"invalid-name d/.wh.", "invalid-name d/.wh..", "parent-path d/.wh..."},
		},
		{
			name:    "whiteouts of other kinds",
			layers:  []layer{{File("a", "1"), File("b/c", "1")}, {Device("a", 0, 0), overlay(Dir("b/")), File(".wh.d/e", "2")}},
			want:    []string{".wh.d/", ".wh.d/e = 2", "a Dc---------", "b/", "b/c = 1"},
			hazards: []string{"special-file a", "whiteout .wh.d/e", "whiteout a", "whiteout b/"},
		},
		{
			name:    "AUFS's own files",
			layers:  []layer{{Dir(".wh..wh.plnk/"), File(".wh..wh.plnk/1.2", "x"), File(".wh..wh.aufs", ""), File("a", "1")}},
			want:    []string{"a = 1"},
			hazards: []string{"whiteout .wh..wh.aufs", "whiteout .wh..wh.plnk/", "whiteout .wh..wh.plnk/1.2"},
		},
		{
			name:   "hard links",
			layers: []layer{{File("a", "1"), Hardlink("b", "a"), Hardlink("d/c", "/b")}, {File("a", "2"), Hardlink("e", "d/c")}},
			want:   []string{"a = 2", "b = 1", "d/", "d/c = 1", "e = 1"},
		},
		{
			name:   "a hard link to a link, and through one",
			layers: []layer{{File("d/a", "1"), Symlink("l", "d/a"), Hardlink("m", "l"), Symlink("k", "d")}, {Hardlink("n", "k/a")}},
			want:   []string{"d/", "d/a = 1", "k -> d", "l -> d/a", "m -> d/a", "n = 1"},
		},
		{
			name:   "what lies beneath a lower layer's link goes where that leads",
			layers: []layer{{Dir("usr/"), Dir("usr/lib/"), Symlink("lib", "usr/lib"), Symlink("abs", "/usr")}, {File("lib/x", "2"), File("abs/y", "2"), Whiteout("lib/", "z")}},
			want:   []string{"abs -> /usr", "lib -> usr/lib", "usr/", "usr/lib/", "usr/lib/x = 2", "usr/y = 2"},
		},
		{
			name:   "and never out of the image",
			layers: []layer{{Symlink("l", "../../../etc")}, {File("l/passwd", "2")}},
			want:   []string{"etc/", "etc/passwd = 2", "l -> ../../../etc"},
		},
		{
			name:    "beneath a link of its own layer it is ambiguous",
			layers:  []layer{{Symlink("l", "d"), File("l/x", "1")}},
			want:    []string{"d/", "d/x = 1", "l -> d"},
			hazards: []string{"file-as-directory l"},
		},
		{
			name:   "a directory replaces a link",
			layers: []layer{{File("d/a", "1"), Symlink("l", "d")}, {Dir("l/"), File("l/b", "2")}},
			want:   []string{"d/", "d/a = 1", "l/", "l/b = 2"},
		},
		{
			name:    "one layer lists a name twice",
			layers:  []layer{{File("a", "1"), File("a", "2"), Dir("d/"), Dir("d/")}},
			want:    []string{"a = 2", "d/"},
			hazards: []string{"duplicate-name a"},
		},
		{
			name:    "one layer makes a directory a file",
			layers:  []layer{{File("d/a", "1"), File("d", "2")}},
			want:    []string{"d = 2"},
			hazards: []string{"file-as-directory d"},
		},
		{
			name:    "escaping and hostile names",
			layers:  []layer{{File("../../etc/passwd", "1"), File("a/../../b", "2"), File("c\x1b[2J", "3"), File("d\xff", "4")}},
			want:    []string{"b = 2", "c\x1b[2J = 3", "d\xff = 4", "etc/", "etc/passwd = 1"},
			hazards: []string{"control-name c\x1b[2J", "invalid-name d\xff", "parent-path ../../etc/passwd", "parent-path a/../../b"},
		},
		{
			name:    "programs with rights, and devices",
			layers:  []layer{{File("bin/su", "1").With(0o4755), File("bin/wall", "1").With(0o2755), Dir("tmp/").With(0o1777), Dir("var/").With(0o2755), Device("dev/null", 1, 3), Device("dev/sda", 8, 0), Device("opt/null", 1, 3)}},
			want:    []string{"bin/", "bin/su = 1", "bin/wall = 1", "dev/", "dev/sda Dc---------", "opt/", "opt/null Dc---------", "tmp/", "var/"},
			hazards: []string{"setuid bin/su", "setuid bin/wall", "special-file dev/sda", "special-file opt/null"},
		},
		{
			name:    "links in circles",
			layers:  []layer{{Symlink("a", "b"), Symlink("b", "/a"), Symlink("c", "nowhere"), Symlink("d", "d/x")}},
			want:    []string{"a -> b", "b -> /a", "c -> nowhere", "d -> d/x"},
			hazards: []string{"looping-link a", "looping-link b", "looping-link d"},
		},
		{name: "no layers", want: nil},
		{name: "an empty layer", layers: []layer{{}}, want: nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var layers []v1.Layer
			for _, l := range c.layers {
				layers = append(layers, Layer(t, l...))
			}
			p, err := open(t, fnpkg.DefaultLimits(), layers...)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Clone(c.want)
			slices.SortFunc(want, func(a, b string) int { return strings.Compare(key(a), key(b)) })
			if diff := cmp.Diff(want, lines(t, p)); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.hazards, hazards(p)); diff != "" {
				t.Errorf("hazards (-want +got):\n%s", diff)
			}
		})
	}
}

// key returns the path in a line of an expectation.
func key(line string) string {
	path, _, _ := strings.Cut(line, " ")
	return strings.TrimSuffix(path, "/")
}

func overlay(e Entry) Entry {
	e.PAXRecords = map[string]string{"SCHILY.xattr.trusted.overlay.opaque": "y"}
	return e
}

// TestUnappliable opens images that no runtime could start.
func TestUnappliable(t *testing.T) {
	contiguous := File("a", "1")
	contiguous.Typeflag = tar.TypeCont
	circle := []Entry{Symlink("a", "b"), Symlink("b", "a")}
	for name, c := range map[string]struct {
		layers [][]Entry
		want   string
	}{
		"hard link to nothing":     {[][]Entry{{Hardlink("a", "b")}}, "it does not exist"},
		"hard link out":            {[][]Entry{{Hardlink("a", "../../../etc/passwd")}}, "it does not exist"},
		"hard link to itself":      {[][]Entry{{File("a", "1")}, {Hardlink("a", "a")}}, "it does not exist"},
		"hard link to a directory": {[][]Entry{{Dir("d/"), Hardlink("a", "d")}}, "a hard link to a directory"},
		"beneath a file":           {[][]Entry{{File("a", "1")}, {File("a/b", "2")}}, "not a directory is in the way"},
		"beneath links in circles": {[][]Entry{circle, {File("a/x", "2")}}, "lead in a circle"},
		"the root as a link":       {[][]Entry{{Symlink("./", "/etc")}}, "replace the root"},
		"of an unknown type":       {[][]Entry{{contiguous}}, "no runtime knows"},
	} {
		var layers []v1.Layer
		for _, l := range c.layers {
			layers = append(layers, Layer(t, l...))
		}
		_, err := open(t, fnpkg.DefaultLimits(), layers...)
		var format *fnpkg.FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want a *fnpkg.FormatError with %q", name, err, c.want)
		}
	}
}

// TestCompression opens one tree in layers of every compression.
func TestCompression(t *testing.T) {
	data := Tar(t, File("a", strings.Repeat("same ", 1000)), File("b", "2"))
	for _, c := range []compression.Compression{compression.None, compression.GZip, compression.ZStd} {
		p, err := open(t, fnpkg.DefaultLimits(), TarLayer(t, data, c))
		if err != nil {
			t.Errorf("%s: %v", c, err)
			continue
		}
		if got := lines(t, p); len(got) != 2 || got[0] != "a = "+strings.Repeat("same ", 1000) || got[1] != "b = 2" {
			t.Errorf("%s: %.80q", c, got)
		}
	}
}

// TestDamagedTar opens layers whose tar archive is cut off or followed by
// data.
func TestDamagedTar(t *testing.T) {
	sound := Tar(t, File("a", strings.Repeat("x", 5000)))
	for name, data := range map[string][]byte{
		"cut in a header":  sound[:200],
		"cut in a content": sound[:1500],
		"no tar":           bytes.Repeat([]byte("no tar. "), 512),
	} {
		_, err := open(t, fnpkg.DefaultLimits(), TarLayer(t, data, compression.GZip))
		var format *fnpkg.FormatError
		if !errors.As(err, &format) {
			t.Errorf("%s: error %v, want a *fnpkg.FormatError", name, err)
		}
	}
	p, err := open(t, fnpkg.DefaultLimits(), TarLayer(t, append(bytes.Clone(sound), sound...), compression.GZip))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"trailing-bytes "}, hazards(p)); diff != "" {
		t.Errorf("hazards of a tar behind a tar (-want +got):\n%s", diff)
	}
	if !fnpkg.HazardTrailingBytes.Ambiguous() || !fnpkg.HazardWhiteout.Ambiguous() {
		t.Error("not ambiguous")
	}
}

func TestLimits(t *testing.T) {
	limits := func(change func(*fnpkg.Limits)) fnpkg.Limits {
		l := fnpkg.DefaultLimits()
		change(&l)
		return l
	}
	zeros := File("zeros", strings.Repeat("\x00", 32<<20))
	deep := []Entry{Symlink("l", "."+strings.Repeat("/d", 200))}
	for i := range 30 {
		// Through the link each path is short, and where it leads is deep.
		deep = append(deep, Symlink(strings.Repeat("l/", i+1)+"l", "."+strings.Repeat("/d", 200)))
	}
	for name, c := range map[string]struct {
		limits fnpkg.Limits
		layer  v1.Layer
		flag   string
	}{
		"entries":           {limits(func(l *fnpkg.Limits) { l.Entries = 3 }), Layer(t, File("a", ""), File("b", ""), File("c", ""), File("d", "")), fnpkg.FlagMaxEntries},
		"implied entries":   {limits(func(l *fnpkg.Limits) { l.Entries = 3 }), Layer(t, File("a/b/c/d", "")), fnpkg.FlagMaxEntries},
		"one entry's bytes": {limits(func(l *fnpkg.Limits) { l.EntryBytes = 3 }), Layer(t, File("a", "1234")), fnpkg.FlagMaxEntryBytes},
		"all bytes":         {limits(func(l *fnpkg.Limits) { l.TotalBytes = 9000 }), Layer(t, File("a", strings.Repeat("x", 5000)), File("b", strings.Repeat("y", 5000))), fnpkg.FlagMaxTotalBytes},
		"bytes of headers":  {limits(func(l *fnpkg.Limits) { l.HeaderBytes = 20 }), Layer(t, File("eleven-bytes", ""), File("eleven-more", "")), fnpkg.FlagMaxHeaderBytes},
		"path":              {limits(func(l *fnpkg.Limits) { l.PathBytes = 8 }), Layer(t, File("123456789", "")), fnpkg.FlagMaxPathBytes},
		"link":              {limits(func(l *fnpkg.Limits) { l.PathBytes = 8 }), Layer(t, Symlink("a", "123456789")), fnpkg.FlagMaxPathBytes},
		"path through link": {fnpkg.DefaultLimits(), Layer(t, deep...), fnpkg.FlagMaxPathBytes},
		"bomb, gzip":        {fnpkg.DefaultLimits(), TarLayer(t, Tar(t, zeros), compression.GZip), fnpkg.FlagMaxRatio},
		"bomb, zstd":        {fnpkg.DefaultLimits(), TarLayer(t, Tar(t, zeros), compression.ZStd), fnpkg.FlagMaxRatio},
		"bomb, sparse":      {fnpkg.DefaultLimits(), TarLayer(t, sparse(t, 1<<30), compression.None), fnpkg.FlagMaxRatio},
	} {
		_, err := open(t, c.limits, c.layer)
		var limit *fnpkg.LimitError
		if !errors.As(err, &limit) || limit.Flag != c.flag {
			t.Errorf("%s: error %v, want a *fnpkg.LimitError that names --%s", name, err, c.flag)
		}
	}
	// So much content compresses that far in no bomb.
	if _, err := open(t, fnpkg.DefaultLimits(), Layer(t, File("zeros", strings.Repeat("\x00", 8<<20)))); err != nil {
		t.Error(err)
	}
}

// sparse returns a tar archive with one file that is nothing but a hole of
// size bytes, in the form of GNU tar 1.0.
func sparse(t *testing.T, size int64) []byte {
	t.Helper()
	e := File("GNUSparseFile.0/hole", fmt.Sprintf("%-512s", fmt.Sprintf("1\n%d\n0\n", size)))
	e.Content = strings.ReplaceAll(e.Content, " ", "\x00")
	pax := "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n26 GNU.sparse.name=a-hole\n"
	record := fmt.Sprintf("GNU.sparse.realsize=%d\n", size)
	pax += fmt.Sprintf("%d %s", len(record)+3, record)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	// The package refuses to write such records: they go in by another type,
	// which is changed afterwards.
	for _, err := range []error{
		w.WriteHeader(&tar.Header{Name: "x", Typeflag: tar.TypeReg, Size: int64(len(pax)), Format: tar.FormatUSTAR}),
		func() error { _, err := io.WriteString(w, pax); return err }(),
		w.WriteHeader(&tar.Header{Name: e.Name, Typeflag: tar.TypeReg, Size: e.Size, Mode: 0o644, Format: tar.FormatUSTAR}),
		func() error { _, err := io.WriteString(w, e.Content); return err }(),
		w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	data := b.Bytes()
	data[156] = tar.TypeXHeader
	sum := 0
	copy(data[148:156], "        ")
	for _, c := range data[:512] {
		sum += int(c)
	}
	copy(data[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return data
}

// TestSpool reads an image that is too large for memory, from many sides at
// once, and sees that nothing is left of it.
func TestSpool(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	var entries []Entry
	contents := map[string]string{}
	for i := range 40 {
		b := make([]byte, 1<<20)
		rand.Read(b)
		e := File(fmt.Sprintf("f%02d", i), string(b))
		contents[e.Name] = e.Content
		entries = append(entries, e)
	}
	p, err := open(t, fnpkg.DefaultLimits(), TarLayer(t, Tar(t, entries...), compression.None))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if left, _ := filepath.Glob(filepath.Join(temp, "fnseal-*")); len(left) > 0 {
			t.Errorf("a temporary file has a name: %s", left)
		}
	}
	done := make(chan string)
	for _, e := range p.Entries() {
		go func() {
			c, err := e.Open()
			if err != nil {
				done <- err.Error()
				return
			}
			defer c.Close()
			b := make([]byte, 1000)
			_, err = c.ReadAt(b, 5000)
			if err != nil || string(b) != contents[e.Path][5000:6000] {
				done <- e.Path + ": reads other bytes at random"
				return
			}
			all, err := io.ReadAll(c)
			if err != nil || string(all) != contents[e.Path] {
				done <- e.Path + ": reads other bytes"
				return
			}
			done <- ""
		}()
	}
	for range p.Entries() {
		if failed := <-done; failed != "" {
			t.Error(failed)
		}
	}
	first := p.Entries()[0]
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if c, err := first.Open(); err == nil {
		t.Errorf("opened %v behind the end", c)
	}
	if left, _ := os.ReadDir(temp); runtime.GOOS != "windows" && slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "fnseal-") }) {
		t.Errorf("left behind: %v", left)
	}
}

// TestContentDigest compares the digest of an image's content with that of the
// same tree in a directory.
func TestContentDigest(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"app/index.py": "print()", "app/lib/x": "x"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := dirtree.Open(t.Context(), dir, "tree", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	want, err := fnpkg.DigestContent(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	p, err := open(t, fnpkg.DefaultLimits(), Layer(t, File("app/index.py", "old"), File("gone", "1"), Device("dev/null", 1, 3), Dir("dev/")),
		Layer(t, File("app/index.py", "print()"), File("app/lib/x", "x"), Whiteout("", "gone"), Whiteout("", "dev")))
	if err != nil {
		t.Fatal(err)
	}
	got, err := fnpkg.DigestContent(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("content digest %s, and of the directory %s", got, want)
	}
}

// TestProgress is told of every layer, and of the end.
func TestProgress(t *testing.T) {
	dir := WriteLayout(t, map[string]mutate.Appendable{"": Image(t, "linux/amd64", Layer(t, File("a", "1")), Layer(t, File("b", "2")))})
	img, err := registry.OpenLayout(t.Context(), dir, "", registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	want := img.Layers[0].Size + img.Layers[1].Size
	var last int64
	calls := 0
	p, err := ociimage.New(t.Context(), img, "fn", fnpkg.DefaultLimits(), ociimage.WithProgress(func(done, total int64) {
		if done < last || done > total || total != want {
			t.Errorf("%d of %d behind %d", done, total, last)
		}
		last = done
		calls++
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if last != want || calls < 2 {
		t.Errorf("%d of %d in %d calls", last, want, calls)
	}
}

// TestCancelled ends reading in the middle of a layer.
func TestCancelled(t *testing.T) {
	dir := WriteLayout(t, map[string]mutate.Appendable{"": Image(t, "linux/amd64", Layer(t, File("a", "1")))})
	img, err := registry.OpenLayout(t.Context(), dir, "", registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ociimage.New(ctx, img, "fn", fnpkg.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestDescription(t *testing.T) {
	image := Image(t, "linux/arm64/v8", Layer(t, File("a", "1")))
	dir := WriteLayout(t, map[string]mutate.Appendable{"registry.example/team/app:v1": image})
	img, err := registry.OpenLayout(t.Context(), dir, "", registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	p, err := ociimage.New(t.Context(), img, "fn", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	d, err := p.Digest(t.Context())
	if err != nil || d.String() != Digest(t, image) {
		t.Errorf("digest %s, %v, want %s", d, err, Digest(t, image))
	}
	if p.Kind() != fnpkg.KindImage || p.Name() != "app" || p.Repository() != "registry.example/team/app" || !p.Index().IsZero() {
		t.Errorf("%s %q %q %s", p.Kind(), p.Name(), p.Repository(), p.Index())
	}
	want := ociimage.Config{Platform: "linux/arm64/v8", Cmd: []string{"app.handler"}, Env: []string{"LANG=C"}}
	if diff := cmp.Diff(want, p.Config()); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	size, err := image.Size()
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	layer, err := layers[0].Size()
	if err != nil {
		t.Fatal(err)
	}
	if want := size + int64(len(config)) + layer; p.Size() != want {
		t.Errorf("size %d, want %d", p.Size(), want)
	}
	if e := p.Entries()[0]; !e.ModTime.Equal(Time) || e.Mode != 0o644 {
		t.Errorf("entry %+v", e)
	}
}
