package vulndb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fnseal/fnseal/internal/atomicfile"
)

// DefaultPath is the folder in the user's cache in which Update keeps the
// index when no other path is given.
func DefaultPath() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache folder: %w", err)
	}
	return filepath.Join(cache, "fnseal", "osv"), nil
}

// location is where an index lives. There are two kinds.
//
// A folder, such as the default one, holds each index under a name of its own
// and a pointer file that names the current one. The pointer is replaced; an
// index that readers have mapped never is, which Windows would refuse.
//
// A file is the index itself and is replaced by rename: the file keeps its
// name, so it can be cached and copied.
type location struct {
	dir    string
	name   string // of the index file, or of the pointer
	folder bool
}

const (
	pointerName = "current.json"
	indexPrefix = "osv-"
	indexSuffix = ".db"
)

// locate decides what a path means: an existing folder, the default path, or a
// path that ends in a separator is a folder; anything else is a file.
func locate(path string) (location, error) {
	byDefault, err := DefaultPath()
	if path == "" {
		if err != nil {
			return location{}, err
		}
		path = byDefault
	}
	info, statErr := os.Stat(path)
	isFolder := os.IsPathSeparator(path[len(path)-1]) || err == nil && path == byDefault
	if statErr == nil {
		isFolder = info.IsDir()
	}
	path = filepath.Clean(path)
	if isFolder {
		return location{dir: path, name: pointerName, folder: true}, nil
	}
	return location{dir: filepath.Dir(path), name: filepath.Base(path)}, nil
}

// path is the index file, or the pointer to it.
func (l location) path() string { return filepath.Join(l.dir, l.name) }

// pointer is the content of the pointer file.
type pointer struct {
	Index string `json:"index"` // base name of the index file
}

// current returns the index file in force.
func (l location) current() (string, error) {
	if !l.folder {
		return l.path(), nil
	}
	data, err := os.ReadFile(l.path())
	if err != nil {
		return "", err
	}
	var p pointer
	if err := json.Unmarshal(data, &p); err != nil || !isIndexName(p.Index) {
		return "", &IndexError{Path: l.path(), Reason: "the pointer file does not name an index"}
	}
	return filepath.Join(l.dir, p.Index), nil
}

func isIndexName(name string) bool {
	return strings.HasPrefix(name, indexPrefix) && strings.HasSuffix(name, indexSuffix) && filepath.Base(name) == name
}

// target is the path under which an index with this stamp is to be put.
func (l location) target(s *Stamp) string {
	if !l.folder {
		return l.path()
	}
	return filepath.Join(l.dir, indexPrefix+s.Built.UTC().Format("20060102T150405.000000000")+indexSuffix)
}

// publish makes an index that is in its place the one in force, and removes
// those that no longer are.
func (l location) publish(index string) error {
	if !l.folder {
		return nil
	}
	data, err := json.Marshal(pointer{Index: filepath.Base(index)})
	if err != nil {
		return err
	}
	if err := atomicfile.Write(l.path(), 0o644, append(data, '\n')); err != nil {
		return err
	}
	l.removeOld()
	return nil
}

// removeOld deletes the indexes that the pointer does not name. A reader that
// has one open keeps it; where the system does not allow that, the file stays
// until the next update.
func (l location) removeOld() {
	current, err := l.current()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return // without a pointer that can be read there is nothing to be sure of
	}
	files, err := os.ReadDir(l.dir)
	if err != nil {
		return
	}
	for _, f := range files {
		path := filepath.Join(l.dir, f.Name())
		if isIndexName(f.Name()) && path != current {
			_ = os.Remove(path)
		}
	}
}

// removeStale deletes what an update that was killed left behind: temporary
// files of this index. The caller holds the lock, so no other update owns
// them.
func (l location) removeStale() {
	files, err := os.ReadDir(l.dir)
	if err != nil {
		return
	}
	for _, f := range files {
		if l.isTemporary(f.Name()) {
			_ = os.Remove(filepath.Join(l.dir, f.Name()))
		}
	}
	if l.folder {
		l.removeOld()
	}
}

// removePartials deletes downloads that were cut short: after an update nothing
// asks for the rest of them.
func (l location) removePartials() {
	files, err := os.ReadDir(l.dir)
	if err != nil {
		return
	}
	for _, f := range files {
		name := f.Name()
		if strings.HasPrefix(name, "."+l.name+".") && (strings.HasSuffix(name, partialSuffix) || strings.HasSuffix(name, tagSuffix)) {
			_ = os.Remove(filepath.Join(l.dir, name))
		}
	}
}

// isTemporary reports whether a file is a temporary one of this index, by the
// names that package atomicfile and createTemp give.
func (l location) isTemporary(name string) bool {
	rest, ok := strings.CutSuffix(name, ".tmp")
	if !ok {
		return false
	}
	rest, ok = strings.CutPrefix(rest, ".")
	if !ok {
		return false
	}
	base, digits, ok := cutLast(rest, ".")
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	return base == l.name || l.folder && isIndexName(base)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// createTemp opens a private temporary file beside the index; whoever calls it
// removes it.
func (l location) createTemp() (*os.File, error) {
	f, err := os.CreateTemp(l.dir, "."+l.name+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("creating a temporary file in %s: %w", l.dir, err)
	}
	return f, nil
}

// lock waits until no other process updates the index. The lock is released by
// the system when its holder dies, however it dies.
func (l location) lock(ctx context.Context) (unlock func(), err error) {
	path := filepath.Join(l.dir, "."+l.name+".lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the feed index: %w", err)
	}
	for {
		held, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("locking the feed index %s: %w", l.path(), err)
		}
		if held {
			return func() { f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("waiting for another update of the feed index %s: %w", l.path(), ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
