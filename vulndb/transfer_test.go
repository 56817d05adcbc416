package vulndb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestVerifyFindsDamage flips bits all over an index. What Verify lets pass
// answers as the undamaged index does, to the last record.
func TestVerifyFindsDamage(t *testing.T) {
	path := update(t, sampleFeed)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := open(t, path)
	if err := want.Verify(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(11, 12))
	refused, found, harmless := 0, 0, 0
	for range 120 {
		data := bytes.Clone(good)
		data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		damaged := filepath.Join(t.TempDir(), "osv.db")
		writeFile(t, damaged, data)
		db, err := Open(damaged)
		if err != nil {
			refused++
			continue
		}
		err = db.Verify(t.Context(), nil)
		var index *IndexError
		switch {
		case err == nil:
			harmless++
			if db.Stamp().Content != want.Stamp().Content {
				t.Error("verified, with another content")
			}
		case errors.As(err, &index):
			found++
		default:
			t.Errorf("error %v", err)
		}
		db.Close()
	}
	t.Logf("refused when opened %d, found by Verify %d, harmless %d", refused, found, harmless)
	if found < 20 || refused < 5 || harmless > 40 {
		t.Errorf("refused when opened %d, found by Verify %d, harmless %d", refused, found, harmless)
	}
}

func TestExportAndImport(t *testing.T) {
	from := open(t, update(t, sampleFeed))
	var buf bytes.Buffer
	sum, err := from.Export(t.Context(), &buf)
	if err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256(buf.Bytes()); sum != hex.EncodeToString(want[:]) {
		t.Errorf("sum %s", sum)
	}
	file := filepath.Join(t.TempDir(), "export")
	writeFile(t, file, buf.Bytes())
	for _, suffix := range []string{"", string(os.PathSeparator)} {
		to := filepath.Join(t.TempDir(), "osv.db") + suffix
		stamp, err := Import(t.Context(), to, file, strings.ToUpper(sum))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(from.Stamp(), *stamp); diff != "" {
			t.Errorf("stamp (-from +to):\n%s", diff)
		}
		if diff := cmp.Diff(match(t, from, probeComponents()...), match(t, open(t, to), probeComponents()...)); diff != "" {
			t.Errorf("(-from +to):\n%s", diff)
		}
		// An update goes on from what was imported.
		if _, err := Update(t.Context(), UpdateOptions{Sources: []string{sampleFeed}, Path: to}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestImportRefuses: whatever is wrong with a file, the index stays.
func TestImportRefuses(t *testing.T) {
	path := update(t, sampleFeed)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sumOf := func(data []byte) string {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	}
	foreign := []byte("not an index\n")
	cut := good[:len(good)-1]
	record := bytes.Clone(good) // a record changes, with all that Open compares in order
	tests := []struct {
		name string
		data []byte
		sum  string
		want string
	}{
		{"another hash", good, sumOf(foreign), "not the one that is expected"},
		{"no hash", good, "", "no sha256"},
		{"a short hash", good, "abcd", "no sha256"},
		{"foreign bytes", foreign, sumOf(foreign), "not a feed index"},
		{"a cut file", cut, sumOf(cut), "not a feed index"},
		{"nothing", nil, sumOf(nil), "not a feed index"},
		{"a damaged record", record, "", ""},
	}
	for i := range 4000 { // somewhere in the records, which Open leaves out
		record[len(record)/2+i] ^= 0x55
	}
	tests[len(tests)-1].sum, tests[len(tests)-1].want = sumOf(record), "damaged"
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "export")
			writeFile(t, file, test.data)
			_, err := Import(t.Context(), path, file, test.sum)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), file) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			checkUntouched(t, path, good)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "export")
		writeFile(t, file, good)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Import(ctx, path, file, sumOf(good)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		checkUntouched(t, path, good)
	})
}

func TestNeeded(t *testing.T) {
	dir := t.TempDir()
	now := clock()
	needed := func(want ...string) {
		t.Helper()
		got, err := Needed(dir, now)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v %v, want %v", got, err, want)
		}
	}
	record := func(ecosystems ...string) {
		t.Helper()
		if err := RecordNeeded(dir, ecosystems, now); err != nil {
			t.Fatal(err)
		}
	}
	needed()
	record("npm", "Debian:12", "../escape", "")
	needed("Debian:12", "npm")
	now = now.Add(60 * 24 * time.Hour)
	record("npm", "PyPI")
	needed("Debian:12", "PyPI", "npm")
	now = now.Add(60 * 24 * time.Hour)
	needed("PyPI", "npm")
	record("Go")
	needed("Go", "PyPI", "npm")
	for _, junk := range []string{"", "[]", "null", `{"npm":"never"}`} {
		writeFile(t, filepath.Join(dir, neededName), []byte(junk))
		needed()
	}
	file := filepath.Join(t.TempDir(), "osv.db") // nothing is kept beside a file
	if err := RecordNeeded(file, []string{"npm"}, now); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 0 {
		t.Errorf("%v %v", entries, err)
	}
}

func TestDefect(t *testing.T) {
	db := indexOf(t, aliasPYSEC, aliasGHSA, aliasThird)
	for _, id := range []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1"} {
		d, err := db.Defect(id)
		if err != nil || d == nil {
			t.Fatal(d, err)
		}
		if d.ID != "CVE-2026-1" || len(d.Records) != 3 || d.Severity != SeverityCritical || d.Summary != "Told by GitHub" {
			t.Errorf("%s: %+v", id, d.Finding)
		}
		want := []AffectedPackage{
			{"BIT-p-2026-1", "Bitnami", "p", "1 listed versions"},
			{"GHSA-aaaa-bbbb-cccc", "PyPI", "p", "< 2.0, >= 3.0 < 3.1"},
			{"PYSEC-2026-1", "PyPI", "p", "< 2.1"},
		}
		if diff := cmp.Diff(want, d.Affected); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	if d, err := db.Defect("CVE-1999-1"); d != nil || err != nil {
		t.Errorf("%+v %v", d, err)
	}
}
