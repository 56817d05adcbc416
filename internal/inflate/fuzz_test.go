package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// mostInflated bounds what a fuzz target inflates of one input.
const mostInflated = 1 << 20

// FuzzInflate holds the reader against the standard library's: the same bytes,
// an error where that has one, and the same end of the stream.
func FuzzInflate(f *testing.F) {
	seeds := 0
	for _, text := range texts(f) {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 9} {
			packed := deflated(f, text[:min(len(text), 3000)], level)
			f.Add(packed, uint16(10))
			f.Add(packed[:len(packed)/2], uint16(5000))
			seeds++
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		stream := randomBlock(random)
		f.Add(stream, uint16(700))
		seeds++
	}
	for _, d := range damaged {
		f.Add(d.stream, uint16(700))
		seeds++
	}
	if seeds < 50 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, stream []byte, size uint16) {
		compare(t, stream, int(size)+1)
	})
}

// FuzzDeflated inflates what the standard library deflates.
func FuzzDeflated(f *testing.F) {
	seeds := 0
	for _, text := range texts(f) {
		f.Add(text[:min(len(text), 5000)], int8(6), uint16(700))
		seeds++
	}
	if seeds < 5 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, text []byte, level int8, size uint16) {
		level = min(max(level, flate.HuffmanOnly), flate.BestCompression)
		packed := deflated(t, text, int(level))
		var r Reader
		r.Reset(bytes.NewReader(packed))
		got, err := readBy(&r, int(size)+1)
		if err != nil || !bytes.Equal(got, text) || r.Unread() != 0 {
			t.Errorf("%d of %d bytes, %d unread, %v", len(got), len(text), r.Unread(), err)
		}
	})
}

// compare reads stream with this package, size bytes at a time, and with
// compress/flate.
func compare(t *testing.T, stream []byte, size int) {
	t.Helper()
	source := bytes.NewReader(stream)
	want, wantErr := readBy(flate.NewReader(source), 4096)
	var r Reader
	r.Reset(bytes.NewReader(stream))
	got, err := readBy(&r, size)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("error %v, compress/flate %v", err, wantErr)
	}
	if err == nil && (!bytes.Equal(got, want) || r.Unread() != source.Len() && len(stream) <= inputSize) {
		t.Fatalf("%d bytes and %d unread, compress/flate %d and %d", len(got), r.Unread(), len(want), source.Len())
	}
	if n := min(len(got), len(want)); !bytes.Equal(got[:n], want[:n]) {
		t.Fatal("other bytes than compress/flate before the error")
	}
	var corrupt CorruptError
	if err != nil && err != io.ErrUnexpectedEOF && err != errLong && !errors.As(err, &corrupt) {
		t.Fatalf("an error of no known kind: %v", err)
	}
}

var errLong = errors.New("long enough")

// readBy reads r in pieces of size bytes.
func readBy(r io.Reader, size int) ([]byte, error) {
	var all []byte
	b := make([]byte, size)
	for {
		n, err := r.Read(b)
		all = append(all, b[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if len(all) >= mostInflated {
			return all[:mostInflated], errLong
		}
	}
}
