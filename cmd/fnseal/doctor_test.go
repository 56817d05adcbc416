package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/internal/term"
)

func TestDoctorNetwork(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		date   string
		status int
		state  string
		text   string
	}{
		"right":   {now.Format(http.TimeFormat), 200, symptomOK, "right within"},
		"late":    {now.Add(-time.Hour).Format(http.TimeFormat), 200, symptomBad, "off by 1h0m0s"},
		"early":   {now.Add(2 * time.Minute).Format(http.TimeFormat), 200, symptomBad, "off by -2m0s"},
		"no date": {"soon", 200, symptomWarning, "does not say what time"},
		"refused": {now.Format(http.TimeFormat), 403, symptomWarning, "answers 403"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Date", tt.date)
				w.WriteHeader(tt.status)
			}))
			defer srv.Close()
			ask := func(flags ...string) symptom {
				t.Helper()
				var out, errs bytes.Buffer
				e := &env{stdout: &out, stderr: &errs, err: term.Stream{}, now: func() time.Time { return now },
					lookupEnv: func(name string) (string, bool) { return "http://u:secret@proxy", name == "HTTPS_PROXY" }}
				code := run(append([]string{"fnseal", "doctor", "-o", "json", "--url", srv.URL}, flags...), e)
				if code != exitUnchecked { // there is no feed
					t.Errorf("exit code %d: %s", code, errs.String())
				}
				if strings.Contains(out.String(), "secret") {
					t.Error("the proxy's password is shown")
				}
				var found []symptom
				if err := json.Unmarshal(out.Bytes(), &found); err != nil {
					t.Fatal(err)
				}
				for _, s := range found {
					if s.Name == "network and clock" {
						return s
					}
				}
				t.Fatal("nothing is said of the network")
				return symptom{}
			}
			if s := ask(); s.State != tt.state || !strings.Contains(s.Text, tt.text) || asked != 1 {
				t.Errorf("%+v after %d requests, want %s %q", s, asked, tt.state, tt.text)
			}
			if s := ask("--offline"); s.State != symptomNotChecked || asked != 1 {
				t.Errorf("--offline: %+v after %d requests", s, asked)
			}
		})
	}
}
