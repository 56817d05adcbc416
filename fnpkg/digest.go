package fnpkg

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest is an exact digest: the sha256 of an artifact's bytes. Bundles bind
// it, and a provider can be asked for it.
type Digest [sha256.Size]byte

// ParseDigest reads "sha256:" followed by 64 lower-case hexadecimal digits.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	digits, ok := strings.CutPrefix(s, "sha256:")
	if !ok {
		return d, fmt.Errorf("digest %q does not begin with \"sha256:\"", s)
	}
	if len(digits) != 2*len(d) || digits != strings.ToLower(digits) {
		return d, fmt.Errorf("digest %q does not have %d lower-case hexadecimal digits", s, 2*len(d))
	}
	if _, err := hex.Decode(d[:], []byte(digits)); err != nil {
		return Digest{}, fmt.Errorf("digest %q: %w", s, err)
	}
	return d, nil
}

// String returns "sha256:" and the digest in hexadecimal.
func (d Digest) String() string { return "sha256:" + d.Hex() }

// Hex returns the digest as 64 lower-case hexadecimal digits.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// CodeSha256 returns the digest in standard base64, as AWS Lambda shows it in
// the field of that name for a function deployed as a zip.
func (d Digest) CodeSha256() string { return base64.StdEncoding.EncodeToString(d[:]) }

// IsZero reports whether d is the zero value, which no artifact has.
func (d Digest) IsZero() bool { return d == Digest{} }

// ContentDigest is the digest of what a package holds rather than of how it
// is packed: it survives packing again. It is a type of its own so that it can
// never stand where an exact digest is asked for.
type ContentDigest [sha256.Size]byte

// ContentScheme names the rule by which a ContentDigest is computed.
const ContentScheme = "fnseal-tree-v1"

// String returns the scheme, a colon and the digest in hexadecimal.
func (d ContentDigest) String() string { return ContentScheme + ":" + d.Hex() }

// Hex returns the digest as 64 lower-case hexadecimal digits.
func (d ContentDigest) Hex() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is the zero value.
func (d ContentDigest) IsZero() bool { return d == ContentDigest{} }
