//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/fnseal/fnseal/internal/testkit/oidc"
	"github.com/fnseal/fnseal/trust"
)

// What is signed in the matrix.
const (
	message     = "message"
	attestation = "attestation"
	image       = "image"
)

const (
	reviewType = "https://example.com/review/v1"
	signType   = "https://sigstore.dev/cosign/sign/v1"
)

// predicateType is what a bundle with that content must hold; "" for a message
// signature.
func predicateType(content string) string {
	return map[string]string{attestation: reviewType, image: signType}[content]
}

// artifact is what is signed or verified: a file, or an image in a registry.
type artifact struct {
	content string
	file    string // of a message signature or an attestation
	ref     string // of an image, with its digest
	digest  []byte // sha256
}

// signer is who signs: a key when token is empty.
type signer struct {
	key   string
	token string
}

// accepted is whose signature is accepted.
type accepted struct {
	key, identity string
}

// client is a program or library that signs and verifies.
type client interface {
	// sign returns the bundle, or nothing if it is in the artifact's registry.
	sign(t *testing.T, s *sigstore, a artifact, by signer) []byte
	// verify returns nil if the bundle is accepted. That of an image is in its
	// registry.
	verify(t *testing.T, s *sigstore, a artifact, bundle []byte, from accepted) error
}

var clients = []struct {
	name string
	client
}{{"fnseal", fnseal{}}, {"cosign", cosign{}}, {"sigstore-go", library{}}}

func refused(r result) error {
	if r.code == 0 {
		return nil
	}
	return errors.New(r.String())
}

// fnseal is the program under test.
type fnseal struct{}

func (fnseal) sign(t *testing.T, s *sigstore, a artifact, by signer) []byte {
	dir := t.TempDir()
	who := []string{"--key", by.key}
	if by.token != "" {
		writeFile(t, filepath.Join(dir, "token"), []byte(by.token))
		who = []string{"--identity-token", "token", "--signing-config", s.config, "--trusted-root", s.root}
	}
	out := filepath.Join(dir, "bundle.json")
	switch a.content {
	case image:
		run(t, dir, nil, tool(t, "fnseal"), append([]string{"sign", a.ref}, who...)...)
		return nil
	case attestation:
		writeFile(t, filepath.Join(dir, "p.json"), []byte(`{"result":"good"}`))
		run(t, dir, nil, tool(t, "fnseal"), append([]string{"attest", a.file, "--type", reviewType, "--predicate", "p.json", "--bundle", out}, who...)...)
	default:
		run(t, dir, nil, tool(t, "fnseal"), append([]string{"sign", a.file, "--bundle", out}, who...)...)
	}
	return readFile(t, out)
}

func (fnseal) verify(t *testing.T, s *sigstore, a artifact, bundle []byte, from accepted) error {
	dir := t.TempDir()
	args := []string{"verify", a.file, "-o", "json", "--bundle", filepath.Join(dir, "b.json")}
	if a.content == image {
		args = []string{"verify", a.ref, "-o", "json"}
	} else {
		writeFile(t, filepath.Join(dir, "b.json"), bundle)
	}
	if from.key != "" {
		args = append(args, "--key", from.key)
	} else {
		args = append(args, "--certificate-identity", from.identity, "--certificate-oidc-issuer", s.email.URL, "--trusted-root", s.root)
	}
	if p := predicateType(a.content); p != "" {
		args = append(args, "--type", p)
	}
	r := exits(t, dir, nil, tool(t, "fnseal"), args...)
	switch r.code {
	case 0, 4: // it accepts, or it refuses: anything else is neither
	default:
		t.Errorf("fnseal verify: %v", r)
	}
	return refused(r)
}

type cosign struct{}

