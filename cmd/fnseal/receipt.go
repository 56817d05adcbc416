package main

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/atomicfile"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
)

// receiptFlags are about verdicts that are handed on: to write one, and to
// demand one.
func receiptFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "receipt", Usage: "with --policy: write the verdict, signed, to `FILE` (a SLSA verification summary; added to FILE if that ends in .jsonl)"},
		&cli.StringFlag{Name: "receipt-key", Usage: "sign receipts with the private key `KEY` (a file, or a key of a key management service)"},
		&cli.StringFlag{Name: "receipt-timestamp-url", Usage: "have receipts timestamped by the RFC 3161 authority at `URL`"},
		&cli.StringFlag{Name: "receipt-verifier", Usage: "the `ID` that receipts name as their verifier, a URI (default: the policy's)"},
		&cli.StringFlag{Name: "receipt-resource", Usage: "the `URI` that receipts say the target is for (default: the policy's, or pkg:generic/NAME)"},
		&cli.StringFlag{Name: "receipt-from", Usage: "accept what the verifier `ID` accepted: demand its receipt, by an accepted signer, and no signature beside"},
		&cli.StringFlag{Name: "receipt-from-resource", Usage: "… which says the target is for `URI` (default: pkg:generic/NAME)"},
		&cli.StringFlag{Name: "receipt-from-policy", Usage: "… by the policy with this `DIGEST`, as fnseal policy check prints it"},
		&cli.StringSliceFlag{Name: "receipt-from-level", Usage: "… and states at least `LEVEL`, such as SLSA_BUILD_LEVEL_3, repeatable"},
		&cli.StringFlag{Name: "receipt-from-max-age", Usage: "… and is at most `AGE` old (12h, 7d), by a verified timestamp"},
		&cli.StringFlag{Name: "facts", Usage: "record to `FILE` what the target is judged by, for fnseal policy test"},
	}
}

// receipt makes receipts of verdicts.
type receipt struct {
	path    string
	signer  *sign.Signer
	verdict attest.VSA // but for what differs from target to target
	now     *env
	own     string // resource; "" for the target's own name
}

// readReceiptFlags reads what receiptFlags were given.
func (q *question) readReceiptFlags() error {
	c := q.cli
	if err := q.readReceiptFrom(); err != nil {
		return err
	}
	if q.facts = c.String("facts"); q.facts != "" {
		if len(q.refs) > 1 {
			return usagef("--facts records those of one target, not of %d", len(q.refs))
		}
		if err := checkWritable(q.facts); err != nil {
			return usagef("--facts: %v", err)
		}
	}
	path := c.String("receipt")
	if path == "" {
		for _, name := range []string{"receipt-key", "receipt-timestamp-url", "receipt-verifier", "receipt-resource"} {
			if c.IsSet(name) {
				return usagef("--%s goes with --receipt", name)
			}
		}
		return nil
	}
	if q.policy == nil {
		return usagef("--receipt needs --policy: a receipt says by which policy it was decided")
	}
	if len(q.refs) > 1 && !isLines(path) {
		return hint(usagef("--receipt: %s holds one receipt, and there are %d targets", path, len(q.refs)), "name a .jsonl")
	}
	if err := checkWritable(path); err != nil {
		return usagef("--receipt: %v", err)
	}
	said := q.policy.Receipt()
	r := &receipt{path: path, now: q.env, own: said.Resource}
	if v := c.String("receipt-verifier"); v != "" {
		said.Verifier = v
	}
	if v := c.String("receipt-resource"); v != "" {
		r.own = v
	}
	if said.Verifier == "" {
		return hint(usagef("--receipt: nothing says who verifies"), "--receipt-verifier https://…, or receipt: {verifier: …} in the policy")
	}
	digest := q.policy.Digest()
	r.verdict = attest.VSA{
		Verifier:    attest.VSAVerifier{ID: said.Verifier, Version: map[string]string{"fnseal": toolVersion()}},
		Policy:      attest.VSAPolicy{URI: q.policy.File(), Digest: map[string]string{"sha256": hex.EncodeToString(digest[:])}},
		Levels:      said.Levels,
		SLSAVersion: "1.1",
	}
	var err error
	r.signer, err = q.receiptSigner()
	q.receipt = r
	return err
}

