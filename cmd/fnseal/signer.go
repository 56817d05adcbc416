package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/sign/identity"
	"github.com/fnseal/fnseal/trust"
)

// signingFlags say who signs, and who vouches for it. They are the same for
// every command that signs.
func signingFlags() []cli.Flag {
	patience := sign.DefaultPatience()
	return []cli.Flag{
		&cli.StringFlag{Name: "key", Usage: "sign with the private key in `KEY`, a file or a key of a key management service (awskms://, gcpkms://, azurekms://, hashivault://); a file's passphrase comes from " + passwordVariable + " or is asked for. Without it an identity signs (keyless)"},
		&cli.StringFlag{Name: "kms-plugin", Usage: "reach the key management service with this `PROGRAM` (default: sigstore-kms-SCHEME beside fnseal)"},
		&cli.StringFlag{Name: "certificate-chain", Usage: "with --key: put the key's certificate into the bundle, the first in `FILE` (PEM); those of its issuers follow"},
		&cli.StringFlag{Name: "identity-token", Usage: "sign for the identity in the OIDC token in `FILE`, or - for standard input (default: the token that the CI system gives the job, or signing in at a terminal)"},
		&cli.StringFlag{Name: "oidc-flow", Usage: "sign in with a `FLOW`: browser, or device for one on another machine (default: browser where there is one)"},
		&cli.StringFlag{Name: "oidc-client-id", Usage: "identity tokens must be made out to `NAME`", Value: identity.DefaultAudience},
		&cli.StringFlag{Name: "signing-config", Usage: "use the services that `FILE` names (default, without --key: the public-good Sigstore instance)"},
		&cli.StringFlag{Name: "trusted-root", Usage: "hold new bundles against the trusted root in `FILE` (default: the public-good instance's)"},
		&cli.StringFlag{Name: "timestamp-url", Usage: "have signatures timestamped by the RFC 3161 authority at `URL`"},
		&cli.BoolFlag{Name: "log", Usage: "with --key: write an entry to the transparency log of --signing-config, or of the public-good instance"},
		&cli.DurationFlag{Name: "service-timeout", Usage: "give a signing service `DURATION` for a request, waits and further attempts included", Value: patience.Total},
		&cli.BoolFlag{Name: "yes", Usage: "agree to what becomes public in a log"},
	}
}

// signer makes what a command signs its files with. Whoever is at the terminal
// is asked for what is missing: a passphrase, an identity, and whether the
// signatures may become public.
func signer(c *cli.Context, e *env) (*sign.Signer, error) {
	config := sign.Config{
		Audience: c.String("oidc-client-id"),
		Patience: sign.Patience{Total: c.Duration("service-timeout")},
		Waiting: func(why error, wait time.Duration) {
			e.note("%v; asking again in %v", why, wait.Round(time.Second/10))
		},
	}
	if err := checkSignerFlags(c); err != nil {
		return nil, err
	}
	if c.String("key") == "" && !hasIdentity(c, e) {
		return nil, noIdentity()
	}
	services, err := signingServices(c, e)
	if err != nil {
		return nil, err
	}
	config.Services = services
	if c.String("key") == "" || len(services.Logs)+len(services.Timestamps) > 0 {
		if config.Root, err = signingRoot(c, e); err != nil {
			return nil, err
		}
	}
	if key := c.String("key"); key != "" {
		if err := agree(c, e, services, key); err != nil {
			return nil, err
		}
		if config.Key, err = privateKey(c, e, key); err != nil {
			return nil, err
		}
		if config.Chain, err = certificateChain(c); err != nil {
			return nil, err
		}
		return sign.Open(config)
	}
	if config.Token, err = identityToken(c, e, services); err != nil {
		return nil, err
	}
	return sign.Open(config)
}

