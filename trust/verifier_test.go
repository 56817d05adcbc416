package trust_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/fnseal/fnseal/trust"
)

var message = []byte("what was signed")

// verifies checks sig over message, or over digest if there is one, the way
// sigstore-go does.
func verifies(t *testing.T, key crypto.PublicKey, digest, sig []byte) bool {
	t.Helper()
	pub, err := trust.NewPublicKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	v, err := pub.TrustedMaterial().PublicKeyVerifier("any hint")
	if err != nil {
		t.Fatal(err)
	}
	if digest != nil {
		return v.VerifySignature(bytes.NewReader(sig), bytes.NewReader(nil), options.WithDigest(digest)) == nil
	}
	return v.VerifySignature(bytes.NewReader(sig), bytes.NewReader(message)) == nil
}

// tlv is one DER element with a length in the short form, so that an element
// can be written wrongly on purpose.
func tlv(tag byte, content ...[]byte) []byte {
	body := slices.Concat(content...)
	return append([]byte{tag, byte(len(body))}, body...)
}

func TestECDSASignatureEncoding(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(message)
	// A signature whose numbers have their top bit clear, so that each of the
	// encodings below can be told from it.
	var rs struct{ R, S *big.Int }
	var good []byte
	for {
		if good, err = ecdsa.SignASN1(rand.Reader, key, digest[:]); err != nil {
			t.Fatal(err)
		}
		if _, err := asn1.Unmarshal(good, &rs); err != nil {
			t.Fatal(err)
		}
		if rs.R.BitLen() < 256 && rs.S.BitLen() < 256 && rs.R.BitLen() > 248 && rs.S.BitLen() > 248 {
			break
		}
	}
	n := key.Curve.Params().N
	encode := func(r, s *big.Int) []byte {
		data, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	r, s := tlv(2, rs.R.Bytes()), tlv(2, rs.S.Bytes())
	content := slices.Concat(r, s)
	zero := big.NewInt(0)
	tests := []struct {
		name string
		sig  []byte
		want bool
	}{
		{"as signed", good, true},
		// (r, n−s) is a valid signature of the same message by the same key
		// (FIPS 186-5 §6.4.2 does not require the lower s).
		{"the other s", encode(rs.R, new(big.Int).Sub(n, rs.S)), true},
		{"empty", nil, false},
		{"trailing byte", append(bytes.Clone(good), 0), false},
		{"trailing byte within", tlv(0x30, r, s, []byte{0}), false},
		{"third number", tlv(0x30, r, s, s), false},
		{"one number", tlv(0x30, r), false},
		{"truncated", good[:len(good)-1], false},
		{"r padded", tlv(0x30, tlv(2, []byte{0}, rs.R.Bytes()), s), false},
		{"s padded", tlv(0x30, r, tlv(2, []byte{0}, rs.S.Bytes())), false},
		{"length in the long form", slices.Concat([]byte{0x30, 0x81, byte(len(content))}, content), false},
		{"indefinite length", slices.Concat([]byte{0x30, 0x80}, content, []byte{0, 0}), false},
		{"a set, not a sequence", tlv(0x31, r, s), false},
		{"octets, not an integer", tlv(0x30, tlv(4, rs.R.Bytes()), s), false},
		{"r and s raw", slices.Concat(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))), false},
		{"r is 0", encode(zero, rs.S), false},
		{"s is 0", encode(rs.R, zero), false},
		{"both are 0", encode(zero, zero), false},
		{"both are 1", encode(big.NewInt(1), big.NewInt(1)), false},
		{"r is n", encode(n, rs.S), false},
		{"s is n", encode(rs.R, n), false},
		{"r + n", encode(new(big.Int).Add(rs.R, n), rs.S), false},
		{"s + n", encode(rs.R, new(big.Int).Add(rs.S, n)), false},
		{"r negative", encode(new(big.Int).Neg(rs.R), rs.S), false},
		{"s negative", encode(rs.R, new(big.Int).Neg(rs.S)), false},
		{"swapped", encode(rs.S, rs.R), false},
		{"too long", bytes.Repeat([]byte{0x30}, 4096), false},
	}
	for _, tt := range tests {
		if got := verifies(t, &key.PublicKey, nil, tt.sig); got != tt.want {
			t.Errorf("%s over the message: verifies = %t", tt.name, got)
		}
		if got := verifies(t, &key.PublicKey, digest[:], tt.sig); got != tt.want {
			t.Errorf("%s over the digest: verifies = %t", tt.name, got)
		}
	}
	if verifies(t, &key.PublicKey, digest[:31], good) {
		t.Error("a shortened digest verifies")
	}
	if long := sha512.Sum512(message); verifies(t, &key.PublicKey, long[:], good) {
		t.Error("the digest of another algorithm verifies")
	}
}

