package vulndb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fnseal/fnseal/internal/atomicfile"
)

// UpdateOptions say what Update reads and where it puts the index.
type UpdateOptions struct {
	// Sources are feeds in the layout of the OSV bucket: folders, or http and
	// https URLs. A record that several hold is taken where it was modified
	// last, among equals from the first.
	//
	// A folder that is not laid out so and holds OSV records as JSON files, at
	// any depth, is a source of own advisories. They stand beside the feeds:
	// that there are some for an ecosystem does not make it one that is
	// covered.
	Sources []string

	// KEV is CISA's catalogue of known exploited vulnerabilities in JSON, and
	// EPSS the scores of FIRST in CSV, packed with gzip or not: a file or a
	// URL. Empty means that the index has none.
	KEV, EPSS string

	// Ecosystems to read, in the feed's spelling or in any case. Each must be
	// in one source at least. If there are none, a source gives all those that
	// its ecosystems.txt lists, or all folders that hold an archive.
	Ecosystems []string

	// SkipMissing lets an ecosystem that no source has be left out. It is told
	// of as a Warning.
	SkipMissing bool

	// Path of the index: a file, or a folder that keeps several versions and a
	// pointer to the current one. Empty means DefaultPath. What does not exist
	// yet is a folder if the path ends in a separator.
	Path string

	// Progress is told how far the update is; may be nil. It is called from
	// several goroutines, never from two at once.
	Progress func(UpdateProgress)

	// Warn is told of each record that could not be read as it should; may be
	// nil. It is never called from two goroutines at once.
	Warn func(Warning)

	// HTTPClient for downloads; may be nil.
	HTTPClient *http.Client

	// Now is the clock of the stamp; nil means time.Now.
	Now func() time.Time

	Limits Limits
}

// UpdateProgress says how far an update is.
type UpdateProgress struct {
	Phase     Phase
	Ecosystem string // empty where the work is about no single one
	Location  string // what is being read, without credentials

	Done, Total int64 // bytes, or records; Total is -1 if it is unknown
	InRecords   bool  // what Done and Total count
}

// Phase is a part of an update.
type Phase string

// The phases of an update, in their order for one archive.
const (
	PhaseDownload Phase = "download"
	PhaseRead     Phase = "read"
	PhaseWrite    Phase = "write"
	PhaseSync     Phase = "sync"    // the index is flushed to disk
	PhasePublish  Phase = "publish" // and takes the place of the one before
)

// Warning reports a record that could not be read as it should; without a
// record, an ecosystem that is not in the index.
type Warning struct {
	Location  string // the archive
	Ecosystem string
	Record    string // the id, or the member's name where there is no id; hostile text
	Err       error
	Kept      bool // the record is in the index, without the part that Err is about
}

