package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/fnseal/fnseal/fnpkg"
	kit "github.com/fnseal/fnseal/internal/testkit/imagekit"
)

const testType = "application/vnd.example.note+json"

// served is a registry that holds one image.
type served struct {
	host  string
	image fnpkg.Digest
}

func serveImage(t *testing.T, wrap func(http.Handler) http.Handler) served {
	t.Helper()
	host := kit.Serve(t, "", "", wrap)
	img := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "1")))
	kit.Push(t, host+"/team/app:v1", img, nil)
	return served{host, digest(t, img)}
}

func digest(t testing.TB, img v1.Image) fnpkg.Digest {
	t.Helper()
	d, err := fnpkg.ParseDigest(kit.Digest(t, img))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (s served) open(t *testing.T, a Access) *Repository {
	t.Helper()
	r, err := OpenRepository(t.Context(), s.host+"/team/app", a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func note(text string) Artifact {
	return Artifact{Type: testType, Content: []byte(text), Annotations: map[string]string{"example.text": text}}
}

// notes returns the contents of all notes that refer to the image, sorted.
func (s served) notes(t *testing.T, r *Repository) []string {
	t.Helper()
	list, err := r.Referrers(t.Context(), s.image, 0)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, ref := range list {
		st, err := r.Stored(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		data, err := r.Read(t.Context(), st, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if st.MediaType != testType || ref.Annotations["example.text"] != string(data) {
			t.Errorf("note %q of type %q with annotations %v", data, st.MediaType, ref.Annotations)
		}
		texts = append(texts, string(data))
	}
	slices.Sort(texts)
	return texts
}

// TestAttach attaches and lists, where there is a referrers API and where
// there is none.
func TestAttach(t *testing.T) {
	for name, wrap := range map[string]func(http.Handler) http.Handler{"API": nil, "tag": kit.WithoutReferrers} {
		t.Run(name, func(t *testing.T) {
			s := serveImage(t, wrap)
			r := s.open(t, ReadWrite)
			if got := s.notes(t, r); got != nil {
				t.Errorf("before: %q", got)
			}
			for _, text := range []string{"one", "two", "one"} { // twice is once
				if _, err := r.Attach(t.Context(), s.image, note(text)); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff([]string{"one", "two"}, s.notes(t, s.open(t, ReadOnly))); diff != "" {
				t.Error(diff)
			}
			if list, err := r.Referrers(t.Context(), s.image, 1); len(list) != 1 || !isLimit(err) {
				t.Errorf("limited to one: %d, %v", len(list), err)
			}
		})
	}
}

func isLimit(err error) bool {
	var limit *fnpkg.LimitError
	return errors.As(err, &limit)
}

func isFormat(err error) bool {
	var format *fnpkg.FormatError
	return errors.As(err, &format)
}

// TestArtifactManifest holds the bytes of a manifest, which others read and
// which make attaching twice attaching once.
func TestArtifactManifest(t *testing.T) {
	s := serveImage(t, nil)
	r := s.open(t, ReadWrite)
	d, err := r.Attach(t.Context(), s.image, note("one"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.ask(t.Context(), request{method: http.MethodGet, url: r.url("manifests", d.String()), limit: maxManifest, accept: []int{200}})
	if err != nil {
		t.Fatal(err)
	}
	subject, err := r.point(t.Context(), s.image)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.note+json",`+
		`"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},`+
		`"layers":[{"mediaType":"application/vnd.example.note+json","digest":"%s","size":3}],`+
		`"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d},`+
		`"annotations":{"example.text":"one"}}`, digestOf([]byte("one")), s.image, subject.Size)
	if diff := cmp.Diff(want, string(got.body)); diff != "" {
		t.Error(diff)
	}
}

// TestAttachConcurrently has several clients write the tag of a registry that
// takes whatever comes last. All are listed in the end.
func TestAttachConcurrently(t *testing.T) {
	var lost atomic.Int32
	slow := func(inner http.Handler) http.Handler {
		var mu sync.Mutex
		have := 0
		return kit.WithoutReferrers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/sha256-") {
				time.Sleep(20 * time.Millisecond) // for others to read what this will overwrite
				body, _ := io.ReadAll(r.Body)
				n := bytes.Count(body, []byte(`"artifactType"`))
				mu.Lock()
				if n <= have {
					lost.Add(1)
				}
				have = n
				mu.Unlock()
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			inner.ServeHTTP(w, r)
		}))
	}
	attachMany(t, serveImage(t, slow))
	if lost.Load() == 0 {
		t.Log("no write overwrote another: the test did not show what it is for")
	}
}

// TestAttachConditionally does the same where the registry knows conditional
// requests: nobody is ever overwritten.
func TestAttachConditionally(t *testing.T) {
	var refused, overwritten atomic.Int32
	conditional := func(inner http.Handler) http.Handler {
		var mu sync.Mutex
		var current []byte
		return kit.WithoutReferrers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/manifests/sha256-") {
				inner.ServeHTTP(w, r)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			tag := `"` + digestOf(current).String() + `"`
			if r.Method == http.MethodPut {
				body, _ := io.ReadAll(r.Body)
				if r.Header.Get("If-None-Match") == "*" && current != nil || r.Header.Get("If-Match") != "" && r.Header.Get("If-Match") != tag {
					refused.Add(1)
					w.WriteHeader(http.StatusPreconditionFailed)
					return
				}
				if bytes.Count(body, []byte(`"artifactType"`)) <= bytes.Count(current, []byte(`"artifactType"`)) {
					overwritten.Add(1)
				}
				current = body
				r.Body = io.NopCloser(bytes.NewReader(body))
			} else if current != nil {
				w.Header().Set("ETag", tag)
			}
			inner.ServeHTTP(w, r)
		}))
	}
	attachMany(t, serveImage(t, conditional))
	if overwritten.Load() != 0 {
		t.Errorf("%d writes overwrote others", overwritten.Load())
	}
}

func attachMany(t *testing.T, s served) {
	t.Helper()
	var want []string
	var wg sync.WaitGroup
	for i := range 6 {
		text := fmt.Sprintf("note %d", i)
		want = append(want, text)
		r := s.open(t, ReadWrite)
		wg.Go(func() {
			if _, err := r.Attach(t.Context(), s.image, note(text)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(want, s.notes(t, s.open(t, ReadOnly))); diff != "" {
		t.Error(diff)
	}
}

// anyTag stands before a registry without the referrers API, and keeps
// whatever is put under the tag that stands for it.
func anyTag(inner http.Handler) http.Handler {
	var mu sync.Mutex
	var index []byte
	return kit.WithoutReferrers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case !strings.Contains(r.URL.Path, "/manifests/sha256-"):
			inner.ServeHTTP(w, r)
		case r.Method == http.MethodPut:
			index, _ = io.ReadAll(r.Body)
			w.WriteHeader(http.StatusCreated)
		case index == nil:
			http.NotFound(w, r)
		default:
			w.Header().Set("Content-Type", ociIndex)
			w.Write(index)
		}
	}))
}

// TestTagKeepsOthers adds to an index that another tool wrote.
func TestTagKeepsOthers(t *testing.T) {
	s := serveImage(t, anyTag)
	r := s.open(t, ReadWrite)
	theirs := `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:` + strings.Repeat("a", 64) + `","size":5,"odd":{"x":1}}`
	s.putIndex(t, r, `{"schemaVersion":2,"mediaType":"`+ociIndex+`","manifests":[`+theirs+`],"annotations":{"who":"them"}}`)
	if _, err := r.Attach(t.Context(), s.image, note("ours")); err != nil {
		t.Fatal(err)
	}
	got, err := r.tagged(t.Context(), s.image)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{theirs, `"annotations":{"who":"them"}`, `"example.text":"ours"`} {
		if !strings.Contains(string(got.body), want) {
			t.Errorf("%s is not in %s", want, got.body)
		}
	}
	s.putIndex(t, r, `{"schemaVersion":2,"mediaType":"`+ociManifest+`"}`)
	if _, err := r.Attach(t.Context(), s.image, note("more")); !isFormat(err) {
		t.Errorf("the tag is something else: error %v", err)
	}
}

func (s served) putIndex(t *testing.T, r *Repository, index string) {
	t.Helper()
	if _, err := r.ask(t.Context(), request{
		method: http.MethodPut, url: r.url("manifests", fallbackTag(s.image)), body: []byte(index), limit: 1000,
		header: http.Header{"Content-Type": {ociIndex}}, accept: []int{201},
	}); err != nil {
		t.Fatal(err)
	}
}

// TestPages follows a list over its pages, and not to another host.
func TestPages(t *testing.T) {
	var elsewhere atomic.Bool
	s := serveImage(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/referrers/") {
				inner.ServeHTTP(w, r)
				return
			}
			rec := &recorder{header: http.Header{}, status: http.StatusOK}
			inner.ServeHTTP(rec, r)
			var index v1.IndexManifest
			if err := json.Unmarshal(rec.body.Bytes(), &index); err != nil {
				t.Error(err)
			}
			slices.SortFunc(index.Manifests, func(a, b v1.Descriptor) int { return strings.Compare(a.Digest.String(), b.Digest.String()) })
			n := 0
			fmt.Sscan(r.URL.Query().Get("n"), &n)
			if n+1 < len(index.Manifests) {
				to := fmt.Sprintf("%s?n=%d", r.URL.Path, n+1)
				if elsewhere.Load() {
					to = "http://localhost:1" + to
				}
				w.Header().Set("Link", "<"+to+`>; rel="next"`)
			}
			index.Manifests = index.Manifests[n : n+1]
			w.Header().Set("Content-Type", ociIndex)
			json.NewEncoder(w).Encode(index)
		})
	})
	r := s.open(t, ReadWrite)
	for _, text := range []string{"1", "2", "3"} {
		if _, err := r.Attach(t.Context(), s.image, note(text)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"1", "2", "3"}, s.notes(t, r)); diff != "" {
		t.Error(diff)
	}
	elsewhere.Store(true)
	if _, err := r.Referrers(t.Context(), s.image, 0); !isFormat(err) || !strings.Contains(err.Error(), "another host") {
		t.Errorf("error %v", err)
	}
}

