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
)

// ErrStatementOnly says that a key cannot sign a bare digest, though it can
// sign statements.
var ErrStatementOnly = errors.New("an Ed25519 key signs statements, not digests")

// ErrUnverified says that a new signature does not verify with the trusted
// root it should be verified with later. It was not handed out.
var ErrUnverified = errors.New("the new signature does not verify")

// Signer makes bundles. It is safe for concurrent use.
type Signer struct {
	signatory  signatory
	logs       []transparencyLog
	timestamps []timestampAuthority
	verifier   *verify.Verifier
}

// Name returns who signs, as messages name them: a key, or the identity in a
// certificate, which is asked for if there is none yet.
func (s *Signer) Name(ctx context.Context) (string, error) {
	h, err := s.signatory.hold(ctx)
	if err != nil {
		return "", err
	}
	return h.String(), nil
}

// SignDigest returns a bundle that holds a signature over the file whose
// sha256 is digest. It is ErrStatementOnly for a key that needs the file
// itself.
func (s *Signer) SignDigest(ctx context.Context, digest fnpkg.Digest) ([]byte, error) {
	if digest.IsZero() {
		return nil, errors.New("signing a digest: there is none")
	}
	prepare := func(h held) (sign.Content, sign.Keypair, error) {
		if _, ok := h.key.Public().Key.(ed25519.PublicKey); ok {
			return nil, nil, ErrStatementOnly
		}
		return digestContent(digest), digestKeypair{keypair{h.key}}, nil
	}
	data, err := s.sign(ctx, prepare, verify.WithArtifactDigest("sha256", digest[:]))
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
	prepare := func(h held) (sign.Content, sign.Keypair, error) { return content, keypair{h.key}, nil }
	data, err := s.sign(ctx, prepare, verify.WithoutArtifactUnsafe())
	if err != nil {
		return nil, fmt.Errorf("signing statement: %w", err)
	}
	return data, nil
}

// conflictAttempts is how often a signature is made again that a log holds
// already. An attempt that was cut off may have got through; another signature
// of an ECDSA key is another entry.
const conflictAttempts = 3

func (s *Signer) sign(ctx context.Context, prepare func(held) (sign.Content, sign.Keypair, error), artifact verify.ArtifactPolicyOption) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, err := s.signatory.hold(ctx)
	if err != nil {
		return nil, err
	}
	content, key, err := prepare(h)
	if err != nil {
		return nil, err
	}
	for _, l := range s.logs {
		if err := l.takes(h.key.Public(), key.GetHashAlgorithm()); err != nil {
			return nil, err
		}
	}
	var made *protobundle.Bundle
	for range conflictAttempts {
		if made, err = sign.Bundle(content, key, s.options(ctx, h)); !errors.Is(err, errLogged) {
			break
		}
	}
	if err != nil {
		return nil, plain(err)
	}
	data, err := encode(made)
	if err != nil {
		return nil, err
	}
	if err := s.check(data, artifact, h); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnverified, err)
	}
	return data, nil
}

func (s *Signer) options(ctx context.Context, h held) sign.BundleOptions {
	o := sign.BundleOptions{Context: ctx}
	if h.cert != nil {
		o.CertificateProvider = h
	}
	for _, t := range s.timestamps {
		o.TimestampAuthorities = append(o.TimestampAuthorities, t.bound(ctx))
	}
	for _, l := range s.logs {
		o.TransparencyLogs = append(o.TransparencyLogs, l)
	}
	return o
}

// Signed reports whether data is a bundle that this signer might have made for
// the artifact with that sha256: a signature, not an attestation, by the same
// key or identity, with what log entries and timestamps it would have now.
func (s *Signer) Signed(ctx context.Context, data []byte, digest fnpkg.Digest) bool {
	h, err := s.signatory.hold(ctx)
	if err != nil {
		return false
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil || !isSignature(&b) {
		return false
	}
	content, err := b.VerificationContent()
	if err != nil || s.checkBundle(&b, verify.WithArtifactDigest("sha256", digest[:]), h) != nil {
		return false
	}
	if h.cert == nil {
		return content.Certificate() == nil
	}
	return content.Certificate() != nil && sameIdentity(content.Certificate(), h.cert)
}

// isSignature reports whether a bundle says of its subject that it is signed,
// and nothing else.
func isSignature(b *bundle.Bundle) bool {
	if b.GetMessageSignature() != nil {
		return true
	}
	statement, err := attest.ParseStatement(b.GetDsseEnvelope().GetPayload())
	return err == nil && statement.PredicateType == attest.TypeCosignSign
}

// check verifies a bundle as somebody would who reads it from disk.
func (s *Signer) check(data []byte, artifact verify.ArtifactPolicyOption, h held) error {
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return err
	}
	return s.checkBundle(&b, artifact, h)
}

func (s *Signer) checkBundle(b *bundle.Bundle, artifact verify.ArtifactPolicyOption, h held) error {
	who := verify.WithKey()
	if h.cert != nil {
		// Whose it is was decided by the certificate authority; that it is
		// ours shows in the signature, which is by a key nobody else has.
		who = verify.WithoutIdentitiesUnsafe()
	}
	_, err := s.verifier.Verify(b, verify.NewPolicy(artifact, who))
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
