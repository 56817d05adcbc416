package fnpkg_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

// node is one entry of a tree in memory.
type node struct {
	path       string
	mode       fs.FileMode
	text       string // content, or a link's target
	modTime    time.Time
	openFailed error
}

func file(path, content string) node { return node{path: path, mode: 0o644, text: content} }
func program(path, content string) node {
	return node{path: path, mode: 0o755, text: content}
}
func link(path, target string) node {
	return node{path: path, mode: fs.ModeSymlink | 0o777, text: target}
}
func dir(path string) node { return node{path: path, mode: fs.ModeDir | 0o755} }

// tree is a package in memory.
type tree struct {
	kind    fnpkg.Kind
	entries []fnpkg.Entry
	hazards []fnpkg.Hazard
}

func (p *tree) Kind() fnpkg.Kind        { return p.kind }
func (p *tree) Name() string            { return "tree" }
func (p *tree) Size() int64             { return 0 }
func (p *tree) Entries() []fnpkg.Entry  { return p.entries }
func (p *tree) Hazards() []fnpkg.Hazard { return p.hazards }
func (p *tree) Digest(context.Context) (fnpkg.Digest, error) {
	return fnpkg.Digest{}, fnpkg.ErrNoDigest
}
func (p *tree) Close() error { return nil }

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// newTree returns a package of the nodes as they are, sorted.
func newTree(nodes ...node) *tree {
	nodes = slices.Clone(nodes)
	slices.SortStableFunc(nodes, func(a, b node) int { return strings.Compare(a.path, b.path) })
	p := &tree{kind: fnpkg.KindDirectory}
	for _, n := range nodes {
		e := fnpkg.Entry{Path: n.path, Mode: n.mode, ModTime: n.modTime}
		switch {
		case e.IsLink():
			e.LinkTarget, e.Size = n.text, int64(len(n.text))
		case e.IsRegular():
			e.Size = int64(len(n.text))
		}
		p.entries = append(p.entries, fnpkg.NewEntry(e, func() (fnpkg.Content, error) {
			return memory{bytes.NewReader([]byte(n.text))}, n.openFailed
		}))
	}
	return p
}

