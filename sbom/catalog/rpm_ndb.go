package catalog

import (
	"encoding/binary"
	"errors"
)

// A reader of RPM's own database, ndb (SUSE): a header, pages of slots that
// say where each package's blob is, and the blobs.

var errNDB = errors.New("not a readable RPM ndb database")

const (
	ndbHeaderMagic = 'R' | 'p'<<8 | 'm'<<16 | 'P'<<24
	ndbSlotMagic   = 'S' | 'l'<<8 | 'o'<<16 | 't'<<24
	ndbBlobMagic   = 'B' | 'l'<<8 | 'b'<<16 | 'S'<<24
	ndbPage        = 4096
	ndbSlot        = 16
	ndbBlock       = 16
)

// ndbBlobs returns the packages' headers.
func ndbBlobs(content []byte) ([][]byte, error) {
	u32 := func(at int64) uint32 { return binary.LittleEndian.Uint32(content[at:]) }
	if len(content) < ndbPage || u32(0) != ndbHeaderMagic {
		return nil, errNDB
	}
	pages := int64(u32(12))
	if pages == 0 || pages*ndbPage > int64(len(content)) {
		return nil, errNDB
	}
	var out [][]byte
	total := int64(0)
	// The first two slots' place is taken by the header.
	for at := int64(2 * ndbSlot); at < pages*ndbPage; at += ndbSlot {
		if u32(at) != ndbSlotMagic {
			return out, errNDB
		}
		index, block := u32(at+4), int64(u32(at+8))
		if index == 0 {
			continue // free
		}
		from := block * ndbBlock
		if from+16 > int64(len(content)) || u32(from) != ndbBlobMagic || u32(from+4) != index {
			return out, errNDB
		}
		length := int64(u32(from + 12))
		if total += length; from+16+length > int64(len(content)) || total > int64(len(content)) {
			return out, errNDB
		}
		out = append(out, content[from+16:from+16+length])
	}
	return out, nil
}
