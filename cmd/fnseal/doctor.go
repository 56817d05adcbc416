package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/sign/identity"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/vulndb"
)

// symptom is what the doctor says of one thing.
type symptom struct {
	Name  string `json:"name"`
	State string `json:"state"` // "ok", "warning", "bad" or "not-checked"
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

const (
	symptomOK         = "ok"
	symptomWarning    = "warning"
	symptomBad        = "bad"
	symptomNotChecked = "not-checked"
)

// Beyond these something is said.
const (
	clockTolerance = time.Minute           // certificates that sign live ten
	rootTolerance  = 400 * 24 * time.Hour  // keys of the public-good instance change about once a year
	doctorTimeout  = 10 * time.Second      // for the one request
	cacheProbe     = "fnseal-doctor-probe" // file that is made and removed
)

func doctorCommand(e *env) *cli.Command {
	formats := []string{"table", "json"}
	return &cli.Command{
		Name:      "doctor",
		Usage:     "look for what would keep fnseal from working here",
		ArgsUsage: "[flags]",
		Description: `Looks at the feed, the trusted root, the clock, the proxy, the cache and the
identity that a CI system gives. One request is made, without --offline: it asks
the feed's server for the time. What is bad is exit code 5.

Examples:
  fnseal doctor
  fnseal doctor --offline
  fnseal doctor -o json --url https://mirror.example/osv`,
		Flags: []cli.Flag{
			outputFlag(formats...), dbFlag(), maxAgeFlag(),
			&cli.StringFlag{Name: "url", Usage: "ask `URL` for the time", Value: publicFeed + "/ecosystems.txt"},
			&cli.BoolFlag{Name: "offline", Usage: "make no request"},
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			outs, err := parseOutputs(c, formats...)
			if err != nil {
				return err
			}
			limit, err := parseAge(c.String("max-db-age"))
			if err != nil {
				return usagef("--max-db-age: %v", err)
			}
			found := []symptom{
				doctorProgram(),
				doctorCache(),
				doctorFeed(c, e, limit),
				doctorRoot(e.now()),
				doctorProxy(e),
				doctorNetwork(c, e),
				doctorIdentity(e),
			}
			if err := writeOutputs(c.Context, e, outs,
				format{"table", func(w io.Writer) error { return symptomTable(w, found) }},
				format{"json", func(w io.Writer) error { return writeJSON(w, found) }},
			); err != nil {
				return err
			}
			var bad []string
			for _, s := range found {
				if s.State == symptomBad {
					bad = append(bad, s.Name)
				}
			}
			if len(bad) > 0 {
				return &resultError{code: exitUnchecked, msg: "to be mended: " + strings.Join(bad, ", ")}
			}
			return nil
		},
	}
}

func symptomTable(out io.Writer, found []symptom) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.State, s.Name, term.Clean(s.Text))
		if s.Hint != "" {
			fmt.Fprintf(w, "\t\t  %s\n", term.Clean(s.Hint))
		}
	}
	return w.Flush()
}

func doctorProgram() symptom {
	b := thisBuild()
	return symptom{Name: "program", State: symptomOK, Text: strings.TrimSpace(fmt.Sprintf("fnseal %s, %s, %s %s", b.Version, b.Go, b.Platform, b.Commit))}
}

// doctorCache finds out whether anything can be kept.
func doctorCache() symptom {
	s := symptom{Name: "cache", Hint: "name files with --db and --cache, or set XDG_CACHE_HOME"}
	path, err := vulndb.DefaultPath()
	if err != nil {
		s.State, s.Text = symptomWarning, "there is no folder for the user's cache: "+err.Error()
		return s
	}
	dir := filepath.Dir(path)
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		probe := filepath.Join(dir, cacheProbe)
		err = errors.Join(os.WriteFile(probe, nil, 0o600), os.Remove(probe))
	}
	if err != nil {
		s.State, s.Text = symptomWarning, "nothing can be kept in "+dir+": "+err.Error()
		return s
	}
	return symptom{Name: "cache", State: symptomOK, Text: dir}
}

func doctorFeed(c *cli.Context, e *env, limit time.Duration) symptom {
	s := symptom{Name: "feed", State: symptomBad}
	status, err := statusOf(c, e)
	switch {
	case errors.Is(err, vulndb.ErrNoFeed):
		s.Text, s.Hint = "there is none: scan and seal need one", "fnseal db update"
		return s
	case err != nil:
		s.Text, s.Hint = err.Error(), "fnseal db update"
		return s
	}
	s.Text = fmt.Sprintf("%d records, built %s ago", status.Records, (time.Duration(status.AgeSeconds) * time.Second).String())
	if err := status.CheckAge(e.now(), limit); err != nil {
		s.Text, s.Hint = err.Error(), "fnseal db update"
		return s
	}
	s.State = symptomOK
	if len(status.Missing) > 0 {
		s.State = symptomWarning
		s.Text += "; scans had components of " + strings.Join(status.Missing, ", ") + ", which it does not have"
		s.Hint = "fnseal db update"
	}
	return s
}

func doctorRoot(now time.Time) symptom {
	root, err := trust.PublicGood()
	if err != nil {
		return symptom{Name: "trusted root", State: symptomBad, Text: err.Error(), Hint: "install a complete release of fnseal"}
	}
	s := symptom{Name: "trusted root", State: symptomOK, Text: fmt.Sprintf("public-good instance, as of %s", day(root.Date))}
	if now.Sub(root.Date) > rootTolerance {
		s.State, s.Hint = symptomWarning, "keys may have changed since: install a newer fnseal, or name a root with --trusted-root"
	}
	return s
}

// doctorProxy says what requests go through, without passwords.
func doctorProxy(e *env) symptom {
	var through []string
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		value := e.getenv(name)
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err == nil && u.User != nil {
			value = u.Redacted()
		}
		through = append(through, name+"="+value)
	}
	if len(through) == 0 {
		return symptom{Name: "proxy", State: symptomOK, Text: "none is set"}
	}
	return symptom{Name: "proxy", State: symptomOK, Text: strings.Join(through, " ")}
}

// doctorNetwork asks one server, and compares its clock with ours.
func doctorNetwork(c *cli.Context, e *env) symptom {
	s := symptom{Name: "network and clock"}
	if c.Bool("offline") {
		s.State, s.Text = symptomNotChecked, "--offline"
		return s
	}
	theirs, err := serverTime(c.Context, c.String("url"))
	if err != nil {
		s.State, s.Text = symptomWarning, err.Error()
		s.Hint = "without a network: fnseal db import FILE, and --offline to verify"
		return s
	}
	off := e.now().Sub(theirs).Round(time.Second)
	s.State, s.Text = symptomOK, fmt.Sprintf("the clock is right within %s", max(off.Abs(), time.Second))
	if off.Abs() > clockTolerance {
		s.State, s.Text = symptomBad, fmt.Sprintf("the clock is off by %s: what is signed now will be refused, and what is good may be", off)
		s.Hint = "set the clock, as by NTP"
	}
	return s
}

func serverTime(ctx context.Context, address string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return time.Time{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return time.Time{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 {
		return time.Time{}, fmt.Errorf("%s answers %s", address, resp.Status)
	}
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s does not say what time it is", address)
	}
	return at, nil
}

func doctorIdentity(e *env) symptom {
	if there := identity.Present(e.surroundings()); there != "" {
		return symptom{Name: "identity", State: symptomOK, Text: there + " gives this job one to sign with"}
	}
	return symptom{Name: "identity", State: symptomNotChecked, Text: "no CI system gives one here: sign with --key, or sign in at a terminal"}
}
