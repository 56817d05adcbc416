package catalog_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/sbom/catalog"
)

// Each run opens the package anew, as a command does.
func benchmark(b *testing.B, content []byte) {
	b.Helper()
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	components := 0
	for b.Loop() {
		p, err := zipfile.New(bytes.NewReader(content), int64(len(content)), "function.zip", fnpkg.DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		inv, err := catalog.Catalog(context.Background(), p, catalog.Options{})
		if err != nil {
			b.Fatal(err)
		}
		components = len(inv.Components)
	}
	b.ReportMetric(float64(components), "components")
}

func BenchmarkCatalog(b *testing.B) {
	for _, name := range []string{"node.zip", "python.zip", "java.zip"} {
		b.Run(name, func(b *testing.B) {
			content, err := os.ReadFile(packages + name)
			if err != nil {
				b.Fatal(err)
			}
			benchmark(b, content)
		})
	}
	b.Run("go", func(b *testing.B) {
		binary, err := os.ReadFile(buildGo(b))
		if err != nil {
			b.Fatal(err)
		}
		benchmark(b, zipOf(b, file{name: "bootstrap", content: string(binary), mode: 0o755}))
	})
	b.Run("200-packages-6600-files", func(b *testing.B) { benchmark(b, nodeFunction(b)) })
}

// nodeFunction has the size of a function with a few SDK clients and a web
// framework.
func nodeFunction(b *testing.B) []byte {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var files []file
	for i := range 200 {
		dir := fmt.Sprintf("node_modules/package-%03d/", i)
		files = append(files, file{name: dir + "package.json", content: fmt.Sprintf(
			`{"name":"package-%03d","version":"1.%d.0","license":"MIT","dependencies":{"package-%03d":"^1.0.0"}}`, i, i, (i+1)%200)})
		for j := range 32 {
			code := make([]byte, 1000+random.IntN(3000))
			for k := range code {
				code[k] = "abcdefgh ();\n"[random.IntN(13)]
			}
			files = append(files, file{name: fmt.Sprintf("%slib/module-%02d.js", dir, j), content: string(code)})
		}
	}
	return zipOf(b, files...)
}