// TestJunkReferrers lists what no reader can understand.
func TestJunkReferrers(t *testing.T) {
	s := serveImage(t, anyTag)
	r := s.open(t, ReadWrite)
	if _, err := r.Attach(t.Context(), s.image, note("good")); err != nil {
		t.Fatal(err)
	}
	good, err := r.tagged(t.Context(), s.image)
	if err != nil {
		t.Fatal(err)
	}
	head, tail, _ := strings.Cut(string(good.body), `"manifests":[`)
	d := func(size int, fill, rest string) string {
		return fmt.Sprintf(`{"mediaType":"%s","size":%d,"digest":"sha256:%s"%s}`, ociManifest, size, strings.Repeat(fill, 64), rest)
	}
	for name, c := range map[string]struct {
		entry string
		read  func(error) bool // nil if it is not even listed
	}{
		"no digest":      {entry: `{"mediaType":"` + ociManifest + `"}`},
		"bad digest":     {entry: `{"mediaType":"` + ociManifest + `","digest":"sha256:../..","size":1}`},
		"negative size":  {entry: d(-1, "a", "")},
		"other type":     {entry: strings.Replace(d(3, "a", ""), ociManifest, "text/html", 1)},
		"not there":      {entry: d(3, "a", `,"artifactType":"x"`), read: isFormat},
		"size of a tape": {entry: d(1<<40, "b", ""), read: func(err error) bool { return isLimit(err) || isFormat(err) }},
	} {
		s.putIndex(t, r, head+`"manifests":[`+c.entry+","+tail)
		list, err := r.Referrers(t.Context(), s.image, 0)
		if want := 2; c.read == nil && len(list) != 1 || c.read != nil && len(list) != want || err != nil {
			t.Errorf("%s: %d listed, error %v", name, len(list), err)
			continue
		}
		if c.read != nil {
			if _, err := r.Stored(t.Context(), list[0]); !c.read(err) {
				t.Errorf("%s: error %v", name, err)
			}
		}
		if _, err := r.Stored(t.Context(), list[len(list)-1]); err != nil {
			t.Errorf("%s: the good one: %v", name, err)
		}
	}
	for name, index := range map[string]string{
		"an image":   `{"schemaVersion":2,"mediaType":"` + ociManifest + `"}`,
		"key twice":  `{"schemaVersion":2,"manifests":[],"manifests":[]}`,
		"not JSON":   `nothing`,
		"other case": `{"schemaVersion":2,"manifests":[],"Manifests":[]}`,
	} {
		s.putIndex(t, r, index)
		if list, err := r.Referrers(t.Context(), s.image, 0); len(list) != 0 || !isFormat(err) {
			t.Errorf("%s: %d listed, error %v", name, len(list), err)
		}
	}
}

