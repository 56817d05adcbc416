package zipfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/fnseal/fnseal/fnpkg"
)

const localLen = 30 // local header without its variable part, §4.3.7

var (
	localSignature      = []byte("PK\x03\x04")
	descriptorSignature = []byte("PK\x07\x08")
)

// checkLocalHeaders walks through the file's entries in the order they lie in
// and compares each local header with the central one. Between the first byte
// and the directory everything must belong to exactly one entry.
func (a *archive) checkLocalHeaders() error {
	order := make([]*header, len(a.headers))
	for i := range a.headers {
		order[i] = &a.headers[i]
	}
	slices.SortStableFunc(order, func(x, y *header) int {
		switch {
		case x.offset < y.offset:
			return -1
		case x.offset > y.offset:
			return 1
		}
		return 0
	})

	w := window{archive: a}
	at := a.dir.base // where the next entry is expected
	for i, h := range order {
		switch {
		case h.offset > at && i == 0:
			a.found.Add(fnpkg.HazardPrependedBytes, "", fmt.Sprintf("%d bytes before the first entry", h.offset-at))
		case h.offset > at:
			a.found.Add(fnpkg.HazardGapBytes, h.name, fmt.Sprintf("%d bytes before it that no header names", h.offset-at))
		case h.offset < at:
			a.found.Add(fnpkg.HazardOverlap, h.name, fmt.Sprintf("it begins %d bytes before the end of another", at-h.offset))
		}
		next := a.dir.offset // where the space for this entry ends
		if i+1 < len(order) {
			next = order[i+1].offset
		}
		end, err := a.checkLocal(&w, h, next)
		if err != nil {
			return err
		}
		at = max(at, end)
	}
	switch {
	case at > a.dir.offset:
		a.found.Add(fnpkg.HazardOverlap, "", fmt.Sprintf("entries and directory share %d bytes", at-a.dir.offset))
	case at < a.dir.offset && len(order) == 0:
		a.found.Add(fnpkg.HazardPrependedBytes, "", fmt.Sprintf("%d bytes before an archive without entries", a.dir.offset-at))
	case at < a.dir.offset:
		a.found.Add(fnpkg.HazardTrailingBytes, "", fmt.Sprintf("%d bytes between the last entry and the directory", a.dir.offset-at))
	}
	return nil
}

// checkLocal compares the local header of h with h, finds the content, and
// returns the offset behind the entry. next is where the following entry, or
// the directory, is said to begin.
func (a *archive) checkLocal(w *window, h *header, next int64) (end int64, err error) {
	if h.offset > a.size-localLen {
		return 0, formatError("entry %q is said to begin at byte %d, and the file ends at byte %d", h.name, h.offset, a.size)
	}
	fixed, err := w.bytes(h.offset, localLen)
	if err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(fixed, localSignature) {
		h.unreadable = "there is no local header where the directory says"
		a.found.Add(fnpkg.HazardHeaderMismatch, h.name, h.unreadable)
		return next, nil // where it ends nobody knows
	}
	le := binary.LittleEndian
	l := localHeader{
		flags:      le.Uint16(fixed[6:]),
		method:     le.Uint16(fixed[8:]),
		crc:        le.Uint32(fixed[14:]),
		compressed: uint64(le.Uint32(fixed[18:])),
		size:       uint64(le.Uint32(fixed[22:])),
	}
	nameLen, extraLen := int64(le.Uint16(fixed[26:])), int64(le.Uint16(fixed[28:]))
	h.data = h.offset + localLen + nameLen + extraLen
	if h.data > a.size || h.compressed > a.size-h.data {
		return 0, formatError("the content of entry %q reaches beyond the end of the file", h.name)
	}
	variable, err := w.bytes(h.offset+localLen, int(nameLen+extraLen))
	if err != nil {
		return 0, err
	}
	if name := variable[:nameLen]; string(name) != h.name {
		a.found.Add(fnpkg.HazardHeaderMismatch, h.name, fmt.Sprintf("its local header names it %q", name))
	}
	a.readLocalExtras(h, &l, variable[nameLen:])
	a.compareLocal(h, &l)

	end = h.data + h.compressed
	if l.flags&flagDescriptor == 0 {
		return end, nil
	}
	length, err := a.checkDescriptor(w, h, end, next)
	return end + length, err
}

// localHeader is what a local header says of its entry.
type localHeader struct {
	flags, method    uint16
	crc              uint32
	compressed, size uint64
	zip64            bool // it has a zip64 field
}

