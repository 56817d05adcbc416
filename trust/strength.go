package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
)

// RSA moduli are accepted in this range: 2048 bits is the least that NIST
// SP 800-131A allows for signatures, and beyond 8192 verifying costs more than
// it proves.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// checkStrength accepts the keys of Sigstore's algorithm registry.
func checkStrength(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		case nil:
			return fmt.Errorf("%w: an ECDSA key without a curve", ErrKeyKind)
		default:
			return fmt.Errorf("%w: curve %s (P-256, P-384 and P-521 are accepted)", ErrWeakKey, k.Curve.Params().Name)
		}
		// Bytes fails for a point that is not on the curve.
		if _, err := k.Bytes(); err != nil {
			return fmt.Errorf("%w: %w", ErrKeyKind, err)
		}
		return nil
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return fmt.Errorf("%w: an Ed25519 key of %d bytes", ErrKeyKind, len(k))
		}
		return nil
	case *rsa.PublicKey:
		if k.N == nil {
			return fmt.Errorf("%w: an RSA key without a modulus", ErrKeyKind)
		}
		if bits := k.N.BitLen(); bits < minRSABits {
			return fmt.Errorf("%w: an RSA modulus of %d bits (at least %d)", ErrWeakKey, bits, minRSABits)
		} else if bits > maxRSABits {
			return fmt.Errorf("%w: an RSA modulus of %d bits (at most %d)", ErrKeyKind, bits, maxRSABits)
		}
		if k.E < 3 || k.E%2 == 0 {
			return fmt.Errorf("%w: RSA exponent %d", ErrWeakKey, k.E)
		}
		return nil
	}
	return fmt.Errorf("%w: %T (ECDSA, Ed25519 and RSA are accepted)", ErrKeyKind, key)
}
