package zipfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fnseal/fnseal/fnpkg"
)

const (
	endLen        = 22 // end of central directory record, §4.3.16
	locatorLen    = 20 // zip64 end of central directory locator, §4.3.15
	end64Len      = 56 // zip64 end of central directory record, version 1, §4.3.14
	maxCommentLen = 0xffff

	none16 = 0xffff     // in the end record: see the zip64 record
	none32 = 0xffffffff // likewise
)

var (
	endSignature     = []byte("PK\x05\x06")
	locatorSignature = []byte("PK\x06\x07")
	end64Signature   = []byte("PK\x06\x06")
)

// endRecord is an end of central directory record, of either size.
type endRecord struct {
	at            int64 // offset of the record in the file
	disk, dirDisk uint32
	entriesHere   uint64 // on this disk
	entries       uint64
	dirSize       uint64
	dirOffset     uint64
}

// maxTail is how far from the end of a file its end record may begin.
const maxTail = endLen + maxCommentLen

// ErrNoEnd is the cause of the error for bytes without an end record: they may
// be anything, or a zip that was cut off.
var ErrNoEnd = errors.New("it has no end record")

// readEnd finds the end record, its zip64 extension if it has one, and from
// them the central directory.
func (a *archive) readEnd() error {
	buffer := a.memory.getTail()
	defer a.memory.tails.Put(buffer)
	tail := buffer[:min(a.size, maxTail)]
	tailAt := a.size - int64(len(tail))
	if err := a.readFull(tail, tailAt); err != nil {
		return err
	}
	i, err := a.findEnd(tail)
	if err != nil {
		return err
	}
	end := parseEnd(tail[i:], tailAt+int64(i))
	directoryEnd := end.at

	end64, err := a.readEnd64(end.at)
	if err != nil {
		return err
	}
	wide := false
	if end64 != nil {
		wide = a.widen(&end, end64)
		directoryEnd = end64.at
	}
	return a.locateDirectory(end, wide, directoryEnd)
}

// findEnd returns the index of the end record in the file's last bytes. The
// one that counts is the last whose comment ends with the file; readers that
// look less closely take the last signature of all, or the first that fits.
func (a *archive) findEnd(tail []byte) (int, error) {
	exact, last, fits := -1, -1, 0
	for next := 0; ; {
		i := bytes.Index(tail[next:], endSignature)
		if i += next; i < next || i > len(tail)-endLen {
			break
		}
		next = i + 1
		comment := int(binary.LittleEndian.Uint16(tail[i+20:]))
		last = i
		if i+endLen+comment == len(tail) {
			exact = i
			fits++
		}
	}
	switch {
	case last < 0 && a.size == 0:
		return 0, noEnd("the file is empty")
	case last < 0 && a.startsAsZip():
		return 0, noEnd("it begins as one, but is truncated")
	case last < 0:
		return 0, noEnd("nothing marks it as one")
	}
	if exact < 0 {
		comment := int(binary.LittleEndian.Uint16(tail[last+20:]))
		left := len(tail) - last - endLen - comment
		if left < 0 {
			return 0, formatError("its comment is cut off, so it is truncated")
		}
		a.found.Add(fnpkg.HazardTrailingBytes, "", fmt.Sprintf("%d bytes behind the end record", left))
		exact = last
	}
	if fits > 1 || last > exact || bytes.Contains(tail[exact+endLen:], endSignature) {
		a.found.Add(fnpkg.HazardMultipleEnds, "", "more than one end record could be the archive's")
	}
	return exact, nil
}

func noEnd(reason string) error {
	return &fnpkg.FormatError{Format: "zip", Reason: reason, Err: ErrNoEnd}
}

// startsAsZip reports whether the file begins with a local header.
func (a *archive) startsAsZip() bool {
	var head [4]byte
	return a.size >= int64(len(head)) && a.readFull(head[:], 0) == nil && bytes.Equal(head[:], localSignature)
}

func parseEnd(b []byte, at int64) endRecord {
	le := binary.LittleEndian
	return endRecord{
		at:          at,
		disk:        uint32(le.Uint16(b[4:])),
		dirDisk:     uint32(le.Uint16(b[6:])),
		entriesHere: uint64(le.Uint16(b[8:])),
		entries:     uint64(le.Uint16(b[10:])),
		dirSize:     uint64(le.Uint32(b[12:])),
		dirOffset:   uint64(le.Uint32(b[16:])),
	}
}

// readEnd64 returns the zip64 end record that belongs to the end record at
// offset endAt, nil if there is none.
func (a *archive) readEnd64(endAt int64) (*endRecord, error) {
	locatorAt := endAt - locatorLen
	if locatorAt < 0 {
		return nil, nil
	}
	var locator [locatorLen]byte
	if err := a.readFull(locator[:], locatorAt); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(locator[:], locatorSignature) {
		return nil, nil
	}
	le := binary.LittleEndian
	disk, stated, disks := le.Uint32(locator[4:]), le.Uint64(locator[8:]), le.Uint32(locator[16:])
	if disk != 0 || disks > 1 {
		a.found.Add(fnpkg.HazardMultiDisk, "", fmt.Sprintf("the zip64 locator counts %d disks", disks))
	}

	// Without anything before the archive the record is where the locator
	// says. With something before it, it still stands right before the
	// locator, which is where some readers look for it in the first place.
	adjacent := locatorAt - end64Len
	candidates := []int64{adjacent}
	if stated < uint64(locatorAt) && int64(stated) != adjacent {
		candidates = append(candidates, int64(stated))
	}
	for _, at := range candidates {
		var b [end64Len]byte
		if at < 0 || at > locatorAt-end64Len {
			continue
		}
		if err := a.readFull(b[:], at); err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(b[:], end64Signature) {
			continue
		}
		if length := le.Uint64(b[4:]); length != uint64(locatorAt-at)-12 {
			a.found.Add(fnpkg.HazardZip64Mismatch, "", fmt.Sprintf("the zip64 end record says it is %d bytes long, and the locator follows after %d", length, locatorAt-at-12))
		}
		if uint64(at) != stated {
			a.found.Add(fnpkg.HazardZip64Mismatch, "", fmt.Sprintf("the zip64 locator points to byte %d, the zip64 end record is at byte %d", stated, at))
		}
		return &endRecord{
			at:          at,
			disk:        le.Uint32(b[16:]),
			dirDisk:     le.Uint32(b[20:]),
			entriesHere: le.Uint64(b[24:]),
			entries:     le.Uint64(b[32:]),
			dirSize:     le.Uint64(b[40:]),
			dirOffset:   le.Uint64(b[48:]),
		}, nil
	}
	a.found.Add(fnpkg.HazardZip64Mismatch, "", "a zip64 locator that points to no zip64 end record")
	return nil, nil
}

