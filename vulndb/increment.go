package vulndb

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"
)

// errRebuild says that the index is to be made anew: too much has changed, or
// what is needed is in no copy that was read.
var errRebuild = errors.New("the index is to be made anew")

const (
	// A record that is fetched by itself costs about as much as this many
	// bytes of an archive: its text is not compressed, and each costs a
	// request.
	fetchCost = 32 << 10
	// At a time.
	maxFetches = 8
)

// maxChanges is how many records are changed in a copy of an index before it
// is better made anew.
func maxChanges(records int) int { return max(5000, records/20) }

// increment makes the new index from the one before and what has changed
// since. The error satisfies errors.Is(err, errRebuild) if that cannot be done.
func (u *updater) increment(ctx context.Context) (*Stamp, error) {
	old, err := u.openOld()
	if err != nil {
		return nil, errRebuild // what is wrong with it does not matter: it is replaced
	}
	defer old.Close()
	c := &changes{newer: make(map[string]bool)}
	err = old.view(func(tx *bbolt.Tx) error {
		for number := range old.stamp.Sources {
			list, err := old.listOf(tx, number)
			if err != nil {
				return err
			}
			c.before = append(c.before, list)
		}
		for _, p := range u.parts {
			if err := u.collect(ctx, c, old, p); err != nil {
				return err
			}
		}
		return u.dropMissing()
	})
	var damaged *IndexError
	if errors.As(err, &damaged) {
		err = errRebuild
	}
	if err != nil {
		return nil, err
	}
	u.dropped(c, old)
	if len(c.newer) > maxChanges(old.stamp.Records) {
		return nil, errRebuild
	}
	records, err := u.winners(c, old)
	if err != nil {
		return nil, err
	}
	if err := old.Close(); err != nil { // a file that is open cannot be replaced everywhere
		return nil, err
	}
	stamp, err := u.publish(ctx, func(f *os.File) error {
		return old.guard(func() error { return u.patch(ctx, f, old, records) })
	})
	if errors.As(err, &damaged) {
		return nil, errRebuild
	}
	return stamp, err
}

// openOld opens the index that is in force.
func (u *updater) openOld() (*DB, error) {
	path, err := u.where.current()
	if err != nil {
		return nil, err
	}
	return openIndex(path)
}

// changes are the ids of all records that some source has in another form than
// before, or no longer.
type changes struct {
	newer  map[string]bool
	before [][]listed // what each source of the index before had
}

// known returns what an index has of a part, and its number; -1 for nothing.
func (db *DB) known(p *part) (*Source, int) {
	for i, s := range db.stamp.Sources {
		if s.Location == p.Location && s.Ecosystem == p.Ecosystem && s.Own == p.Own {
			return &s, i
		}
	}
	return nil, -1
}

// collect finds what a part has that the index has not, by the cheapest road:
// the list, the list and single records, or the archive.
func (u *updater) collect(ctx context.Context, c *changes, old *DB, p *part) error {
	known, number := old.known(p)
	var before []listed
	if known != nil {
		before = c.before[number]
		done, err := u.collectListed(ctx, c, known, before, p)
		if done || err != nil {
			return err
		}
	}
	err := u.open(ctx, p, known)
	switch {
	case errors.Is(err, errUnchanged):
		p.Source, p.list = *known, before
		return nil
	case err != nil:
		return err
	case p.missing != nil:
		return nil
	}
	if err := u.read(ctx, p); err != nil {
		return err
	}
	c.add(before, p.list)
	return nil
}

// add notes what differs between two lists.
func (c *changes) add(before, after []listed) {
	newer, gone := compareLists(before, after)
	for _, l := range newer {
		c.newer[l.id] = true
	}
	for _, id := range gone {
		c.newer[id] = true
	}
}

// collectListed compares the source's list with the one before, and fetches
// the records that are newer one by one if that is less than the archive. It
// reports false if the archive is to be read.
func (u *updater) collectListed(ctx context.Context, c *changes, known *Source, before []listed, p *part) (bool, error) {
	from, ok := p.feed.(*httpFeed)
	if !ok {
		return false, nil
	}
	data, tag, err := from.list(ctx, p.Ecosystem, known.ListTag)
	switch {
	case errors.Is(err, errUnchanged):
		p.Source, p.list = *known, before
		return true, nil
	case errors.Is(err, errNotFound):
		return false, nil // a mirror without lists
	case err != nil:
		return false, err
	}
	list, err := parseList(data, u.Limits.Records)
	if err != nil {
		return false, &SourceError{Location: from.base.file(p.Ecosystem, listName).String(), Ecosystem: p.Ecosystem, Err: err}
	}
	newer, gone := compareLists(before, list)
	if plausible(len(before), gone) != nil || int64(len(newer))*fetchCost > max(known.Bytes, fetchCost) {
		return false, nil
	}
	p.Source, p.list = *known, list
	p.ListTag, p.Records = tag, len(list)
	for _, l := range list {
		if t := newestOf(l.modified); t.After(p.Newest) {
			p.Newest = t
		}
	}
	if err := u.fetchRecords(ctx, from, p, newer); err != nil {
		return false, err
	}
	c.add(before, p.list)
	return true, nil
}

