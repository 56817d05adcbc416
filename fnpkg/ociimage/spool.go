package ociimage

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/fnseal/fnseal/fnpkg"
)

// maxSpoolMemory is how much content is kept in memory; more goes to a file.
const maxSpoolMemory = 32 << 20

// spool keeps the content of all files, one behind the other. Content is added
// by one goroutine; once it is finished any number may read.
type spool struct {
	memory []byte
	file   *os.File // nil while memory suffices
	named  bool     // the file could not be given a life without a name
	n      int64
	buf    []byte // for copying

	mu     sync.RWMutex // guards closed and, against Close, the file
	closed bool
}

// add keeps size bytes of r and returns where they begin.
func (s *spool) add(r io.Reader, size int64) (int64, error) {
	begin := s.n
	if s.buf == nil {
		s.buf = make([]byte, 256<<10)
	}
	for left := size; left > 0; {
		n, err := r.Read(s.buf[:min(left, int64(len(s.buf)))])
		if werr := s.write(s.buf[:n]); werr != nil {
			return 0, werr
		}
		left -= int64(n)
		if err == io.EOF && left > 0 {
			return 0, io.ErrUnexpectedEOF
		}
		if err != nil && err != io.EOF {
			return 0, err
		}
	}
	return begin, nil
}

func (s *spool) write(b []byte) error {
	if s.n += int64(len(b)); s.n <= maxSpoolMemory {
		s.memory = append(s.memory, b...)
		return nil
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "fnseal-*") // of mode 0600
		if err != nil {
			return fmt.Errorf("making a temporary file for the image's content: %w", cause(err))
		}
		// Where an open file can lose its name, a crash leaves nothing behind.
		s.file, s.named = f, os.Remove(f.Name()) != nil
		if _, err := f.Write(s.memory); err != nil {
			return fmt.Errorf("keeping the image's content in a temporary file: %w", cause(err))
		}
		s.memory = nil
	}
	if _, err := s.file.Write(b); err != nil {
		return fmt.Errorf("keeping the image's content in a temporary file: %w", cause(err))
	}
	return nil
}

// open returns the content of size bytes at offset.
func (s *spool) open(offset, size int64) (fnpkg.Content, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, fs.ErrClosed
	}
	var r io.ReaderAt = bytes.NewReader(s.memory)
	if s.file != nil {
		r = s.file
	}
	return &content{io.NewSectionReader(r, offset, size)}, nil
}

// Close removes the file.
func (s *spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed, s.memory = true, nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.named {
		os.Remove(s.file.Name())
	}
	return err
}

// content is the content of one file.
type content struct{ *io.SectionReader }

var _ fnpkg.Content = (*content)(nil)

// Close does nothing: the spool stays open for others.
func (*content) Close() error { return nil }