// TestRefusedPush is told no, at each step of pushing. Nothing is listed then.
func TestRefusedPush(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		status, times      int
		want               error // nil if it succeeds in the end
	}{
		{"uploads denied", http.MethodPost, "/blobs/uploads/", http.StatusForbidden, 1000, ErrDenied},
		{"manifests denied", http.MethodPut, "/manifests/sha256:", http.StatusUnauthorized, 1000, ErrDenied},
		{"tags denied", http.MethodPut, "/manifests/sha256-", http.StatusForbidden, 1000, ErrDenied},
		{"busy for a while", http.MethodPut, "/manifests/", http.StatusTooManyRequests, 2, nil},
		{"down for a while", http.MethodPut, "/manifests/sha256-", http.StatusBadGateway, 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var armed atomic.Bool
			var left atomic.Int32
			left.Store(int32(c.times))
			s := serveImage(t, func(inner http.Handler) http.Handler {
				return kit.WithoutReferrers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if armed.Load() && r.Method == c.method && strings.Contains(r.URL.Path, c.path) && left.Add(-1) >= 0 {
						w.WriteHeader(c.status)
						return
					}
					inner.ServeHTTP(w, r)
				}))
			})
			r := s.open(t, ReadWrite)
			armed.Store(true)
			_, err := r.Attach(t.Context(), s.image, note("x"))
			armed.Store(false)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if got := s.notes(t, r); (len(got) == 1) != (c.want == nil) {
				t.Errorf("listed %q", got)
			}
		})
	}
}

// TestAttachNowhere attaches to an image that is not there, and after the user
// asked to stop.
func TestAttachNowhere(t *testing.T) {
	s := serveImage(t, nil)
	r := s.open(t, ReadWrite)
	if _, err := r.Attach(t.Context(), fnpkg.Digest{1}, note("x")); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Attach(cancelled, s.image, note("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if got := s.notes(t, r); got != nil {
		t.Errorf("listed %q", got)
	}
}
