package verify

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/trust"
)

// Input is what Verify works on.
type Input struct {
	Name   string       // base name of the file, for messages
	Digest fnpkg.Digest // the file's exact digest, computed from its bytes

	Bundles []attest.Item

	// Looked are the paths bundles were looked for in, for the message that
	// there is none.
	Looked []string

	// Keys are the keys whose signatures count. At least one is needed: no
	// default accepts anyone.
	Keys []trust.PublicKey
}

var (
	// ErrNoTrust says that Verify was told nobody to trust.
	ErrNoTrust = errors.New("no key was given whose signature would be accepted")

	// ErrNoDigest says that Verify was given no digest to compare with.
	ErrNoDigest = errors.New("no digest was given to compare with")
)

// Verify examines every bundle. Whatever is wrong with a bundle is a fact; an
// error says that the question makes no sense or that ctx ended.
func Verify(ctx context.Context, in Input) (*Facts, error) {
	if in.Digest.IsZero() {
		return nil, fmt.Errorf("verifying %s: %w", in.Name, ErrNoDigest)
	}
	if len(in.Keys) == 0 {
		return nil, fmt.Errorf("verifying %s: %w", in.Name, ErrNoTrust)
	}
	checkers, err := newCheckers(in.Keys)
	if err != nil {
		return nil, fmt.Errorf("verifying %s: %w", in.Name, err)
	}
	facts := &Facts{Name: in.Name, Digest: in.Digest, Bundles: make([]BundleFact, 0, len(in.Bundles))}
	for _, k := range in.Keys {
		facts.Keys = append(facts.Keys, Key{ID: k.ID, Name: k.Name})
	}
	for _, p := range in.Looked {
		facts.Looked = append(facts.Looked, filepath.Base(p))
	}
	for _, item := range in.Bundles {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		facts.Bundles = append(facts.Bundles, examine(item, in.Digest, checkers))
	}
	return facts, nil
}

func examine(item attest.Item, digest fnpkg.Digest, keys []checker) (fact BundleFact) {
	fact = BundleFact{Source: item.Source, Input: item.Input, Named: item.Named}
	unreadable := func(err error) BundleFact {
		return BundleFact{Source: item.Source, Input: item.Input, Named: item.Named, Unreadable: err.Error()}
	}
	// A bundle is hostile input to several libraries. Should one of them
	// panic, this bundle is refused; the gate neither opens nor falls over.
	defer func() {
		if p := recover(); p != nil {
			fact = unreadable(fmt.Errorf("it makes the reader fail: %v", p))
		}
	}()

	if item.Err != nil {
		return unreadable(item.Err)
	}
	b, err := parse(item.JSON)
	if err != nil {
		return unreadable(err)
	}
	fact.MediaType, fact.Kind, fact.Hint = b.mediaType, b.kind, b.hint
	fact.Signed, fact.Statement = b.signed, b.statement
	fact.Signature, fact.Signer = checkSignature(b, keys)
	fact.Digest = compare(b, digest)
	return fact
}
