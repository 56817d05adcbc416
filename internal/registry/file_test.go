package registry

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
)

// TestFile pushes a file, tags it, and reads it back; what a registry says
// instead is not taken for it.
func TestFile(t *testing.T) {
	var lie atomic.Bool
	s := serveImage(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if lie.Load() && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				w.Write([]byte("another file"))
				return
			}
			inner.ServeHTTP(w, r)
		})
	})
	r := s.open(t, ReadWrite)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("some content"), 0o600); err != nil {
		t.Fatal(err)
	}
	pushed, err := r.PushFile(t.Context(), path, digestOf([]byte("some content")), testType)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.FindFile(t.Context(), "v9", testType); !errors.Is(err, ErrNotFound) {
		t.Errorf("before it has a tag: error %v", err)
	}
	if err := r.TagFile(t.Context(), pushed, "v9"); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"v9", pushed.Digest.String()} {
		found, err := r.FindFile(t.Context(), by, testType)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := r.ReadFile(t.Context(), found, &b); err != nil || b.String() != "some content" || found.Digest != pushed.Digest || found.Size != 12 {
			t.Errorf("%s: %q, %v", by, b.String(), err)
		}
		lie.Store(true)
		if err := r.ReadFile(t.Context(), found, &b); !isFormat(err) {
			t.Errorf("%s: another file: error %v", by, err)
		}
		lie.Store(false)
	}
	if _, err := r.FindFile(t.Context(), "v9", "text/plain"); !isFormat(err) {
		t.Errorf("another type: error %v", err)
	}
	if _, err := r.FindFile(t.Context(), "v1", testType); !isFormat(err) {
		t.Errorf("an image: error %v", err)
	}
	if _, err := r.PushFile(t.Context(), path, fnpkg.Digest{1}, testType); err == nil {
		t.Error("a file was pushed under another digest")
	}
}
