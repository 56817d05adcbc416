package attest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/registry"
)

// The annotations of a bundle in a registry (sigstore/cosign,
// specs/BUNDLE_SPEC.md).
const (
	annotationContent       = "dev.sigstore.bundle.content"
	annotationPredicateType = "dev.sigstore.bundle.predicateType"
)

// bundleTypes is what the media types of all versions of bundles begin with.
const bundleTypes = "application/vnd.dev.sigstore.bundle"

// fetchers is how many bundles are fetched from a registry at a time.
const fetchers = 4

// PushBundles keeps bundles beside the image of that digest, as artifacts that
// refer to it. One that is there already is not added again. Several processes
// may push at the same time. What was pushed before an error stays: pushing
// again completes it.
func PushBundles(ctx context.Context, repo *registry.Repository, image fnpkg.Digest, bundles ...[]byte) error {
	var artifacts []registry.Artifact
	for _, b := range bundles {
		a, err := artifact(b)
		if err != nil {
			return err
		}
		artifacts = append(artifacts, a)
	}
	for _, a := range artifacts {
		if _, err := repo.Attach(ctx, image, a); err != nil {
			return err
		}
	}
	return nil
}

// artifact returns a bundle in the form a registry keeps it in.
func artifact(bundle []byte) (registry.Artifact, error) {
	d, err := Describe(bundle)
	if err != nil {
		return registry.Artifact{}, err
	}
	if d.MediaType != BundleV03 {
		// Those of older versions have parameters, which no artifact type may.
		return registry.Artifact{}, fmt.Errorf("a bundle of type %q cannot be kept in a registry, only one of %s", clip(d.MediaType), BundleV03)
	}
	annotations := map[string]string{annotationContent: string(d.Content)}
	if t := d.PredicateType(); t != "" {
		annotations[annotationPredicateType] = t
	}
	return registry.Artifact{Type: BundleV03, Content: bundle, Annotations: annotations}, nil
}

// PullBundles reads the bundles that a registry keeps beside the image of that
// digest. Whoever can push to the repository can put anything there: what
// cannot be read is an item with an Err, to be listed and passed over. Artifacts
// of other kinds are left out. An error says that the registry could not be
// asked, or that ctx ended.
func PullBundles(ctx context.Context, repo *registry.Repository, image fnpkg.Digest, limits Limits) ([]Item, error) {
	list, err := repo.Referrers(ctx, image, limits.Bundles)
	var rest []Item
	if err != nil {
		if !defect(err) {
			return nil, err
		}
		rest = append(rest, Item{Source: "referrers of " + short(image), Input: repo.String() + "@" + image.String()}.fail("%w", err))
	}
	found, err := storedBundles(ctx, repo, list)
	if err != nil {
		return nil, err
	}
	// Sizes are added up before anything of that size is fetched.
	items := make([]Item, len(found))
	var total int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchers)
	for i, f := range found {
		items[i] = f.item
		if f.item.Err != nil {
			continue
		}
		if limits.FileBytes > 0 && f.stored.Size > limits.FileBytes-total {
			items[i] = f.item.fail("not read: %w", &fnpkg.LimitError{What: "bytes of all bundles", Limit: limits.FileBytes, Got: f.stored.Size})
			continue
		}
		total += f.stored.Size
		g.Go(func() error {
			var err error
			items[i], err = f.read(ctx, repo, limits)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return append(items, rest...), nil
}

// CopyBundles copies the bundles beside the image of that digest from one
// repository to another, unchanged, and returns how many there are. Those that
// are there already are not added again. junk is what could not be read, and
// was not copied.
func CopyBundles(ctx context.Context, from, to *registry.Repository, image fnpkg.Digest, limits Limits) (n int, junk []Item, err error) {
	list, err := from.Referrers(ctx, image, limits.Bundles)
	if err != nil {
		// What a deploy would have missed must not be lost without a word.
		return 0, nil, err
	}
	found, err := storedBundles(ctx, from, list)
	if err != nil {
		return 0, nil, err
	}
	for _, f := range found {
		err := f.item.Err
		if err == nil {
			err = from.CopyReferrer(ctx, to, image, f.ref, limits.BundleBytes)
		}
		switch {
		case err == nil:
			n++
		case defect(err):
			junk = append(junk, f.item.fail("%w", err))
		default:
			return n, junk, err
		}
	}
	return n, junk, nil
}

// stored is a bundle that a registry keeps.
type stored struct {
	ref    registry.Referrer
	item   Item // without JSON
	stored registry.Stored
}

// storedBundles returns those of the artifacts that are bundles, or are said
// to be and cannot be read.
func storedBundles(ctx context.Context, repo *registry.Repository, list []registry.Referrer) ([]stored, error) {
	all := make([]*stored, len(list))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchers)
	for i, ref := range list {
		said := strings.HasPrefix(ref.ArtifactType, bundleTypes)
		if ref.ArtifactType != "" && !said {
			continue
		}
		g.Go(func() error {
			s, err := repo.Stored(ctx, ref)
			item := Item{Source: "referrer " + short(ref.Digest), Input: repo.String() + "@" + ref.Digest.String()}
			switch {
			case err != nil && !defect(err):
				return err
			case err != nil && said:
				all[i] = &stored{ref: ref, item: item.fail("%w", err)}
			case strings.HasPrefix(s.MediaType, bundleTypes):
				all[i] = &stored{ref, item, s}
			case said:
				all[i] = &stored{ref: ref, item: item.fail("its content is of type %q", clip(s.MediaType))}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var found []stored
	for _, s := range all {
		if s != nil {
			found = append(found, *s)
		}
	}
	return found, nil
}

func (s stored) read(ctx context.Context, repo *registry.Repository, limits Limits) (Item, error) {
	most := limits.BundleBytes
	if most <= 0 {
		most = math.MaxInt64
	}
	data, err := repo.Read(ctx, s.stored, most)
	switch {
	case err == nil:
		return s.item.with(bundleText{data, int64(len(data))}, limits), nil
	case defect(err):
		return s.item.fail("%w", err), nil
	}
	return s.item, err
}

// defect reports whether an error is about what was read rather than about
// reading.
func defect(err error) bool {
	var format *fnpkg.FormatError
	var limit *fnpkg.LimitError
	return errors.As(err, &format) || errors.As(err, &limit)
}

// short is a digest as far as a person compares it.
func short(d fnpkg.Digest) string { return "sha256:" + d.Hex()[:12] }