// Update reads feeds and puts an index of them in the place of the one before.
// Until the last moment, and after any failure, the index before stays as it
// is. Updates of one index wait for one another.
func Update(ctx context.Context, o UpdateOptions) (*Stamp, error) {
	u := &updater{UpdateOptions: o}
	u.Limits = o.Limits.orDefaults()
	if u.Now == nil {
		u.Now = time.Now
	}
	if len(o.Sources) == 0 {
		return nil, errors.New("updating the feed index: no source is given")
	}
	var err error
	if u.where, err = locate(o.Path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(u.where.dir, 0o755); err != nil {
		return nil, fmt.Errorf("updating the feed index: %w", err)
	}
	unlock, err := u.where.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	u.where.removeStale()
	u.fetch = newFetcher(o.HTTPClient, u.Limits, u.where)
	return u.run(ctx)
}

// updater is one update.
type updater struct {
	UpdateOptions
	where  location
	fetch  *fetcher
	build  builder
	parts  []*part
	scores *scoreSet
	stamp  Stamp
}

// part is what a source has of one ecosystem, or a folder of own advisories.
type part struct {
	Source
	feed    feed
	rank    int32       // its place among the parts
	missing error       // the source has no such ecosystem
	text    *openSource // its records; nil as long as they were not opened
	ordinal int32       // of text among the builder's archives
	read    bool        // text is in the builder
	single  bool        // text holds records that were fetched one by one
	list    []listed    // what the source has, by id
}

func (u *updater) run(ctx context.Context) (*Stamp, error) {
	defer func() {
		for _, s := range u.build.archives {
			s.close()
		}
	}()
	var err error
	if u.parts, err = u.listParts(ctx); err != nil {
		return nil, err
	}
	if u.scores, err = u.readScores(ctx); err != nil {
		return nil, err
	}
	u.stamp.KEV, u.stamp.EPSS = u.scores.kev, u.scores.epss
	aside, err := u.where.createTemp()
	if err != nil {
		return nil, err
	}
	defer os.Remove(aside.Name())
	defer aside.Close()
	u.build.spool = &spool{file: aside}
	stamp, err := u.increment(ctx)
	if errors.Is(err, errRebuild) {
		return u.rebuild(ctx)
	}
	return stamp, err
}

// rebuild makes the index anew from all that the sources have.
func (u *updater) rebuild(ctx context.Context) (*Stamp, error) {
	if err := u.openAll(ctx); err != nil { // before the first is read
		return nil, err
	}
	for _, p := range u.parts {
		if err := u.read(ctx, p); err != nil {
			return nil, err
		}
	}
	if err := u.build.spool.flush(); err != nil {
		return nil, err
	}
	return u.publish(ctx, func(f *os.File) error {
		return u.build.write(ctx, f, u.parts, u.scores, &u.stamp, u.tellWrite)
	})
}

func (u *updater) tellWrite(done, total int64) {
	u.tell(UpdateProgress{Phase: PhaseWrite, InRecords: true, Done: done, Total: total})
}

// publish lets write fill a file and puts it in the index's place.
func (u *updater) publish(ctx context.Context, write func(f *os.File) error) (*Stamp, error) {
	u.stamp.Built, u.stamp.Sources = u.Now().UTC(), nil
	for _, p := range u.parts {
		u.stamp.Sources = append(u.stamp.Sources, p.Source)
	}
	target := u.where.target(&u.stamp)
	f, err := atomicfile.Create(target, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Discard()
	if err := write(f.File); err != nil {
		return nil, fmt.Errorf("writing feed index %s: %w", target, err)
	}
	for _, archive := range u.build.archives {
		if err := archive.unchanged(); err != nil {
			return nil, err
		}
	}
	u.tell(UpdateProgress{Phase: PhaseSync, Total: -1})
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("writing feed index %s: %w", target, pathCause(err))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	u.tell(UpdateProgress{Phase: PhasePublish, Total: -1})
	if err := f.Commit(); err != nil {
		return nil, err
	}
	if err := u.where.publish(target); err != nil {
		return nil, err
	}
	u.where.removePartials()
	return &u.stamp, nil
}

func (u *updater) tell(p UpdateProgress) {
	if u.Progress != nil {
		u.Progress(p)
	}
}

// listParts tells what the sources have of what is wanted, without reading it.
func (u *updater) listParts(ctx context.Context) ([]*part, error) {
	wanted := make([]string, len(u.Ecosystems))
	for i, e := range u.Ecosystems {
		wanted[i] = canonicalEcosystem(e)
		if err := checkEcosystem(wanted[i]); err != nil {
			return nil, err
		}
	}
	wanted = unique(wanted)
	var parts []*part
	for _, source := range u.Sources {
		from, err := u.feed(source)
		if err != nil {
			return nil, err
		}
		if own, ok := from.(ownFolder); ok {
			parts = append(parts, &part{feed: own, Source: Source{Location: own.dir, Own: true}})
			continue
		}
		names := wanted
		if len(wanted) == 0 {
			if names, err = from.ecosystems(ctx); err != nil {
				var known *SourceError
				if errors.As(err, &known) {
					return nil, err
				}
				return nil, &SourceError{Location: from.location(), Err: pathCause(err)}
			}
			if len(names) == 0 {
				return nil, &SourceError{Location: from.location(), Err: fmt.Errorf("it lists no ecosystems and holds no %s: name the ecosystems to read", archiveName)}
			}
		}
		for _, name := range unique(names) {
			parts = append(parts, &part{feed: from, Source: Source{Location: from.archive(name), Ecosystem: name}})
		}
	}
	if len(parts) > maxParts {
		return nil, fmt.Errorf("updating the feed index: the sources have %d archives, more than %d", len(parts), maxParts)
	}
	for i, p := range parts {
		p.rank = int32(i)
	}
	return parts, nil
}

// maxParts bounds the archives of one index.
const maxParts = 1 << 16

func unique(names []string) []string {
	var out []string
	seen := make(map[string]bool)
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// feed tells a URL from a folder, and a bucket from a folder of own advisories.
func (u *updater) feed(source string) (feed, error) {
	if source == "" {
		return nil, errors.New("updating the feed index: a source is empty")
	}
	remote, err := isURL(source)
	if err != nil {
		return nil, fmt.Errorf("updating the feed index: %w", err)
	}
	if remote {
		base, err := parseAddress(source)
		if err != nil {
			return nil, fmt.Errorf("updating the feed index: %w", err)
		}
		return &httpFeed{base, u.fetch}, nil
	}
	folder := folderFeed{filepath.Clean(source)}
	if folder.isOwn() {
		return ownFolder{folder, u.where.createTemp}, nil
	}
	return folder, nil
}

// openAll opens all parts that are not open yet.
func (u *updater) openAll(ctx context.Context) error {
	for _, p := range u.parts {
		if err := u.open(ctx, p, nil); err != nil {
			return err
		}
	}
	return u.dropMissing()
}

// open opens the records of a part; the error satisfies
// errors.Is(err, errUnchanged) if they are what known says.
func (u *updater) open(ctx context.Context, p *part, known *Source) error {
	if p.text != nil || p.missing != nil {
		return nil
	}
	text, err := p.feed.open(ctx, p.Ecosystem, known, func(done, total int64) {
		u.tell(UpdateProgress{Phase: PhaseDownload, Ecosystem: p.Ecosystem, Location: p.feed.location(), Done: done, Total: total})
	})
	if errors.Is(err, ErrNoEcosystem) && len(u.Ecosystems) > 0 {
		p.missing = err // another source may have it
		return nil
	}
	if err != nil {
		return err
	}
	p.text, p.ordinal = text, int32(len(u.build.archives))
	p.Location, p.Tag, p.Bytes = text.location, text.tag, text.info.Size()
	u.build.archives = append(u.build.archives, text)
	u.build.rank = append(u.build.rank, p.rank)
	return nil
}

// dropMissing forgets what a source has not and another has. What none has is
// an error.
func (u *updater) dropMissing() error {
	found := make(map[string]bool)
	for _, p := range u.parts {
		found[p.Ecosystem] = found[p.Ecosystem] || p.missing == nil
	}
	for _, p := range u.parts {
		if found[p.Ecosystem] {
			continue
		}
		if !u.SkipMissing {
			return p.missing
		}
		if u.Warn != nil {
			u.Warn(Warning{Location: p.Location, Ecosystem: p.Ecosystem, Err: ErrNoEcosystem})
		}
	}
	if !slices.ContainsFunc(u.parts, func(p *part) bool { return p.missing == nil }) && len(u.parts) > 0 {
		return u.parts[0].missing
	}
	if len(u.Ecosystems) > 0 && len(found) == 0 {
		return fmt.Errorf("updating the feed index: %w: %s", ErrNoEcosystem, strings.Join(u.Ecosystems, ", "))
	}
	u.parts = slices.DeleteFunc(u.parts, func(p *part) bool { return p.missing != nil })
	return nil
}

// readBatch is the number of members that go to a worker at once.
const readBatch = 128

// read takes in the records of a part that is open.
func (u *updater) read(ctx context.Context, p *part) error {
	if p.read {
		return nil
	}
	from := p.text
	zip, err := openArchive(from.file, from.info.Size(), u.Limits)
	if err != nil {
		return from.fail(err)
	}
	r := &archiveReader{u: u, zip: zip, part: p}
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan []member, runtime.GOMAXPROCS(0))
	group.Go(func() error {
		defer close(batches)
		return r.members(ctx, batches)
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error { return r.work(ctx, batches) })
	}
	group.Go(func() error {
		if from.sha256 != "" {
			return nil
		}
		sum, err := sumFile(ctx, from.file, from.info.Size())
		from.sha256 = sum
		return err
	})
	if err := group.Wait(); err != nil {
		if isCancelled(err) {
			return err
		}
		return from.fail(err)
	}
	if r.records == 0 && !p.single {
		return from.fail(fmt.Errorf("it holds no readable record among %d members", zip.members))
	}
	p.SHA256, p.Records, p.Unreadable, p.Newest = from.sha256, r.records, r.unreadable, newestOf(r.newest)
	sortListed(r.list)
	p.list = slices.CompactFunc(r.list, func(a, b listed) bool { return a.id == b.id })
	p.read = true
	return nil
}

func sumFile(ctx context.Context, r io.ReaderAt, size int64) (string, error) {
	sum, buf := sha256.New(), make([]byte, archiveReadAhead)
	section := io.NewSectionReader(r, 0, size)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := section.Read(buf)
		sum.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// archiveReader reads the records of one archive with several workers.
type archiveReader struct {
	u    *updater
	zip  *archive
	part *part

	// Below: guarded by the builder's lock.
	seen       int64
	records    int
	unreadable int
	newest     int64
	list       []listed
}

// members sends the members to be read, in batches.
func (r *archiveReader) members(ctx context.Context, batches chan<- []member) error {
	batch := make([]member, 0, readBatch)
	var total int64
	send := func() error {
		select {
		case batches <- batch:
			batch = make([]member, 0, readBatch)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for m, err := range r.zip.all() {
		if err != nil {
			return err
		}
		if !m.isRecord() {
			continue
		}
		if m.size > 0 && m.size <= r.u.Limits.RecordBytes { // others are not read at all
			total += m.size
		}
		if total > r.u.Limits.TotalBytes {
			return fmt.Errorf("its records have more bytes than the limit of %d", r.u.Limits.TotalBytes)
		}
		if batch = append(batch, m); len(batch) == readBatch {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// work reads batches of members until there are no more.
func (r *archiveReader) work(ctx context.Context, batches <-chan []member) error {
	var (
		inflate inflater
		buf     []byte
		parsed  []parsedRecord
		arena   []byte
		warn    []Warning
	)
	for batch := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		parsed, warn, arena = parsed[:0], warn[:0], arena[:0]
		for _, m := range batch {
			data, offset, err := r.zip.raw(m, buf)
			if cap(data) > cap(buf) && cap(data) <= 1<<20 {
				buf = data[:0]
			}
			var text []byte
			if err == nil {
				text, err = inflate.text(m, data)
			}
			if err != nil {
				warn = append(warn, r.warning(m.name, err, false))
				continue
			}
			record, err := parseIndexed(text)
			if record == nil {
				warn = append(warn, r.warning(m.name, err, false))
				continue
			}
			if err != nil {
				warn = append(warn, r.warning(record.ID, err, true))
			}
			p := parsedRecord{ref: recordRef{
				id:         record.ID,
				modified:   parseTime(record.Modified).UnixMicro(),
				offset:     offset,
				compressed: int32(m.compressed),
				size:       int32(m.size),
				archive:    r.part.ordinal,
				method:     m.method,
				digest:     sha256.Sum256(text),
			}}
			var problems []string
			p.aliases, problems = aliasesOf(record)
			keys, entries, more := newEntries(record)
			for _, problem := range append(problems, more...) {
				warn = append(warn, r.warning(record.ID, errors.New(problem), true))
			}
			p.keys = keys
			for _, e := range entries {
				start := len(arena)
				arena = e.append(arena)
				p.encoded = append(p.encoded, arena[start:len(arena):len(arena)])
			}
			parsed = append(parsed, p)
		}
		if err := r.deliver(parsed, warn, len(batch)); err != nil {
			return err
		}
	}
	return nil
}

func (r *archiveReader) warning(record string, err error, kept bool) Warning {
	return Warning{Location: r.part.text.location, Ecosystem: r.part.Ecosystem, Record: shorten(record), Err: err, Kept: kept}
}

// aliasesOf returns the aliases of a record that can be ids. A withdrawn
// record ties nothing together.
func aliasesOf(r *indexedRecord) (aliases []string, problems []string) {
	if r.Withdrawn != "" {
		return nil, nil
	}
	for _, alias := range r.Aliases {
		if alias == r.ID || alias == "" {
			continue
		}
		if err := checkID(alias); err != nil {
			problems = append(problems, "an alias is no id")
			continue
		}
		if len(aliases) == maxAliases {
			problems = append(problems, fmt.Sprintf("it has more than %d aliases", maxAliases))
			break
		}
		aliases = append(aliases, alias)
	}
	return aliases, problems
}

// deliver hands a batch to the builder and tells what became of it.
func (r *archiveReader) deliver(parsed []parsedRecord, warnings []Warning, members int) error {
	u := r.u
	if err := u.build.add(parsed); err != nil {
		return err
	}
	u.build.mu.Lock()
	defer u.build.mu.Unlock()
	r.seen += int64(members)
	r.records += len(parsed)
	for _, p := range parsed {
		r.newest = max(r.newest, p.ref.modified)
		r.list = append(r.list, listed{p.ref.id, p.ref.modified})
	}
	for _, w := range warnings {
		if !w.Kept {
			r.unreadable++
		}
		if u.Warn != nil {
			u.Warn(w)
		}
	}
	u.tell(UpdateProgress{Phase: PhaseRead, InRecords: true, Ecosystem: r.part.Ecosystem, Location: r.part.text.location, Done: r.seen, Total: r.zip.members})
	return nil
}
