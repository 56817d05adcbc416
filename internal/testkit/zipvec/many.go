package zipvec

import (
	"fmt"
	"io"
)

const (
	manyName    = "%010d" // of ten bytes, whatever the number
	manyLocal   = 30 + 10
	manyCentral = centralLen + 10
)

// Many is a sound zip64 archive of Entries empty files that exists nowhere: its
// bytes are made when they are read.
type Many struct {
	Entries int64

	// Claimed is what the end record says instead of Entries, in 16 bits and
	// without zip64 extension, unless it is negative.
	Claimed int
}

// Size returns the length of the archive.
func (m Many) Size() int64 { return m.Entries*(manyLocal+manyCentral) + int64(len(m.end())) }

// ReadAt makes the bytes from offset.
func (m Many) ReadAt(b []byte, offset int64) (int, error) {
	n := 0
	for n < len(b) {
		at := offset + int64(n)
		dir := m.Entries * manyLocal
		end := dir + m.Entries*manyCentral
		var record []byte
		switch {
		case at < dir:
			i := at / manyLocal
			record = File(fmt.Sprintf(manyName, i), "").Local.local()[at%manyLocal:]
		case at < end:
			i := (at - dir) / manyCentral
			record = File(fmt.Sprintf(manyName, i), "").Central.central(i * manyLocal)[(at-dir)%manyCentral:]
		case at < m.Size():
			record = m.end()[at-end:]
		default:
			return n, io.EOF
		}
		n += copy(b[n:], record)
	}
	return n, nil
}

func (m Many) end() []byte {
	dir, size := m.Entries*manyLocal, m.Entries*manyCentral
	if m.Claimed >= 0 {
		return End{EntriesHere: uint16(m.Claimed), Entries: uint16(m.Claimed), DirSize: uint32(size), DirOffset: uint32(dir)}.bytes()
	}
	wide := End64{EntriesHere: uint64(m.Entries), Entries: uint64(m.Entries), DirSize: uint64(size), DirOffset: uint64(dir), Disks: 1}
	narrow := End{EntriesHere: 0xffff, Entries: 0xffff, DirSize: 0xffffffff, DirOffset: 0xffffffff}
	return join(wide.bytes(dir+size), narrow.bytes())
}
