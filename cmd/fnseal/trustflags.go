package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
		&cli.StringSliceFlag{Name: "trusted-root", Usage: "judge certificates, logs and timestamps by the trusted root in `FILE`, repeatable (default: that of the public-good instance, refreshed once a day; with --offline as of the day this program was made)"},
		&cli.StringFlag{Name: "tuf-url", Usage: "judge them by the trusted root that the TUF repository at `URL` publishes"},
		&cli.StringFlag{Name: "tuf-root", Usage: "believe the TUF repository of --tuf-url what the root.json in `FILE` vouches for"},
		&cli.StringFlag{Name: "max-root-age", Usage: "do not judge by a trusted root that was last known to be current more than `AGE` ago, as in 30d"},
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
	s.roots, err = trustedRoots(c, e, id != nil)
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
func trustedRoots(c *cli.Context, e *env, needed bool) ([]*trust.Root, error) {
	maxAge := time.Duration(0)
	if s := c.String("max-root-age"); s != "" {
		var err error
		if maxAge, err = parseAge(s); err != nil {
			return nil, usagef("--max-root-age: %v", err)
		}
	}
	if (c.String("tuf-url") == "") != (c.String("tuf-root") == "") {
		return nil, usagef("--tuf-url and --tuf-root belong together: a repository is believed what a root.json vouches for")
	}
	var roots []*trust.Root
	for _, path := range c.StringSlice("trusted-root") {
		more, err := trust.LoadRoots(path)
		if err != nil {
			return nil, err
		}
		roots = append(roots, more...)
	}
	if c.String("tuf-url") == "" && (len(roots) > 0 || !needed) {
		return roots, nil
	}
	r, err := refreshedRoot(c, e)
	if err != nil {
		return nil, err
	}
	if age := e.now().Sub(r.Date); maxAge > 0 && age > maxAge {
		return nil, hint(&rootAgeError{r, age}, "verify without --offline, name a current one with --trusted-root, or accept the age with --max-root-age")
	}
	return append(roots, r), nil
}

// rootAgeError says that a trusted root is too old to judge by.
type rootAgeError struct {
	root *trust.Root
	age  time.Duration
}

func (e *rootAgeError) Error() string {
	return fmt.Sprintf("the trusted root %s was last known to be current %d days ago", e.root, int(e.age.Hours()/24))
}

// repositoryCache is where what TUF repositories publish is kept; nowhere if
// empty.
func repositoryCache(e *env) string {
	dir, err := os.UserCacheDir()
	if err != nil || e.noCache {
		return ""
	}
	return filepath.Join(dir, "fnseal", "tuf")
}

// refreshedRoot returns the root that a TUF repository publishes. That of the
// public-good instance is also part of the program.
func refreshedRoot(c *cli.Context, e *env) (*trust.Root, error) {
	repo := trust.Repository{URL: c.String("tuf-url")}
	private := repo.URL != ""
	if private {
		var err error
		if repo.Anchor, err = os.ReadFile(c.String("tuf-root")); err != nil {
			return nil, fmt.Errorf("--tuf-root: %w", err)
		}
	}
	if c.Bool("offline") {
		if private {
			return nil, fmt.Errorf("--offline: %w", trust.ErrUnreachable)
		}
		return trust.PublicGood()
	}
	repo.CacheDir = repositoryCache(e)
	r, err := repo.Fetch(c.Context)
	if err == nil {
		r.Supplied = private
	}
	if err == nil || private || !errors.Is(err, trust.ErrUnreachable) {
		return r, err
	}
	// Who can cut the connection can keep a rotation from being seen, but
	// not for longer than --max-root-age.
	snapshot, ownErr := trust.PublicGood()
	if ownErr != nil {
		return nil, ownErr
	}
	e.warn("%v; going by the trusted root %s, which is part of this program", err, snapshot)
	return snapshot, nil
}
