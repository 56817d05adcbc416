package vulndb

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
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
//	stamp     "stamp" → where it all came from, JSON
//
// Values of the first three end in a CRC-32C over key and value.
var (
	bucketPackages = []byte("packages")
	bucketAliases  = []byte("aliases")
	bucketRecords  = []byte("records")
	bucketStamp    = []byte("stamp")
	keyStamp       = []byte("stamp")
)

const (
	indexSchema = 1       // changes with the layout, and with the meaning of what is laid out
	pageBytes   = 4096    // the same on every machine
	batchBytes  = 8 << 20 // of values in one transaction
	tellEvery   = 512     // keys between two reports of progress
)

// write makes an index of what was collected in an empty file.
func (b *builder) write(ctx context.Context, f *os.File, stamp *Stamp, progress func(done, total int64)) error {
	b.sort()
	stamp.Schema, stamp.Records = indexSchema, len(b.records)

	db, err := bbolt.Open(f.Name(), 0o600, &bbolt.Options{
		PageSize:       pageBytes,
		FreelistType:   bbolt.FreelistMapType,
		NoFreelistSync: true, // readers do not need it
		NoGrowSync:     true,
		NoSync:         true, // the file is flushed once, before it gets its name
		NoStatistics:   true,
		Timeout:        time.Second,
	})
	if err != nil {
		return err
	}
	defer db.Close()

	w := &indexWriter{db: db, sum: sha256.New(), progress: progress}
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
	if err := w.commit(); err != nil {
		return err
	}
	stamp.Content = hex.EncodeToString(w.sum.Sum(nil))
	if err := writeStamp(db, stamp); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return writeSeal(f)
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
		value := w.alloc(int(r.compressed))
		value = append(value, byte(r.method))
		value = binary.AppendUvarint(value, uint64(r.size))
		start := len(value)
		value = value[:start+int(r.compressed)]
		if _, err := b.archives[r.archive].file.ReadAt(value[start:], r.offset); err != nil {
			return b.archives[r.archive].fail(err)
		}
		w.done++
		if err := w.put(ctx, []byte(r.id), value); err != nil {
			return err
		}
	}
	return nil
}

// indexWriter puts sorted keys into one bucket after the other, in
// transactions of bounded size.
type indexWriter struct {
	db       *bbolt.DB
	sum      hash.Hash // over the sorted stream of keys and values
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
	w.frame(bucket)
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
	return make([]byte, 0, n+16)
}

// put adds a key, which must be above all before it in the bucket.
func (w *indexWriter) put(ctx context.Context, key, value []byte) error {
	w.frame(key)
	w.frame(value)
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

// frame adds length and bytes to the sum of the content.
func (w *indexWriter) frame(data []byte) {
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(data)))
	w.sum.Write(length[:])
	w.sum.Write(data)
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

// storedStamp is the form of a Stamp in the index.
type storedStamp struct {
	Schema  int            `json:"schema"`
	Built   time.Time      `json:"built"`
	Records int            `json:"records"`
	Content string         `json:"content"`
	Sources []storedSource `json:"sources"`
}

type storedSource struct {
	Location   string    `json:"location"`
	Ecosystem  string    `json:"ecosystem"`
	SHA256     string    `json:"sha256"`
	Records    int       `json:"records"`
	Unreadable int       `json:"unreadable,omitempty"`
	Newest     time.Time `json:"newest"`
}

func writeStamp(db *bbolt.DB, s *Stamp) error {
	stored := storedStamp{Schema: s.Schema, Built: s.Built, Records: s.Records, Content: s.Content}
	for _, from := range s.Sources {
		stored.Sources = append(stored.Sources, storedSource(from))
	}
	data, err := json.Marshal(stored)
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

func readStamp(tx *bbolt.Tx) (Stamp, error) {
	bucket := tx.Bucket(bucketStamp)
	if bucket == nil {
		return Stamp{}, errForeign
	}
	var stored storedStamp
	if err := json.Unmarshal(bucket.Get(keyStamp), &stored); err != nil {
		return Stamp{}, err
	}
	s := Stamp{Schema: stored.Schema, Built: stored.Built, Records: stored.Records, Content: stored.Content}
	for _, from := range stored.Sources {
		s.Sources = append(s.Sources, Source(from))
	}
	return s, nil
}
