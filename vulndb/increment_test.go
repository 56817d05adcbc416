package vulndb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/internal/testkit/osvserver"
)

// bucket is a feed that changes: texts of records by ecosystem and id.
type bucket map[string]map[string]string

// write lays the bucket out in a folder: archives, lists, single records.
func (b bucket) write(t testing.TB, dir string) {
	t.Helper()
	var names []string
	for ecosystem, records := range b {
		names = append(names, ecosystem)
		folder := filepath.Join(dir, ecosystem)
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		members := make(map[string]string)
		var list []string
		for id, text := range records {
			members[id+".json"] = text
			list = append(list, modifiedOf(t, text)+","+id)
			writeFile(t, filepath.Join(folder, id+".json"), []byte(text))
		}
		slices.Sort(list)
		slices.Reverse(list) // the newest first
		writeFile(t, filepath.Join(folder, archiveName), zipOf(t, members))
		writeFile(t, filepath.Join(folder, listName), []byte(strings.Join(list, "\n")+"\n"))
	}
	slices.Sort(names)
	writeFile(t, filepath.Join(dir, ecosystemsName), []byte(strings.Join(names, "\n")+"\n"))
}

func modifiedOf(t testing.TB, text string) string {
	t.Helper()
	var r indexedRecord
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r.Modified
}

// madeUp is a record about some of few packages, with aliases among few ids,
// so that records meet.
func madeUp(r *rand.Rand, id string, modified time.Time) string {
	var aliases []string
	for range r.IntN(3) {
		aliases = append(aliases, fmt.Sprintf("%s-%d", []string{"CVE-2026", "GHSA", "X"}[r.IntN(3)], r.IntN(30)))
	}
	var affected []map[string]any
	for range 1 + r.IntN(3) {
		affected = append(affected, map[string]any{
			"package":  map[string]any{"ecosystem": []string{"npm", "PyPI"}[r.IntN(2)], "name": fmt.Sprintf("p%d", r.IntN(12))},
			"versions": []string{fmt.Sprintf("%d.0.0", r.IntN(4))},
		})
	}
	record := map[string]any{"id": id, "modified": modified.Format(time.RFC3339Nano), "aliases": aliases, "affected": affected, "summary": strings.Repeat("s", r.IntN(60))}
	if r.IntN(10) == 0 {
		record["withdrawn"] = modified.Format(time.RFC3339Nano)
	}
	text, err := json.Marshal(record)
	if err != nil {
		panic(err) // maps of strings
	}
	return string(text)
}

// change alters a few records of a bucket: some come, some go, some are
// modified, some are in two ecosystems.
func (b bucket) change(r *rand.Rand, modified time.Time, count int) {
	for n := range count {
		id := fmt.Sprintf("%s-%d", []string{"CVE-2026", "GHSA", "X"}[r.IntN(3)], r.IntN(30))
		text := madeUp(r, id, modified.Add(time.Duration(n)*time.Microsecond))
		for _, ecosystem := range []string{"npm", "PyPI"} {
			switch r.IntN(4) {
			case 0:
				delete(b[ecosystem], id)
			case 1, 2:
				b[ecosystem][id] = text
			case 3:
				if b[ecosystem][id] != "" {
					b[ecosystem][id] = text
				}
			}
		}
	}
}

