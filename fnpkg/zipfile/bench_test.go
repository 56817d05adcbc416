package zipfile_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

// functionZip makes a zip like that of a Node function with 200 packages:
// 6,500 small files, deep paths, text that compresses to a third or so.
func functionZip(b *testing.B) []byte {
	b.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	words := make([]string, 500)
	for i := range words {
		words[i] = fmt.Sprintf("%x", random.Uint64N(1<<(8+random.Uint64N(40))))
	}
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for i := range 6500 {
		f, err := w.Create(fmt.Sprintf("node_modules/package-%d/dist/lib/module-%d/File%d.js", i/33, i%33/6, i%6))
		if err != nil {
			b.Fatal(err)
		}
		for range 100 + random.IntN(800) {
			fmt.Fprintln(f, words[random.IntN(len(words))])
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return packed.Bytes()
}

func BenchmarkOpen(b *testing.B) {
	data := functionZip(b)
	b.Run("fnseal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "fn.zip", fnpkg.DefaultLimits())
			if err != nil || len(p.Entries()) != 6500 || len(p.Hazards()) > 0 {
				b.Fatal(err, p.Hazards())
			}
		}
	})
	b.Run("archive-zip", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
			if err != nil || len(z.File) != 6500 {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOpen100k(b *testing.B) {
	many := zipvec.Many{Entries: 100_000, Claimed: -1}
	data := make([]byte, many.Size())
	if _, err := many.ReadAt(data, 0); err != nil && err != io.EOF {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "fn.zip", fnpkg.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadAll(b *testing.B) {
	data := functionZip(b)
	buf := make([]byte, 64<<10)
	b.Run("fnseal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "fn.zip", fnpkg.DefaultLimits())
			if err != nil {
				b.Fatal(err)
			}
			for _, e := range p.Entries() {
				c, err := e.Open()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{c}, buf); err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		}
	})
	b.Run("archive-zip", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				b.Fatal(err)
			}
			for _, f := range z.File {
				r, err := f.Open()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{r}, buf); err != nil {
					b.Fatal(err)
				}
				r.Close()
			}
		}
	})
}

func BenchmarkDigestContent(b *testing.B) {
	data := functionZip(b)
	p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "fn.zip", fnpkg.DefaultLimits())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := fnpkg.DigestContent(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
}
