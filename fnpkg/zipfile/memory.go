package zipfile

import (
	"bufio"
	"sync"
)

// Memory is what reading archives takes, kept for the next one: inflaters,
// whose buffers are large beside most entries, and the content of entries that
// are read at random. Archives that are read one after the other, such as
// those within another, share one (WithMemory). The zero value is ready for
// use, by any number of goroutines.
type Memory struct {
	inflaters   sync.Pool // of *inflater
	buffers     sync.Pool // of *[]byte
	tails       sync.Pool // of *[maxTail]byte
	directories sync.Pool // of *bufio.Reader
}

// getTail returns memory for the end of a file.
func (m *Memory) getTail() *[maxTail]byte {
	if b, ok := m.tails.Get().(*[maxTail]byte); ok {
		return b
	}
	return new([maxTail]byte)
}

// getDirectory returns a reader to be Reset to a directory.
func (m *Memory) getDirectory() *bufio.Reader {
	if r, ok := m.directories.Get().(*bufio.Reader); ok {
		return r
	}
	return bufio.NewReaderSize(nil, 64<<10)
}

// WithMemory has the package use m instead of memory of its own.
func WithMemory(m *Memory) Option {
	return func(o *options) { o.memory = m }
}

// getBuffer returns size bytes, whatever they are.
func (m *Memory) getBuffer(size int64) *[]byte {
	if b, ok := m.buffers.Get().(*[]byte); ok && int64(cap(*b)) >= size {
		*b = (*b)[:size]
		return b
	}
	b := make([]byte, size)
	return &b
}

// putBuffer takes back what getBuffer returned, to which nothing refers.
func (m *Memory) putBuffer(b *[]byte) { m.buffers.Put(b) }
