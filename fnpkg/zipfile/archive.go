package zipfile

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/internal/layout"
)

// archive is a zip while its headers are being read.
type archive struct {
	r      io.ReaderAt
	size   int64
	limits fnpkg.Limits
	memory *Memory
	found  layout.List

	dir     directory
	headers []header // in the order of the directory
}

// directory is where the end record says the central directory lies, checked
// to lie within the file.
type directory struct {
	offset  int64  // of its first byte, from the start of the file
	size    int64  // in bytes
	entries uint64 // as claimed; never trusted for allocation
	wide    bool   // entries comes from a zip64 record, and so is no remainder
	base    int64  // bytes before the archive proper, to be added to offsets in headers
}

// header is one entry as the central directory describes it.
type header struct {
	name       string
	creator    byte // the system that made the entry, §4.4.2
	flags      uint16
	method     uint16
	crc        uint32
	compressed int64
	size       int64
	offset     int64 // of the local header, from the start of the file
	attributes uint32
	modTime    time.Time

	data       int64  // offset of the content, set once the local header was read
	unreadable string // why the content cannot be read, as the end of a sentence; empty if it can
}

// General purpose bits, §4.4.4.
const (
	flagEncrypted       = 1 << 0
	flagDescriptor      = 1 << 3
	flagPatched         = 1 << 5
	flagStrongEncrypted = 1 << 6
	flagUTF8            = 1 << 11
	flagMasked          = 1 << 13

	// Those that change how an entry is read. The others, such as the two
	// that tell how hard the compressor tried, may differ without harm.
	flagsThatMatter = flagEncrypted | flagDescriptor | flagPatched | flagStrongEncrypted | flagUTF8 | flagMasked
)

// Compression methods, §4.4.5.
const (
	methodStored   = 0
	methodDeflated = 8
)

// formatError returns the error for an archive that cannot be read.
func formatError(format string, args ...any) error {
	return &fnpkg.FormatError{Format: "zip", Reason: fmt.Sprintf(format, args...)}
}

// readFull fills b from offset, which the caller has checked to lie within
// the file.
func (a *archive) readFull(b []byte, offset int64) error {
	n, err := a.r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fnpkg.ErrChanged // the file was longer when it was opened
	}
	return fmt.Errorf("reading zip headers: %w", err)
}
