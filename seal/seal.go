// Package seal is the release side of fnseal as one function: a package goes
// in, and its SBOM, its scan and the signed bundles that bind both to its
// exact bytes come out.
package seal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/sbom"
	"github.com/fnseal/fnseal/sbom/catalog"
	"github.com/fnseal/fnseal/vulndb"
)

// Signer turns what is to be signed into Sigstore bundles.
type Signer interface {
	SignDigest(ctx context.Context, digest fnpkg.Digest) ([]byte, error)
	SignStatement(ctx context.Context, statement []byte) ([]byte, error)
}

// Input is what a seal is made from.
type Input struct {
	Package fnpkg.Package
	Feed    *vulndb.DB // nil to leave the scan out
	Signer  Signer

	// Judgement says how findings are judged, and Threshold which keep the
	// package from being sealed. Neither changes what the signed scan says.
	Judgement patch.Options
	Threshold patch.Threshold

	Catalog catalog.Options

	// UnsafeAllowHazards are kinds of hazard that a package is sealed in spite
	// of.
	UnsafeAllowHazards []fnpkg.HazardID

	// Version of fnseal, named as the tool in documents.
	Version string

	// Provenance says how the package was built; nil to leave it out.
	Provenance *attest.Provenance

	// Timestamp of the documents; zero for the package's newest entry time.
	Timestamp time.Time
}

// Result is a seal and what it says.
type Result struct {
	Inventory *fnpkg.Inventory
	SBOM      []byte         // CycloneDX 1.6 JSON
	Scan      *vulndb.Result // nil if there was no feed to ask
	Plan      *patch.Plan    // what to do about the scan; nil without one
	Over      int            // how much of the plan is over the threshold

	// Bundles of the package, one line of JSON each: its signature, its SBOM,
	// its scan and its provenance. Empty when findings are over the threshold.
	Bundles []Bundle
}

// Bundle is one signed claim about the package.
type Bundle struct {
	Claim string // "signature", "sbom", "scan" or "provenance"
	JSON  []byte
}

// Seal catalogues the package, matches it against the feed and signs both
// results together with the exact digest. It refuses an ambiguous package with
// an *fnpkg.AmbiguousError and a directory with fnpkg.ErrNoDigest before any
// of that work.
func Seal(ctx context.Context, in Input) (*Result, error) {
	if in.Package.Kind() == fnpkg.KindDirectory {
		return nil, fmt.Errorf("sealing %s: %w", in.Package.Name(), fnpkg.ErrNoDigest)
	}
	if err := fnpkg.CheckUnambiguous(in.Package, in.UnsafeAllowHazards...); err != nil {
		return nil, err
	}
	in.Catalog.ContentDigest = true
	inv, err := catalog.Catalog(ctx, in.Package, in.Catalog)
	if err != nil {
		return nil, err
	}
	res := &Result{Inventory: inv}

	var doc bytes.Buffer
	if err := sbom.WriteCycloneDX(&doc, inv, sbom.Options{ToolVersion: in.Version, Timestamp: in.Timestamp}); err != nil {
		return nil, fmt.Errorf("writing the SBOM of %s: %w", in.Package.Name(), err)
	}
	res.SBOM = doc.Bytes()

	if in.Feed != nil {
		if err := scan(ctx, in, res); err != nil {
			return nil, err
		}
		if res.Over = in.Threshold.Over(res.Plan); res.Over > 0 {
			return res, nil
		}
	}
	if res.Bundles, err = signAll(ctx, in, res); err != nil {
		return nil, err
	}
	return res, nil
}

func signAll(ctx context.Context, in Input, res *Result) ([]Bundle, error) {
	subject, err := attest.SubjectOf(res.Inventory.Subject)
	if err != nil {
		return nil, err
	}
	subjects := []attest.Subject{subject}
	signature, err := signature(ctx, in, res.Inventory.Subject, subjects)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", in.Package.Name(), err)
	}
	bundles := []Bundle{{"signature", signature}}
	claims := []claim{{"sbom", func() (attest.Statement, error) {
		return attest.NewStatement(subjects, attest.TypeCycloneDX, json.RawMessage(res.SBOM))
	}}}
	if res.Scan != nil {
		claims = append(claims, claim{"scan", func() (attest.Statement, error) {
			return scanPredicate(res.Scan, in).Statement(subjects)
		}})
	}
	if in.Provenance != nil {
		claims = append(claims, claim{"provenance", func() (attest.Statement, error) {
			return in.Provenance.Statement(subjects)
		}})
	}
	for _, c := range claims {
		bundle, err := attested(ctx, in.Signer, c)
		if err != nil {
			return nil, fmt.Errorf("attesting the %s of %s: %w", c.name, in.Package.Name(), err)
		}
		bundles = append(bundles, Bundle{c.name, bundle})
	}
	return bundles, nil
}

// signature signs a file by its digest, and an image as cosign does.
func signature(ctx context.Context, in Input, s fnpkg.Subject, subjects []attest.Subject) ([]byte, error) {
	if s.Kind != fnpkg.KindImage {
		return in.Signer.SignDigest(ctx, s.Digest)
	}
	return attested(ctx, in.Signer, claim{"signature", func() (attest.Statement, error) {
		return attest.SignatureStatement(subjects)
	}})
}

// claim is something to be said of the package.
type claim struct {
	name  string
	state func() (attest.Statement, error)
}

func attested(ctx context.Context, signer Signer, c claim) ([]byte, error) {
	statement, err := c.state()
	if err != nil {
		return nil, err
	}
	text, err := statement.Marshal()
	if err != nil {
		return nil, err
	}
	return signer.SignStatement(ctx, text)
}

// JSON returns the texts of the bundles.
func (r *Result) JSON() [][]byte {
	var out [][]byte
	for _, b := range r.Bundles {
		out = append(out, b.JSON)
	}
	return out
}
