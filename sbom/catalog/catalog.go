// Package catalog finds the components of a function package. It is the only
// room that imports the cataloguing library (syft), whose catalogers it calls
// one by one: the library's front door decides by its own rules which of them
// fit a zip, and then finds nothing in most functions.
//
// One pass over the package's headers decides which files matter; each
// cataloger gets to see those alone, through a resolver in memory. Only
// packages that are really installed are shipped components: an npm package in
// a node_modules folder, a Python distribution with its metadata, a module in a
// Go binary's build information, a Java archive. What only a lock file names is
// declared.
package catalog

import (
	"context"
	"crypto"
	_ "crypto/sha512" // for crypto.SHA512
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fnseal/fnseal/fnpkg"
	jsbundle "github.com/fnseal/fnseal/sbom/bundle"
)

// Options of Catalog. The zero value is ready for use.
type Options struct {
	// Progress, if set, is called with the number of files looked into and the
	// number there are to look into. Calls come one at a time.
	Progress func(done, total int)

	// Unhashed leaves out the hashes of the package and of components that are
	// one file, but for the exact digest: lists and matching need none, and they
	// are most of what cataloguing a large program costs.
	Unhashed bool

	// Shared, if set, is asked for what was found in files that other packages
	// have too, and told.
	Shared *Shared

	// Limits for archives within the package; the zero value stands for
	// fnpkg.DefaultLimits.
	Limits fnpkg.Limits

	// With is what the package was built from, if that is at hand: versions of
	// bundled packages are looked up there.
	With []*jsbundle.Build

	// ContentDigest asks for Inventory.Subject.Content, and the TreeSHA256 of
	// the components that are trees of files. All content has to be read for
	// them; otherwise, and where none is defined, they stay zero.
	ContentDigest bool

	// LicenseTexts asks for the texts of licences that lie in the folders and
	// archives of components.
	LicenseTexts bool

	// Runtime is the provider's name of the managed runtime the package runs
	// on, such as "python3.12"; empty if it is not known. The runtime and what
	// it holds become components of OriginRuntime. A name that is in no table
	// is an *UnknownRuntimeError.
	Runtime string
}

// technique is one way to find packages.
type technique struct {
	name string
	run  func(ctx context.Context, s *survey, begin func()) (result, error)
}

// nestedTechniques are those that work within an archive in the package as
// they do in the package itself.
func nestedTechniques() []technique {
	return []technique{
		{"npm packages", catalogNPM},
		{"Python packages", catalogPython},
		{"Python packages without metadata", catalogStripped},
		{"Ruby gems", catalogRuby},
		{"PHP packages", catalogComposer},
		{"NuGet packages", catalogDotnet},
		{"lock files", catalogLocks},
		{"lock files of Ruby and PHP", catalogOtherLocks},
		{"Go binaries", catalogGo},
	}
}

// Catalog lists the components of p. The inventory's subject carries p's exact
// digest, which is zero for a directory.
//
// A file that cannot be read as what its name says does not fail the call: it
// makes the coverage of its ecosystem partial, with the reason. A package whose
// bytes cannot be read at all does.
func Catalog(ctx context.Context, p fnpkg.Package, o Options) (*fnpkg.Inventory, error) {
	if o.Limits == (fnpkg.Limits{}) {
		o.Limits = fnpkg.DefaultLimits()
	}
	s := look(p.Entries())
	s.shared, s.unhashed = o.Shared, o.Unhashed
	begin := progress(o.Progress, len(s.npm)+len(s.python)+len(s.locks)+len(s.archives)+len(s.programs))

	nested := newArchiveReader(o.Limits, begin)
	nested.unhashed = o.Unhashed
	nested.texts = o.LicenseTexts
	techniques := append(nestedTechniques(), []technique{
		{"packages in Yarn's cache", func(ctx context.Context, s *survey, begin func()) (result, error) {
			return catalogYarnCache(ctx, s, o.Limits, begin)
		}},
		{"operating system packages", catalogOS},
		{"archives", func(ctx context.Context, s *survey, _ func()) (result, error) {
			return catalogArchives(ctx, s, p.Name(), nested)
		}},
	}...)
	results := make([]result, len(techniques))
	inv := &fnpkg.Inventory{
		Subject: fnpkg.Subject{Name: p.Name(), Kind: p.Kind(), Size: p.Size(), Newest: s.newest},
		Hazards: p.Hazards(),
	}

	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		inv.Subject.Digest, inv.Subject.SHA512, err = digests(gctx, p, o.Unhashed)
		return err
	})
	for i, t := range techniques {
		group.Go(func() error {
			r, err := t.run(gctx, s, begin)
			if err != nil {
				return fmt.Errorf("looking for %s in %s: %w", t.name, p.Name(), err)
			}
			results[i] = r
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := join(results)
	s.addCode(all.code)
	inv.Components = merge(all.finds)
	if o.LicenseTexts {
		addTexts(inv, all.finds, s)
	}
	if o.ContentDigest {
		content, err := fnpkg.ReadTreeIfAny(ctx, p)
		if err != nil {
			return nil, err
		}
		if content != nil {
			inv.Subject.Content = content.Digest()
			addTrees(inv, all.finds, s, content)
		}
	}
	inv.Edges = mergeEdges(all.edges)
	inv.Coverage = coverage(s, inv.Components, all)
	if err := addBundled(ctx, s, inv, all.unread, o.With, begin); err != nil {
		return nil, fmt.Errorf("looking for bundled packages in %s: %w", p.Name(), err)
	}
	if o.Runtime != "" {
		if err := addRuntime(inv, o.Runtime); err != nil {
			return nil, err
		}
	}
	return inv, nil
}

// digests returns the exact digest of p, and its sha512 in hexadecimal where p is
// one file and that is wanted: both from one pass over it if none was made
// before.
func digests(ctx context.Context, p fnpkg.Package, unhashed bool) (d fnpkg.Digest, sum512 string, err error) {
	if file, ok := p.(fnpkg.Summer); ok && !unhashed {
		sum, err := file.Sum(ctx, crypto.SHA512)
		if err != nil {
			return d, "", err
		}
		sum512 = hex.EncodeToString(sum)
	}
	d, err = p.Digest(ctx)
	if errors.Is(err, fnpkg.ErrNoDigest) {
		err = nil
	}
	return d, sum512, err
}

// each calls work for 0 to n-1 on all processors and returns the first error.
func each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return work(ctx, i)
		})
	}
	return group.Wait()
}

// progress returns the function to call for each file that is opened.
func progress(report func(done, total int), total int) func() {
	if report == nil {
		return func() {}
	}
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		report(done, max(done, total))
	}
}
