package zipfile

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"sync"

	"github.com/fnseal/fnseal/fnpkg"
)

// maxMemory bounds what one entry's content may take in memory when a caller
// reads it out of order.
const maxMemory = 1 << 30

// content is the content of one entry. Reading from front to back streams it;
// reading at random makes sure first that all of it is what the headers say,
// for which deflated content is held in memory.
type content struct {
	p *Package
	h *header

	mu     sync.Mutex
	pos    int64
	seq    *sequence   // the stream, once begun and until random replaces it
	random io.ReaderAt // the whole content, verified
	buffer *[]byte     // what random reads, if that is memory
	err    error       // what made the content unreadable for good
}

var _ fnpkg.Content = (*content)(nil)

// open returns the content of h.
func (p *Package) open(h *header) (*content, error) {
	if h.unreadable != "" {
		return nil, entryError(h, "cannot be read: %s", h.unreadable)
	}
	return &content{p: p, h: h}, nil
}

// Read reads the next bytes. The read that reaches the end of the content also
// verifies it.
func (c *content) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if c.random == nil && c.seq != nil && c.pos < c.seq.n {
		if err := c.makeRandom(); err != nil {
			return 0, err
		}
	}
	if c.random != nil {
		n, err := c.readAt(b, c.pos)
		c.pos += int64(n)
		if n > 0 && err == io.EOF {
			err = nil
		}
		return n, err
	}
	if c.seq == nil {
		c.seq = c.p.newSequence(c.h)
	}
	if skip := c.pos - c.seq.n; skip > 0 {
		_, err := io.CopyN(io.Discard, c.seq, min(skip, c.h.size-c.seq.n))
		if err != nil && err != io.EOF {
			return 0, c.fail(err)
		}
		if c.pos > c.h.size {
			return 0, io.EOF
		}
	}
	n, err := c.seq.Read(b)
	c.pos += int64(n)
	if err != nil && err != io.EOF {
		err = c.fail(err)
	}
	return n, err
}

// ReadAt reads from any offset. It leaves the position of Read alone.
func (c *content) ReadAt(b []byte, offset int64) (int, error) {
	c.mu.Lock() // until all is read: Close takes back the memory
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if c.random == nil {
		if err := c.makeRandom(); err != nil {
			return 0, err
		}
	}
	if offset < 0 {
		return 0, &fs.PathError{Op: "readat", Path: c.h.name, Err: fs.ErrInvalid}
	}
	return c.random.ReadAt(b, offset)
}

func (c *content) readAt(b []byte, offset int64) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return c.random.ReadAt(b, offset)
}

// Seek moves the position of Read. It reads nothing: if what follows is a Read
// further on the stream is skipped to there.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.err, fs.ErrClosed) {
		return 0, c.err
	}
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += c.pos
	case io.SeekEnd:
		offset += c.h.size
	default:
		return 0, &fs.PathError{Op: "seek", Path: c.h.name, Err: fs.ErrInvalid}
	}
	if offset < 0 {
		return 0, &fs.PathError{Op: "seek", Path: c.h.name, Err: fs.ErrInvalid}
	}
	c.pos = offset
	return offset, nil
}

// Close gives back what the content holds. The package stays open.
func (c *content) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopSequence()
	c.random = nil
	if c.buffer != nil {
		c.p.memory.putBuffer(c.buffer)
		c.buffer = nil
	}
	c.err = fs.ErrClosed
	return nil
}

func (c *content) stopSequence() {
	if c.seq != nil {
		c.seq.stop()
		c.seq = nil
	}
}

// fail makes err the answer to all further reads.
func (c *content) fail(err error) error {
	c.stopSequence()
	c.err = err
	return err
}

// makeRandom reads the whole content once, verifies it, and keeps it: deflated
// content in memory, stored content where it is.
func (c *content) makeRandom() error {
	c.stopSequence()
	seq := c.p.newSequence(c.h)
	defer seq.stop()
	if c.h.method == methodStored {
		if _, err := io.Copy(io.Discard, seq); err != nil {
			return c.fail(err)
		}
		c.random = io.NewSectionReader(c.p.r, c.h.data, c.h.size)
		return nil
	}
	if c.h.size > maxMemory {
		return c.fail(&fnpkg.LimitError{What: fmt.Sprintf("bytes of entry %q to hold in memory", c.h.name), Limit: maxMemory, Got: c.h.size})
	}
	// A header may claim any size; deflate makes at most 1032 bytes of one.
	size := min(c.h.size, 1032*c.h.compressed+1032)
	buffer := c.p.memory.getBuffer(size + endRoom)
	n, err := readAll(seq, *buffer)
	if err != nil {
		c.p.memory.putBuffer(buffer)
		return c.fail(err)
	}
	c.buffer = buffer
	c.random = bytes.NewReader((*buffer)[:n])
	return nil
}

