// Package atomicfile writes files that appear complete or not at all.
package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file being written beside its final place. It becomes visible
// under its name with Commit and vanishes with Discard.
type File struct {
	*os.File
	path   string
	stream bool // path is a device or pipe: it is written into, not replaced
	done   bool
}

// Create opens a private temporary file in path's folder, with the given
// permissions. The folder must exist. Where path is a symbolic link, the file
// it leads to is meant. Where it is a device or a pipe, such as /dev/null or
// the path a shell makes of >(command), the content is kept until Commit and
// then written into it: a file must not take its place.
func Create(path string, perm fs.FileMode) (*File, error) {
	dir, name := filepath.Dir(path), filepath.Base(path)
	stream := false
	if info, err := os.Stat(path); err == nil {
		if stream = !info.Mode().IsRegular() && !info.IsDir(); stream {
			dir = os.TempDir()
		} else if real, err := filepath.EvalSymlinks(path); err == nil {
			path, dir = real, filepath.Dir(real)
		}
	}
	f, err := os.CreateTemp(dir, "."+name+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, unwrapPath(err))
	}
	if err := f.Chmod(perm); err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, fmt.Errorf("writing %s: %w", path, unwrapPath(err))
	}
	return &File{File: f, path: path, stream: stream}, nil
}

// Commit flushes the content to disk and gives the file its name, replacing a
// file that has it.
func (f *File) Commit() error {
	place := os.Rename
	if f.stream {
		place = pour
	}
	err := f.finish(place)
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.path, unwrapPath(err))
	}
	return nil
}

// CommitNew is Commit for a file that must not exist yet: if one of that name
// does, it stays as it is and the error satisfies errors.Is(err, fs.ErrExist).
func (f *File) CommitNew() error {
	err := f.finish(func(from, to string) error {
		// A hard link fails where the name is taken; a rename would not.
		if err := os.Link(from, to); err != nil {
			return err
		}
		return os.Remove(from)
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.path, unwrapPath(err))
	}
	return nil
}

// pour writes a file's content into a device or pipe and removes the file.
func pour(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), os.Remove(from))
}

func (f *File) finish(place func(from, to string) error) error {
	if f.done {
		return fs.ErrClosed
	}
	f.done = true
	err := f.File.Sync()
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = place(f.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	syncDir(filepath.Dir(f.path))
	return nil
}

// Discard removes the temporary file. After Commit it does nothing, so it can
// be deferred.
func (f *File) Discard() {
	if f.done {
		return
	}
	f.done = true
	f.File.Close()
	os.Remove(f.Name())
}

// Write writes data to path as a whole.
func Write(path string, perm fs.FileMode, data []byte) error {
	f, err := Create(path, perm)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := io.Copy(f, bytes.NewReader(data)); err != nil {
		return fmt.Errorf("writing %s: %w", path, unwrapPath(err))
	}
	return f.Commit()
}

// syncDir makes a rename durable where the system allows a folder to be
// flushed; where it does not, the rename is still atomic.
func syncDir(dir string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	_ = d.Sync()
}

// unwrapPath strips the temporary file's name, which means nothing to a user.
func unwrapPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
