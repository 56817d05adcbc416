package sign

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/fnseal/fnseal/sign/identity"
	"github.com/fnseal/fnseal/trust"
)

// signatory is who signs.
type signatory interface {
	// hold returns a key that may sign now, with its certificate if it has
	// one.
	hold(ctx context.Context) (held, error)
}

// held is a key and who it stands for.
type held struct {
	key  *trust.PrivateKey
	cert *x509.Certificate // nil for a bare key
}

// GetCertificate hands the certificate to sigstore-go. It implements
// sign.CertificateProvider.
func (h held) GetCertificate(context.Context, sign.Keypair, *sign.CertificateProviderOptions) ([]byte, error) {
	return h.cert.Raw, nil
}

// String names the signer for a person.
func (h held) String() string {
	if h.cert == nil {
		return h.key.Public().String()
	}
	return nameOf(h.cert)
}

// bareKey is known by itself.
type bareKey struct{ key *trust.PrivateKey }

func (b bareKey) hold(context.Context) (held, error) { return held{key: b.key}, nil }

// certified is a key of long standing with a certificate.
type certified struct{ held }

func (c certified) hold(context.Context) (held, error) { return c.held, nil }

// ErrCertificate says that a certificate cannot stand for the key.
var ErrCertificate = errors.New("the certificate cannot be used")

// newCertified checks that the chain leads from key's own certificate upwards.
// sigstore's verifiers demand the extended key usage for code signing.
func newCertified(key *trust.PrivateKey, chain []*x509.Certificate) (signatory, error) {
	leaf := chain[0]
	if !sameKey(leaf, key.Public().Key) {
		return nil, fmt.Errorf("%w: it is for another key (put the key's own certificate first)", ErrCertificate)
	}
	usable := false
	for _, u := range leaf.ExtKeyUsage {
		usable = usable || u == x509.ExtKeyUsageCodeSigning
	}
	if !usable {
		return nil, fmt.Errorf("%w: it is not for code signing (extended key usage)", ErrCertificate)
	}
	for i, c := range chain[:len(chain)-1] {
		if err := c.CheckSignatureFrom(chain[i+1]); err != nil {
			return nil, fmt.Errorf("%w: certificate %d is not issued by the one that follows: %w", ErrCertificate, i+1, err)
		}
	}
	return certified{held{key, leaf}}, nil
}

// ParseChain reads certificates in PEM, the key's own first.
func ParseChain(data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: a PEM block of type %.40q among certificates", ErrCertificate, block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: no PEM block found", ErrCertificate)
	}
	return chain, nil
}

// identified makes keys for the occasion and has them certified for an
// identity. One key serves until its certificate is about to end: so a
// certificate authority is asked once for many files.
type identified struct {
	ca       *service
	url      string
	token    func(context.Context) (identity.Token, error)
	audience string

	mu     sync.Mutex
	have   held
	until  time.Time
	failed error // for good: hundreds of files must not each find out again
}

func newIdentified(c Config) (signatory, error) {
	return &identified{
		ca:       newService("the certificate authority", c.Transport, c.Patience, c.Waiting),
		url:      c.Services.CA.URL,
		token:    c.Token,
		audience: c.Audience,
	}, nil
}

func (s *identified) hold(ctx context.Context) (held, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) || s.failed != nil {
		return s.have, s.failed
	}
	h, lasts, err := s.renew(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.failed = err
		}
		return held{}, err
	}
	s.have, s.until = h, lasts
	return h, nil
}

// renew returns a new key with its certificate, and until when to use it.
func (s *identified) renew(ctx context.Context) (held, time.Time, error) {
	token, err := s.token(ctx)
	if err != nil {
		return held{}, time.Time{}, err
	}
	if err := token.CheckAudience(s.audience); err != nil {
		return held{}, time.Time{}, err
	}
	key, err := trust.GenerateKey()
	if err != nil {
		return held{}, time.Time{}, err
	}
	asked := time.Now()
	cert, err := s.certify(ctx, key, token)
	if err != nil {
		return held{}, time.Time{}, err
	}
	// How long it lasts is measured here from when it was asked for, so that
	// a clock that is wrong does no harm.
	return held{key, cert}, asked.Add(cert.NotAfter.Sub(cert.NotBefore) / 2), nil
}

// TokenError says that an identity token was not accepted.
type TokenError struct {
	Complaint string // what is wrong with the token, as far as can be seen here; may be empty
	Err       error
}

func (e *TokenError) Error() string {
	if e.Complaint == "" {
		return e.Err.Error()
	}
	return e.Complaint + ": " + e.Err.Error()
}

func (e *TokenError) Unwrap() error { return e.Err }

func (s *identified) certify(ctx context.Context, key *trust.PrivateKey, token identity.Token) (*x509.Certificate, error) {
	fulcio := sign.NewFulcio(&sign.FulcioOptions{BaseURL: s.url, Transport: s.ca.bound(ctx), Timeout: -1})
	der, err := fulcio.GetCertificate(ctx, keypair{key}, &sign.CertificateProviderOptions{IDToken: token.Secret()})
	if err != nil {
		err = plain(err)
		var failed *ServiceError
		if errors.As(err, &failed) && (failed.Status < 400 || failed.Status >= 500) {
			return nil, fmt.Errorf("asking for a certificate: %w", err)
		}
		return nil, &TokenError{Complaint: token.Complaint(time.Now()), Err: err}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %s: %w", s.url, err)
	}
	if !sameKey(cert, key.Public().Key) {
		return nil, fmt.Errorf("the certificate of %s is for another key", s.url)
	}
	return cert, nil
}

// plain takes a service's failure out of what HTTP clients wrap around it.
func plain(err error) error {
	var failed *ServiceError
	if errors.As(err, &failed) {
		return failed
	}
	return err
}

// sameIdentity reports whether two certificates were issued to the same
// identity by the word of the same identity provider.
func sameIdentity(a, b *x509.Certificate) bool {
	one, errOne := certificate.SummarizeCertificate(a)
	two, errTwo := certificate.SummarizeCertificate(b)
	return errOne == nil && errTwo == nil && one.SubjectAlternativeName != "" &&
		one.SubjectAlternativeName == two.SubjectAlternativeName && one.Issuer == two.Issuer
}

// nameOf is the identity in a certificate: its first alternative name.
func nameOf(c *x509.Certificate) string {
	switch {
	case len(c.EmailAddresses) > 0:
		return c.EmailAddresses[0]
	case len(c.URIs) > 0:
		return c.URIs[0].String()
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	}
	return "the certificate of " + c.Subject.String()
}
