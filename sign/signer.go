package sign

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/trust"
)

// ErrStatementOnly says that a key cannot sign a bare digest, though it can
// sign statements.
var ErrStatementOnly = errors.New("an Ed25519 key signs statements, not digests")

// Signer makes bundles. It is safe for concurrent use.
type Signer struct {
	key      *trust.PrivateKey
	verifier *verify.Verifier
}

// New returns a Signer for a key.
func New(key *trust.PrivateKey) (*Signer, error) {
	v, err := verify.NewVerifier(key.Public().TrustedMaterial(),
		verify.WithNoObserverTimestamps(), verify.WithoutStatementPredicate())
	if err != nil {
		return nil, fmt.Errorf("preparing to sign: %w", err)
	}
	return &Signer{key: key, verifier: v}, nil
}

// Key returns the public half of the signing key.
func (s *Signer) Key() trust.PublicKey { return s.key.Public() }

// SignDigest returns a bundle that holds a signature over the file whose
// sha256 is digest. It is ErrStatementOnly for a key that needs the file
// itself.
func (s *Signer) SignDigest(ctx context.Context, digest fnpkg.Digest) ([]byte, error) {
	if digest.IsZero() {
		return nil, errors.New("signing a digest: there is none")
	}
	if _, ok := s.key.Public().Key.(ed25519.PublicKey); ok {
		return nil, fmt.Errorf("signing %s: %w", digest, ErrStatementOnly)
	}
	data, err := s.sign(ctx, digestContent(digest), digestKeypair{keypair{s.key}},
		verify.WithArtifactDigest("sha256", digest[:]))
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", digest, err)
	}
	return data, nil
}

// SignStatement returns a bundle that holds statement, JSON that
// attest.ParseStatement accepts, in a signed DSSE envelope.
func (s *Signer) SignStatement(ctx context.Context, statement []byte) ([]byte, error) {
	if _, err := attest.ParseStatement(statement); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	content := &sign.DSSEData{Data: statement, PayloadType: attest.PayloadType}
	data, err := s.sign(ctx, content, keypair{s.key}, verify.WithoutArtifactUnsafe())
	if err != nil {
		return nil, fmt.Errorf("signing statement: %w", err)
	}
	return data, nil
}

func (s *Signer) sign(ctx context.Context, content sign.Content, key sign.Keypair, artifact verify.ArtifactPolicyOption) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	made, err := sign.Bundle(content, key, sign.BundleOptions{Context: ctx})
	if err != nil {
		return nil, err
	}
	data, err := encode(made)
	if err != nil {
		return nil, err
	}
	if err := s.check(data, artifact); err != nil {
		return nil, fmt.Errorf("the new signature does not verify: %w", err)
	}
	return data, nil
}

// check verifies a bundle as somebody would who reads it from disk.
func (s *Signer) check(data []byte, artifact verify.ArtifactPolicyOption) error {
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return err
	}
	_, err := s.verifier.Verify(&b, verify.NewPolicy(artifact, verify.WithKey()))
	return err
}

// encode returns the bundle as one line. protojson puts spaces at random
// between tokens, to keep anyone from relying on its bytes.
func encode(b *protobundle.Bundle) ([]byte, error) {
	loose, err := protojson.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encoding bundle: %w", err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, loose); err != nil {
		return nil, fmt.Errorf("encoding bundle: %w", err)
	}
	return out.Bytes(), nil
}