func (cosign) sign(t *testing.T, s *sigstore, a artifact, by signer) []byte {
	dir := t.TempDir()
	who := []string{"--key", by.key, "--use-signing-config=false", "--tlog-upload=false"}
	if by.token != "" {
		who = []string{"--identity-token", by.token, "--signing-config", s.config, "--trusted-root", s.root}
	}
	who = append(who, "--yes")
	out := filepath.Join(dir, "bundle.json")
	switch a.content {
	case image:
		run(t, dir, nil, tool(t, "cosign"), append([]string{"sign", "--new-bundle-format", a.ref}, who...)...)
		return nil
	case attestation:
		writeFile(t, filepath.Join(dir, "p.json"), []byte(`{"result":"good"}`))
		run(t, dir, nil, tool(t, "cosign"), append([]string{"attest-blob", a.file, "--type", reviewType, "--predicate", "p.json", "--new-bundle-format", "--bundle", out}, who...)...)
	default:
		run(t, dir, nil, tool(t, "cosign"), append([]string{"sign-blob", a.file, "--new-bundle-format", "--bundle", out}, who...)...)
	}
	return readFile(t, out)
}

func (cosign) verify(t *testing.T, s *sigstore, a artifact, bundle []byte, from accepted) error {
	dir := t.TempDir()
	who := []string{"--key", from.key, "--insecure-ignore-tlog"}
	if from.key == "" {
		who = []string{"--certificate-identity", from.identity, "--certificate-oidc-issuer", s.email.URL, "--trusted-root", s.root, "--insecure-ignore-sct"}
	}
	writeFile(t, filepath.Join(dir, "b.json"), bundle)
	switch a.content {
	case image:
		return refused(exits(t, dir, nil, tool(t, "cosign"), append([]string{"verify", "--new-bundle-format", a.ref}, who...)...))
	case attestation:
		return refused(exits(t, dir, nil, tool(t, "cosign"), append([]string{"verify-blob-attestation", a.file, "--type", reviewType, "--bundle", "b.json"}, who...)...))
	}
	return refused(exits(t, dir, nil, tool(t, "cosign"), append([]string{"verify-blob", a.file, "--bundle", "b.json"}, who...)...))
}

// library is sigstore-go, used as its examples do.
type library struct{}

func (library) sign(t *testing.T, s *sigstore, a artifact, by signer) []byte {
	t.Helper()
	var content sign.Content = &sign.PlainData{}
	if a.content == message {
		content = &sign.PlainData{Data: readFile(t, a.file)}
	} else {
		content = &sign.DSSEData{PayloadType: "application/vnd.in-toto+json", Data: statementOf(t, a)}
	}
	options := sign.BundleOptions{Context: t.Context()}
	var keypair sign.Keypair = keyFile{load(t, by.key)}
	if by.token != "" {
		var err error
		if keypair, err = sign.NewEphemeralKeypair(nil); err != nil {
			t.Fatal(err)
		}
		options.CertificateProvider = sign.NewFulcio(&sign.FulcioOptions{BaseURL: s.fulcio})
		options.CertificateProviderOptions = &sign.CertificateProviderOptions{IDToken: by.token}
		options.TimestampAuthorities = []*sign.TimestampAuthority{sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: s.tsa + "/api/v1/timestamp"})}
		options.TransparencyLogs = []sign.Transparency{sign.NewRekor(&sign.RekorOptions{BaseURL: s.rekor, Version: 2})}
	}
	b, err := sign.Bundle(content, keypair, options)
	if err != nil {
		t.Fatalf("sigstore-go signing: %v", err)
	}
	data, err := protojson.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if a.content == image {
		attach(t, a.ref, data)
		return nil
	}
	return data
}

func statementOf(t *testing.T, a artifact) []byte {
	t.Helper()
	predicate := map[string]any{}
	if a.content == attestation {
		predicate["result"] = "good"
	}
	data, err := json.Marshal(map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"name": "x", "digest": map[string]string{"sha256": hex.EncodeToString(a.digest)}}},
		"predicateType": predicateType(a.content),
		"predicate":     predicate,
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (library) verify(t *testing.T, s *sigstore, a artifact, data []byte, from accepted) error {
	t.Helper()
	all := [][]byte{data}
	if a.content == image {
		all = attached(t, a.ref)
	}
	err := errors.New("there is no bundle")
	for _, data := range all {
		if err = libraryVerify(t, s, a, data, from); err == nil {
			return nil
		}
	}
	return err
}

