package target

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/fnseal/fnseal/fnpkg"
)

// maxSpoolMemory is how much of a stream is kept in memory; what is longer
// goes to a private temporary file.
const maxSpoolMemory = 16 << 20

func openStdin(ctx context.Context, o Options, anyFile bool) (fnpkg.Package, error) {
	r := o.Stdin
	if r == nil {
		r = os.Stdin
	}
	return openSpooled(ctx, r, "stdin", formDetect, o, anyFile)
}

// openSpooled opens what r yields as a package called name.
func openSpooled(ctx context.Context, r io.Reader, name string, form form, o Options, anyFile bool) (fnpkg.Package, error) {
	s, err := spool(ctx, r, o.Limits.TotalBytes)
	if err != nil {
		return nil, err
	}
	s.name = name
	p, err := s.open(ctx, form, o, anyFile)
	if err != nil {
		s.closer.Close()
		return nil, err
	}
	return p, nil
}

// spool reads r to its end, up to limit bytes if limit is positive.
func spool(ctx context.Context, r io.Reader, limit int64) (source, error) {
	var memory bytes.Buffer
	r = cancellable(ctx, r)
	if limit > 0 {
		r = &capped{r: r, limit: limit}
	}
	switch _, err := io.CopyN(&memory, r, maxSpoolMemory); err {
	case io.EOF:
		return source{r: bytes.NewReader(memory.Bytes()), size: int64(memory.Len()), closer: io.NopCloser(nil)}, nil
	case nil:
	default:
		return source{}, cause(err)
	}
	f, err := newTempFile()
	if err != nil {
		return source{}, err
	}
	size, err := io.Copy(f, io.MultiReader(&memory, r))
	if err != nil {
		f.Close()
		return source{}, fmt.Errorf("keeping it in a temporary file: %w", cause(err))
	}
	return source{r: f, size: size, closer: f}, nil
}

// readerFunc is a function as a reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// cancellable returns r, ending with the context's error once that is done.
func cancellable(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(b)
	})
}

// capped fails a stream that yields more than limit bytes.
type capped struct {
	r        io.Reader
	limit, n int64
}

func (c *capped) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.n += int64(n); c.n > c.limit {
		return 0, &fnpkg.LimitError{What: "bytes of the stream", Limit: c.limit, Got: c.n, Flag: fnpkg.FlagMaxTotalBytes}
	}
	return n, err
}

// tempFile is a file that vanishes when it is closed: at once where an open
// file can lose its name, so that a crash leaves nothing behind either.
type tempFile struct {
	*os.File
	named bool
}

func newTempFile() (*tempFile, error) {
	f, err := os.CreateTemp("", "fnseal-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", cause(err))
	}
	return &tempFile{File: f, named: os.Remove(f.Name()) != nil}, nil
}

func (t *tempFile) Close() error {
	err := t.File.Close()
	if t.named {
		os.Remove(t.File.Name())
	}
	return err
}