func (q *question) receiptSigner() (*sign.Signer, error) {
	ref := q.cli.String("receipt-key")
	if ref == "" {
		return nil, hint(usagef("--receipt: no key to sign it with"), "--receipt-key KEY; make one with fnseal keygen")
	}
	key, err := privateKey(q.cli, q.env, ref)
	if err != nil {
		return nil, err
	}
	config := sign.Config{Key: key, Patience: sign.DefaultPatience()}
	if address := q.cli.String("receipt-timestamp-url"); address != "" {
		s, err := trust.NewTimestampService(address)
		if err != nil {
			return nil, usagef("--receipt-timestamp-url: %v", err)
		}
		config.Services.Timestamps = []trust.Service{s}
		if len(q.base.Roots) == 0 {
			return nil, usagef("--receipt-timestamp-url without --trusted-root: what the authority signs could not be checked")
		}
		config.Root = q.base.Roots[0]
	}
	return sign.Open(config)
}

// readReceiptFrom makes a rule of --receipt-from. Its signers are those that
// are accepted.
func (q *question) readReceiptFrom() error {
	c := q.cli
	r := policy.Receipt{Verifier: c.String("receipt-from"), Policy: c.String("receipt-from-policy"), Levels: c.StringSlice("receipt-from-level")}
	if r.Verifier == "" {
		for _, name := range []string{"receipt-from-resource", "receipt-from-policy", "receipt-from-level", "receipt-from-max-age"} {
			if c.IsSet(name) {
				return usagef("--%s goes with --receipt-from", name)
			}
		}
		return nil
	}
	if q.policy != nil {
		return usagef("--receipt-from and --policy: a policy demands receipts under receipts:")
	}
	if uri := c.String("receipt-from-resource"); uri != "" {
		r.Resource = policy.ExactGlob(uri)
	}
	if age := c.String("receipt-from-max-age"); age != "" {
		if err := r.MaxAge.UnmarshalText([]byte(age)); err != nil {
			return usagef("--receipt-from-max-age: %v", err)
		}
	}
	set, err := policy.ReceiptRule("--receipt-from", r)
	if err != nil {
		return usagef("--receipt-from: %v", err)
	}
	q.receiptRules = []policy.RuleSet{set}
	q.base.Policy.ReceiptOnly = true
	return nil
}

// sign returns a receipt of each verdict, none if none is asked for.
func (r *receipt) sign(ctx context.Context, verdicts []policy.Verdict) ([][]byte, error) {
	if r == nil {
		return nil, nil
	}
	var bundles [][]byte
	for _, v := range verdicts {
		bundle, err := r.signOne(ctx, v)
		if err != nil {
			return nil, fmt.Errorf("signing the receipt of %s: %w", v.Target, err)
		}
		bundles = append(bundles, bundle)
	}
	return bundles, nil
}

func (r *receipt) signOne(ctx context.Context, v policy.Verdict) ([]byte, error) {
	digest, err := fnpkg.ParseDigest(v.Digest)
	if err != nil {
		return nil, err
	}
	subject, err := attest.SubjectOf(fnpkg.Subject{Name: v.Target, Digest: digest})
	if err != nil {
		return nil, err
	}
	said := r.verdict
	said.TimeVerified, said.Result, said.ResourceURI = r.now.now(), attest.VSAFailed, r.own
	if v.Accepted() {
		said.Result = attest.VSAPassed
	} else {
		said.Levels = nil // it has none
	}
	if said.ResourceURI == "" {
		said.ResourceURI = policy.DefaultResource(v.Target)
	}
	statement, err := said.Statement([]attest.Subject{subject})
	if err != nil {
		return nil, err
	}
	text, err := statement.Marshal()
	if err != nil {
		return nil, err
	}
	return r.signer.SignStatement(ctx, text)
}

// write keeps receipts where they were asked for.
func (r *receipt) write(ctx context.Context, bundles [][]byte) error {
	switch {
	case r == nil:
		return nil
	case isLines(r.path):
		return attest.AppendBundles(ctx, r.path, manyBundles(), bundles...)
	}
	return attest.WriteBundles(r.path, bundles...)
}

// record writes the facts of the target.
func (q *question) record(facts policy.Recorded) error {
	data, err := facts.Marshal()
	if err != nil {
		return err
	}
	return atomicfile.Write(q.facts, 0o644, data)
}
