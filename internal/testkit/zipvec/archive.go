package zipvec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Header is what one of an entry's two headers says.
type Header struct {
	Name        string
	Creator     byte // central only: the system that made it; 3 is Unix
	Flags       uint16
	Method      uint16
	CRC         uint32
	Compressed  uint32
	Size        uint32
	Extra       []byte
	Disk        uint16 // central only
	Attributes  uint32 // central only
	OffsetShift int64  // central only: added to the true offset
}

// Entry is one entry, its headers free to contradict each other.
type Entry struct {
	Before     []byte // in front of the local header
	Local      Header
	Body       []byte // as it stands in the file
	Descriptor []byte // behind the body
	Central    Header
	NoLocal    bool // leave out everything but the central header
	SameAs     int  // with NoLocal: the entry whose offset to take
	Hide       bool // leave out the central header
}

// File returns an honest entry that stores content as it is, made on Unix with
// mode 0644.
func File(name, content string) Entry {
	h := Header{
		Name: name, Creator: 3, Attributes: 0o100644 << 16,
		CRC: crc32.ChecksumIEEE([]byte(content)), Compressed: uint32(len(content)), Size: uint32(len(content)),
	}
	return Entry{Local: h, Central: h, Body: []byte(content)}
}

// Unix returns e with another Unix mode, type bits included.
func (e Entry) Unix(mode uint32) Entry {
	e.Central.Attributes = mode << 16
	return e
}

// Link returns an honest symbolic link.
func Link(name, target string) Entry { return File(name, target).Unix(0o120777) }

// Dir returns an honest directory; name ends in a slash.
func Dir(name string) Entry {
	e := File(name, "").Unix(0o040755)
	e.Central.Attributes |= 0x10
	return e
}

// Deflated returns an honest entry with the given deflate stream, which holds
// content.
func Deflated(name string, stream []byte, content []byte) Entry {
	e := File(name, string(content))
	e.Body = stream
	return e.both(func(h *Header) { h.Method, h.Compressed = 8, uint32(len(stream)) })
}

// WithDescriptor returns e as a packer writes it that cannot seek: crc and
// sizes only in a descriptor behind the content.
func (e Entry) WithDescriptor() Entry {
	e = e.both(func(h *Header) { h.Flags |= 1 << 3 })
	e.Descriptor = append([]byte("PK\x07\x08"), e.sums()...)
	e.Local.CRC, e.Local.Compressed, e.Local.Size = 0, 0, 0
	return e
}

func (e Entry) sums() []byte {
	return le(e.Central.CRC, e.Central.Compressed, e.Central.Size)
}

// both applies edit to the local and to the central header.
func (e Entry) both(edit func(*Header)) Entry {
	edit(&e.Local)
	edit(&e.Central)
	return e
}

func (e Entry) local(edit func(*Header)) Entry {
	edit(&e.Local)
	return e
}

func (e Entry) central(edit func(*Header)) Entry {
	edit(&e.Central)
	return e
}

// End is an end of central directory record.
type End struct {
	Disk, DirDisk        uint16
	EntriesHere, Entries uint16
	DirSize, DirOffset   uint32
	Comment              string
	CommentLen           int // if not zero, what is said instead of the truth
}

// End64 is a zip64 end record with its locator.
type End64 struct {
	Disk, DirDisk        uint32
	EntriesHere, Entries uint64
	DirSize, DirOffset   uint64
	LocatorShift         int64 // added to the offset in the locator
	Disks                uint32
	LocatorOnly          bool
}

// Archive is a whole zip file.
type Archive struct {
	Prefix     []byte // before everything
	Uncounted  bool   // offsets do not count the prefix
	Entries    []Entry
	BeforeDir  []byte // between the last entry and the directory
	InDir      []byte // in the directory, behind its last header
	BeforeEnd  []byte // between the directory and the end records
	Zip64      bool   // write zip64 end records
	EditEnd    func(*End)
	EditEnd64  func(*End64)
	Trailer    []byte // behind everything
	TruncateTo int    // if not zero, how much of it all is kept
}

// Zip returns an honest archive of the entries.
func Zip(entries ...Entry) Archive { return Archive{Entries: entries} }

