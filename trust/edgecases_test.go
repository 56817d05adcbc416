package trust_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/fnseal/fnseal/trust"
)

// TestRSAPadding signs encodings of a digest that are not the one of RFC 8017
// §9.2, as forgeries of Bleichenbacher's kind do (CVE-2006-4339 and many
// since). Each would pass a verifier that parses the padding.
func TestRSAPadding(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(message)
	info := func(prefix string) []byte {
		der, err := hex.DecodeString(prefix)
		if err != nil {
			t.Fatal(err)
		}
		return append(der, digest[:]...)
	}
	const sha256Info = "3031300d060960864801650304020105000420"
	good := info(sha256Info)
	encode := func(first, second, fill byte, padding int, rest ...[]byte) []byte {
		em := slices.Concat([]byte{first, second}, bytes.Repeat([]byte{fill}, padding), []byte{0}, slices.Concat(rest...))
		return append(em, make([]byte, max(256-len(em), 0))...)
	}
	whole := 256 - 3 - len(good)
	for name, tt := range map[string]struct {
		em   []byte
		want bool
	}{
		"control":                       {encode(0, 1, 0xff, whole, good), true},
		"block type 2":                  {encode(0, 2, 0xff, whole, good), false},
		"block type 0":                  {encode(0, 0, 0xff, whole, good), false},
		"padding of zeros":              {encode(0, 1, 0, whole, good), false},
		"padding of another byte":       {encode(0, 1, 0xfe, whole, good), false},
		"short padding, garbage behind": {encode(0, 1, 0xff, 8, good), false},
		"no padding, garbage behind":    {encode(0, 1, 0xff, 0, good), false},
		"garbage in the parameters":     {encode(0, 1, 0xff, whole-8, info("3039301506096086480165030402010508deadbeefdeadbeef0420")), false},
		"no parameters":                 {encode(0, 1, 0xff, whole+2, info("302f300b06096086480165030402010420")), false},
		"long form of a length":         {encode(0, 1, 0xff, whole-1, info("308131300d060960864801650304020105000420")), false},
		"indefinite length":             {encode(0, 1, 0xff, whole-2, append(info("3080300d060960864801650304020105000420"), 0, 0)), false},
		"named SHA-1":                   {encode(0, 1, 0xff, whole+4, info("302d300906052b0e03021a05000420")), false},
		"named SHA-512":                 {encode(0, 1, 0xff, whole, info("3031300d060960864801650304020305000420")), false},
		"named SHA-384":                 {encode(0, 1, 0xff, whole, info("3031300d060960864801650304020205000420")), false},
		"the digest alone":              {encode(0, 1, 0xff, 256-3-32, digest[:]), false},
		"a byte behind the digest":      {encode(0, 1, 0xff, whole-1, good, []byte{0}), false},
	} {
		sig := new(big.Int).Exp(new(big.Int).SetBytes(tt.em), key.D, key.N).FillBytes(make([]byte, 256))
		for _, d := range [][]byte{nil, digest[:]} {
			if got := verifies(t, &key.PublicKey, d, sig); got != tt.want {
				t.Errorf("%s (digest %t): verifies = %t", name, d != nil, got)
			}
		}
	}
}

// TestEd25519SmallOrder: under these keys anybody can sign anything, and RFC
// 8032's verification lets them.
func TestEd25519SmallOrder(t *testing.T) {
	identity := append([]byte{1}, make([]byte, 31)...)
	forged := append(slices.Clone(identity), make([]byte, 32)...)
	if !ed25519.Verify(identity, message, forged) {
		t.Fatal("the forgery does not work: the test shows nothing")
	}
	for _, y := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		key, err := hex.DecodeString(y)
		if err != nil {
			t.Fatal(err)
		}
		for _, sign := range []byte{0, 0x80} {
			k := slices.Clone(key)
			k[31] |= sign
			if _, err := trust.NewPublicKey(ed25519.PublicKey(k), ""); !errors.Is(err, trust.ErrWeakKey) {
				t.Errorf("%x: %v", k, err)
			}
		}
	}
	good, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.NewPublicKey(good, ""); err != nil {
		t.Errorf("the control: %v", err)
	}
}
