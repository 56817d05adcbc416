package deflate

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// inflate reads a stream with the standard library.
func inflate(t testing.TB, stream []byte) []byte {
	t.Helper()
	out, err := io.ReadAll(flate.NewReader(bytes.NewReader(stream)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pieces compresses data in pieces of that size.
func pieces(e *Encoder, data []byte, size int) []byte {
	var out []byte
	at := 0
	for {
		n := min(size, len(data)-at)
		last := at+n == len(data)
		out = e.Append(out, data[:at], data[at:at+n], last)
		if at += n; last {
			return out
		}
	}
}

// inputs are the same on every machine: a generator whose numbers are
// specified, and text.
func inputs() map[string][]byte {
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 200_000)
	random.Read(noise)
	words := strings.Fields("const function return module exports require async await event context null undefined true false { } ( ) ; = + - [ ] => 0 1 2")
	var text bytes.Buffer
	r := rand.New(rand.NewPCG(1, 2))
	for text.Len() < 300_000 {
		text.WriteString(words[r.IntN(len(words))])
		text.WriteByte(" \n"[min(r.IntN(9), 8)/8])
	}
	var skewed bytes.Buffer // words of very different frequency: long codes
	for i := range 24 {
		skewed.Write(bytes.Repeat([]byte{byte(i*7 + 3)}, 1<<min(i, 16)))
	}
	shuffled := skewed.Bytes()
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return map[string][]byte{
		"empty":   nil,
		"one":     {'x'},
		"two":     {'x', 'x'},
		"zeros":   make([]byte, 300_000),
		"noise":   noise,
		"text":    text.Bytes(),
		"skewed":  shuffled,
		"mixed":   append(append(bytes.Clone(noise[:70_000]), text.Bytes()[:70_000]...), noise[:70_000]...),
		"far":     append(append(bytes.Clone(noise[:300]), make([]byte, Window-300)...), noise[:300]...),
		"too far": append(append(bytes.Clone(noise[:300]), make([]byte, Window)...), noise[:300]...),
	}
}

// golden are the digests of what is written. They hold the bytes: signed
// archives depend on them.
var golden = map[string]string{
	"empty":   "9b4fb24edd6d1d88",
	"one":     "f5b976feaac71fd8",
	"two":     "4b9b8bf94dcd24e2",
	"zeros":   "c251f2271e8a57bb",
	"noise":   "a8603040b9a8988b",
	"text":    "732f6f76a10030a7",
	"skewed":  "ccd3bcd6878fe593",
	"mixed":   "52be1478572b9446",
	"far":     "7726122f48cd2487",
	"too far": "a4a5e1dbad1e825b",
}

func TestAppend(t *testing.T) {
	e := new(Encoder)
	for name, data := range inputs() {
		for _, size := range []int{1 << 20, 65536, 777} {
			if size == 777 && len(data) > 50_000 {
				data = data[:50_000]
			}
			if got := inflate(t, pieces(e, data, size)); !bytes.Equal(got, data) {
				t.Errorf("%s in pieces of %d: inflates to %d bytes that are not the %d", name, size, len(got), len(data))
			}
		}
	}
}

func TestGolden(t *testing.T) {
	for name, data := range inputs() {
		sum := sha256.Sum256(pieces(new(Encoder), data, 64<<10))
		if got := hex.EncodeToString(sum[:8]); got != golden[name] {
			t.Errorf("%q: %q,", name, got)
		}
	}
}

func FuzzAppend(f *testing.F) {
	for _, data := range inputs() {
		f.Add(data[:min(len(data), 5000)], uint16(1000))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		stream := pieces(new(Encoder), data, int(size)+1)
		if got := inflate(t, stream); !bytes.Equal(got, data) {
			t.Fatal("what was compressed does not inflate to what it was")
		}
		e := new(Encoder)
		e.Append(nil, nil, []byte("something else, to leave its traces"), true)
		if !bytes.Equal(pieces(e, data, int(size)+1), stream) {
			t.Fatal("an encoder that was used before writes something else")
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	text := inputs()["text"]
	e := new(Encoder)
	var out []byte
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		out = e.Append(out[:0], nil, text, true)
	}
}
