//go:build unix

package dirtree_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSpecialFiles lists what only a Unix file system holds.
func TestSpecialFiles(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, root, `back\slash`, "x")
	write(t, root, "new\nline", "x")
	if err := os.Chmod(write(t, root, "setuid", "x"), os.ModeSetuid|0o755); err != nil {
		t.Fatal(err)
	}
	p := open(t, root)
	want := []string{`backslash-path back\slash`, "control-name new\nline", "setuid setuid", "special-file pipe"}
	if diff := cmp.Diff(want, hazardIDs(p)); diff != "" {
		t.Errorf("hazards (-want +got):\n%s", diff)
	}
}

// TestReplacedByPipe must end: opening a named pipe waits for a writer.
func TestReplacedByPipe(t *testing.T) {
	root := t.TempDir()
	path := write(t, root, "index.py", "before")
	p := open(t, root)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := read(p.Entries()[0]); err == nil {
		t.Errorf("read %q", got)
	}
}
