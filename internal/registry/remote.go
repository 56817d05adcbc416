package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// What a registry can answer. Errors of Pull and of reading layers wrap them
// where they apply.
var (
	ErrNotFound = errors.New("not found")
	ErrDenied   = errors.New("access denied")
)

// Pull finds the image that ref names in its registry, for example
// "registry.example/team/app:v1", "app@sha256:…" or "app", which is docker's
// library of that name. A tag is resolved once: the image is addressed by
// digest from there on. Credentials are those that docker or podman are logged
// in with. Layers are fetched when they are read; the image must be closed.
func Pull(ctx context.Context, ref string, o Options) (*Image, error) {
	var options []name.Option
	if o.PlainHTTP {
		options = append(options, name.Insecure)
	}
	named, err := name.ParseReference(ref, options...)
	if err != nil {
		return nil, err
	}
	wire := newWire(o.PlainHTTP)
	img, err := pull(ctx, named, wire, o)
	if err != nil {
		wire.CloseIdleConnections()
		return nil, fmt.Errorf("pulling from %s: %w", named.Context().RegistryStr(), answer(err))
	}
	img.close = func() error { wire.CloseIdleConnections(); return nil }
	return img, nil
}

func pull(ctx context.Context, ref name.Reference, wire http.RoundTripper, o Options) (*Image, error) {
	puller, err := remote.NewPuller(remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(wire), remote.WithUserAgent("fnseal"))
	if err != nil {
		return nil, err
	}
	got, err := puller.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	doc, err := parseDocument(got.Manifest, strings.TrimSpace(mediaType(string(got.MediaType))))
	if err != nil {
		return nil, err
	}
	// The bytes decide, not what the registry says their digest is.
	d := descriptor{MediaType: doc.MediaType, Size: int64(len(got.Manifest)), digest: digestOf(got.Manifest)}
	if ref, ok := ref.(name.Digest); ok && ref.DigestStr() != d.digest.String() {
		return nil, formatError("its manifest has the digest %s, and %s was asked for", d.digest, ref.DigestStr())
	}
	r := &resolver{store: &remoteStore{puller, ref.Context()}, wanted: o.Platform}
	img, err := r.resolve(ctx, d, doc)
	if err != nil {
		return nil, err
	}
	img.Repository, img.Remote = ref.Context().Name(), true
	return img, nil
}

// remoteStore is a repository in a registry.
type remoteStore struct {
	puller     *remote.Puller
	repository name.Repository
}

func (s *remoteStore) manifest(ctx context.Context, d descriptor) (io.ReadCloser, error) {
	got, err := s.puller.Get(ctx, s.repository.Digest(d.digest.String()))
	if err != nil {
		return nil, answer(err)
	}
	return io.NopCloser(bytes.NewReader(got.Manifest)), nil
}

func (s *remoteStore) blob(ctx context.Context, d descriptor) (io.ReadCloser, error) {
	layer, err := s.puller.Layer(ctx, s.repository.Digest(d.digest.String()))
	if err != nil {
		return nil, answer(err)
	}
	rc, err := layer.Compressed()
	if err != nil {
		return nil, answer(err)
	}
	return cancellable(ctx, rc), nil
}

// answer makes ErrNotFound and ErrDenied of a registry's answers.
func answer(err error) error {
	var te *transport.Error
	if !errors.As(err, &te) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrDenied) {
		return err
	}
	switch te.StatusCode {
	case http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}

// mediaType strips the parameters of a Content-Type.
func mediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	return t
}

// splitTag takes an image's name apart; the tag may be empty. A digest counts
// for nothing.
func splitTag(ref string) (repository, tag string) {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}

// canonical returns a tag in its full form, with the registry that is meant
// where none is named; empty if it is no tag.
func canonical(tag string) string {
	t, err := name.NewTag(tag)
	if err != nil {
		return ""
	}
	return t.Name()
}

// IsReference reports whether ref has the form of a reference to an image.
func IsReference(ref string) bool {
	_, err := name.ParseReference(ref)
	return err == nil
}

var _ store = (*remoteStore)(nil)
