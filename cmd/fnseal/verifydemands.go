package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// demandFlags say what is demanded beyond a signature.
func demandFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "type", Usage: "demand an accepted attestation of this predicate `TYPE` (" + strings.Join(attest.TypeNames(), ", ") + ", or a URI), repeatable"},
		&cli.StringFlag{Name: "subject-name", Usage: "count only attestations that call the target `NAME`"},
		&cli.StringFlag{Name: "source-repository", Usage: "demand that it was built from `REPOSITORY` (a URL, or OWNER/NAME on GitHub), as the signer's certificate says"},
		&cli.StringFlag{Name: "source-ref", Usage: "demand that it was built from `REF`, as in refs/heads/main, as the signer's certificate says"},
		&cli.StringFlag{Name: "signer-workflow", Usage: "demand that the workflow `PATH` signed, as in OWNER/NAME/.github/workflows/x.yml, with or without @REF"},
		&cli.BoolFlag{Name: "deny-self-hosted-runners", Usage: "demand that it was built on a runner that GitHub hosts"},
		&cli.StringSliceFlag{Name: "deny", Usage: "accept nothing that `FILE` lists: in each line a digest as in sha256:…, a key id, or a certificate identity; repeatable"},
		&cli.StringFlag{Name: "not-before", Usage: "count only signatures by certificates issued at `TIME` or later (a day, or RFC 3339)"},
	}
}

// demands reads what demandFlags and hazardFlag were given.
func demands(c *cli.Context) (policy.Policy, error) {
	p := policy.Policy{SubjectName: c.String("subject-name")}
	var err error
	if p.Types, err = predicateTypes(c.StringSlice("type")); err != nil {
		return p, err
	}
	if p.UnsafeAllowHazards, err = allowedHazards(c); err != nil {
		return p, err
	}
	for _, name := range []string{"subject-name", "source-repository", "source-ref", "signer-workflow", "not-before"} {
		if c.IsSet(name) && c.String(name) == "" {
			return p, usagef("--%s is empty", name)
		}
	}
	p.Origin = policy.Origin{
		Repository:     onGitHub(c.String("source-repository")),
		Ref:            verify.Exactly(c.String("source-ref")),
		Workflow:       onGitHub(c.String("signer-workflow")),
		DenySelfHosted: c.Bool("deny-self-hosted-runners"),
	}
	if day := c.String("not-before"); day != "" {
		if p.NotBefore, err = parseDay(day, false); err != nil {
			return p, usagef("--not-before: %v", err)
		}
	}
	for _, path := range c.StringSlice("deny") {
		if err := readDenyList(path, &p.Deny); err != nil {
			return p, fmt.Errorf("reading deny list: %w", err)
		}
	}
	return p, nil
}

// onGitHub returns the pattern for a URL, which may be given as a path on
// GitHub, as gh takes it.
func onGitHub(s string) verify.Pattern {
	if s == "" || strings.Contains(s, "://") {
		return verify.Exactly(s)
	}
	return verify.Exactly("https://github.com/" + strings.TrimPrefix(s, "github.com/"))
}

// predicateTypes spells out the short names of predicate types.
func predicateTypes(names []string) ([]string, error) {
	types := make([]string, len(names))
	for i, n := range names {
		var err error
		if types[i], err = attest.PredicateType(n); err != nil {
			return nil, usagef("--type: %v", err)
		}
	}
	return types, nil
}

const maxDenyList = 64 << 20

var keyID = regexp.MustCompile(`^[A-Za-z0-9+/]{43}=$`)

// readDenyList adds what a file lists. Blank lines and what follows a # at the
// beginning of a line are for people.
func readDenyList(path string, deny *policy.Deny) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxDenyList))
	read := int64(0)
	for n := 1; lines.Scan(); n++ {
		read += int64(len(lines.Bytes())) + 1
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "sha256:"):
			d, err := fnpkg.ParseDigest(line)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", path, n, err)
			}
			deny.Digests = append(deny.Digests, d)
		case keyID.MatchString(line):
			deny.Keys = append(deny.Keys, line)
		case strings.HasSuffix(line, ".pub"):
			k, err := trust.LoadPublicKey(line)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", path, n, err)
			}
			deny.Keys = append(deny.Keys, k.ID)
		default:
			deny.Identities = append(deny.Identities, verify.Exactly(line))
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if read >= maxDenyList {
		return fmt.Errorf("%s: longer than %d bytes", path, maxDenyList)
	}
	return nil
}
