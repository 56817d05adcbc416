// Package inflate reads DEFLATE streams (RFC 1951) faster than compress/flate
// does, in plain Go. Inflating is most of what reading a package costs.
//
// It accepts exactly the streams that compress/flate accepts and yields the
// same bytes; a fuzz target holds the two together. Of a damaged stream both
// hand out the bytes before the damage, of which this package may hand out
// fewer.
//
// What makes it fast: bits are taken from a word of 64 that is filled eight
// bytes at a time, once for up to four literals; the next symbol is looked up
// before that; matches are copied by words; and where the caller has room for
// the whole stream it is decoded in place, without a window.
package inflate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// historySize is how far back a match may reach, RFC 1951 section 2.
	historySize = 32 << 10

	// windowSize is the history and what is decoded at a time.
	windowSize = 4 * historySize

	// slack is how far the fast loop may write in one round: three literals,
	// and a match, copied by words.
	slack = 3 + maxMatch + 16

	// inputSize is how much is read from the source at a time.
	inputSize = 32 << 10

	// smallestDirect is the smallest buffer that is decoded into directly.
	smallestDirect = 512

	maxMatch = 258
)

// CorruptError reports a stream that is not DEFLATE at the byte of this offset,
// or shortly before.
type CorruptError int64

func (e CorruptError) Error() string {
	return fmt.Sprintf("invalid compressed data before byte %d", int64(e))
}

// errCorrupt stands for a CorruptError while the offset is not at hand.
var errCorrupt = errors.New("corrupt")

// state is what comes next in the stream.
type state int

const (
	atHeader  state = iota // a block's header
	inStored               // bytes of a stored block
	inHuffman              // symbols of a compressed block
	atEnd                  // nothing
)

// Reader inflates one stream at a time. Its memory, about 200 kilobytes, is
// kept for the next stream. The zero value has to be Reset before use.
type Reader struct {
	source    io.Reader
	sourceErr error // why the source gives no more
	in        []byte
	i, n      int   // in[i:n] was read and not used
	offset    int64 // in the stream, of in[0]

	bits  uint64 // read and not used, the next one lowest
	count uint   // of bits that count; those above are the next of in, or zero

	out    []byte // window, or the caller's buffer
	limit  int    // of w: len(out), but for the window's slack
	w      int    // out[:w] is decoded, and history to what follows
	r      int    // out[r:w] is not handed out
	window []byte
	begun  bool  // something of the stream was handed out
	err    error // how the stream ended; given out after all bytes

	state    state
	final    bool // the block is the last one
	stored   int  // bytes left of a stored block
	match    int  // bytes left of a match that did not fit, from
	distance int  // so far back

	lit     litTable
	dist    distTable
	lengths [maxLit + maxDist]uint8
}

// Reset makes r read the stream that source begins with.
func (r *Reader) Reset(source io.Reader) {
	if r.in == nil {
		r.in = make([]byte, inputSize)
	}
	r.source, r.sourceErr, r.i, r.n, r.offset = source, nil, 0, 0, 0
	r.bits, r.count = 0, 0
	r.out, r.w, r.r, r.begun, r.err = nil, 0, 0, false, nil
	r.state, r.final, r.match = atHeader, false, 0
}

// Unread returns how many bytes were taken from the source that do not belong
// to the stream. It is exact once the stream has ended.
func (r *Reader) Unread() int { return r.n - r.i + int(r.count/8) }

// Read reads the next bytes. The error is a CorruptError for what is not
// DEFLATE, io.ErrUnexpectedEOF for a stream that is cut off, that of the source
// if it fails, and io.EOF, with the last bytes or after them, at the end. A
// first Read that has room for the whole stream decodes it in place; all of b
// may be written to.
func (r *Reader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if !r.begun && r.err == nil {
		r.begun = true
		if len(b) >= smallestDirect {
			return r.readDirect(b)
		}
		r.useWindow()
	}
	if r.r == r.w && r.err == nil {
		r.slide()
		r.decode()
	}
	n := copy(b, r.out[r.r:r.w])
	r.r += n
	if r.r == r.w {
		return n, r.err
	}
	return n, nil
}

// readDirect decodes into b until it is full, and keeps the end of it as
// history for what follows.
func (r *Reader) readDirect(b []byte) (int, error) {
	r.out, r.limit = b, len(b)
	r.decode()
	n := r.w
	if r.err != nil {
		r.out, r.w, r.r = nil, 0, 0
		return n, r.err
	}
	r.useWindow()
	r.w = copy(r.out, b[max(0, n-historySize):n])
	r.r = r.w
	return n, nil
}

func (r *Reader) useWindow() {
	if r.window == nil {
		r.window = make([]byte, windowSize+slack)
	}
	r.out, r.limit = r.window, windowSize
}

// slide makes room in the window.
func (r *Reader) slide() {
	if r.w > historySize {
		copy(r.out, r.out[r.w-historySize:r.w])
		r.w = historySize
	}
	r.r = r.w
}

// decode goes on until there is no room in out or the stream ends.
func (r *Reader) decode() {
	for r.err == nil && r.w < r.limit {
		var err error
		switch r.state {
		case atHeader:
			err = r.readHeader()
		case inStored:
			err = r.readStored()
		case inHuffman:
			err = r.readHuffman()
		case atEnd:
			err = io.EOF
		}
		if err == errCorrupt {
			err = CorruptError(r.offset + int64(r.i) - int64(r.count/8))
		}
		r.err = err
	}
}

// fill makes sure of n bytes of input, n ≤ 16, where the source has them.
func (r *Reader) fill(n int) {
	for r.n-r.i < n && r.sourceErr == nil {
		if r.i > 0 {
			copy(r.in, r.in[r.i:r.n])
			r.offset += int64(r.i)
			r.i, r.n = 0, r.n-r.i
		}
		m, err := r.source.Read(r.in[r.n:])
		r.n += m
		r.sourceErr = err
	}
}

// need makes sure of n bits, n ≤ 48.
func (r *Reader) need(n uint) error {
	if r.count >= n {
		return nil
	}
	if r.n-r.i < 8 {
		r.fill(8)
	}
	if r.n-r.i >= 8 {
		r.bits |= binary.LittleEndian.Uint64(r.in[r.i:]) << (r.count & 63)
		r.i += int(63-r.count) >> 3
		r.count |= 56
		return nil
	}
	r.bits &= 1<<r.count - 1
	for r.count <= 56 && r.i < r.n {
		r.bits |= uint64(r.in[r.i]) << r.count
		r.i++
		r.count += 8
	}
	if r.count < n {
		return r.short()
	}
	return nil
}

// short returns the error for a stream that ends too early.
func (r *Reader) short() error {
	if r.sourceErr == nil || r.sourceErr == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return r.sourceErr
}

// take returns the next n bits, of which need made sure.
func (r *Reader) take(n uint) uint {
	v := uint(r.bits) & (1<<n - 1)
	r.bits >>= n
	r.count -= n
	return v
}
