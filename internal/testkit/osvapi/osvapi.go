// Package osvapi answers as the API of the OSV project does
// (https://google.github.io/osv.dev/api/), from a folder of archives in the
// layout of its bucket. Requests and answers go through the project's own
// bindings, so that what is no request of the API is refused here too.
package osvapi

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"
	"osv.dev/bindings/go/api"
)

// PageSize is the number of records on one page of an answer, which is small
// so that tests see several.
const PageSize = 25

// Server is a running server.
type Server struct {
	URL string

	texts    map[string][]byte
	packages map[string][]string // ecosystem NUL name → ids

	mu       sync.Mutex
	asked    []string // what was asked about, as "ecosystem name" or an id
	sent     []byte   // all bodies of requests
	requests int
	fault    func(w http.ResponseWriter, r *http.Request) bool
}

// New serves the records of the archives in dir until the test ends.
func New(t testing.TB, dir string) *Server {
	t.Helper()
	s, err := Handler(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Handler serves the records of the archives in dir on a server of the
// caller's.
func Handler(dir string) (*Server, error) {
	s := &Server{texts: make(map[string][]byte), packages: make(map[string][]string)}
	archives, err := filepath.Glob(filepath.Join(dir, "*", "all.zip"))
	if err != nil || len(archives) == 0 {
		return nil, fmt.Errorf("no archives in %s: %w", dir, err)
	}
	for _, path := range archives {
		if err := s.read(path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return s, nil
}

func (s *Server) read(path string) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, member := range z.File {
		in, err := member.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(in)
		in.Close()
		if err != nil {
			return err
		}
		var r struct {
			ID        string `json:"id"`
			Withdrawn string `json:"withdrawn"`
			Affected  []struct {
				Package struct{ Ecosystem, Name string } `json:"package"`
			} `json:"affected"`
		}
		if err := json.Unmarshal(text, &r); err != nil {
			return err
		}
		s.texts[r.ID] = text
		for _, a := range r.Affected {
			key := a.Package.Ecosystem + "\x00" + a.Package.Name
			if r.Withdrawn == "" && !slices.Contains(s.packages[key], r.ID) {
				s.packages[key] = append(s.packages[key], r.ID)
			}
		}
	}
	return nil
}

// Break lets f answer requests; where it returns false the server does. nil
// mends it.
func (s *Server) Break(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Asked returns what the server was asked about, as "ecosystem name" or an id,
// sorted, and the bodies of all requests.
func (s *Server) Asked() (asked []string, sent string, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked = slices.Clone(s.asked)
	slices.Sort(asked)
	return asked, string(s.sent), s.requests
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	id, byID := strings.CutPrefix(r.URL.Path, "/v1/vulns/")
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/v1/querybatch":
		s.batch(w, r)
	case r.Method == http.MethodGet && byID:
		s.note(id)
		text, ok := s.texts[id]
		if !ok {
			refuse(w, http.StatusNotFound, "Bug not found.")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	default:
		refuse(w, http.StatusNotFound, "Not Found")
	}
}

func (s *Server) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
}

func (s *Server) batch(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return
	}
	s.mu.Lock()
	s.sent = append(s.sent, body...)
	s.mu.Unlock()
	var request api.BatchQuery
	if err := protojson.Unmarshal(body, &request); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if len(request.GetQueries()) > 1000 {
		refuse(w, http.StatusBadRequest, "Too many queries.")
		return
	}
	answer := &api.BatchVulnerabilityList{}
	for _, q := range request.GetQueries() {
		list, err := s.page(q)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		answer.Results = append(answer.Results, list)
	}
	data, err := protojson.Marshal(answer)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data)
}

// page is one page of the answer to a query for a package. Of the records only
// their ids are told, as the API does for a batch.
func (s *Server) page(q *api.Query) (*api.VulnerabilityList, error) {
	ecosystem, name := q.GetPackage().GetEcosystem(), q.GetPackage().GetName()
	if ecosystem == "" || name == "" {
		return nil, errors.New("invalid query")
	}
	s.note(ecosystem + " " + name)
	ids := s.packages[ecosystem+"\x00"+name]
	from := 0
	if token := q.GetPageToken(); token != "" {
		var err error
		if from, err = strconv.Atoi(token); err != nil || from < 0 || from > len(ids) {
			return nil, errors.New("invalid page token")
		}
	}
	list := &api.VulnerabilityList{}
	to := min(from+PageSize, len(ids))
	for _, id := range ids[from:to] {
		list.Vulns = append(list.Vulns, &osvschema.Vulnerability{Id: id})
	}
	if to < len(ids) {
		list.NextPageToken = strconv.Itoa(to)
	}
	return list, nil
}

func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"code":5,"message":%q}`, message)
}
