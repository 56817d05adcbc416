package vulndb

import (
	"context"
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
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// fetcher downloads files.
type fetcher struct {
	client *http.Client
	limits Limits
	where  location // downloads are kept beside the index
}

const (
	maxRedirects  = 5
	maxRetryAfter = 60 * time.Second
	userAgent     = "fnseal (+https://github.com/fnseal/fnseal)"
)

func newFetcher(client *http.Client, limits Limits, where location) *fetcher {
	return &fetcher{withRedirectRules(client), limits, where}
}

// address is a URL that is asked for and how it may be shown.
type address struct {
	url  *url.URL // without user information
	user *url.Userinfo
}

// parseAddress takes user information out of a URL, so that no message and no
// index can hold it; it becomes basic authentication.
func parseAddress(text string) (address, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return address{}, errors.New("a feed's URL cannot be parsed") // it may hold a password: not quoted
	}
	a := address{url: u, user: u.User}
	u.User, u.Fragment = nil, ""
	return a, nil
}

// isURL tells a URL from a file. A URL of a scheme that is not read is an
// error.
func isURL(source string) (bool, error) {
	scheme, _, found := strings.Cut(source, "://")
	switch {
	case !found:
		return false, nil
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
		return true, nil
	}
	return false, fmt.Errorf("a source has the scheme %q; folders, http and https are read", shorten(scheme))
}

// String is the URL as it may be shown and stored: a query can be a signature
// that grants access.
func (a address) String() string {
	shown := *a.url
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	return shown.String()
}

// file returns the address of a file below.
func (a address) file(elements ...string) address {
	u := *a.url
	path, raw := strings.TrimRight(u.Path, "/"), strings.TrimRight(u.EscapedPath(), "/")
	for _, e := range elements {
		path += "/" + e
		raw += "/" + url.PathEscape(e)
	}
	u.Path, u.RawPath = path, raw
	return address{&u, a.user}
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

var (
	errNotFound = errors.New("the server has no such file (404)")
	errHTML     = errors.New("the server answered with an HTML page")
	errStalled  = errors.New("the download stalled")
)

// errUnchanged says that a file still has the tag it had.
var errUnchanged = errors.New("the file has not changed")

// text fetches a small file into memory. It returns errUnchanged if tag is not
// empty and the file still has it.
func (f *fetcher) text(ctx context.Context, a address, most int64, tag string) (data []byte, newTag string, err error) {
	header := http.Header{}
	if tag != "" {
		header.Set("If-None-Match", tag)
	}
	err = f.retry(ctx, func() error {
		return f.get(ctx, a, header, func(r *http.Response, body io.Reader) error {
			if r.StatusCode == http.StatusNotModified {
				return permanent(errUnchanged)
			}
			if r.StatusCode != http.StatusOK {
				return permanent(fmt.Errorf("the server answered %q", shorten(r.Status)))
			}
			var err error
			if data, err = readCapped(r, body, most); err != nil {
				return err
			}
			newTag = r.Header.Get("Etag")
			return nil
		})
	})
	return data, newTag, err
}

// readCapped reads an answer that is to be kept in memory.
func readCapped(r *http.Response, body io.Reader, most int64) ([]byte, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		return nil, permanent(errHTML)
	}
	if r.ContentLength > most {
		return nil, permanent(fmt.Errorf("the server announces %d bytes, more than the limit of %d", r.ContentLength, most))
	}
	data, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, permanent(fmt.Errorf("the answer has more bytes than the limit of %d", most))
	}
	if err := checkBody(r, int64(len(data)), crc32.Checksum(data, castagnoli)); err != nil {
		return nil, err
	}
	if looksLikeHTML(data) {
		return nil, permanent(errHTML)
	}
	return data, nil
}

// checkBody compares what came with what the server says of its length and its
// CRC-32C.
func checkBody(r *http.Response, n int64, crc uint32) error {
	if r.ContentLength >= 0 && n < r.ContentLength {
		return fmt.Errorf("the answer ended after %d of %d bytes", n, r.ContentLength)
	}
	if want, ok := announcedCRC(r.Header); ok && want != crc {
		return errors.New("the answer's CRC32C is not what the server announced in x-goog-hash")
	}
	return nil
}

// file downloads a file beside the index. What a download that was cut short
// has brought is kept for the next try, be it of another process.
func (f *fetcher) file(ctx context.Context, a address, tag string, progress func(done, total int64)) (*openSource, error) {
	s := &openSource{location: a.String(), temporary: true}
	d, err := f.openPartial(a)
	if err != nil {
		return nil, err
	}
	s.file = d.file
	err = f.retry(ctx, func() error {
		return f.get(ctx, a, d.header(tag), func(r *http.Response, body io.Reader) error {
			return f.save(d, r, body, progress)
		})
	})
	if err == nil {
		s.sha256, s.tag = hex.EncodeToString(d.sum.Sum(nil)), d.tag
		s.info, err = s.file.Stat()
	}
	if err != nil {
		d.end(err)
		return nil, err
	}
	return s, nil
}

// save writes an answer to a file and compares it with what the server says of
// its length and its CRC-32C.
func (f *fetcher) save(d *partial, r *http.Response, body io.Reader, progress func(done, total int64)) error {
	if r.StatusCode == http.StatusNotModified {
		return permanent(errUnchanged)
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		return permanent(errHTML)
	}
	if r.ContentLength > f.limits.ArchiveBytes {
		return permanent(fmt.Errorf("the server announces %d bytes, more than the limit of %d", r.ContentLength, f.limits.ArchiveBytes))
	}
	if r.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return d.wasComplete(r)
	}
	if err := d.begin(r); err != nil {
		return err
	}
	total := int64(-1)
	if r.ContentLength >= 0 {
		total = d.size + r.ContentLength
	}
	out := &progressWriter{w: d, done: d.size, total: total, tell: progress}
	n, err := io.Copy(out, io.LimitReader(body, f.limits.ArchiveBytes-d.size+1))
	var failed *writeError
	switch {
	case errors.As(err, &failed):
		return permanent(failed.err)
	case errors.Is(err, io.ErrUnexpectedEOF) || err == nil && r.ContentLength >= 0 && n < r.ContentLength:
		return fmt.Errorf("the answer ended after %d of %d bytes", d.size, total)
	case err != nil:
		return err
	case d.size > f.limits.ArchiveBytes:
		return permanent(fmt.Errorf("the answer has more bytes than the limit of %d", f.limits.ArchiveBytes))
	}
	if want, ok := announcedCRC(r.Header); ok && want != d.crc.Sum32() {
		_ = d.reset()
		return errors.New("the answer's CRC32C is not what the server announced in x-goog-hash")
	}
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
func (f *fetcher) get(ctx context.Context, a address, header http.Header, read func(*http.Response, io.Reader) error) error {
	return f.ask(ctx, http.MethodGet, a, header, nil, read)
}

// ask is get with any method and a body.
func (f *fetcher) ask(ctx context.Context, method string, a address, header http.Header, body io.Reader, read func(*http.Response, io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, method, a.url.String(), body)
	if err != nil {
		return permanent(errors.New("the URL cannot be requested"))
	}
	req.Header = header
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept-Encoding", "identity") // sizes and checksums are of the file as it is
	if a.user != nil {
		password, _ := a.user.Password()
		req.SetBasicAuth(a.user.Username(), password)
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
func (f *fetcher) cause(ctx context.Context, err error) error {
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
	case code == http.StatusOK, code == http.StatusPartialContent, code == http.StatusNotModified, code == http.StatusRequestedRangeNotSatisfiable:
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
func (f *fetcher) retry(ctx context.Context, try func() error) error {
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