// checkSignerFlags refuses flags that contradict one another.
func checkSignerFlags(c *cli.Context) error {
	keyless := c.String("key") == ""
	for _, name := range []string{"certificate-chain", "kms-plugin", "log"} {
		if keyless && c.IsSet(name) {
			return usagef("--%s is for signing with a --key", name)
		}
	}
	for _, name := range []string{"identity-token", "oidc-flow"} {
		if !keyless && c.IsSet(name) {
			return usagef("--%s and --key contradict each other: an identity signs, or a key does", name)
		}
	}
	switch c.String("oidc-flow") {
	case "", "browser", "device":
	default:
		return usagef("--oidc-flow %q: it is browser or device", c.String("oidc-flow"))
	}
	if c.Duration("service-timeout") <= 0 {
		return usagef("--service-timeout must be positive")
	}
	needs := c.IsSet("timestamp-url") || c.Bool("log") || c.IsSet("signing-config") || sign.IsKMS(c.String("key"))
	if c.Bool("offline") && (keyless || needs) {
		return hint(usagef("--offline: this way of signing asks services"), "sign with --key FILE alone")
	}
	return nil
}

// signingServices chooses the services that the flags ask for. A key needs
// none.
func signingServices(c *cli.Context, e *env) (trust.Services, error) {
	var services trust.Services
	file, keyless := c.String("signing-config"), c.String("key") == ""
	if file != "" || keyless || c.Bool("log") {
		config, err := signingConfig(c, e)
		if err != nil {
			return services, err
		}
		if services, err = config.Services(e.now()); err != nil {
			return services, err
		}
		if file != "" && c.String("trusted-root") == "" {
			return services, hint(usagef("--signing-config without --trusted-root: what its services sign could not be checked"), "name the trusted root of the same instance")
		}
		if c.Bool("log") && len(services.Logs) == 0 {
			return services, usagef("--log: %s names no transparency log", config)
		}
	}
	if address := c.String("timestamp-url"); address != "" {
		s, err := trust.NewTimestampService(address)
		if err != nil {
			return services, usagef("--timestamp-url: %v", err)
		}
		services.Timestamps = []trust.Service{s}
	}
	return services, nil
}

// signingConfig reads the configuration named, or returns the public-good
// instance's: as its TUF repository publishes it, or as this program knows it.
func signingConfig(c *cli.Context, e *env) (*trust.SigningConfig, error) {
	if file := c.String("signing-config"); file != "" {
		return trust.LoadSigningConfig(file)
	}
	config, err := trust.Repository{CacheDir: repositoryCache(e)}.FetchSigning(c.Context)
	if errors.Is(err, trust.ErrUnreachable) {
		e.detail("%v; going by the configuration that is part of this program", err)
		return trust.PublicGoodSigning()
	}
	return config, err
}

// signingRoot reads the trusted root named, or returns the public-good
// instance's.
func signingRoot(c *cli.Context, e *env) (*trust.Root, error) {
	if file := c.String("trusted-root"); file != "" {
		return trust.LoadRoot(file)
	}
	return refreshedRoot(c, e)
}

// privateKey loads the key that --key names.
func privateKey(c *cli.Context, e *env, ref string) (*trust.PrivateKey, error) {
	if sign.IsKMS(ref) {
		key, err := sign.KMS{Plugin: c.String("kms-plugin")}.Load(c.Context, ref)
		if errors.Is(err, sign.ErrNoPlugin) {
			return nil, hint(err, "install it there, or name it with --kms-plugin")
		}
		return key, err
	}
	return trust.LoadPrivateKey(ref, func() ([]byte, error) {
		return passphrase(c.Context, e, ref, false)
	})
}

// certificateChain reads what --certificate-chain names.
func certificateChain(c *cli.Context) (chain []*x509.Certificate, err error) {
	path := c.String("certificate-chain")
	if path == "" {
		return nil, nil
	}
	data, err := readCapped(path, 1<<20)
	if err != nil {
		return nil, fmt.Errorf("--certificate-chain: %w", err)
	}
	if chain, err = sign.ParseChain(data); err != nil {
		return nil, fmt.Errorf("--certificate-chain %s: %w", path, err)
	}
	return chain, nil
}

func readCapped(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return data, err
}
