package attest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Endings of the files that hold an artifact's bundles, appended to its name.
const (
	bundleSuffix = ".sigstore.json"  // one bundle
	linesSuffix  = ".sigstore.jsonl" // one bundle in each line
)

// BundlePath returns where the only bundle of an artifact lies.
func BundlePath(artifact string) string { return artifact + bundleSuffix }

// LinesPath returns where several bundles of an artifact lie.
func LinesPath(artifact string) string { return artifact + linesSuffix }

// BundlePaths returns the files beside an artifact that DiscoverBundles reads.
func BundlePaths(artifact string) []string {
	return []string{BundlePath(artifact), LinesPath(artifact)}
}

// ReadBundles reads the files named, each of which holds one bundle or one in
// each line. A file that cannot be read, is empty or is not JSON yields an
// item whose Err says so. The error is that of ctx alone.
func ReadBundles(ctx context.Context, paths []string, limits Limits) ([]Item, error) {
	return readAll(ctx, paths, true, limits)
}

// ParseBundles reads one bundle, or one in each line, from r, as ReadBundles
// does from a file of that name.
func ParseBundles(ctx context.Context, r io.Reader, name string, limits Limits) ([]Item, error) {
	return split(ctx, r, Item{Source: filepath.Base(name), Input: name, Named: true}, limits)
}

// DiscoverBundles reads the bundles beside an artifact, if there are any.
// Nobody named them: what cannot be read is an item with an Err, to be listed
// and passed over. The error is that of ctx alone.
func DiscoverBundles(ctx context.Context, artifact string, limits Limits) ([]Item, error) {
	return readAll(ctx, BundlePaths(artifact), false, limits)
}

func readAll(ctx context.Context, paths []string, named bool, limits Limits) ([]Item, error) {
	var items []Item
	for _, p := range paths {
		left := limits
		if limits.Bundles > 0 {
			left.Bundles = max(limits.Bundles-int64(len(items)), 0)
			if left.Bundles == 0 {
				return append(items, tooMany(p, named, limits.Bundles)), nil
			}
		}
		more, err := readFile(ctx, p, named, left)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

func tooMany(path string, named bool, limit int64) Item {
	return Item{Source: filepath.Base(path), Input: path, Named: named}.
		fail("not read further: %w", &fnpkg.LimitError{What: "bundles", Limit: limit, Got: limit + 1})
}

func readFile(ctx context.Context, path string, named bool, limits Limits) ([]Item, error) {
	whole := Item{Source: filepath.Base(path), Input: path, Named: named}
	if !named {
		// Opening a pipe that somebody left here would wait for ever.
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err == nil && !info.Mode().IsRegular() {
			return []Item{whole.fail("not a regular file")}, nil
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return []Item{whole.fail("%w", pathless(err))}, nil
	}
	defer f.Close()
	return split(ctx, f, whole, limits)
}

// split reads one bundle, or one in each line. A file called .jsonl holds
// lines; so does one whose first line is a JSON value by itself. Any other
// holds one value, which may have line ends in it.
func split(ctx context.Context, r io.Reader, whole Item, limits Limits) ([]Item, error) {
	if limits.FileBytes > 0 {
		r = &cappedReader{r: r, left: limits.FileBytes, limit: limits.FileBytes}
	}
	in := bufio.NewReaderSize(r, 64<<10)
	byName := strings.HasSuffix(whole.Input, ".jsonl")

	var items []Item
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		line, err := readLine(in, limits.BundleBytes)
		if err != nil && err != io.EOF {
			return append(items, whole.fail("%w", pathless(err))), nil
		}
		if line.empty() {
			if err == io.EOF {
				break
			}
			continue
		}
		if len(items) == 0 && !byName && !json.Valid(line.text) {
			return []Item{whole.rest(in, line, limits)}, nil
		}
		if limits.Bundles > 0 && int64(len(items)) == limits.Bundles {
			return append(items, tooMany(whole.Input, whole.Named, limits.Bundles)), nil
		}
		item := whole
		item.Source = fmt.Sprintf("%s:%d", whole.Source, n)
		items = append(items, item.with(line, limits))
	}
	switch {
	case len(items) == 0:
		return []Item{whole.fail("it is empty")}, nil
	case len(items) == 1 && !byName:
		items[0].Source = whole.Source // a file of one bundle needs no line
	}
	return items, nil
}

// rest reads what follows line in a file that holds one value.
func (i Item) rest(in *bufio.Reader, line bundleText, limits Limits) Item {
	room := limits.BundleBytes - line.size
	if limits.BundleBytes <= 0 {
		room = math.MaxInt64 - 1
	}
	if room > 0 {
		more, err := io.ReadAll(io.LimitReader(in, room+1))
		if err != nil {
			return i.fail("%w", pathless(err))
		}
		line.text = append(append(line.text, '\n'), more...)
		line.size += int64(len(more))
	}
	return i.with(line, limits)
}

// with returns the item with text as its bundle.
func (i Item) with(t bundleText, limits Limits) Item {
	if limits.BundleBytes > 0 && t.size > limits.BundleBytes {
		return i.fail("%w", &fnpkg.LimitError{What: "bytes of a bundle", Limit: limits.BundleBytes, Got: t.size})
	}
	text := bytes.TrimSpace(t.text)
	if err := checkJSON(text); err != nil {
		return i.fail("%w", err)
	}
	if text[0] != '{' {
		return i.fail("it is JSON but no object")
	}
	i.JSON = text
	return i
}

// bundleText is text that may be a bundle. Beyond the limit it is counted but
// not kept.
type bundleText struct {
	text []byte
	size int64
}

func (t bundleText) empty() bool {
	return t.size == int64(len(t.text)) && len(bytes.TrimSpace(t.text)) == 0
}

// readLine returns the next line without its end; the last one comes with
// io.EOF.
func readLine(in *bufio.Reader, limit int64) (bundleText, error) {
	var t bundleText
	for {
		part, err := in.ReadSlice('\n')
		part = bytes.TrimSuffix(part, []byte("\n"))
		t.size += int64(len(part))
		if limit <= 0 || t.size <= limit {
			t.text = append(t.text, part...)
		}
		if err != bufio.ErrBufferFull {
			return t, err
		}
	}
}

// cappedReader fails once more than its limit was read.
type cappedReader struct {
	r           io.Reader
	left, limit int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	if c.left < 0 {
		return 0, &fnpkg.LimitError{What: "bytes of a file of bundles", Limit: c.limit, Got: c.limit + 1}
	}
	return n, err
}

// pathless strips a path, which the item's source names already.
func pathless(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
