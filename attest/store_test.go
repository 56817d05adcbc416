package attest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// show renders items in a line each: source, named or not, text or error.
func show(items []attest.Item) []string {
	var out []string
	for _, i := range items {
		s := i.Source
		if i.Named {
			s += " named"
		}
		if i.Err != nil {
			s += " error: " + i.Err.Error()
		} else {
			s += " " + string(i.JSON)
		}
		out = append(out, s)
	}
	return out
}

func TestReadBundles(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 200) + `"}`
	limits := attest.Limits{BundleBytes: 100, FileBytes: 1000, Bundles: 4}
	for name, tt := range map[string]struct {
		file, content string
		want          []string
	}{
		"one":                {"f.json", `{"a":1}`, []string{`f.json named {"a":1}`}},
		"one and a line end": {"f.json", "{\"a\":1}\n", []string{`f.json named {"a":1}`}},
		"one over lines":     {"f.json", "\n{\n \"a\": 1\r\n}\n", []string{"f.json named {\n \"a\": 1\r\n}"}},
		"lines":              {"f.json", "{\"a\":1}\n\n{\"b\":2}\r\n", []string{`f.json:1 named {"a":1}`, `f.json:3 named {"b":2}`}},
		"one line":           {"f.jsonl", `{"a":1}`, []string{`f.jsonl:1 named {"a":1}`}},
		"line of junk": {"f.jsonl", "junk\n{\"a\":1}\n{", []string{
			"f.jsonl:1 named error: not valid JSON at byte 1: invalid character 'j' looking for beginning of value",
			`f.jsonl:2 named {"a":1}`,
			"f.jsonl:3 named error: not valid JSON at byte 1: unexpected end of JSON input"}},
		"junk":       {"f.json", "junk\nmore", []string{"f.json named error: not valid JSON at byte 1: invalid character 'j' looking for beginning of value"}},
		"not object": {"f.json", "[]", []string{"f.json named error: it is JSON but no object"}},
		"duplicate":  {"f.json", `{"a":1,"a":2}`, []string{`f.json named error: two members are named "a"`}},
		"not UTF-8":  {"f.jsonl", "{\"a\":\"\xff\"}", []string{`f.jsonl:1 named error: not valid UTF-8`}},
		"empty":      {"f.json", "", []string{"f.json named error: it is empty"}},
		"blank":      {"f.jsonl", "\n \n", []string{"f.jsonl named error: it is empty"}},
		"long":       {"f.json", long, []string{"f.json named error: bytes of a bundle: 208 is over the limit of 100"}},
		"long value over lines": {"f.json", "{\n" + long[1:], []string{
			"f.json named error: bytes of a bundle: 101 is over the limit of 100"}},
		"long line": {"f.jsonl", long + "\n{\"a\":1}\n", []string{
			"f.jsonl:1 named error: bytes of a bundle: 208 is over the limit of 100", `f.jsonl:2 named {"a":1}`}},
		"long last line": {"f.jsonl", "{\"a\":1}\n" + long, []string{
			`f.jsonl:1 named {"a":1}`, "f.jsonl:2 named error: bytes of a bundle: 208 is over the limit of 100"}},
		"long file": {"f.jsonl", "{\"a\":1}\n" + strings.Repeat(" ", 2000), []string{
			`f.jsonl named error: bytes of a file of bundles: 1001 is over the limit of 1000`}},
		"many": {"f.jsonl", strings.Repeat("{}\n", 6), []string{
			"f.jsonl:1 named {}", "f.jsonl:2 named {}", "f.jsonl:3 named {}", "f.jsonl:4 named {}",
			"f.jsonl named error: not read further: bundles: 5 is over the limit of 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.file)
			write(t, path, tt.content)
			items, err := attest.ReadBundles(t.Context(), []string{path}, limits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, show(items)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, i := range items {
				if i.Input != path {
					t.Errorf("input %q", i.Input)
				}
			}
		})
	}
}

func TestReadBundlesMissing(t *testing.T) {
	dir := t.TempDir()
	items, err := attest.ReadBundles(t.Context(), []string{filepath.Join(dir, "absent.json"), dir}, attest.DefaultLimits())
	if err != nil || len(items) != 2 {
		t.Fatalf("%v, %v", items, err)
	}
	if !errors.Is(items[0].Err, os.ErrNotExist) || strings.Contains(items[0].Err.Error(), dir) {
		t.Errorf("absent: %v", items[0].Err)
	}
	if items[1].Err == nil {
		t.Error("a folder was read as a bundle")
	}
}

