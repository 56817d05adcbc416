package verify

import (
	"context"
	"crypto"
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

	// Sum computes another digest of the file's bytes, for bundles that sign
	// a sha384 or sha512. Without it they prove nothing: a file known by its
	// sha256 alone cannot be compared with them.
	Sum func(context.Context, crypto.Hash) ([]byte, error)

	Bundles []attest.Item

	// Shared are further bundles, of several files. Those about other files
	// are passed over.
	Shared *Shared

	// Looked are the paths bundles were looked for in, for the message that
	// there is none.
	Looked []string

	// Keys and Identities are the signers whose signatures count. At least
	// one is needed: no default accepts anyone.
	Keys       []trust.PublicKey
	Identities []Identity

	// Roots judge certificates, log entries and timestamps. One of them by
	// itself must vouch for all of a bundle.
	Roots []*trust.Root

	Waived Waivers
}

// Waivers are demands that are not made. What is there is examined all the
// same.
type Waivers struct {
	SCT bool // that a certificate is in a log of certificates
	Log bool // that a signature is in a log
}

var (
	// ErrNoTrust says that Verify was told nobody to trust.
	ErrNoTrust = errors.New("no key or identity was given whose signature would be accepted")

	// ErrNoDigest says that Verify was given no digest to compare with.
	ErrNoDigest = errors.New("no digest was given to compare with")
)

// Verify examines every bundle. Whatever is wrong with a bundle is a fact; an
// error says that the question makes no sense, that the file could not be read
// or that ctx ended.
func Verify(ctx context.Context, in Input) (*Facts, error) {
	facts, err := examineAll(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("verifying %s: %w", in.Name, err)
	}
	return facts, nil
}

func examineAll(ctx context.Context, in Input) (*Facts, error) {
	if in.Digest.IsZero() {
		return nil, ErrNoDigest
	}
	if len(in.Keys) == 0 && len(in.Identities) == 0 {
		return nil, ErrNoTrust
	}
	keys, err := strongKeys(in.Keys)
	if err != nil {
		return nil, err
	}
	j := &judge{keys: keys, ids: in.Identities, roots: in.Roots, waived: in.Waived}
	facts := &Facts{Name: in.Name, Digest: in.Digest, Signers: in.Identities, Bundles: make([]BundleFact, 0, len(in.Bundles))}
	for _, k := range keys {
		facts.Keys = append(facts.Keys, Key{ID: k.ID, Name: k.Name})
	}
	for _, r := range in.Roots {
		facts.Roots = append(facts.Roots, r.String())
	}
	for _, p := range in.Looked {
		facts.Looked = append(facts.Looked, filepath.Base(p))
	}
	f := file{digest: in.Digest}
	if in.Sum != nil {
		f.sum = once(func(h crypto.Hash) ([]byte, error) { return in.Sum(ctx, h) })
	}
	for _, item := range in.Bundles {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		fact, b := examine(item, j)
		if b != nil {
			if fact.Digest, fact.SubjectNames, err = f.compare(b); err != nil {
				return nil, err
			}
		}
		facts.Bundles = append(facts.Bundles, fact)
	}
	shared, err := in.Shared.about(f, j)
	if err != nil {
		return nil, err
	}
	facts.Bundles = append(facts.Bundles, shared...)
	return facts, nil
}

// once remembers digests, each of which takes reading the file.
func once(sum func(crypto.Hash) ([]byte, error)) func(crypto.Hash) ([]byte, error) {
	have := make(map[crypto.Hash][]byte)
	return func(h crypto.Hash) ([]byte, error) {
		if d, ok := have[h]; ok {
			return d, nil
		}
		d, err := sum(h)
		if err == nil {
			have[h] = d
		}
		return d, err
	}
}

// examine finds out who signed an item. b is nil if it cannot be understood.
func examine(item attest.Item, j *judge) (fact BundleFact, b *parsed) {
	unreadable := func(err error) BundleFact {
		return BundleFact{Source: item.Source, Input: item.Input, Named: item.Named, Unreadable: err.Error()}
	}
	// A bundle is hostile input to several libraries. Should one of them
	// panic, this bundle is refused; the gate neither opens nor falls over.
	defer func() {
		if p := recover(); p != nil {
			fact, b = unreadable(fmt.Errorf("it makes the reader fail: %v", p)), nil
		}
	}()

	if item.Err != nil {
		return unreadable(item.Err), nil
	}
	b, err := parse(item.JSON)
	if err != nil {
		return unreadable(err), nil
	}
	fact = BundleFact{
		Source: item.Source, Input: item.Input, Named: item.Named,
		MediaType: b.mediaType, Kind: b.kind, Hint: b.hint, Signed: b.sha256(), Statement: b.statement,
	}
	j.sign(b, &fact)
	return fact, b
}
