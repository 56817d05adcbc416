package sign_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/internal/testkit/oidc"
	"github.com/fnseal/fnseal/internal/testkit/sigstore"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/sign/identity"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// keyless is how an instance is signed with by its default identity.
func keyless(t *testing.T, s *sigstore.Instance) sign.Config {
	t.Helper()
	rootFile, configFile := s.WriteFiles(t, t.TempDir())
	root, err := trust.LoadRoot(rootFile)
	if err != nil {
		t.Fatal(err)
	}
	config, err := trust.LoadSigningConfig(configFile)
	if err != nil {
		t.Fatal(err)
	}
	services, err := config.Services(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return sign.Config{
		Token:    func(context.Context) (identity.Token, error) { return identity.Parse(s.Issuer.Token(t, nil)) },
		Services: services,
		Root:     root,
		Patience: sign.Patience{Attempts: 2, Wait: time.Millisecond},
	}
}

func open(t *testing.T, c sign.Config) *sign.Signer {
	t.Helper()
	s, err := sign.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeyless(t *testing.T) {
	s := sigstore.Start(t)
	config := keyless(t, s)
	signer := open(t, config)
	name, err := signer.Name(t.Context())
	if err != nil || name != oidc.Email {
		t.Errorf("signs as %q, %v", name, err)
	}
	message, err := signer.SignDigest(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := signer.SignStatement(t.Context(), statement(t))
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Certificates.Load(); n != 1 {
		t.Errorf("%d certificates for two signatures, want 1", n)
	}
	if n := s.Timestamps.Load(); n != 2 {
		t.Errorf("%d timestamps for two signatures, want 2", n)
	}
	for i, bundle := range [][]byte{message, envelope} {
		checkLine(t, bundle)
		for who, want := range map[string]bool{oidc.Email: true, "somebody@example.com": false} {
			f, err := verify.Verify(t.Context(), verify.Input{
				Name: "fn.zip", Digest: digest, Roots: []*trust.Root{config.Root},
				Identities: []verify.Identity{{Subject: verify.Exactly(who), Issuer: verify.Exactly(s.Issuer.URL)}},
				Bundles:    []attest.Item{{Source: "b", JSON: bundle}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Bundles[0].Proves(); got != want {
				t.Errorf("bundle %d accepted from %s: %t, want %t: %+v", i, who, got, want, f.Bundles[0])
			}
		}
	}
	if !signer.Signed(t.Context(), message, digest) {
		t.Error("its own signature is not taken for one")
	}
	if signer.Signed(t.Context(), envelope, digest) {
		t.Error("an attestation is taken for a signature")
	}
	if signer.Signed(t.Context(), message, other) {
		t.Error("a signature of something else is taken for one")
	}
	// The same person in another run is the same; another person is not.
	if !open(t, config).Signed(t.Context(), message, digest) {
		t.Error("the signature of an earlier run is not taken for one")
	}
	s.Issuer.Claims = map[string]any{"email": "somebody@example.com", "email_verified": true}
	if open(t, config).Signed(t.Context(), message, digest) {
		t.Error("somebody else's signature is taken for one")
	}
}

func TestKeylessClocks(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ca, tsa  time.Duration
		verifies bool
	}{
		{"all agree", 0, 0, true},
		{"this machine is an hour behind", time.Hour, time.Hour, true},
		{"this machine is an hour ahead", -time.Hour, -time.Hour, true},
		{"the timestamp is from before the certificate", time.Hour, 0, false},
		{"the timestamp is from after the certificate", -time.Hour, 0, false},
		{"the timestamp is from the future", 0, time.Hour, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := sigstore.Start(t)
			s.CASkew, s.TSASkew = tt.ca, tt.tsa
			signer := open(t, keyless(t, s))
			data, err := signer.SignDigest(t.Context(), digest)
			if tt.verifies && err != nil {
				t.Errorf("not signed: %v", err)
			}
			if !tt.verifies && (!errors.Is(err, sign.ErrUnverified) || data != nil) {
				t.Errorf("signed %.40q, %v: want ErrUnverified", data, err)
			}
			// A certificate is used for its life as told, not by the clock here.
			if _, err := signer.Name(t.Context()); err != nil || s.Certificates.Load() != 1 {
				t.Errorf("%d certificates, %v", s.Certificates.Load(), err)
			}
		})
	}
}

func TestKeylessRenewsCertificates(t *testing.T) {
	s := sigstore.Start(t)
	s.Lifetime = 4 * time.Second // X.509 counts in seconds
	signer := open(t, keyless(t, s))
	for range 3 {
		if _, err := signer.SignDigest(t.Context(), digest); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond)
	}
	if n := s.Certificates.Load(); n != 2 {
		t.Errorf("%d certificates, want 2", n)
	}
}

// TestKeylessFailsOnce: hundreds of files do not each find out that there is
// no certificate.
func TestKeylessFailsOnce(t *testing.T) {
	s := sigstore.Start(t)
	config := keyless(t, s)
	asked := 0
	config.Token = func(context.Context) (identity.Token, error) {
		asked++
		return identity.Parse(s.Issuer.Token(t, map[string]any{"aud": "somebody else"}))
	}
	signer := open(t, config)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := signer.SignDigest(t.Context(), digest); !errors.Is(err, identity.ErrToken) {
				t.Errorf("signed: %v", err)
			}
		})
	}
	group.Wait()
	if asked != 1 || s.Certificates.Load() != 0 {
		t.Errorf("asked for %d tokens and %d certificates", asked, s.Certificates.Load())
	}
}

// TestForeignRoot: a root that does not know the services is found out before
// a bundle is handed out.
func TestForeignRoot(t *testing.T) {
	config := keyless(t, sigstore.Start(t))
	config.Root = keyless(t, sigstore.Start(t)).Root
	if data, err := open(t, config).SignDigest(t.Context(), digest); !errors.Is(err, sign.ErrUnverified) || data != nil {
		t.Errorf("signed %.40q: %v", data, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	whole := keyless(t, sigstore.Start(t))
	for name, tt := range map[string]struct {
		change func(*sign.Config)
		says   string
	}{
		"nobody":              {func(c *sign.Config) { c.Token = nil }, "neither a key nor an identity"},
		"no authority":        {func(c *sign.Config) { c.Services.CA = trust.Service{} }, "no certificate authority"},
		"no time":             {func(c *sign.Config) { c.Services.Timestamps = nil }, "neither a log nor a timestamp authority"},
		"no root":             {func(c *sign.Config) { c.Root = nil }, "no trusted root"},
		"no root for the key": {func(c *sign.Config) { c.Key, c.Root = key, nil }, "no trusted root"},
	} {
		c := whole
		tt.change(&c)
		if _, err := sign.Open(c); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

// lost is a network on which nobody answers.
type lost struct{ asked int }

func (l *lost) RoundTrip(*http.Request) (*http.Response, error) {
	l.asked++
	return nil, errors.New("no route")
}

func TestServiceError(t *testing.T) {
	config := keyless(t, sigstore.Start(t))
	network := &lost{}
	config.Transport = network
	_, err := open(t, config).SignDigest(t.Context(), digest)
	var failed *sign.ServiceError
	if !errors.As(err, &failed) || failed.Attempts != 2 || failed.Status != 0 || network.asked != 2 {
		t.Errorf("%v (%+v) after %d requests", err, failed, network.asked)
	}
}
