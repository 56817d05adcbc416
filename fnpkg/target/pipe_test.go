//go:build unix

package target_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
)

// TestNamedPipe reads a package from a pipe, as a shell makes one of
// <(command).
func TestNamedPipe(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { written <- os.WriteFile("pipe", sound, 0) }()
	p, err := target.Open(t.Context(), "pipe", options())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if p.Kind() != fnpkg.KindZip || p.Name() != "pipe" || len(p.Entries()) != 1 {
		t.Errorf("%s %s, %v", p.Kind(), p.Name(), p.Entries())
	}
}
