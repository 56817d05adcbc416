package exact

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
)

// counting counts the bytes read, and lets a test act in the middle.
type counting struct {
	r      io.ReaderAt
	n      atomic.Int64
	onRead func()
}

func (c *counting) ReadAt(b []byte, offset int64) (int, error) {
	if c.onRead != nil {
		c.onRead()
	}
	n, err := c.r.ReadAt(b, offset)
	c.n.Add(int64(n))
	return n, err
}

func TestDigest(t *testing.T) {
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3*chunk + 7} {
		data := bytes.Repeat([]byte{7}, size)
		r := &counting{r: bytes.NewReader(data)}
		d := New(r, int64(size), nil)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if got, err := d.Digest(t.Context()); err != nil || got != fnpkg.Digest(sha256.Sum256(data)) {
					t.Errorf("size %d: %s, %v", size, got, err)
				}
			})
		}
		wg.Wait()
		if r.n.Load() != int64(size) {
			t.Errorf("size %d: %d bytes were read", size, r.n.Load())
		}
	}
}

func TestDigestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	data := make([]byte, 3*chunk)
	r := &counting{r: bytes.NewReader(data), onRead: cancel}
	d := New(r, int64(len(data)), nil)
	if _, err := d.Digest(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while reading: %v", err)
	}
	if n := r.n.Load(); n > chunk {
		t.Errorf("%d bytes were read after the context was done", n)
	}
	// One caller's impatience is not the next one's.
	if got, err := d.Digest(t.Context()); err != nil || got != fnpkg.Digest(sha256.Sum256(data)) {
		t.Errorf("after another's cancellation: %s, %v", got, err)
	}
}

func TestDigestShrunk(t *testing.T) {
	d := New(bytes.NewReader(make([]byte, 10)), 11, nil)
	if _, err := d.Digest(t.Context()); !errors.Is(err, fnpkg.ErrChanged) {
		t.Errorf("error %v, want ErrChanged", err)
	}
}

func TestDigestReadError(t *testing.T) {
	broken := errors.New("broken disk")
	d := New(readerAt(func([]byte, int64) (int, error) { return 0, broken }), 11, nil)
	if _, err := d.Digest(t.Context()); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

type readerAt func([]byte, int64) (int, error)

func (f readerAt) ReadAt(b []byte, offset int64) (int, error) { return f(b, offset) }

// Sum reads along with Digest where it is asked first, and holds the bytes
// against what Digest returned where not.
func TestSum(t *testing.T) {
	data := bytes.Repeat([]byte("abc"), chunk)
	want := sha512.Sum512(data)
	r := &counting{r: bytes.NewReader(data)}
	d := New(r, int64(len(data)), nil)
	for pass := int64(1); pass <= 2; pass++ {
		if got, err := d.Sum(t.Context(), crypto.SHA512); err != nil || !bytes.Equal(got, want[:]) {
			t.Errorf("%x, %v", got, err)
		}
		if got, err := d.Digest(t.Context()); err != nil || got != fnpkg.Digest(sha256.Sum256(data)) {
			t.Errorf("%s, %v", got, err)
		}
		if n := r.n.Load(); n != pass*int64(len(data)) {
			t.Errorf("pass %d: %d bytes were read", pass, n)
		}
	}
	data[0] ^= 1
	if _, err := d.Sum(t.Context(), crypto.SHA512); !errors.Is(err, fnpkg.ErrChanged) {
		t.Errorf("changed bytes: %v", err)
	}
}
