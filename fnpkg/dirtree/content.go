package dirtree

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/fnseal/fnseal/fnpkg"
)

// content is an open file of the tree. What it yields is as long as the file
// was when the tree was listed, or an error.
type content struct {
	file *os.File // not embedded: io.Copy would find its WriteTo and pass by Read
	name string
	size int64
	pos  int64
}

var _ fnpkg.Content = (*content)(nil)

// open opens the file at name and makes sure that it is the one that was
// listed: a link or a pipe may have taken its place since.
func open(root *os.Root, name string, listed fs.FileInfo) (fnpkg.Content, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|dontBlock, 0)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", name, cause(err))
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("opening %q: %w", name, cause(err))
	}
	if !os.SameFile(info, listed) || info.Size() != listed.Size() || !info.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("opening %q: %w", name, fnpkg.ErrChanged)
	}
	return &content{file: f, name: name, size: listed.Size()}, nil
}

// Read reads the next bytes, and at the end makes sure that there were as many
// as there should be.
func (c *content) Read(b []byte) (int, error) {
	n, err := c.file.Read(b)
	c.pos += int64(n)
	switch {
	case c.pos > c.size && n > 0, err == io.EOF && c.pos < c.size:
		return 0, fmt.Errorf("reading %q: %w", c.name, fnpkg.ErrChanged)
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("reading %q: %w", c.name, cause(err))
	}
	return n, err
}

// ReadAt reads from any offset.
func (c *content) ReadAt(b []byte, offset int64) (int, error) {
	n, err := io.NewSectionReader(c.file, 0, c.size).ReadAt(b, offset)
	switch {
	case err == io.EOF && offset+int64(n) < c.size:
		return n, fmt.Errorf("reading %q: %w", c.name, fnpkg.ErrChanged)
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("reading %q: %w", c.name, cause(err))
	}
	return n, err
}

// Seek moves the position of Read.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	pos, err := c.file.Seek(offset, whence)
	if err == nil {
		c.pos = pos
	}
	return pos, err
}

// Close closes the file.
func (c *content) Close() error { return c.file.Close() }
