package zipfile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

func TestEntries(t *testing.T) {
	stamped := zipvec.File("stamped", "")
	stamped.Central.Extra = []byte{'U', 'T', 5, 0, 1, 0x80, 0x52, 0x8a, 0x65} // 2023-12-26 04:11:44 UTC
	dos := zipvec.File("dos", "x")
	dos.Central.Creator, dos.Central.Attributes = 0, 0x20
	readOnly := zipvec.File("readonly", "x")
	readOnly.Central.Creator, readOnly.Central.Attributes = 0, 0x21
	p, err := open(t, zipvec.Zip(
		zipvec.File("z.py", "zz"),
		zipvec.File("./bootstrap", "#!").Unix(0o100755),
		zipvec.Dir("lib/"),
		zipvec.Link("lib/l", "../z.py"),
		zipvec.File("lib.py", "l"),
		stamped, dos, readOnly,
	).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	made := time.Date(2024, 1, 2, 3, 4, 6, 0, time.UTC)
	want := []fnpkg.Entry{
		{Path: "bootstrap", Mode: 0o755, Size: 2, ModTime: made},
		{Path: "dos", Mode: 0o666, Size: 1, ModTime: made},
		{Path: "lib", Mode: fs.ModeDir | 0o755, ModTime: made},
		{Path: "lib.py", Mode: 0o644, Size: 1, ModTime: made},
		{Path: "lib/l", Mode: fs.ModeSymlink | 0o777, Size: 7, ModTime: made, LinkTarget: "../z.py"},
		{Path: "readonly", Mode: 0o444, Size: 1, ModTime: made},
		{Path: "stamped", Mode: 0o644, ModTime: time.Date(2023, 12, 26, 4, 11, 44, 0, time.UTC)},
		{Path: "z.py", Mode: 0o644, Size: 2, ModTime: made},
	}
	if diff := cmp.Diff(want, p.Entries(), cmpopts.IgnoreUnexported(fnpkg.Entry{})); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if len(p.Hazards()) > 0 {
		t.Errorf("hazards: %+v", p.Hazards())
	}
	for _, e := range p.Entries() {
		if _, err := e.Open(); e.IsRegular() != (err == nil) || err != nil && !errors.Is(err, fnpkg.ErrNoContent) {
			t.Errorf("opening %s: %v", e.Path, err)
		}
	}
	if p.Kind() != fnpkg.KindZip || p.Name() != "test.zip" {
		t.Errorf("kind %q, name %q", p.Kind(), p.Name())
	}
}

func TestDigest(t *testing.T) {
	data := zipvec.Zip(zipvec.File("index.py", "x")).Bytes()
	p, err := open(t, data)
	if err != nil {
		t.Fatal(err)
	}
	want := fnpkg.Digest(sha256.Sum256(data))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := p.Digest(t.Context()); err != nil || got != want {
				t.Errorf("Digest = %s, %v; want %s", got, err, want)
			}
		})
	}
	wg.Wait()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Digest(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("Digest of a cancelled context: %v", err)
	}
}

func TestDigestChanged(t *testing.T) {
	data := zipvec.Zip(zipvec.File("index.py", "x")).Bytes()
	var changed atomic.Bool
	p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "x.zip", fnpkg.DefaultLimits(), zipfile.WithUnchanged(func() error {
		if changed.Load() {
			return fnpkg.ErrChanged
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	changed.Store(true)
	if d, err := p.Digest(t.Context()); !errors.Is(err, fnpkg.ErrChanged) || !d.IsZero() {
		t.Errorf("Digest = %s, %v, want ErrChanged", d, err)
	}
}

// TestShrunk opens a file that is shorter than it was said to be, as one that
// is written while it is read.
func TestShrunk(t *testing.T) {
	data := zipvec.Zip(zipvec.File("index.py", "x")).Bytes()
	_, err := zipfile.New(bytes.NewReader(data[:50]), int64(len(data)), "x.zip", fnpkg.DefaultLimits())
	if !errors.Is(err, fnpkg.ErrChanged) {
		t.Errorf("error %v, want ErrChanged", err)
	}
}

type closer struct{ closed int }

func (c *closer) Close() error { c.closed++; return nil }

func TestClose(t *testing.T) {
	data := zipvec.Zip(zipvec.File("index.py", "x")).Bytes()
	var c closer
	p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "x.zip", fnpkg.DefaultLimits(), zipfile.WithCloser(&c))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil || c.closed != 1 {
		t.Errorf("Close: %v, closed %d times", err, c.closed)
	}
	if _, err := zipfile.New(bytes.NewReader(nil), 0, "x.zip", fnpkg.DefaultLimits(), zipfile.WithCloser(&c)); err == nil || c.closed != 1 {
		t.Errorf("a failed New: %v, closed %d times", err, c.closed)
	}
}
