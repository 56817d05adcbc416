package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/registry"
	"github.com/fnseal/fnseal/verify"
	"github.com/fnseal/fnseal/vulndb"
)

// feedType is the media type of a feed index in a registry.
const feedType = "application/vnd.fnseal.feed.v1"

func dbPushCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "push",
		Usage:     "sign the feed index and keep it in a registry",
		ArgsUsage: "REFERENCE [--key KEY] [flags]",
		Description: `Pushes the index as an OCI artifact, with a signature beside it that db pull
demands. The tag appears last. Standard output gets the reference by digest.

Examples:
  fnseal db push registry.example/security/osv:latest --key feed.key`,
		Flags: append(append([]cli.Flag{dbFlag()}, registryFlags()...), signingFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "REFERENCE")
			if err != nil {
				return err
			}
			return pushFeed(c, e, ref)
		},
	}
}

func dbPullCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "pull",
		Usage:     "take in a feed index from a registry, if who signed it is accepted",
		ArgsUsage: "REFERENCE --key KEY.pub [flags]",
		Description: `Nothing of the index is opened before its signature was verified and its hash
compared with what was signed. The feed stays as old as it was when it was
updated.

Examples:
  fnseal db pull registry.example/security/osv:latest --key feed.pub`,
		Flags: append(append([]cli.Flag{dbFlag()}, registryFlags()...), signerFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "REFERENCE")
			if err != nil {
				return err
			}
			return pullFeed(c, e, ref)
		},
	}
}

// registryFlags say how a registry is spoken to.
func registryFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "plain-http", Usage: "speak to registries without TLS"},
		&cli.BoolFlag{Name: "offline", Usage: "open no network connection"},
	}
}

// openFeedRepository opens the repository of a reference to a feed.
func openFeedRepository(c *cli.Context, ref string, access registry.Access) (repo *registry.Repository, identifier string, err error) {
	o, err := registryOptions(c)
	if err != nil {
		return nil, "", err
	}
	repository, identifier, err := registry.SplitReference(ref)
	if err != nil {
		return nil, "", usagef("%s: %v", ref, err)
	}
	repo, err = registry.OpenRepository(c.Context, repository, access, o)
	if errors.Is(err, registry.ErrDenied) {
		err = hint(err, "docker login")
	}
	return repo, identifier, err
}

func pushFeed(c *cli.Context, e *env, ref string) error {
	db, err := openIndex(c)
	if err != nil {
		return err
	}
	defer db.Close()
	repo, tag, err := openFeedRepository(c, ref, registry.ReadWrite)
	if err != nil {
		return err
	}
	defer repo.Close()
	if _, err := fnpkg.ParseDigest(tag); err == nil {
		return usagef("%s: a digest cannot be chosen, only a tag", ref)
	}
	s, err := signer(c, e)
	if err != nil {
		return err
	}
	ctx := c.Context
	f, err := os.CreateTemp("", "fnseal-feed-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	sum, err := db.Export(ctx, f)
	if err != nil {
		return err
	}
	digest, err := fnpkg.ParseDigest("sha256:" + sum)
	if err != nil {
		return err
	}
	pushed, err := repo.PushFile(ctx, f.Name(), digest, feedType)
	if err != nil {
		return err
	}
	bundle, err := signFeed(ctx, s, path.Base(repo.String()), pushed.Digest)
	if err != nil {
		return fmt.Errorf("signing the feed index: %w", err)
	}
	at := place{repo: repo, image: pushed.Digest}
	if err := at.add(ctx, bundle); err != nil {
		return err
	}
	if err := repo.TagFile(ctx, pushed, tag); err != nil {
		return err
	}
	e.note("pushed %d records, built %s, to %s:%s", db.Stamp().Records, db.Stamp().Built.Format("2006-01-02 15:04 MST"), repo, tag)
	return writeAll(e.stdout, fmt.Appendf(nil, "%s\n", &at))
}

// signFeed signs the manifest of a feed index, as an image is signed.
func signFeed(ctx context.Context, s interface {
	SignStatement(context.Context, []byte) ([]byte, error)
}, name string, digest fnpkg.Digest) ([]byte, error) {
	subject, err := attest.SubjectOf(fnpkg.Subject{Name: name, Digest: digest})
	if err != nil {
		return nil, err
	}
	statement, err := attest.SignatureStatement([]attest.Subject{subject})
	if err != nil {
		return nil, err
	}
	text, err := statement.Marshal()
	if err != nil {
		return nil, err
	}
	return s.SignStatement(ctx, text)
}

func pullFeed(c *cli.Context, e *env, ref string) error {
	who, err := acceptedSigners(c, e)
	if err != nil {
		return err
	}
	into, err := dbPath(c)
	if err != nil {
		return err
	}
	repo, identifier, err := openFeedRepository(c, ref, registry.ReadOnly)
	if err != nil {
		return err
	}
	defer repo.Close()
	ctx := c.Context
	found, err := repo.FindFile(ctx, identifier, feedType)
	if err != nil {
		return err
	}
	items, err := attest.PullBundles(ctx, repo, found.Digest, attest.DefaultLimits())
	if err != nil {
		return err
	}
	facts, err := verify.Verify(ctx, verify.Input{
		Name: path.Base(repo.String()), Digest: found.Digest, Bundles: items,
		Keys: who.keys, Identities: who.ids, Roots: who.roots, Waived: who.waived,
	})
	if err != nil {
		return err
	}
	if err := feedProven(ref, facts); err != nil {
		return err
	}
	f, err := os.CreateTemp("", "fnseal-feed-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := repo.ReadFile(ctx, found, f); err != nil {
		return fmt.Errorf("pulling %s: %w", ref, err)
	}
	stamp, err := vulndb.Import(ctx, into, f.Name(), found.File.Hex())
	if err != nil {
		return err
	}
	e.note("took in %d records, built %s", stamp.Records, stamp.Built.Format("2006-01-02 15:04 MST"))
	return nil
}

// feedProven refuses a feed index that nobody accepted has signed.
func feedProven(ref string, facts *verify.Facts) error {
	why := "it has no signature"
	for _, b := range facts.Bundles {
		switch {
		case b.Proves() && b.PredicateType() == attest.TypeCosignSign:
			return nil
		case b.Unreadable != "":
			why = b.Unreadable
		case b.Signature.State != verify.Passed:
			why = b.Signature.Reason
		case b.Digest.State != verify.Passed:
			why = b.Digest.Reason
		default:
			why = "it is attested, but not signed"
		}
	}
	return &resultError{code: exitRefused, msg: fmt.Sprintf("the feed index %s is refused: %s", ref, why)}
}