// endRoom behind the content is what it takes to see its end, and to write
// there without care on the way.
const endRoom = 512

// readAll reads all of r into b, which has room for more than that.
func readAll(r io.Reader, b []byte) (n int, err error) {
	for {
		m, err := r.Read(b[n:])
		n += m
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		case n == len(b):
			return n, io.ErrShortBuffer
		}
	}
}

// sequence reads the content of an entry from front to back and verifies its
// length and checksum on the way.
type sequence struct {
	p        *Package
	h        *header
	inflater *inflater // nil if the content is stored
	r        io.Reader // of uncompressed bytes
	n        int64     // bytes read
	crc      uint32
	end      error // io.EOF after the content was verified, or what is wrong with it
}

func (p *Package) newSequence(h *header) *sequence {
	raw := io.NewSectionReader(p.r, h.data, h.compressed)
	s := &sequence{p: p, h: h, r: raw}
	if h.method == methodDeflated {
		s.inflater = p.memory.getInflater(raw)
		s.r = s.inflater
	}
	return s
}

func (s *sequence) Read(b []byte) (int, error) {
	if s.end != nil {
		return 0, s.end
	}
	if len(b) == 0 {
		return 0, nil
	}
	left := s.h.size - s.n
	if s.inflater == nil && int64(len(b)) > left {
		b = b[:left]
	}
	var n int
	var err error
	if len(b) > 0 {
		n, err = s.r.Read(b)
		if int64(n) > left {
			s.end = s.tooLong()
			return 0, s.end
		}
		s.n += int64(n)
		s.crc = crc32.Update(s.crc, crc32.IEEETable, b[:n])
	}
	switch {
	case s.n == s.h.size && (err == nil || err == io.EOF):
		s.end = s.verify(err)
	case err == io.EOF || err == io.ErrUnexpectedEOF && s.inflater == nil:
		s.end = entryError(s.h, "ends after %d bytes, and its header says %d", s.n, s.h.size)
	case err != nil:
		s.end = s.readError(err)
	}
	switch {
	case s.end == io.EOF && n > 0:
		return n, nil
	case s.end != nil:
		// The last bytes are withheld: io.ReadFull and the like drop an error
		// that comes together with all the bytes they asked for.
		return 0, s.end
	}
	return n, nil
}

// verify is called when the last byte was read, with err as the reader gave it
// back. It returns io.EOF if all is as the header says.
func (s *sequence) verify(err error) error {
	if err == nil {
		var more [1]byte
		n, err := io.ReadFull(s.r, more[:])
		if n > 0 {
			return s.tooLong()
		}
		if err != io.EOF {
			return s.readError(err)
		}
	}
	if s.inflater != nil {
		if left := s.inflater.unread(); left > 0 {
			return entryError(s.h, "has %d bytes behind the end of its compressed data", left)
		}
	}
	if s.crc != s.h.crc {
		return entryError(s.h, "has the checksum %08x, and its header says %08x", s.crc, s.h.crc)
	}
	return io.EOF
}

func (s *sequence) tooLong() error {
	return entryError(s.h, "is longer than the %d bytes its header says", s.h.size)
}

func (s *sequence) readError(err error) error {
	if s.inflater != nil && s.inflater.corrupt(err) {
		return entryError(s.h, "is damaged: %v", err)
	}
	return fmt.Errorf("reading entry %q: %w", s.h.name, err)
}

// stop gives the inflater back to the package.
func (s *sequence) stop() {
	if s.inflater != nil {
		s.p.memory.inflaters.Put(s.inflater)
		s.inflater = nil
	}
	s.r, s.end = nil, fs.ErrClosed
}

func entryError(h *header, format string, args ...any) error {
	return formatError("entry %q %s", h.name, fmt.Sprintf(format, args...))
}
