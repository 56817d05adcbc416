package vulndb

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestOpenWithoutIndex(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "osv.db"), filepath.Join(dir, "no", "such", "osv.db"), dir, dir + string(os.PathSeparator)} {
		if _, err := Open(path); !errors.Is(err, ErrNoFeed) {
			t.Errorf("%s: error %v", path, err)
		}
	}
	t.Run("default path", func(t *testing.T) {
		t.Setenv("XDG_CACHE_HOME", dir)
		t.Setenv("HOME", dir)
		t.Setenv("LocalAppData", dir)
		if _, err := Open(""); !errors.Is(err, ErrNoFeed) {
			t.Errorf("error %v", err)
		}
		path, err := DefaultPath()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Update(t.Context(), UpdateOptions{Sources: []string{sampleFeed}}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(path, pointerName)); err != nil {
			t.Error(err)
		}
		open(t, "")
	})
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(update(t, sampleFeed))
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	db, err := bbolt.Open(foreign, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	bolt, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]byte{
		"empty":               nil,
		"text":                []byte("not an index\n"),
		"another bbolt file":  bolt,
		"the seal alone":      good[len(good)-sealTail:],
		"cut by a byte":       good[:len(good)-1],
		"cut in half":         good[:len(good)/2],
		"cut to its pages":    good[:len(good)/pageBytes*pageBytes],
		"with a byte more":    append(bytes.Clone(good), 0),
		"zeros":               make([]byte, len(good)),
		"a page cut out":      slices.Concat(good[:4*pageBytes], good[5*pageBytes:]),
		"a page swapped":      slices.Concat(good[:4*pageBytes], good[5*pageBytes:6*pageBytes], good[4*pageBytes:5*pageBytes], good[6*pageBytes:]),
		"the seal of another": slices.Concat(bolt, good[len(good)/pageBytes*pageBytes:]),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "osv.db")
			writeFile(t, path, data)
			_, err := Open(path)
			var refused *IndexError
			if !errors.As(err, &refused) || refused.Reason == "" {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("a pointer to elsewhere", func(t *testing.T) {
		for _, content := range []string{``, `{}`, `{"index":"../osv-1.db"}`, `{"index":"/etc/osv-1.db"}`, `[]`} {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, pointerName), []byte(content))
			var refused *IndexError
			if _, err := Open(dir); !errors.As(err, &refused) {
				t.Errorf("%q: error %v", content, err)
			}
		}
	})
	t.Run("a pointer to nothing", func(t *testing.T) {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, pointerName), []byte(`{"index":"osv-1.db"}`))
		if _, err := Open(dir); !errors.Is(err, ErrNoFeed) {
			t.Errorf("error %v", err)
		}
	})
}

// probe is what an index is asked in the tests of damage.
var probe = []string{
	"pkg:npm/lodash@4.17.15", "pkg:npm/axios@0.21.0", "pkg:npm/jquery@1.9.0", "pkg:pypi/pyyaml@5.1", "pkg:pypi/urllib3@1.24", "pkg:pypi/jinja2@2.0",
	"pkg:golang/stdlib@1.20.1", "pkg:golang/golang.org/x/net@v0.1.0", "pkg:maven/junit/junit@4.12", "pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.9.0",
}

func probeComponents() []fnpkg.Component {
	var out []fnpkg.Component
	for _, purl := range probe {
		out = append(out, component(purl))
	}
	return out
}

// TestDamageIsFound flips bits all over an index. Each time the index is
// refused, or the match fails, or the damage is where it changes nothing: the
// answer is never another one.
func TestDamageIsFound(t *testing.T) {
	path := update(t, sampleFeed)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := match(t, open(t, path), probeComponents()...)
	if len(want.Findings) < 50 {
		t.Fatalf("%d findings", len(want.Findings))
	}
	r := rand.New(rand.NewPCG(1, 2))
	refused, failed, harmless := 0, 0, 0
	damaged := filepath.Join(t.TempDir(), "osv.db")
	writeFile(t, damaged, good)
	file, err := os.OpenFile(damaged, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for round := range 400 {
		at := r.IntN(len(good))
		if round%2 == 0 { // page headers and element tables are where it hurts
			at = min(at/pageBytes*pageBytes+r.IntN(64), len(good)-1)
		}
		if _, err := file.WriteAt([]byte{good[at] ^ 1<<r.IntN(8)}, int64(at)); err != nil {
			t.Fatal(err)
		}
		mend := func() {
			if _, err := file.WriteAt(good[at:at+1], int64(at)); err != nil {
				t.Fatal(err)
			}
		}

		var found *IndexError
		db, err := Open(damaged)
		if err != nil {
			if !errors.As(err, &found) {
				t.Fatalf("byte %d: %v", at, err)
			}
			refused++
			mend()
			continue
		}
		got, err := db.Match(t.Context(), probeComponents())
		db.Close()
		mend()
		switch {
		case errors.As(err, &found):
			failed++
		case err != nil:
			t.Fatalf("byte %d: %v", at, err)
		case !reflect.DeepEqual(want, got):
			t.Fatalf("byte %d: another answer\n%s", at, cmp.Diff(want, got))
		default:
			harmless++
		}
	}
	t.Logf("%d refused, %d failed, %d harmless", refused, failed, harmless)
	if refused == 0 || failed == 0 {
		t.Errorf("the damage did not reach pages and records alike: %d refused, %d failed", refused, failed)
	}
}

// TestFileChangesWhileOpen: a file that is cut under the mapping gives an
// error, not a crash.
func TestFileChangesWhileOpen(t *testing.T) {
	path := update(t, sampleFeed)
	db := open(t, path)
	if err := os.Truncate(path, 2*pageBytes); err != nil {
		t.Skipf("this system does not cut a mapped file: %v", err)
	}
	_, err := db.Match(t.Context(), probeComponents())
	var damaged *IndexError
	if !errors.As(err, &damaged) {
		t.Errorf("error %v", err)
	}
}

// FuzzSeal: no bytes at the end of a file make reading the seal panic.
func FuzzSeal(f *testing.F) {
	good, err := os.ReadFile(update(f, sampleFeed))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good[len(good)/pageBytes*pageBytes:])
	f.Add((&seal{pages: 0, runs: []pageRun{{0, 0, 0}}}).encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := readSeal(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		if err := s.check(bytes.NewReader(data)); err == nil && s.pages > int64(len(data)) {
			t.Errorf("%d bytes of pages in a file of %d", s.pages, len(data))
		}
	})
}
