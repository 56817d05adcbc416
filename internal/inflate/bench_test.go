package inflate

import (
	"bytes"
	"compress/flate"
	"io"
	"os"
	"testing"
)

// BenchmarkRead inflates source code, and this test's own program as a Go
// function's bootstrap, beside the standard library.
func BenchmarkRead(b *testing.B) {
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		text []byte
	}{{"code", texts(b)["code"]}, {"small", texts(b)["code"][:3000]}, {"program", program}} {
		packed := deflated(b, c.text, 6)
		buf := make([]byte, 64<<10)
		run := func(name string, open func() io.Reader) {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(c.text)))
				b.ReportAllocs()
				for b.Loop() {
					n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{open()}, buf)
					if err != nil || n != int64(len(c.text)) {
						b.Fatal(n, err)
					}
				}
			})
		}
		var own Reader
		run("fnseal", func() io.Reader { own.Reset(bytes.NewReader(packed)); return &own })
		std := flate.NewReader(nil)
		run("compress-flate", func() io.Reader {
			if err := std.(flate.Resetter).Reset(bytes.NewReader(packed), nil); err != nil {
				b.Fatal(err)
			}
			return std
		})
	}
}