// TestIncrementsEqualRebuilds: whatever changes in the sources, an index that
// is updated again and again has the content of one that is made anew.
func TestIncrementsEqualRebuilds(t *testing.T) {
	for _, over := range []string{"http", "folder", "own"} {
		t.Run(over, func(t *testing.T) {
			for seed := range uint64(3) {
				r := rand.New(rand.NewPCG(seed, 7))
				now := clock()
				dir, own := t.TempDir(), t.TempDir()
				b := bucket{"npm": {}, "PyPI": {}}
				for ecosystem := range b {
					for i := range 20 {
						id := fmt.Sprintf("GHSA-%d", i)
						b[ecosystem][id] = madeUp(r, id, now)
					}
				}
				sources := []string{dir}
				switch over {
				case "http":
					sources = []string{osvserver.New(t, dir).URL}
				case "own":
					sources = []string{dir, own}
				}
				path := filepath.Join(t.TempDir(), "osv.db")
				for round := range 10 {
					b.write(t, dir)
					if over == "own" && round%2 == 0 {
						id := fmt.Sprintf("X-%d", r.IntN(30))
						writeFile(t, filepath.Join(own, "deep", id+".json"), []byte(madeUp(r, id, now.Add(time.Duration(r.IntN(90))*time.Minute))))
					}
					o := UpdateOptions{Sources: sources, Path: path, Now: clock}
					if round == 5 {
						o.Ecosystems = []string{"npm"} // and both again in the next round
					}
					got, err := Update(context.Background(), o)
					if err != nil {
						t.Fatalf("seed %d, round %d: %v", seed, round, err)
					}
					o.Path = filepath.Join(t.TempDir(), "osv.db")
					want, err := Update(context.Background(), o)
					if err != nil {
						t.Fatal(err)
					}
					if got.Content != want.Content || got.Records != want.Records {
						t.Fatalf("seed %d, round %d: the increment has %d records of content %s, made anew it has %d of %s", seed, round, got.Records, got.Content, want.Records, want.Content)
					}
					if diff := cmp.Diff(want.Sources, got.Sources, cmp.FilterPath(func(p cmp.Path) bool {
						name := p.Last().String()
						return name == ".Bytes" || name == ".Tag" || name == ".ListTag" || name == ".SHA256"
					}, cmp.Ignore())); diff != "" {
						t.Fatalf("seed %d, round %d: sources (-anew +increment):\n%s", seed, round, diff)
					}
					now = now.Add(time.Hour)
					b.change(r, now, 1+r.IntN(6))
				}
			}
		})
	}
}

// largeBucket is a feed of which an archive costs more than a few records.
func largeBucket(records, noiseBytes int) bucket {
	r := rand.New(rand.NewPCG(3, 3))
	b := bucket{"npm": {}}
	for i := range records {
		id := fmt.Sprintf("GHSA-%d", i)
		text := madeUp(r, id, clock())
		noise := make([]byte, noiseBytes)
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		b["npm"][id] = strings.TrimSuffix(text, "}") + `,"details":"` + hex.EncodeToString(noise) + `"}`
	}
	return b
}

// TestUpdateAsksForLittle: an update asks for what has changed and for no more.
func TestUpdateAsksForLittle(t *testing.T) {
	dir := t.TempDir()
	b := largeBucket(400, 700)
	b.write(t, dir)
	server := osvserver.New(t, dir)
	path := filepath.Join(t.TempDir(), "osv.db")
	run := func() []string {
		t.Helper()
		before := len(server.Requests())
		if _, err := Update(context.Background(), UpdateOptions{Sources: []string{server.URL}, Path: path}); err != nil {
			t.Fatal(err)
		}
		asked := server.Requests()[before:]
		slices.Sort(asked)
		return asked
	}
	check := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, run()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("the first time", "GET /ecosystems.txt 200", "GET /npm/all.zip 200")
	check("nothing has changed, no tag of the list is known", "GET /ecosystems.txt 200", "GET /npm/modified_id.csv 200")
	check("nothing has changed", "GET /ecosystems.txt 200", "GET /npm/modified_id.csv 304")

	newer := clock().Add(time.Hour)
	r := rand.New(rand.NewPCG(4, 4))
	for _, id := range []string{"GHSA-7", "GHSA-9", "GHSA-1000"} {
		b["npm"][id] = madeUp(r, id, newer)
	}
	delete(b["npm"], "GHSA-8")
	b.write(t, dir)
	check("three are newer, one is gone", "GET /ecosystems.txt 200", "GET /npm/GHSA-1000.json 200", "GET /npm/GHSA-7.json 200", "GET /npm/GHSA-9.json 200", "GET /npm/modified_id.csv 200")
	db := open(t, path)
	for id, want := range map[string]bool{"GHSA-7": true, "GHSA-8": false, "GHSA-1000": true} {
		if text, err := db.Record(id); err != nil || (text != nil) != want || want && string(text) != b["npm"][id] {
			t.Errorf("%s: %q %v", id, text, err)
		}
	}

	for i := range 60 {
		id := fmt.Sprintf("GHSA-%d", i)
		b["npm"][id] = madeUp(r, id, newer.Add(time.Hour))
	}
	b.write(t, dir)
	check("sixty are newer, which is more than the archive", "GET /ecosystems.txt 200", "GET /npm/all.zip 200", "GET /npm/modified_id.csv 200")

	server.Break("npm/modified_id.csv", osvserver.NotFound)
	check("a mirror without lists", "GET /ecosystems.txt 200", "GET /npm/all.zip 304", "GET /npm/modified_id.csv 404")
}

