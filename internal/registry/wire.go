package registry

import (
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// errPlainHTTP is why a connection was not made.
var errPlainHTTP = errors.New("refusing to speak plain HTTP, to which anyone on the way could listen and answer")

// wire is the way to a registry. Whatever redirects or token services say, it
// goes by TLS unless told otherwise, and manifests are capped before they are
// read into memory.
type wire struct {
	*http.Transport
	plainHTTP bool
}

func newWire(plainHTTP bool) *wire {
	return &wire{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: time.Minute,
			IdleConnTimeout:       time.Minute,
		},
		plainHTTP: plainHTTP,
	}
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" && !w.plainHTTP && !isLoopback(req.URL.Hostname()) {
		return nil, errPlainHTTP
	}
	resp, err := w.Transport.RoundTrip(req)
	if err == nil && strings.Contains(req.URL.Path, "/manifests/") {
		resp.Body = &capped{ReadCloser: resp.Body}
	}
	return resp, err
}

// isLoopback reports whether what is sent to host stays on this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// capped ends a manifest that is too long.
type capped struct {
	io.ReadCloser
	n int64
}

func (c *capped) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	if c.n += int64(n); c.n > maxManifest {
		return 0, &fnpkg.LimitError{What: "bytes of the image's manifest", Limit: maxManifest, Got: c.n}
	}
	return n, err
}

func digestOf(data []byte) fnpkg.Digest { return sha256.Sum256(data) }
