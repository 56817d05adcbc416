package vulndb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
)

// DB is an open feed index. It shows the feed as it was when it was opened,
// whatever updates follow. It is safe for concurrent use until Close.
type DB struct {
	path   string
	bolt   *bbolt.DB // nil if an API is asked
	online *online   // nil if an index is
	stamp  Stamp
}

// Open opens the index at path, which is what UpdateOptions.Path is; empty
// means DefaultPath. It takes the same time for any size of feed but for the
// comparison of the index's checksums, which reads the tenth of the file that
// matches are made from.
//
// Without an index the error satisfies errors.Is(err, ErrNoFeed). A file that
// is no index, or a damaged one, gives a *IndexError.
//
// The checksums find damage, not malice: an index that comes from elsewhere is
// to be compared with a known hash before it is opened.
func Open(path string) (*DB, error) {
	where, err := locate(path)
	if err != nil {
		return nil, err
	}
	// Between reading the pointer and opening the file, an update may have
	// removed it; then there is a newer pointer.
	const tries = 5
	for try := 1; ; try++ {
		file, err := where.current()
		if err == nil {
			var db *DB
			if db, err = openIndex(file); err == nil {
				return db, nil
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if !where.folder || try == tries || isMissing(where.path()) {
			return nil, fmt.Errorf("%w at %s", ErrNoFeed, where.path())
		}
	}
}

func isMissing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func openIndex(path string) (db *DB, err error) {
	f, err := checkedFile(path)
	if err != nil {
		return nil, err
	}
	db = &DB{path: path}
	err = db.guard(func() error {
		db.bolt, err = bbolt.Open(path, 0, &bbolt.Options{
			ReadOnly:     true,
			NoStatistics: true,
			Timeout:      5 * time.Second, // an index in its place is never written to
			// The file that was checked, not another that has its name by now.
			// bbolt closes it, on failure too.
			OpenFile: func(string, int, fs.FileMode) (*os.File, error) { return f, nil },
		})
		return err
	})
	if err != nil {
		return nil, db.damaged("it cannot be opened", err)
	}
	err = db.view(func(tx *bbolt.Tx) error {
		db.stamp, err = readStamp(tx)
		return err
	})
	if err == nil && db.stamp.Schema != indexSchema {
		err = errNewFormat
	}
	if err != nil {
		db.Close()
		return nil, db.damaged("its stamp cannot be read", err)
	}
	return db, nil
}

// checkedFile opens a file and compares it with its seal, before bbolt maps
// it.
func checkedFile(path string) (*os.File, error) {
	unreadable := func(err error) error {
		return &IndexError{Path: path, Reason: "it cannot be read", Err: pathCause(err)}
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, unreadable(err)
	}
	info, err := f.Stat()
	var s *seal
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = errors.New("it is no file")
	default:
		if s, err = readSeal(f, info.Size()); err == nil {
			err = s.check(f)
		}
	}
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, errForeign) || errors.Is(err, errDamaged) || errors.Is(err, errNewFormat) {
		return nil, &IndexError{Path: path, Reason: err.Error()}
	}
	return nil, unreadable(err)
}

// Stamp says where the index came from.
func (db *DB) Stamp() Stamp {
	s := db.stamp
	if db.online != nil {
		db.online.mu.RLock()
		defer db.online.mu.RUnlock()
		s = db.online.stamp
	}
	s.Sources = append([]Source(nil), s.Sources...)
	return s
}

// Path is the index file that is open, or the URL of the API that is asked.
func (db *DB) Path() string { return db.path }

// Close releases the file. The DB is not to be used afterwards.
func (db *DB) Close() error {
	if db.bolt == nil {
		return nil
	}
	return db.bolt.Close() // twice does no harm
}

func (db *DB) damaged(reason string, err error) error {
	var known *IndexError
	if errors.As(err, &known) {
		return err
	}
	return &IndexError{Path: db.path, Reason: reason, Err: err}
}

