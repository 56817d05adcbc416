package trust

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"slices"
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
		if smallOrder(k) {
			return fmt.Errorf("%w: an Ed25519 key of small order, under which anybody can sign anything", ErrWeakKey)
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

// smallOrder reports whether an Ed25519 key is one of the points whose order
// divides 8, in any encoding that decodes (RFC 8032 §5.1.3 leaves refusing them
// to who uses keys of others).
func smallOrder(key ed25519.PublicKey) bool {
	y := bytes.Clone(key)
	y[31] &= 0x7f // the sign of x
	slices.Reverse(y)
	switch hex.EncodeToString(y) {
	case "0000000000000000000000000000000000000000000000000000000000000000", // order 4
		"0000000000000000000000000000000000000000000000000000000000000001", // order 1
		"05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", // order 8
		"7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7", // order 8
		"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec", // p−1, order 2
		"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed", // p, read as 0
		"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffee": // p+1, read as 1
		return true
	}
	return false
}
