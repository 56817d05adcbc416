package trust

import (
	"crypto"
	"crypto/aes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"github.com/youmark/pkcs8"
)

// Iterations of PBKDF2-HMAC-SHA256 for keys written here: what OWASP asks for
// since 2023. Unlocking costs about 90 ms, once per command. scrypt would cost
// an attacker more, but OpenSSL reads it only up to N = 2^14 and LibreSSL and
// Java not at all.
const pbkdf2Iterations = 600_000

func encryptPKCS8(key crypto.Signer, passphrase []byte) ([]byte, error) {
	return pkcs8.MarshalPrivateKey(key, passphrase, &pkcs8.Opts{
		Cipher:  pkcs8.AES256CBC,
		KDFOpts: pkcs8.PBKDF2Opts{SaltSize: 16, IterationCount: pbkdf2Iterations, HMACHash: crypto.SHA256},
	})
}

func decryptPKCS8(der, passphrase []byte) (any, error) {
	if len(passphrase) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	if err := checkPBES2(der); err != nil {
		return nil, fmt.Errorf("decoding encrypted private key: %w", err)
	}
	key, _, err := pkcs8.ParsePrivateKey(der, passphrase)
	if err != nil {
		// The scheme was checked before: what is left to fail is that the
		// passphrase turned the key into noise.
		return nil, fmt.Errorf("unlocking private key: %w", ErrPassphrase)
	}
	return key, nil
}

// Bounds for keys written elsewhere: a key file must not be able to take the
// machine's time or memory.
const (
	maxPBKDF2Iterations = 50_000_000
	maxScryptMemory     = 1 << 30 // bytes: 128·N·r
	maxScryptWork       = 1 << 32 // 128·N·r·p
)

// checkPBES2 checks the parameters of an EncryptedPrivateKeyInfo (RFC 5958 §3,
// RFC 8018 §A.4) before anything is derived from them: youmark/pkcs8 takes
// costs as they come and panics on content that is no whole number of blocks.
func checkPBES2(der []byte) error {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return errors.New("not an EncryptedPrivateKeyInfo")
	}
	if !info.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}) {
		return fmt.Errorf("encryption scheme %s is not supported, only PBES2 is", info.Algorithm.Algorithm)
	}
	var scheme struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	if rest, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &scheme); err != nil || len(rest) > 0 {
		return errors.New("invalid PBES2 parameters")
	}
	aesCBC := []string{"2.16.840.1.101.3.4.1.2", "2.16.840.1.101.3.4.1.22", "2.16.840.1.101.3.4.1.42"}
	if !slices.Contains(aesCBC, scheme.Cipher.Algorithm.String()) {
		return fmt.Errorf("cipher %s is not supported, only AES in CBC mode is", scheme.Cipher.Algorithm)
	}
	var iv []byte
	if _, err := asn1.Unmarshal(scheme.Cipher.Parameters.FullBytes, &iv); err != nil || len(iv) != aes.BlockSize {
		return errors.New("invalid initialisation vector")
	}
	if n := len(info.Data); n == 0 || n%aes.BlockSize != 0 {
		return fmt.Errorf("%d encrypted bytes are no whole number of blocks", n)
	}
	return checkKDF(scheme.KDF)
}

func checkKDF(kdf pkix.AlgorithmIdentifier) error {
	switch kdf.Algorithm.String() {
	case "1.2.840.113549.1.5.12": // PBKDF2
		var p struct {
			Salt       []byte
			Iterations int
			PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
		}
		if _, err := asn1.Unmarshal(kdf.Parameters.FullBytes, &p); err != nil {
			return errors.New("invalid PBKDF2 parameters")
		}
		if p.Iterations < 1 || p.Iterations > maxPBKDF2Iterations {
			return fmt.Errorf("%d iterations of PBKDF2 are outside 1 to %d", p.Iterations, maxPBKDF2Iterations)
		}
		sha1, sha256 := "1.2.840.113549.2.7", "1.2.840.113549.2.9"
		if prf := p.PRF.Algorithm.String(); prf != "" && prf != sha1 && prf != sha256 {
			return fmt.Errorf("PBKDF2 with %s is not supported, only HMAC-SHA1 and HMAC-SHA256 are", prf)
		}
	case "1.3.6.1.4.1.11591.4.11": // scrypt
		var p struct {
			Salt    []byte
			N, R, P int
		}
		if _, err := asn1.Unmarshal(kdf.Parameters.FullBytes, &p); err != nil {
			return errors.New("invalid scrypt parameters")
		}
		if p.N < 2 || p.N&(p.N-1) != 0 || p.R < 1 || p.P < 1 ||
			p.N > maxScryptMemory/128/p.R || p.P > maxScryptWork/128/p.R/p.N {
			return fmt.Errorf("scrypt with N=%d, r=%d, p=%d is outside the limits", p.N, p.R, p.P)
		}
	default:
		return fmt.Errorf("key derivation %s is not supported, only PBKDF2 and scrypt are", kdf.Algorithm)
	}
	return nil
}

// decryptCosign reads the format of cosign's keys: JSON with scrypt and NaCl
// secretbox around PKCS#8. The library accepts only the scrypt costs it
// knows.
func decryptCosign(box, passphrase []byte) (any, error) {
	der, err := encrypted.Decrypt(box, passphrase)
	switch {
	case err == nil:
	case strings.HasSuffix(err.Error(), "decryption failed"): // the library has no sentinel
		return nil, fmt.Errorf("unlocking private key: %w", ErrPassphrase)
	default:
		return nil, fmt.Errorf("decoding encrypted private key: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("decoding private key: %w", err)
	}
	return key, nil
}
