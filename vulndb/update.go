package vulndb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
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
	Sources []string

	// Ecosystems to read, in the feed's spelling or in any case. Each must be
	// in one source at least. If there are none, a source gives all those that
	// its ecosystems.txt lists, or all folders that hold an archive.
	Ecosystems []string

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
	Ecosystem string // empty in the phase that writes
	Location  string // what is being read, without credentials

	Done, Total int64 // bytes while downloading, records in the other phases; Total is -1 if it is unknown
}

// Phase is a part of an update.
type Phase string

// The phases of an update, in their order for one archive.
const (
	PhaseDownload Phase = "download"
	PhaseRead     Phase = "read"
	PhaseWrite    Phase = "write"
)

// Warning reports a record that could not be read as it should.
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
	return u.run(ctx)
}

// updater is one update.
type updater struct {
	UpdateOptions
	where location
	build builder
	stamp Stamp
}

func (u *updater) run(ctx context.Context) (*Stamp, error) {
	defer func() {
		for _, s := range u.build.archives {
			s.close()
		}
	}()
	if err := u.openAll(ctx); err != nil {
		return nil, err
	}
	aside, err := u.where.createTemp()
	if err != nil {
		return nil, err
	}
	defer os.Remove(aside.Name())
	defer aside.Close()
	u.build.spool = &spool{file: aside}

	for i, archive := range u.build.archives {
		source, err := u.read(ctx, int32(i), archive)
		if err != nil {
			return nil, err
		}
		u.stamp.Sources = append(u.stamp.Sources, *source)
	}
	if err := u.build.spool.flush(); err != nil {
		return nil, err
	}
	return u.write(ctx)
}

// write puts the index in its place.
func (u *updater) write(ctx context.Context) (*Stamp, error) {
	u.stamp.Built = u.Now().UTC()
	target := u.where.target(&u.stamp)
	f, err := atomicfile.Create(target, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Discard()
	if err := u.build.write(ctx, f.File, &u.stamp, func(done, total int64) {
		u.tell(UpdateProgress{Phase: PhaseWrite, Done: done, Total: total})
	}); err != nil {
		return nil, fmt.Errorf("writing feed index %s: %w", target, err)
	}
	for _, archive := range u.build.archives {
		if err := archive.unchanged(); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := f.Commit(); err != nil {
		return nil, err
	}
	if err := u.where.publish(target); err != nil {
		return nil, err
	}
	return &u.stamp, nil
}

func (u *updater) tell(p UpdateProgress) {
	if u.Progress != nil {
		u.Progress(p)
	}
}

// openAll opens the archive of every ecosystem that is to be read.
func (u *updater) openAll(ctx context.Context) error {
	wanted := make([]string, len(u.Ecosystems))
	found := make(map[string]bool)
	for i, e := range u.Ecosystems {
		wanted[i] = canonicalEcosystem(e)
		if err := checkEcosystem(wanted[i]); err != nil {
			return err
		}
	}
	var missing error
	for _, source := range u.Sources {
		from, err := u.feed(source)
		if err != nil {
			return err
		}
		names := wanted
		if len(wanted) == 0 {
			if names, err = from.ecosystems(ctx); err != nil {
				var known *SourceError
				if errors.As(err, &known) {
					return err
				}
				return &SourceError{Location: from.location(), Err: pathCause(err)}
			}
			if len(names) == 0 {
				return &SourceError{Location: from.location(), Err: fmt.Errorf("it lists no ecosystems and holds no %s: name the ecosystems to read", archiveName)}
			}
		}
		for _, name := range unique(names) {
			archive, err := from.open(ctx, name, func(done, total int64) {
				u.tell(UpdateProgress{Phase: PhaseDownload, Ecosystem: name, Location: from.location(), Done: done, Total: total})
			})
			if errors.Is(err, ErrNoEcosystem) && len(wanted) > 0 {
				missing = err // another source may have it
				continue
			}
			if err != nil {
				return err
			}
			found[name] = true
			u.build.archives = append(u.build.archives, archive)
		}
	}
	for _, name := range wanted {
		if !found[name] {
			var known *SourceError
			if errors.As(missing, &known) && known.Ecosystem == name {
				return missing
			}
			return &SourceError{Location: strings.Join(u.locations(), ", "), Ecosystem: name, Err: ErrNoEcosystem}
		}
	}
	return nil
}

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

// feed tells a URL from a folder.
func (u *updater) feed(source string) (feed, error) {
	scheme, _, isURL := strings.Cut(source, "://")
	switch {
	case !isURL:
		if source == "" {
			return nil, errors.New("updating the feed index: a source is empty")
		}
		return folderFeed{filepath.Clean(source)}, nil
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
		return newHTTPFeed(source, u.HTTPClient, u.Limits, u.where.createTemp)
	}
	return nil, fmt.Errorf("updating the feed index: a source has the scheme %q; folders, http and https are read", shorten(scheme))
}

func (u *updater) locations() []string {
	var out []string
	for _, s := range u.Sources {
		if parsed, err := url.Parse(s); err == nil && parsed.Host != "" {
			s = displayURL(parsed)
		}
		out = append(out, s)
	}
	return out
}

// readBatch is the number of members that go to a worker at once.
const readBatch = 128

// read takes in the records of one archive.
func (u *updater) read(ctx context.Context, ordinal int32, from *openSource) (*Source, error) {
	zip, err := openArchive(from.file, from.info.Size(), u.Limits)
	if err != nil {
		return nil, from.fail(err)
	}
	r := &archiveReader{u: u, zip: zip, ordinal: ordinal, from: from}
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan []member, runtime.GOMAXPROCS(0))
	group.Go(func() error {
		defer close(batches)
		return r.list(ctx, batches)
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
		if cause := ctxCause(ctx, err); cause != nil {
			return nil, cause
		}
		return nil, from.fail(err)
	}
	if r.records == 0 {
		return nil, from.fail(fmt.Errorf("it holds no readable record among %d members", zip.members))
	}
	return &Source{
		Location:   from.location,
		Ecosystem:  from.ecosystem,
		SHA256:     from.sha256,
		Records:    r.records,
		Unreadable: r.unreadable,
		Newest:     newestOf(r.newest),
	}, nil
}

// ctxCause returns err if it only says that the work was called off.
func ctxCause(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
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
	u       *updater
	zip     *archive
	ordinal int32
	from    *openSource

	// Below: guarded by the builder's lock.
	seen       int64
	records    int
	unreadable int
	newest     int64
}

// list sends the members to be read, in batches.
func (r *archiveReader) list(ctx context.Context, batches chan<- []member) error {
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
				archive:    r.ordinal,
				method:     m.method,
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
	return Warning{Location: r.from.location, Ecosystem: r.from.ecosystem, Record: shorten(record), Err: err, Kept: kept}
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
	}
	for _, w := range warnings {
		if !w.Kept {
			r.unreadable++
		}
		if u.Warn != nil {
			u.Warn(w)
		}
	}
	u.tell(UpdateProgress{Phase: PhaseRead, Ecosystem: r.from.ecosystem, Location: r.from.location, Done: r.seen, Total: r.zip.members})
	return nil
}
