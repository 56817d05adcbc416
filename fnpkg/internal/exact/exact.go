// Package exact computes the exact digest of a file that stays open.
package exact

import (
	"context"
	"crypto"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/fnseal/fnseal/fnpkg"
)

// chunk is how much is hashed between two looks at the context.
const chunk = 1 << 20

// Digester computes the sha256 of a reader's bytes once, when it is first
// asked for, and remembers it. It is safe for concurrent use.
type Digester struct {
	r         io.ReaderAt
	size      int64
	unchanged func() error

	turn  chan struct{} // holds one token: whoever has it may compute
	known bool          // guarded by turn
	sum   fnpkg.Digest  // guarded by turn
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
	if err := ctx.Err(); err != nil {
		return fnpkg.Digest{}, err
	}
	select {
	case <-d.turn:
		defer func() { d.turn <- struct{}{} }()
	case <-ctx.Done():
		return fnpkg.Digest{}, ctx.Err()
	}
	if !d.known {
		sum, err := d.compute(ctx)
		if err != nil {
			return fnpkg.Digest{}, err
		}
		d.sum, d.known = sum, true
	}
	return d.sum, nil
}

// Sum returns another digest of the same bytes: those whose sha256 Digest
// returns, which is computed along with it. Other bytes are fnpkg.ErrChanged.
func (d *Digester) Sum(ctx context.Context, other crypto.Hash) ([]byte, error) {
	known, err := d.Digest(ctx)
	if err != nil {
		return nil, err
	}
	h := other.New()
	again, err := d.hash(ctx, h)
	if err != nil {
		return nil, err
	}
	if again != known {
		return nil, fnpkg.ErrChanged
	}
	return h.Sum(nil), nil
}

func (d *Digester) compute(ctx context.Context) (fnpkg.Digest, error) {
	return d.hash(ctx, io.Discard)
}

// hash returns the sha256 of the bytes, which it writes to also as well.
func (d *Digester) hash(ctx context.Context, also io.Writer) (fnpkg.Digest, error) {
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
		h.Write(buf[:n])
		if _, err := also.Write(buf[:n]); err != nil {
			return fnpkg.Digest{}, err
		}
		left -= int64(n)
	}
	if d.unchanged != nil {
		if err := d.unchanged(); err != nil {
			return fnpkg.Digest{}, err
		}
	}
	return fnpkg.Digest(h.Sum(nil)), nil
}
