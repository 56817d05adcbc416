package bundle_test

import (
	"bytes"
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/bundle"
)

// memory is content in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func script(name string, text []byte) fnpkg.Entry {
	return fnpkg.NewEntry(fnpkg.Entry{Path: name, Mode: fs.FileMode(0o644), Size: int64(len(text))}, func() (fnpkg.Content, error) {
		return memory{bytes.NewReader(text)}, nil
	})
}

// content reads one file of the test data.
func content(b *testing.B, name, file string) []byte {
	b.Helper()
	for _, e := range entries(b, name, strings.HasSuffix(file, ".map")) {
		if !strings.HasSuffix(e.Path, "/"+file) {
			continue
		}
		c, err := e.Open()
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		text := new(bytes.Buffer)
		if _, err := text.ReadFrom(c); err != nil {
			b.Fatal(err)
		}
		return text.Bytes()
	}
	b.Fatalf("no %s in %s", file, name)
	return nil
}

// BenchmarkRecover reads bundles of 5 MB: real ones, repeated, and what costs
// most.
func BenchmarkRecover(b *testing.B) {
	const size = 5 << 20
	fill := func(text string) []byte {
		return []byte(strings.Repeat(text, size/len(text)+1)[:size])
	}
	for name, text := range map[string][]byte{
		"minified":            fill(string(content(b, "four-esbuild-min", "index.js"))),
		"not-minified":        fill(string(content(b, "four-esbuild", "index.js"))),
		"hostile-paths":       fill("node_modules/"),
		"hostile-comments":    fill("/*! @license x"),
		"hostile-tags":        fill("@license"),
		"hostile-manifests":   fill(`{name:"a",b:`),
		"hostile-constants":   fill(`] Transitional option ERR_BAD_OPTION_VALUE isAxiosError [Axios v"+a+"`),
		"hostile-fingerprint": fill(`.fn http://momentjs.com/guides/#/warnings/js-date/ http://momentjs.com/guides/#/warnings/define-locale/`),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			es := []fnpkg.Entry{script("index.js", text)}
			for b.Loop() {
				if _, err := bundle.Recover(context.Background(), es, bundle.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("source-map", func(b *testing.B) {
		text := content(b, "small-esbuild-min", "index.js.map")
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		es := []fnpkg.Entry{script("index.js", []byte("x")), script("index.js.map", text)}
		for b.Loop() {
			if _, err := bundle.Recover(context.Background(), es, bundle.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