// TestECDSAHashes: keys on larger curves sign with their own hash or with
// SHA-256, and nothing shorter.
func TestECDSAHashes(t *testing.T) {
	for _, tt := range []struct {
		curve elliptic.Curve
		hash  crypto.Hash
		want  bool
	}{
		{elliptic.P256(), crypto.SHA256, true},
		{elliptic.P256(), crypto.SHA384, false},
		{elliptic.P256(), crypto.SHA1, false},
		{elliptic.P384(), crypto.SHA384, true},
		{elliptic.P384(), crypto.SHA256, true},
		{elliptic.P384(), crypto.SHA512, false},
		{elliptic.P521(), crypto.SHA512, true},
		{elliptic.P521(), crypto.SHA256, true},
		{elliptic.P521(), crypto.SHA1, false},
	} {
		key, err := ecdsa.GenerateKey(tt.curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		h := tt.hash.New()
		h.Write(message)
		sig, err := ecdsa.SignASN1(rand.Reader, key, h.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := verifies(t, &key.PublicKey, nil, sig); got != tt.want {
			t.Errorf("%s with %s: verifies = %t", tt.curve.Params().Name, tt.hash, got)
		}
	}
}

func TestRSASignatureEncoding(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(message)
	good, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	pss, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	unlabelled, err := rsa.SignPKCS1v15(rand.Reader, key, 0, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	plusN := new(big.Int).Add(new(big.Int).SetBytes(good), key.N).Bytes()
	for _, tt := range []struct {
		name string
		sig  []byte
		want bool
	}{
		{"as signed", good, true},
		{"leading zero", append([]byte{0}, good...), false},
		{"trailing zero", append(bytes.Clone(good), 0), false},
		{"truncated", good[:255], false},
		{"plus the modulus", plusN, false},
		{"PSS", pss, false}, // not what Sigstore's registry pairs with a bare RSA key
		{"without a hash's name", unlabelled, false},
		{"zeros", make([]byte, 256), false},
		{"empty", nil, false},
	} {
		for _, d := range [][]byte{nil, digest[:]} {
			if got := verifies(t, &key.PublicKey, d, tt.sig); got != tt.want {
				t.Errorf("%s (digest %t): verifies = %t", tt.name, d != nil, got)
			}
		}
	}
}

func TestEd25519SignatureEncoding(t *testing.T) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := ed25519.Sign(priv, message)
	// s + L is the same number modulo the group's order and must be refused
	// (RFC 8032 §5.1.7).
	order, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	le := bytes.Clone(good[32:])
	slices.Reverse(le)
	over := new(big.Int).Add(new(big.Int).SetBytes(le), order).FillBytes(make([]byte, 32))
	slices.Reverse(over)
	digest := sha512.Sum512(message)
	ph, err := priv.Sign(nil, digest[:], &ed25519.Options{Hash: crypto.SHA512})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		digest []byte
		sig    []byte
		want   bool
	}{
		{"as signed", nil, good, true},
		{"s plus the order", nil, slices.Concat(good[:32], over), false},
		{"truncated", nil, good[:63], false},
		{"trailing byte", nil, append(bytes.Clone(good), 0), false},
		{"zeros", nil, make([]byte, 64), false},
		{"prehashed, as if pure", nil, ph, false},
		{"over a digest", digest[:], ed25519.Sign(priv, digest[:]), false},
		{"prehashed over a digest", digest[:], ph, false},
	} {
		if got := verifies(t, pub, tt.digest, tt.sig); got != tt.want {
			t.Errorf("%s: verifies = %t", tt.name, got)
		}
	}
}
