package vulndb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fnseal/fnseal/internal/atomicfile"
)

// Export writes the index, with its stamp, to w and returns the sha256 of what
// it wrote in hexadecimal. [Import] takes it in elsewhere.
func (db *DB) Export(ctx context.Context, w io.Writer) (sum string, err error) {
	f, err := checkedFile(db.path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, hash), &contextReader{ctx.Err, f}); err != nil {
		return "", fmt.Errorf("exporting feed index %s: %w", db.path, pathCause(err))
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// contextReader fails as soon as the work is called off.
type contextReader struct {
	cancelled func() error
	r         io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.cancelled(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// ErrWrongHash is returned by Import for a file that is not the one expected.
var ErrWrongHash = errors.New("the file is not the one that is expected")

// Import takes the place of the index at path, as UpdateOptions.Path, with one
// that Export wrote. The file comes from elsewhere: it is copied, and the copy
// is opened only if its sha256 is the one given, in hexadecimal; else the error
// satisfies errors.Is(err, ErrWrongHash). Then all of it is verified. Its stamp
// stays: the feed is as old as it was.
func Import(ctx context.Context, path, file, sum string) (*Stamp, error) {
	want, err := hex.DecodeString(strings.TrimSpace(sum))
	if err != nil || len(want) != sha256.Size {
		return nil, fmt.Errorf("importing %s: %q is no sha256 in hexadecimal", file, shorten(sum))
	}
	where, err := locate(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(where.dir, 0o755); err != nil {
		return nil, fmt.Errorf("importing %s: %w", file, err)
	}
	unlock, err := where.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	where.removeStale()
	stamp, err := importFile(ctx, where, file, want)
	if err != nil {
		return nil, fmt.Errorf("importing %s: %w", file, err)
	}
	return stamp, nil
}

func importFile(ctx context.Context, where location, file string, want []byte) (*Stamp, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, pathCause(err)
	}
	defer in.Close()
	copied, err := where.createTemp()
	if err != nil {
		return nil, err
	}
	defer os.Remove(copied.Name())
	defer copied.Close()
	hash := sha256.New()
	limit := DefaultLimits().ArchiveBytes * 2
	n, err := io.Copy(io.MultiWriter(copied, hash), io.LimitReader(&contextReader{ctx.Err, in}, limit+1))
	if err != nil {
		return nil, pathCause(err)
	}
	if n > limit {
		return nil, fmt.Errorf("it has more bytes than the limit of %d", limit)
	}
	if got := hash.Sum(nil); string(got) != string(want) {
		return nil, fmt.Errorf("%w: its sha256 is %x", ErrWrongHash, got)
	}
	db, err := openIndex(copied.Name())
	if err != nil {
		return nil, withPath(err, file)
	}
	defer db.Close()
	if err := db.Verify(ctx, nil); err != nil {
		return nil, withPath(err, file)
	}
	stamp := db.Stamp()
	if err := db.Close(); err != nil { // a file that is open cannot be renamed everywhere
		return nil, err
	}
	target := where.target(&stamp)
	f, err := atomicfile.Create(target, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Discard()
	if _, err := copied.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if _, err := io.Copy(f.File, copied); err != nil {
		return nil, pathCause(err)
	}
	if err := f.Commit(); err != nil {
		return nil, err
	}
	if err := where.publish(target); err != nil {
		return nil, err
	}
	return &stamp, nil
}

// withPath names the file a person knows in place of its copy.
func withPath(err error, path string) error {
	var damaged *IndexError
	if errors.As(err, &damaged) {
		return &IndexError{Path: path, Reason: damaged.Reason, Err: damaged.Err}
	}
	return err
}
