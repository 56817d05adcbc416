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

// FeedOf asks an index of advisories. It is not safe for concurrent use.
func FeedOf(m *vulndb.Matcher) Feed {
	return &indexFeed{matcher: m, packages: map[string]*knownPackage{}}
}

// indexFeed remembers what the feed says of packages: a fleet has many versions
// of each.
type indexFeed struct {
	matcher  *vulndb.Matcher
	packages map[string]*knownPackage
}

// knownPackage is a package with the versions of it that were looked at; those
// that cannot be compared are nil.
type knownPackage struct {
	pkg      *vulndb.Package // nil if the feed cannot tell
	versions map[string]*Candidate
}

func (f *indexFeed) Candidates(ctx context.Context, c fnpkg.Component) ([]Candidate, error) {
	if c.Version == "" {
		return nil, nil // without an installed version nothing is above it
	}
	key := c.Type + "\x00" + unitName(c) + "\x00" + distroOf(c.PURL)
	known := f.packages[key]
	if known == nil {
		pkg, _, err := f.matcher.Package(c)
		if err != nil {
			return nil, err
		}
		known = &knownPackage{pkg, map[string]*Candidate{}}
		f.packages[key] = known
	}
	if known.pkg == nil {
		return nil, nil
	}
	var out []Candidate
	for _, version := range known.pkg.Fixes(c.Version) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		candidate, err := known.candidate(version)
		if err != nil {
			return nil, fmt.Errorf("looking at %s %s: %w", c.Name, version, err)
		}
		if candidate != nil {
			out = append(out, *candidate)
		}
	}
	return out, nil
}

// candidate looks at a version; nil if it cannot be compared, for then it
// cannot be called clean.
func (k *knownPackage) candidate(version string) (*Candidate, error) {
	if c, ok := k.versions[version]; ok {
		return c, nil
	}
	ids, reason, err := k.pkg.Affecting(version)
	if err != nil {
		return nil, err
	}
	var c *Candidate
	if reason == "" {
		c = &Candidate{Version: version, Affecting: ids}
	}
	k.versions[version] = c
	return c, nil
}
