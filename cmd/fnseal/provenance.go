package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/attest/provenance"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sign/identity"
)

// provenanceFlags add to what the build system says.
func provenanceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "builder-id", Usage: "provenance where no CI system is known: the `URI` of who builds"},
		&cli.StringFlag{Name: "source", Usage: "with --builder-id: the `URI` of the source, as in git+https://example.com/app@refs/heads/main"},
		&cli.StringFlag{Name: "source-commit", Usage: "with --source: its `COMMIT`"},
		&cli.StringSliceFlag{Name: "lock-file", Usage: "provenance names what the lock file `FILE` resolved, beside those in the package; repeatable"},
	}
}

// provenanceOf returns how the package p is being built.
func provenanceOf(c *cli.Context, e *env, p fnpkg.Package) (*attest.Provenance, error) {
	out, err := buildOf(c, e)
	if err != nil {
		return nil, err
	}
	materials, err := provenance.Materials(c.Context, p)
	if err != nil {
		return nil, err
	}
	for _, path := range c.StringSlice("lock-file") {
		more, err := readLockFile(path)
		if err != nil {
			return nil, fmt.Errorf("--lock-file: %w", err)
		}
		materials = append(materials, more...)
	}
	d := &out.BuildDefinition
	d.ResolvedDependencies = append(d.ResolvedDependencies, materials...)
	return out, nil
}

func readLockFile(path string) ([]attest.Resource, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return provenance.LockFile(filepath.Base(path), f)
}

func buildOf(c *cli.Context, e *env) (*attest.Provenance, error) {
	if builder := c.String("builder-id"); builder != "" {
		if c.String("source-commit") != "" && c.String("source") == "" {
			return nil, usagef("--source-commit needs --source")
		}
		return provenance.BuiltBy(builder, c.String("source"), c.String("source-commit")), nil
	}
	claim, err := claims(c, e)
	if err != nil {
		return nil, err
	}
	out, err := provenance.Facts{Env: e.getenv, Claim: claim}.Build()
	if errors.Is(err, provenance.ErrNoSystem) {
		return nil, hint(usagef("%v", err), "name who builds with --builder-id URI")
	}
	if err == nil && claim == nil {
		e.warn("the job has no identity token: its provenance rests on variables that any of its steps can set, and says so")
	}
	return out, err
}

// sealProvenance returns how the package of a seal is being built, nil if it is
// left out. What nobody asked for must not keep a package from being sealed.
func sealProvenance(c *cli.Context, e *env, p fnpkg.Package) (*attest.Provenance, error) {
	if c.IsSet("provenance") || c.IsSet("builder-id") {
		if c.IsSet("provenance") && !c.Bool("provenance") {
			return nil, nil
		}
		return provenanceOf(c, e, p)
	}
	if provenance.Detect(e.getenv) == provenance.None {
		return nil, nil
	}
	out, err := provenanceOf(c, e, p)
	if err != nil && c.Context.Err() == nil {
		e.warn("the seal does not say how the package was built: %v", err)
		return nil, nil
	}
	return out, err
}

// claims returns the claims of the job's identity token, nil if it has none.
func claims(c *cli.Context, e *env) (func(string) string, error) {
	path := c.String("identity-token")
	switch {
	case path == "-":
		return nil, nil // it was read to sign with
	case path != "":
		token, err := readToken(e, path)
		if err != nil {
			return nil, fmt.Errorf("--identity-token: %w", err)
		}
		return token.Claim, nil
	case c.Bool("offline") || e.getenv("ACTIONS_ID_TOKEN_REQUEST_URL") == "" && e.getenv("SIGSTORE_ID_TOKEN") == "":
		return nil, nil
	}
	token, _, err := identity.Ambient(c.Context, e.surroundings(), c.String("oidc-client-id"))
	if err != nil {
		return nil, err
	}
	return token.Claim, nil
}

// provenanceStatement returns what makes the statement of how the targets of a
// group are being built.
func provenanceStatement(c *cli.Context, e *env) func(context.Context, []attested, []attest.Subject) (attest.Statement, error) {
	return func(_ context.Context, group []attested, subjects []attest.Subject) (attest.Statement, error) {
		var all *attest.Provenance
		for _, a := range group {
			p, err := provenanceOf(c, e, a.pkg)
			if err != nil {
				return attest.Statement{}, fmt.Errorf("the provenance of %s: %w", a.ref, err)
			}
			if all == nil {
				all = p
				continue
			}
			d := &all.BuildDefinition
			d.ResolvedDependencies = append(d.ResolvedDependencies, newOnes(d.ResolvedDependencies, p.BuildDefinition.ResolvedDependencies)...)
		}
		return all.Statement(subjects)
	}
}

// newOnes returns the resources that are not yet known.
func newOnes(known, more []attest.Resource) []attest.Resource {
	key := func(r attest.Resource) string { return fmt.Sprintf("%q %q %q", r.Name, r.URI, r.Digest) }
	seen := map[string]bool{}
	for _, r := range known {
		seen[key(r)] = true
	}
	var out []attest.Resource
	for _, r := range more {
		if !seen[key(r)] {
			seen[key(r)] = true
			out = append(out, r)
		}
	}
	return out
}
