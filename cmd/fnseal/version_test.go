package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestVersionCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		answer string
		code   int
		want   string
	}{
		"a release":           {200, `{"tag_name": "v9.8.7", "name": "x"}`, exitOK, "the newest release is v9.8.7"},
		"no version":          {200, `{"tag_name": "new\u001b[31m"}`, exitError, "is no version"},
		"no JSON":             {200, `<html>`, exitError, "does not answer with a release"},
		"none":                {404, `{}`, exitError, "404"},
		"more than is read":   {200, strings.Repeat(" ", 2<<20) + `{"tag_name": "v1.0.0"}`, exitError, "does not answer"},
		"a wrong kind of tag": {200, `{"tag_name": 7}`, exitError, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.answer)
			}))
			defer srv.Close()
			var out, errs bytes.Buffer
			e := &env{stdout: &out, stderr: &errs, lookupEnv: func(string) (string, bool) { return "", false }}
			if code := run([]string{"fnseal", "version", "--releases", srv.URL}, e); code != exitOK || asked != 0 {
				t.Fatalf("without --check: exit code %d, asked %d times", code, asked)
			}
			out.Reset()
			code := run([]string{"fnseal", "version", "--check", "--releases", srv.URL}, e)
			if code != tt.code || asked != 1 {
				t.Errorf("exit code %d, want %d; asked %d times", code, tt.code, asked)
			}
			if !strings.Contains(errs.String(), tt.want) || strings.Contains(errs.String(), "\x1b") {
				t.Errorf("said %q, want %q", errs.String(), tt.want)
			}
			if (out.Len() > 0) != (code == exitOK) {
				t.Errorf("exit code %d with output %q", code, out.String())
			}
		})
	}
}
