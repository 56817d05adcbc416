package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	prototrustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"google.golang.org/protobuf/encoding/protojson"
)

// Root is one Sigstore instance as a verifier believes in it: the authorities
// that issue certificates and timestamps, and the logs.
type Root struct {
	// Name is what messages call the root: the base name of its file, or
	// "public-good".
	Name string

	// Date is when the root was known to be current; zero for one that a
	// person supplied, who answers for its age.
	Date time.Time

	// Supplied says that a person named the root. What it names is then
	// demanded of every signature that is judged by it, that of a bare key
	// included; a root that is there for certificates demands nothing of
	// keys.
	Supplied bool

	// SHA256 is the lower-case hexadecimal sha256 of the root's text.
	SHA256 string

	material *root.TrustedRoot
}

// ErrRoot says that something is no trusted root or not one to rely on.
var ErrRoot = errors.New("not a usable trusted root")

// maxRootFile bounds a trusted root; the public-good one has 8 kB.
const maxRootFile = 1 << 20

// ParseRoot reads a trusted root (protobuf-specs, sigstore_trustroot.proto) in
// JSON. Members it does not know, members given twice and certificates and keys
// that do not decode are errors, each ErrRoot: what one reader skips, another
// may trust.
func ParseRoot(data []byte, name string) (*Root, error) {
	r, err := parseRoot(data, name)
	if err != nil {
		return nil, fmt.Errorf("reading trusted root %q: %w: %w", clip(name), ErrRoot, err)
	}
	return r, nil
}

func parseRoot(data []byte, name string) (*Root, error) {
	if len(data) > maxRootFile {
		return nil, fmt.Errorf("it is longer than %d bytes", maxRootFile)
	}
	message := &prototrustroot.TrustedRoot{}
	if err := protojson.Unmarshal(data, message); err != nil {
		return nil, err
	}
	switch message.MediaType {
	case root.TrustedRootMediaType01:
	case "application/vnd.dev.sigstore.trustedroot.v0.1+json", "application/vnd.dev.sigstore.trustedroot.v0.2+json":
		message.MediaType = root.TrustedRootMediaType01 // the only name the library knows
	default:
		return nil, fmt.Errorf("its media type is %q", clip(message.MediaType))
	}
	material, err := root.NewTrustedRootFromProtobuf(message)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return &Root{Name: name, SHA256: hex.EncodeToString(sum[:]), material: material}, nil
}

// LoadRoots reads the trusted roots in a file: one, or one in each line, as
// "gh attestation trusted-root" writes them. The file's base name becomes their
// Name. A file that cannot be read is ErrRoot too: a root that was asked for and
// is not there vouches for nothing.
func LoadRoots(path string) ([]*Root, error) {
	data, err := readRootFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading trusted root: %w: %w", ErrRoot, err)
	}
	name := filepath.Base(path)
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	if len(lines) < 2 || !json.Valid(lines[0]) {
		r, err := ParseRoot(data, name)
		if err != nil {
			return nil, err
		}
		r.Supplied = true
		return []*Root{r}, nil
	}
	if len(lines) > maxRoots {
		return nil, fmt.Errorf("reading trusted root %q: %w: it has %d lines, more than %d", name, ErrRoot, len(lines), maxRoots)
	}
	var roots []*Root
	for i, line := range lines {
		r, err := ParseRoot(line, fmt.Sprintf("%s:%d", name, i+1))
		if err != nil {
			return nil, err
		}
		r.Supplied = true
		roots = append(roots, r)
	}
	return roots, nil
}

// LoadRoot is LoadRoots where one root is expected.
func LoadRoot(path string) (*Root, error) {
	roots, err := LoadRoots(path)
	if err != nil {
		return nil, err
	}
	if len(roots) != 1 {
		return nil, fmt.Errorf("reading trusted root %q: %w: it holds %d, where one is expected", filepath.Base(path), ErrRoot, len(roots))
	}
	return roots[0], nil
}

// maxRoots bounds the roots of a file; each is asked about each bundle.
const maxRoots = 32

func readRootFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRootFile+1))
}

// TrustedMaterial returns the root as what sigstore-go's verifier believes.
func (r *Root) TrustedMaterial() root.TrustedMaterial { return r.material }

// HasLog reports whether the root names a transparency log, in which a
// signature is then expected to be.
func (r *Root) HasLog() bool { return len(r.material.RekorLogs()) > 0 }

// HasCTLog reports whether the root names a log of certificates, by which a
// certificate is then expected to be vouched for.
func (r *Root) HasCTLog() bool { return len(r.material.CTLogs()) > 0 }

// HasTimestampAuthority reports whether the root names a timestamp authority.
func (r *Root) HasTimestampAuthority() bool { return len(r.material.TimestampingAuthorities()) > 0 }

// HasCA reports whether the root names a certificate authority.
func (r *Root) HasCA() bool { return len(r.material.FulcioCertificateAuthorities()) > 0 }

// KnowsIssuer reports whether a certificate names one of the root's
// authorities as its issuer. It is a claim, good for choosing among roots and
// for explaining.
func (r *Root) KnowsIssuer(cert *x509.Certificate) bool {
	for _, ca := range r.material.FulcioCertificateAuthorities() {
		f, ok := ca.(*root.FulcioCertificateAuthority)
		if !ok {
			continue
		}
		for _, c := range append(f.Intermediates[:len(f.Intermediates):len(f.Intermediates)], f.Root) {
			if bytes.Equal(c.RawSubject, cert.RawIssuer) {
				return true
			}
		}
	}
	return false
}

// String returns the root as messages name it.
func (r *Root) String() string {
	if r.Date.IsZero() {
		return r.Name
	}
	return r.Name + " of " + r.Date.UTC().Format(time.DateOnly)
}