// fetchRecords fetches single records into an archive of their own, and reads
// them. What the source lists and has no longer is taken off the list.
func (u *updater) fetchRecords(ctx context.Context, from *httpFeed, p *part, wanted []listed) error {
	if len(wanted) == 0 {
		return nil
	}
	file, err := u.where.createTemp()
	if err != nil {
		return err
	}
	s := &openSource{location: p.Location, ecosystem: p.Ecosystem, file: file, temporary: true}
	fetched := &part{Source: Source{Location: p.Location, Ecosystem: p.Ecosystem}, text: s, single: true, ordinal: int32(len(u.build.archives)), rank: p.rank}
	u.build.archives = append(u.build.archives, s) // closed and removed with the others
	u.build.rank = append(u.build.rank, p.rank)

	texts := make(chan fetchedRecord, maxFetches)
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(maxFetches)
	var packed errgroup.Group
	var vanished []string
	packed.Go(func() error {
		z := zip.NewWriter(file)
		var failed error
		for r := range texts { // to the end, so that no sender waits
			if failed == nil && r.text == nil {
				vanished = append(vanished, r.id)
			} else if failed == nil {
				failed = pack(z, r)
			}
		}
		return cmp.Or(failed, z.Close())
	})
	var done atomic.Int64
	for _, l := range wanted {
		group.Go(func() error {
			text, err := from.record(gctx, p.Ecosystem, l.id)
			if errors.Is(err, errNotFound) {
				text, err = nil, nil
			}
			if err != nil {
				return err
			}
			texts <- fetchedRecord{l.id, text}
			u.tellOne(UpdateProgress{Phase: PhaseDownload, Ecosystem: p.Ecosystem, Location: from.location(), Done: done.Add(1), Total: int64(len(wanted)), InRecords: true})
			return nil
		})
	}
	err = group.Wait()
	close(texts)
	if err = cmp.Or(err, packed.Wait()); err != nil {
		return err
	}
	slices.Sort(vanished)
	p.list = slices.DeleteFunc(p.list, func(l listed) bool {
		_, gone := slices.BinarySearch(vanished, l.id)
		return gone
	})
	p.Records = len(p.list)
	if s.info, err = file.Stat(); err != nil {
		return err
	}
	if err := u.read(ctx, fetched); err != nil {
		return err
	}
	for _, l := range fetched.list {
		if _, asked := findListed(wanted, l.id); !asked {
			return &SourceError{Location: from.base.String(), Ecosystem: p.Ecosystem, Err: fmt.Errorf("the server answered with record %q, which was not asked for", shorten(l.id))}
		}
	}
	p.Unreadable = max(p.Unreadable, fetched.Unreadable)
	return nil
}

type fetchedRecord struct {
	id   string
	text []byte
}

func pack(z *zip.Writer, r fetchedRecord) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: r.id + ".json", Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = w.Write(r.text)
	return err
}

// tellOne is tell for calls from several goroutines.
func (u *updater) tellOne(p UpdateProgress) {
	u.build.mu.Lock()
	defer u.build.mu.Unlock()
	u.tell(p)
}

func findListed(list []listed, id string) (listed, bool) {
	i, found := slices.BinarySearchFunc(list, id, func(l listed, id string) int { return strings.Compare(l.id, id) })
	if !found {
		return listed{}, false
	}
	return list[i], true
}

// dropped notes the records of sources that are no longer asked.
func (u *updater) dropped(c *changes, old *DB) {
	kept := make(map[int]bool)
	for _, p := range u.parts {
		if _, number := old.known(p); number >= 0 {
			kept[number] = true
		}
	}
	for number, list := range c.before {
		if !kept[number] {
			c.add(list, nil)
		}
	}
}

// winners decides, for each record that changed, whose copy the new index has;
// nil stands for none. A record of which the index has the right copy already
// is left out. errRebuild is returned where the copy of a source that was not
// read would win and the index has another's.
func (u *updater) winners(c *changes, old *DB) (map[string]*recordRef, error) {
	read := make(map[string][]*recordRef)
	for i := range u.build.records {
		if r := &u.build.records[i]; c.newer[r.id] {
			read[r.id] = append(read[r.id], r)
		}
	}
	out := make(map[string]*recordRef, len(c.newer))
	for id := range c.newer {
		var best *part
		var ref *recordRef
		var modified int64
		for _, p := range u.parts { // in the order of their ranks
			l, has := findListed(p.list, id)
			if !has {
				continue
			}
			var mine *recordRef
			if i := slices.IndexFunc(read[id], func(r *recordRef) bool { return u.build.rank[r.archive] == p.rank }); i >= 0 {
				mine = read[id][i]
				l.modified = mine.modified
			}
			if best == nil || l.modified > modified {
				best, ref, modified = p, mine, l.modified
			}
		}
		switch {
		case best == nil || ref != nil:
			out[id] = ref
		case c.winnerBefore(id) != old.number(best):
			return nil, errRebuild
		}
	}
	return out, nil
}

// winnerBefore is the source whose copy the index before has.
func (c *changes) winnerBefore(id string) int {
	best, modified := -1, int64(0)
	for number, list := range c.before {
		if l, has := findListed(list, id); has && (best < 0 || l.modified > modified) {
			best, modified = number, l.modified
		}
	}
	return best
}

// number is the place of a part among an index's sources; -1 if it has none.
func (db *DB) number(p *part) int {
	_, number := db.known(p)
	return number
}
