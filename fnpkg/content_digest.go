package fnpkg

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// DigestContent computes the content digest of p, fnseal-tree-v1: the digest
// of what the package holds, whatever it is packed in. It reads every file of
// the package, several at a time.
//
// The rule. The digest is sha256 over
//
//	"fnseal-tree-v1" 0x00
//	number of records, uint64
//	the records, sorted bytewise by path
//
// and a record is
//
//	type              1 byte: 'f' file, 'l' symbolic link, 'd' empty directory
//	executable        1 byte: 1 if any execute bit of a file is set, else 0
//	length of path    uint64
//	path              UTF-8 as in Entry.Path
//	size              uint64: bytes of the file's content; 0 for others
//	content           32 bytes: sha256 of the file's content; zeros for others
//	length of target  uint64; 0 for others than links
//	target            the link's text as it is
//
// All uint64 are big-endian. A directory has a record only if nothing lies
// beneath it: the others are implied by their contents, and packers differ in
// whether they list them. Times, owners, other permission bits, comments, the
// order of entries and how they are compressed are not part of the digest.
//
// No two trees have one digest: the records are self-delimiting, and a
// package that could be read as more than one tree has no content digest at
// all: *AmbiguousError. Neither has a package with special files or one that
// is no tree: ErrNoContentDigest. Content that does not match its headers
// fails with the error of its reader.
func DigestContent(ctx context.Context, p Package) (ContentDigest, error) {
	t, err := ReadTree(ctx, p)
	if err != nil {
		return ContentDigest{}, err
	}
	return t.Digest(), nil
}

// Tree is the content of a package with the sha256 of each file: what content
// digests are computed from. It is read-only and may be shared.
type Tree struct {
	entries []Entry // those that have a record, sorted by path
	sums    [][sha256.Size]byte
}

// ReadTree reads every file of a package, several at a time. It fails as
// DigestContent does.
func ReadTree(ctx context.Context, p Package) (*Tree, error) {
	if p.Kind() == KindFile {
		return nil, fmt.Errorf("a plain file is no tree: %w", ErrNoContentDigest)
	}
	if err := CheckUnambiguous(p); err != nil {
		return nil, err
	}
	entries, err := digestible(p)
	if err != nil {
		return nil, err
	}
	sums, err := hashFiles(ctx, entries)
	if err != nil {
		return nil, err
	}
	return &Tree{entries, sums}, nil
}

// Digest is the content digest of the whole.
func (t *Tree) Digest() ContentDigest {
	return t.digest(0, len(t.entries), "", func(string) bool { return true })
}

// Folder returns the content digest, in hexadecimal, of what lies in a folder,
// with paths relative to it, and of that only what keep says yes to, which it
// is asked by such a path; nil keeps all. It is empty where nothing is kept.
func (t *Tree) Folder(folder string, keep func(string) bool) string {
	prefix := ""
	if folder != "" {
		prefix = folder + "/"
	}
	begin := sort.Search(len(t.entries), func(i int) bool { return t.entries[i].Path >= prefix })
	end := begin + sort.Search(len(t.entries)-begin, func(i int) bool { return !strings.HasPrefix(t.entries[begin+i].Path, prefix) })
	if keep == nil {
		keep = func(string) bool { return true }
	}
	if d := t.digest(begin, end, prefix, keep); !d.IsZero() {
		return hex.EncodeToString(d[:])
	}
	return ""
}

func (t *Tree) digest(begin, end int, prefix string, keep func(string) bool) ContentDigest {
	var kept []int
	for i := begin; i < end; i++ {
		if keep(t.entries[i].Path[len(prefix):]) {
			kept = append(kept, i)
		}
	}
	if len(kept) == 0 && prefix != "" {
		return ContentDigest{}
	}
	h := sha256.New()
	io.WriteString(h, ContentScheme+"\x00")
	writeUint64(h, uint64(len(kept)))
	for _, i := range kept {
		e := t.entries[i]
		e.Path = e.Path[len(prefix):]
		writeRecord(h, e, t.sums[i])
	}
	return ContentDigest(h.Sum(nil))
}

