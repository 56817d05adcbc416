package vulndb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/internal/testkit/osvserver"
)

func TestUpdateStamp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "osv.db")
	stamp, err := Update(context.Background(), UpdateOptions{Sources: []string{sampleFeed}, Path: path, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, path)
	if diff := cmp.Diff(*stamp, db.Stamp()); diff != "" {
		t.Errorf("the stamp that is returned and the one in the index (-returned +index):\n%s", diff)
	}
	if !stamp.Built.Equal(clock()) || stamp.Schema != indexSchema || len(stamp.Content) != 64 {
		t.Errorf("%+v", stamp)
	}
	var ecosystems []string
	for _, s := range stamp.Sources {
		ecosystems = append(ecosystems, s.Ecosystem)
		data, err := os.ReadFile(filepath.Join(sampleFeed, s.Ecosystem, archiveName))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); s.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: sha256 %s", s.Ecosystem, s.SHA256)
		}
		if s.Records == 0 || s.Unreadable != 0 || s.Newest.IsZero() {
			t.Errorf("%+v", s)
		}
	}
	if diff := cmp.Diff([]string{"Go", "Maven", "PyPI", "npm"}, ecosystems); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if age := stamp.Age(clock().Add(time.Hour)); age != time.Hour {
		t.Errorf("age %v", age)
	}
	if age := stamp.Age(clock().Add(-time.Hour)); age != 0 {
		t.Errorf("age %v of a stamp from the future", age)
	}
}

// TestUpdateIsDeterministic: the same feed gives the same content, over
// whatever road it comes and however the workers share the work.
func TestUpdateIsDeterministic(t *testing.T) {
	server := osvserver.New(t, sampleFeed)
	var contents []string
	for _, source := range []string{sampleFeed, sampleFeed, server.URL, server.URL + "/"} {
		contents = append(contents, open(t, update(t, source)).Stamp().Content)
	}
	if slices.ContainsFunc(contents, func(c string) bool { return c != contents[0] }) {
		t.Errorf("contents %v", contents)
	}
}

func TestUpdateEcosystems(t *testing.T) {
	t.Run("typed in any way", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "osv.db")
		stamp, err := Update(context.Background(), UpdateOptions{Sources: []string{sampleFeed}, Path: path, Ecosystems: []string{"NPM", "pypi", "golang", "npm"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range stamp.Sources {
			got = append(got, s.Ecosystem)
		}
		if diff := cmp.Diff([]string{"npm", "PyPI", "Go"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("without ecosystems.txt, the folders", func(t *testing.T) {
		stamp := open(t, update(t, feedOf(t, affectedJSON("npm", "p", `"versions":["1.0.0"]`), affectedJSON("PyPI", "p", `"versions":["1.0"]`)))).Stamp()
		if len(stamp.Sources) != 2 {
			t.Errorf("%+v", stamp.Sources)
		}
	})
	t.Run("names with a blank and a colon, over HTTP", func(t *testing.T) {
		dir := feedOf(t, affectedJSON("GitHub Actions", "a/b", `"versions":["1.0.0"]`), affectedJSON("Debian:12", "p", `"versions":["1.0"]`))
		writeFile(t, filepath.Join(dir, ecosystemsName), []byte("GitHub Actions\nDebian:12\nGIT\n[EMPTY]\n\n"))
		stamp := open(t, update(t, osvserver.New(t, dir).URL)).Stamp()
		if stamp.Records != 1 || len(stamp.Sources) != 2 { // both are record X-1
			t.Errorf("%+v", stamp)
		}
	})
}

func TestUpdateErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, []byte("x"))
	empty := writeFeed(t, map[string]map[string]string{"npm": {}})
	unreadable := writeFeed(t, map[string]map[string]string{"npm": {"a.json": "{", "b.json": `{"id":""}`}})
	broken := t.TempDir()
	writeFile(t, filepath.Join(broken, "npm", archiveName), []byte("PK\x03\x04 and then nothing"))
	listed := t.TempDir()
	writeFile(t, filepath.Join(listed, ecosystemsName), []byte("npm\n"))
	escaping := t.TempDir()
	writeFile(t, filepath.Join(escaping, ecosystemsName), []byte("../outside\n"))

	tests := []struct {
		name       string
		sources    []string
		ecosystems []string
		want       []string // parts of the error
	}{
		{"no source", nil, nil, []string{"no source"}},
		{"an empty source", []string{""}, nil, []string{"source is empty"}},
		{"no such folder", []string{"no/such/folder"}, nil, []string{"no/such/folder", "no such file"}},
		{"no such folder, named ecosystems", []string{"no/such/folder"}, []string{"npm"}, []string{"no/such/folder", "no such file"}},
		{"a file", []string{file}, nil, []string{file, "not a directory"}},
		{"an empty folder", []string{t.TempDir()}, nil, []string{"lists no ecosystems"}},
		{"a missing ecosystem", []string{sampleFeed}, []string{"npm", "Hex"}, []string{"Hex", sampleFeed, "no such ecosystem"}},
		{"an ecosystem that is listed and missing", []string{listed}, nil, []string{"npm", listed, "no such ecosystem"}},
		{"an ecosystem that is a path", []string{sampleFeed}, []string{"../osv"}, []string{"no name of an ecosystem"}},
		{"a listed ecosystem that is a path", []string{escaping}, nil, []string{"no name of an ecosystem"}},
		{"a scheme", []string{"ftp://example.com/osv"}, nil, []string{`"ftp"`}},
		{"an archive without records", []string{empty}, nil, []string{"no readable record", "npm"}},
		{"an archive without readable records", []string{unreadable}, nil, []string{"no readable record among 2"}},
		{"a broken archive", []string{broken}, nil, []string{"npm", "no end record"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := update(t, sampleFeed)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Update(context.Background(), UpdateOptions{Sources: test.sources, Ecosystems: test.ecosystems, Path: path})
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			checkUntouched(t, path, before)
		})
	}
}

// checkUntouched fails if an index changed, or if something was left beside
// it, save a download that the next update can go on with.
func checkUntouched(t *testing.T, path string, before []byte) {
	t.Helper()
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the old index is no longer what it was")
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), partialSuffix) || strings.HasSuffix(f.Name(), tagSuffix) {
			continue
		}
		if name := f.Name(); name != filepath.Base(path) && name != "."+filepath.Base(path)+".lock" {
			t.Errorf("%s was left behind", name)
		}
	}
}

