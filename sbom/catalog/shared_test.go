package catalog_test

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/overlay"
	"github.com/fnseal/fnseal/sbom/catalog"
)

// layerOf is a layer with a program and the packages of Node, Python and Java.
func layerOf(t testing.TB) []byte {
	t.Helper()
	files := []file{{name: "bin/tool", content: readFile(t, buildGo(t)), mode: 0o755}}
	for name, folder := range map[string]string{"node.zip": "nodejs/", "python.zip": "python/", "java.zip": "java/"} {
		for _, e := range openFile(t, packages+name).Entries() {
			if !e.IsRegular() {
				continue
			}
			c, err := e.Open()
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(c)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file{name: folder + e.Path, content: string(content), mode: e.Mode})
		}
	}
	return zipOf(t, files...)
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// function is a small function that differs from others by its number.
func function(t testing.TB, i int) fnpkg.Package {
	t.Helper()
	return openBytes(t, fmt.Sprintf("function-%d.zip", i), zipOf(t,
		file{name: "index.js", content: strings.Repeat(fmt.Sprintf("exports.handler = async () => %d\n", i), 20)},
		file{name: "package.json", content: fmt.Sprintf(`{"name":"function-%d","dependencies":{"express":"*"}}`, i)}))
}

func TestShared(t *testing.T) {
	content := layerOf(t)
	inventory := func(i int, layer fnpkg.Package, shared *catalog.Shared) *fnpkg.Inventory {
		inv, err := catalog.Catalog(t.Context(), overlay.New(function(t, i), layer), catalog.Options{Shared: shared})
		if err != nil {
			t.Fatal(err)
		}
		return inv
	}
	layer := openBytes(t, "layer.zip", content)
	if _, err := layer.Digest(t.Context()); err != nil {
		t.Fatal(err)
	}
	shared := catalog.NewShared()
	for i := range 3 {
		want := inventory(i, openBytes(t, "layer.zip", content), nil)
		if len(want.Components) < 30 {
			t.Fatalf("only %d components", len(want.Components))
		}
		if diff := cmp.Diff(want, inventory(i, layer, shared)); diff != "" {
			t.Errorf("function %d: sharing changes the inventory (-without +with):\n%s", i, diff)
		}
	}
	if n := shared.Len(); n < 25 {
		t.Errorf("only %d results were shared", n)
	}

	// A package whose digest nobody asked for has no place to be known by.
	shared = catalog.NewShared()
	inventory(0, openBytes(t, "layer.zip", content), shared)
	if n := shared.Len(); n != 0 {
		t.Errorf("%d results were kept of a package of unknown digest", n)
	}
}

// BenchmarkSharedLayer lists the components of 50 functions that have a layer in
// common, and says how often those of a single one could be listed in that
// time. What one function alone takes includes opening the layer.
func BenchmarkSharedLayer(b *testing.B) {
	const functions = 50
	layers := map[string][]byte{"mixed": layerOf(b), "200-node-packages": nodeFunction(b)}
	for name, content := range layers {
		b.Run(name, func(b *testing.B) {
			open := func() fnpkg.Package {
				layer := openBytes(b, "layer.zip", content)
				if _, err := layer.Digest(b.Context()); err != nil {
					b.Fatal(err)
				}
				return layer
			}
			list := func(i int, layers *overlay.Stack, shared *catalog.Shared) {
				if _, err := catalog.Catalog(b.Context(), layers.Under(function(b, i)), catalog.Options{Shared: shared}); err != nil {
					b.Error(err)
				}
			}
			var one, all time.Duration
			for b.Loop() {
				begin := time.Now()
				list(0, overlay.NewStack(open()), nil)
				one += time.Since(begin)

				begin = time.Now()
				layers, shared := overlay.NewStack(open()), catalog.NewShared()
				var group sync.WaitGroup
				next := make(chan int)
				for range runtime.GOMAXPROCS(0) {
					group.Go(func() {
						for i := range next {
							list(i, layers, shared)
						}
					})
				}
				for i := range functions {
					next <- i
				}
				close(next)
				group.Wait()
				all += time.Since(begin)
			}
			b.ReportMetric(float64(all)/float64(one), "singles")
		})
	}
}
