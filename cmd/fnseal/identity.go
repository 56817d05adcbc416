package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/sign/identity"
	"github.com/fnseal/fnseal/trust"
)

// surroundings are where identity tokens of CI systems are found.
func (e *env) surroundings() identity.Environment {
	return identity.Environment{
		LookupEnv: e.lookupEnv,
		Client:    &http.Client{},
		TokenFile: identity.ClusterTokenFile,
	}
}

// identityToken says how the identity is shown that signs: by the token that
// --identity-token names, by that of the CI system, or by a person. Whether
// signatures may become public is settled first.
func identityToken(c *cli.Context, e *env, services trust.Services) (func(context.Context) (identity.Token, error), error) {
	audience := c.String("oidc-client-id")
	if path := c.String("identity-token"); path != "" {
		token, err := readToken(e, path)
		if err != nil {
			return nil, fmt.Errorf("--identity-token: %w", err)
		}
		if err := agree(c, e, services, token.Subject()); err != nil {
			return nil, err
		}
		return func(context.Context) (identity.Token, error) { return token, nil }, nil
	}
	if there := identity.Present(e.surroundings()); there != "" {
		if err := agree(c, e, services, "the identity that "+there+" gives this job"); err != nil {
			return nil, err
		}
		return func(ctx context.Context) (identity.Token, error) {
			token, _, err := identity.Ambient(ctx, e.surroundings(), audience)
			return token, err
		}, nil
	}
	if services.Issuer.URL == "" {
		return nil, noIdentity()
	}
	if err := agree(c, e, services, "your e-mail address, as "+services.Issuer.URL+" knows it"); err != nil {
		return nil, err
	}
	login := identity.Login{
		Issuer:   services.Issuer.URL,
		ClientID: audience,
		Client:   &http.Client{},
		Show: func(address, code string) {
			e.say("to sign in, open %s", address)
			if code != "" {
				e.say("and check that it shows the code %s", code)
			}
		},
		Browse: browse,
	}
	if c.String("oidc-flow") == "device" || c.String("oidc-flow") == "" && !hasBrowser(e) {
		return login.Device, nil
	}
	return login.Browser, nil
}

// hasIdentity reports whether there is somebody to sign as, before anybody is
// asked.
func hasIdentity(c *cli.Context, e *env) bool {
	return c.String("identity-token") != "" || e.err.Interactive || identity.Present(e.surroundings()) != ""
}

func noIdentity() error {
	return hint(usagef("no --key to sign with, and no identity token"),
		"make a key with fnseal keygen, or give --identity-token FILE; in GitHub Actions a job has one with permissions: id-token: write")
}

func readToken(e *env, path string) (identity.Token, error) {
	if path == "-" {
		return identity.Read(e.stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return identity.Token{}, err
	}
	defer f.Close()
	return identity.Read(f)
}

// errDisagreed says that a person did not want signatures to become public.
var errDisagreed = errors.New("not agreed: nothing was signed, and nothing was published")

// agree settles whether signatures may be written to a log that everybody can
// read. A person is asked; where there is none, --yes decides.
func agree(c *cli.Context, e *env, services trust.Services, who string) error {
	log := publicLog(services, c.IsSet("signing-config"))
	if log == "" || c.Bool("yes") {
		return nil
	}
	what := fmt.Sprintf("this writes to the public log %s: who signs (%s), the digest of each file and the time, for everybody to read and for ever", log, who)
	tty, err := openTerminal(e)
	if err != nil {
		return hint(usagef("%s", what), "add --yes to agree, or sign with --key alone, which publishes nothing")
	}
	defer tty.Close()
	e.say("%s", what)
	yes, err := confirm(c.Context, e, tty, "go on? [y/N] ")
	if err != nil {
		return err
	}
	if !yes {
		return errDisagreed
	}
	return nil
}

// publicLog returns the log by which something becomes public that the command
// line did not name, or nothing.
func publicLog(services trust.Services, named bool) string {
	for _, l := range services.Logs {
		if l.Public() || !named {
			return l.URL
		}
	}
	return ""
}

// confirm asks a person at a terminal.
func confirm(ctx context.Context, e *env, tty *os.File, question string) (bool, error) {
	fmt.Fprint(e.stderr, "fnseal: "+question)
	type answer struct {
		line string
		err  error
	}
	// The read itself cannot be interrupted; its goroutine ends with the
	// process.
	answered := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(tty).ReadString('\n')
		answered <- answer{line, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil && a.line == "" {
			return false, fmt.Errorf("reading the answer: %w", a.err)
		}
		word := strings.ToLower(strings.TrimSpace(a.line))
		return word == "y" || word == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(e.stderr)
		return false, ctx.Err()
	}
}

// say tells a person what they must know to go on, --quiet or not.
func (e *env) say(format string, args ...any) {
	fmt.Fprintln(e.stderr, "fnseal: "+term.Clean(fmt.Sprintf(format, args...)))
}

// hasBrowser guesses whether a browser can open here.
func hasBrowser(e *env) bool {
	switch {
	case e.getenv("SSH_CONNECTION") != "" || e.getenv("SSH_TTY") != "":
		return false
	case runtime.GOOS == "windows" || runtime.GOOS == "darwin":
		return true
	}
	return e.getenv("DISPLAY") != "" || e.getenv("WAYLAND_DISPLAY") != ""
}

// browse opens an address in the user's browser.
func browse(address string) error {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", address)
	case "darwin":
		cmd = exec.Command("open", address)
	default:
		cmd = exec.Command("xdg-open", address)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
