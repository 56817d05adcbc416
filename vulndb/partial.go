package vulndb

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// partial is a download on its way, in a file whose name tells the URL. Beside
// it lies the tag of what is being downloaded: with it, the rest of the same
// file can be asked for later, by this process or the next.
type partial struct {
	file *os.File
	tag  string // strong entity tag of what is in the file; empty if there is none
	size int64  // bytes in the file
	sum  hash.Hash
	crc  hash.Hash32
}

const (
	partialSuffix = ".part"
	tagSuffix     = ".part-tag"
	maxTag        = 1 << 10

	// keepPartial is the least that is worth asking for the rest.
	keepPartial = 1 << 20
)

// openPartial opens the file for a download, with what an earlier try has
// brought.
func (f *fetcher) openPartial(a address) (*partial, error) {
	sum := sha256.Sum256([]byte(a.url.String()))
	path := filepath.Join(f.where.dir, "."+f.where.name+"."+hex.EncodeToString(sum[:8])+partialSuffix)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("creating a temporary file in %s: %w", f.where.dir, pathCause(err))
	}
	d := &partial{file: file}
	if tag, err := os.ReadFile(d.tagPath()); err == nil && isStrongTag(string(tag)) {
		d.tag = string(tag)
	}
	if d.tag == "" {
		return d, d.reset()
	}
	d.sum, d.crc = sha256.New(), crc32.New(castagnoli)
	// What is there is summed up as it was while it came.
	d.size, err = io.Copy(io.MultiWriter(d.sum, d.crc), file)
	if err != nil {
		return d, d.reset()
	}
	return d, nil
}

// isStrongTag reports whether two answers with this tag are the same bytes
// (RFC 9110 §8.8.3).
func isStrongTag(tag string) bool {
	return len(tag) > 2 && len(tag) <= maxTag && tag[0] == '"' && tag[len(tag)-1] == '"' && !strings.ContainsAny(tag, "\r\n")
}

func (d *partial) tagPath() string {
	return strings.TrimSuffix(d.file.Name(), partialSuffix) + tagSuffix
}

// reset empties the file.
func (d *partial) reset() error {
	d.tag, d.size, d.sum, d.crc = "", 0, sha256.New(), crc32.New(castagnoli)
	_ = os.Remove(d.tagPath())
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return d.file.Truncate(0)
}

// header asks for the rest of the file if there is a beginning, else for a
// file that has another tag than the one given.
func (d *partial) header(tag string) http.Header {
	h := http.Header{}
	switch {
	case d.size > 0 && d.tag != "":
		h.Set("Range", fmt.Sprintf("bytes=%d-", d.size))
		h.Set("If-Range", d.tag)
	case tag != "":
		h.Set("If-None-Match", tag)
	}
	return h
}

// begin makes the file ready for the body of an answer.
func (d *partial) begin(r *http.Response) error {
	tag := r.Header.Get("Etag")
	if r.StatusCode == http.StatusPartialContent {
		var from int64
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-", &from); err == nil && from == d.size && from > 0 && tag == d.tag {
			return nil
		}
		_ = d.reset()
		return errors.New("the server answered with another part of the file than was asked for")
	}
	if err := d.reset(); err != nil {
		return permanent(err)
	}
	if isStrongTag(tag) {
		d.tag = tag
		if err := os.WriteFile(d.tagPath(), []byte(tag), 0o600); err != nil {
			d.tag = "" // then it cannot be resumed
		}
	}
	return nil
}

// wasComplete judges the answer that there is nothing behind what is there:
// then the earlier try had brought all of it.
func (d *partial) wasComplete(r *http.Response) error {
	var size int64
	tag := r.Header.Get("Etag")
	if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes */%d", &size); err == nil && size == d.size && (tag == "" || tag == d.tag) {
		return nil
	}
	_ = d.reset()
	return errors.New("the server does not have the part of the file that was asked for")
}

func (d *partial) Write(data []byte) (int, error) {
	n, err := d.file.Write(data)
	d.size += int64(n)
	d.sum.Write(data[:n])
	d.crc.Write(data[:n])
	return n, err
}

// end closes the file of a download that failed. It stays where another try
// can go on from it.
func (d *partial) end(err error) {
	d.file.Close()
	var final *permanentError
	if d.tag != "" && d.size >= keepPartial && !(errors.As(err, &final) && !isCancelled(err)) {
		return
	}
	_ = os.Remove(d.file.Name())
	_ = os.Remove(d.tagPath())
}