func TestDiscoverBundles(t *testing.T) {
	artifact := filepath.Join(t.TempDir(), "fn.zip")
	items, err := attest.DiscoverBundles(t.Context(), artifact, attest.DefaultLimits())
	if err != nil || items != nil {
		t.Fatalf("nothing there: %v, %v", items, err)
	}
	write(t, attest.BundlePath(artifact), `{"a":1}`)
	write(t, attest.LinesPath(artifact), "{\"b\":2}\njunk\n")
	items, err = attest.DiscoverBundles(t.Context(), artifact, attest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`fn.zip.sigstore.json {"a":1}`,
		`fn.zip.sigstore.jsonl:1 {"b":2}`,
		"fn.zip.sigstore.jsonl:2 error: not valid JSON at byte 1: invalid character 'j' looking for beginning of value",
	}
	if diff := cmp.Diff(want, show(items)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// The limit is one for the artifact, not one for each file.
	items, err = attest.DiscoverBundles(t.Context(), artifact, attest.Limits{Bundles: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 3 || items[2].Err == nil {
		t.Errorf("over the limit: %q", show(items))
	}

	// What is no regular file is not opened: a pipe would block for ever.
	if err := os.Remove(attest.BundlePath(artifact)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(attest.BundlePath(artifact), 0o755); err != nil {
		t.Fatal(err)
	}
	items, err = attest.DiscoverBundles(t.Context(), artifact, attest.DefaultLimits())
	if err != nil || len(items) != 3 || items[0].Err == nil || items[0].Named {
		t.Errorf("a folder in a bundle's place: %q, %v", show(items), err)
	}
}

func TestReadBundlesCancelled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.jsonl")
	write(t, path, "{}\n{}\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := attest.ReadBundles(ctx, []string{path}, attest.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWriteBundles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.jsonl")
	write(t, path, "old\n")
	if err := attest.WriteBundles(path, []byte("{ \"a\" :\n 1 }"), []byte(`{"b":2}`)); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, path), "{\"a\":1}\n{\"b\":2}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := attest.WriteBundles(path, []byte("{")); err == nil || read(t, path) == "" {
		t.Errorf("junk: %v", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAppendBundles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fn.zip.sigstore.jsonl")
	add := func(bundles ...string) {
		t.Helper()
		var data [][]byte
		for _, b := range bundles {
			data = append(data, []byte(b))
		}
		if err := attest.AppendBundles(t.Context(), path, attest.DefaultLimits(), data...); err != nil {
			t.Fatal(err)
		}
	}
	add(`{"a":1}`)
	add(`{"b":2}`, `{ "a": 1 }`, `{"c":3}`, `{"c":3}`)
	if got, want := read(t, path), "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	write(t, path, "what a peer wrote") // without a line end
	add(`{"a":1}`)
	if got, want := read(t, path), "what a peer wrote\n{\"a\":1}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	err := attest.AppendBundles(t.Context(), path, attest.Limits{FileBytes: 30}, []byte(`{"d":4}`))
	var over *fnpkg.LimitError
	if !errors.As(err, &over) {
		t.Errorf("over the limit: %v", err)
	}
	if err := attest.AppendBundles(t.Context(), path, attest.DefaultLimits(), []byte("junk")); err == nil {
		t.Error("junk was appended")
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

const appendHelper = "FNSEAL_TEST_APPEND"

// TestAppendHelper is the other process of TestAppendConcurrently.
func TestAppendHelper(t *testing.T) {
	who := os.Getenv(appendHelper)
	if who == "" {
		t.Skip("run by TestAppendConcurrently")
	}
	appendMany(t, os.Getenv(appendHelper+"_FILE"), who)
}

const appends = 20

func appendMany(t *testing.T, path, who string) {
	for i := range appends {
		line := fmt.Sprintf(`{"by":%q,"n":%d}`, who, i)
		if err := attest.AppendBundles(t.Context(), path, attest.DefaultLimits(), []byte(line)); err != nil {
			t.Error(err)
		}
	}
}

func TestAppendConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fn.zip.sigstore.jsonl")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			cmd := exec.Command(self, "-test.run=^TestAppendHelper$", "-test.count=1")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=process %d", appendHelper, i), appendHelper+"_FILE="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
		all.Go(func() { appendMany(t, path, fmt.Sprintf("goroutine %d", i)) })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	// A reader meanwhile sees whole lines only.
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		items, err := attest.ReadBundles(t.Context(), []string{path}, attest.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			if item.Err != nil && !errors.Is(item.Err, os.ErrNotExist) {
				t.Fatalf("half a file was seen: %v", item.Err)
			}
		}
	}
	lines := bytes.Count([]byte(read(t, path)), []byte("\n"))
	if want := 6 * appends; lines != want {
		t.Errorf("%d of %d bundles are there", lines, want)
	}
}

func TestAppendCancelledWhileWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.jsonl")
	held, err := lockedfile.Create(filepath.Join(filepath.Dir(path), ".f.jsonl.lock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error)
	go func() { got <- attest.AppendBundles(ctx, path, attest.DefaultLimits(), []byte("{}")) }()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was written: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	// The lock is free again, also of the one who gave up waiting.
	if err := attest.AppendBundles(t.Context(), path, attest.DefaultLimits(), []byte("{}")); err != nil {
		t.Error(err)
	}
}
