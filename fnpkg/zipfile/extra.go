package zipfile

import (
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// Extra fields, §4.5 and §4.6.
const (
	extraZip64       = 0x0001
	extraTimestamp   = 0x5455 // Info-ZIP extended timestamp, "UT"
	extraUnicodePath = 0x7075 // Info-ZIP Unicode path, "up"
)

// extras yields the fields of an extra field block by id. What is left at the
// end and too short for a field is ignored, as readers do: some writers pad
// with it. A field that is longer than the block is yielded as id 0 with nil
// data, once.
func extras(block []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(block) >= 4 {
			id, n := binary.LittleEndian.Uint16(block), int(binary.LittleEndian.Uint16(block[2:]))
			if block = block[4:]; n > len(block) {
				yield(0, nil)
				return
			}
			if !yield(id, block[:n:n]) {
				return
			}
			block = block[n:]
		}
	}
}

// widths are the fields of a header that may be kept in its zip64 extra field.
type widths struct {
	size, compressed, offset uint64
	disk                     uint32
}

// readExtras applies the extra fields of a central header to h and w.
func (a *archive) readExtras(h *header, w *widths, block []byte) error {
	zip64 := false
	for id, data := range extras(block) {
		switch {
		case id == 0 && data == nil:
			a.found.Add(fnpkg.HazardHeaderMismatch, h.name, "an extra field that is longer than the header has room for")
		case id == extraZip64:
			if zip64 {
				a.found.Add(fnpkg.HazardZip64Mismatch, h.name, "more than one zip64 field")
				continue
			}
			zip64 = true
			if problem := w.widen(data); problem != "" {
				a.found.Add(fnpkg.HazardZip64Mismatch, h.name, problem)
			}
		case id == extraTimestamp:
			if len(data) >= 5 && data[0]&1 != 0 {
				h.modTime = time.Unix(int64(int32(binary.LittleEndian.Uint32(data[1:]))), 0).UTC()
			}
		case id == extraUnicodePath:
			if other, ok := unicodePath(data); ok && other != h.name {
				a.found.Add(fnpkg.HazardUnicodePathExtra, h.name, fmt.Sprintf("an extra field names it %q", other))
			}
		}
	}
	if !zip64 && (w.compressed == none32 || w.offset == none32) {
		a.found.Add(fnpkg.HazardZip64Mismatch, h.name, "refers to a zip64 field that it does not have")
	}
	return nil
}

// widen replaces the fields of w that refer to the zip64 field data by that
// field's values, which stand in fixed order, §4.5.3, and says what is wrong
// with it. Values that are not called for are tolerated if they are right.
func (w *widths) widen(data []byte) (problem string) {
	const short = "a zip64 field that is shorter than the header refers to"
	narrow := *w
	rest := data
	take := func(field *uint64) {
		if *field != none32 {
			return
		}
		if len(rest) < 8 {
			problem = short
			return
		}
		*field, rest = binary.LittleEndian.Uint64(rest), rest[8:]
	}
	take(&w.size)
	take(&w.compressed)
	take(&w.offset)
	switch {
	case w.disk == none16 && len(rest) >= 4:
		w.disk, rest = binary.LittleEndian.Uint32(rest), rest[4:]
	case w.disk == none16:
		w.disk, problem = 0, short
	}
	if problem != "" || len(rest) == 0 {
		return problem
	}
	if narrow.size == none32 && narrow.compressed == none32 && narrow.offset == none32 {
		return "" // the rest can only be the disk
	}
	for _, want := range []uint64{w.size, w.compressed, w.offset} {
		if len(data) < 8 {
			break
		}
		if binary.LittleEndian.Uint64(data) != want {
			return "a zip64 field with values that are not called for and contradict the header"
		}
		data = data[8:]
	}
	return ""
}

// unicodePath returns the name in a Unicode path field: version 1, the crc of
// the name it replaces, the name. Whether the crc fits is of no interest: some
// readers use the name either way.
func unicodePath(data []byte) (string, bool) {
	if len(data) < 5 {
		return "", false
	}
	return string(data[5:]), true
}
