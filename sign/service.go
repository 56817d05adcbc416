package sign

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ServiceError says that a signing service did not do what it was asked to.
type ServiceError struct {
	// Service is what the service is for a person: "Fulcio", "the transparency
	// log", "the timestamp authority".
	Service string

	// URL is where it was asked, without credentials and query.
	URL string

	// Status is the HTTP status of its last answer, 0 if there was none.
	Status int

	// Detail is what it said, clipped and without secrets.
	Detail string

	// Attempts is how often it was asked.
	Attempts int

	// Err says why there was no answer; nil with a Status.
	Err error
}

func (e *ServiceError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) ", e.Service, e.URL)
	switch {
	case e.Status != 0:
		fmt.Fprintf(&b, "answered %d %s", e.Status, http.StatusText(e.Status))
	case errors.Is(e.Err, errAnswer):
		fmt.Fprintf(&b, "%v", e.Err)
	default:
		fmt.Fprintf(&b, "did not answer: %v", e.Err)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, ", %d times", e.Attempts)
	}
	if e.Detail != "" {
		fmt.Fprintf(&b, ": %s", e.Detail)
	}
	return b.String()
}

func (e *ServiceError) Unwrap() error { return e.Err }

// errAnswer says that an answer makes no sense.
var errAnswer = errors.New("answered with what is none")

// Patience says how long and how hard services are asked. The zero value of a
// field stands for that of DefaultPatience.
type Patience struct {
	Parallel int           // requests in flight to one service
	Attempts int           // how often one request is sent
	Wait     time.Duration // before the second attempt; doubled from one to the next
	Answer   time.Duration // until one attempt must be answered
	Total    time.Duration // until a request is given up
}

// DefaultPatience rides out the hiccups of a public service: about a minute of
// server errors, and rate limits of a few minutes.
func DefaultPatience() Patience {
	return Patience{Parallel: 8, Attempts: 6, Wait: time.Second, Answer: 30 * time.Second, Total: 5 * time.Minute}
}

func (p Patience) withDefaults() Patience {
	d := DefaultPatience()
	if p.Parallel <= 0 {
		p.Parallel = d.Parallel
	}
	if p.Attempts <= 0 {
		p.Attempts = d.Attempts
	}
	if p.Wait <= 0 {
		p.Wait = d.Wait
	}
	if p.Answer <= 0 {
		p.Answer = d.Answer
	}
	if p.Total <= 0 {
		p.Total = d.Total
	}
	p.Answer = min(p.Answer, p.Total)
	return p
}

// Waiting is told that a service is asked again after a wait, and why.
type Waiting func(why error, wait time.Duration)

const (
	maxWait     = 30 * time.Second // between attempts, unless the service says more
	maxAnswer   = 128 << 20        // bytes; a log returns the statement it was given
	maxDetail   = 300              // bytes of an answer that are shown
	userAgent   = "fnseal (+https://github.com/fnseal/fnseal)"
	jitterShare = 4 // waits vary by up to a fourth, so that parallel runs part
)

// service sends requests to one signing service. It retries what may pass,
// keeps to the service's rate limits and turns every failure into a
// *ServiceError. It is an http.RoundTripper whose answers are read already.
type service struct {
	name     string
	base     http.RoundTripper
	patience Patience
	waiting  Waiting

	// check says what is wrong with an answer that has a good status; nil for
	// clients that say so themselves.
	check func(body []byte) error

	slots chan struct{} // one for each request in flight

	mu        sync.Mutex
	notBefore time.Time // the service asked all of us to wait until then
	lost      int       // requests given up since the last that was answered
}

func newService(name string, base http.RoundTripper, p Patience, w Waiting) *service {
	if w == nil {
		w = func(error, time.Duration) {}
	}
	return &service{name: name, base: base, patience: p, waiting: w, slots: make(chan struct{}, p.Parallel)}
}

