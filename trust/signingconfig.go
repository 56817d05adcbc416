package trust

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	prototrustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
)

// ErrSigningConfig says that something is no signing configuration or not one
// to sign with.
var ErrSigningConfig = errors.New("not a usable signing configuration")

// SigningConfig says which services of a Sigstore instance make signatures
// (protobuf-specs, sigstore_trustroot.proto, SigningConfig v0.2).
type SigningConfig struct {
	// Name is what messages call it: the base name of its file, or
	// "public-good".
	Name string

	config *root.SigningConfig
}

// Service is a service that helps to sign.
type Service struct {
	URL     string
	Version int // of its API
}

// Services are those that one signature is made with.
type Services struct {
	CA         Service // issues certificates to identities; zero for none
	Issuer     Service // of identity tokens for people; zero for none
	Logs       []Service
	Timestamps []Service
}

// The signing configuration of the public-good Sigstore instance, for when its
// TUF repository cannot be asked.
//
//go:embed roots/public-good.signing.json
var publicGoodSigning []byte

// PublicGoodSigning returns the snapshot of the public-good instance's signing
// configuration that is part of the program.
func PublicGoodSigning() (*SigningConfig, error) {
	c, err := ParseSigningConfig(publicGoodSigning, PublicGoodName)
	if err != nil {
		return nil, fmt.Errorf("the program's own snapshot: %w", err)
	}
	return c, nil
}

// ParseSigningConfig reads a signing configuration in JSON. What is none is
// ErrSigningConfig.
func ParseSigningConfig(data []byte, name string) (*SigningConfig, error) {
	c, err := parseSigningConfig(data)
	if err != nil {
		return nil, fmt.Errorf("reading signing configuration %q: %w: %w", clip(name), ErrSigningConfig, err)
	}
	return &SigningConfig{Name: name, config: c}, nil
}

func parseSigningConfig(data []byte) (*root.SigningConfig, error) {
	message, err := root.NewSigningConfigProtobuf(data)
	if err != nil {
		return nil, err
	}
	// The library reads through both without a look.
	if message.RekorTlogConfig == nil {
		if len(message.RekorTlogUrls) > 0 {
			return nil, errors.New("it does not say how many of its logs to use (rekorTlogConfig)")
		}
		message.RekorTlogConfig = &prototrustroot.ServiceConfiguration{}
	}
	if message.TsaConfig == nil {
		if len(message.TsaUrls) > 0 {
			return nil, errors.New("it does not say how many of its timestamp authorities to use (tsaConfig)")
		}
		message.TsaConfig = &prototrustroot.ServiceConfiguration{}
	}
	return root.NewSigningConfigFromProtobuf(message)
}

// LoadSigningConfig reads a signing configuration from a file.
func LoadSigningConfig(path string) (*SigningConfig, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading signing configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRootFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading signing configuration: %w", err)
	}
	if len(data) > maxRootFile {
		return nil, fmt.Errorf("reading signing configuration %q: %w: it is longer than %d bytes", path, ErrSigningConfig, maxRootFile)
	}
	return ParseSigningConfig(data, filepath.Base(path))
}

// String returns the configuration as messages name it.
func (c *SigningConfig) String() string { return c.Name }

// Services chooses the services for a signature made at a time: of each kind
// the newest API that is known here, of logs and timestamp authorities as many
// as the configuration demands. A service that would be spoken to in the clear
// beyond this machine is an error.
func (c *SigningConfig) Services(at time.Time) (Services, error) {
	s, err := c.services(at)
	if err != nil {
		return Services{}, fmt.Errorf("signing configuration %s: %w: %w", c.Name, ErrSigningConfig, err)
	}
	return s, nil
}

func (c *SigningConfig) services(at time.Time) (s Services, err error) {
	one := func(list []root.Service) (Service, error) {
		if len(list) == 0 {
			return Service{}, nil
		}
		chosen, err := root.SelectService(list, []uint32{1}, at)
		if err != nil {
			return Service{}, err
		}
		return newService(chosen)
	}
	some := func(list []root.Service, config root.ServiceConfiguration, versions ...uint32) ([]Service, error) {
		if len(list) == 0 {
			return nil, nil
		}
		chosen, err := root.SelectServices(list, config, versions, at)
		if err != nil {
			return nil, err
		}
		var out []Service
		for _, c := range chosen {
			s, err := newService(c)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		return out, nil
	}
	if s.CA, err = one(c.config.FulcioCertificateAuthorityURLs()); err != nil {
		return s, fmt.Errorf("certificate authority: %w", err)
	}
	if s.Issuer, err = one(c.config.OIDCProviderURLs()); err != nil {
		return s, fmt.Errorf("identity provider: %w", err)
	}
	if s.Logs, err = some(c.config.RekorLogURLs(), c.config.RekorLogURLsConfig(), 1, 2); err != nil {
		return s, fmt.Errorf("transparency log: %w", err)
	}
	if s.Timestamps, err = some(c.config.TimestampAuthorityURLs(), c.config.TimestampAuthorityURLsConfig(), 1); err != nil {
		return s, fmt.Errorf("timestamp authority: %w", err)
	}
	return s, nil
}

func newService(s root.Service) (Service, error) {
	return NewService(s.URL, int(s.MajorAPIVersion))
}

// NewService returns the service at address. It must be an https URL, or an
// http URL of this machine: identity tokens are secrets.
func NewService(address string, version int) (Service, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return Service{}, fmt.Errorf("%q is no URL of a service", clip(address))
	case u.User != nil:
		return Service{}, fmt.Errorf("the URL of a service at %s has credentials in it", clip(u.Host))
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return Service{URL: strings.TrimSuffix(address, "/"), Version: version}, nil
	}
	return Service{}, fmt.Errorf("%q is neither https nor on this machine", clip(address))
}

// NewTimestampService is NewService for a timestamp authority, whose answers
// are signed and hold no secret: it may also be spoken to in the clear.
func NewTimestampService(address string) (Service, error) {
	if u, err := url.Parse(address); err == nil && u.Scheme == "http" && u.Host != "" && u.User == nil {
		return Service{URL: address, Version: 1}, nil
	}
	return NewService(address, 1)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// publicHosts are the instances everybody can read.
var publicHosts = []string{"sigstore.dev", "sigstage.dev"}

// Public reports whether the service belongs to an instance that publishes
// what it is given to the whole world.
func (s Service) Public() bool {
	u, err := url.Parse(s.URL)
	return err == nil && slices.ContainsFunc(publicHosts, func(h string) bool {
		host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
		return host == h || strings.HasSuffix(host, "."+h)
	})
}
