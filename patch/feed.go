package patch

import (
	"context"
	"fmt"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/vulndb"
)

// Candidate is a version that a component could be upgraded to.
type Candidate struct {
	Version   string
	Affecting []string // leading ids of the defects it has, as in vulndb.Finding.ID
}

// Feed tells which versions are ahead of an installed one.
type Feed interface {
	// Candidates returns the versions above the installed one of a component
	// that some record of its package names as fixed, lowest first. Where
	// nothing can be said to be above it, there are none.
	Candidates(ctx context.Context, c fnpkg.Component) ([]Candidate, error)
}

// FeedOf asks an index of advisories.
func FeedOf(m *vulndb.Matcher) Feed { return indexFeed{m} }

type indexFeed struct{ matcher *vulndb.Matcher }

func (f indexFeed) Candidates(ctx context.Context, c fnpkg.Component) ([]Candidate, error) {
	if c.Version == "" {
		return nil, nil // without an installed version nothing is above it
	}
	pkg, _, err := f.matcher.Package(c)
	if err != nil || pkg == nil {
		return nil, err
	}
	var out []Candidate
	for _, version := range pkg.Fixes(c.Version) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ids, reason, err := pkg.Affecting(version)
		if err != nil {
			return nil, fmt.Errorf("looking at %s %s: %w", c.Name, version, err)
		}
		if reason != "" {
			continue // what cannot be compared cannot be called clean
		}
		out = append(out, Candidate{Version: version, Affecting: ids})
	}
	return out, nil
}
