package vulndb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"strings"

	"github.com/fnseal/fnseal/internal/inflate"
)

// archive reads the zip in which a feed keeps an ecosystem's records.
//
// A feed has a quarter of a million members. archive/zip, and the reader of
// function packages, hold a header for each of them before the first can be
// read; this one walks the central directory as a stream, so that what a
// hostile archive claims costs nothing, and tells where each member's bytes
// are, so that the index can take them over as they are.
type archive struct {
	r         io.ReaderAt
	limits    Limits
	directory int64 // offset of the central directory
	dirSize   int64
	members   int64
}

// member is one file of an archive.
type member struct {
	name       string
	method     uint16
	crc        uint32
	compressed int64
	size       int64 // uncompressed
	header     int64 // offset of the local header
	nameBytes  int   // of the name in the directory
}

// Methods of compression (APPNOTE 4.4.5).
const (
	methodStore   = 0
	methodDeflate = 8
)

const (
	endRecordBytes    = 22
	endLocatorBytes   = 20
	end64Bytes        = 56
	directoryBytes    = 46
	localHeaderBytes  = 30
	maxCommentBytes   = 65535
	signatureLocal    = 0x04034b50
	signatureDir      = 0x02014b50
	signatureEnd      = 0x06054b50
	signatureEnd64    = 0x06064b50
	signatureLocator  = 0x07064b50
	extraZip64        = 0x0001
	fullWord32        = 0xffffffff
	fullWord16        = 0xffff
	archiveReadAhead  = 256 << 10
	localExtraReserve = 64 // bytes of extra fields read along with a member
)

// openArchive finds the central directory (APPNOTE 4.3.16, 4.3.14).
func openArchive(r io.ReaderAt, size int64, limits Limits) (*archive, error) {
	if size > limits.ArchiveBytes {
		return nil, fmt.Errorf("the archive has %d bytes, more than the limit of %d", size, limits.ArchiveBytes)
	}
	tail := make([]byte, min(size, endRecordBytes+maxCommentBytes))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head := make([]byte, min(size, 64))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if looksLikeHTML(head) {
		return nil, errors.New("not a zip: it is an HTML or XML page")
	}
	at := bytes.LastIndex(tail, binary.LittleEndian.AppendUint32(nil, signatureEnd))
	if at < 0 || len(tail)-at < endRecordBytes {
		return nil, errors.New("not a zip, or a truncated one: it has no end record")
	}
	end := tail[at:]
	endOffset := size - int64(len(tail)) + int64(at)
	a := &archive{
		r: r, limits: limits,
		members:   int64(binary.LittleEndian.Uint16(end[10:])),
		dirSize:   int64(binary.LittleEndian.Uint32(end[12:])),
		directory: int64(binary.LittleEndian.Uint32(end[16:])),
	}
	if a.members == fullWord16 || a.dirSize == fullWord32 || a.directory == fullWord32 {
		if err := a.readEnd64(endOffset); err != nil {
			return nil, err
		}
	}
	if a.directory < 0 || a.dirSize < 0 || a.directory > endOffset || a.dirSize > endOffset-a.directory {
		return nil, errors.New("a broken zip: its directory is not where its end record says")
	}
	if a.members > limits.Records {
		return nil, fmt.Errorf("the archive claims %d members, more than the limit of %d", a.members, limits.Records)
	}
	if a.members > a.dirSize/directoryBytes {
		return nil, fmt.Errorf("a broken zip: it claims %d members in a directory of %d bytes", a.members, a.dirSize)
	}
	return a, nil
}

