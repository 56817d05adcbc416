package vulndb

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// sampleFeed is a feed of real advisories.
const sampleFeed = "../testdata/osv"

// clock is the time at which tests build indexes.
func clock() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }

// writeFeed writes a feed whose archives hold the given members, by ecosystem
// and member name.
func writeFeed(t testing.TB, archives map[string]map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for ecosystem, members := range archives {
		writeFile(t, filepath.Join(dir, ecosystem, archiveName), zipOf(t, members))
	}
	return dir
}

func zipOf(t testing.TB, members map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// feedOf writes a feed of JSON records. Each goes into the archive of every
// ecosystem it is about, as in the public bucket.
func feedOf(t testing.TB, records ...string) string {
	t.Helper()
	archives := make(map[string]map[string]string)
	for i, text := range records {
		var r indexedRecord
		var wrongType *json.UnmarshalTypeError
		if err := json.Unmarshal([]byte(text), &r); err != nil && !errors.As(err, &wrongType) {
			t.Fatalf("record %d: %v\n%s", i, err, text)
		}
		for _, a := range r.Affected {
			ecosystem := a.Package.Ecosystem
			if archives[ecosystem] == nil {
				archives[ecosystem] = make(map[string]string)
			}
			archives[ecosystem][fmt.Sprintf("%d-%s.json", i, r.ID)] = text
		}
	}
	return writeFeed(t, archives)
}

// update builds an index of a feed and returns its path.
func update(t testing.TB, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "osv.db")
	if _, err := Update(context.Background(), UpdateOptions{Sources: []string{source}, Path: path, Now: clock}); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens an index until the test ends.
func open(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// indexOf is an open index of JSON records.
func indexOf(t testing.TB, records ...string) *DB {
	t.Helper()
	return open(t, update(t, feedOf(t, records...)))
}

func match(t testing.TB, db *DB, components ...fnpkg.Component) *Result {
	t.Helper()
	result, err := db.Match(context.Background(), components)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// component makes a component of a purl without qualifiers.
func component(purl string) fnpkg.Component {
	rest := strings.TrimPrefix(purl, "pkg:")
	c := fnpkg.Component{PURL: purl, Origin: fnpkg.OriginShipped}
	c.Type, rest, _ = strings.Cut(rest, "/")
	c.Name = rest
	if i := strings.LastIndex(rest, "@"); i > 0 {
		c.Name, c.Version = rest[:i], rest[i+1:]
	}
	if c.Type == "maven" {
		c.Name = strings.Replace(c.Name, "/", ":", 1)
	}
	return c
}

// ids returns what affects a component: the leading ids, sorted.
func ids(r *Result) []string {
	out := []string{}
	for _, f := range r.Findings {
		out = append(out, f.ID)
	}
	slices.Sort(out)
	return out
}

// sub is a subject that is its own source.
func sub(ecosystem, name, version string) subject {
	return subject{ecosystem: ecosystem, name: name, version: version}
}
