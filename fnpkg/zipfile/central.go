package zipfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/fnseal/fnseal/fnpkg"
)

const centralLen = 46 // central directory header without its variable part, §4.3.12

var centralSignature = []byte("PK\x01\x02")

// readDirectory reads the central directory's headers, as many as it holds.
func (a *archive) readDirectory() error {
	r := a.memory.getDirectory()
	defer a.memory.directories.Put(r)
	r.Reset(io.NewSectionReader(a.r, a.dir.offset, a.dir.size))
	defer r.Reset(nil)
	// The claimed number was compared with the directory's size, which was
	// compared with the file's: so much is at least plausible.
	a.headers = make([]header, 0, a.dir.entries)
	var fixed [centralLen]byte
	var variable []byte
	var total, packed uint64
	for left := a.dir.size; left > 0; {
		if left < centralLen {
			a.found.Add(fnpkg.HazardTrailingBytes, "", fmt.Sprintf("%d bytes in the directory behind its last header", left))
			break
		}
		if err := readRecord(r, fixed[:]); err != nil {
			return err
		}
		if !bytes.HasPrefix(fixed[:], centralSignature) {
			if uint64(len(a.headers)) < a.dir.entries {
				return formatError("header %d of its directory is damaged", len(a.headers)+1)
			}
			a.found.Add(fnpkg.HazardTrailingBytes, "", fmt.Sprintf("%d bytes in the directory behind its last header", left))
			break
		}
		if err := a.checkLimit("entries", a.limits.Entries, uint64(len(a.headers))+1, fnpkg.FlagMaxEntries); err != nil {
			return err
		}
		le := binary.LittleEndian
		nameLen, extraLen, commentLen := int(le.Uint16(fixed[28:])), int(le.Uint16(fixed[30:])), int(le.Uint16(fixed[32:]))
		variableLen := nameLen + extraLen + commentLen
		if left -= centralLen; int64(variableLen) > left {
			return formatError("header %d of its directory is longer than the directory", len(a.headers)+1)
		}
		left -= int64(variableLen)
		if cap(variable) < variableLen {
			variable = make([]byte, variableLen, 2*variableLen)
		}
		variable = variable[:variableLen]
		if err := readRecord(r, variable); err != nil {
			return err
		}
		if err := a.checkLimit("bytes of one path", a.limits.PathBytes, uint64(nameLen), fnpkg.FlagMaxPathBytes); err != nil {
			return err
		}
		h, err := a.parseCentral(fixed[:], string(variable[:nameLen]), variable[nameLen:nameLen+extraLen])
		if err != nil {
			return err
		}
		if err := a.checkLimit("bytes of one entry", a.limits.EntryBytes, uint64(h.size), fnpkg.FlagMaxEntryBytes); err != nil {
			return fmt.Errorf("entry %q: %w", h.name, err)
		}
		// Neither sum can wrap: sizes are below 1<<63, and the loop ends when
		// a limit is crossed or, without limits, when the sum no longer fits.
		total += uint64(h.size)
		packed += uint64(h.compressed)
		if total > math.MaxInt64 || packed > math.MaxInt64 {
			return formatError("its entries claim more bytes than can be counted")
		}
		if err := a.checkLimit("bytes of all entries", a.limits.TotalBytes, total, fnpkg.FlagMaxTotalBytes); err != nil {
			return err
		}
		a.headers = append(a.headers, h)
	}
	if err := a.checkCount(); err != nil {
		return err
	}
	return a.checkRatio(max(total, packed))
}

// readRecord fills b from r, which was checked to hold as much.
func readRecord(r io.Reader, b []byte) error {
	if _, err := io.ReadFull(r, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fnpkg.ErrChanged
		}
		return fmt.Errorf("reading zip directory: %w", err)
	}
	return nil
}

