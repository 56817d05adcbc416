package sbom_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

// listed makes components of words such as "npm:a@1" and "npm:a@1/declared".
func listed(words ...string) *fnpkg.Inventory {
	inv := &fnpkg.Inventory{}
	for _, w := range words {
		w, origin, ok := strings.Cut(w, "/")
		if !ok {
			origin = "shipped"
		}
		typ, rest, _ := strings.Cut(w, ":")
		name, version, _ := strings.Cut(rest, "@")
		inv.Components = append(inv.Components, fnpkg.Component{
			PURL: "pkg:" + typ + "/" + rest, Type: typ, Name: name, Version: version,
			Origin: fnpkg.Origin(origin), Confidence: 1,
		})
	}
	return inv
}

// told writes a difference in one line.
func told(d *sbom.Difference) string {
	var words []string
	for _, c := range d.Removed {
		words = append(words, "-"+c.Name+"@"+c.Version)
	}
	for _, c := range d.Changed {
		words = append(words, fmt.Sprintf("~%s@%s→%s%s", c.From.Name, c.From.Version, c.To.Version, c.What))
	}
	for _, c := range d.Added {
		words = append(words, "+"+c.Name+"@"+c.Version)
	}
	return strings.TrimSpace(fmt.Sprintf("%s =%d", strings.Join(words, " "), d.Same))
}

func TestDiff(t *testing.T) {
	tests := []struct{ name, from, to, want string }{
		{"nothing", "", "", "=0"},
		{"the same", "npm:a@1 pypi:b@2", "pypi:b@2 npm:a@1", "=2"},
		{"added and removed", "npm:a@1", "npm:b@1", "-a@1 +b@1 =0"},
		{"of another type", "npm:a@1", "pypi:a@1", "-a@1 +a@1 =0"},
		{"upgraded", "npm:a@1.9", "npm:a@1.10", "~a@1.9→1.10[version] =0"},
		{"one of two upgraded", "npm:a@1 npm:a@2", "npm:a@2 npm:a@3", "~a@1→3[version] =1"},
		{"two upgraded, in order", "npm:a@9 npm:a@10", "npm:a@11 npm:a@100", "~a@9→11[version] ~a@10→100[version] =0"},
		{"one became two", "npm:a@1", "npm:a@2 npm:a@3", "~a@1→2[version] +a@3 =0"},
		{"two became one", "npm:a@1 npm:a@2", "npm:a@3", "-a@2 ~a@1→3[version] =0"},
		{"origin", "npm:a@1/declared", "npm:a@1", "~a@1→1[origin] =0"},
		{"origin and version", "npm:a@1/declared", "npm:a@2", "~a@1→2[version origin] =0"},
		{"both origins stay", "npm:a@1/declared npm:a@1", "npm:a@1 npm:a@1/declared", "=2"},
		{"version of the same origin first", "npm:a@1 npm:a@2/declared", "npm:a@3/declared npm:a@4", "~a@1→4[version] ~a@2→3[version] =0"},
		{"version becomes known", "npm:a", "npm:a@1", "~a@→1[version] =0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := listed(strings.Fields(tt.from)...), listed(strings.Fields(tt.to)...)
			if got := told(sbom.Diff(from, to)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			back := sbom.Diff(to, from)
			there := sbom.Diff(from, to)
			if len(back.Added) != len(there.Removed) || len(back.Changed) != len(there.Changed) || back.Same != there.Same {
				t.Errorf("the way back is %s", told(back))
			}
			if there.Empty() != (tt.want[0] == '=') {
				t.Errorf("Empty is %v", there.Empty())
			}
		})
	}
}