// TestUnreadableRecordsAreTold: a bad record costs itself, not the feed, and
// is told of.
func TestUnreadableRecordsAreTold(t *testing.T) {
	source := writeFeed(t, map[string]map[string]string{"npm": {
		"good.json":      affectedJSON("npm", "p", `"versions":["1.0.0"]`),
		"cut.json":       `{"id":"CUT-1","affected":[`,
		"nameless.json":  `{"affected":[]}`,
		"strange.json":   `{"id":"STRANGE-1","affected":[{"package":{"ecosystem":"npm","name":"q"},"versions":9,"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}`,
		"../escape.json": `{"id":"ESCAPE-1","affected":[{"package":{"ecosystem":"npm","name":"r"},"ranges":[{"type":"NOVEL","events":[{"introduced":"0"}]}],"versions":["1.0.0"]}]}`,
		"/etc/abs.json":  `{"id":"ABSOLUTE-1"}`,
	}})
	var mu sync.Mutex
	var got []string
	path := filepath.Join(t.TempDir(), "osv.db")
	stamp, err := Update(context.Background(), UpdateOptions{Sources: []string{source}, Path: path, Warn: func(w Warning) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%s %s kept=%v", w.Ecosystem, w.Record, w.Kept))
	}})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{"npm ESCAPE-1 kept=true", "npm STRANGE-1 kept=true", "npm cut.json kept=false", "npm nameless.json kept=false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if s := stamp.Sources[0]; s.Records != 4 || s.Unreadable != 2 || stamp.Records != 4 {
		t.Errorf("%+v", stamp)
	}
	r := match(t, open(t, path), component("pkg:npm/p@1.0.0"), component("pkg:npm/q@1.0.0"), component("pkg:npm/r@1.0.0"))
	if diff := cmp.Diff([]string{"ESCAPE-1", "STRANGE-1", "X-1"}, ids(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSeveralSources: a record that several sources hold is taken where it is
// newest.
func TestSeveralSources(t *testing.T) {
	record := func(modified, version string) string {
		return fmt.Sprintf(`{"id":"X-1","modified":%q,"summary":%q,"affected":[{"package":{"ecosystem":"npm","name":"p"},"versions":[%q]}]}`, modified, version, version)
	}
	old, newer := feedOf(t, record("2026-01-01T00:00:00Z", "1.0.0")), feedOf(t, record("2026-01-02T00:00:00+01:00", "2.0.0"))
	private := feedOf(t, `{"id":"ACME-1","affected":[{"package":{"ecosystem":"PyPI","name":"p"},"versions":["1.0"]}]}`)
	for _, sources := range [][]string{{old, newer, private}, {private, newer, old}} {
		path := filepath.Join(t.TempDir(), "osv.db")
		stamp, err := Update(context.Background(), UpdateOptions{Sources: sources, Path: path, Ecosystems: []string{"npm", "PyPI"}})
		if err != nil {
			t.Fatal(err)
		}
		if stamp.Records != 2 || len(stamp.Sources) != 3 {
			t.Errorf("%+v", stamp)
		}
		r := match(t, open(t, path), component("pkg:npm/p@1.0.0"), component("pkg:npm/p@2.0.0"), component("pkg:pypi/p@1.0"))
		if diff := cmp.Diff([]string{"ACME-1", "X-1"}, ids(r)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, f := range r.Findings {
			if f.ID == "X-1" && (f.Component.Version != "2.0.0" || f.Summary != "2.0.0") {
				t.Errorf("the older copy of X-1 is in force: %+v", f)
			}
		}
	}
}

func TestHostileMirrors(t *testing.T) {
	archive, err := os.ReadFile(filepath.Join(sampleFeed, "npm", archiveName))
	if err != nil {
		t.Fatal(err)
	}
	quick := Limits{Backoff: time.Millisecond, Attempts: 3}
	tests := []struct {
		name   string
		file   string
		fault  osvserver.Fault
		limits Limits
		want   string // a part of the error; empty: the update succeeds
	}{
		{"404", "npm/all.zip", osvserver.NotFound, quick, "404"},
		{"403", "npm/all.zip", osvserver.Status(http.StatusForbidden, ""), quick, "403 Forbidden"},
		{"503 for good", "npm/all.zip", osvserver.Status(http.StatusServiceUnavailable, ""), quick, "after 3 attempts"},
		{"503 twice", "npm/all.zip", osvserver.First(2, osvserver.Status(http.StatusServiceUnavailable, "")), quick, ""},
		{"429 once, come back at once", "npm/all.zip", osvserver.First(1, osvserver.Status(http.StatusTooManyRequests, "0")), quick, ""},
		{"HTML", "npm/all.zip", osvserver.HTML("text/html; charset=utf-8"), quick, "HTML page"},
		{"HTML as a zip", "npm/all.zip", osvserver.HTML("application/zip"), quick, "HTML or XML page"},
		{"HTML for ecosystems.txt", "ecosystems.txt", osvserver.HTML("text/plain"), quick, "HTML page"},
		{"cut", "npm/all.zip", osvserver.Truncated(len(archive) / 2), quick, fmt.Sprintf("ended after %d of %d bytes", len(archive)/2, len(archive))},
		{"cut once", "npm/all.zip", osvserver.First(1, osvserver.Truncated(len(archive)/2)), quick, ""},
		{"another length", "npm/all.zip", osvserver.Claims(int64(len(archive)) + 10), quick, "ended after"},
		{"50 GB claimed", "npm/all.zip", osvserver.Claims(50 << 30), quick, "announces 53687091200 bytes"},
		{"endless", "npm/all.zip", osvserver.Endless, Limits{Backoff: time.Millisecond, ArchiveBytes: 8 << 20}, "more bytes than the limit of 8388608"},
		{"a wrong CRC32C", "npm/all.zip", osvserver.Corrupt, quick, "CRC32C"},
		{"a redirect loop", "npm/all.zip", osvserver.RedirectLoop, quick, "more than 5 redirects"},
		{"a slow drip", "npm/all.zip", osvserver.Drip, Limits{Backoff: time.Millisecond, Attempts: 1, Stall: 50 * time.Millisecond}, "stalled"},
		{"a stalled line", "npm/all.zip", osvserver.Stalled(100), Limits{Backoff: time.Millisecond, Attempts: 1, Stall: 50 * time.Millisecond}, "stalled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := update(t, sampleFeed)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			server := osvserver.New(t, sampleFeed)
			server.Break(test.file, test.fault)
			_, err = Update(context.Background(), UpdateOptions{Sources: []string{server.URL}, Path: path, Limits: test.limits})
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
	t.Run("connection refused", func(t *testing.T) {
		server := osvserver.New(t, sampleFeed)
		_, err := Update(context.Background(), UpdateOptions{Sources: []string{strings.Replace(server.URL, "127.0.0.1", "127.0.0.1:1/x", 1)}, Path: filepath.Join(t.TempDir(), "osv.db"), Limits: quick})
		if err == nil {
			t.Error("no error")
		}
	})
}

// TestCredentialsAreKeptOut: user information and query go to the server, and
// nowhere else.
func TestCredentialsAreKeptOut(t *testing.T) {
	const secret = "s3cr3t-pa55"
	asked := 0
	server := osvserver.New(t, sampleFeed)
	check := func(w http.ResponseWriter, r *http.Request, content []byte) {
		asked++
		if user, password, ok := r.BasicAuth(); !ok || user != "deploy" || password != secret || r.URL.Query().Get("sig") != secret {
			osvserver.Status(http.StatusUnauthorized, "")(w, r, content)
			return
		}
		osvserver.Serve(w, r, content)
	}
	server.Break("npm/all.zip", check)
	address := strings.Replace(server.URL, "http://", "http://deploy:"+secret+"@", 1) + "?sig=" + secret
	path := filepath.Join(t.TempDir(), "osv.db")
	stamp, err := Update(context.Background(), UpdateOptions{Sources: []string{address}, Ecosystems: []string{"npm"}, Path: path, Progress: func(p UpdateProgress) {
		if strings.Contains(p.Location, secret) || strings.Contains(p.Location, "deploy") {
			t.Errorf("progress tells %q", p.Location)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if asked != 1 || stamp.Sources[0].Location != server.URL+"/npm/all.zip" {
		t.Errorf("asked %d times, location %q", asked, stamp.Sources[0].Location)
	}
	if data, err := os.ReadFile(path); err != nil || strings.Contains(string(data), secret) {
		t.Errorf("the index holds the password (%v)", err)
	}
	for _, wrong := range []string{
		address,
		strings.Replace(address, server.URL[len("http://"):], "127.0.0.1:1", 1),
		"http://deploy:" + secret + "@exa mple/" + secret,
	} {
		server.Break("npm/all.zip", osvserver.Status(http.StatusForbidden, ""))
		_, err := Update(context.Background(), UpdateOptions{Sources: []string{wrong}, Ecosystems: []string{"npm"}, Path: filepath.Join(t.TempDir(), "osv.db"), Limits: Limits{Attempts: 1}})
		if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "deploy") {
			t.Errorf("error %v", err)
		}
	}
}

// TestRedirectKeepsTLS: a mirror cannot send a client from https to http.
func TestRedirectKeepsTLS(t *testing.T) {
	client := withRedirectRules(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"http://example.com/"}}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	})})
	_, err := client.Get("https://example.com/") //nolint:noctx // never leaves the process
	if err == nil || !strings.Contains(err.Error(), "from https to http") {
		t.Errorf("error %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestUpdatesWaitForOneAnother: several updates of one index at once all
// succeed, and leave one whole index.
func TestUpdatesWaitForOneAnother(t *testing.T) {
	for _, suffix := range []string{"", string(os.PathSeparator)} {
		path := filepath.Join(t.TempDir(), "osv.db") + suffix
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, err := Update(context.Background(), UpdateOptions{Sources: []string{sampleFeed}, Path: path}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		open(t, path)
	}
	t.Run("or give up when asked to", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "osv.db")
		where, err := locate(path)
		if err != nil {
			t.Fatal(err)
		}
		unlock, err := where.lock(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := Update(ctx, UpdateOptions{Sources: []string{sampleFeed}, Path: path}); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "another update") {
			t.Errorf("error %v", err)
		}
	})
}

// TestFolderKeepsOneIndex: in a folder the pointer names the index in force,
// and what it does not name is removed.
func TestFolderKeepsOneIndex(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "."+pointerName+".123.tmp")
	foreign := filepath.Join(dir, "notes.tmp")
	writeFile(t, stale, nil)
	writeFile(t, foreign, nil)
	now := clock()
	for range 3 {
		now = now.Add(time.Minute)
		if _, err := Update(context.Background(), UpdateOptions{Sources: []string{sampleFeed}, Path: dir, Now: func() time.Time { return now }}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	want := []string{"." + pointerName + ".lock", pointerName, "notes.tmp", "osv-20260901T120300.000000000.db"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	open(t, dir)
}
