package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// signerFlags say whose signatures are accepted, and what they are judged by.
func signerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "key", Usage: "accept signatures by the public key in `FILE`, repeatable; FILE,from=DAY,until=DAY for those made in that period"},
		&cli.StringFlag{Name: "certificate-identity", Usage: "accept certificates that name exactly `WHO`: an e-mail address or a URI"},
		&cli.StringFlag{Name: "certificate-identity-regexp", Usage: "accept certificates whose whole name matches `REGEXP`"},
		&cli.StringFlag{Name: "certificate-oidc-issuer", Usage: "… and of them those for whom exactly `URL` vouched"},
		&cli.StringFlag{Name: "certificate-oidc-issuer-regexp", Usage: "… and of them those whose issuer matches `REGEXP` as a whole"},
		&cli.StringSliceFlag{Name: "trusted-root", Usage: "judge certificates, logs and timestamps by the trusted root in `FILE`, repeatable (default: that of the public-good instance)"},
		&cli.BoolFlag{Name: "unsafe-no-sct", Usage: "accept certificates that are in no log of certificates"},
		&cli.BoolFlag{Name: "unsafe-no-tlog", Usage: "accept signatures that are in no transparency log"},
	}
}

// signers are those who are accepted and what they are judged by.
type signers struct {
	keys   []trust.PublicKey
	ids    []verify.Identity
	roots  []*trust.Root
	waived verify.Waivers
}

// acceptedSigners reads what signerFlags were given.
func acceptedSigners(c *cli.Context, e *env) (signers, error) {
	s := signers{waived: verify.Waivers{SCT: c.Bool("unsafe-no-sct"), Log: c.Bool("unsafe-no-tlog")}}
	id, err := acceptedIdentity(c)
	if err != nil {
		return s, err
	}
	keys := c.StringSlice("key")
	switch {
	case len(keys) == 0 && id == nil:
		return s, hint(usagef("no --key and no --certificate-identity: nobody's signature would be accepted"),
			"name whoever seals, as in --key fnseal.pub, or --certificate-identity WHO --certificate-oidc-issuer URL")
	case len(keys) > 0 && id != nil:
		return s, hint(usagef("--key and --certificate-identity together: a bundle is signed with one or the other"),
			"a policy file can accept any of several signers")
	case id != nil:
		s.ids = append(s.ids, *id)
	}
	for _, spec := range keys {
		k, err := acceptedKey(spec)
		if err != nil {
			return s, err
		}
		s.keys = append(s.keys, k)
	}
	s.roots, err = trustedRoots(c.Context, c, e, id != nil)
	return s, err
}

// acceptedIdentity reads the identity, nil if none was given. Half of one
// would accept whoever can get the other half.
func acceptedIdentity(c *cli.Context) (*verify.Identity, error) {
	subject, err := pattern(c, "certificate-identity")
	if err != nil {
		return nil, err
	}
	issuer, err := pattern(c, "certificate-oidc-issuer")
	if err != nil {
		return nil, err
	}
	switch {
	case subject.IsZero() && issuer.IsZero():
		return nil, nil
	case subject.IsZero():
		return nil, usagef("--certificate-oidc-issuer without --certificate-identity: anybody the issuer vouches for would be accepted")
	case issuer.IsZero():
		return nil, usagef("--certificate-identity without --certificate-oidc-issuer: any issuer could vouch for that name")
	}
	return &verify.Identity{Subject: subject, Issuer: issuer}, nil
}

// pattern reads a flag and its -regexp, of which one may be given.
func pattern(c *cli.Context, name string) (verify.Pattern, error) {
	exact, expr := c.IsSet(name), c.IsSet(name+"-regexp")
	switch {
	case exact && expr:
		return verify.Pattern{}, usagef("--%s and --%s-regexp together: give one of them", name, name)
	case exact:
		if c.String(name) == "" {
			return verify.Pattern{}, usagef("--%s is empty", name)
		}
		return verify.Exactly(c.String(name)), nil
	case expr:
		p, err := verify.Matching(c.String(name + "-regexp"))
		if err != nil {
			return p, usagef("--%s-regexp: %v", name, err)
		}
		return p, nil
	}
	return verify.Pattern{}, nil
}

// acceptedKey reads a key and the period for which it is accepted, as in
// "old.pub,until=2026-01-31".
func acceptedKey(spec string) (trust.PublicKey, error) {
	path, from, until := spec, time.Time{}, time.Time{}
	for {
		head, last, ok := cutLast(path, ",")
		name, value, isPeriod := strings.Cut(last, "=")
		if !ok || !isPeriod || name != "from" && name != "until" {
			break
		}
		t, err := parseDay(value, name == "until")
		if err != nil {
			return trust.PublicKey{}, usagef("--key %s: %v", spec, err)
		}
		if path = head; name == "from" {
			from = t
		} else {
			until = t
		}
	}
	k, err := trust.LoadPublicKey(path)
	if err != nil {
		return k, err
	}
	if !from.IsZero() && !until.IsZero() && until.Before(from) {
		return k, usagef("--key %s: it ends before it begins", spec)
	}
	k.From, k.Until = from, until
	return k, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// parseDay reads a time of RFC 3339, or a day, which is meant to its end where
// it ends something.
func parseDay(s string, end bool) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, errors.New("a day as in 2026-01-31 or a time as in 2026-01-31T12:00:00Z is expected, not " + s)
	}
	if end {
		t = t.AddDate(0, 0, 1).Add(-time.Second)
	}
	return t.UTC(), nil
}

// trustedRoots reads the roots named, or takes the public-good instance's where
// one is needed.
func trustedRoots(_ context.Context, c *cli.Context, _ *env, needed bool) ([]*trust.Root, error) {
	var roots []*trust.Root
	for _, path := range c.StringSlice("trusted-root") {
		r, err := trust.LoadRoot(path)
		if err != nil {
			return nil, err
		}
		roots = append(roots, r)
	}
	if len(roots) > 0 || !needed {
		return roots, nil
	}
	r, err := trust.PublicGood()
	if err != nil {
		return nil, err
	}
	return []*trust.Root{r}, nil
}
