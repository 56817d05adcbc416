package dirtree_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
)

func write(t *testing.T, root, name, content string) string {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func symlink(t *testing.T, root, name, target string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(root, filepath.FromSlash(name))); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

func open(t *testing.T, root string) *dirtree.Package {
	t.Helper()
	p, err := dirtree.Open(t.Context(), root, "fn", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func read(e fnpkg.Entry) (string, error) {
	c, err := e.Open()
	if err != nil {
		return "", err
	}
	defer c.Close()
	data, err := io.ReadAll(c)
	return string(data), err
}

func hazardIDs(p fnpkg.Package) []string {
	var out []string
	for _, h := range p.Hazards() {
		out = append(out, string(h.ID)+" "+h.Path)
	}
	return out
}

func TestEntries(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tree needs execute bits")
	}
	root := t.TempDir()
	write(t, root, "lib/a.txt", "aa")
	write(t, root, "lib-b", "b")
	if err := os.Chmod(write(t, root, "bootstrap", "#!"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	symlink(t, root, "lib/link", "../bootstrap")
	p := open(t, root)
	want := []fnpkg.Entry{
		{Path: "bootstrap", Mode: 0o755, Size: 2},
		{Path: "empty", Mode: fs.ModeDir | 0o755},
		{Path: "lib", Mode: fs.ModeDir | 0o755},
		{Path: "lib-b", Mode: 0o644, Size: 1},
		{Path: "lib/a.txt", Mode: 0o644, Size: 2},
		{Path: "lib/link", Mode: fs.ModeSymlink | 0o777, Size: 12, LinkTarget: "../bootstrap"},
	}
	if diff := cmp.Diff(want, p.Entries(), cmpopts.IgnoreUnexported(fnpkg.Entry{}), cmpopts.IgnoreFields(fnpkg.Entry{}, "ModTime")); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	for _, e := range p.Entries() {
		if e.ModTime.IsZero() {
			t.Errorf("%s has no time", e.Path)
		}
	}
	if got, err := read(p.Entries()[4]); err != nil || got != "aa" {
		t.Errorf("content %q, %v", got, err)
	}
	if _, err := p.Entries()[5].Open(); !errors.Is(err, fnpkg.ErrNoContent) {
		t.Errorf("opening a link: %v", err)
	}
	if len(p.Hazards()) > 0 {
		t.Errorf("hazards: %+v", p.Hazards())
	}
	if p.Kind() != fnpkg.KindDirectory || p.Name() != "fn" || p.Size() != 0 {
		t.Errorf("kind %q, name %q, size %d", p.Kind(), p.Name(), p.Size())
	}
	if _, err := p.Digest(t.Context()); !errors.Is(err, fnpkg.ErrNoDigest) {
		t.Errorf("Digest: %v", err)
	}
}

// TestLinksAreNotFollowed lists links to folders and files outside.
func TestLinksAreNotFollowed(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "secret", "s")
	root := t.TempDir()
	write(t, root, "index.py", "x")
	symlink(t, root, "folder", outside)
	symlink(t, root, "up", "../x")
	symlink(t, root, "self", "self")
	p := open(t, root)
	if len(p.Entries()) != 4 {
		t.Errorf("entries: %v", p.Entries())
	}
	want := []string{"escaping-link folder", "escaping-link up", "looping-link self"}
	if diff := cmp.Diff(want, hazardIDs(p)); diff != "" {
		t.Errorf("hazards (-want +got):\n%s", diff)
	}
}

// TestRootMayBeALink opens a tree through a link to it.
func TestRootMayBeALink(t *testing.T) {
	root := t.TempDir()
	write(t, root, "tree/index.py", "x")
	symlink(t, root, "link", "tree")
	if p := open(t, filepath.Join(root, "link")); len(p.Entries()) != 1 {
		t.Errorf("entries: %v", p.Entries())
	}
}

// TestReplaced puts other things in a file's place after it was listed.
func TestReplaced(t *testing.T) {
	outside := write(t, t.TempDir(), "secret", "secret")
	for name, replace := range map[string]func(t *testing.T, root, path string){
		"grown": func(t *testing.T, root, path string) {
			write(t, root, "index.py", "more than before")
		},
		"removed": func(t *testing.T, root, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"a link out": func(t *testing.T, root, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			symlink(t, root, "index.py", outside)
		},
		"a link within": func(t *testing.T, root, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			symlink(t, root, "index.py", "other.py")
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			path := write(t, root, "index.py", "before")
			write(t, root, "other.py", "others")
			p := open(t, root)
			replace(t, root, path)
			got, err := read(p.Entries()[0])
			if err == nil || !strings.Contains(err.Error(), `"index.py"`) {
				t.Errorf("read %q, error %v; want an error that names the file", got, err)
			}
			if strings.Contains(err.Error(), root) {
				t.Errorf("error %v names a path outside of the tree", err)
			}
		})
	}
}

// TestChangedWhileRead changes a file between its opening and its end.
func TestChangedWhileRead(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"shorter": func(path string) error { return os.Truncate(path, 3) },
		"longer":  func(path string) error { return os.Truncate(path, 30) },
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			path := write(t, root, "index.py", "0123456789")
			p := open(t, root)
			c, err := p.Entries()[0].Open()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			if data, err := io.ReadAll(c); !errors.Is(err, fnpkg.ErrChanged) {
				t.Errorf("read %q, %v, want ErrChanged", data, err)
			}
		})
	}
}