// DigestContentIfAny is DigestContent, and zero where none is defined: for an
// ambiguous package, one with special files, or a plain file.
func DigestContentIfAny(ctx context.Context, p Package) (ContentDigest, error) {
	t, err := ReadTreeIfAny(ctx, p)
	if err != nil || t == nil {
		return ContentDigest{}, err
	}
	return t.Digest(), nil
}

// ReadTreeIfAny is ReadTree, and nil where there is no content digest.
func ReadTreeIfAny(ctx context.Context, p Package) (*Tree, error) {
	t, err := ReadTree(ctx, p)
	var ambiguous *AmbiguousError
	if errors.As(err, &ambiguous) || errors.Is(err, ErrNoContentDigest) {
		return nil, nil
	}
	return t, err
}

// digestible returns the entries that have a record. It trusts no reader to
// have found every collision: it insists on strictly ascending paths.
func digestible(p Package) ([]Entry, error) {
	entries := p.Entries()
	out := make([]Entry, 0, len(entries))
	for i, e := range entries {
		if i > 0 && entries[i-1].Path >= e.Path {
			return nil, &AmbiguousError{Name: p.Name(), Hazards: []Hazard{{
				ID: HazardDuplicateName, Path: e.Path, Detail: "more than one entry of this name, or entries out of order",
			}}}
		}
		switch {
		case e.IsDir():
			if occupied(entries[i+1:], e.Path+"/") {
				continue
			}
		case e.IsRegular(), e.IsLink():
		default:
			return nil, fmt.Errorf("%q is neither file, directory nor link: %w", e.Path, ErrNoContentDigest)
		}
		out = append(out, e)
	}
	return out, nil
}

// occupied reports whether a path in the sorted entries begins with prefix.
func occupied(entries []Entry, prefix string) bool {
	i := sort.Search(len(entries), func(i int) bool { return entries[i].Path >= prefix })
	return i < len(entries) && strings.HasPrefix(entries[i].Path, prefix)
}

// hashFiles returns the sha256 of each regular file's content, by index.
func hashFiles(ctx context.Context, entries []Entry) ([][sha256.Size]byte, error) {
	sums := make([][sha256.Size]byte, len(entries))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(entries)) {
		wg.Go(func() {
			buf := make([]byte, 64<<10)
			h := sha256.New()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(entries) {
					return
				}
				if !entries[i].IsRegular() {
					continue
				}
				h.Reset()
				if err := hashFile(ctx, h, entries[i], buf); err != nil {
					cancel(err)
					return
				}
				h.Sum(sums[i][:0])
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return sums, nil
}

func hashFile(ctx context.Context, h hash.Hash, e Entry, buf []byte) error {
	c, err := e.Open()
	if err != nil {
		return err
	}
	defer c.Close()
	var n int64
	for ctx.Err() == nil {
		m, err := c.Read(buf)
		h.Write(buf[:m])
		n += int64(m)
		if errors.Is(err, io.EOF) {
			if n != e.Size {
				return fmt.Errorf("reading %q: %d bytes, where %d were expected: %w", e.Path, n, e.Size, ErrChanged)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %q: %w", e.Path, err)
		}
	}
	return context.Cause(ctx)
}

func writeRecord(h hash.Hash, e Entry, sum [sha256.Size]byte) {
	var kind, executable byte
	var size uint64
	var target string
	switch {
	case e.IsDir():
		kind = 'd'
	case e.IsLink():
		kind, target = 'l', e.LinkTarget
	default:
		kind, size = 'f', uint64(e.Size)
		if e.Executable() {
			executable = 1
		}
	}
	h.Write([]byte{kind, executable})
	writeUint64(h, uint64(len(e.Path)))
	io.WriteString(h, e.Path)
	writeUint64(h, size)
	h.Write(sum[:])
	writeUint64(h, uint64(len(target)))
	io.WriteString(h, target)
}

func writeUint64(h hash.Hash, n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	h.Write(b[:])
}