func TestDiffAspects(t *testing.T) {
	change := func(from, to func(*fnpkg.Component)) []sbom.Aspect {
		a, b := listed("maven:g:a@1"), listed("maven:g:a@1")
		from(&a.Components[0])
		to(&b.Components[0])
		d := sbom.Diff(a, b)
		if len(d.Changed) == 0 {
			return nil
		}
		return d.Changed[0].What
	}
	licence := func(words ...string) func(*fnpkg.Component) {
		return func(c *fnpkg.Component) {
			for _, w := range words {
				c.Licenses = append(c.Licenses, fnpkg.License{Expression: w})
			}
		}
	}
	hash := func(h string) func(*fnpkg.Component) { return func(c *fnpkg.Component) { c.SHA256 = h } }
	tree := func(h string) func(*fnpkg.Component) { return func(c *fnpkg.Component) { c.TreeSHA256 = h } }
	for _, tt := range []struct {
		name     string
		from, to func(*fnpkg.Component)
		want     []sbom.Aspect
	}{
		{"licence", licence("MIT"), licence("ISC"), []sbom.Aspect{sbom.AspectLicense}},
		{"licences in another order", licence("MIT", "ISC"), licence("ISC", "MIT"), nil},
		{"licence on one side only", licence("MIT"), licence(), nil},
		{"file", hash("aa"), hash("bb"), []sbom.Aspect{sbom.AspectContent}},
		{"file in other letters", hash("aa"), hash("AA"), nil},
		{"file on one side only", hash(""), hash("bb"), nil},
		{"tree", tree("aa"), tree("bb"), []sbom.Aspect{sbom.AspectContent}},
	} {
		if diff := cmp.Diff(tt.want, change(tt.from, tt.to)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// The order in which a tool lists components says nothing.
func TestDiffIgnoresOrder(t *testing.T) {
	from := listed("npm:a@1", "npm:a@2", "npm:a@2/declared", "npm:b@1", "pypi:a@1", "npm:c@0.9", "npm:c@0.10")
	to := listed("npm:a@3", "npm:a@2/declared", "npm:c@1", "npm:d@1", "pypi:a@1")
	want := sbom.Diff(from, to)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		for _, list := range [][]fnpkg.Component{from.Components, to.Components} {
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}
		if diff := cmp.Diff(want, sbom.Diff(from, to)); diff != "" {
			t.Fatalf("in another order (-want +got):\n%s", diff)
		}
	}
}

// memory is a package in memory.
type memory []fnpkg.Entry

func (m memory) Kind() fnpkg.Kind        { return fnpkg.KindZip }
func (m memory) Name() string            { return "memory" }
func (m memory) Size() int64             { return 0 }
func (m memory) Entries() []fnpkg.Entry  { return m }
func (m memory) Hazards() []fnpkg.Hazard { return nil }
func (m memory) Digest(context.Context) (fnpkg.Digest, error) {
	return fnpkg.Digest{}, fnpkg.ErrNoDigest
}
func (m memory) Close() error { return nil }

type content struct{ *bytes.Reader }

func (content) Close() error { return nil }

func file(path, text string, mode fs.FileMode) fnpkg.Entry {
	return fnpkg.NewEntry(fnpkg.Entry{Path: path, Mode: mode, Size: int64(len(text))}, func() (fnpkg.Content, error) {
		return content{bytes.NewReader([]byte(text))}, nil
	})
}

func link(path, target string) fnpkg.Entry {
	return fnpkg.Entry{Path: path, Mode: fs.ModeSymlink | 0o777, LinkTarget: target}
}

func TestDiffFiles(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	a := memory{
		fnpkg.Entry{Path: "dir", Mode: fs.ModeDir | 0o755},
		file("bits", "same", 0o644), file("gone", "1", 0o644), link("l1", "a"), link("l2", "a"), file("long", long+"1", 0o644),
		file("same", long, 0o644), file("size", "1", 0o644), file("turns", "a", 0o644),
	}
	b := memory{
		file("bits", "same", 0o755), link("l1", "a"), link("l2", "b"), file("long", long+"2", 0o644),
		file("new", "12", 0o755), file("same", long, 0o600), file("size", "12", 0o644), link("turns", "a"),
	}
	got, err := sbom.DiffFiles(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := &sbom.FileDifference{
		Added:   []sbom.File{{Path: "new", Size: 2, Executable: true}},
		Removed: []sbom.File{{Path: "gone", Size: 1}},
		Changed: []sbom.FileChange{
			{From: sbom.File{Path: "bits", Size: 4}, To: sbom.File{Path: "bits", Size: 4, Executable: true}},
			{From: sbom.File{Path: "l2", Target: "a"}, To: sbom.File{Path: "l2", Target: "b"}, Content: true},
			{From: sbom.File{Path: "long", Size: 100<<10 + 1}, To: sbom.File{Path: "long", Size: 100<<10 + 1}, Content: true},
			{From: sbom.File{Path: "size", Size: 1}, To: sbom.File{Path: "size", Size: 2}, Content: true},
			{From: sbom.File{Path: "turns", Size: 1}, To: sbom.File{Path: "turns", Target: "a"}, Content: true},
		},
		Same: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
	if same, err := sbom.DiffFiles(t.Context(), a, a); err != nil || !same.Empty() || same.Same != 8 {
		t.Errorf("a package differs from itself: %+v, %v", same, err)
	}
}

type broken struct{ content }

func (broken) Read([]byte) (int, error) { return 0, errors.New("cut short") }

func TestDiffFilesErrors(t *testing.T) {
	bad := fnpkg.NewEntry(fnpkg.Entry{Path: "bad", Mode: 0o644, Size: 3}, func() (fnpkg.Content, error) {
		return broken{content{bytes.NewReader(nil)}}, nil
	})
	good := memory{file("bad", "abc", 0o644)}
	if _, err := sbom.DiffFiles(t.Context(), good, memory{bad}); err == nil || !strings.Contains(err.Error(), `comparing "bad": cut short`) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sbom.DiffFiles(ctx, good, good); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
