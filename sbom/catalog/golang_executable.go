package catalog

import (
	"bytes"
	"encoding/binary"
)

// What the headers of executables tell from a file's first bytes alone. They
// are hostile: nothing is taken from behind the end of what was read, and
// whatever does not fit is left out.

// fileRange is a part of a file: begin ≤ offset < end.
type fileRange struct{ begin, end int64 }

func (r fileRange) size() int64 { return r.end - r.begin }

// The first bytes of executables: ELF, PE, Mach-O of either order and size,
// and the universal binary that holds several.
var programMagic = [][]byte{
	[]byte("\x7fELF"), []byte("MZ"),
	[]byte("\xfe\xed\xfa\xce"), []byte("\xfe\xed\xfa\xcf"),
	[]byte("\xce\xfa\xed\xfe"), []byte("\xcf\xfa\xed\xfe"),
	[]byte("\xca\xfe\xba\xbe"),
}

func isProgram(head []byte) bool {
	for _, magic := range programMagic {
		if bytes.HasPrefix(head, magic) {
			return true
		}
	}
	return false
}

// writableData lists where in the file the data stands that the program may
// change, in the order of the headers. Go's linker puts its build information
// there; a file the program embeds is elsewhere.
func writableData(head []byte) []fileRange {
	if h, ok := readELFHeader(head); ok {
		var out []fileRange
		for _, p := range h.segments {
			if p.kind == elfLoad && p.flags&(elfWritable|elfExecutable) == elfWritable {
				out = append(out, p.fileRange)
			}
		}
		return out
	}
	if bytes.HasPrefix(head, []byte("MZ")) {
		return writablePE(head)
	}
	return writableMachO(head)
}

// The ELF constants in use, from the System V ABI's chapter on object files.
const (
	elfLoad = 1
	elfNote = 4
	elfTLS  = 7

	elfExecutable = 1
	elfWritable   = 2
)

type elfHeader struct {
	segments []elfSegment
}

type elfSegment struct {
	kind, flags uint32
	fileRange
}

// readELFHeader reads the program headers of an ELF file, which linkers put
// behind the file's header.
func readELFHeader(head []byte) (elfHeader, bool) {
	order := elfOrder(head)
	if order == nil {
		return elfHeader{}, false
	}
	wide := head[4] == 2
	var begin uint64
	var size, count int
	if wide {
		begin = order.Uint64(head[32:])
		size, count = int(order.Uint16(head[54:])), int(order.Uint16(head[56:]))
	} else {
		begin = uint64(order.Uint32(head[28:]))
		size, count = int(order.Uint16(head[42:])), int(order.Uint16(head[44:]))
	}
	if begin > uint64(len(head)) || wide && size < 56 || size < 32 {
		return elfHeader{}, false
	}
	var h elfHeader
	for rest := head[begin:]; count > 0 && len(rest) >= size; rest, count = rest[size:], count-1 {
		var s elfSegment
		var offset, length uint64
		s.kind = order.Uint32(rest)
		if wide {
			s.flags = order.Uint32(rest[4:])
			offset, length = order.Uint64(rest[8:]), order.Uint64(rest[32:])
		} else {
			offset, length = uint64(order.Uint32(rest[4:])), uint64(order.Uint32(rest[16:]))
			s.flags = order.Uint32(rest[24:])
		}
		if offset > 1<<62 || length > 1<<62 {
			continue
		}
		s.fileRange = fileRange{int64(offset), int64(offset + length)}
		h.segments = append(h.segments, s)
	}
	return h, true
}

// elfOrder returns the byte order of an ELF file, and nil for other files.
func elfOrder(head []byte) binary.ByteOrder {
	switch {
	case len(head) < 64 || !bytes.HasPrefix(head, []byte("\x7fELF")):
		return nil
	case head[5] == 2:
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// writablePE lists the sections of a PE file with initialised data that may be
// changed.
func writablePE(head []byte) []fileRange {
	const (
		sectionSize = 40
		relevant    = 0xf0000060 // initialised data, code, and the four rights
		data        = 0xc0000040 // initialised data, readable and writable
	)
	le := binary.LittleEndian
	if len(head) < 0x40 {
		return nil
	}
	at := int64(le.Uint32(head[0x3c:])) // of the PE header
	if at+24 > int64(len(head)) {
		return nil
	}
	count := int(le.Uint16(head[at+6:]))
	at += 24 + int64(le.Uint16(head[at+20:])) // of the section table
	var out []fileRange
	for ; count > 0 && at+sectionSize <= int64(len(head)); at, count = at+sectionSize, count-1 {
		section := head[at:]
		if le.Uint32(section[36:])&relevant != data {
			continue
		}
		begin := int64(le.Uint32(section[20:]))
		out = append(out, fileRange{begin, begin + int64(le.Uint32(section[16:]))})
	}
	return out
}

// writableMachO lists the section of Go's build information of a Mach-O file,
// or else its segments that may be written to.
func writableMachO(head []byte) []fileRange {
	const (
		segment32, segment64 = 0x1, 0x19 // LC_SEGMENT, LC_SEGMENT_64
		readWrite            = 3
	)
	var order binary.ByteOrder = binary.LittleEndian
	if bytes.HasPrefix(head, []byte("\xfe\xed\xfa")) {
		order = binary.BigEndian
	}
	if len(head) < 32 {
		return nil
	}
	wide := head[0]&1 == 1 || head[3]&1 == 1 // …cf and not …ce
	at := int64(28)
	if wide {
		at = 32
	}
	var own, out []fileRange
	for count := order.Uint32(head[16:]); count > 0 && at+8 <= int64(len(head)); count-- {
		kind, size := order.Uint32(head[at:]), int64(order.Uint32(head[at+4:]))
		if size < 8 || at+size > int64(len(head)) {
			break
		}
		command := head[at : at+size]
		at += size
		var begin, length int64
		var protection, sections uint32
		var table []byte
		var sectionSize int
		switch {
		case kind == segment64 && size >= 72:
			begin, length = int64(order.Uint64(command[40:])), int64(order.Uint64(command[48:]))
			protection, sections = order.Uint32(command[60:]), order.Uint32(command[64:])
			table, sectionSize = command[72:], 80
		case kind == segment32 && size >= 56:
			begin, length = int64(order.Uint32(command[32:])), int64(order.Uint32(command[36:]))
			protection, sections = order.Uint32(command[44:]), order.Uint32(command[48:])
			table, sectionSize = command[56:], 68
		default:
			continue
		}
		if protection == readWrite && begin >= 0 && length > 0 {
			out = append(out, fileRange{begin, begin + length})
		}
		for ; sections > 0 && len(table) >= sectionSize; table, sections = table[sectionSize:], sections-1 {
			if !bytes.HasPrefix(table, []byte("__go_buildinfo\x00\x00")) {
				continue
			}
			if sectionSize == 80 {
				begin, length = int64(order.Uint32(table[48:])), int64(order.Uint64(table[40:]))
			} else {
				begin, length = int64(order.Uint32(table[40:])), int64(order.Uint32(table[36:]))
			}
			own = append(own, fileRange{begin, begin + length})
		}
	}
	return append(own, out...)
}
