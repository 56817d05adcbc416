package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/sbom"
)

// Rebuilt compares the artifact with an independent rebuild of it: the same
// bytes pass, and so does the same content that was packed differently. An
// error says that they could not be compared; a rebuild without content to
// compare is a check that failed.
func Rebuilt(ctx context.Context, artifact, rebuild fnpkg.Package) (policy.Check, error) {
	c := policy.Check{ID: policy.CheckRebuilt, Outcome: policy.Fail, Wanted: "what an independent build yields"}
	ours, err := artifact.Digest(ctx)
	if err != nil {
		return c, fmt.Errorf("reading %s: %w", artifact.Name(), err)
	}
	theirs, err := rebuild.Digest(ctx)
	switch {
	case errors.Is(err, fnpkg.ErrNoDigest): // a directory has content only
	case err != nil:
		return c, fmt.Errorf("reading %s: %w", rebuild.Name(), err)
	case ours == theirs:
		c.Outcome, c.Found = policy.Pass, "the same bytes"
		return c, nil
	default:
		c.Found, c.Wanted = ours.String(), theirs.String()
	}
	for _, p := range []fnpkg.Package{artifact, rebuild} {
		if reason := incomparable(p); reason != "" {
			c.Reason = fmt.Sprintf("the bytes differ, and the content cannot be compared: %s %s", p.Name(), reason)
			return c, nil
		}
	}
	same, err := sameContent(ctx, artifact, rebuild)
	if err != nil {
		return c, err
	}
	if same {
		c.Outcome, c.Found = policy.Pass, "same content, packed differently"
		return c, nil
	}
	d, err := sbom.DiffFiles(ctx, artifact, rebuild)
	if err != nil {
		return c, fmt.Errorf("comparing %s and %s: %w", artifact.Name(), rebuild.Name(), err)
	}
	c.Reason = "the content differs: " + differing(d)
	return c, nil
}

// incomparable says why the content of a package says nothing.
func incomparable(p fnpkg.Package) string {
	switch ambiguous := fnpkg.Ambiguities(p.Hazards()); {
	case p.Kind() == "":
		return "is only a digest"
	case p.Kind() == fnpkg.KindFile:
		return "is no package, or none that can be read"
	case len(ambiguous) > 0:
		return fmt.Sprintf("is ambiguous (%s)", ambiguous[0].ID)
	}
	return ""
}

func sameContent(ctx context.Context, a, b fnpkg.Package) (bool, error) {
	x, err := fnpkg.DigestContent(ctx, a)
	if err != nil {
		return false, fmt.Errorf("computing the content digest of %s: %w", a.Name(), err)
	}
	y, err := fnpkg.DigestContent(ctx, b)
	if err != nil {
		return false, fmt.Errorf("computing the content digest of %s: %w", b.Name(), err)
	}
	return x == y, nil
}

// differing names the first files that differ. Names are hostile text.
func differing(d *sbom.FileDifference) string {
	const most = 5
	var names []string
	for _, c := range d.Changed {
		names = append(names, fmt.Sprintf("%.200q changed", c.From.Path))
	}
	for _, f := range d.Removed {
		names = append(names, fmt.Sprintf("%.200q is not in the rebuild", f.Path))
	}
	for _, f := range d.Added {
		names = append(names, fmt.Sprintf("%.200q is in the rebuild only", f.Path))
	}
	if len(names) == 0 {
		return "not in files, but in permissions or in directories without files"
	}
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}
