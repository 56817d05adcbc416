package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/fnseal/fnseal/fnpkg"
)

// Access is what a repository is opened for.
type Access string

// The accesses, as token services name them.
const (
	ReadOnly  Access = "pull"
	ReadWrite Access = "push,pull"
)

// Repository is a repository in a registry, in which artifacts refer to images
// (distribution specification 1.1, "Listing Referrers").
type Repository struct {
	repo   name.Repository
	wire   *wire
	client *http.Client // with credentials
	blobs  *remoteStore
	pusher *remote.Pusher
}

// OpenRepository opens a repository such as "registry.example/team/app", with
// the credentials that docker or podman are logged in with. It must be closed.
func OpenRepository(ctx context.Context, repository string, access Access, o Options) (*Repository, error) {
	var options []name.Option
	if o.PlainHTTP {
		options = append(options, name.Insecure)
	}
	repo, err := name.NewRepository(repository, options...)
	if err != nil {
		return nil, err
	}
	r := &Repository{repo: repo, wire: newWire(o.PlainHTTP)}
	if err := r.connect(ctx, access); err != nil {
		r.wire.CloseIdleConnections()
		return nil, fmt.Errorf("asking %s: %w", repo.RegistryStr(), answer(err))
	}
	return r, nil
}

func (r *Repository) connect(ctx context.Context, access Access) error {
	auth, err := authn.Resolve(ctx, authn.DefaultKeychain, r.repo)
	if err != nil {
		return err
	}
	rt, err := transport.NewWithContext(ctx, r.repo.Registry, auth, transport.NewUserAgent(r.wire, "fnseal"), []string{r.repo.Scope(string(access))})
	if err != nil {
		return err
	}
	r.client = &http.Client{Transport: rt}
	options := []remote.Option{remote.WithAuth(auth), remote.WithTransport(r.wire), remote.WithUserAgent("fnseal")}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return err
	}
	r.blobs = &remoteStore{puller, r.repo}
	r.pusher, err = remote.NewPusher(options...)
	return err
}

// Close releases the connections.
func (r *Repository) Close() error {
	r.wire.CloseIdleConnections()
	return nil
}

// String returns the repository's name with its registry.
func (r *Repository) String() string { return r.repo.Name() }

// url returns the address of something in the repository.
func (r *Repository) url(kind, name string) string {
	u := url.URL{Scheme: r.repo.Scheme(), Host: r.repo.RegistryStr(), Path: "/v2/" + r.repo.RepositoryStr() + "/" + kind + "/" + name}
	return u.String()
}

// request is one question to the registry, asked again where it is worth it.
type request struct {
	method string
	url    string
	header http.Header
	body   []byte
	limit  int64 // bytes of the answer
	accept []int // status codes that are an answer; any other is an error
}

// reply is the registry's answer, read as a whole.
type reply struct {
	status int
	header http.Header
	body   []byte
	from   *url.URL // where it came from, behind redirects
}

// pauses are the waits before a question is asked again.
var pauses = [...]time.Duration{100 * time.Millisecond, 400 * time.Millisecond, 1600 * time.Millisecond}

// ask sends q. What may be the moment's fault is tried again: a connection
// that broke, a registry that is busy.
func (r *Repository) ask(ctx context.Context, q request) (*reply, error) {
	for try := 0; ; try++ {
		got, err := r.once(ctx, q)
		if err == nil || try == len(pauses) || !passing(err) {
			return got, answer(err)
		}
		if err := sleep(ctx, pauses[try]); err != nil {
			return nil, err
		}
	}
}

func (r *Repository) once(ctx context.Context, q request) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	for key, values := range q.header {
		req.Header[key] = values
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, q.accept...); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, q.limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > q.limit {
		return nil, &fnpkg.LimitError{What: "bytes of the registry's answer", Limit: q.limit, Got: int64(len(body))}
	}
	return &reply{status: resp.StatusCode, header: resp.Header, body: body, from: resp.Request.URL}, nil
}

// passing reports whether an error may be gone when asked again.
func passing(err error) bool {
	var te *transport.Error
	if errors.As(err, &te) {
		switch te.StatusCode {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.EPIPE, syscall.ECONNRESET, net.ErrClosed} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return false
}

// sleep waits, or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
