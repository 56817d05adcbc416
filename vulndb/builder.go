package vulndb

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// builder collects what the archives say, in memory only as much as must be
// sorted: the text of entries waits in a spool file, that of records in the
// archives.
type builder struct {
	spool *spool

	mu       sync.Mutex
	archives []*openSource
	rank     []int32 // of each archive: among equal copies of a record the lowest wins
	records  []recordRef
	entries  []entryRef
	aliases  []aliasPair
	lost     []bool // by record: another copy of it is newer
}

// recordRef says where a record's text is.
type recordRef struct {
	id         string
	modified   int64 // microseconds since 1970
	offset     int64 // of the compressed text in its archive
	compressed int32
	size       int32
	archive    int32
	method     uint16
	digest     [sha256.Size]byte // of the text
}

// entryRef says where an encoded entry is.
type entryRef struct {
	key    string
	offset int64 // in the spool
	length int32
	record int32
}

// aliasPair says that two ids mean the same defect; each pair is kept both
// ways.
type aliasPair struct {
	id, other string
	record    int32 // that gives it
}

// parsedRecord is a record on its way from a worker to the builder.
type parsedRecord struct {
	ref     recordRef
	keys    []string
	encoded [][]byte // of each key
	aliases []string
}

// add takes over a batch of records.
func (b *builder) add(batch []parsedRecord) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range batch {
		ordinal := int32(len(b.records))
		b.records = append(b.records, r.ref)
		for i, key := range r.keys {
			offset, err := b.spool.write(r.encoded[i])
			if err != nil {
				return err
			}
			b.entries = append(b.entries, entryRef{key, offset, int32(len(r.encoded[i])), ordinal})
		}
		for _, alias := range r.aliases {
			b.aliases = append(b.aliases, aliasPair{r.ref.id, alias, ordinal}, aliasPair{alias, r.ref.id, ordinal})
		}
	}
	return nil
}

// sort brings everything into the order in which it is written, whatever the
// order in which the workers delivered it.
func (b *builder) sort() {
	order := make([]int32, len(b.records))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		ri, rj := &b.records[i], &b.records[j]
		return cmp.Or(
			strings.Compare(ri.id, rj.id),
			cmp.Compare(rj.modified, ri.modified),               // newest first
			cmp.Compare(b.rank[ri.archive], b.rank[rj.archive]), // then as the sources were given
			cmp.Compare(ri.offset, rj.offset),
		)
	})
	b.lost = make([]bool, len(b.records))
	kept := order[:0]
	for n, i := range order {
		if n > 0 && b.records[i].id == b.records[kept[len(kept)-1]].id {
			b.lost[i] = true
			continue
		}
		kept = append(kept, i)
	}
	slices.SortFunc(b.entries, func(x, y entryRef) int {
		return cmp.Or(
			strings.Compare(x.key, y.key),
			strings.Compare(b.records[x.record].id, b.records[y.record].id),
			cmp.Compare(x.record, y.record),
			cmp.Compare(x.offset, y.offset),
		)
	})
	records := make([]recordRef, len(kept))
	for n, i := range kept {
		records[n] = b.records[i]
	}
	b.entries = slices.DeleteFunc(b.entries, func(e entryRef) bool { return b.lost[e.record] })
	b.records = records

	b.aliases = slices.DeleteFunc(b.aliases, func(a aliasPair) bool { return b.lost[a.record] })
	slices.SortFunc(b.aliases, func(x, y aliasPair) int {
		return cmp.Or(strings.Compare(x.id, y.id), strings.Compare(x.other, y.other))
	})
	b.aliases = slices.CompactFunc(b.aliases, func(x, y aliasPair) bool { return x.id == y.id && x.other == y.other })
}

// newestOf turns the latest modification time of records into a time.
func newestOf(micros int64) time.Time {
	if micros <= 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// spool is a temporary file that is written once and then read at random.
type spool struct {
	file *os.File
	buf  []byte
	size int64 // of the file, without buf
}

const spoolBuffer = 1 << 20

func (s *spool) write(data []byte) (offset int64, err error) {
	if len(s.buf)+len(data) > spoolBuffer {
		if err := s.flush(); err != nil {
			return 0, err
		}
	}
	offset = s.size + int64(len(s.buf))
	s.buf = append(s.buf, data...)
	return offset, nil
}

func (s *spool) flush() error {
	n, err := s.file.Write(s.buf)
	s.size += int64(n)
	s.buf = s.buf[:0]
	if err != nil {
		return fmt.Errorf("keeping entries aside: %w", err)
	}
	return nil
}

// read appends what was written at offset.
func (s *spool) read(to []byte, offset int64, length int) ([]byte, error) {
	at := len(to)
	to = slices.Grow(to, length)[:at+length]
	if _, err := s.file.ReadAt(to[at:], offset); err != nil {
		return nil, fmt.Errorf("reading entries kept aside: %w", err)
	}
	return to, nil
}
