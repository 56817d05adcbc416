// Package gate is the deploy side of fnseal as one function: an artifact, its
// bundles and the keys to trust go in, and a verdict comes out.
package gate

import (
	"context"
	"fmt"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
	"github.com/fnseal/fnseal/vulndb"
)

// Input is what a decision is made from.
type Input struct {
	// Artifact is the file to decide about. It may have been opened as a
	// plain file because it could not be read as the package it seems to be;
	// Defect then says why, and the package check fails with it.
	Artifact fnpkg.Package
	Defect   error

	Bundles []attest.Item
	Shared  *verify.Shared // bundles given for several artifacts; may be nil
	Looked  []string       // paths that bundles were looked for in

	// Keys and Identities are the signers that are accepted, Roots what
	// judges certificates, logs and timestamps; see verify.Input.
	Keys       []trust.PublicKey
	Identities []verify.Identity
	Roots      []*trust.Root
	Waived     verify.Waivers

	Policy policy.Policy

	// Feed is what rules match components against; nil if none does.
	Feed *vulndb.DB
}

// Decide judges the artifact. An error says that no decision could be made;
// whatever is wrong with the artifact or its bundles is in the verdict.
func Decide(ctx context.Context, in Input) (policy.Verdict, error) {
	facts, pkg, err := Gather(ctx, in)
	if err != nil {
		return policy.Verdict{}, err
	}
	return policy.Evaluate(*facts, pkg, in.Policy), nil
}

// Gather finds out what there is to judge the artifact by.
func Gather(ctx context.Context, in Input) (*verify.Facts, policy.PackageFacts, error) {
	var pkg policy.PackageFacts
	digest, err := in.Artifact.Digest(ctx)
	if err != nil {
		return nil, pkg, fmt.Errorf("reading %s: %w", in.Artifact.Name(), err)
	}
	question := verify.Input{
		Name:       in.Artifact.Name(),
		Digest:     digest,
		Bundles:    in.Bundles,
		Shared:     in.Shared,
		Looked:     in.Looked,
		Keys:       in.Keys,
		Identities: in.Identities,
		Roots:      in.Roots,
		Waived:     in.Waived,
	}
	if s, ok := in.Artifact.(fnpkg.Summer); ok {
		question.Sum = s.Sum
	}
	facts, err := verify.Verify(ctx, question)
	if err != nil {
		return nil, pkg, err
	}
	pkg = policy.PackageFacts{
		Kind:    in.Artifact.Kind(),
		Hazards: in.Artifact.Hazards(),
		Err:     in.Defect,
	}
	if explains(facts) {
		// It decides nothing, so a package it cannot be computed of is none
		// the worse for it.
		if content, err := fnpkg.DigestContent(ctx, in.Artifact); err == nil {
			pkg.Content = content
		} else if ctx.Err() != nil {
			return nil, pkg, ctx.Err()
		}
	}
	if components, needed := in.Policy.FeedComponents(*facts); needed {
		if in.Feed == nil {
			return nil, pkg, vulndb.ErrNoFeed
		}
		if pkg.Scan, err = in.Feed.Match(ctx, components); err != nil {
			return nil, pkg, fmt.Errorf("matching %s: %w", in.Artifact.Name(), err)
		}
	}
	return facts, pkg, nil
}

// explains reports whether the content digest, for which everything must be
// inflated, could say why the exact digest differs: a trusted signer named the
// content of other bytes.
func explains(facts *verify.Facts) bool {
	for _, b := range facts.Bundles {
		if b.Proves() || b.Signature.State != verify.Passed || b.Statement == nil {
			continue
		}
		for _, s := range b.Statement.Subjects {
			if !s.ContentDigest().IsZero() {
				return true
			}
		}
	}
	return false
}
