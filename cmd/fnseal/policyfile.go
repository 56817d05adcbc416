package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

func policyFlag() cli.Flag {
	return &cli.StringFlag{Name: "policy", Usage: "demand what the policy in `FILE` (fnseal.yaml) demands; it also says whose signatures are accepted"}
}

// maxPolicyFile bounds what is read of a policy file; its reader says so of one
// that is larger than it accepts.
const maxPolicyFile = 2 << 20

// loadPolicy reads a policy file and what it includes.
func loadPolicy(path string) (policy.Sources, error) {
	return policy.Load(path, func(path string) ([]byte, error) {
		data, err := readCapped(path, maxPolicyFile)
		if errors.Is(err, os.ErrNotExist) {
			return nil, hint(err, "fnseal policy init writes one")
		}
		return data, err
	})
}

// policySigners reads the keys and roots that a policy names. A policy that
// names no signer leaves that to the flags.
func policySigners(c *cli.Context, e *env, p policy.Sources) (signers, error) {
	known := p.Signers()
	if len(known) == 0 {
		return acceptedSigners(c, e)
	}
	for _, name := range []string{"key", "certificate-identity", "certificate-identity-regexp", "certificate-oidc-issuer", "certificate-oidc-issuer-regexp"} {
		if c.IsSet(name) {
			return signers{}, usagef("--%s: the policy says whose signatures are accepted", name)
		}
	}
	s := signers{waived: verify.Waivers{SCT: c.Bool("unsafe-no-sct"), Log: c.Bool("unsafe-no-tlog")}}
	ids := map[string]string{} // of keys, to the name of who has it
	for _, name := range slices.Sorted(maps.Keys(known)) {
		signer := known[name]
		if signer.Key == "" {
			s.ids = append(s.ids, signer.Accepts())
			continue
		}
		k, err := trust.LoadPublicKey(p.KeyPath(name))
		if err != nil {
			return s, fmt.Errorf("signer %s of the policy: %w", name, err)
		}
		if other, ok := ids[k.ID]; ok {
			return s, fmt.Errorf("signers %s and %s of the policy have the same key", other, name)
		}
		ids[k.ID] = name
		k.Name, k.From, k.Until = name, signer.From.Start(), signer.Until.End()
		s.keys = append(s.keys, k)
	}
	var err error
	if paths := p.RootPaths(); len(paths) > 0 && !c.IsSet("trusted-root") {
		for _, path := range paths {
			more, err := trust.LoadRoots(path)
			if err != nil {
				return s, err
			}
			s.roots = append(s.roots, more...)
		}
		return s, nil
	}
	s.roots, err = trustedRoots(c, e, len(s.ids) > 0)
	return s, err
}

// usePolicy adds what a policy file demands to what the flags demand of every
// target.
func (q *question) usePolicy() (signers, error) {
	path := q.cli.String("policy")
	if path == "" {
		return acceptedSigners(q.cli, q.env)
	}
	p, err := loadPolicy(path)
	if err != nil {
		return signers{}, err
	}
	q.policy = p
	if p.WantsFeed() {
		if q.base.Feed, err = openFeed(q.cli, q.env); err != nil {
			return signers{}, fmt.Errorf("the policy %s matches against the local feed: %w", filepath.Base(path), err)
		}
	}
	return policySigners(q.cli, q.env, p)
}

// demands returns what is demanded of a target of a name: by the flags, and by
// the policy file.
func (q *question) demands(name string) policy.Policy {
	p := q.base.Policy
	file := q.policy.Demands(name)
	p.Rules, p.Signers, p.At = append(file.Rules, q.receiptRules...), file.Signers, q.env.now()
	p.Ignore, p.Deadlines = file.Ignore, file.Deadlines
	p.UnsafeAllowHazards = slices.Concat(p.UnsafeAllowHazards, file.UnsafeAllowHazards)
	return p
}

// close releases what all targets are judged by.
func (q *question) close() error {
	if q.base.Feed != nil {
		return q.base.Feed.Close()
	}
	return nil
}