func (a *archive) readLocalExtras(h *header, l *localHeader, block []byte) {
	for id, data := range extras(block) {
		switch id {
		case extraZip64:
			// In a local header both sizes must be there, §4.5.3; writers that
			// do not know them yet write zeros.
			l.zip64 = true
			if len(data) >= 16 {
				if l.size == none32 {
					l.size = binary.LittleEndian.Uint64(data)
				}
				if l.compressed == none32 {
					l.compressed = binary.LittleEndian.Uint64(data[8:])
				}
			}
		case extraUnicodePath:
			if other, ok := unicodePath(data); ok && other != h.name {
				a.found.Add(fnpkg.HazardUnicodePathExtra, h.name, fmt.Sprintf("an extra field of its local header names it %q", other))
			}
		}
	}
}

// compareLocal reports where the local header says another thing than the
// central one. Where a descriptor follows the content, crc and sizes may be
// zero in the local header.
func (a *archive) compareLocal(h *header, l *localHeader) {
	mismatch := func(what string, local, central uint64) {
		a.found.Add(fnpkg.HazardHeaderMismatch, h.name, fmt.Sprintf("%s is %#x in its local header and %#x in the directory", what, local, central))
	}
	if x, y := l.flags&flagsThatMatter, h.flags&flagsThatMatter; x != y {
		mismatch("flags", uint64(x), uint64(y))
	}
	if l.method != h.method {
		mismatch("method", uint64(l.method), uint64(h.method))
	}
	open := l.flags&flagDescriptor != 0
	if l.crc != h.crc && !(open && l.crc == 0) {
		mismatch("crc", uint64(l.crc), uint64(h.crc))
	}
	if l.compressed != uint64(h.compressed) && !(open && l.compressed == 0) {
		mismatch("compressed size", l.compressed, uint64(h.compressed))
	}
	if l.size != uint64(h.size) && !(open && l.size == 0) {
		mismatch("size", l.size, uint64(h.size))
	}
}

// checkDescriptor compares the data descriptor, §4.3.9, at offset at with the
// central header and returns its length. It comes with or without a signature,
// with sizes of four or eight bytes: the space up to next tells which.
func (a *archive) checkDescriptor(w *window, h *header, at, next int64) (length int64, err error) {
	room := min(next, a.size) - at
	b, err := w.bytes(at, int(max(0, min(room, 24))))
	if err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	fits := func(signature, width int) bool {
		n := signature + 4 + 2*width
		if len(b) < n || signature > 0 && !bytes.HasPrefix(b, descriptorSignature) {
			return false
		}
		f := b[signature:]
		if le.Uint32(f) != h.crc {
			return false
		}
		if width == 8 {
			return le.Uint64(f[4:]) == uint64(h.compressed) && le.Uint64(f[12:]) == uint64(h.size)
		}
		return le.Uint32(f[4:]) == uint32(h.compressed) && le.Uint32(f[8:]) == uint32(h.size)
	}
	// The form that fills the room exactly comes first: with sizes of zero
	// several forms can fit.
	forms := []struct{ signature, width int }{{4, 4}, {4, 8}, {0, 4}, {0, 8}}
	best := int64(-1)
	for _, f := range forms {
		if n := int64(f.signature + 4 + 2*f.width); fits(f.signature, f.width) && (best < 0 || n == room) {
			best = n
		}
	}
	if best >= 0 {
		return best, nil
	}
	a.found.Add(fnpkg.HazardHeaderMismatch, h.name, "its data descriptor is missing or differs from the directory")
	return 0, nil
}

// window gives access to bytes of the file at ascending offsets, with one
// system call for several headers where they lie close together.
type window struct {
	archive *archive
	at      int64
	buf     []byte
}

// windowLen fits the header of one entry, the end of the one before it, and a
// few small entries as a whole.
const windowLen = 512

// bytes returns n bytes from offset, which must lie within the file. They are
// valid until the next call.
func (w *window) bytes(offset int64, n int) ([]byte, error) {
	if offset < w.at || offset+int64(n) > w.at+int64(len(w.buf)) {
		want := int(min(max(int64(n), windowLen), w.archive.size-offset))
		if cap(w.buf) < want {
			w.buf = make([]byte, want)
		}
		w.buf = w.buf[:want]
		if err := w.archive.readFull(w.buf, offset); err != nil {
			w.buf = w.buf[:0]
			return nil, err
		}
		w.at = offset
	}
	i := int(offset - w.at)
	return w.buf[i : i+n : i+n], nil
}
