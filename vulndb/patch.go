package vulndb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
)

// patch makes an index in an empty file of the one at path and what became of
// the records that changed. What comes out has the content that an index made
// anew would have.
func (u *updater) patch(ctx context.Context, f *os.File, old *DB, records map[string]*recordRef) error {
	path := old.path
	if err := copyPages(f, path); err != nil {
		return err
	}
	db, err := openToWrite(f)
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.Update(func(tx *bbolt.Tx) error {
		p := &patcher{u: u, db: &DB{path: path}, tx: tx, was: make(map[string]*indexedRecord), is: make(map[string]*indexedRecord)}
		if err := p.records(ctx, records); err != nil {
			return err
		}
		if err := p.packages(); err != nil {
			return err
		}
		if err := p.aliases(); err != nil {
			return err
		}
		if err := p.digests(records); err != nil {
			return err
		}
		if err := p.replace(bucketListed, func(put func(key, value []byte) error) error {
			for i, part := range u.parts {
				if err := put(listKey(i), appendListed(nil, part.list)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		u.stamp.Schema, u.stamp.Records = indexSchema, old.stamp.Records+p.more()
		return p.replace(bucketScores, u.scores.blocks)
	})
	if err != nil {
		return err
	}
	return finish(ctx, f, db, &u.stamp)
}

// copyPages copies an index without its seal.
func copyPages(to *os.File, path string) error {
	from, err := checkedFile(path)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	s, err := readSeal(from, info.Size())
	if err != nil {
		return err
	}
	// A plain copy of files, which the system can do by itself.
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Truncate(s.pages)
}

// patcher changes an index in one transaction.
type patcher struct {
	u       *updater
	db      *DB // for messages
	tx      *bbolt.Tx
	inflate inflater

	was, is map[string]*indexedRecord // the records that change, before and after; nil for none
	seen    map[string]*indexedRecord // others
}

func (p *patcher) put(bucket *bbolt.Bucket, key, value []byte) error {
	value = binary.LittleEndian.AppendUint32(value, valueSum(key, value))
	if err := bucket.Put(key, value); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	return nil
}

// replace writes a bucket anew.
func (p *patcher) replace(name []byte, fill func(put func(key, value []byte) error) error) error {
	if err := p.tx.DeleteBucket(name); err != nil {
		return err
	}
	bucket, err := p.tx.CreateBucket(name)
	if err != nil {
		return err
	}
	return fill(func(key, value []byte) error { return p.put(bucket, key, value) })
}

// records puts and deletes the texts, and notes what they said and say.
func (p *patcher) records(ctx context.Context, records map[string]*recordRef) error {
	bucket := p.tx.Bucket(bucketRecords)
	ids := make([]string, 0, len(records))
	for id := range records {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for n, id := range ids {
		if n%tellEvery == 0 {
			p.u.tellWrite(int64(n), int64(len(ids)))
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		was, err := p.load(id)
		if err != nil {
			return err
		}
		chosen := records[id]
		p.was[id] = was
		if chosen == nil {
			p.is[id] = nil
			if err := bucket.Delete([]byte(id)); err != nil {
				return err
			}
			continue
		}
		stored, err := p.u.build.stored(nil, *chosen)
		if err != nil {
			return err
		}
		if p.is[id], err = p.parse(id, stored); err != nil {
			return err
		}
		if err := p.put(bucket, []byte(id), stored); err != nil {
			return err
		}
	}
	return nil
}

// digests brings the digests of the records up to date.
func (p *patcher) digests(records map[string]*recordRef) error {
	all, err := p.db.digestsOf(p.tx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(d digest) bool { _, changed := records[d.id]; return changed })
	for id, r := range records {
		if r != nil {
			all = append(all, digest{id, r.digest})
		}
	}
	slices.SortFunc(all, func(a, b digest) int { return strings.Compare(a.id, b.id) })
	return p.put(p.tx.Bucket(bucketDigests), keyDigests, appendDigests(nil, all))
}

// more is how many records more there are than before.
func (p *patcher) more() (n int) {
	for id, is := range p.is {
		if is != nil {
			n++
		}
		if p.was[id] != nil {
			n--
		}
	}
	return n
}

// load reads a record that is in the index; nil if there is none.
func (p *patcher) load(id string) (*indexedRecord, error) {
	value, err := p.db.get(p.tx, bucketRecords, id)
	if err != nil || value == nil {
		return nil, err
	}
	return p.parse(id, value)
}

func (p *patcher) parse(id string, value []byte) (*indexedRecord, error) {
	d := decoder{data: value}
	stored := d.storedRecord()
	text, err := p.inflate.inflate(stored.method, stored.compressed, int64(stored.size))
	if err == nil && d.failed {
		err = errEntry
	}
	if err != nil {
		return nil, fmt.Errorf("record %q cannot be read: %w", id, err)
	}
	r, err := parseIndexed(text)
	if r == nil {
		return nil, err
	}
	return r, nil // a field of the wrong type was told of when it was read
}

// packages replaces what the records that changed say of packages.
func (p *patcher) packages() error {
	fresh := make(map[string][]entry) // by key; without entries, what was there is taken out
	for _, was := range p.was {
		if was == nil {
			continue
		}
		keys, _, _ := newEntries(was)
		for _, key := range keys {
			fresh[key] = nil
		}
	}
	ids := make([]string, 0, len(p.is))
	for id := range p.is {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		is := p.is[id]
		if is == nil {
			continue
		}
		keys, entries, _ := newEntries(is)
		for i, key := range keys {
			fresh[key] = append(fresh[key], entries[i])
		}
	}
	bucket := p.tx.Bucket(bucketPackages)
	for key, entries := range fresh {
		value, err := p.db.get(p.tx, bucketPackages, key)
		if err != nil {
			return err
		}
		type encoded struct {
			id   string
			data []byte
		}
		var all []encoded
		for d := (decoder{data: bytes.Clone(value)}); len(d.data) > 0; {
			data := d.bytes()
			e, err := decodeEntry(data)
			if err != nil || d.failed {
				return &IndexError{Path: p.db.path, Reason: fmt.Sprintf("the entries of %q cannot be decoded", key)}
			}
			if _, changed := p.is[e.id]; !changed {
				all = append(all, encoded{e.id, data})
			}
		}
		for _, e := range entries {
			all = append(all, encoded{e.id, e.append(nil)})
		}
		if len(all) == 0 {
			if err := bucket.Delete([]byte(key)); err != nil {
				return err
			}
			continue
		}
		slices.SortStableFunc(all, func(a, b encoded) int { return strings.Compare(a.id, b.id) })
		var out []byte
		for _, e := range all {
			out = binary.AppendUvarint(out, uint64(len(e.data)))
			out = append(out, e.data...)
		}
		if err := p.put(bucket, []byte(key), out); err != nil {
			return err
		}
	}
	return nil
}

// aliases works out anew the aliases of every id that a record that changed
// had, has or gives.
func (p *patcher) aliases() error {
	p.seen = make(map[string]*indexedRecord)
	ties := make(map[string]map[string]bool) // id → those that may be its aliases
	tie := func(a, b string) {
		if ties[a] == nil {
			ties[a] = make(map[string]bool)
		}
		ties[a][b] = true
	}
	for id := range p.is {
		for _, r := range [...]*indexedRecord{p.was[id], p.is[id]} {
			if r == nil {
				continue
			}
			others, _ := aliasesOf(r)
			for _, other := range others {
				tie(id, other)
				tie(other, id)
			}
		}
		known, err := p.db.aliases(p.tx, id) // whose flags change with this record
		if err != nil {
			return err
		}
		for _, a := range known {
			tie(id, a.id)
			tie(a.id, id)
		}
	}
	bucket := p.tx.Bucket(bucketAliases)
	for id, others := range ties {
		known, err := p.db.aliases(p.tx, id)
		if err != nil {
			return err
		}
		for _, a := range known {
			others[a.id] = true
		}
		var list []alias
		for other := range others {
			tied, recorded, err := p.tied(id, other)
			if err != nil {
				return err
			}
			if tied {
				list = append(list, alias{other, recorded})
			}
		}
		if len(list) == 0 {
			if err := bucket.Delete([]byte(id)); err != nil {
				return err
			}
			continue
		}
		slices.SortFunc(list, func(a, b alias) int { return strings.Compare(a.id, b.id) })
		var out []byte
		for _, a := range list {
			out = appendAlias(out, a)
		}
		if err := p.put(bucket, []byte(id), out); err != nil {
			return err
		}
	}
	return nil
}

// tied reports whether one of two records gives the other as its alias, and
// whether the index has a record of the second.
func (p *patcher) tied(id, other string) (tied, recorded bool, err error) {
	mine, err := p.record(id)
	if err != nil {
		return false, false, err
	}
	its, err := p.record(other)
	if err != nil {
		return false, false, err
	}
	gives := func(r *indexedRecord, id string) bool {
		if r == nil {
			return false
		}
		others, _ := aliasesOf(r)
		return slices.Contains(others, id)
	}
	return gives(mine, other) || gives(its, id), its != nil, nil
}

// record returns a record as it is from now on; nil for none.
func (p *patcher) record(id string) (*indexedRecord, error) {
	if r, changed := p.is[id]; changed {
		return r, nil
	}
	if r, seen := p.seen[id]; seen {
		return r, nil
	}
	r, err := p.load(id)
	p.seen[id] = r
	return r, err
}
