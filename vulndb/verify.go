package vulndb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// Verify reads the whole index: every checksum is compared, everything in it
// is decoded, every record's text is compared with its digest and the sum of
// the content with the stamp. Open does a part of that. progress is told how
// many records are through; it may be nil.
//
// Damage gives a *IndexError.
func (db *DB) Verify(ctx context.Context, progress func(done, total int64)) error {
	return db.view(func(tx *bbolt.Tx) error {
		v := &verifier{db: db, tx: tx}
		for _, check := range []struct {
			bucket []byte
			value  func(key string, d *decoder) error
		}{
			{bucketPackages, v.entries},
			{bucketAliases, v.aliases},
			{bucketListed, func(_ string, d *decoder) error { d.listed(); return nil }},
			{bucketScores, v.scores},
		} {
			if err := v.each(ctx, check.bucket, check.value); err != nil {
				return err
			}
		}
		if err := v.records(ctx, progress); err != nil {
			return err
		}
		content, err := contentOf(ctx, tx)
		if err != nil {
			return err
		}
		if content != db.stamp.Content {
			return v.damaged("its content is not what its stamp says")
		}
		return nil
	})
}

type verifier struct {
	db *DB
	tx *bbolt.Tx
}

func (v *verifier) damaged(format string, args ...any) error {
	return &IndexError{Path: v.db.path, Reason: fmt.Sprintf(format, args...)}
}

// each decodes every value of a bucket to its end.
func (v *verifier) each(ctx context.Context, name []byte, decode func(key string, d *decoder) error) error {
	bucket := v.tx.Bucket(name)
	if bucket == nil {
		return v.damaged("it has no bucket %q", name)
	}
	n := 0
	return bucket.ForEach(func(key, value []byte) error {
		if n++; n%tellEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		end := len(value) - 4
		if end < 0 || binary.LittleEndian.Uint32(value[end:]) != valueSum(key, value[:end]) {
			return v.damaged("it is damaged: the checksum of %q is wrong", key)
		}
		d := &decoder{data: value[:end:end]}
		if err := decode(string(key), d); err != nil {
			return err
		}
		if d.failed || len(d.data) != 0 {
			return v.damaged("%q of its bucket %q cannot be decoded", key, name)
		}
		return nil
	})
}

func (v *verifier) entries(key string, d *decoder) error {
	for len(d.data) > 0 {
		e, err := decodeEntry(d.bytes())
		if err != nil {
			return v.damaged("the entries of %q cannot be decoded", key)
		}
		if _, err := e.listed.contains("\x00"); err != nil { // no version: all of the list is read
			return v.damaged("the versions of %q cannot be decoded", key)
		}
	}
	return nil
}

func (v *verifier) aliases(_ string, d *decoder) error {
	for len(d.data) > 0 {
		d.byte()
		d.bytes()
	}
	return nil
}

func (v *verifier) scores(_ string, d *decoder) error {
	for len(d.data) > 0 {
		d.scoreRow()
	}
	return nil
}

// records compares the texts with their digests; there must be as many of the
// one as of the other.
func (v *verifier) records(ctx context.Context, progress func(done, total int64)) error {
	digests, err := v.db.digestsOf(v.tx)
	if err != nil {
		return err
	}
	var inflate inflater
	n := 0
	err = v.each(ctx, bucketRecords, func(key string, d *decoder) error {
		if n == len(digests) || digests[n].id != key {
			return v.damaged("record %q has no digest", key)
		}
		stored := d.storedRecord()
		text, err := inflate.inflate(stored.method, stored.compressed, int64(stored.size))
		if err != nil {
			return &IndexError{Path: v.db.path, Reason: fmt.Sprintf("record %q cannot be read", key), Err: err}
		}
		if sum := sha256.Sum256(text); !bytes.Equal(sum[:], digests[n].sum[:]) {
			return v.damaged("record %q is not what it was", key)
		}
		d.data = nil
		if n++; n%tellEvery == 0 && progress != nil {
			progress(int64(n), int64(len(digests)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n != len(digests) || n != v.db.stamp.Records {
		return v.damaged("it has %d records, and its stamp says %d", n, v.db.stamp.Records)
	}
	return nil
}
