package gate_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/gate"
)

func TestCopy(t *testing.T) {
	data := make([]byte, 3<<20+7)
	rand.Read(data)
	c, err := gate.NewCopy(t.Context(), bytes.NewReader(data), "a.zip")
	if err != nil {
		t.Fatal(err)
	}
	if c.Digest != fnpkg.Digest(sha256.Sum256(data)) || c.Size != int64(len(data)) {
		t.Errorf("digest %s, size %d", c.Digest, c.Size)
	}
	if got, err := os.ReadFile(c.Path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("by its path: %v", err)
	}
	if runtime.GOOS == "linux" {
		// Nobody writes to it, not even its owner.
		f, err := os.OpenFile(c.Path, os.O_RDWR, 0)
		if err == nil {
			_, err = f.WriteAt([]byte("x"), 0)
			f.Close()
		}
		if err == nil {
			t.Error("the copy can be written to")
		}
		if err := os.Truncate(c.Path, 1); err == nil {
			t.Error("the copy can be cut")
		}
	} else if info, err := os.Stat(c.Path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	path := c.Path
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); err == nil && bytes.Equal(got, data) {
		t.Error("the copy is still there")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gate.NewCopy(ctx, bytes.NewReader(data), "a.zip"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
