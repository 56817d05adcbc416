package sign

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/fnseal/fnseal/sign/identity"
	"github.com/fnseal/fnseal/trust"
)

// Config says who signs and who vouches for it.
type Config struct {
	// Key signs, from a file or a key management service. Without one, keys
	// are made for the occasion and certified for the identity that Token
	// shows.
	Key *trust.PrivateKey

	// Chain is the certificate of Key followed by those of its issuers, or
	// empty. The bundle then holds the certificate instead of a hint at the
	// key; the issuers are for the verifier's trusted root to hold.
	Chain []*x509.Certificate

	// Token returns a token of the identity to sign for. It is asked once for
	// each certificate, which lasts some minutes.
	Token func(ctx context.Context) (identity.Token, error)

	// Audience that tokens must be made out to; empty for the default.
	Audience string

	// Services used: an entry in each of the logs and a timestamp of each of
	// the authorities becomes part of every bundle. CA is for identities.
	Services trust.Services

	// Root is what a verifier will believe. New bundles are held against it;
	// needed with any service.
	Root *trust.Root

	// Transport carries requests; nil for http.DefaultTransport.
	Transport http.RoundTripper

	Patience Patience
	Waiting  Waiting
}

// Open returns a Signer. A configuration that cannot work is an error here,
// before anything is signed.
func Open(c Config) (*Signer, error) {
	s, err := open(c)
	if err != nil {
		return nil, fmt.Errorf("preparing to sign: %w", err)
	}
	return s, nil
}

// New returns a Signer for a key alone: its bundles name no time and are in no
// log.
func New(key *trust.PrivateKey) (*Signer, error) { return Open(Config{Key: key}) }

// ErrNoRoot says that services are used and nothing is there to check their
// answers with.
var ErrNoRoot = errors.New("no trusted root to check new signatures with")

func open(c Config) (*Signer, error) {
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	c.Patience = c.Patience.withDefaults()
	if c.Audience == "" {
		c.Audience = identity.DefaultAudience
	}
	s := &Signer{logs: newLogs(c), timestamps: newTimestamps(c)}
	if c.Root == nil && (c.Key == nil || len(s.logs)+len(s.timestamps) > 0) {
		return nil, ErrNoRoot
	}
	var err error
	switch {
	case c.Key == nil && c.Token == nil:
		return nil, errors.New("there is neither a key nor an identity to sign with")
	case c.Key == nil && c.Services.CA.URL == "":
		return nil, errors.New("there is no certificate authority to certify an identity")
	case c.Key == nil && len(s.logs)+len(s.timestamps) == 0:
		return nil, errors.New("neither a log nor a timestamp authority would say when a short-lived certificate was used")
	case c.Key == nil:
		s.signatory, err = newIdentified(c)
	case len(c.Chain) > 0:
		s.signatory, err = newCertified(c.Key, c.Chain)
	default:
		s.signatory = bareKey{c.Key}
	}
	if err != nil {
		return nil, err
	}
	material, err := s.material(c)
	if err != nil {
		return nil, err
	}
	if s.verifier, err = verify.NewVerifier(material, s.demands(c)...); err != nil {
		return nil, err
	}
	return s, nil
}

// material is what new bundles must verify with.
func (s *Signer) material(c Config) (root.TrustedMaterial, error) {
	var beneath root.TrustedMaterial = &root.BaseTrustedMaterial{}
	if c.Root != nil {
		beneath = c.Root.TrustedMaterial()
	}
	switch {
	case c.Key == nil:
		return beneath, nil
	case len(c.Chain) > 1:
		return withIssuer{beneath, c.Chain}, nil
	case len(c.Chain) == 1: // self-signed, or issued by whom the root names
		if c.Root == nil || isSelfSigned(c.Chain[0]) {
			return withIssuer{beneath, append(c.Chain[:1:1], c.Chain...)}, nil
		}
		return beneath, nil
	}
	return withKey{beneath, c.Key.Public()}, nil
}

// demands are what new bundles must show.
func (s *Signer) demands(c Config) []verify.VerifierOption {
	options := []verify.VerifierOption{verify.WithoutStatementPredicate()}
	if n := len(s.logs); n > 0 {
		options = append(options, verify.WithTransparencyLog(n))
	}
	if c.Key == nil && c.Root.HasCTLog() {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	certified := c.Key == nil || len(c.Chain) > 0
	switch {
	case len(s.timestamps) > 0:
		options = append(options, verify.WithSignedTimestamps(len(s.timestamps)))
	case certified && len(s.logs) > 0:
		options = append(options, verify.WithIntegratedTimestamps(len(s.logs)))
	case certified:
		options = append(options, verify.WithCurrentTime())
	default:
		options = append(options, verify.WithNoObserverTimestamps())
	}
	return options
}

// withKey believes one key beside the logs and authorities of a root.
type withKey struct {
	root.TrustedMaterial
	key trust.PublicKey
}

func (m withKey) PublicKeyVerifier(hint string) (root.TimeConstrainedVerifier, error) {
	return m.key.TrustedMaterial().PublicKeyVerifier(hint)
}

// withIssuer believes the issuers of one certificate, and no others.
type withIssuer struct {
	root.TrustedMaterial
	chain []*x509.Certificate // leaf first
}

func (m withIssuer) FulcioCertificateAuthorities() []root.CertificateAuthority {
	issuers := m.chain[1:]
	return []root.CertificateAuthority{&root.FulcioCertificateAuthority{
		Root:                issuers[len(issuers)-1],
		Intermediates:       issuers[:len(issuers)-1],
		ValidityPeriodStart: time.Time{},
	}}
}

func isSelfSigned(c *x509.Certificate) bool { return c.CheckSignatureFrom(c) == nil }

// sameKey reports whether a certificate is for a key.
func sameKey(cert *x509.Certificate, key crypto.PublicKey) bool {
	k, ok := key.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(cert.PublicKey)
}
