package pack

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"sort"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/pack/deflate"
)

// pieceSize is how much is compressed at a time, in bytes. It is part of what
// is written: another size gives another archive.
const pieceSize = 1 << 20

// piece is a part of a file on its way into the archive.
type piece struct {
	entry  fnpkg.Entry
	first  bool
	last   bool
	data   []byte
	before []byte // the piece that precedes it

	packed []byte        // compressed
	done   chan struct{} // closed when packed is there
	err    error         // of reading
}

// entries writes all entries. One goroutine reads, several compress, and this
// one writes in order; what is read and not yet written is bounded.
func (w *writer) entries(ctx context.Context, entries []fnpkg.Entry, total int64, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	queue := make(chan *piece, 2*workers)
	work := make(chan *piece, 2*workers)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		defer close(queue)
		defer close(work)
		for _, e := range entries {
			if !read(ctx, e, func(p *piece) bool { return hand(ctx, p, queue, work) }) {
				return
			}
		}
	}()
	for range workers {
		go compress(work, o.Store)
	}
	defer func() {
		cancel()
		for range queue { // let the reader go
		}
		<-finished
	}()
	var done int64
	for p := range queue {
		select {
		case <-p.done:
		case <-ctx.Done(): // it may have been given to nobody
			return ctx.Err()
		}
		if p.err != nil {
			return fmt.Errorf("packing %q: %w", p.entry.Path, p.err)
		}
		if err := w.piece(p); err != nil {
			return err
		}
		done += int64(len(p.data))
		o.Progress(done, total)
	}
	return ctx.Err()
}

// hand gives a piece to both the writer and the workers.
func hand(ctx context.Context, p *piece, to ...chan<- *piece) bool {
	for _, c := range to {
		select {
		case c <- p:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// read hands on an entry in pieces, at least one; it ends with hand.
func read(ctx context.Context, e fnpkg.Entry, hand func(*piece) bool) bool {
	if !e.IsRegular() {
		return hand(&piece{entry: e, first: true, last: true, data: []byte(e.LinkTarget), done: make(chan struct{})})
	}
	c, err := e.Open()
	if err != nil {
		return hand(&piece{entry: e, first: true, err: err, done: make(chan struct{})})
	}
	defer c.Close()
	var before []byte
	for at := int64(0); ; {
		p := &piece{entry: e, first: at == 0, before: before, done: make(chan struct{})}
		p.data = make([]byte, min(pieceSize, e.Size-at))
		_, p.err = io.ReadFull(c, p.data)
		at += int64(len(p.data))
		if p.last = at == e.Size; p.last && p.err == nil {
			p.err = atEnd(c)
		}
		if !hand(p) || p.last || p.err != nil {
			return p.err == nil && ctx.Err() == nil
		}
		before = p.data
	}
}

// atEnd fails if there is more to read, or if what was read turns out not to
// be what the headers say.
func atEnd(c io.Reader) error {
	var more [1]byte
	switch n, err := io.ReadFull(c, more[:]); {
	case n > 0:
		return fnpkg.ErrChanged
	case err == io.EOF:
		return nil
	default:
		return err
	}
}

// compress compresses pieces of files. Links are kept as they are.
func compress(work <-chan *piece, store bool) {
	e := new(deflate.Encoder)
	for p := range work {
		if p.err == nil && p.entry.IsRegular() && !store {
			p.packed = e.Append(make([]byte, 0, len(p.data)/2), p.before, p.data, p.last)
		}
		close(p.done)
	}
}

// piece writes the next piece.
func (w *writer) piece(p *piece) error {
	whole := p.first && p.last
	deflated := p.packed != nil && (!whole || len(p.packed) < len(p.data))
	if !deflated {
		p.packed = p.data
	}
	if p.first {
		h := w.header(p.entry)
		if deflated {
			h.method = methodDeflate
		}
		h.add(p)
		if err := w.begin(h); err != nil {
			return err
		}
	} else {
		w.current().add(p)
	}
	if err := w.write(p.packed); err != nil {
		return err
	}
	if p.last && !whole {
		return w.amend()
	}
	return nil
}

// add counts a piece.
func (h *header) add(p *piece) {
	h.sum = crc32.Update(h.sum, crc32.IEEETable, p.data)
	h.packed += int64(len(p.packed))
	h.size += int64(len(p.data))
}

// occupied reports whether a path in the sorted entries begins with prefix.
func occupied(entries []fnpkg.Entry, prefix string) bool {
	i := sort.Search(len(entries), func(i int) bool { return entries[i].Path >= prefix })
	return i < len(entries) && strings.HasPrefix(entries[i].Path, prefix)
}
