package registry

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fnseal/fnseal/fnpkg"
)

// maxZstdWindow bounds the memory a zstd layer can ask of its reader. Beyond
// 8 MiB decoders need not follow (RFC 8878 §3.1.1.1.2); the highest level of
// the reference encoder uses 128 MiB.
const maxZstdWindow = 128 << 20

// LayerReader reads the tar archive of a layer.
type LayerReader struct {
	layer    Layer
	stored   *counted
	tar      io.Reader
	closeTar func()
	hash     hash.Hash
	end      error
}

// newLayerReader finds out by the first bytes how the layer is compressed, as
// runtimes do: media types are wrong at times.
func newLayerReader(blob io.ReadCloser, l Layer) (*LayerReader, error) {
	r := &LayerReader{layer: l, stored: &counted{ReadCloser: blob}, closeTar: func() {}, hash: sha256.New()}
	in := bufio.NewReaderSize(r.stored, 128<<10)
	head, err := in.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	begins := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case begins("\x1f\x8b"):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, r.corrupt(err)
		}
		r.tar = z
	case begins("\x28\xb5\x2f\xfd"), len(head) >= 4 && head[0]&0xf0 == 0x50 && begins(string(head[:1])+"\x2a\x4d\x18"):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, r.corrupt(err)
		}
		r.tar, r.closeTar = z, z.Close
	case begins("BZh"), begins("\xfd7zXZ\x00"):
		return nil, formatError("%s is compressed in a way that is not part of the image specification", l)
	default:
		r.tar = in
	}
	return r, nil
}

// Stored returns how many of the layer's stored bytes have been taken so far.
// It may be called while another goroutine reads.
func (r *LayerReader) Stored() int64 { return r.stored.n.Load() }

// Read reads uncompressed bytes.
func (r *LayerReader) Read(b []byte) (int, error) {
	if r.end != nil {
		return 0, r.end
	}
	n, err := r.tar.Read(b)
	r.hash.Write(b[:n])
	switch {
	case err == io.EOF:
		r.end = r.compare()
	case err != nil:
		r.end = fmt.Errorf("reading %s: %w", r.layer, r.corrupt(err))
	}
	switch {
	case r.end == io.EOF && n > 0:
		return n, nil
	case r.end != nil:
		return 0, r.end
	}
	return n, nil
}

// compare is called at the end of the tar archive. It sees to it that the
// stored bytes end there too, by which they are compared with their digest.
func (r *LayerReader) compare() error {
	more, err := io.Copy(io.Discard, r.stored)
	switch {
	case err != nil:
		return fmt.Errorf("reading %s: %w", r.layer, err)
	case more > 0:
		return fmt.Errorf("reading %s: %w", r.layer, formatError("%d bytes lie behind its compressed data", more))
	}
	if got := fnpkg.Digest(r.hash.Sum(nil)); got != r.layer.DiffID {
		return fmt.Errorf("reading %s: %w", r.layer, formatError("its uncompressed bytes have the digest %s, and the image's configuration says %s", got, r.layer.DiffID))
	}
	return io.EOF
}

// corrupt makes a format error of err unless it comes from what the stored
// bytes are read from.
func (r *LayerReader) corrupt(err error) error {
	if r.stored.err != nil {
		return r.stored.err
	}
	return &fnpkg.FormatError{Format: "container image", Reason: "its compressed data is damaged", Err: err}
}

// Close ends reading.
func (r *LayerReader) Close() error {
	r.closeTar()
	if r.end == nil {
		r.end = errors.New("layer is closed")
	}
	return r.stored.Close()
}

// counted counts what is read, and remembers what went wrong.
type counted struct {
	io.ReadCloser
	n   atomic.Int64
	err error
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.n.Add(int64(n))
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
