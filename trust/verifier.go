package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of HashesFor must be linked in
	_ "crypto/sha512"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
)

// TrustedMaterial returns the key as what sigstore-go's verifier believes. The
// hint in a bundle is a claim and does not choose: this key alone decides,
// whatever the hint says.
func (k PublicKey) TrustedMaterial() root.TrustedMaterial {
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return verifier{k}, nil
	})
}

// Hashes returns the hash functions that signatures of the key may be made
// over, the one of Sigstore's algorithm registry first. Keys on the larger
// curves also sign SHA-256: cosign does, and a message signature binds a
// sha256. Empty for Ed25519, which signs the message itself (RFC 8032 §5.1).
func (k PublicKey) Hashes() []crypto.Hash { return hashesOf(k.Key) }

func hashesOf(key crypto.PublicKey) []crypto.Hash {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P384():
			return []crypto.Hash{crypto.SHA384, crypto.SHA256}
		case elliptic.P521():
			return []crypto.Hash{crypto.SHA512, crypto.SHA256}
		}
		return []crypto.Hash{crypto.SHA256}
	case *rsa.PublicKey:
		return []crypto.Hash{crypto.SHA256}
	}
	return nil
}

// verifier checks signatures with one key. It is a
// root.TimeConstrainedVerifier.
type verifier struct{ public PublicKey }

// ErrSignature says that a signature does not verify with the key.
var ErrSignature = errors.New("the signature does not verify")

// ValidAtTime says whether the key is accepted for signatures made at t.
func (v verifier) ValidAtTime(t time.Time) bool { return v.public.ValidAt(t) }

// PublicKey returns the key; it implements signature.PublicKeyProvider.
func (v verifier) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return v.public.Key, nil
}

// maxSignature is longer than any signature of an accepted key.
const maxSignature = maxRSABits/8 + 1

// VerifySignature checks sig over message, or over the digest that
// options.WithDigest gives.
func (v verifier) VerifySignature(sig, message io.Reader, opts ...signature.VerifyOption) error {
	raw, err := io.ReadAll(io.LimitReader(sig, maxSignature+1))
	if err != nil {
		return fmt.Errorf("reading signature: %w", err)
	}
	if len(raw) == 0 || len(raw) > maxSignature {
		return fmt.Errorf("%w: it has %d bytes", ErrSignature, len(raw))
	}
	var digest []byte
	for _, o := range opts {
		o.ApplyDigest(&digest)
	}
	if key, ok := v.public.Key.(ed25519.PublicKey); ok {
		if digest != nil {
			return fmt.Errorf("%w: Ed25519 signs a whole message, which a digest cannot stand for", ErrSignature)
		}
		msg, err := io.ReadAll(message)
		if err != nil {
			return fmt.Errorf("reading signed message: %w", err)
		}
		if !ed25519.Verify(key, msg, raw) {
			return ErrSignature
		}
		return nil
	}
	if digest != nil {
		for _, h := range v.public.Hashes() {
			if h.Size() == len(digest) && v.verifyDigest(h, digest, raw) {
				return nil
			}
		}
		return ErrSignature
	}
	msg, err := io.ReadAll(message)
	if err != nil {
		return fmt.Errorf("reading signed message: %w", err)
	}
	for _, h := range v.public.Hashes() {
		hasher := h.New()
		hasher.Write(msg)
		if v.verifyDigest(h, hasher.Sum(nil), raw) {
			return nil
		}
	}
	return ErrSignature
}

func (v verifier) verifyDigest(h crypto.Hash, digest, sig []byte) bool {
	switch key := v.public.Key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, h, digest, sig) == nil
	}
	return false
}
