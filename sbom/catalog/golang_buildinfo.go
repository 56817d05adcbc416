package catalog

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Go's build information, as debug/buildinfo describes it: a header of 32
// bytes on an address divisible by 16, and behind it, since Go 1.18, the
// version of Go and the modules as two strings with their lengths in front.
// Before 1.18 the header held pointers to the strings instead.
//
// debug/buildinfo finds it through the headers of the executable, in any
// order, for which a compressed file has to be held in memory as a whole.
// buildInfoSearch reads the file once, from front to back, and holds none of
// it.

const (
	buildInfoAlign  = 16
	buildInfoHeader = 32

	// Offsets in the header and bits of its flags.
	buildInfoPointerSize = 14
	buildInfoFlags       = 15
	buildInfoInline      = 0x2

	// Limits far above what Go writes. A version is a release's name and the
	// experiments it was built with; a module takes some hundred bytes.
	buildInfoVersionLimit = 4 << 10
	buildInfoModulesLimit = 16 << 20
)

var (
	// buildInfoMagic begins the header.
	buildInfoMagic = []byte("\xff Go buildinf:")

	// The modules stand between these marks.
	buildInfoBegin = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
	buildInfoEnd   = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
)

// buildInfo is build information as it stands in a file.
type buildInfo struct {
	offset  int64
	version string // of Go
	modules string // for debug.ParseBuildInfo; empty if built without modules
}

// buildInfoSearch finds build information in what is written to it, in pieces
// whose length is a multiple of buildInfoAlign, but for the last.
type buildInfoSearch struct {
	offset int64
	open   []openBuildInfo

	found    []buildInfo
	pointers bool // a header of the time before Go 1.18 was seen
}

// openBuildInfo is build information of which the end is not read yet.
type openBuildInfo struct {
	offset int64
	bytes  []byte
}

// The magic also is plain data of programs that read build information, and
// complete information is that of programs that embed others.
const (
	maxOpenBuildInfo  = 4
	maxFoundBuildInfo = 16
)

// Write searches the next piece. It never fails.
func (s *buildInfoSearch) Write(piece []byte) (int, error) {
	for i := range s.open {
		s.open[i].bytes = append(s.open[i].bytes, piece...)
	}
	for at := 0; ; {
		i := bytes.Index(piece[at:], buildInfoMagic)
		if i < 0 {
			break
		}
		at += i
		if at%buildInfoAlign == 0 && len(s.open) < maxOpenBuildInfo {
			s.open = append(s.open, openBuildInfo{s.offset + int64(at), bytes.Clone(piece[at:])})
		}
		at++
	}
	s.offset += int64(len(piece))

	still := s.open[:0]
	for _, o := range s.open {
		switch info, state := decodeBuildInfo(o.bytes); state {
		case buildInfoShort:
			still = append(still, o)
		case buildInfoOld:
			s.pointers = true
		case buildInfoComplete:
			if info.offset = o.offset; len(s.found) < maxFoundBuildInfo {
				s.found = append(s.found, info)
			}
		}
	}
	clear(s.open[len(still):])
	s.open = still
	return len(piece), nil
}

// best returns the build information that is the program's own: the first in
// the data it starts with, as debug/buildinfo takes it, or else the first.
func (s *buildInfoSearch) best(data []fileRange) (buildInfo, bool) {
	for _, r := range data {
		for _, info := range s.found {
			if r.begin <= info.offset && info.offset < r.end {
				return info, true
			}
		}
	}
	if len(s.found) > 0 {
		return s.found[0], true
	}
	return buildInfo{}, false
}

type buildInfoState int

const (
	buildInfoNone     buildInfoState = iota // it is something else
	buildInfoShort                          // there must be more of it
	buildInfoOld                            // it has pointers, as before Go 1.18
	buildInfoComplete                       // it was decoded
)

// decodeBuildInfo decodes build information at the start of b.
func decodeBuildInfo(b []byte) (buildInfo, buildInfoState) {
	if len(b) < buildInfoHeader {
		return buildInfo{}, buildInfoShort
	}
	if b[buildInfoFlags]&buildInfoInline == 0 {
		if size := b[buildInfoPointerSize]; (size == 4 || size == 8) && b[buildInfoFlags] <= 1 {
			return buildInfo{}, buildInfoOld
		}
		return buildInfo{}, buildInfoNone
	}
	version, rest, state := cutVarString(b[buildInfoHeader:], buildInfoVersionLimit)
	if state != buildInfoComplete {
		return buildInfo{}, state
	}
	if !strings.HasPrefix(version, "go") && !strings.HasPrefix(version, "devel ") {
		return buildInfo{}, buildInfoNone
	}
	modules, _, state := cutVarString(rest, buildInfoModulesLimit)
	if state != buildInfoComplete {
		return buildInfo{}, state
	}
	if modules != "" {
		var begins, ends bool
		modules, begins = strings.CutPrefix(modules, buildInfoBegin)
		modules, ends = strings.CutSuffix(modules, buildInfoEnd)
		if !begins || !ends {
			return buildInfo{}, buildInfoNone
		}
	}
	return buildInfo{version: version, modules: modules}, buildInfoComplete
}

// cutVarString cuts a string with its length in front, as a varint, from b.
func cutVarString(b []byte, limit uint64) (s string, rest []byte, state buildInfoState) {
	length, n := binary.Uvarint(b)
	switch {
	case n < 0 || n > 0 && length > limit:
		return "", nil, buildInfoNone
	case n == 0 || uint64(len(b)-n) < length:
		return "", nil, buildInfoShort
	}
	return string(b[n : n+int(length)]), b[n+int(length):], buildInfoComplete
}
