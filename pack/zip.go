package pack

import (
	"encoding/binary"
	"fmt"

	"github.com/fnseal/fnseal/fnpkg"
)

// The records of a zip archive (APPNOTE.TXT 6.3, §4.3).
const (
	localSignature   = 0x04034b50
	centralSignature = 0x02014b50
	endSignature     = 0x06054b50
	end64Signature   = 0x06064b50
	locatorSignature = 0x07064b50

	methodStore   = 0
	methodDeflate = 8

	version   = 20        // 2.0: directories, deflate
	version64 = 45        // 4.5: many entries
	madeBy    = 3<<8 | 20 // by Unix, whose modes are in the attributes
	utf8Name  = 1 << 11   // flag: the name is UTF-8
	date      = 1<<5 | 1  // 1980-01-01, the first there is
	dirFlag   = 0x10      // MS-DOS's attribute of directories
	maxRecord = 1<<16 - 1 // entries, or bytes of a name
)

// header is what the archive says of an entry.
type header struct {
	name   string
	mode   uint32
	method uint16
	sum    uint32 // CRC-32
	packed int64
	size   int64
	offset int64 // of the local header
}

func (w *writer) header(e fnpkg.Entry) header {
	h := header{name: e.Path, mode: modeOf(e, w.executable(e.Path))}
	if e.IsDir() {
		h.name += "/"
	}
	return h
}

func (h header) flags() uint16 {
	for i := range len(h.name) {
		if h.name[i] >= 0x80 {
			return utf8Name
		}
	}
	return 0
}

// common appends what the local header and that in the directory share.
func (h header) common(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, version)
	b = le.AppendUint16(b, h.flags())
	b = le.AppendUint16(b, h.method)
	b = le.AppendUint16(b, 0) // midnight
	b = le.AppendUint16(b, date)
	b = le.AppendUint32(b, h.sum)
	b = le.AppendUint32(b, uint32(h.packed))
	b = le.AppendUint32(b, uint32(h.size))
	b = le.AppendUint16(b, uint16(len(h.name)))
	return le.AppendUint16(b, 0) // no extra fields
}

func (h header) local() []byte {
	b := binary.LittleEndian.AppendUint32(nil, localSignature)
	return append(h.common(b), h.name...)
}

func (h header) central(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, centralSignature)
	b = le.AppendUint16(b, madeBy)
	b = h.common(b)
	b = le.AppendUint16(b, 0) // no comment
	b = le.AppendUint16(b, 0) // the first disk
	b = le.AppendUint16(b, 0) // internal attributes: binary
	attributes := h.mode << 16
	if h.mode&0o170000 == 0o40000 {
		attributes |= dirFlag
	}
	b = le.AppendUint32(b, attributes)
	b = le.AppendUint32(b, uint32(h.offset))
	return append(b, h.name...)
}

// writer writes an archive.
type writer struct {
	out        File
	at         int64
	headers    []header
	executable func(path string) bool
}

func (w *writer) write(b []byte) error {
	if w.at += int64(len(b)); w.at > maxBytes {
		return &fnpkg.LimitError{What: "bytes of a zip", Limit: maxBytes, Got: w.at}
	}
	_, err := w.out.Write(b)
	return err
}

// begin writes the local header of the next entry.
func (w *writer) begin(h header) error {
	if len(h.name) > maxRecord {
		return fmt.Errorf("packing %.200q…: %w", h.name, &fnpkg.LimitError{What: "bytes of a name", Limit: maxRecord, Got: int64(len(h.name))})
	}
	h.offset = w.at
	w.headers = append(w.headers, h)
	return w.write(h.local())
}

// current is the header of the entry that is being written.
func (w *writer) current() *header { return &w.headers[len(w.headers)-1] }

// amend writes the local header of the current entry again, now that its sizes
// are known.
func (w *writer) amend() error {
	h := w.current()
	_, err := w.out.WriteAt(h.local(), h.offset)
	return err
}

// close writes the directory and the end record.
func (w *writer) close() error {
	start := w.at
	var b []byte
	for _, h := range w.headers {
		b = h.central(b)
	}
	le := binary.LittleEndian
	size, count := uint64(len(b)), uint64(len(w.headers))
	shown := uint16(maxRecord)
	if count < maxRecord {
		shown = uint16(count)
	} else {
		end := start + int64(len(b))
		b = le.AppendUint32(b, end64Signature)
		b = le.AppendUint64(b, 44) // bytes of the record from here on
		b = le.AppendUint16(b, 3<<8|version64)
		b = le.AppendUint16(b, version64)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, count)
		b = le.AppendUint64(b, count)
		b = le.AppendUint64(b, size)
		b = le.AppendUint64(b, uint64(start))
		b = le.AppendUint32(b, locatorSignature)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, uint64(end))
		b = le.AppendUint32(b, 1)
	}
	b = le.AppendUint32(b, endSignature)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, shown)
	b = le.AppendUint16(b, shown)
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, uint32(start))
	b = le.AppendUint16(b, 0) // no comment
	return w.write(b)
}
