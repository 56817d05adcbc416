package vulndb

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// The buckets of an index.
//
//	packages  ecosystem NUL normalised-name → the entries of the package
//	aliases   id → the ids it has or gives as aliases, and whether they have a record
//	records   id → the record as published, compressed
//	digests   "digests" → every id with the sha256 of its record's text
//	listed    number of the source → the ids it has and when they were modified
//	scores    block of CVE numbers → what KEV and EPSS say of each
//	stamp     "stamp" → where it all came from, JSON
//
// All values but the stamp end in a CRC-32C over key and value.
var (
	bucketPackages = []byte("packages")
	bucketAliases  = []byte("aliases")
	bucketRecords  = []byte("records")
	bucketDigests  = []byte("digests")
	bucketListed   = []byte("listed")
	bucketScores   = []byte("scores")
	bucketStamp    = []byte("stamp")
	keyDigests     = []byte("digests")
	keyStamp       = []byte("stamp")
)

const (
	indexSchema = 2       // changes with the layout, and with the meaning of what is laid out
	pageBytes   = 4096    // the same on every machine
	batchBytes  = 8 << 20 // of values in one transaction
	tellEvery   = 512     // keys between two reports of progress
)

// write makes an index of what was collected in an empty file.
func (b *builder) write(ctx context.Context, f *os.File, parts []*part, scores *scoreSet, stamp *Stamp, progress func(done, total int64)) error {
	b.sort()
	stamp.Schema, stamp.Records = indexSchema, len(b.records)

	db, err := openToWrite(f)
	if err != nil {
		return err
	}
	defer db.Close()

	w := &indexWriter{db: db, progress: progress}
	defer w.abort()
	w.total = int64(len(b.entries) + len(b.aliases) + len(b.records))
	if err := b.writePackages(ctx, w); err != nil {
		return err
	}
	if err := b.writeAliases(ctx, w); err != nil {
		return err
	}
	if err := b.writeRecords(ctx, w); err != nil {
		return err
	}
	if err := w.begin(ctx, bucketDigests); err != nil {
		return err
	}
	digests := make([]digest, len(b.records))
	for i, r := range b.records {
		digests[i] = digest{r.id, r.digest}
	}
	if err := w.put(ctx, keyDigests, appendDigests(nil, digests)); err != nil {
		return err
	}
	if err := w.begin(ctx, bucketListed); err != nil {
		return err
	}
	for i, p := range parts {
		if err := w.put(ctx, listKey(i), appendListed(nil, p.list)); err != nil {
			return err
		}
	}
	if err := w.begin(ctx, bucketScores); err != nil {
		return err
	}
	if err := scores.blocks(func(key, value []byte) error { return w.put(ctx, key, value) }); err != nil {
		return err
	}
	if err := w.commit(); err != nil {
		return err
	}
	return finish(ctx, f, db, stamp)
}

// openToWrite opens a file that nobody else sees yet.
func openToWrite(f *os.File) (*bbolt.DB, error) {
	return bbolt.Open(f.Name(), 0o600, &bbolt.Options{
		PageSize:     pageBytes,
		FreelistType: bbolt.FreelistMapType,
		NoGrowSync:   true,
		NoSync:       true, // the file is flushed once, before it gets its name
		NoStatistics: true,
		Timeout:      time.Second,
	})
}