// newZip packs the nodes, in their order.
func newZip(t testing.TB, deflate bool, nodes ...node) *zipfile.Package {
	t.Helper()
	var entries []zipvec.Entry
	for _, n := range nodes {
		switch {
		case n.mode.IsDir():
			entries = append(entries, zipvec.Dir(n.path+"/"))
		case n.mode.Type() == fs.ModeSymlink:
			entries = append(entries, zipvec.Link(n.path, n.text))
		case deflate:
			stream := zipvec.StoredBlock([]byte(n.text), true)
			entries = append(entries, zipvec.Deflated(n.path, stream, []byte(n.text)).WithDescriptor().Unix(0o100000|uint32(n.mode.Perm())))
		default:
			entries = append(entries, zipvec.File(n.path, n.text).Unix(0o100000|uint32(n.mode.Perm())))
		}
	}
	data := zipvec.Zip(entries...).Bytes()
	p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "tree.zip", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func digest(t testing.TB, p fnpkg.Package) fnpkg.ContentDigest {
	t.Helper()
	d, err := fnpkg.DigestContent(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func sample() []node {
	return []node{
		program("bootstrap", "#!/bin/sh\n"),
		dir("empty"),
		file("lib.txt", "l"),
		dir("lib"),
		file("lib/a.py", "print('a')\n"),
		link("lib/b.py", "a.py"),
		file("zero", ""),
	}
}

// TestDigestContentRule computes the digest of the sample as the documented
// rule says, word for word, and pins its value for all time.
func TestDigestContentRule(t *testing.T) {
	var b bytes.Buffer
	number := func(n int) { b.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	record := func(kind string, executable byte, path string, content *string, target string) {
		b.WriteString(kind)
		b.WriteByte(executable)
		number(len(path))
		b.WriteString(path)
		sum := [32]byte{}
		if content != nil {
			number(len(*content))
			sum = sha256.Sum256([]byte(*content))
		} else {
			number(0)
		}
		b.Write(sum[:])
		number(len(target))
		b.WriteString(target)
	}
	script, l, a, none := "#!/bin/sh\n", "l", "print('a')\n", ""
	b.WriteString("fnseal-tree-v1\x00")
	number(6)
	record("f", 1, "bootstrap", &script, "")
	record("d", 0, "empty", nil, "")
	record("f", 0, "lib.txt", &l, "")
	record("f", 0, "lib/a.py", &a, "")
	record("l", 0, "lib/b.py", nil, "a.py")
	record("f", 0, "zero", &none, "")
	want := fnpkg.ContentDigest(sha256.Sum256(b.Bytes()))

	got := digest(t, newTree(sample()...))
	if got != want {
		t.Errorf("digest %s, by the rule %s", got, want)
	}
	const pinned = "fnseal-tree-v1:80598e92443d1e9bff2d0a3ae843e1b1099953d19c087917ea6faad723e50da8"
	if got.String() != pinned {
		t.Errorf("digest %s, pinned %s: digests in use would change", got, pinned)
	}
}

// TestDigestContentSame packs one tree in many ways.
func TestDigestContentSame(t *testing.T) {
	want := digest(t, newTree(sample()...))
	later := sample()
	for i := range later {
		later[i].modTime = time.Unix(int64(i)*1e6, 0)
	}
	private := sample()
	for i := range private {
		if private[i].mode.IsRegular() {
			private[i].mode &^= 0o066
		}
	}
	reversed := sample()
	slices.Reverse(reversed)
	withoutImplied := slices.DeleteFunc(sample(), func(n node) bool { return n.path == "lib" })
	for name, p := range map[string]fnpkg.Package{
		"times":               newTree(later...),
		"other permissions":   newTree(private...),
		"stored":              newZip(t, false, sample()...),
		"deflated":            newZip(t, true, sample()...),
		"another order":       newZip(t, true, reversed...),
		"implied directories": newZip(t, false, withoutImplied...),
		"directories twice":   newZip(t, false, append(sample(), dir("lib"), dir("empty"))...),
	} {
		if got := digest(t, p); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if runtime.GOOS != "windows" {
		if got := digest(t, onDisk(t, sample())); got != want {
			t.Errorf("on disk: %s, want %s", got, want)
		}
	}
}

// onDisk makes the tree in a folder.
func onDisk(t *testing.T, nodes []node) fnpkg.Package {
	t.Helper()
	root := t.TempDir()
	for _, n := range nodes {
		path := filepath.Join(root, filepath.FromSlash(n.path))
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case n.mode.IsDir():
			err = os.MkdirAll(path, 0o755)
		case n.mode.Type() == fs.ModeSymlink:
			err = os.Symlink(n.text, path)
		default:
			err = os.WriteFile(path, []byte(n.text), n.mode.Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := dirtree.Open(t.Context(), root, "tree", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestDigestContentDifferent makes all the smallest changes to a tree; no two
// of the trees may have one digest.
func TestDigestContentDifferent(t *testing.T) {
	seen := map[fnpkg.ContentDigest]string{digest(t, newTree(sample()...)): "the sample"}
	check := func(name string, nodes []node) {
		t.Helper()
		d := digest(t, newTree(nodes...))
		if other, ok := seen[d]; ok {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[d] = name
	}
	for i, n := range sample() {
		if n.path == "lib" {
			continue // implied
		}
		change := func(what string, edit func(*node)) {
			t.Helper()
			nodes := sample()
			edit(&nodes[i])
			check(what+" of "+n.path, nodes)
		}
		check(n.path+" removed", slices.Delete(sample(), i, i+1))
		change("path", func(n *node) { n.path += "x" })
		change("case", func(n *node) { n.path = strings.ToUpper(n.path[:1]) + n.path[1:] })
		if n.mode.IsDir() {
			change("type", func(n *node) { n.mode = 0o644 })
			continue
		}
		change("length", func(n *node) { n.text += "\x00" })
		for j := range n.text {
			change("one byte", func(n *node) { n.text = n.text[:j] + string(n.text[j]^1) + n.text[j+1:] })
		}
		if n.mode.IsRegular() {
			change("execute bit", func(n *node) { n.mode ^= 0o111 })
			change("file to link", func(n *node) { n.mode = fs.ModeSymlink })
		} else {
			change("link to file", func(n *node) { n.mode = 0o644 })
		}
	}
	check("nothing", nil)
	check("one empty directory", []node{dir("a")})
	check("one empty file", []node{file("a", "")})
	// Boundaries between fields and records cannot be shifted.
	check("ab c", []node{link("ab", "c")})
	check("a bc", []node{link("a", "bc")})
	check("two files", []node{file("a", "1"), file("b", "2")})
	check("two files, swapped", []node{file("a", "2"), file("b", "1")})
}

// TestDigestContentRefuses lists what has no content digest.
func TestDigestContentRefuses(t *testing.T) {
	broken := errors.New("broken disk")
	ambiguous := func(err error) bool { var a *fnpkg.AmbiguousError; return errors.As(err, &a) }
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	special := file("pipe", "")
	special.mode = fs.ModeNamedPipe
	unreadable := file("x", "x")
	unreadable.openFailed = broken
	hazardous := newTree(file("a", "x"))
	hazardous.hazards = []fnpkg.Hazard{{ID: fnpkg.HazardSetuid}, {ID: fnpkg.HazardPrependedBytes}}
	unsorted := newTree(file("a", "x"), file("b", "x"))
	slices.Reverse(unsorted.entries)
	plain := newTree()
	plain.kind = fnpkg.KindFile
	lying := newTree(file("a", "x"))
	lying.entries[0].Size = 2
	for name, c := range map[string]struct {
		p    fnpkg.Package
		want func(error) bool
	}{
		"an ambiguous package":             {hazardous, ambiguous},
		"a duplicate the reader missed":    {newTree(file("a", "x"), file("a", "y")), ambiguous},
		"an order the reader missed":       {unsorted, ambiguous},
		"a special file":                   {newTree(special), is(fnpkg.ErrNoContentDigest)},
		"a plain file":                     {plain, is(fnpkg.ErrNoContentDigest)},
		"a file that cannot be opened":     {newTree(unreadable), is(broken)},
		"a file of another size than said": {lying, is(fnpkg.ErrChanged)},
	} {
		if d, err := fnpkg.DigestContent(t.Context(), c.p); !c.want(err) || !d.IsZero() {
			t.Errorf("%s: %s, %v", name, d, err)
		}
	}
	harmless := newTree(program("a", "x"))
	harmless.hazards = []fnpkg.Hazard{{ID: fnpkg.HazardSetuid}}
	if _, err := fnpkg.DigestContent(t.Context(), harmless); err != nil {
		t.Errorf("a hazard that is no ambiguity: %v", err)
	}
}

// TestDigestContentOfVectors makes sure that no ambiguous archive has a
// content digest.
func TestDigestContentOfVectors(t *testing.T) {
	for _, v := range zipvec.Vectors() {
		if v.Open != zipvec.Succeeds {
			continue
		}
		data := v.Bytes()
		p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), v.Name, fnpkg.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		_, err = fnpkg.DigestContent(t.Context(), p)
		safe := len(fnpkg.Ambiguities(p.Hazards())) == 0 && v.Read == zipvec.Succeeds && !slices.Contains(v.Hazards, fnpkg.HazardSpecialFile)
		if (err == nil) != safe {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

func TestDigestContentCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := newTree(file("a", "x"), file("b", "x"))
	for i := range p.entries {
		e := p.entries[i]
		p.entries[i] = fnpkg.NewEntry(e, func() (fnpkg.Content, error) {
			cancel()
			return memory{bytes.NewReader([]byte("x"))}, nil
		})
	}
	if _, err := fnpkg.DigestContent(ctx, p); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// FuzzDigestContent makes two trees of its input. They must have one digest
// exactly if they are the same tree, and a zip of a tree must have the tree's.
func FuzzDigestContent(f *testing.F) {
	f.Add([]byte("\x01a\x01x"), []byte("\x01a\x01x"), true)
	f.Add([]byte("\x01a\x01x\x11b\x01x"), []byte("\x01a\x01x\x21b\x01a"), false)
	f.Add([]byte("\x03a/b\x02xy\x31c\x00"), []byte("\x03a/b\x02xy"), true)
	f.Add([]byte("\x31a\x00\x03a/b\x01x"), []byte("\x03a/b\x01x"), false)
	f.Fuzz(func(t *testing.T, one, two []byte, deflate bool) {
		a, b := parseTree(one), parseTree(two)
		p, q := newTree(a...), newTree(b...)
		x, y := digest(t, p), digest(t, q)
		if same := slices.Equal(canonical(a), canonical(b)); same != (x == y) {
			t.Fatalf("digests %s and %s of\n%v\n%v", x, y, canonical(a), canonical(b))
		}
		z := newZip(t, deflate, a...)
		zd, err := fnpkg.DigestContent(t.Context(), z)
		var ambiguous *fnpkg.AmbiguousError
		switch {
		case errors.As(err, &ambiguous) && len(fnpkg.Ambiguities(z.Hazards())) > 0:
		case err != nil:
			t.Fatal(err)
		case zd != x:
			t.Fatalf("zipped %s, else %s: %v", zd, x, canonical(a))
		}
	})
}

// parseTree reads nodes, of distinct paths, from fuzz input: a byte of which
// the upper half says what and the lower how long the path is, the path, a
// length, a text.
func parseTree(b []byte) []node {
	r := bytes.NewReader(b)
	text := func(n byte) string {
		s := make([]byte, n)
		m, _ := io.ReadFull(r, s)
		return string(s[:m])
	}
	var out []node
	seen := make(map[string]bool)
	for len(out) < 20 {
		head, err := r.ReadByte()
		if err != nil {
			break
		}
		n := node{path: text(head & 15), mode: 0o644}
		length, _ := r.ReadByte()
		n.text = text(length)
		switch head >> 4 & 3 {
		case 1:
			n.mode = 0o755
		case 2:
			n.mode = fs.ModeSymlink | 0o777
			if n.text == "" {
				continue
			}
		case 3:
			n.mode, n.text = fs.ModeDir|0o755, ""
		}
		if !seen[n.path] && fs.ValidPath(n.path) && n.path != "." {
			seen[n.path] = true
			out = append(out, n)
		}
	}
	return out
}

// canonical lists what a content digest stands for, sorted.
func canonical(nodes []node) []string {
	var out []string
	for _, n := range nodes {
		if n.mode.IsDir() && slices.ContainsFunc(nodes, func(o node) bool { return strings.HasPrefix(o.path, n.path+"/") }) {
			continue
		}
		out = append(out, strings.Join([]string{n.path, n.mode.String(), n.text}, "\x00"))
	}
	slices.Sort(out)
	return out
}