// checkCount compares the number of headers read with the number claimed.
func (a *archive) checkCount() error {
	claimed, got := a.dir.entries, uint64(len(a.headers))
	if claimed > got {
		return formatError("its end record counts %d entries and its directory holds %d", claimed, got)
	}
	// Old writers let the 16-bit count of a zip without zip64 run over; it
	// then is a remainder, and no reader is misled.
	if claimed == got || !a.dir.wide && got&0xffff == claimed {
		return nil
	}
	a.found.Add(fnpkg.HazardHeaderMismatch, "", fmt.Sprintf("the end record counts %d entries and the directory holds %d", claimed, got))
	return nil
}

// checkRatio compares what the entries claim to hold, or to be stored in, with
// the size of the file: only bombs and overlaps exceed it by far.
func (a *archive) checkRatio(claimed uint64) error {
	if a.limits.Ratio <= 0 || claimed <= fnpkg.RatioFloor {
		return nil
	}
	return a.checkLimit("uncompressed bytes per byte of the zip", a.limits.Ratio, claimed/uint64(max(a.size, 1)), fnpkg.FlagMaxRatio)
}

// parseCentral reads one header of the central directory, fixed being its
// first part and extra its extra field.
func (a *archive) parseCentral(fixed []byte, name string, extra []byte) (header, error) {
	le := binary.LittleEndian
	h := header{
		name:       name,
		creator:    fixed[5],
		flags:      le.Uint16(fixed[8:]),
		method:     le.Uint16(fixed[10:]),
		crc:        le.Uint32(fixed[16:]),
		attributes: le.Uint32(fixed[38:]),
		modTime:    dosTime(le.Uint16(fixed[14:]), le.Uint16(fixed[12:])),
	}
	w := widths{
		size:       uint64(le.Uint32(fixed[24:])),
		compressed: uint64(le.Uint32(fixed[20:])),
		offset:     uint64(le.Uint32(fixed[42:])),
		disk:       uint32(le.Uint16(fixed[34:])),
	}
	if err := a.readExtras(&h, &w, extra); err != nil {
		return header{}, err
	}
	if w.disk != 0 {
		a.found.Add(fnpkg.HazardMultiDisk, name, fmt.Sprintf("said to be on disk %d", w.disk))
	}
	if w.size > math.MaxInt64 {
		return header{}, formatError("entry %q claims a size that no file has", name)
	}
	if w.offset >= uint64(a.size) || int64(w.offset) > a.size-a.dir.base {
		return header{}, formatError("entry %q is said to begin at byte %d, behind the end of the file", name, w.offset)
	}
	if w.compressed > uint64(a.size) {
		return header{}, formatError("entry %q is said to take %d bytes of a file of %d", name, w.compressed, a.size)
	}
	h.size, h.compressed, h.offset = int64(w.size), int64(w.compressed), int64(w.offset)+a.dir.base
	a.checkMethod(&h)
	return h, nil
}

// checkMethod notes what keeps the entry's content from being read.
func (a *archive) checkMethod(h *header) {
	if h.flags&(flagEncrypted|flagStrongEncrypted|flagMasked) != 0 {
		h.unreadable = "it is encrypted"
		a.found.Add(fnpkg.HazardEncrypted, h.name, "its content needs a password")
	}
	switch {
	case h.flags&flagPatched != 0:
		h.unreadable = "it is a patch to another file"
		a.found.Add(fnpkg.HazardMethod, h.name, "compressed patched data")
	case h.method != methodStored && h.method != methodDeflated:
		h.unreadable = fmt.Sprintf("it is compressed by method %d", h.method)
		a.found.Add(fnpkg.HazardMethod, h.name, fmt.Sprintf("compression method %d is neither store nor deflate", h.method))
	case h.method == methodStored && h.size != h.compressed && h.unreadable == "":
		h.unreadable = "it is stored, and said to be of two sizes"
		a.found.Add(fnpkg.HazardHeaderMismatch, h.name, fmt.Sprintf("stored as it is, but said to be %d bytes long in %d", h.size, h.compressed))
	}
}