// Bytes lays the archive out.
func (a Archive) Bytes() []byte {
	var out bytes.Buffer
	out.Write(a.Prefix)
	base := int64(0)
	if a.Uncounted {
		base = int64(len(a.Prefix))
	}
	offsets := make([]int64, len(a.Entries))
	for i, e := range a.Entries {
		if e.NoLocal {
			offsets[i] = offsets[e.SameAs]
			continue
		}
		out.Write(e.Before)
		offsets[i] = int64(out.Len()) - base
		out.Write(e.Local.local())
		out.Write(e.Body)
		out.Write(e.Descriptor)
	}
	out.Write(a.BeforeDir)

	dirAt := out.Len()
	n := 0
	for i, e := range a.Entries {
		if !e.Hide {
			out.Write(e.Central.central(offsets[i] + e.Central.OffsetShift))
			n++
		}
	}
	out.Write(a.InDir)
	end := End{
		EntriesHere: uint16(n), Entries: uint16(n),
		DirSize: uint32(out.Len() - dirAt), DirOffset: uint32(int64(dirAt) - base),
	}
	out.Write(a.BeforeEnd)
	if a.Zip64 {
		end64 := End64{
			EntriesHere: uint64(n), Entries: uint64(n),
			DirSize: uint64(end.DirSize), DirOffset: uint64(end.DirOffset), Disks: 1,
		}
		end.EntriesHere, end.Entries, end.DirSize, end.DirOffset = 0xffff, 0xffff, 0xffffffff, 0xffffffff
		if a.EditEnd64 != nil {
			a.EditEnd64(&end64)
		}
		out.Write(end64.bytes(int64(out.Len()) - base))
	}
	if a.EditEnd != nil {
		a.EditEnd(&end)
	}
	out.Write(end.bytes())
	out.Write(a.Trailer)
	if a.TruncateTo > 0 {
		out.Truncate(a.TruncateTo)
	}
	return out.Bytes()
}

// dosTime and dosDate are 2024-01-02 03:04:06.
const (
	dosTime = 3<<11 | 4<<5 | 6/2
	dosDate = (2024-1980)<<9 | 1<<5 | 2
)

func (h Header) local() []byte {
	return join(
		[]byte("PK\x03\x04"),
		le(uint16(20), h.Flags, h.Method, uint16(dosTime), uint16(dosDate), h.CRC, h.Compressed, h.Size,
			uint16(len(h.Name)), uint16(len(h.Extra))),
		[]byte(h.Name), h.Extra)
}

func (h Header) central(offset int64) []byte {
	return join(
		[]byte("PK\x01\x02"),
		le(uint16(20)|uint16(h.Creator)<<8, uint16(20), h.Flags, h.Method, uint16(dosTime), uint16(dosDate), h.CRC, h.Compressed, h.Size,
			uint16(len(h.Name)), uint16(len(h.Extra)), uint16(0), h.Disk, uint16(0), h.Attributes, uint32(offset)),
		[]byte(h.Name), h.Extra)
}

func (e End) bytes() []byte {
	n := len(e.Comment)
	if e.CommentLen != 0 {
		n = e.CommentLen
	}
	return join(
		[]byte("PK\x05\x06"),
		le(e.Disk, e.DirDisk, e.EntriesHere, e.Entries, e.DirSize, e.DirOffset, uint16(n)),
		[]byte(e.Comment))
}

// bytes returns the record, to stand at offset at, and its locator.
func (e End64) bytes(at int64) []byte {
	record := join(
		[]byte("PK\x06\x06"),
		le(uint64(44), uint16(45), uint16(45), e.Disk, e.DirDisk, e.EntriesHere, e.Entries, e.DirSize, e.DirOffset))
	if e.LocatorOnly {
		record = nil
	}
	return join(record, []byte("PK\x06\x07"), le(e.Disk, uint64(at+e.LocatorShift), e.Disks))
}

// extra returns one extra field.
func extra(id uint16, data []byte) []byte { return join(le(id, uint16(len(data))), data) }

// le returns the values, each in little-endian order, one behind the other.
func le(values ...any) []byte {
	var out bytes.Buffer
	for _, v := range values {
		if err := binary.Write(&out, binary.LittleEndian, v); err != nil {
			panic(err) // a value without a fixed size: a mistake in this package
		}
	}
	return out.Bytes()
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
