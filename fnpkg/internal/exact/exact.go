// Package exact computes the exact digest of a file that stays open.
package exact

import (
	"context"
	"crypto"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync"
	"sync/atomic"

	"github.com/fnseal/fnseal/fnpkg"
)

// chunk is how much is hashed between two looks at the context.
const chunk = 256 << 10

// Digester computes the sha256 of a reader's bytes once, when it is first
// asked for, and remembers it. It is safe for concurrent use.
type Digester struct {
	r         io.ReaderAt
	size      int64
	unchanged func() error

	turn  chan struct{} // holds one token: whoever has it may compute
	known atomic.Pointer[fnpkg.Digest]
}

// New returns a Digester of the first size bytes of r. When unchanged is not
// nil it is called after the last byte was read; if it fails, the digest is
// worthless and its error is returned instead.
func New(r io.ReaderAt, size int64, unchanged func() error) *Digester {
	d := &Digester{r: r, size: size, unchanged: unchanged, turn: make(chan struct{}, 1)}
	d.turn <- struct{}{}
	return d
}

// Digest returns the digest. Concurrent callers wait for the one that
// computes; if that one is cancelled, the next one starts over.
func (d *Digester) Digest(ctx context.Context) (fnpkg.Digest, error) {
	if err := d.wait(ctx); err != nil {
		return fnpkg.Digest{}, err
	}
	defer d.release()
	if sum, ok := d.Known(); ok {
		return sum, nil
	}
	return d.compute(ctx, nil)
}

// Known returns what Digest returned, if that was asked before.
func (d *Digester) Known() (sum fnpkg.Digest, ok bool) {
	if known := d.known.Load(); known != nil {
		return *known, true
	}
	return sum, false
}

// Sum returns another digest of the same bytes: those whose sha256 Digest
// returns. If that is not known yet, one pass computes both; otherwise bytes
// that have changed since are fnpkg.ErrChanged.
func (d *Digester) Sum(ctx context.Context, other crypto.Hash) ([]byte, error) {
	if err := d.wait(ctx); err != nil {
		return nil, err
	}
	defer d.release()
	h := other.New()
	if _, err := d.compute(ctx, h); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// wait waits for the caller's turn to compute.
func (d *Digester) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-d.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *Digester) release() { d.turn <- struct{}{} }

// compute hashes the bytes, also into another hash if that is not nil, and
// remembers their sha256, or compares it with what it remembers.
func (d *Digester) compute(ctx context.Context, also hash.Hash) (fnpkg.Digest, error) {
	sum, err := d.hash(ctx, also)
	if err != nil {
		return fnpkg.Digest{}, err
	}
	if known, ok := d.Known(); ok && sum != known {
		return fnpkg.Digest{}, fnpkg.ErrChanged
	}
	d.known.Store(&sum)
	return sum, nil
}

// hash returns the sha256 of the bytes, which it writes to also as well, on
// another processor.
func (d *Digester) hash(ctx context.Context, also hash.Hash) (fnpkg.Digest, error) {
	h := sha256.New()
	section := io.NewSectionReader(d.r, 0, d.size)
	buf := make([]byte, min(chunk, d.size))
	for left := d.size; left > 0; {
		if err := ctx.Err(); err != nil {
			return fnpkg.Digest{}, err
		}
		n, err := io.ReadFull(section, buf[:min(left, chunk)])
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return fnpkg.Digest{}, fnpkg.ErrChanged // it was longer when it was opened
		}
		if err != nil {
			return fnpkg.Digest{}, fmt.Errorf("computing the exact digest: %w", err)
		}
		var other sync.WaitGroup
		if also != nil {
			other.Go(func() { also.Write(buf[:n]) })
		}
		h.Write(buf[:n])
		other.Wait()
		left -= int64(n)
	}
	if d.unchanged != nil {
		if err := d.unchanged(); err != nil {
			return fnpkg.Digest{}, err
		}
	}
	return fnpkg.Digest(h.Sum(nil)), nil
}
