package verify

import (
	"sync"

	"github.com/fnseal/fnseal/attest"
)

// Shared are bundles given for several files at once. Who signed one is judged
// the first time it is asked for and then remembered, so it must be asked with
// the same keys, identities, roots and waivers each time. It is safe for
// concurrent use.
type Shared struct {
	items []attest.Item
	once  []sync.Once
	facts []BundleFact
	read  []*parsed
}

// NewShared returns items as bundles of several files.
func NewShared(items []attest.Item) *Shared {
	n := len(items)
	return &Shared{items: items, once: make([]sync.Once, n), facts: make([]BundleFact, n), read: make([]*parsed, n)}
}

// about returns what is known of the bundles that are about a file, and of
// those that cannot be understood: they may have been meant to be.
func (s *Shared) about(f file, j *judge) ([]BundleFact, error) {
	if s == nil {
		return nil, nil
	}
	var out []BundleFact
	for i := range s.items {
		s.once[i].Do(func() { s.facts[i], s.read[i] = examine(s.items[i], j) })
		fact := s.facts[i]
		if s.read[i] != nil {
			var err error
			if fact.Digest, fact.SubjectNames, err = f.compare(s.read[i]); err != nil {
				return nil, err
			}
			if fact.Digest.State != Passed {
				continue
			}
		}
		out = append(out, fact)
	}
	return out, nil
}