func libraryVerify(t *testing.T, s *sigstore, a artifact, data []byte, from accepted) error {
	t.Helper()
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return err
	}
	var material root.TrustedMaterial
	who, options := verify.WithKey(), []verify.VerifierOption{verify.WithNoObserverTimestamps()}
	if from.key != "" {
		key, err := trust.LoadPublicKey(from.key)
		if err != nil {
			t.Fatal(err)
		}
		material = root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
			return key.TrustedMaterial().PublicKeyVerifier("")
		})
	} else {
		trusted, err := root.NewTrustedRootFromPath(s.root)
		if err != nil {
			t.Fatal(err)
		}
		material = trusted
		id, err := verify.NewShortCertificateIdentity(s.email.URL, "", from.identity, "")
		if err != nil {
			t.Fatal(err)
		}
		who, options = verify.WithCertificateIdentity(id), []verify.VerifierOption{verify.WithSignedTimestamps(1), verify.WithTransparencyLog(1)}
	}
	v, err := verify.NewVerifier(material, options...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := v.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha256", a.digest), who))
	if err != nil {
		return err
	}
	got := ""
	if r.Statement != nil {
		got = r.Statement.PredicateType
	}
	if want := predicateType(a.content); got != want {
		return fmt.Errorf("it holds %q, not %q", got, want)
	}
	return nil
}

// keyFile signs with a private key for sigstore-go.
type keyFile struct{ *trust.PrivateKey }

func load(t *testing.T, path string) *trust.PrivateKey {
	t.Helper()
	key, err := trust.LoadPrivateKey(path, func() ([]byte, error) { return []byte("x"), nil })
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (keyFile) GetHashAlgorithm() protocommon.HashAlgorithm {
	return protocommon.HashAlgorithm_SHA2_256
}
func (keyFile) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256
}
func (keyFile) GetKeyAlgorithm() string            { return "ECDSA" }
func (k keyFile) GetHint() []byte                  { return []byte(k.Public().ID) }
func (k keyFile) GetPublicKey() crypto.PublicKey   { return k.Public().Key }
func (k keyFile) GetPublicKeyPem() (string, error) { p, err := k.Public().PEM(); return string(p), err }
func (k keyFile) SignData(_ context.Context, data []byte) (sig, digest []byte, err error) {
	sum := sha256.Sum256(data)
	sig, err = k.Signer().Sign(rand.Reader, sum[:], crypto.SHA256)
	return sig, sum[:], err
}

// keypair makes a key pair in cosign's format, which all can read, and returns
// the paths of its halves.
func keypair(t *testing.T, dir, name string) (private, public string) {
	t.Helper()
	run(t, dir, nil, tool(t, "cosign"), "generate-key-pair", "--output-key-prefix", name)
	private, public = filepath.Join(dir, name+".key"), filepath.Join(dir, name+".pub")
	block, _ := pem.Decode(readFile(t, public))
	if block == nil {
		t.Fatal("cosign wrote no public key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if _, ok := key.(*ecdsa.PublicKey); err != nil || !ok {
		t.Fatalf("cosign wrote a key of type %T: %v", key, err)
	}
	return private, public
}

// emailToken is a token for the e-mail identity.
func (s *sigstore) emailToken(t testing.TB) string {
	return s.email.Token(t, map[string]any{"email": oidc.Email})
}

func newFile(t *testing.T, content string) artifact {
	t.Helper()
	data := make([]byte, 4096)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "app.bin")
	if err := os.WriteFile(path, bytes.Clone(data), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return artifact{content: content, file: path, digest: sum[:]}
}