func TestContent(t *testing.T) {
	root := t.TempDir()
	write(t, root, "index.py", "0123456789")
	p := open(t, root)
	c, err := p.Entries()[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := make([]byte, 4)
	if n, err := c.ReadAt(b, 8); n != 2 || err != io.EOF {
		t.Errorf("ReadAt the end: %d, %v", n, err)
	}
	if n, err := c.ReadAt(b, 2); n != 4 || err != nil || string(b) != "2345" {
		t.Errorf("ReadAt: %d, %v, %q", n, err, b)
	}
	if at, err := c.Seek(-3, io.SeekEnd); at != 7 || err != nil {
		t.Errorf("Seek: %d, %v", at, err)
	}
	if rest, err := io.ReadAll(c); string(rest) != "789" || err != nil {
		t.Errorf("the rest: %q, %v", rest, err)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() <= 0 {
		t.Skip("needs a user whom permissions stop")
	}
	root := t.TempDir()
	write(t, root, "lib/sub/x", "x")
	if err := os.Chmod(write(t, root, "secret", "x"), 0); err != nil {
		t.Fatal(err)
	}
	p := open(t, root)
	_, err := read(p.Entries()[len(p.Entries())-1])
	if !errors.Is(err, fs.ErrPermission) || err.Error() != `opening "secret": permission denied` {
		t.Errorf("an unreadable file: %v", err)
	}
	if _, err := fnpkg.DigestContent(t.Context(), p); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("the digest of an unreadable file: %v", err)
	}
	sub := filepath.Join(root, "lib", "sub")
	if err := os.Chmod(sub, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(sub, 0o755) })
	_, err = dirtree.Open(t.Context(), root, "fn", fnpkg.DefaultLimits())
	if !errors.Is(err, fs.ErrPermission) || err.Error() != `reading directory "lib/sub": permission denied` {
		t.Errorf("an unreadable directory: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a", "12345")
	write(t, root, "bbb/c", "12345")
	if _, err := dirtree.Open(t.Context(), filepath.Join(root, "missing"), "fn", fnpkg.Limits{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dirtree.Open(cancelled, root, "fn", fnpkg.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, c := range []struct {
		limits fnpkg.Limits
		flag   string
	}{
		{fnpkg.Limits{Entries: 2}, fnpkg.FlagMaxEntries},
		{fnpkg.Limits{EntryBytes: 4}, fnpkg.FlagMaxEntryBytes},
		{fnpkg.Limits{TotalBytes: 9}, fnpkg.FlagMaxTotalBytes},
		{fnpkg.Limits{PathBytes: 4}, fnpkg.FlagMaxPathBytes},
	} {
		_, err := dirtree.Open(t.Context(), root, "fn", c.limits)
		var limit *fnpkg.LimitError
		if !errors.As(err, &limit) || limit.Flag != c.flag || limit.Got != limit.Limit+1 {
			t.Errorf("%s: %#v", c.flag, err)
		}
	}
	exact := fnpkg.Limits{Entries: 3, EntryBytes: 5, TotalBytes: 10, PathBytes: 5}
	if p, err := dirtree.Open(t.Context(), root, "fn", exact); err != nil {
		t.Errorf("exactly at the limits: %v", err)
	} else {
		p.Close()
	}
}
