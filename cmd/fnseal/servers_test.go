package main

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fnseal/fnseal/internal/testkit/osvapi"
	"github.com/fnseal/fnseal/internal/testkit/osvserver"
)

// feedserver serves a folder as a feed: "feedserver VAR DIR [CAFILE]" puts the
// URL into VAR; with CAFILE over TLS, and the certificate into that file.
func feedserver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: feedserver VAR DIR [CAFILE]")
	}
	handler := osvserver.Handler(ts.MkAbs(args[1]))
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if len(args) == 3 {
		server.StartTLS()
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), block, 0o644))
	} else {
		server.Start()
	}
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// osvapiserver answers as the OSV API: "osvapiserver VAR DIR" puts the URL into
// VAR.
func osvapiserver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: osvapiserver VAR DIR")
	}
	handler, err := osvapi.Handler(ts.MkAbs(args[1]))
	ts.Check(err)
	server := httptest.NewServer(handler)
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// httpproxy runs a proxy for plain HTTP: "httpproxy VAR LOG DIR" puts its URL
// into VAR and writes each URL it is asked for into LOG. Whatever the host, it
// answers from the feed in DIR.
func httpproxy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: httpproxy VAR LOG DIR")
	}
	var mu sync.Mutex
	logFile, feed := ts.MkAbs(args[1]), osvserver.Handler(ts.MkAbs(args[2]))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		f, err := os.OpenFile(logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			fmt.Fprintln(f, r.URL)
			f.Close()
		}
		mu.Unlock()
		feed.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}
