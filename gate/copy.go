package gate

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"github.com/fnseal/fnseal/fnpkg"
)

// Copy is a private copy of an artifact, made so that the bytes that were
// verified are the bytes that are used, whatever happens to the original. On
// Linux nobody can change it any more: it is a sealed memory file. Elsewhere it
// is a temporary file that only its owner may read and write.
type Copy struct {
	Path   string       // by which this process and its children can open it
	Digest fnpkg.Digest // of the bytes as they were written
	Size   int64

	f      *os.File
	remove bool
}

// NewCopy copies what r yields.
func NewCopy(ctx context.Context, r io.Reader, name string) (*Copy, error) {
	c, err := newCopy(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("making a private copy of %s: %w", name, err)
	}
	return c, nil
}

func newCopy(ctx context.Context, r io.Reader) (*Copy, error) {
	c, err := create()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	if c.Size, err = io.Copy(io.MultiWriter(c.f, h), untilDone{ctx, r}); err == nil {
		err = c.protect()
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.Digest = fnpkg.Digest(h.Sum(nil))
	return c, nil
}

// ReadAt reads from the copy.
func (c *Copy) ReadAt(b []byte, offset int64) (int, error) { return c.f.ReadAt(b, offset) }

// Close lets the copy vanish.
func (c *Copy) Close() error {
	err := c.f.Close()
	if c.remove {
		os.Remove(c.Path)
	}
	return err
}

// createTemp makes the copy's file where there are no memory files.
func createTemp() (*Copy, error) {
	f, err := os.CreateTemp("", "fnseal-*") // with mode 0600
	if err != nil {
		return nil, err
	}
	return &Copy{Path: f.Name(), f: f, remove: true}, nil
}

// untilDone reads until a context ends.
type untilDone struct {
	ctx interface{ Err() error }
	r   io.Reader
}

func (u untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}
