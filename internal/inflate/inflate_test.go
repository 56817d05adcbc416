package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// texts are what the tests deflate: each is of another kind.
func texts(tb testing.TB) map[string][]byte {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	skewed := make([]byte, 300_000)
	for i := range skewed {
		skewed[i] = byte(min(random.ExpFloat64()*9, 255)) // codes of all lengths
	}
	var code bytes.Buffer
	sources, err := filepath.Glob("../../fnpkg/*/*.go")
	if err != nil || len(sources) < 10 {
		tb.Fatalf("%d sources: %v", len(sources), err)
	}
	for _, path := range sources {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		code.Write(text)
	}
	repeats := make([]byte, 0, 300_000)
	for len(repeats) < 250_000 {
		piece := noise[:1+random.IntN(40)]
		for range 1 + random.IntN(60) {
			repeats = append(repeats, piece...)
		}
		noise = append(noise[len(piece):], piece...)
	}
	return map[string][]byte{
		"empty": nil, "byte": {7}, "zeros": make([]byte, 500_000), "noise": noise, "skewed": skewed,
		"code": code.Bytes(), "repeats": repeats, "short": []byte("exports.handler = async () => 'ok'\n"),
	}
}

func deflated(tb testing.TB, text []byte, level int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	for len(text) > 0 { // several blocks
		n := min(len(text), 70_000)
		w.Write(text[:n])
		text = text[n:]
		if level == 1 {
			w.Flush()
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	var r Reader
	for name, text := range texts(t) {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
			packed := deflated(t, text, level)
			sources := map[string]func() io.Reader{
				"at once":  func() io.Reader { return bytes.NewReader(packed) },
				"by bytes": func() io.Reader { return iotest.OneByteReader(bytes.NewReader(packed)) },
				"with end": func() io.Reader { return iotest.DataErrReader(bytes.NewReader(packed)) },
			}
			for how, source := range sources {
				// Reading 600 bytes first decodes in place, 5 do not.
				for _, size := range []int{5, 600, 100_000, len(text), len(text) + 1, len(text) + slack} {
					if size == 0 {
						continue
					}
					r.Reset(source())
					var got bytes.Buffer
					_, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{&r}, make([]byte, size))
					if err != nil || !bytes.Equal(got.Bytes(), text) {
						t.Fatalf("%s at level %d, read %s into %d bytes: %d of %d bytes, %v", name, level, how, size, got.Len(), len(text), err)
					}
					if r.Unread() != 0 {
						t.Errorf("%s: %d bytes unread", name, r.Unread())
					}
				}
			}
		}
	}
}

// What lies behind a stream is left alone.
func TestUnread(t *testing.T) {
	var r Reader
	for name, text := range texts(t) {
		packed := append(deflated(t, text, 6), "behind it"...)
		for _, size := range []int{1, 1 << 20} {
			r.Reset(bytes.NewReader(packed))
			got, err := io.ReadAll(io.MultiReader(readOnce(&r, size), &r))
			if err != nil || !bytes.Equal(got, text) {
				t.Fatalf("%s: %d of %d bytes, %v", name, len(got), len(text), err)
			}
			if r.Unread() != len("behind it") && len(packed) <= inputSize {
				t.Errorf("%s: %d bytes unread", name, r.Unread())
			}
		}
	}
}

// readOnce returns what one Read yields.
func readOnce(r io.Reader, size int) io.Reader {
	b := make([]byte, size)
	n, _ := r.Read(b)
	return bytes.NewReader(b[:n])
}

// Each beginning of a stream is cut off, and no error of the source is lost.
func TestCutOff(t *testing.T) {
	var r Reader
	broken := errors.New("broken")
	for _, level := range []int{flate.NoCompression, flate.HuffmanOnly, 9} {
		packed := deflated(t, []byte(strings.Repeat("exports.handler = async () => 'ok'\n", 5)+"abcdefgh"), level)
		for n := range packed {
			r.Reset(bytes.NewReader(packed[:n]))
			if _, err := io.ReadAll(&r); err != io.ErrUnexpectedEOF {
				t.Errorf("level %d, %d bytes: %v", level, n, err)
			}
			r.Reset(io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(broken)))
			if _, err := io.ReadAll(&r); err != broken {
				t.Errorf("level %d, %d bytes and an error: %v", level, n, err)
			}
		}
		r.Reset(io.MultiReader(bytes.NewReader(packed), iotest.ErrReader(broken)))
		if _, err := io.ReadAll(&r); err != nil {
			t.Errorf("level %d, an error behind the stream: %v", level, err)
		}
	}
}
