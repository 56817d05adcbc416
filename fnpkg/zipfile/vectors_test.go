package zipfile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

// vectorDir holds the committed vectors, seen from this folder.
var vectorDir = filepath.Join("..", "..", "testdata", "vectors")

func open(t testing.TB, data []byte) (*zipfile.Package, error) {
	t.Helper()
	return zipfile.New(bytes.NewReader(data), int64(len(data)), "test.zip", fnpkg.DefaultLimits())
}

// TestVectors opens each attack and expects exactly the hazards and errors
// that its vector names.
func TestVectors(t *testing.T) {
	for _, v := range zipvec.Vectors() {
		t.Run(v.Name, func(t *testing.T) {
			p, err := open(t, v.Bytes())
			checkFailure(t, "opening", err, v.Open)
			if err != nil {
				return
			}
			if diff := cmp.Diff(v.Hazards, ids(p.Hazards())); diff != "" {
				t.Errorf("hazards (-want +got):\n%s%+v", diff, p.Hazards())
			}
			checkFailure(t, "reading", readAll(p), v.Read)
			for _, e := range p.Entries() {
				if !filepath.IsLocal(filepath.FromSlash(e.Path)) {
					t.Errorf("entry %q leaves the package", e.Path)
				}
			}
		})
	}
}

// TestCommittedVectors holds the files of testdata/vectors against their
// generator.
func TestCommittedVectors(t *testing.T) {
	want := make(map[string]bool)
	for _, v := range zipvec.Vectors() {
		if v.Large {
			continue
		}
		want[v.Name+".zip"] = true
		got, err := os.ReadFile(filepath.Join(vectorDir, v.Name+".zip"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, v.Bytes()) {
			t.Errorf("%s.zip is not what its generator makes; run go run ./testdata/vectors/gen", v.Name)
		}
		if len(got) > 1<<20 {
			t.Errorf("%s.zip has %d bytes; mark it Large", v.Name, len(got))
		}
	}
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !want[filepath.Base(f)] {
			t.Errorf("%s has no generator", f)
		}
	}
	readme, err := os.ReadFile(filepath.Join(vectorDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(zipvec.Readme(), string(readme)); diff != "" {
		t.Errorf("README.md (-generated +committed):\n%s", diff)
	}
}

func checkFailure(t *testing.T, doing string, err error, want zipvec.Failure) {
	t.Helper()
	var format *fnpkg.FormatError
	var limit *fnpkg.LimitError
	got := zipvec.Succeeds
	switch {
	case errors.As(err, &format):
		got = zipvec.FormatError
	case errors.As(err, &limit):
		got = zipvec.LimitError
	case err != nil:
		t.Errorf("%s: %v, want an error of a named type", doing, err)
	}
	if got != want {
		t.Errorf("%s: error %q (%v), want %q", doing, got, err, want)
	}
}

// ids returns the ids among hazards, each once, in order.
func ids(hazards []fnpkg.Hazard) []fnpkg.HazardID {
	var out []fnpkg.HazardID
	for _, h := range hazards {
		out = append(out, h.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// readAll reads the content of all files and returns the first error.
func readAll(p fnpkg.Package) error {
	for _, e := range p.Entries() {
		if !e.IsRegular() {
			continue
		}
		c, err := e.Open()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, c)
		c.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
