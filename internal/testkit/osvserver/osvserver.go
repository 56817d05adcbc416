// Package osvserver serves a vulnerability feed over HTTP as the bucket of the
// OSV project does: plain files with their length, an entity tag and the
// CRC32C header of Google Cloud Storage. It can also misbehave, in the ways a
// broken or hostile mirror does.
package osvserver

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a running server.
type Server struct {
	URL string // base URL of the feed, without a trailing slash

	root fs.FS

	mu       sync.Mutex
	requests []string
	faults   map[string]Fault
}

// Handler serves the folder dir on a server of the caller's.
func Handler(dir string) *Server {
	return &Server{root: os.DirFS(dir), faults: make(map[string]Fault)}
}

// New serves the folder dir until the test ends.
func New(t testing.TB, dir string) *Server {
	t.Helper()
	s := Handler(dir)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Fault answers a request for a file in place of the server. content is the
// file; nil if there is none.
type Fault func(w http.ResponseWriter, r *http.Request, content []byte)

// Break makes requests for a file, such as "npm/all.zip", go through a fault.
// nil mends it.
func (s *Server) Break(file string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[file] = f
}

// Requests returns method, path and the status of the answer, of the requests
// so far.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	s.mu.Lock()
	fault := s.faults[name]
	s.mu.Unlock()
	noted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	w = noted
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, fmt.Sprint(r.Method, " ", r.URL.Path, " ", noted.status))
	}()

	content, err := fs.ReadFile(s.root, name)
	if fault != nil {
		fault(w, r, content)
		return
	}
	if err != nil {
		NotFound(w, r, nil)
		return
	}
	Serve(w, r, content)
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Serve answers with the content as it is.
func Serve(w http.ResponseWriter, r *http.Request, content []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("X-Goog-Hash", Hash(content))
	h.Set("ETag", tag(content))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// tag is the entity tag of a file.
func tag(content []byte) string { return fmt.Sprintf(`"%08x"`, crc32.ChecksumIEEE(content)) }

// Hash is the x-goog-hash header of a file.
func Hash(content []byte) string {
	sum := crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
	return "crc32c=" + base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

// NotFound answers as the bucket does for a file it has not.
func NotFound(w http.ResponseWriter, _ *http.Request, _ []byte) {
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, "<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code></Error>")
}

// HTML answers with a page, as a proxy's log-in does. contentType is what it
// is said to be.
func HTML(contentType string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", contentType)
		fmt.Fprint(w, "<!DOCTYPE html>\n<html><body>Please sign in.</body></html>\n")
	}
}

// Status answers with a status and no more; Retry-After is set if it is not
// empty.
func Status(code int, retryAfter string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(code)
	}
}

// First lets a fault answer the first n requests and the server all others.
func First(n int, f Fault) Fault {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		mu.Lock()
		n--
		now := n >= 0
		mu.Unlock()
		if now {
			f(w, r, content)
			return
		}
		Serve(w, r, content)
	}
}

// Truncated announces the whole file and hangs up after n bytes.
func Truncated(n int) Fault {
	return announce(func(content []byte) (int64, []byte) { return int64(len(content)), content[:n] })
}

// Claims announces size bytes and hangs up after the file.
func Claims(size int64) Fault {
	return announce(func(content []byte) (int64, []byte) { return size, content })
}

// announce hangs up in the middle of what it has announced.
func announce(what func(content []byte) (length int64, sent []byte)) Fault {
	return func(w http.ResponseWriter, _ *http.Request, content []byte) {
		length, sent := what(content)
		hijacked(w, func(send func([]byte) error) error {
			head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nETag: %s\r\nContent-Length: %d\r\n\r\n", tag(content), length)
			return errors.Join(send([]byte(head)), send(sent))
		})
	}
}

// Endless sends zeros without end and without a length.
func Endless(w http.ResponseWriter, r *http.Request, _ []byte) {
	zeros := make([]byte, 64<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(zeros); err != nil {
			return
		}
	}
}

// Stalled sends n bytes of the file and then waits for the client to give up.
func Stalled(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, content []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:n])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// Drip announces the whole file and sends a byte of it every few milliseconds.
func Drip(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	for i := range content {
		if _, err := w.Write(content[i : i+1]); err != nil || r.Context().Err() != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		time.Sleep(2 * time.Millisecond)
	}
}

// Corrupt announces the hash of the file and sends another of its length.
func Corrupt(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("X-Goog-Hash", Hash(content))
	changed := bytes.Clone(content)
	changed[len(changed)/2] ^= 0xff
	w.Header().Set("Content-Length", fmt.Sprint(len(changed)))
	_, _ = w.Write(changed)
}

// RedirectLoop sends the client in a circle.
func RedirectLoop(w http.ResponseWriter, r *http.Request, _ []byte) {
	http.Redirect(w, r, r.URL.Path, http.StatusFound)
}

// hijacked writes raw bytes and closes the connection.
func hijacked(w http.ResponseWriter, write func(send func([]byte) error) error) {
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	_ = write(func(data []byte) error {
		if _, err := out.Write(data); err != nil {
			return err
		}
		return out.Flush()
	})
}
