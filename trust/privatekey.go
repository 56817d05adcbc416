package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// PrivateKey is a key that signs. It never shows its secret when printed.
type PrivateKey struct {
	signer crypto.Signer
	public PublicKey
}

// PassphraseFunc returns the passphrase of a private key. It is called at most
// once, and only when the key is encrypted.
type PassphraseFunc func() ([]byte, error)

// NewPrivateKey wraps a signer, for example one that lives in hardware. The
// same keys are accepted as in NewPublicKey.
func NewPrivateKey(signer crypto.Signer) (*PrivateKey, error) {
	public, err := NewPublicKey(signer.Public(), "")
	if err != nil {
		return nil, err
	}
	return &PrivateKey{signer: signer, public: public}, nil
}

// GenerateKey returns a new ECDSA P-256 key: the algorithm every Sigstore
// client can verify.
func GenerateKey() (*PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating key: %w", err)
	}
	return NewPrivateKey(key)
}

// Public returns the public half.
func (k *PrivateKey) Public() PublicKey { return k.public }

// Named returns the key under a name for messages.
func (k *PrivateKey) Named(name string) *PrivateKey {
	named := *k
	named.public.Name = name
	return &named
}

// Signer returns the secret half, as the standard library signs with it.
func (k *PrivateKey) Signer() crypto.Signer { return k.signer }

// String names the key by its public id.
func (k *PrivateKey) String() string { return "private " + k.public.String() }

// Format keeps every verb, %#v and %+v included, from printing the secret.
func (k *PrivateKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

const (
	pemPrivate          = "PRIVATE KEY"
	pemPrivateEC        = "EC PRIVATE KEY"
	pemPrivateRSA       = "RSA PRIVATE KEY"
	pemPrivateEncrypted = "ENCRYPTED PRIVATE KEY"
	pemPrivateSigstore  = "ENCRYPTED SIGSTORE PRIVATE KEY"
	pemPrivateCosign    = "ENCRYPTED COSIGN PRIVATE KEY"
	pemECParameters     = "EC PARAMETERS"
)

// MarshalPrivateKey returns key as PKCS#8 in PEM, encrypted with the
// passphrase (RFC 5958, RFC 8018 PBES2), in a form that OpenSSL reads. The
// passphrase must not be empty.
func MarshalPrivateKey(key *PrivateKey, passphrase []byte) ([]byte, error) {
	if len(passphrase) == 0 {
		return nil, errors.New("encrypting private key: the passphrase is empty")
	}
	der, err := encryptPKCS8(key.signer, passphrase)
	if err != nil {
		return nil, fmt.Errorf("encrypting private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivateEncrypted, Bytes: der}), nil
}

// ParsePrivateKey reads one private key in PEM: PKCS#8, encrypted or not,
// SEC 1 or PKCS#1 in the clear, and the encrypted format of cosign. A key that
// cannot be unlocked is ErrPassphrase.
func ParsePrivateKey(data []byte, passphrase PassphraseFunc) (*PrivateKey, error) {
	block, err := privateBlock(data)
	if err != nil {
		return nil, err
	}
	key, err := decodePrivate(block, passphrase)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: %T does not sign", ErrKeyKind, key)
	}
	return NewPrivateKey(signer)
}

// LoadPrivateKey reads a private key from a file, whose base name becomes the
// key's name.
func LoadPrivateKey(path string, passphrase PassphraseFunc) (*PrivateKey, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	k, err := ParsePrivateKey(data, passphrase)
	if err != nil {
		return nil, fmt.Errorf("reading private key %q: %w", path, err)
	}
	return k.Named(filepath.Base(path)), nil
}

// privateBlock returns the PEM block that holds the key. OpenSSL writes the
// curve's parameters in a block of their own before it.
func privateBlock(data []byte) (*pem.Block, error) {
	var found *pem.Block
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == pemECParameters {
			continue
		}
		if found != nil {
			return nil, errors.New("more than one PEM block found: give one key per file")
		}
		found = block
	}
	if found == nil {
		return nil, errors.New("no PEM block found: a private key begins with -----BEGIN ENCRYPTED PRIVATE KEY----- or the like")
	}
	return found, nil
}

func decodePrivate(block *pem.Block, passphrase PassphraseFunc) (any, error) {
	// RFC 1421 encryption: MD5 once over the passphrase, no integrity.
	if block.Headers["DEK-Info"] != "" {
		return nil, fmt.Errorf("%w: the obsolete PEM encryption (openssl pkcs8 -topk8 converts it)", ErrKeyKind)
	}
	var (
		key any
		err error
	)
	switch block.Type {
	case pemPrivate:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case pemPrivateEC:
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case pemPrivateRSA:
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case pemPrivateEncrypted, pemPrivateSigstore, pemPrivateCosign:
		if passphrase == nil {
			return nil, fmt.Errorf("%w: the key is encrypted and no passphrase was given", ErrPassphrase)
		}
		var secret []byte
		if secret, err = passphrase(); err != nil {
			return nil, fmt.Errorf("asking for the passphrase: %w", err)
		}
		if block.Type == pemPrivateEncrypted {
			return decryptPKCS8(block.Bytes, secret)
		}
		return decryptCosign(block.Bytes, secret)
	default:
		if strings.HasSuffix(block.Type, "PUBLIC KEY") {
			return nil, fmt.Errorf("%w: this is a public key, where a private key is expected", ErrKeyKind)
		}
		return nil, fmt.Errorf("%w: unknown PEM type %q", ErrKeyKind, clip(block.Type))
	}
	if err != nil {
		return nil, fmt.Errorf("decoding private key: %w", err)
	}
	return key, nil
}

// maxKeyFile bounds what is read as a key; an RSA key of 8192 bits in PEM has
// less than 7 kB.
const maxKeyFile = 64 << 10

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading key: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading key: %w", err)
	}
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("reading key %q: longer than %d bytes, so it is no key", path, maxKeyFile)
	}
	return data, nil
}