// finish sums up what is in the index, stamps and seals it, and closes db.
func finish(ctx context.Context, f *os.File, db *bbolt.DB, stamp *Stamp) error {
	err := db.View(func(tx *bbolt.Tx) (err error) {
		stamp.Content, err = contentOf(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if err := writeStamp(db, stamp); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return writeSeal(f)
}

// summed are the buckets whose keys and values make up the content of an
// index: all that decides what it answers. Where it came from does not.
// Records count by the digests of their texts: how a text was compressed by
// whoever packed it decides nothing, and nine tenths of the file need not be
// read.
var summed = [...][]byte{bucketPackages, bucketAliases, bucketDigests, bucketScores}

// contentOf is the sha256 over the sorted keys and values, each with its
// length, in hexadecimal.
func contentOf(ctx context.Context, tx *bbolt.Tx) (string, error) {
	sum := sha256.New()
	buf := make([]byte, 0, 256<<10)
	frame := func(data []byte) {
		if len(buf)+8+len(data) > cap(buf) {
			sum.Write(buf)
			buf = buf[:0]
		}
		buf = binary.LittleEndian.AppendUint64(buf, uint64(len(data)))
		if len(data) > cap(buf)-len(buf) {
			sum.Write(buf)
			sum.Write(data)
			buf = buf[:0]
			return
		}
		buf = append(buf, data...)
	}
	for _, name := range summed {
		frame(name)
		bucket := tx.Bucket(name)
		if bucket == nil {
			return "", fmt.Errorf("there is no bucket %q", name)
		}
		n := 0
		cursor := bucket.Cursor()
		for key, value := cursor.First(); key != nil; key, value = cursor.Next() {
			if n++; n%tellEvery == 0 && ctx.Err() != nil {
				return "", ctx.Err()
			}
			frame(key)
			frame(value)
		}
	}
	sum.Write(buf)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (b *builder) writePackages(ctx context.Context, w *indexWriter) error {
	if err := w.begin(ctx, bucketPackages); err != nil {
		return err
	}
	for i := 0; i < len(b.entries); {
		key := b.entries[i].key
		value := w.alloc(0)
		for ; i < len(b.entries) && b.entries[i].key == key; i++ {
			e := b.entries[i]
			value = binary.AppendUvarint(value, uint64(e.length))
			var err error
			if value, err = b.spool.read(value, e.offset, int(e.length)); err != nil {
				return err
			}
			w.done++
		}
		if err := w.put(ctx, []byte(key), value); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) writeAliases(ctx context.Context, w *indexWriter) error {
	if err := w.begin(ctx, bucketAliases); err != nil {
		return err
	}
	for i := 0; i < len(b.aliases); {
		id := b.aliases[i].id
		value := w.alloc(0)
		for ; i < len(b.aliases) && b.aliases[i].id == id; i++ {
			other := b.aliases[i].other
			_, recorded := slices.BinarySearchFunc(b.records, other, func(r recordRef, id string) int { return strings.Compare(r.id, id) })
			value = appendAlias(value, alias{other, recorded})
			w.done++
		}
		if err := w.put(ctx, []byte(id), value); err != nil {
			return err
		}
	}
	return nil
}

// writeRecords takes the compressed text of each record over from its archive.
func (b *builder) writeRecords(ctx context.Context, w *indexWriter) error {
	if err := w.begin(ctx, bucketRecords); err != nil {
		return err
	}
	for _, r := range b.records {
		value, err := b.stored(w.alloc(int(r.compressed)), r)
		if err != nil {
			return err
		}
		w.done++
		if err := w.put(ctx, []byte(r.id), value); err != nil {
			return err
		}
	}
	return nil
}

// stored appends a record in the form in which the index keeps it: method,
// size, and the compressed text of its archive.
func (b *builder) stored(to []byte, r recordRef) ([]byte, error) {
	to = appendStored(to, r.method, int(r.size), nil)
	start := len(to)
	to = slices.Grow(to, int(r.compressed))[:start+int(r.compressed)]
	if _, err := b.archives[r.archive].file.ReadAt(to[start:], r.offset); err != nil {
		return nil, b.archives[r.archive].fail(err)
	}
	return to, nil
}

func appendStored(to []byte, method uint16, size int, compressed []byte) []byte {
	to = append(to, byte(method))
	to = binary.AppendUvarint(to, uint64(size))
	return append(to, compressed...)
}

// storedRecord is what stored writes.
type storedRecord struct {
	method     uint16
	size       int
	compressed []byte
}

func (d *decoder) storedRecord() storedRecord {
	return storedRecord{method: uint16(d.byte()), size: d.length(int(^uint(0) >> 1)), compressed: d.data}
}

// digest is the sha256 of a record's text.
type digest struct {
	id  string
	sum [sha256.Size]byte
}

// appendDigests encodes digests that are sorted by id.
func appendDigests(to []byte, digests []digest) []byte {
	last := ""
	for _, d := range digests {
		shared := commonPrefix(last, d.id)
		to = binary.AppendUvarint(to, uint64(shared))
		to = appendString(to, d.id[shared:])
		to = append(to, d.sum[:]...)
		last = d.id
	}
	return to
}

// digests reads what appendDigests wrote.
func (d *decoder) digests() []digest {
	out := make([]digest, 0, len(d.data)/(sha256.Size+8))
	var id []byte
	for len(d.data) > 0 {
		shared := d.length(len(id))
		id = append(id[:shared], d.bytes()...)
		if len(d.data) < sha256.Size {
			d.fail()
			return nil
		}
		out = append(out, digest{string(id), [sha256.Size]byte(d.data[:sha256.Size])})
		d.data = d.data[sha256.Size:]
	}
	return out
}

// digestsOf returns the digests of all records, by id.
func (db *DB) digestsOf(tx *bbolt.Tx) ([]digest, error) {
	value, err := db.get(tx, bucketDigests, string(keyDigests))
	if err != nil {
		return nil, err
	}
	d := decoder{data: value}
	digests := d.digests()
	if d.failed {
		return nil, &IndexError{Path: db.path, Reason: "the digests of its records cannot be decoded"}
	}
	return digests, nil
}

// indexWriter puts sorted keys into one bucket after the other, in
// transactions of bounded size.
type indexWriter struct {
	db       *bbolt.DB
	progress func(done, total int64)

	name    []byte
	tx      *bbolt.Tx
	bucket  *bbolt.Bucket
	pending int // bytes in the transaction
	keys    int // put so far

	done, total int64
}

// begin moves on to a new bucket.
func (w *indexWriter) begin(ctx context.Context, bucket []byte) error {
	if err := w.commit(); err != nil {
		return err
	}
	w.name = bucket
	return w.open(ctx)
}

func (w *indexWriter) open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := w.db.Begin(true)
	if err != nil {
		return err
	}
	w.tx = tx
	if w.bucket, err = tx.CreateBucketIfNotExists(w.name); err != nil {
		return err
	}
	w.bucket.FillPercent = 1 // keys come in order: pages are filled and never split
	return nil
}

// alloc returns room for a value of about n bytes. bbolt keeps values until
// the transaction ends.
func (w *indexWriter) alloc(n int) []byte {
	return make([]byte, 0, n+64)
}

// put adds a key, which must be above all before it in the bucket.
func (w *indexWriter) put(ctx context.Context, key, value []byte) error {
	value = binary.LittleEndian.AppendUint32(value, valueSum(key, value))
	if err := w.bucket.Put(key, value); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	if w.keys++; w.keys%tellEvery == 0 {
		w.tell()
	}
	if w.pending += len(key) + len(value); w.pending < batchBytes {
		return nil
	}
	if err := w.commit(); err != nil {
		return err
	}
	return w.open(ctx)
}

// abort gives up the transaction that is open, if any: bbolt cannot be closed
// over it.
func (w *indexWriter) abort() {
	if w.tx != nil {
		_ = w.tx.Rollback()
		w.tx = nil
	}
}

func (w *indexWriter) commit() error {
	if w.tx == nil {
		return nil
	}
	tx := w.tx
	w.tx, w.bucket, w.pending = nil, nil, 0
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	w.tell()
	return nil
}

func (w *indexWriter) tell() {
	if w.progress != nil {
		w.progress(w.done, w.total)
	}
}

func valueSum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

func writeStamp(db *bbolt.DB, s *Stamp) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists(bucketStamp)
		if err != nil {
			return err
		}
		return bucket.Put(keyStamp, data)
	})
}

func readStamp(tx *bbolt.Tx) (s Stamp, err error) {
	bucket := tx.Bucket(bucketStamp)
	if bucket == nil {
		return Stamp{}, errForeign
	}
	err = json.Unmarshal(bucket.Get(keyStamp), &s)
	return s, err
}
