package vulndb

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// httpFeed is a feed that a web server or a bucket serves as plain files.
type httpFeed struct {
	base   *url.URL // without user information
	user   *url.Userinfo
	client *http.Client
	limits Limits
	temp   func() (*os.File, error)
}

const (
	maxRedirects  = 5
	maxRetryAfter = 60 * time.Second
	userAgent     = "fnseal (+https://github.com/fnseal/fnseal)"
)

// newHTTPFeed parses the base URL. User information in it becomes basic
// authentication; it is taken out at once, so that no message and no index
// can hold it.
func newHTTPFeed(base string, client *http.Client, limits Limits, temp func() (*os.File, error)) (*httpFeed, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, errors.New("a feed's URL cannot be parsed") // it may hold a password: not quoted
	}
	f := &httpFeed{base: u, user: u.User, limits: limits, temp: temp}
	u.User, u.Fragment = nil, ""
	f.client = withRedirectRules(client)
	return f, nil
}

// withRedirectRules returns a client that follows few redirects and none that
// leaves TLS.
func withRedirectRules(client *http.Client) *http.Client {
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.ResponseHeaderTimeout = 60 * time.Second
		client = &http.Client{Transport: transport}
	}
	c := *client
	if c.CheckRedirect == nil {
		c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return errors.New("a redirect from https to " + req.URL.Scheme)
			}
			return nil
		}
	}
	return &c
}

func (f *httpFeed) location() string { return displayURL(f.base) }

// displayURL is a URL as it may be shown and stored: a query can be a
// signature that grants access.
func displayURL(u *url.URL) string {
	shown := *u
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	return shown.String()
}

// file returns the URL of a file of the feed.
func (f *httpFeed) file(elements ...string) *url.URL {
	u := *f.base
	path, raw := strings.TrimRight(u.Path, "/"), strings.TrimRight(u.EscapedPath(), "/")
	for _, e := range elements {
		path += "/" + e
		raw += "/" + url.PathEscape(e)
	}
	u.Path, u.RawPath = path, raw
	return &u
}

func (f *httpFeed) ecosystems(ctx context.Context) ([]string, error) {
	var data []byte
	u := f.file(ecosystemsName)
	err := f.retry(ctx, func() error {
		return f.get(ctx, u, func(r *http.Response, body io.Reader) error {
			var err error
			data, err = io.ReadAll(io.LimitReader(body, maxEcosystemsFile+1))
			if err == nil && len(data) > maxEcosystemsFile {
				err = fmt.Errorf("%s has more than %d bytes", ecosystemsName, maxEcosystemsFile)
			}
			return err
		})
	})
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, &SourceError{Location: displayURL(u), Err: err}
	}
	if looksLikeHTML(data) {
		return nil, &SourceError{Location: displayURL(u), Err: errHTML}
	}
	names, err := parseEcosystems(data)
	if err != nil {
		return nil, &SourceError{Location: displayURL(u), Err: err}
	}
	return names, nil
}

func (f *httpFeed) open(ctx context.Context, ecosystem string, progress func(done, total int64)) (*openSource, error) {
	u := f.file(ecosystem, archiveName)
	s := &openSource{location: displayURL(u), ecosystem: ecosystem, temporary: true}
	var err error
	if s.file, err = f.temp(); err != nil {
		return nil, err
	}
	err = f.retry(ctx, func() error {
		return f.get(ctx, u, func(r *http.Response, body io.Reader) error {
			return f.save(s, r, body, progress)
		})
	})
	if err == nil {
		s.info, err = s.file.Stat()
	}
	if err != nil {
		s.close()
		if errors.Is(err, errNotFound) {
			err = fmt.Errorf("%w: %w", ErrNoEcosystem, err)
		}
		return nil, s.fail(err)
	}
	return s, nil
}

var (
	errNotFound = errors.New("the server has no such file (404)")
	errHTML     = errors.New("the server answered with an HTML page")
	errStalled  = errors.New("the download stalled")
)

