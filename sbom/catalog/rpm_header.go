package catalog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
)

// rpmLimit bounds an RPM database: a full desktop's has some hundred megabytes,
// an image's a few dozen.
const rpmLimit = 512 << 20

// Tags and types of RPM's header format (rpmtag.h).
const (
	rpmName      = 1000
	rpmVersion   = 1001
	rpmRelease   = 1002
	rpmEpoch     = 1003
	rpmVendor    = 1011
	rpmLicense   = 1014
	rpmURL       = 1020
	rpmArch      = 1022
	rpmSource    = 1044
	rpmProvides  = 1047
	rpmRequires  = 1049
	rpmInt32     = 4
	rpmString    = 6
	rpmStrings   = 8
	rpmI18N      = 9
	rpmIndexSize = 16
)

var errRPMHeader = errors.New("a package header is damaged")

// parseRPMHeader reads a header as the database holds it: the number of index
// entries and of data bytes, the entries (tag, type, offset, count, big-endian
// 32-bit numbers), the data.
func parseRPMHeader(h []byte) (osPackage, error) {
	p := osPackage{typ: "rpm"}
	if len(h) < 8 {
		return p, errRPMHeader
	}
	entries, size := int64(binary.BigEndian.Uint32(h)), int64(binary.BigEndian.Uint32(h[4:]))
	if 8+entries*rpmIndexSize+size > int64(len(h)) {
		return p, errRPMHeader
	}
	index, data := h[8:8+entries*rpmIndexSize], h[8+entries*rpmIndexSize:][:size]
	release := ""
	for ; len(index) > 0; index = index[rpmIndexSize:] {
		tag, typ := binary.BigEndian.Uint32(index), binary.BigEndian.Uint32(index[4:])
		offset, count := int64(binary.BigEndian.Uint32(index[8:])), int64(binary.BigEndian.Uint32(index[12:]))
		if offset > size {
			return p, errRPMHeader
		}
		value := data[offset:]
		switch tag {
		case rpmName:
			p.name = rpmText(typ, value)
		case rpmVersion:
			p.version = rpmText(typ, value)
		case rpmRelease:
			release = rpmText(typ, value)
		case rpmArch:
			p.arch = rpmText(typ, value)
		case rpmSource:
			if p.source = rpmText(typ, value); p.source == "(none)" {
				p.source = ""
			}
		case rpmVendor:
			p.producer.Name = words(rpmText(typ, value))
		case rpmURL:
			p.about.source = forgeURL(rpmText(typ, value))
		case rpmLicense:
			p.licenses = spdxLicenses(rpmText(typ, value))
		case rpmEpoch:
			if typ == rpmInt32 && len(value) >= 4 {
				p.epoch = strconv.FormatUint(uint64(binary.BigEndian.Uint32(value)), 10)
			}
		case rpmProvides:
			p.provides = rpmTexts(typ, value, count)
		case rpmRequires:
			p.needs = rpmTexts(typ, value, count)
		}
	}
	if p.name == "" || p.version == "" {
		return p, errRPMHeader
	}
	if release != "" {
		p.version += "-" + release
	}
	return p, nil
}

func rpmText(typ uint32, value []byte) string {
	if typ != rpmString && typ != rpmI18N && typ != rpmStrings {
		return ""
	}
	text, _, _ := bytes.Cut(value, []byte{0})
	return string(text)
}

// rpmTexts reads an array of strings, but for the rich dependencies and the
// demands on rpm itself in it.
func rpmTexts(typ uint32, value []byte, count int64) []string {
	if typ != rpmStrings {
		return nil
	}
	var out []string
	for ; count > 0 && len(value) > 0; count-- {
		var text []byte
		text, value, _ = bytes.Cut(value, []byte{0})
		if s := string(text); s != "" && s[0] != '(' && !strings.HasPrefix(s, "rpmlib(") {
			out = append(out, s)
		}
	}
	return out
}
