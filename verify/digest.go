package verify

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

// file is what a bundle's digests are compared with.
type file struct {
	digest fnpkg.Digest

	// sum computes another digest of the file's bytes; nil where the file is
	// known by its sha256 alone, which no other digest can be told from.
	sum func(crypto.Hash) ([]byte, error)
}

// compare compares what a bundle signs with the file, and returns the names the
// file has in it. An error says that the file could not be read.
func (f file) compare(b *parsed) (Result, []string, error) {
	if b.kind == KindMessageSignature {
		r, err := f.compareMessage(b)
		return r, nil, err
	}
	var others, called []string
	found := false
	for _, s := range b.statement.Subjects {
		algorithm, hash, want := subjectDigest(s)
		if hash == 0 {
			continue
		}
		if hash != crypto.SHA256 && f.sum == nil {
			others = append(others, fmt.Sprintf("a %s, which a sha256 cannot be compared with", algorithm))
			continue
		}
		got, err := f.digestOf(hash)
		if err != nil {
			return Result{}, nil, err
		}
		if hex.EncodeToString(got) == want {
			found, called = true, append(called, s.Name)
			continue
		}
		others = append(others, fmt.Sprintf("%s:%s (%q)", algorithm, want, clip(s.Name)))
	}
	if found {
		return Result{State: Passed}, called, nil
	}
	if len(others) == 0 {
		return Result{Failed, "none of its subjects has a sha256 to compare with, nor a sha384 or sha512"}, nil, nil
	}
	const most = 3
	if more := len(others) - most; more > 0 {
		others = append(slices.Clip(others[:most]), fmt.Sprintf("%d others", more))
	}
	return Result{Failed, fmt.Sprintf("the file is %s, but it signs %s", f.digest, strings.Join(others, ", "))}, nil, nil
}

func (f file) compareMessage(b *parsed) (Result, error) {
	if b.hash == 0 {
		return Result{Failed, fmt.Sprintf("it signs a %s digest, which is not compared with the file", b.algorithm)}, nil
	}
	if b.hash != crypto.SHA256 && f.sum == nil {
		return Result{Failed, fmt.Sprintf("it signs a %s digest, and only the sha256 of the file is known", b.algorithm)}, nil
	}
	got, err := f.digestOf(b.hash)
	if err != nil {
		return Result{}, err
	}
	if bytes.Equal(got, b.digest) {
		return Result{State: Passed}, nil
	}
	return Result{Failed, fmt.Sprintf("the file is %s, but it signs %s:%x", f.digest, names[b.hash], b.digest)}, nil
}

func (f file) digestOf(h crypto.Hash) ([]byte, error) {
	if h == crypto.SHA256 {
		return f.digest[:], nil
	}
	return f.sum(h)
}

// names are the digests that are compared, as in-toto names them.
var names = map[crypto.Hash]string{crypto.SHA256: "sha256", crypto.SHA384: "sha384", crypto.SHA512: "sha512"}

// subjectDigest returns the digest by which a subject is compared: its sha256,
// else the longest of the others that are computed. Any other algorithm proves
// nothing, whatever it is called.
func subjectDigest(s attest.Subject) (algorithm string, hash crypto.Hash, digest string) {
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA512, crypto.SHA384} {
		if d, ok := s.Digest[names[h]]; ok {
			return names[h], h, d
		}
	}
	return "", 0, ""
}
