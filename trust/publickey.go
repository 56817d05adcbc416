package trust

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// PublicKey is a key whose signatures are accepted. Values come from
// NewPublicKey, ParsePublicKey or LoadPublicKey, which check its strength.
type PublicKey struct {
	// Key is an *ecdsa.PublicKey, an ed25519.PublicKey or an *rsa.PublicKey.
	Key crypto.PublicKey

	// ID is the standard base64 of the sha256 of the key's DER
	// SubjectPublicKeyInfo. cosign and sigstore-go write the same text as the
	// hint of a bundle signed with the key.
	ID string

	// Name is what a person calls the key: the base name of its file, or
	// empty.
	Name string

	// From and Until bound when the key's signatures were made, both
	// included; zero for no bound. A key with a bound needs a proof of when it
	// signed.
	From, Until time.Time
}

// Bounded reports whether the key is accepted for a period only.
func (k PublicKey) Bounded() bool { return !k.From.IsZero() || !k.Until.IsZero() }

// ValidAt reports whether t lies within the period the key is accepted for.
func (k PublicKey) ValidAt(t time.Time) bool {
	return (k.From.IsZero() || !t.Before(k.From)) && (k.Until.IsZero() || !t.After(k.Until))
}

// NewPublicKey returns key with its id. It refuses keys that are too weak
// (ErrWeakKey) or of a kind that cannot be verified.
func NewPublicKey(key crypto.PublicKey, name string) (PublicKey, error) {
	if err := checkStrength(key); err != nil {
		return PublicKey{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("encoding public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return PublicKey{Key: key, ID: base64.StdEncoding.EncodeToString(sum[:]), Name: name}, nil
}

// ParsePublicKey reads one public key in PEM: "PUBLIC KEY"
// (SubjectPublicKeyInfo) or "RSA PUBLIC KEY" (PKCS#1). Text around the PEM
// block is ignored; a second key is an error, for it would be unclear which of
// them is meant.
func ParsePublicKey(data []byte) (PublicKey, error) {
	key, err := parsePublicPEM(data)
	if err != nil {
		return PublicKey{}, err
	}
	return NewPublicKey(key, "")
}

// LoadPublicKey reads a public key from a file, whose base name becomes the
// key's Name.
func LoadPublicKey(path string) (PublicKey, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return PublicKey{}, err
	}
	k, err := ParsePublicKey(data)
	if err != nil {
		return PublicKey{}, fmt.Errorf("reading public key %q: %w", path, err)
	}
	k.Name = filepath.Base(path)
	return k, nil
}

// PEM returns the key as a "PUBLIC KEY" block.
func (k PublicKey) PEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.Key)
	if err != nil {
		return nil, fmt.Errorf("encoding public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: der}), nil
}

// String returns the key's name and id as they appear in messages.
func (k PublicKey) String() string {
	if k.Name == "" {
		return "key id " + k.ID
	}
	return k.Name + " (key id " + k.ID + ")"
}

const (
	pemPublic    = "PUBLIC KEY"
	pemPublicRSA = "RSA PUBLIC KEY"
)

func parsePublicPEM(data []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, errors.New("no PEM block found: a public key begins with -----BEGIN PUBLIC KEY-----")
	}
	if again, _ := pem.Decode(rest); again != nil {
		return nil, errors.New("more than one PEM block found: give one key per file")
	}
	switch {
	case block.Type == pemPublic:
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("decoding public key: %w", err)
		}
		return key, nil
	case block.Type == pemPublicRSA:
		key, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("decoding public key: %w", err)
		}
		return key, nil
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, fmt.Errorf("%w: this is a private key (%s), where its public half is expected", ErrKeyKind, block.Type)
	case block.Type == "CERTIFICATE":
		return nil, fmt.Errorf("%w: this is a certificate, where a bare public key is expected (openssl x509 -pubkey -noout prints it)", ErrKeyKind)
	}
	return nil, fmt.Errorf("%w: unknown PEM type %q", ErrKeyKind, clip(block.Type))
}

// Equal reports whether two values are the same key, whatever their names.
func (k PublicKey) Equal(other PublicKey) bool {
	a, errA := x509.MarshalPKIXPublicKey(k.Key)
	b, errB := x509.MarshalPKIXPublicKey(other.Key)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}