// readEnd64 reads the zip64 end record where the archive has one.
func (a *archive) readEnd64(endOffset int64) error {
	locator := make([]byte, endLocatorBytes)
	if endOffset < endLocatorBytes {
		return nil
	}
	if _, err := a.r.ReadAt(locator, endOffset-endLocatorBytes); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(locator) != signatureLocator {
		return nil // the values are what they are
	}
	record := make([]byte, end64Bytes)
	offset := int64(binary.LittleEndian.Uint64(locator[8:]))
	if offset < 0 || offset > endOffset-endLocatorBytes-end64Bytes {
		return errors.New("a broken zip: its zip64 end record is out of place")
	}
	if _, err := a.r.ReadAt(record, offset); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(record) != signatureEnd64 {
		return errors.New("a broken zip: it has no zip64 end record where it says")
	}
	a.members = int64(binary.LittleEndian.Uint64(record[32:]))
	a.dirSize = int64(binary.LittleEndian.Uint64(record[40:]))
	a.directory = int64(binary.LittleEndian.Uint64(record[48:]))
	if a.members < 0 {
		return errors.New("a broken zip: it claims a negative count of members")
	}
	return nil
}

// looksLikeHTML tells the commonest mistake apart: a web page that was saved,
// or served, in place of a file of the feed.
func looksLikeHTML(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n\ufeff"), []byte("<"))
}

// all walks the central directory to its end. The first error ends it.
//
// Not the count in the end record decides how many members there are but the
// directory itself; the two must agree as far as the count goes, which writers
// without zip64 keep in 16 bits.
func (a *archive) all() iter.Seq2[member, error] {
	return func(yield func(member, error) bool) {
		dir := newDirectoryReader(io.NewSectionReader(a.r, a.directory, a.dirSize))
		count := int64(0)
		for read := int64(0); read < a.dirSize; count++ {
			m, n, err := dir.next()
			if err == nil && count >= a.limits.Records {
				err = fmt.Errorf("there are more than the limit of %d", a.limits.Records)
			}
			if err != nil {
				yield(member{}, fmt.Errorf("a broken zip: member %d: %w", count+1, err))
				return
			}
			read += n
			if !yield(m, nil) {
				return
			}
		}
		if count&fullWord16 != a.members&fullWord16 {
			yield(member{}, fmt.Errorf("a broken zip: it has %d members and claims %d", count, a.members))
		}
	}
}

// directoryReader reads central directory headers one by one.
type directoryReader struct {
	r        io.Reader
	buf      []byte
	from, to int // what of buf is unread
}

func newDirectoryReader(r io.Reader) *directoryReader {
	return &directoryReader{r: r, buf: make([]byte, archiveReadAhead)}
}

// take returns the next n bytes, valid until the next call. n is at most three
// times 65535, less than the buffer.
func (d *directoryReader) take(n int) ([]byte, error) {
	if d.to-d.from < n {
		d.to = copy(d.buf, d.buf[d.from:d.to])
		d.from = 0
		got, err := io.ReadAtLeast(d.r, d.buf[d.to:], n-d.to)
		d.to += got
		if err != nil {
			return nil, io.ErrUnexpectedEOF
		}
	}
	out := d.buf[d.from : d.from+n]
	d.from += n
	return out, nil
}

// next returns a member and the length of its header.
func (d *directoryReader) next() (m member, length int64, err error) {
	h, err := d.take(directoryBytes)
	if err != nil {
		return member{}, 0, err
	}
	if binary.LittleEndian.Uint32(h) != signatureDir {
		return member{}, 0, errors.New("no directory header where one belongs")
	}
	m = member{
		method:     binary.LittleEndian.Uint16(h[10:]),
		crc:        binary.LittleEndian.Uint32(h[16:]),
		compressed: int64(binary.LittleEndian.Uint32(h[20:])),
		size:       int64(binary.LittleEndian.Uint32(h[24:])),
		nameBytes:  int(binary.LittleEndian.Uint16(h[28:])),
		header:     int64(binary.LittleEndian.Uint32(h[42:])),
	}
	flags := binary.LittleEndian.Uint16(h[8:])
	extraBytes := int(binary.LittleEndian.Uint16(h[30:]))
	commentBytes := int(binary.LittleEndian.Uint16(h[32:]))
	rest, err := d.take(m.nameBytes + extraBytes + commentBytes)
	if err != nil {
		return member{}, 0, err
	}
	m.name = string(rest[:m.nameBytes])
	m.zip64(rest[m.nameBytes : m.nameBytes+extraBytes])
	if flags&1 != 0 {
		m.method = fullWord16 // encrypted: no method can read it
	}
	return m, int64(directoryBytes + len(rest)), nil
}

