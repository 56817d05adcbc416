package zipfile_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

// kept says what a packer keeps of a tree.
type kept struct {
	links       bool // as links; else their targets' content is packed
	directories bool // empty ones included
	executable  bool
}

// TestBenign opens archives of real packers. Nothing may be found wrong, and
// each must have the content digest of the tree that it keeps.
func TestBenign(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tree needs links and execute bits")
	}
	all := kept{links: true, directories: true, executable: true}
	followed := kept{directories: true, executable: true}
	files := kept{executable: true}
	want := map[string]kept{
		"7z.zip":                     all,
		"bsdtar.zip":                 all,
		"infozip-links.zip":          all,
		"infozip-stored.zip":         all,
		"infozip.zip":                followed,
		"infozip-pipe.zip":           followed,
		"infozip-no-directories.zip": {links: true, executable: true},
		"jar-stored.jar":             {directories: true},
		"jar.jar":                    {directories: true},
		"node-archiver.zip":          all,
		"node-archiver-stored.zip":   all,
		"node-archiver-zip64.zip":    all,
		"node-jszip-stream.zip":      files,
		"node-yazl-stream.zip":       files,
		"python-comment.zip":         files,
		"python-pipe.zip":            followed,
		"python-shutil.zip":          followed,
		"python-writestr.zip":        {},
		"python-zip64.zip":           files,
	}
	paths, err := filepath.Glob(filepath.Join(vectorDir, "benign", "*.[zj]*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != len(want) {
		t.Errorf("%d archives, want %d", len(paths), len(want))
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			keeps, ok := want[filepath.Base(path)]
			if !ok {
				t.Fatal("not in the table")
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := open(t, data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]fnpkg.Hazard(nil), p.Hazards()); diff != "" {
				t.Errorf("hazards (-want +got):\n%s", diff)
			}
			tree := benignTree(t, keeps)
			for _, e := range p.Entries() {
				if manifest, ok := strings.CutPrefix(e.Path, "META-INF"); ok {
					addManifest(t, tree, manifest, e)
				}
			}
			if got, want := contentDigest(t, p), directoryDigest(t, tree); got != want {
				t.Errorf("content digest %s, of the tree %s", got, want)
			}
		})
	}
}

// TestGoZip packs a tree with the standard library.
func TestGoZip(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tree needs execute bits")
	}
	tree := benignTree(t, kept{directories: true, executable: true})
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	if err := w.AddFS(os.DirFS(tree)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := open(t, packed.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Hazards()) > 0 {
		t.Errorf("hazards: %+v", p.Hazards())
	}
	if got, want := contentDigest(t, p), directoryDigest(t, tree); got != want {
		t.Errorf("content digest %s, of the tree %s", got, want)
	}
}

// TestTolerated opens what is unusual and yet read alike by every reader.
func TestTolerated(t *testing.T) {
	const text = "print('ok')\n"
	file := zipvec.File("index.py", text)
	for name, archive := range map[string]zipvec.Archive{
		"no entries":            {},
		"no entries, zip64":     {Zip64: true},
		"comment":               {Entries: []zipvec.Entry{file}, EditEnd: func(e *zipvec.End) { e.Comment = "built by hand" }},
		"longest comment":       {Entries: []zipvec.Entry{file}, EditEnd: func(e *zipvec.End) { e.Comment = strings.Repeat("c", 0xffff) }},
		"zip64 for no reason":   {Entries: []zipvec.Entry{file}, Zip64: true},
		"dot slash":             zipvec.Zip(zipvec.Dir("./"), zipvec.File("./index.py", text), zipvec.Dir("./lib/")),
		"directory twice":       zipvec.Zip(zipvec.Dir("lib/"), zipvec.File("lib/x.py", text), zipvec.Dir("lib/")),
		"directories case":      zipvec.Zip(zipvec.File("META-INF/x", text), zipvec.File("meta-inf/y", text), zipvec.Dir("Meta-Inf/")),
		"descriptor":            zipvec.Zip(file.WithDescriptor(), zipvec.File("x.py", "")),
		"descriptor of nothing": zipvec.Zip(zipvec.File("x.py", "").WithDescriptor(), file),
		"UTF-8 without flag":    zipvec.Zip(zipvec.File("caf\u00e9.py", text).WithDescriptor()), // as macOS writes it
		"resource fork":         zipvec.Zip(file, zipvec.Dir("__MACOSX/"), zipvec.File("__MACOSX/._index.py", "x")),
		"two colons":            zipvec.Zip(zipvec.File("B::Concise.3", text)),
		"link within":           zipvec.Zip(zipvec.File("a/b.py", text), zipvec.Link("c/d/e", "../../a/./b.py"), zipvec.Link("f", "c/d/../../a")),
		"link to nowhere":       zipvec.Zip(file, zipvec.Link("opt", "lib/provided-by-a-layer.so")),
		"end signature in data": zipvec.Zip(zipvec.File("inner.zip", string(zipvec.Zip(file).Bytes()))),
		"dash between":          zipvec.Zip(zipvec.Dir("a/"), zipvec.File("a-b", text), zipvec.File("a/b", text), zipvec.File("a.b", text)),
	} {
		t.Run(name, func(t *testing.T) {
			p, err := open(t, archive.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Hazards()) > 0 {
				t.Errorf("hazards: %+v", p.Hazards())
			}
			if err := readAll(p); err != nil {
				t.Error(err)
			}
		})
	}
}

// benignTree makes the tree of testdata/vectors/benign/make.sh.
func benignTree(t *testing.T, keeps kept) string {
	t.Helper()
	root := t.TempDir()
	var lines strings.Builder
	for i := range 200 {
		fmt.Fprintf(&lines, "line %d\n", i%7)
	}
	for name, content := range map[string]string{
		"index.py":              "def handler(event, context):\n    return \"ok\"\n",
		"bootstrap":             "#!/bin/sh\nexec true\n",
		"lib/deep/lines.txt":    lines.String(),
		"lib/zero":              "",
		"lib/caf\u00e9.txt":     "x\n",
		"node_modules/x/cli.js": "x\n",
	} {
		write(t, root, name, content)
	}
	if keeps.executable {
		if err := os.Chmod(filepath.Join(root, "bootstrap"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if keeps.directories {
		if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if !keeps.links {
		write(t, root, "node_modules/.bin/x", "x\n")
		return root
	}
	bin := filepath.Join(root, "node_modules", ".bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../x/cli.js", filepath.Join(bin, "x")); err != nil {
		t.Fatal(err)
	}
	return root
}

// addManifest copies what jar adds by itself into the tree.
func addManifest(t *testing.T, tree, name string, e fnpkg.Entry) {
	t.Helper()
	if e.IsDir() {
		return
	}
	write(t, tree, "META-INF"+name, content(t, e))
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func contentDigest(t *testing.T, p fnpkg.Package) fnpkg.ContentDigest {
	t.Helper()
	d, err := fnpkg.DigestContent(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func directoryDigest(t *testing.T, dir string) fnpkg.ContentDigest {
	t.Helper()
	p, err := dirtree.Open(t.Context(), dir, "tree", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	return contentDigest(t, p)
}
