package trust_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/internal/testkit/tufrepo"
	"github.com/fnseal/fnseal/trust"
)

const target = "trusted_root.json"

// twoRoots are trusted roots that can be told from one another.
func twoRoots(t testing.TB) (first, second []byte) {
	t.Helper()
	first, err := os.ReadFile("roots/public-good.json")
	if err != nil {
		t.Fatal(err)
	}
	return first, []byte(strings.Replace(string(first), "https://rekor.sigstore.dev", "https://rekor.example.com", 1))
}

func TestFetchRoot(t *testing.T) {
	first, second := twoRoots(t)
	tomorrow := time.Now().Add(24 * time.Hour)
	repo := tufrepo.New(t, target, first, tomorrow)
	server := httptest.NewServer(repo)
	r := trust.Repository{URL: server.URL, Anchor: repo.Root, CacheDir: t.TempDir()}
	firstRoot, err := trust.ParseRoot(first, "")
	if err != nil {
		t.Fatal(err)
	}
	secondRoot, err := trust.ParseRoot(second, "")
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(want string) *trust.Root {
		t.Helper()
		got, err := r.Fetch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.SHA256 != want {
			t.Errorf("another root than is published")
		}
		if age := time.Since(got.Date); age < 0 || age > time.Minute {
			t.Errorf("fetched %s ago", age)
		}
		return got
	}
	fetch(firstRoot.SHA256)
	asked := repo.Asked()
	if asked == 0 {
		t.Fatal("nobody was asked")
	}
	// Within the day it is not asked again.
	fetch(firstRoot.SHA256)
	if repo.Asked() != asked {
		t.Error("the repository was asked again")
	}
	// Without the cache it is.
	repo.Publish(target, second, tomorrow)
	cache := r.CacheDir
	r.CacheDir = ""
	fetch(secondRoot.SHA256)
	r.CacheDir = cache

	// Gone, but what it published before is still valid.
	server.Close()
	fetch(firstRoot.SHA256)
	r.CacheDir = t.TempDir()
	if _, err := r.Fetch(t.Context()); !errors.Is(err, trust.ErrUnreachable) || !strings.Contains(err.Error(), server.URL) {
		t.Errorf("gone, without a cache: %v", err)
	}
}

// TestFetchRootRefuses: a repository is believed only what its anchor vouches
// for, and only until then.
func TestFetchRootRefuses(t *testing.T) {
	first, second := twoRoots(t)
	tomorrow := time.Now().Add(24 * time.Hour)
	for name, tt := range map[string]struct {
		spoil func(*tufrepo.Repo)
		want  error
	}{
		"forged":        {func(r *tufrepo.Repo) { r.Forge(target, second, tomorrow) }, trust.ErrRepository},
		"expired":       {func(r *tufrepo.Repo) { r.Publish(target, second, time.Now().Add(-time.Hour)) }, trust.ErrRepository},
		"no root":       {func(r *tufrepo.Repo) { r.Publish("other.json", second, tomorrow) }, trust.ErrRepository},
		"junk as root":  {func(r *tufrepo.Repo) { r.Publish(target, []byte("junk"), tomorrow) }, trust.ErrRepository},
		"endless":       {func(r *tufrepo.Repo) { r.Publish(target, make([]byte, 3<<20), tomorrow) }, trust.ErrRepository},
		"other anchor":  {func(r *tufrepo.Repo) { r.Root = tufrepo.New(t, target, first, tomorrow).Root }, trust.ErrRepository},
		"no anchor":     {func(r *tufrepo.Repo) { r.Root = []byte("{}") }, trust.ErrRepository},
		"the real ones": {func(*tufrepo.Repo) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			repo := tufrepo.New(t, target, first, tomorrow)
			tt.spoil(repo)
			server := httptest.NewServer(repo)
			defer server.Close()
			_, err := trust.Repository{URL: server.URL, Anchor: repo.Root, CacheDir: t.TempDir()}.Fetch(t.Context())
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
	for _, url := range []string{"file:///etc", "https://", "nothing", "https://user:password@example.com"} {
		if _, err := (trust.Repository{URL: url}).Fetch(t.Context()); !errors.Is(err, trust.ErrRepository) {
			t.Errorf("%s: %v", url, err)
		}
	}
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "down", http.StatusServiceUnavailable)
	}))
	defer down.Close()
	if _, err := (trust.Repository{URL: down.URL}).Fetch(t.Context()); !errors.Is(err, trust.ErrUnreachable) {
		t.Errorf("down: %v", err)
	}
}

// TestFetchRootCache: the cache is in its own folder whatever the URL says, is
// done without where it cannot be written, and is believed nothing it cannot
// prove.
func TestFetchRootCache(t *testing.T) {
	first, _ := twoRoots(t)
	repo := tufrepo.New(t, target, first, time.Now().Add(24*time.Hour))
	server := httptest.NewServer(repo)
	defer server.Close()
	parent := t.TempDir()
	cache := filepath.Join(parent, "cache")
	r := trust.Repository{URL: server.URL + "/../..", Anchor: repo.Root, CacheDir: cache}
	_, _ = r.Fetch(t.Context()) // whatever the server makes of such a path
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) > 1 {
		t.Errorf("written beside the cache: %v %v", entries, err)
	}

	file := filepath.Join(parent, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r = trust.Repository{URL: server.URL, Anchor: repo.Root, CacheDir: filepath.Join(file, "cache")}
	if _, err := r.Fetch(t.Context()); err != nil {
		t.Errorf("without a cache: %v", err)
	}

	r.CacheDir = cache
	if _, err := r.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	planted := 0
	err = filepath.WalkDir(cache, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(d.Name(), target) {
			planted++
			return os.WriteFile(path, []byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`), 0o600)
		}
		return err
	})
	if err != nil || planted == 0 {
		t.Fatalf("%d files found: %v", planted, err)
	}
	got, err := r.Fetch(t.Context())
	if err == nil && !got.HasCA() {
		t.Error("what was planted in the cache is believed")
	}
}
