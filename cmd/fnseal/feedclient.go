package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/urfave/cli/v2"
)

func caFileFlag() cli.Flag {
	return &cli.StringFlag{
		Name:    "ca-file",
		Usage:   "trust the certificate authorities in `FILE` (PEM) beside the system's",
		EnvVars: []string{"FNSEAL_CA_FILE"},
	}
}

// feedClient asks feeds over HTTP. Proxies come from the environment.
func feedClient(c *cli.Context) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	if file := c.String("ca-file"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, usagef("--ca-file: %s holds no certificate in PEM", file)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &http.Client{Transport: transport}, nil
}
