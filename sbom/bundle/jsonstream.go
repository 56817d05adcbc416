package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// stream reads JSON from front to back without holding more of it than the
// strings it is asked for: a source map is mostly mappings and source text
// that nobody here wants, and its size is the package's to choose.
type stream struct {
	r    io.Reader
	buf  []byte // the window read so far
	at   int    // next byte in buf
	read int64  // bytes that came before buf
	max  int64  // bytes to accept
	err  error  // of the reader
}

// maxNesting is how deep skipped values may nest. Source maps nest four deep.
const maxNesting = 256

var errTooLarge = errors.New("it is larger than the limit")

func newStream(r io.Reader, max int64) *stream {
	return &stream{r: r, buf: make([]byte, 0, 64<<10), max: max}
}

// fill reads more and reports whether there is a byte at s.at.
func (s *stream) fill() bool {
	if s.at < len(s.buf) {
		return true
	}
	for s.err == nil {
		s.read += int64(len(s.buf))
		if s.read > s.max {
			s.err = errTooLarge
			return false
		}
		var n int
		n, s.err = s.r.Read(s.buf[:cap(s.buf)])
		s.buf, s.at = s.buf[:n], 0
		if n > 0 {
			return true
		}
	}
	return false
}

// peek returns the next byte that is no white space, without consuming it.
func (s *stream) peek() (byte, error) {
	for s.fill() {
		switch c := s.buf[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c, nil
		}
	}
	if s.err == io.EOF {
		return 0, io.ErrUnexpectedEOF
	}
	return 0, s.err
}

// expect consumes the byte want.
func (s *stream) expect(want byte) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != want {
		return fmt.Errorf("byte %d is %q where %q is due", s.read+int64(s.at), c, want)
	}
	s.at++
	return nil
}

// object calls field with each key of the object that comes next; field
// consumes the value. Keys longer than any of interest are cut.
func (s *stream) object(field func(key string) error) error {
	return s.list('{', '}', func(int) error {
		key, err := s.text(nil, 64)
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return field(string(key))
	})
}

// array calls element for each element of the array that comes next; element
// consumes it.
func (s *stream) array(element func(i int) error) error { return s.list('[', ']', element) }

func (s *stream) list(open, end byte, item func(i int) error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	for i := 0; ; i++ {
		c, err := s.peek()
		if err != nil {
			return err
		}
		if c == end {
			s.at++
			return nil
		}
		if i > 0 {
			if err := s.expect(','); err != nil {
				return err
			}
		}
		if err := item(i); err != nil {
			return err
		}
	}
}

// text appends the string that comes next to dst, at most max bytes of it, and
// consumes all of it.
func (s *stream) text(dst []byte, max int) ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return dst, err
	}
	start := len(dst)
	keep := func(b ...byte) {
		if room := max - (len(dst) - start); room > 0 {
			dst = append(dst, b[:min(room, len(b))]...)
		}
	}
	for s.fill() {
		// The stretch up to the next quote or escape in one piece.
		run := s.buf[s.at:]
		n := bytes.IndexByte(run, '"')
		if n >= 0 {
			run = run[:n]
		}
		if e := bytes.IndexByte(run, '\\'); e >= 0 {
			n, run = e, run[:e]
		}
		keep(run...)
		s.at += len(run)
		if n < 0 {
			continue
		}
		c := s.buf[s.at]
		s.at++
		if c == '"' {
			return dst, nil
		}
		if !s.fill() {
			break
		}
		c = s.buf[s.at]
		s.at++
		switch c {
		case 'n':
			keep('\n')
		case 't':
			keep('\t')
		case 'r':
			keep('\r')
		case 'b':
			keep('\b')
		case 'f':
			keep('\f')
		case 'u':
			r, err := s.hex4()
			if err != nil {
				return dst, err
			}
			// Halves of surrogate pairs become the replacement character:
			// nothing that is looked for is outside of ASCII.
			keep(utf8.AppendRune(nil, r)...)
		default:
			keep(c)
		}
	}
	if s.err == io.EOF {
		return dst, io.ErrUnexpectedEOF
	}
	return dst, s.err
}

func (s *stream) hex4() (r rune, err error) {
	for range 4 {
		if !s.fill() {
			return 0, io.ErrUnexpectedEOF
		}
		c := s.buf[s.at]
		s.at++
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, fmt.Errorf("byte %d is %q where a hexadecimal digit is due", s.read+int64(s.at)-1, c)
		}
	}
	return r, nil
}

// skip consumes the value that comes next.
func (s *stream) skip() error { return s.skipNested(0) }

func (s *stream) skipNested(depth int) error {
	if depth > maxNesting {
		return errors.New("it nests too deep")
	}
	c, err := s.peek()
	if err != nil {
		return err
	}
	switch c {
	case '"':
		_, err := s.text(nil, 0)
		return err
	case '[':
		return s.array(func(int) error { return s.skipNested(depth + 1) })
	case '{':
		return s.object(func(string) error { return s.skipNested(depth + 1) })
	}
	n := 0
	for s.fill() {
		switch c := s.buf[s.at]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c == '-', c == '+', c == '.', c == 'E':
			s.at++
			n++
			continue
		}
		break
	}
	if n == 0 {
		return fmt.Errorf("byte %d is no JSON", s.read+int64(s.at))
	}
	if s.err != nil && s.err != io.EOF {
		return s.err
	}
	return nil
}
