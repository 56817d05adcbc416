package vulndb

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
)

// bbolt trusts its pages: a damaged one is read out of bounds, or sends it
// round in a circle until the stack is gone, which no recover can catch. So an
// index ends in a seal that bbolt does not see: checksums over every page that
// steers bbolt and over all that decides matches. They are compared before
// bbolt gets to see the file. The pages that hold records, nine tenths of the
// file, are left out, and those of lists and scores: they have no pointers, and each record in them carries a
// checksum of its own.
//
// The seal tells damage. It is no proof of who wrote the file: an index that
// comes from elsewhere is compared with a pinned hash first.

// seal is the checked part of an index.
type seal struct {
	pages int64 // bytes of bbolt's pages; the seal follows
	runs  []pageRun
}

// pageRun is a stretch of bytes and its CRC-32C.
type pageRun struct {
	offset, length int64
	crc            uint32
}

const (
	sealMagic   = "fnseal-osv-index"
	sealTail    = 4 + 8 + len(sealMagic) // crc, length, magic
	maxSeal     = 64 << 20
	sealVersion = 1
)

// bbolt's file format (version 2), as far as the seal needs it. Numbers are in
// the byte order of the machine.
const (
	pageHeaderBytes = 16
	elementBytes    = 16
	pageFlagBranch  = 0x01
	pageFlagLeaf    = 0x02
	boltMagic       = 0xED0CDAED
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// writeSeal cuts the file behind its last page and appends the seal.
func writeSeal(f *os.File) error {
	s, err := measure(f)
	if err != nil {
		return fmt.Errorf("sealing the index: %w", err)
	}
	if err := f.Truncate(s.pages); err != nil {
		return err
	}
	_, err = f.WriteAt(s.encode(), s.pages)
	return err
}

// measure finds the pages to cover and takes their checksums.
func measure(f io.ReaderAt) (*seal, error) {
	m, err := readMeta(f)
	if err != nil {
		return nil, err
	}
	w := &pageWalk{f: f, pageSize: m.pageSize, pages: m.pages}
	w.cover(0, 2) // the meta pages
	if m.freelist != noFreelist {
		data, _, err := w.load(m.freelist)
		if err != nil {
			return nil, err
		}
		w.cover(m.freelist, int64(len(data))/w.pageSize)
	}
	if err := w.buckets(m.root); err != nil {
		return nil, err
	}
	s := &seal{pages: m.pages * m.pageSize, runs: w.merged()}
	buf := make([]byte, archiveReadAhead)
	for i := range s.runs {
		if s.runs[i].crc, err = s.runs[i].checksum(f, buf); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// pageWalk visits the pages that are reachable from the root.
type pageWalk struct {
	f               io.ReaderAt
	pageSize, pages int64
	covered         []pageRun
}

func (w *pageWalk) cover(page, span int64) {
	w.covered = append(w.covered, pageRun{offset: page * w.pageSize, length: span * w.pageSize})
}

// load reads a page with what overflows from it.
func (w *pageWalk) load(page int64) (data []byte, flags uint16, err error) {
	header := make([]byte, pageHeaderBytes)
	if page < 2 || page >= w.pages {
		return nil, 0, errors.New("a page points to one that is none")
	}
	if _, err := w.f.ReadAt(header, page*w.pageSize); err != nil {
		return nil, 0, err
	}
	span := 1 + int64(binary.NativeEndian.Uint32(header[12:]))
	if span > w.pages-page {
		return nil, 0, errors.New("a page is longer than the file")
	}
	data = make([]byte, span*w.pageSize)
	_, err = w.f.ReadAt(data, page*w.pageSize)
	return data, binary.NativeEndian.Uint16(header[8:]), err
}

// buckets covers the page of the root bucket, which is a single leaf, and the
// pages of each bucket in it.
func (w *pageWalk) buckets(root int64) error {
	data, flags, err := w.load(root)
	if err != nil {
		return err
	}
	if flags != pageFlagLeaf {
		return errors.New("the root is no leaf")
	}
	w.cover(root, int64(len(data))/w.pageSize)
	for i := range elements(data) {
		element := data[pageHeaderBytes+i*elementBytes:]
		position := binary.NativeEndian.Uint32(element[4:])
		keyBytes := binary.NativeEndian.Uint32(element[8:])
		name := element[position : position+keyBytes]
		bucketRoot := int64(binary.NativeEndian.Uint64(element[position+keyBytes:]))
		if bucketRoot == 0 {
			continue // a small bucket, kept within this page
		}
		if err := w.tree(bucketRoot, isSteering(name), 0); err != nil {
			return err
		}
	}
	return nil
}

// isSteering reports whether the leaves of a bucket are compared before any
// match. The values of the others are large, few of them are read, and each
// carries a checksum of its own.
func isSteering(bucket []byte) bool {
	for _, large := range [...][]byte{bucketRecords, bucketDigests, bucketListed, bucketScores} {
		if bytes.Equal(bucket, large) {
			return false
		}
	}
	return true
}

// tree covers the branch pages of a bucket, and its leaves where they are
// asked for.
func (w *pageWalk) tree(page int64, leaves bool, depth int) error {
	data, flags, err := w.load(page)
	if err != nil {
		return err
	}
	if leaves || flags != pageFlagLeaf {
		w.cover(page, int64(len(data))/w.pageSize)
	}
	if flags == pageFlagLeaf {
		return nil
	}
	if flags != pageFlagBranch || depth > 32 {
		return errors.New("a bucket holds a page of an unknown kind")
	}
	for i := range elements(data) {
		child := binary.NativeEndian.Uint64(data[pageHeaderBytes+i*elementBytes+8:])
		if err := w.tree(int64(child), leaves, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// elements returns the number of elements of a page. Elements of leaf and of
// branch pages are of one size.
func elements(page []byte) int { return int(binary.NativeEndian.Uint16(page[10:])) }

// merged returns the covered pages in their order, neighbours joined.
func (w *pageWalk) merged() []pageRun {
	slices.SortFunc(w.covered, func(a, b pageRun) int { return cmp.Compare(a.offset, b.offset) })
	var runs []pageRun
	for _, r := range w.covered {
		if n := len(runs); n > 0 && runs[n-1].offset+runs[n-1].length == r.offset {
			runs[n-1].length += r.length
			continue
		}
		runs = append(runs, r)
	}
	return runs
}

// meta is what the newer of the two meta pages says.
type meta struct {
	pageSize, root, freelist, pages int64
}

const noFreelist = -1

func readMeta(f io.ReaderAt) (m meta, err error) {
	const metaBytes = 64
	buf := make([]byte, pageHeaderBytes+metaBytes)
	var newest uint64
	offset := int64(0)
	for range 2 {
		if _, err := f.ReadAt(buf, offset); err != nil {
			return meta{}, err
		}
		page := buf[pageHeaderBytes:]
		if binary.NativeEndian.Uint32(page) != boltMagic {
			return meta{}, errors.New("no meta page where one belongs")
		}
		if txid := binary.NativeEndian.Uint64(page[48:]); offset == 0 || txid > newest {
			newest = txid
			m.pageSize = int64(binary.NativeEndian.Uint32(page[8:]))
			m.root = int64(binary.NativeEndian.Uint64(page[16:]))
			m.freelist = int64(binary.NativeEndian.Uint64(page[32:]))
			m.pages = int64(binary.NativeEndian.Uint64(page[40:]))
		}
		offset = m.pageSize
	}
	if m.pageSize < 1024 || m.pages < 2 || m.root >= m.pages {
		return meta{}, errors.New("the meta pages contradict themselves")
	}
	return m, nil
}

func (r pageRun) checksum(f io.ReaderAt, buf []byte) (uint32, error) {
	var crc uint32
	for at, left := r.offset, r.length; left > 0; {
		n := min(left, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], at); err != nil {
			return 0, err
		}
		crc = crc32.Update(crc, castagnoli, buf[:n])
		at, left = at+n, left-n
	}
	return crc, nil
}

func (s *seal) encode() []byte {
	body := binary.AppendUvarint(nil, sealVersion)
	body = binary.AppendUvarint(body, uint64(s.pages))
	body = binary.AppendUvarint(body, uint64(len(s.runs)))
	last := int64(0)
	for _, r := range s.runs {
		body = binary.AppendUvarint(body, uint64(r.offset-last))
		body = binary.AppendUvarint(body, uint64(r.length))
		body = binary.LittleEndian.AppendUint32(body, r.crc)
		last = r.offset + r.length
	}
	length := len(body)
	body = binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, castagnoli))
	body = binary.LittleEndian.AppendUint64(body, uint64(length))
	return append(body, sealMagic...)
}

var (
	errForeign   = errors.New("it is not a feed index, or it has been cut short")
	errDamaged   = errors.New("it is damaged: a checksum is wrong")
	errNewFormat = errors.New("it was written by another version of fnseal")
)

// readSeal reads and checks the seal itself.
func readSeal(f io.ReaderAt, size int64) (*seal, error) {
	tail := make([]byte, sealTail)
	if size < int64(sealTail) {
		return nil, errForeign
	}
	if _, err := f.ReadAt(tail, size-int64(sealTail)); err != nil {
		return nil, err
	}
	if string(tail[12:]) != sealMagic {
		return nil, errForeign
	}
	length := int64(binary.LittleEndian.Uint64(tail[4:]))
	if length < 0 || length > maxSeal || length > size-int64(sealTail) {
		return nil, errDamaged
	}
	body := make([]byte, length)
	start := size - int64(sealTail) - length
	if _, err := f.ReadAt(body, start); err != nil {
		return nil, err
	}
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(tail) {
		return nil, errDamaged
	}
	d := decoder{data: body}
	const most = int(^uint(0) >> 1)
	if version := d.length(most); version != sealVersion && !d.failed {
		return nil, errNewFormat
	}
	s := &seal{pages: int64(d.length(most))}
	if s.pages != start {
		return nil, errDamaged
	}
	last := int64(0)
	for range d.length(len(body)) {
		r := pageRun{offset: last + int64(d.length(most)), length: int64(d.length(most)), crc: d.uint32()}
		last = r.offset + r.length
		if d.failed || r.offset < 0 || r.length < 0 || last < 0 || last > s.pages {
			return nil, errDamaged
		}
		s.runs = append(s.runs, r)
	}
	if d.failed || len(d.data) != 0 {
		return nil, errDamaged
	}
	return s, nil
}

func (d *decoder) uint32() uint32 {
	if len(d.data) < 4 {
		d.fail()
		return 0
	}
	v := binary.LittleEndian.Uint32(d.data)
	d.data = d.data[4:]
	return v
}

// check compares the covered pages with their checksums.
func (s *seal) check(f io.ReaderAt) error {
	var longest int64
	for _, r := range s.runs {
		longest = max(longest, r.length)
	}
	buf := make([]byte, min(longest, archiveReadAhead))
	for _, r := range s.runs {
		crc, err := r.checksum(f, buf)
		if err != nil {
			return err
		}
		if crc != r.crc {
			return errDamaged
		}
	}
	return nil
}
