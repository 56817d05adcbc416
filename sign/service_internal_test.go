package sign

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"", 0, false}, {"soon", 0, false}, {"0", 0, true}, {"7", 7 * time.Second, true}, {"-7", 0, true},
		{"Fri, 02 Jan 2026 03:05:05 GMT", time.Minute, true}, {"Fri, 02 Jan 2026 03:03:05 GMT", 0, true},
	} {
		if got, ok := retryAfter(tt.value, now); got != tt.want || ok != tt.ok {
			t.Errorf("%q: %v, %t", tt.value, got, ok)
		}
	}
}

func TestDetailHidesTheToken(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwcyJ9.c2lnbmF0dXJlc2lnbmF0dXJl"
	body := "refused: Bearer " + token + "\r\n and " + strings.Split(token, ".")[2] + " \x00 \xff " + strings.Repeat("x", 1000)
	got := detail([]byte(body), "Bearer "+token)
	for _, part := range strings.Split(token, ".") {
		if strings.Contains(got, part) {
			t.Errorf("%q is shown: %s", part, got)
		}
	}
	if !strings.HasPrefix(got, "refused: Bearer …") || len(got) > maxDetail+len("…") || strings.ContainsAny(got, "\r\n") {
		t.Errorf("detail %q", got)
	}
}

// ask sends one request and returns the status or the failure.
func ask(ctx context.Context, t *testing.T, s *service, address string) (int, *ServiceError) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/path?secret=x", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.RoundTrip(req)
	if err != nil {
		var failed *ServiceError
		if !errors.As(err, &failed) && ctx.Err() == nil {
			t.Fatalf("%T: %v", err, err)
		}
		return 0, failed
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}

func TestServiceRetries(t *testing.T) {
	for _, tt := range []struct {
		name     string
		statuses []int // then 200
		asked    int64
		status   int // of the failure
	}{
		{"good", nil, 1, 0},
		{"rate limited", []int{429, 429}, 3, 0},
		{"failing for a while", []int{500, 502, 503}, 4, 0},
		{"failing", []int{500, 500, 500, 500}, 4, 500},
		{"refusing", []int{400}, 1, 400},
		{"unauthorised", []int{401}, 1, 401},
		{"not there", []int{404}, 1, 404},
		{"not implemented", []int{501}, 1, 501},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := asked.Add(1)
				if n <= int64(len(tt.statuses)) {
					w.WriteHeader(tt.statuses[n-1])
				}
			}))
			defer server.Close()
			waits := 0
			s := newService("the service", http.DefaultTransport, Patience{Attempts: 4, Wait: time.Millisecond}.withDefaults(), func(error, time.Duration) { waits++ })
			_, failed := ask(t.Context(), t, s, server.URL)
			if (failed != nil) != (tt.status != 0) || failed != nil && failed.Status != tt.status {
				t.Errorf("failed with %v, want status %d", failed, tt.status)
			}
			if failed != nil && strings.Contains(failed.Error(), "secret") {
				t.Errorf("the query is shown: %v", failed)
			}
			if asked.Load() != tt.asked || waits != int(tt.asked)-1 {
				t.Errorf("asked %d times with %d waits, want %d", asked.Load(), waits, tt.asked)
			}
		})
	}
}

// TestRateLimitHoldsAll: when one request is told to wait, no other is sent
// before that time.
func TestRateLimitHoldsAll(t *testing.T) {
	var mu sync.Mutex
	var until time.Time
	early, most, now := 0, 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if until.IsZero() {
			until = time.Now().Add(time.Second)
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if time.Now().Before(until) {
			early++
		}
	}))
	defer server.Close()
	counting := roundTripper(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		defer func() { mu.Lock(); now--; mu.Unlock() }()
		return http.DefaultTransport.RoundTrip(r)
	})
	s := newService("the service", counting, Patience{Parallel: 3, Wait: time.Millisecond}.withDefaults(), nil)
	if _, failed := ask(t.Context(), t, s, server.URL); failed != nil { // the first is told to wait, and does
		t.Fatal(failed)
	}
	until = time.Time{}
	first := make(chan struct{})
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if i > 0 {
				<-first
				time.Sleep(50 * time.Millisecond) // the first is at the service
			} else {
				close(first)
			}
			if _, failed := ask(t.Context(), t, s, server.URL); failed != nil {
				t.Error(failed)
			}
		})
	}
	group.Wait()
	if early > 0 {
		t.Errorf("%d requests before the time the service named", early)
	}
	if most > 3 {
		t.Errorf("%d requests at a time, want at most 3", most)
	}
}

// TestLostServiceIsNotWaitedFor: after a few requests were given up, the
// others fail at once; an answer brings the patience back.
func TestLostServiceIsNotWaitedFor(t *testing.T) {
	var asked atomic.Int64
	var good atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1); !good.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	s := newService("the service", http.DefaultTransport, Patience{Attempts: 4, Wait: time.Millisecond}.withDefaults(), nil)
	for range lostAfter {
		ask(t.Context(), t, s, server.URL)
	}
	before := asked.Load()
	if before != 4*lostAfter {
		t.Errorf("%d requests for %d attempts", before, 4*lostAfter)
	}
	if _, failed := ask(t.Context(), t, s, server.URL); failed == nil || asked.Load() != before+1 {
		t.Errorf("%v after %d requests, want a failure after one", failed, asked.Load()-before)
	}
	good.Store(true)
	if _, failed := ask(t.Context(), t, s, server.URL); failed != nil {
		t.Errorf("the service is back: %v", failed)
	}
	good.Store(false)
	before = asked.Load()
	if ask(t.Context(), t, s, server.URL); asked.Load() != before+4 {
		t.Errorf("%d requests after it was back, want 4", asked.Load()-before)
	}
}

func TestServiceTimeouts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client leave
		<-r.Context().Done()
	}))
	defer server.Close()
	s := newService("the service", http.DefaultTransport, Patience{Attempts: 2, Wait: time.Millisecond, Answer: 50 * time.Millisecond}.withDefaults(), nil)
	_, failed := ask(t.Context(), t, s, server.URL)
	if failed == nil || failed.Attempts != 2 || !strings.Contains(failed.Error(), "nothing came within 50ms") {
		t.Errorf("failed with %v", failed)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, failed := ask(ctx, t, s, server.URL); failed != nil {
		t.Errorf("interrupted: %v is the service's failure", failed)
	}
}

func TestServiceDoesNotRetryCertificates(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	s := newService("the service", http.DefaultTransport, Patience{Attempts: 4, Wait: time.Millisecond}.withDefaults(), nil)
	_, failed := ask(t.Context(), t, s, server.URL)
	if failed == nil || failed.Attempts != 1 || asked.Load() != 0 {
		t.Errorf("failed with %v", failed)
	}
}
