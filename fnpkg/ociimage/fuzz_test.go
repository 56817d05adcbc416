package ociimage_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/ociimage"
	"github.com/fnseal/fnseal/internal/registry"
	. "github.com/fnseal/fnseal/internal/testkit/imagekit"
)

// saved returns an archive of an image whose layers are the tar archives.
func saved(t testing.TB, layers ...[]byte) []byte {
	t.Helper()
	var names, ids []string
	var entries []Entry
	for i, l := range layers {
		name := fmt.Sprintf("%d.tar", i)
		names = append(names, fmt.Sprintf("%q", name))
		ids = append(ids, fmt.Sprintf(`"sha256:%x"`, sha256.Sum256(l)))
		entries = append(entries, File(name, string(l)))
	}
	return Tar(t, append(entries,
		File("config.json", fmt.Sprintf(`{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[%s]}}`, strings.Join(ids, ","))),
		File("manifest.json", fmt.Sprintf(`[{"Config":"config.json","Layers":[%s]}]`, strings.Join(names, ","))))...)
}

func openSaved(t testing.TB, archive []byte, limits fnpkg.Limits) (*ociimage.Package, error) {
	t.Helper()
	a, err := registry.ReadArchive(t.Context(), bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	img, err := a.Open(t.Context(), "", registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ociimage.New(t.Context(), img, "fn", limits)
}

// FuzzApply applies two layers of any bytes. What comes out is a tree: paths
// in order and without repetition, each beneath a directory, none that leaves
// the root, content as long as it says; twice the same; or else a named error.
func FuzzApply(f *testing.F) {
	f.Add(Tar(f, Dir("d/"), File("d/a", "1"), Symlink("l", "d"), Hardlink("h", "d/a")), Tar(f, Opaque("d/"), File("l/b", "2"), Whiteout("", "h")))
	f.Add(Tar(f, File("../a", "1"), Symlink("l", "../../x")), Tar(f, File("l/y", "2"), Device("z", 0, 0)))
	f.Add(Tar(f, Symlink("a", "b"), Symlink("b", "a")), Tar(f, Whiteout("a/", "x"), File(".wh..", "")))
	limits := fnpkg.DefaultLimits()
	limits.Entries, limits.TotalBytes = 10_000, 1<<20
	f.Fuzz(func(t *testing.T, lower, upper []byte) {
		archive := saved(t, lower, upper)
		p, err := openSaved(t, archive, limits)
		if err != nil {
			var format *fnpkg.FormatError
			var limit *fnpkg.LimitError
			if !errors.As(err, &format) && !errors.As(err, &limit) {
				t.Fatalf("error of no named type: %v", err)
			}
			return
		}
		defer p.Close()
		dirs := map[string]bool{"": true}
		last := ""
		for _, e := range p.Entries() {
			if e.Path <= last {
				t.Fatalf("%q behind %q", e.Path, last)
			}
			last = e.Path
			if strings.HasPrefix(e.Path, "/") || strings.Contains("/"+e.Path+"/", "/../") || strings.Contains("/"+e.Path+"/", "//") {
				t.Fatalf("path %q", e.Path)
			}
			parent, _, _ := cutLast(e.Path)
			if !dirs[parent] {
				t.Fatalf("%q is beneath no directory", e.Path)
			}
			dirs[e.Path] = e.IsDir()
			c, err := e.Open()
			if !e.IsRegular() {
				if !errors.Is(err, fnpkg.ErrNoContent) {
					t.Fatalf("%q has content: %v", e.Path, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, c)
			if err != nil || n != e.Size {
				t.Fatalf("%q: %d bytes of %d, %v", e.Path, n, e.Size, err)
			}
		}
		again, err := openSaved(t, archive, limits)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if diff := cmp.Diff(lines(t, p), lines(t, again)); diff != "" {
			t.Fatalf("another tree the second time:\n%s", diff)
		}
		if diff := cmp.Diff(p.Hazards(), again.Hazards()); diff != "" {
			t.Fatalf("other hazards the second time:\n%s", diff)
		}
	})
}

// cutLast cuts a path before its last element.
func cutLast(path string) (dir, base string, found bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// BenchmarkOpen opens an image of 20 MB in 5,000 files.
func BenchmarkOpen(b *testing.B) {
	var entries []Entry
	for i := range 5000 {
		text := strings.Repeat(fmt.Sprintf("line %d of a file\n", i), 200)
		entries = append(entries, File(fmt.Sprintf("usr/lib/d%d/f%d", i%50, i), text))
	}
	archive := saved(b, Tar(b, entries...))
	b.SetBytes(int64(len(archive)))
	for b.Loop() {
		p, err := openSaved(b, archive, fnpkg.DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		p.Close()
	}
}
