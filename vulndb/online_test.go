package vulndb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/testkit/osvapi"
)

func openOnline(t *testing.T, o OnlineOptions) *DB {
	t.Helper()
	o.Now = clock
	db, err := Online(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestOnlineEqualsIndex: the API's answers lead to the findings that an index
// of the same records has.
func TestOnlineEqualsIndex(t *testing.T) {
	server := osvapi.New(t, sampleFeed)
	components := probeComponents()
	for _, purl := range []string{"pkg:npm/lodash@latest", "pkg:npm/none@1.0.0", "pkg:npm/jquery"} {
		components = append(components, component(purl))
	}
	want := match(t, open(t, update(t, sampleFeed)), components...)
	db := openOnline(t, OnlineOptions{URL: server.URL})
	got := match(t, db, components...)
	// What only a record about another package ties to a defect is unknown to
	// the API's answers, and with it that record's rating; the order follows the
	// rating.
	sorted := cmpopts.SortSlices(func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Component.PURL, b.Component.PURL), strings.Compare(a.ID, b.ID))
	})
	if diff := gocmp.Diff(want, got, sorted, cmpopts.IgnoreFields(Result{}, "Feed"), cmpopts.IgnoreFields(Finding{}, "Aliases", "Severity", "Score", "Vector")); diff != "" {
		t.Errorf("(-index +online):\n%s", diff)
	}
	rated := 0
	for _, f := range got.Findings {
		if f.Severity != SeverityUnknown {
			rated++
		}
	}
	if rated < 20 {
		t.Errorf("only %d findings have a severity", rated)
	}
	if len(got.Findings) < 50 {
		t.Errorf("%d findings", len(got.Findings))
	}
	if s := got.Feed; !s.Built.Equal(clock()) || s.Records == 0 || len(s.Sources) != 4 || s.Sources[0].Location != server.URL {
		t.Errorf("%+v", s)
	}
	for _, f := range got.Findings {
		for _, id := range f.Records {
			if text, err := db.Record(id); err != nil || !strings.Contains(string(text), id) {
				t.Fatalf("%s: %v", id, err)
			}
		}
	}
	_, _, before := server.Asked()
	m := db.NewMatcher()
	p, reason, err := m.Package(components[0])
	if err != nil || reason != "" || len(p.Fixes("4.17.15")) == 0 {
		t.Errorf("%+v %q %v", p, reason, err)
	}
	match(t, db, components...)
	if _, _, after := server.Asked(); after != before {
		t.Errorf("%d requests for what is known already", after-before)
	}
}

// TestOnlineSendsNoMore: names of packages are sent, and neither versions nor
// what is private.
func TestOnlineSendsNoMore(t *testing.T) {
	server := osvapi.New(t, sampleFeed)
	db := openOnline(t, OnlineOptions{URL: server.URL, Private: []string{"@acme", "com.acme.*", "git.acme.example", "internal-*"}})
	private := []string{"pkg:npm/@acme/widget@7.7.7", "pkg:maven/com.acme.shop/cart@7.7.7", "pkg:golang/git.acme.example/team/m@v7.7.7", "pkg:pypi/internal-tools@7.7.7", "pkg:pypi/Internal_Tools@7.7.7"}
	components := []fnpkg.Component{component("pkg:npm/lodash@4.17.15"), component("pkg:npm/acme@7.7.7"), component("pkg:rpm/amzn/bash@7.7.7?distro=amzn-2023")}
	for _, purl := range private {
		components = append(components, component(purl))
	}
	r := match(t, db, components...)
	if len(r.NotAssessed) != len(private)+1 || r.Assessed != 2 {
		t.Errorf("assessed %d, not assessed %+v", r.Assessed, r.NotAssessed)
	}
	for _, n := range r.NotAssessed {
		if !strings.Contains(n.Reason, "private") && !strings.Contains(n.Reason, "not asked about Amazon") {
			t.Errorf("%s: %s", n.Component.PURL, n.Reason)
		}
	}
	asked, sent, _ := server.Asked()
	if !strings.Contains(strings.Join(asked, "\n"), "npm lodash") {
		t.Errorf("asked about %q", asked)
	}
	for _, secret := range []string{"@acme", "com.acme", "git.acme", "nternal", "7.7.7", "4.17.15"} {
		if strings.Contains(sent, secret) || strings.Contains(strings.Join(asked, "\n"), secret) {
			t.Errorf("%q was sent: %s", secret, sent)
		}
	}
	if _, err := Online(OnlineOptions{Private: []string{"[a"}}); err == nil {
		t.Error("a pattern that is none is accepted: it would hide nothing")
	}
}

// TestOnlineBatches: three thousand packages are a few requests.
func TestOnlineBatches(t *testing.T) {
	server := osvapi.New(t, sampleFeed)
	var components []fnpkg.Component
	for i := range 3000 {
		components = append(components, component(fmt.Sprintf("pkg:npm/none-%d@1.0.0", i)))
	}
	r := match(t, openOnline(t, OnlineOptions{URL: server.URL}), components...)
	if _, _, requests := server.Asked(); requests != 3 || r.Assessed != 3000 {
		t.Errorf("%d requests, %d assessed", requests, r.Assessed)
	}
}

func TestOnlineFaults(t *testing.T) {
	first := func(n int, f func(w http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			if n--; n >= 0 {
				f(w)
			}
			return n >= 0
		}
	}
	status := func(code int) func(http.ResponseWriter) { return func(w http.ResponseWriter) { w.WriteHeader(code) } }
	body := func(text string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { fmt.Fprint(w, text) }
	}
	onRecords := func(f func(w http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet {
				f(w)
			}
			return r.Method == http.MethodGet
		}
	}
	const forever = 1 << 30
	tests := []struct {
		name  string
		fault func(http.ResponseWriter, *http.Request) bool
		want  string // a part of the error; empty: it succeeds
	}{
		{"busy twice", first(2, status(http.StatusServiceUnavailable)), ""},
		{"too many requests, once", first(1, status(http.StatusTooManyRequests)), ""},
		{"busy for good", first(forever, status(http.StatusBadGateway)), "after 3 attempts"},
		{"forbidden", first(forever, status(http.StatusForbidden)), "403"},
		{"HTML", first(forever, body("<!DOCTYPE html><html></html>")), "HTML page"},
		{"JSON of another kind", first(forever, body(`{"results":7}`)), "not that of the API"},
		{"fewer results", first(forever, body(`{"results":[]}`)), "0 results to 1 queries"},
		{"an id that is a path", first(forever, body(`{"results":[{"vulns":[{"id":"../x"}]}]}`)), "cannot be"},
		{"pages without end", first(forever, body(`{"results":[{"next_page_token":"x"}]}`)), "does not end"},
		{"another record", onRecords(body(`{"id":"OTHER-1"}`)), "answered with record"},
		{"HTML for a record", onRecords(body(`<html>`)), "HTML page"},
		{"no JSON for a record", onRecords(body(`{`)), "not a JSON record"},
		{"no record", onRecords(status(http.StatusNotFound)), "404"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := osvapi.New(t, sampleFeed)
			server.Break(test.fault)
			db := openOnline(t, OnlineOptions{URL: server.URL, Limits: Limits{Attempts: 3, Backoff: time.Millisecond}})
			_, err := db.Match(context.Background(), []fnpkg.Component{component("pkg:npm/lodash@4.17.15")})
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var source *SourceError
			if !errors.As(err, &source) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), server.URL) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
