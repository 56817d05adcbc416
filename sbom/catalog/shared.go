package catalog

import (
	"sync"

	"github.com/fnseal/fnseal/fnpkg"
)

// Shared keeps what was found in single files, by the place their content is
// known by (fnpkg.Entry.Place), for packages that have files in common: the
// functions of an application share its layers. It lives as long as the call
// it is made for, and may be used by any number of goroutines.
type Shared struct {
	mu    sync.Mutex
	found map[sharedKey]any
}

// sharedLimit bounds how many results are kept. They are small: names and
// versions, not content.
const sharedLimit = 100_000

// NewShared returns an empty one.
func NewShared() *Shared {
	return &Shared{found: map[sharedKey]any{}}
}

// Len returns how many results are kept.
func (s *Shared) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.found)
}

// sharedKey names what was looked for and where. The same content may be looked
// at under another name, which takes part in what it is.
type sharedKey struct {
	kind, path string
	place      fnpkg.Place
}

func keyOf(kind string, e fnpkg.Entry) (sharedKey, bool) {
	place := e.Place()
	return sharedKey{kind, e.Path, place}, !place.IsZero()
}

// getShared returns what was kept of e. It is shared, and must not be changed.
func getShared[T any](s *Shared, kind string, e fnpkg.Entry) (v T, ok bool) {
	if s == nil {
		return v, false
	}
	key, ok := keyOf(kind, e)
	if !ok {
		return v, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok = s.found[key].(T)
	return v, ok
}

// putShared keeps what was found in e. Two that look at one file at the same
// time find the same.
func putShared[T any](s *Shared, kind string, e fnpkg.Entry, v T) {
	if s == nil {
		return
	}
	key, ok := keyOf(kind, e)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.found) < sharedLimit {
		s.found[key] = v
	}
}