// TestHostileIncrements: whatever a mirror says to a second update, the old
// index stays or the new one is right.
func TestHostileIncrements(t *testing.T) {
	quick := Limits{Backoff: time.Millisecond, Attempts: 2, Stall: 100 * time.Millisecond}
	list := func(lines ...string) osvserver.Fault {
		return func(w http.ResponseWriter, r *http.Request, _ []byte) {
			osvserver.Serve(w, r, []byte(strings.Join(lines, "\n")))
		}
	}
	const changed = "npm/GHSA-7.json"
	tests := []struct {
		name, file string
		fault      osvserver.Fault
		want       string // a part of the error; empty: the update succeeds
	}{
		{"HTML for the list", "npm/modified_id.csv", osvserver.HTML("text/csv"), "HTML page"},
		{"an empty list", "npm/modified_id.csv", list(), "names no record"},
		{"no list", "npm/modified_id.csv", list("{}"), "no time and id"},
		{"a path as id", "npm/modified_id.csv", list("2026-09-01T12:00:00Z,../../etc/passwd"), "cannot be"},
		{"a list of a terabyte", "npm/modified_id.csv", osvserver.Claims(1 << 40), "announces"},
		{"an endless list", "npm/modified_id.csv", osvserver.Endless, "more bytes than the limit"},
		{"a corrupt list", "npm/modified_id.csv", osvserver.Corrupt, "CRC32C"},
		{"a cut list, of which no header tells", "npm/modified_id.csv", func(w http.ResponseWriter, r *http.Request, content []byte) {
			_, _ = w.Write(content[:bytes.LastIndexByte(content[:len(content)/5], '\n')+1])
		}, ""}, // the archive is asked instead
		{"HTML for a record", changed, osvserver.HTML("application/json"), "HTML page"},
		{"HTML that says so", changed, osvserver.HTML("text/html"), "HTML page"},
		{"no JSON for a record", changed, list("{"), ""}, // told of, and counted
		{"another record", changed, list(`{"id":"GHSA-8","modified":"2027-01-01T00:00:00Z"}`), "not asked for"},
		{"an endless record", changed, osvserver.Endless, "more bytes than the limit"},
		{"a stalled line", changed, osvserver.Stalled(10), "stalled"},
		{"a slow drip", changed, osvserver.Drip, "stalled"},
		{"a redirect loop", changed, osvserver.RedirectLoop, "redirects"},
		{"a record that is gone by now", changed, osvserver.NotFound, ""},
		{"403 for a record", changed, osvserver.Status(http.StatusForbidden, ""), "403"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			records := 60
			if strings.HasPrefix(test.name, "a cut list") {
				records = 1600
			}
			b := largeBucket(records, 700)
			b.write(t, dir)
			server := osvserver.New(t, dir)
			path := update(t, server.URL)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b["npm"]["GHSA-7"] = madeUp(rand.New(rand.NewPCG(5, 5)), "GHSA-7", clock().Add(time.Hour))
			b.write(t, dir)
			server.Break(test.file, test.fault)
			limits := quick
			limits.RecordBytes = 1 << 20
			limits.Records = 100_000
			_, err = Update(context.Background(), UpdateOptions{Sources: []string{server.URL}, Path: path, Limits: limits})
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				open(t, path)
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), server.URL) {
				t.Errorf("error %v, want one with %q and the URL", err, test.want)
			}
			var source *SourceError
			if !errors.As(err, &source) {
				t.Errorf("error is a %T", err)
			}
			checkUntouched(t, path, before)
		})
	}
}