// widen replaces the fields of end that refer to the zip64 record by that
// record's, and reports whether the number of entries was among them. Readers
// differ in whether the record counts where end does not refer to it, so it
// must not contradict.
func (a *archive) widen(end, end64 *endRecord) (wideEntries bool) {
	wideEntries = end.entries == none16
	fields := []struct {
		what   string
		narrow *uint64
		wide   uint64
		none   uint64
	}{
		{"entries", &end.entries, end64.entries, none16},
		{"entries on this disk", &end.entriesHere, end64.entriesHere, none16},
		{"bytes of directory", &end.dirSize, end64.dirSize, none32},
		{"as offset of the directory", &end.dirOffset, end64.dirOffset, none32},
	}
	for _, f := range fields {
		if *f.narrow == f.none {
			*f.narrow = f.wide
		} else if *f.narrow != f.wide {
			a.found.Add(fnpkg.HazardZip64Mismatch, "", fmt.Sprintf("the end record says %d %s, its zip64 extension %d", *f.narrow, f.what, f.wide))
		}
	}
	for _, f := range []struct{ narrow, wide *uint32 }{{&end.disk, &end64.disk}, {&end.dirDisk, &end64.dirDisk}} {
		if *f.narrow == none16 {
			*f.narrow = *f.wide
		} else if *f.wide != *f.narrow {
			a.found.Add(fnpkg.HazardMultiDisk, "", "the end record and its zip64 extension name different disks")
		}
	}
	return wideEntries
}

// locateDirectory checks the end record's claims against limits and against
// the file, before anything is allocated for them. directoryEnd is where the
// first of the end records begins.
func (a *archive) locateDirectory(end endRecord, wide bool, directoryEnd int64) error {
	if end.disk != 0 || end.dirDisk != 0 || end.entriesHere != end.entries {
		a.found.Add(fnpkg.HazardMultiDisk, "", fmt.Sprintf("the end record is on disk %d, the directory on disk %d, with %d of %d entries", end.disk, end.dirDisk, end.entriesHere, end.entries))
	}
	if err := a.checkLimit("entries", a.limits.Entries, end.entries, fnpkg.FlagMaxEntries); err != nil {
		return err
	}
	if err := a.checkLimit("bytes of zip directory", a.limits.HeaderBytes, end.dirSize, fnpkg.FlagMaxHeaderBytes); err != nil {
		return err
	}
	if end.dirSize > uint64(directoryEnd) {
		return formatError("its directory is said to be %d bytes long, and only %d lie before the end record", end.dirSize, directoryEnd)
	}
	if end.entries > end.dirSize/centralLen {
		return formatError("its end record counts %d entries, too many for a directory of %d bytes", end.entries, end.dirSize)
	}
	d := directory{size: int64(end.dirSize), entries: end.entries, wide: wide}

	// Measured from its end the directory begins here. If it is said to begin
	// earlier, either something stands before the archive, so that all offsets
	// are short by its length, or something stands between the directory and
	// the end record. Readers differ in which they assume.
	d.offset = directoryEnd - d.size
	switch {
	case end.dirOffset == uint64(d.offset):
	case end.dirOffset > uint64(d.offset):
		return formatError("its directory is said to begin at byte %d and to be %d bytes long, and the end record begins at byte %d", end.dirOffset, end.dirSize, directoryEnd)
	case d.entries > 0 && !a.isCentral(d.offset) && a.isCentral(int64(end.dirOffset)):
		a.found.Add(fnpkg.HazardTrailingBytes, "", fmt.Sprintf("%d bytes between the directory and the end record", d.offset-int64(end.dirOffset)))
		d.offset = int64(end.dirOffset)
	default:
		d.base = d.offset - int64(end.dirOffset)
		a.found.Add(fnpkg.HazardPrependedBytes, "", fmt.Sprintf("%d bytes before the archive, which its offsets do not count", d.base))
	}
	a.dir = d
	return nil
}

func (a *archive) isCentral(offset int64) bool {
	var b [4]byte
	return offset+int64(len(b)) <= a.size && a.readFull(b[:], offset) == nil && bytes.Equal(b[:], centralSignature)
}

// checkLimit compares a count of the archive with a limit, zero being none.
func (a *archive) checkLimit(what string, limit int64, got uint64, flag string) error {
	if limit <= 0 || got <= uint64(limit) {
		return nil
	}
	return &fnpkg.LimitError{What: what, Limit: limit, Got: int64(min(got, 1<<63-1)), Flag: flag}
}