// bound returns the service for clients that send their requests without a
// context.
func (s *service) bound(ctx context.Context) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) { return s.RoundTrip(r.WithContext(ctx)) })
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// RoundTrip sends a request until it is answered for good. Answers with an
// error status are *ServiceErrors, but for 409, whose headers a log's client
// needs to find the entry that is there already.
func (s *service) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	deadline := time.Now().Add(s.patience.Total)
	for attempt := 1; ; attempt++ {
		if err := s.hold(ctx); err != nil {
			return nil, err
		}
		resp, err := s.once(req, body)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && (resp.StatusCode < 400 || resp.StatusCode == http.StatusConflict) {
			s.count(true)
			return resp, nil
		}
		failure := s.failure(req, resp, err, attempt)
		wait, again := s.again(resp, err, attempt)
		if !again || s.isLost() || time.Now().Add(wait).After(deadline) {
			s.count(false)
			return nil, failure
		}
		brief := *failure
		brief.Detail = ""
		s.waiting(&brief, wait)
		if resp != nil && resp.StatusCode == http.StatusTooManyRequests {
			s.holdAll(wait)
			continue
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// lostAfter is how many requests in a row are given up before the service is
// taken for gone and the rest of many files is not waited for.
const lostAfter = 3

func (s *service) count(answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost++; answered {
		s.lost = 0
	}
}

func (s *service) isLost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost >= lostAfter
}

// readBody takes the body out of a request, to be sent as often as needed.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// once sends a request and reads the whole answer.
func (s *service) once(req *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), s.patience.Answer)
	defer cancel()
	r := req.Clone(ctx)
	r.Body, r.ContentLength, r.GetBody = nil, 0, nil
	if body != nil {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	r.Header.Set("User-Agent", userAgent)
	resp, err := s.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading its answer: %w", err)
	}
	if len(data) > maxAnswer {
		return nil, fmt.Errorf("its answer has more than %d bytes", maxAnswer)
	}
	if s.check != nil && resp.StatusCode < 300 {
		if err := s.check(data); err != nil {
			return nil, err
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}

// hold waits until the service takes requests again.
func (s *service) hold(ctx context.Context) error {
	for {
		s.mu.Lock()
		wait := time.Until(s.notBefore)
		s.mu.Unlock()
		if wait <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, wait+jitter(min(wait, time.Second))); err != nil {
			return err
		}
	}
}

// holdAll lets every request wait: a rate limit is for all of them.
func (s *service) holdAll(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := time.Now().Add(wait); until.After(s.notBefore) {
		s.notBefore = until
	}
}

// again says whether a failed attempt is worth another one, and after how
// long.
func (s *service) again(resp *http.Response, err error, attempt int) (time.Duration, bool) {
	if attempt >= s.patience.Attempts {
		return 0, false
	}
	wait := min(s.patience.Wait<<(attempt-1), maxWait)
	wait += jitter(wait)
	if err != nil {
		return wait, passing(err)
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if asked, ok := retryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
			wait = max(wait, asked)
		}
		return wait, true
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return wait, true
	}
	return 0, false
}

func jitter(d time.Duration) time.Duration {
	return rand.N(d/jitterShare + 1)
}

// retryAfter reads the header of that name (RFC 9110 §10.2.3): seconds or a
// date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}

// passing says whether an error of the connection may be gone next time.
// Certificates and names that are wrong stay wrong.
func passing(err error) bool {
	var (
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		hostname x509.HostnameError
		verify   *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		dns      *net.DNSError
	)
	switch {
	case errors.Is(err, errAnswer), errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &hostname), errors.As(err, &verify), errors.As(err, &record):
		return false
	case errors.As(err, &dns):
		return dns.IsTimeout || dns.IsTemporary
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *service) failure(req *http.Request, resp *http.Response, err error, attempt int) *ServiceError {
	e := &ServiceError{Service: s.name, URL: bareURL(req.URL), Attempts: attempt}
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("nothing came within %v", s.patience.Answer)
		}
		e.Err = err
		return e
	}
	e.Status = resp.StatusCode
	if data, err := io.ReadAll(resp.Body); err == nil {
		e.Detail = detail(data, req.Header.Get("Authorization"))
	}
	return e
}

// bareURL drops what may be secret.
func bareURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// detail is what an answer says, in one line. A server may repeat what it was
// sent, the identity token among it.
func detail(body []byte, authorization string) string {
	text := strings.Join(strings.Fields(string(body)), " ")
	if _, secret, ok := strings.Cut(authorization, " "); ok && secret != "" {
		for _, part := range append(strings.Split(secret, "."), secret) {
			if len(part) > 8 {
				text = strings.ReplaceAll(text, part, "…")
			}
		}
	}
	return clip(text)
}

func clip(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return text
}