// TestDownloadIsResumed: what an update that was cut off has brought is not
// asked for again, by the same process or by another.
func TestDownloadIsResumed(t *testing.T) {
	dir := t.TempDir()
	largeBucket(100, 40_000).write(t, dir)
	archive, err := os.ReadFile(filepath.Join(dir, "npm", archiveName))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive) < 3*keepPartial {
		t.Fatalf("the archive has %d bytes only", len(archive))
	}
	half := len(archive) / 2
	server := osvserver.New(t, dir)
	path := filepath.Join(t.TempDir(), "osv.db")
	tests := []struct {
		name  string
		first osvserver.Fault
		then  func()
		want  []string // ranges that are asked for after the first
	}{
		{"after a cut", osvserver.First(1, osvserver.Truncated(half)), nil, []string{fmt.Sprintf("bytes=%d-", half)}},
		{"after a cut at the very end", osvserver.First(1, osvserver.Truncated(len(archive)-1)), nil, []string{fmt.Sprintf("bytes=%d-", len(archive)-1)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var ranges []string
			server.Break("npm/all.zip", func(w http.ResponseWriter, r *http.Request, content []byte) {
				if asked := r.Header.Get("Range"); asked != "" {
					ranges = append(ranges, asked)
				}
				test.first(w, r, content)
			})
			for _, attempts := range []int{1, 4} { // the first update fails, the second goes on
				_, err = Update(context.Background(), UpdateOptions{Sources: []string{server.URL}, Path: path, Limits: Limits{Attempts: attempts, Backoff: time.Millisecond}})
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, ranges); diff != "" {
				t.Errorf("ranges (-want +got):\n%s", diff)
			}
			stamp := open(t, path).Stamp()
			if sum := sha256.Sum256(archive); stamp.Sources[0].SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("the archive was put together wrongly: %s", stamp.Sources[0].SHA256)
			}
			checkNothingBeside(t, path)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("not if the file is another by now", func(t *testing.T) {
		server.Break("npm/all.zip", osvserver.First(1, osvserver.Truncated(half)))
		o := UpdateOptions{Sources: []string{server.URL}, Path: path, Limits: Limits{Attempts: 1}}
		if _, err := Update(context.Background(), o); err == nil {
			t.Fatal("no error")
		}
		b := largeBucket(90, 40_000)
		b.write(t, dir)
		stamp, err := Update(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if stamp.Records != 90 {
			t.Errorf("%d records", stamp.Records)
		}
		checkNothingBeside(t, path)
	})
	t.Run("a server that sends another part", func(t *testing.T) {
		os.Remove(path)
		server.Break("npm/all.zip", osvserver.First(1, osvserver.Truncated(keepPartial+5)))
		o := UpdateOptions{Sources: []string{server.URL}, Path: path, Limits: Limits{Attempts: 1}}
		if _, err := Update(context.Background(), o); err == nil {
			t.Fatal("no error")
		}
		server.Break("npm/all.zip", osvserver.First(1, func(w http.ResponseWriter, r *http.Request, content []byte) {
			r.Header.Set("Range", "bytes=3-")
			r.Header.Del("If-Range")
			osvserver.Serve(w, r, content)
		}))
		o.Limits = Limits{Attempts: 2, Backoff: time.Millisecond}
		if _, err := Update(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		open(t, path)
	})
}

func checkNothingBeside(t *testing.T, path string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f, ".lock") {
			t.Errorf("%s was left behind", f)
		}
	}
}

// TestOwnAdvisories: own advisories are found, beside a feed or without one,
// and make no ecosystem one that is covered.
func TestOwnAdvisories(t *testing.T) {
	own := t.TempDir()
	writeFile(t, filepath.Join(own, "2026", "ACME-1.json"), []byte(`{"id":"ACME-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"@acme/p"},"versions":["1.0.0"]}]}`))
	writeFile(t, filepath.Join(own, ".git", "GIT-1.json"), []byte(`{"id":"GIT-1"}`))
	writeFile(t, filepath.Join(own, "README.md"), []byte("own"))
	path := filepath.Join(t.TempDir(), "osv.db")
	stamp, err := Update(context.Background(), UpdateOptions{Sources: []string{own}, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if s := stamp.Sources[0]; !s.Own || s.Ecosystem != "" || s.Records != 1 || s.Location != own {
		t.Errorf("%+v", s)
	}
	r := match(t, open(t, path), component("pkg:npm/@acme/p@1.0.0"), component("pkg:npm/lodash@1.0.0"))
	if diff := cmp.Diff([]string{"ACME-1"}, ids(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(r.NotAssessed) != 2 || r.Assessed != 0 || !cmp.Equal(r.Ecosystems, []string{"npm"}) {
		t.Errorf("own advisories alone assess a package: %+v", r)
	}
	stamp, err = Update(context.Background(), UpdateOptions{Sources: []string{sampleFeed, own}, Ecosystems: []string{"npm"}, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if len(stamp.Sources) != 2 {
		t.Errorf("%+v", stamp.Sources)
	}
	if r := match(t, open(t, path), component("pkg:npm/@acme/p@1.0.0")); len(r.Findings) != 1 || r.Assessed != 1 {
		t.Errorf("%+v", r)
	}
}

// FuzzListing: a list comes back as it was stored, and no bytes make reading
// one panic.
func FuzzListing(f *testing.F) {
	f.Add([]byte("2026-01-01T00:00:00Z,GHSA-1\n2026-01-01T00:00:00.5Z,GHSA-12\n"), []byte{2, 0, 1, 'a', 2, 1, 1, 'b', 4})
	f.Fuzz(func(t *testing.T, csv, encoded []byte) {
		if list, err := parseList(csv, 1000); err == nil {
			d := decoder{data: appendListed(nil, list)}
			got := d.listed()
			if d.failed || !slices.Equal(list, got) {
				t.Errorf("%v comes back as %v", list, got)
			}
			newer, gone := compareLists(got, list)
			if len(newer) != 0 || len(gone) != 0 {
				t.Errorf("a list differs from itself: %v %v", newer, gone)
			}
		}
		d := decoder{data: bytes.Clone(encoded)}
		d.listed()
	})
}

func TestCompareLists(t *testing.T) {
	before := []listed{{"a", 1}, {"b", 1}, {"c", 1}, {"e", 1}}
	after := []listed{{"b", 1}, {"c", 2}, {"d", 1}, {"e", 0}}
	newer, gone := compareLists(before, after)
	if diff := cmp.Diff(map[string]int64{"c": 2, "d": 1}, toMap(newer)); diff != "" {
		t.Errorf("newer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a"}, gone); diff != "" {
		t.Errorf("gone (-want +got):\n%s", diff)
	}
}

func toMap(list []listed) map[string]int64 {
	return maps.Collect(func(yield func(string, int64) bool) {
		for _, l := range list {
			if !yield(l.id, l.modified) {
				return
			}
		}
	})
}