// save writes an answer to the source's file and compares it with what the
// server says of its length and its CRC-32C.
func (f *httpFeed) save(s *openSource, r *http.Response, body io.Reader, progress func(done, total int64)) error {
	if r.ContentLength > f.limits.ArchiveBytes {
		return permanent(fmt.Errorf("the server announces %d bytes, more than the limit of %d", r.ContentLength, f.limits.ArchiveBytes))
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		return permanent(errHTML)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return permanent(err)
	}
	if err := s.file.Truncate(0); err != nil {
		return permanent(err)
	}
	sum, crc := sha256.New(), crc32.New(castagnoli)
	out := &progressWriter{w: s.file, total: r.ContentLength, tell: progress}
	n, err := io.Copy(io.MultiWriter(out, sum, crc), io.LimitReader(body, f.limits.ArchiveBytes+1))
	var failed *writeError
	switch {
	case errors.As(err, &failed):
		return permanent(failed.err)
	case errors.Is(err, io.ErrUnexpectedEOF) || err == nil && r.ContentLength >= 0 && n < r.ContentLength:
		return fmt.Errorf("the answer ended after %d of %d bytes", n, r.ContentLength)
	case err != nil:
		return err
	case n > f.limits.ArchiveBytes:
		return permanent(fmt.Errorf("the answer has more bytes than the limit of %d", f.limits.ArchiveBytes))
	}
	if want, ok := announcedCRC(r.Header); ok && want != crc.Sum32() {
		return errors.New("the answer's CRC32C is not what the server announced in x-goog-hash")
	}
	s.sha256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// announcedCRC reads the crc32c part of x-goog-hash headers: base64 of four
// bytes, the highest first.
func announcedCRC(h http.Header) (uint32, bool) {
	for _, line := range h.Values("X-Goog-Hash") {
		for part := range strings.SplitSeq(line, ",") {
			encoded, ok := strings.CutPrefix(strings.TrimSpace(part), "crc32c=")
			if !ok {
				continue
			}
			if sum, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(sum) == 4 {
				return binary.BigEndian.Uint32(sum), true
			}
		}
	}
	return 0, false
}

// progressWriter tells how much was written, and marks the errors that come
// from the disk and not from the line.
type progressWriter struct {
	w           io.Writer
	done, total int64
	tell        func(done, total int64)
}

type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

func (p *progressWriter) Write(data []byte) (int, error) {
	n, err := p.w.Write(data)
	p.done += int64(n)
	if err != nil {
		return n, &writeError{err}
	}
	if p.tell != nil {
		p.tell(p.done, p.total)
	}
	return n, nil
}

// get asks once and hands a good answer to read. A body that stalls is given
// up.
func (f *httpFeed) get(ctx context.Context, u *url.URL, read func(*http.Response, io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return permanent(errors.New("the URL cannot be requested"))
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept-Encoding", "identity") // sizes and checksums are of the file as it is
	if f.user != nil {
		password, _ := f.user.Password()
		req.SetBasicAuth(f.user.Username(), password)
	}
	watch := newStallWatch(f.limits.Stall, func() { cancel(errStalled) })
	defer watch.stop()

	answer, err := f.client.Do(req)
	if err != nil {
		return f.cause(ctx, err)
	}
	defer answer.Body.Close()
	if err := statusError(answer); err != nil {
		return err
	}
	if err := read(answer, watch.reader(answer.Body)); err != nil {
		return f.cause(ctx, err)
	}
	return nil
}

// cause is what is told of a failed request: why the context ended, and no
// URL, which could hold a secret.
func (f *httpFeed) cause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, errStalled) {
			return fmt.Errorf("%w: less than %d bytes in %v", errStalled, stallBytes, f.limits.Stall)
		}
		return permanent(cause)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case errors.As(err, &certificate):
		return permanent(err)
	case errors.As(err, &name) && name.IsNotFound:
		return permanent(err)
	case strings.Contains(err.Error(), "redirect"):
		return permanent(err)
	}
	return err
}

// statusError turns an answer that is not the file into an error.
func statusError(r *http.Response) error {
	switch code := r.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusNotFound:
		return permanent(errNotFound)
	case code == http.StatusTooManyRequests || code >= 500 && code != http.StatusNotImplemented:
		return &busyError{status: r.Status, after: retryAfter(r.Header)}
	default:
		return permanent(fmt.Errorf("the server answered %q", shorten(r.Status)))
	}
}

// busyError is an answer that asks to come back later.
type busyError struct {
	status string
	after  time.Duration
}

func (e *busyError) Error() string { return fmt.Sprintf("the server answered %q", shorten(e.status)) }

// retryAfter reads the header of that name in its form of seconds.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// permanentError marks what another try cannot mend.
type permanentError struct{ err error }

func permanent(err error) error         { return &permanentError{err} }
func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// retry calls try until it succeeds, fails for good, or has failed as often as
// the limits allow, with a doubling wait in between.
func (f *httpFeed) retry(ctx context.Context, try func() error) error {
	wait := f.limits.Backoff
	for attempt := 1; ; attempt++ {
		err := try()
		var final *permanentError
		if err == nil || errors.As(err, &final) {
			return err
		}
		if attempt >= f.limits.Attempts {
			return fmt.Errorf("%w (after %d attempts)", err, attempt)
		}
		var busy *busyError
		if errors.As(err, &busy) {
			wait = max(wait, busy.after)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		wait *= 2
	}
}

// stallWatch ends a transfer that gains next to nothing.
type stallWatch struct {
	got  atomic.Int64
	done chan struct{}
}

func newStallWatch(window time.Duration, stalled func()) *stallWatch {
	w := &stallWatch{done: make(chan struct{})}
	go func() {
		tick := time.NewTicker(window)
		defer tick.Stop()
		last := int64(0)
		for {
			select {
			case <-w.done:
				return
			case <-tick.C:
				got := w.got.Load()
				if got-last < stallBytes {
					stalled()
					return
				}
				last = got
			}
		}
	}()
	return w
}

func (w *stallWatch) stop() { close(w.done) }

func (w *stallWatch) reader(r io.Reader) io.Reader { return &countingReader{r, &w.got} }

type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
