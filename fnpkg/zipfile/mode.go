package zipfile

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/internal/layout"
)

// Systems that make zips, §4.4.2.2.
const (
	creatorUnix  = 3
	creatorMacOS = 19
)

// The parts of a Unix mode, as stat(2) has them.
const (
	unixType    = 0o170000
	unixSocket  = 0o140000
	unixLink    = 0o120000
	unixFile    = 0o100000
	unixBlock   = 0o060000
	unixDir     = 0o040000
	unixChar    = 0o020000
	unixFIFO    = 0o010000
	unixSetuid  = 0o4000
	unixSetgid  = 0o2000
	unixSticky  = 0o1000
	dosDir      = 0x10
	dosReadOnly = 0x01
)

// mode returns the entry's type and permissions. A name that ends in a slash
// makes a directory, which is the one rule that all readers share.
//
// Unix modes stand in the upper half of the external attributes; writers on
// other systems leave it empty, or fill it although they say they are not on
// Unix, and then it counts as far as permissions go.
func (h *header) mode(found *layout.List) fs.FileMode {
	unix := h.attributes >> 16
	isDir := strings.HasSuffix(h.name, "/")
	if isDir && h.size != 0 {
		found.Add(fnpkg.HazardHeaderMismatch, h.name, "named as a directory, but with content")
	}

	mode := fs.FileMode(0o666)
	switch {
	case unix&0o777 != 0 || unix&unixType != 0:
		mode = fs.FileMode(unix & 0o777)
	case isDir:
		mode = 0o777
	case h.attributes&dosReadOnly != 0:
		mode = 0o444
	}
	if unix&unixSetuid != 0 {
		mode |= fs.ModeSetuid
	}
	if unix&unixSetgid != 0 {
		mode |= fs.ModeSetgid
	}
	if unix&unixSticky != 0 {
		mode |= fs.ModeSticky
	}

	kind := unix & unixType
	if isDir {
		if kind != 0 && kind != unixDir && kind != unixFile {
			found.Add(fnpkg.HazardHeaderMismatch, h.name, fmt.Sprintf("named as a directory, but its mode is %#o", unix))
		}
		return mode | fs.ModeDir
	}
	if kind != 0 && kind != unixFile && h.creator != creatorUnix && h.creator != creatorMacOS {
		found.Add(fnpkg.HazardHeaderMismatch, h.name, fmt.Sprintf("its mode %#o is that of no file, and it was made on a system without such modes", unix))
	}
	switch kind {
	case unixLink:
		mode |= fs.ModeSymlink
	case unixDir:
		found.Add(fnpkg.HazardHeaderMismatch, h.name, "its mode is that of a directory, its name that of a file")
	case unixFIFO:
		mode |= fs.ModeNamedPipe
	case unixSocket:
		mode |= fs.ModeSocket
	case unixBlock:
		mode |= fs.ModeDevice
	case unixChar:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case 0, unixFile:
	default:
		mode |= fs.ModeIrregular
	}
	if kind == 0 && h.attributes&dosDir != 0 {
		found.Add(fnpkg.HazardHeaderMismatch, h.name, "its attributes are those of a directory, its name that of a file")
	}
	return mode
}

// dosTime reads an MS-DOS date and time, §4.4.6, as UTC: the format names no
// zone. A date that does not exist is the zero time.
func dosTime(date, clock uint16) time.Time {
	year, month, day := int(date>>9)+1980, time.Month(date>>5&15), int(date&31)
	t := time.Date(year, month, day, int(clock>>11), int(clock>>5&63), int(clock&31)*2, 0, time.UTC)
	if t.Month() != month || t.Day() != day {
		return time.Time{}
	}
	return t
}
