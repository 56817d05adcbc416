package catalog

import (
	"encoding/binary"
	"errors"
)

// A reader of the values in a hash database of Berkeley DB, in which RPM kept
// its packages before version 4.16 (Amazon Linux 2, CentOS 7).

var errHashDB = errors.New("not a readable Berkeley DB hash database")

const (
	hashMagic    = 0x00061561
	hashPage     = 13 // P_HASH
	hashUnsorted = 2  // P_HASH_UNSORTED
	hashHeader   = 26 // bytes in front of a page's index
	hashOffPage  = 3  // H_OFFPAGE: the value lies on overflow pages
	hashKeyData  = 1  // H_KEYDATA: the value lies here
)

// hashBlobs returns the values of a database, in the order of its pages.
func hashBlobs(content []byte) ([][]byte, error) {
	if len(content) < 512 {
		return nil, errHashDB
	}
	var order binary.ByteOrder = binary.LittleEndian
	if binary.BigEndian.Uint32(content[12:]) == hashMagic {
		order = binary.BigEndian
	} else if order.Uint32(content[12:]) != hashMagic {
		return nil, errHashDB
	}
	size := int64(order.Uint32(content[20:]))
	if size < 512 || size > 1<<16 || size&(size-1) != 0 {
		return nil, errHashDB
	}
	var out [][]byte
	total := int64(0)
	for at := int64(0); at+size <= int64(len(content)); at += size {
		page := content[at : at+size]
		if kind := page[25]; kind != hashPage && kind != hashUnsorted {
			continue
		}
		entries := int64(order.Uint16(page[20:]))
		if entries%2 != 0 || hashHeader+2*entries > size {
			return out, errHashDB
		}
		// Keys and values take turns.
		for i := int64(1); i < entries; i += 2 {
			from := int64(order.Uint16(page[hashHeader+2*i:]))
			end := int64(order.Uint16(page[hashHeader+2*(i-1):]))
			if from >= size {
				return out, errHashDB
			}
			switch page[from] {
			case hashOffPage:
				if from+12 > size {
					return out, errHashDB
				}
				length := int64(order.Uint32(page[from+8:]))
				if total += length; total > int64(len(content)) {
					return out, errHashDB
				}
				blob, err := hashOverflow(content, order, size, order.Uint32(page[from+4:]), length)
				if err != nil {
					return out, err
				}
				out = append(out, blob)
			case hashKeyData:
				// The one short value is the counter of packages, under key 0.
				if end > from+8 && end <= size {
					out = append(out, page[from+1:end])
				}
			}
		}
	}
	return out, nil
}

// hashOverflow puts a value together from its pages.
func hashOverflow(content []byte, order binary.ByteOrder, size int64, next uint32, length int64) ([]byte, error) {
	blob := make([]byte, 0, length)
	for int64(len(blob)) < length {
		at := int64(next) * size
		if next == 0 || at+size > int64(len(content)) {
			return nil, errHashDB
		}
		page := content[at : at+size]
		part := page[hashHeader:]
		next = order.Uint32(page[16:])
		if used := int64(order.Uint16(page[22:])); next == 0 && used <= int64(len(part)) {
			part = part[:used]
		}
		if len(part) == 0 {
			return nil, errHashDB
		}
		blob = append(blob, part[:min(int64(len(part)), length-int64(len(blob)))]...)
	}
	return blob, nil
}