// guard turns the panic or the fault that damage causes within bbolt into an
// error: a file can still change under a mapping after it was checked.
func (db *DB) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &IndexError{Path: db.path, Reason: fmt.Sprintf("it is damaged: %v", p)}
		}
	}()
	return f()
}

func (db *DB) view(f func(tx *bbolt.Tx) error) error {
	if db.online != nil {
		return f(nil)
	}
	return db.guard(func() error { return db.bolt.View(f) })
}

// get returns the value of a key after comparing its checksum; nil if there is
// none. It is valid as long as tx.
func (db *DB) get(tx *bbolt.Tx, bucket []byte, key string) ([]byte, error) {
	if db.online != nil {
		return db.online.value(bucket, key), nil
	}
	b := tx.Bucket(bucket)
	if b == nil {
		return nil, &IndexError{Path: db.path, Reason: fmt.Sprintf("it has no bucket %q", bucket)}
	}
	value := b.Get([]byte(key))
	if value == nil {
		return nil, nil
	}
	n := len(value) - 4
	if n < 0 || binary.LittleEndian.Uint32(value[n:]) != valueSum([]byte(key), value[:n]) {
		return nil, &IndexError{Path: db.path, Reason: fmt.Sprintf("it is damaged: the checksum of %q is wrong", key)}
	}
	return value[:n:n], nil
}

// hasKey reports whether a bucket has a key that begins with prefix.
func (db *DB) hasKey(tx *bbolt.Tx, bucket []byte, prefix string) (bool, error) {
	b := tx.Bucket(bucket)
	if b == nil {
		return false, &IndexError{Path: db.path, Reason: fmt.Sprintf("it has no bucket %q", bucket)}
	}
	key, _ := b.Cursor().Seek([]byte(prefix))
	return bytes.HasPrefix(key, []byte(prefix)), nil
}

// entries returns what the feed says of a package.
func (db *DB) entries(tx *bbolt.Tx, key string) ([]entry, error) {
	value, err := db.get(tx, bucketPackages, key)
	if err != nil {
		return nil, err
	}
	var out []entry
	d := decoder{data: value}
	for len(d.data) > 0 {
		e, err := decodeEntry(d.bytes())
		if err != nil || d.failed {
			return nil, &IndexError{Path: db.path, Reason: fmt.Sprintf("the entries of %q cannot be decoded", key)}
		}
		out = append(out, e)
	}
	return out, nil
}

// aliases returns the ids that are directly tied to an id.
func (db *DB) aliases(tx *bbolt.Tx, id string) ([]alias, error) {
	value, err := db.get(tx, bucketAliases, id)
	if err != nil {
		return nil, err
	}
	var out []alias
	d := decoder{data: value}
	for len(d.data) > 0 {
		out = append(out, alias{recorded: d.byte() != 0, id: string(d.bytes())})
	}
	if d.failed {
		return nil, &IndexError{Path: db.path, Reason: fmt.Sprintf("the aliases of %q cannot be decoded", id)}
	}
	return out, nil
}

// record returns the text of a record as it was published; nil if the index
// has none of that id.
func (db *DB) record(tx *bbolt.Tx, inflate *inflater, id string) ([]byte, error) {
	value, err := db.get(tx, bucketRecords, id)
	if err != nil || value == nil {
		return nil, err
	}
	d := decoder{data: value}
	stored := d.storedRecord()
	text, err := inflate.inflate(stored.method, stored.compressed, int64(stored.size))
	if d.failed || err != nil {
		return nil, &IndexError{Path: db.path, Reason: fmt.Sprintf("record %q cannot be read", id), Err: err}
	}
	return text, nil
}

// Record returns the record of an id as its database published it, in the JSON
// of the OSV schema; nil if the index has none.
func (db *DB) Record(id string) (text []byte, err error) {
	err = db.view(func(tx *bbolt.Tx) error {
		found, err := db.record(tx, new(inflater), id)
		text = bytes.Clone(found)
		return err
	})
	return text, err
}
