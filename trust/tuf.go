package trust

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Repository is a TUF repository that publishes a Sigstore instance's trusted
// root and lets it be rotated.
type Repository struct {
	// URL is where the repository is; the public-good instance's if empty.
	URL string

	// Anchor is the root.json that everything the repository says is verified
	// from; the public-good instance's if nil.
	Anchor []byte

	// CacheDir is where what was fetched is kept; nowhere if empty or if it
	// cannot be written to. It is untrusted: its signatures are verified like
	// those that come over the network.
	CacheDir string

	// Transport makes the connections; http.DefaultTransport if nil.
	Transport http.RoundTripper
}

var (
	// ErrUnreachable says that a repository could not be reached and that
	// nothing it said before is still valid.
	ErrUnreachable = errors.New("the TUF repository cannot be reached")

	// ErrRepository says that what a repository publishes does not verify:
	// forged, rolled back, or past its time.
	ErrRepository = errors.New("what the TUF repository publishes does not verify")
)

const (
	// cacheDays is how long a root that was fetched is used without asking
	// again.
	cacheDays = 1

	// fetchPatience bounds a refresh as a whole.
	fetchPatience = 20 * time.Second

	rootTarget    = "trusted_root.json"
	signingTarget = "signing_config.v0.2.json"
)

// Fetch returns the trusted root the repository publishes now, or published
// less than a day ago, or, if it cannot be reached, published before and still
// vouches for. The root's Date says when that was.
func (r Repository) Fetch(ctx context.Context) (*Root, error) {
	root, err := r.fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("refreshing the trusted root from %s: %w", r.url(), err)
	}
	return root, nil
}

func (r Repository) url() string {
	if r.URL == "" {
		return tuf.DefaultMirror
	}
	return r.URL
}

// name is what messages call the root.
func (r Repository) name() string {
	if r.URL == "" {
		return PublicGoodName
	}
	return r.URL
}

func (r Repository) fetch(ctx context.Context) (*Root, error) {
	data, when, err := r.published(ctx, rootTarget)
	if err != nil {
		return nil, err
	}
	root, err := ParseRoot(data, r.name())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRepository, err)
	}
	root.Date = when
	return root, nil
}

// FetchSigning returns the signing configuration the repository publishes, as
// Fetch does the trusted root.
func (r Repository) FetchSigning(ctx context.Context) (*SigningConfig, error) {
	data, _, err := r.published(ctx, signingTarget)
	if err != nil {
		return nil, fmt.Errorf("refreshing the signing configuration from %s: %w", r.url(), err)
	}
	return ParseSigningConfig(data, r.name())
}

// published returns what the repository publishes under a name, and when it
// was last asked.
func (r Repository) published(ctx context.Context, name string) ([]byte, time.Time, error) {
	u, err := url.Parse(r.url())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, time.Time{}, fmt.Errorf("%w: the URL is not that of a repository", ErrRepository)
	}
	bounded, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	network := &fetcher{request: r.request(bounded)}
	data, when, err := r.target(name, network, false)
	if err != nil && ctx.Err() != nil {
		return nil, time.Time{}, ctx.Err()
	}
	if err != nil && network.unreachable != nil {
		unreachable := network.unreachable
		// What was published before may still be vouched for.
		if data, when, err = r.target(name, &fetcher{refuse: true}, true); err != nil {
			return nil, time.Time{}, fmt.Errorf("%w: %w", ErrUnreachable, unreachable)
		}
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: %w", ErrRepository, err)
	}
	return data, when, nil
}

// target returns a target's text and when the repository was last asked.
func (r Repository) target(name string, f *fetcher, cached bool) ([]byte, time.Time, error) {
	dir := r.cacheDir()
	o := &tuf.Options{
		Root: r.Anchor, RepositoryBaseURL: r.url(), Fetcher: f,
		CachePath: dir, CacheValidity: cacheDays, ForceCache: cached, DisableLocalCache: dir == "",
	}
	if o.Root == nil {
		o.Root = tuf.DefaultRoot()
	}
	client, err := tuf.New(o)
	if err != nil {
		return nil, time.Time{}, err
	}
	data, err := client.GetTarget(name)
	if err != nil {
		return nil, time.Time{}, err
	}
	if f.asked {
		return data, time.Now(), nil
	}
	state, err := tuf.LoadConfig(filepath.Join(dir, tuf.URLToPath(r.url())+".json"))
	if err != nil {
		return nil, time.Time{}, err
	}
	return data, state.LastTimestamp, nil
}

// cacheDir returns the folder for this repository, made if need be; empty if
// there can be none. Its name comes from a hash, not from the URL, which could
// lead elsewhere (CVE-2026-24137), and from the anchor: what one anchor vouched
// for is nothing to another.
func (r Repository) cacheDir() string {
	if r.CacheDir == "" {
		return ""
	}
	sum := sha256.Sum256(append([]byte(r.url()+"\n"), r.Anchor...))
	dir := filepath.Join(r.CacheDir, hex.EncodeToString(sum[:16]))
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return ""
	}
	probe.Close()
	os.Remove(probe.Name())
	return dir
}

func (r Repository) request(ctx context.Context) func(string) (*http.Response, error) {
	client := &http.Client{Transport: r.Transport}
	return func(u string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
		if err != nil {
			return nil, err
		}
		return client.Do(req)
	}
}

// fetcher downloads for go-tuf, and remembers whether the repository was
// reached: go-tuf does not tell its errors apart.
type fetcher struct {
	request     func(url string) (*http.Response, error)
	refuse      bool // opens no connection
	asked       bool
	unreachable error
}

var errNotAsked = errors.New("no connection is opened")

// DownloadFile returns what is at a URL, at most limit bytes of it.
func (f *fetcher) DownloadFile(u string, limit int64, _ time.Duration) ([]byte, error) {
	if f.refuse {
		return nil, errNotAsked
	}
	f.asked = true
	res, err := f.request(u)
	if err != nil {
		f.unreachable = err
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusOK:
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		f.unreachable = fmt.Errorf("%s answers %s", u, res.Status)
		return nil, f.unreachable
	default:
		return nil, &metadata.ErrDownloadHTTP{StatusCode: res.StatusCode, URL: u}
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		f.unreachable = err
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s is longer than %d bytes", u, limit)}
	}
	return data, nil
}