// zip64 takes over the values that did not fit (APPNOTE 4.5.3).
func (m *member) zip64(extra []byte) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return
		}
		field := extra[:n]
		extra = extra[n:]
		if id != extraZip64 {
			continue
		}
		for _, v := range []*int64{&m.size, &m.compressed, &m.header} {
			if *v == fullWord32 && len(field) >= 8 {
				*v = int64(binary.LittleEndian.Uint64(field))
				field = field[8:]
			}
		}
	}
}

// isRecord reports whether the member is to be read at all: folders and files
// of other kinds are not records.
func (m member) isRecord() bool { return strings.HasSuffix(m.name, ".json") }

// raw returns a member's compressed bytes, in buf if it is large enough, and
// their offset in the archive.
func (a *archive) raw(m member, buf []byte) (data []byte, offset int64, err error) {
	if m.compressed < 0 || m.size < 0 || m.compressed > a.limits.RecordBytes || m.size > a.limits.RecordBytes {
		return nil, 0, fmt.Errorf("it claims %d bytes, more than the limit of %d for a record", max(m.size, m.compressed), a.limits.RecordBytes)
	}
	if m.header < 0 || m.header > a.directory-localHeaderBytes-m.compressed {
		return nil, 0, errors.New("its bytes are not within the archive")
	}
	// One read for header and content in nearly all cases.
	want := min(localHeaderBytes+int64(m.nameBytes)+localExtraReserve+m.compressed, a.directory-m.header)
	if int64(cap(buf)) < want {
		buf = make([]byte, want)
	}
	buf = buf[:want]
	if _, err := a.r.ReadAt(buf, m.header); err != nil {
		return nil, 0, err
	}
	if binary.LittleEndian.Uint32(buf) != signatureLocal {
		return nil, 0, errors.New("it has no local header where the directory says")
	}
	start := localHeaderBytes + int64(binary.LittleEndian.Uint16(buf[26:])) + int64(binary.LittleEndian.Uint16(buf[28:]))
	offset = m.header + start
	if offset+m.compressed > a.directory {
		return nil, 0, errors.New("its bytes are not within the archive")
	}
	if start+m.compressed <= want {
		return buf[start : start+m.compressed], offset, nil
	}
	data = make([]byte, m.compressed)
	if _, err := a.r.ReadAt(data, offset); err != nil {
		return nil, 0, err
	}
	return data, offset, nil
}

// inflater turns compressed members into text, and keeps its memory from one
// to the next.
type inflater struct {
	source bytes.Reader
	flate  inflate.Reader
	out    []byte
}

// inflate returns the text of a member, valid until the next call.
func (i *inflater) inflate(method uint16, data []byte, size int64) ([]byte, error) {
	switch method {
	case methodStore:
		if int64(len(data)) != size {
			return nil, errors.New("its size is not what the directory says")
		}
		return data, nil
	case methodDeflate:
	default:
		return nil, errors.New("it is compressed in a way that feeds do not use, or encrypted")
	}
	i.source.Reset(data)
	i.flate.Reset(&i.source)
	// A byte more than is claimed, to see whether there is one.
	if int64(cap(i.out)) <= size || int64(cap(i.out)) > max(4<<20, 4*size) {
		i.out = make([]byte, size+size/4+1)
	}
	n, err := io.ReadFull(&i.flate, i.out[:size+1])
	switch {
	case err == nil || int64(n) != size:
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		return nil, errors.New("its size is not what the directory says")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		// ReadFull says the same whether the stream ended well or was cut:
		// the checksum tells.
		return i.out[:n], nil
	}
	return nil, err
}

// text returns the checked text of a member.
func (i *inflater) text(m member, data []byte) ([]byte, error) {
	out, err := i.inflate(m.method, data, m.size)
	if err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(out) != m.crc {
		return nil, errors.New("its checksum is wrong")
	}
	return out, nil
}
