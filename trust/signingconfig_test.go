package trust_test

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/internal/testkit/tufrepo"
	"github.com/fnseal/fnseal/trust"
)

const signingMedia = `"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"`

func TestPublicGoodSigning(t *testing.T) {
	c, err := trust.PublicGoodSigning()
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Services(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if s.CA.URL != "https://fulcio.sigstore.dev" || s.Issuer.URL == "" || len(s.Logs) != 1 || len(s.Timestamps) != 1 {
		t.Errorf("services %+v", s)
	}
	// What it signs, the snapshot of the trusted root must be able to verify.
	root, err := trust.PublicGood()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, l := range root.TrustedMaterial().RekorLogs() {
		known[l.BaseURL] = true
	}
	for _, l := range s.Logs {
		if !known[l.URL] || !l.Public() {
			t.Errorf("the log %s: known to the root %t, public %t", l.URL, known[l.URL], l.Public())
		}
	}
	if !root.HasTimestampAuthority() || !root.HasCTLog() {
		t.Error("the root cannot verify timestamps or certificates")
	}
}

func TestServices(t *testing.T) {
	service := func(address, version, period string) string {
		return `{"url": "` + address + `", "majorApiVersion": ` + version + `, "validFor": {` + period + `}, "operator": "` + address + `"}`
	}
	const always = `"start": "2020-01-01T00:00:00Z"`
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, config, fails string
		logs                string
	}{
		{"the newest API", `"rekorTlogUrls": [` + service("https://one.example", "1", always) + `,` + service("https://two.example", "2", always) + `], "rekorTlogConfig": {"selector": "ANY"}`, "", "https://two.example/2"},
		{"of its time", `"rekorTlogUrls": [` + service("https://past.example", "2", `"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"`) + `,` + service("https://future.example", "2", `"start": "2030-01-01T00:00:00Z"`) + `,` + service("https://one.example", "1", always) + `], "rekorTlogConfig": {"selector": "ANY"}`, "", "https://one.example/1"},
		{"none of its time", `"rekorTlogUrls": [` + service("https://past.example", "2", `"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"`) + `], "rekorTlogConfig": {"selector": "ANY"}`, "transparency log", ""},
		{"an API from the future", `"rekorTlogUrls": [` + service("https://three.example", "3", always) + `], "rekorTlogConfig": {"selector": "ANY"}`, "transparency log", ""},
		{"all", `"rekorTlogUrls": [` + service("https://a.example", "2", always) + `,` + service("https://b.example/", "2", always) + `], "rekorTlogConfig": {"selector": "ALL"}`, "", "https://a.example/2 https://b.example/2"},
		{"more than there are", `"rekorTlogUrls": [` + service("https://a.example", "2", always) + `], "rekorTlogConfig": {"selector": "EXACT", "count": 2}`, "transparency log", ""},
		{"no selector", `"rekorTlogUrls": [` + service("https://a.example", "2", always) + `], "rekorTlogConfig": {}`, "transparency log", ""},
		{"in the clear", `"caUrls": [` + service("http://ca.example", "1", always) + `]`, "neither https nor on this machine", ""},
		{"on this machine", `"caUrls": [` + service("http://127.0.0.1:1", "1", always) + `]`, "", ""},
		{"with a password", `"caUrls": [` + service("https://me:secret@ca.example", "1", always) + `]`, "credentials", ""},
		{"with a query", `"caUrls": [` + service("https://ca.example?x=y", "1", always) + `]`, "no URL of a service", ""},
		{"no URL", `"caUrls": [` + service("ca.example", "1", always) + `]`, "no URL of a service", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := trust.ParseSigningConfig([]byte("{"+signingMedia+", "+tt.config+"}"), "test")
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.Services(at)
			if tt.fails != "" {
				if !errors.Is(err, trust.ErrSigningConfig) || !strings.Contains(err.Error(), tt.fails) || strings.Contains(err.Error(), "secret") {
					t.Errorf("error %v, want %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var logs []string
			for _, l := range s.Logs {
				logs = append(logs, l.URL+"/"+string(rune('0'+l.Version)))
			}
			if tt.name == "all" && len(logs) == 2 && logs[0] > logs[1] {
				logs[0], logs[1] = logs[1], logs[0]
			}
			if got := strings.Join(logs, " "); got != tt.logs {
				t.Errorf("logs %q, want %q", got, tt.logs)
			}
		})
	}
}

func TestParseSigningConfigRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                     "",
		"no JSON":                   "x",
		"no media type":             "{}",
		"an older one":              `{"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.1+json"}`,
		"an unknown member":         "{" + signingMedia + `, "caUrl": []}`,
		"logs without a number":     "{" + signingMedia + `, "rekorTlogUrls": [{"url": "https://a.example"}]}`,
		"authorities without one":   "{" + signingMedia + `, "tsaUrls": [{"url": "https://a.example"}]}`,
		"a trusted root, by chance": `{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`,
	} {
		if _, err := trust.ParseSigningConfig([]byte(text), "x"); !errors.Is(err, trust.ErrSigningConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := filepath.Join(t.TempDir(), "long.json")
	if err := os.WriteFile(long, []byte(strings.Repeat(" ", 2<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.LoadSigningConfig(long); !errors.Is(err, trust.ErrSigningConfig) {
		t.Errorf("a long file: %v", err)
	}
}

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"https://rekor.sigstore.dev": true, "https://log2026-1.rekor.sigstore.dev": true, "https://REKOR.SIGSTORE.DEV.": true,
		"https://rekor.sigstage.dev": true, "https://sigstore.dev.example": false, "https://notsigstore.dev": false, "https://rekor.example": false,
	} {
		if got := (trust.Service{URL: address}).Public(); got != want {
			t.Errorf("%s: public %t", address, got)
		}
	}
}

// FuzzSigningConfig: whatever a configuration says, services are reached in
// the clear on this machine only.
func FuzzSigningConfig(f *testing.F) {
	if data, err := os.ReadFile("roots/public-good.signing.json"); err != nil {
		f.Fatal(err)
	} else {
		f.Add(data)
	}
	f.Add([]byte("{" + signingMedia + `, "caUrls": [{"url": "http://localhost:1", "majorApiVersion": 1}], "tsaUrls": [{"url": "https://x", "majorApiVersion": 1}], "tsaConfig": {"selector": "EXACT", "count": 1}}`))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := trust.ParseSigningConfig(data, "fuzz")
		if err != nil {
			return
		}
		s, err := c.Services(at)
		if err != nil {
			return
		}
		for _, service := range append(append([]trust.Service{s.CA, s.Issuer}, s.Logs...), s.Timestamps...) {
			if service.URL == "" {
				continue
			}
			u, err := url.Parse(service.URL)
			if err != nil || u.Host == "" || u.User != nil {
				t.Fatalf("%q is no URL of a service", service.URL)
			}
			if host := u.Hostname(); u.Scheme != "https" && host != "localhost" && !strings.HasPrefix(host, "127.") && host != "::1" && !strings.Contains(host, "127.") {
				t.Errorf("%q is spoken to in the clear", service.URL)
			}
		}
	})
}

// TestFetchSigning: a repository that publishes another configuration is
// believed, one that forges it is not.
func TestFetchSigning(t *testing.T) {
	const target = "signing_config.v0.2.json"
	config := func(address string) []byte {
		return []byte("{" + signingMedia + `, "caUrls": [{"url": "` + address + `", "majorApiVersion": 1}]}`)
	}
	tomorrow := time.Now().Add(24 * time.Hour)
	repo := tufrepo.New(t, target, config("https://old.example"), tomorrow)
	server := httptest.NewServer(repo)
	r := trust.Repository{URL: server.URL, Anchor: repo.Root}
	ca := func() (string, error) {
		c, err := r.FetchSigning(t.Context())
		if err != nil {
			return "", err
		}
		s, err := c.Services(time.Now())
		return s.CA.URL, err
	}
	if got, err := ca(); err != nil || got != "https://old.example" {
		t.Errorf("%q, %v", got, err)
	}
	repo.Publish(target, config("https://new.example"), tomorrow)
	if got, err := ca(); err != nil || got != "https://new.example" {
		t.Errorf("after it changed: %q, %v", got, err)
	}
	repo.Forge(target, config("https://evil.example"), tomorrow)
	if got, err := ca(); !errors.Is(err, trust.ErrRepository) {
		t.Errorf("forged: %q, %v", got, err)
	}
	server.Close()
	if got, err := ca(); !errors.Is(err, trust.ErrUnreachable) {
		t.Errorf("gone: %q, %v", got, err)
	}
}
