package sign

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/trust"
)

// keypair is a trust.PrivateKey as sigstore-go signs with it.
type keypair struct{ key *trust.PrivateKey }

// hash is the function signed over, 0 for Ed25519.
func (k keypair) hash() crypto.Hash {
	if hashes := k.key.Public().Hashes(); len(hashes) > 0 {
		return hashes[0]
	}
	return 0
}

func (k keypair) GetHashAlgorithm() protocommon.HashAlgorithm { return hashAlgorithm(k.hash()) }

func hashAlgorithm(h crypto.Hash) protocommon.HashAlgorithm {
	switch h {
	case crypto.SHA256:
		return protocommon.HashAlgorithm_SHA2_256
	case crypto.SHA384:
		return protocommon.HashAlgorithm_SHA2_384
	case crypto.SHA512:
		return protocommon.HashAlgorithm_SHA2_512
	}
	return protocommon.HashAlgorithm_HASH_ALGORITHM_UNSPECIFIED
}

func (k keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	details, err := signature.GetDefaultPublicKeyDetails(k.GetPublicKey())
	if err != nil { // an RSA size that the registry has no name for
		return protocommon.PublicKeyDetails_PUBLIC_KEY_DETAILS_UNSPECIFIED
	}
	return details
}

func (k keypair) GetHint() []byte { return []byte(k.key.Public().ID) }

func (k keypair) GetKeyAlgorithm() string {
	switch k.GetPublicKey().(type) {
	case *ecdsa.PublicKey:
		return "ECDSA"
	case *rsa.PublicKey:
		return "RSA"
	case ed25519.PublicKey:
		return "ED25519"
	}
	return ""
}

func (k keypair) GetPublicKey() crypto.PublicKey { return k.key.Public().Key }

func (k keypair) GetPublicKeyPem() (string, error) {
	pem, err := k.key.Public().PEM()
	return string(pem), err
}

// SignData signs data and returns the signature and what it was made over: a
// digest, or data itself for Ed25519.
func (k keypair) SignData(ctx context.Context, data []byte) (sig, signed []byte, err error) {
	h := k.hash()
	if h != 0 {
		hasher := h.New()
		hasher.Write(data)
		data = hasher.Sum(nil)
	}
	sig, err = k.sign(ctx, data, h)
	return sig, data, err
}

// contextSigner is a crypto.Signer that is far away.
type contextSigner interface {
	SignContext(ctx context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (k keypair) sign(ctx context.Context, digest []byte, h crypto.Hash) (sig []byte, err error) {
	if far, ok := k.key.Signer().(contextSigner); ok {
		sig, err = far.SignContext(ctx, digest, h)
	} else {
		sig, err = k.key.Signer().Sign(rand.Reader, digest, h)
	}
	if err != nil {
		return nil, fmt.Errorf("signing with %s: %w", k.key.Public(), err)
	}
	return sig, nil
}

// digestKeypair signs data that is a sha256 already, on every curve.
type digestKeypair struct{ keypair }

func (digestKeypair) GetHashAlgorithm() protocommon.HashAlgorithm {
	return protocommon.HashAlgorithm_SHA2_256
}

func (k digestKeypair) SignData(ctx context.Context, digest []byte) (sig, signed []byte, err error) {
	sig, err = k.sign(ctx, digest, crypto.SHA256)
	return sig, digest, err
}

// digestContent is a file known by its sha256. sigstore-go's own content for
// message signatures holds the whole file.
type digestContent fnpkg.Digest

// PreAuthEncoding returns the digest, for a digestKeypair to sign.
func (d digestContent) PreAuthEncoding() []byte { return d[:] }

func (d digestContent) Bundle(b *protobundle.Bundle, sig, _ []byte, algorithm protocommon.HashAlgorithm) {
	b.Content = &protobundle.Bundle_MessageSignature{
		MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: algorithm, Digest: d[:]},
			Signature:     sig,
		},
	}
}
