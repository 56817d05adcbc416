package attest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/atomicfile"
)

const bundlePerm = 0o644

// WriteBundles writes bundles to path, one in each line, replacing a file that
// is there. The file appears complete or not at all.
func WriteBundles(path string, bundles ...[]byte) error {
	data, err := join(bundles)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return atomicfile.Write(path, bundlePerm, data)
}

// AppendBundles adds bundles to a file of JSON lines, which is made if it is
// not there. Lines that are in the file stay as they are, and a bundle that is
// among them is not added again. Several processes may append to one file at
// the same time: they wait for one another, and a reader sees the file before
// or after an append, never in between.
func AppendBundles(ctx context.Context, path string, limits Limits, bundles ...[]byte) error {
	unlock, err := lock(ctx, path)
	if err != nil {
		return fmt.Errorf("appending to %s: %w", path, err)
	}
	defer unlock()

	old, err := readCapped(path, limits.FileBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("appending to %s: %w", path, pathless(err))
	}
	have := make(map[string]bool)
	for line := range bytes.Lines(old) {
		have[string(bytes.TrimSpace(line))] = true
	}
	var fresh [][]byte
	for _, b := range bundles {
		line, err := join([][]byte{b})
		if err != nil {
			return fmt.Errorf("appending to %s: %w", path, err)
		}
		if key := string(bytes.TrimSpace(line)); !have[key] {
			have[key] = true
			fresh = append(fresh, line)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if len(old) > 0 && old[len(old)-1] != '\n' {
		old = append(old, '\n')
	}
	all := append(old, bytes.Join(fresh, nil)...)
	if limits.FileBytes > 0 && int64(len(all)) > limits.FileBytes {
		return fmt.Errorf("appending to %s: %w", path,
			&fnpkg.LimitError{What: "bytes of a file of bundles", Limit: limits.FileBytes, Got: int64(len(all))})
	}
	return atomicfile.Write(path, bundlePerm, all)
}

// join returns bundles as lines. White space between JSON tokens goes, so that
// a bundle is a line.
func join(bundles [][]byte) ([]byte, error) {
	var out bytes.Buffer
	for _, b := range bundles {
		if err := json.Compact(&out, b); err != nil {
			return nil, fmt.Errorf("a bundle is not JSON: %w", err)
		}
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

func readCapped(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if limit <= 0 {
		return io.ReadAll(f)
	}
	return io.ReadAll(&cappedReader{r: f, left: limit, limit: limit})
}

// lock keeps other writers of path out until the function it returns is
// called. The lock is the system's lock on a file beside path, which vanishes
// with its process; the file is removed afterwards where the system allows it.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock")
	type result struct {
		file *lockedfile.File
		err  error
	}
	got := make(chan result, 1)
	go func() {
		f, err := lockFile(name)
		got <- result{f, err}
	}()
	release := func(f *lockedfile.File) {
		// Removed while still locked: whoever opened it meanwhile sees that
		// its file has no name any more, and tries again.
		os.Remove(name)
		f.Close()
	}
	select {
	case r := <-got:
		if r.err != nil {
			return nil, pathless(r.err)
		}
		return func() { release(r.file) }, nil
	case <-ctx.Done():
		// Waiting for a lock cannot be cut short: hand it on once it comes.
		go func() {
			if r := <-got; r.err == nil {
				release(r.file)
			}
		}()
		return nil, ctx.Err()
	}
}

func lockFile(name string) (*lockedfile.File, error) {
	for {
		f, err := lockedfile.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		mine, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		named, err := os.Stat(name)
		if err == nil && os.SameFile(mine, named) {
			return f, nil
		}
		f.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}
