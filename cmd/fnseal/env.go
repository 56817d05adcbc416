package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fnseal/fnseal/internal/term"
)

// env is everything a command touches of the world around it.
type env struct {
	stdin  *os.File
	stdout io.Writer // data only
	stderr io.Writer // progress, warnings, hints and errors
	out    term.Stream
	err    term.Stream

	lookupEnv func(string) (string, bool)
	now       func() time.Time

	quiet   bool
	verbose bool
	noCache bool // leave the user's cache alone
}

func newEnv() *env {
	return &env{
		stdin:     os.Stdin,
		stdout:    os.Stdout,
		stderr:    os.Stderr,
		out:       term.Of(os.Stdout, os.Getenv),
		err:       term.Of(os.Stderr, os.Getenv),
		lookupEnv: os.LookupEnv,
		now:       time.Now,
	}
}

// getenv returns a variable of the environment, or nothing.
func (e *env) getenv(name string) string {
	value, _ := e.lookupEnv(name)
	return value
}

// note tells a person how the work goes on. It is silent with --quiet.
func (e *env) note(format string, args ...any) {
	if !e.quiet {
		fmt.Fprintln(e.stderr, "fnseal: "+term.Clean(fmt.Sprintf(format, args...)))
	}
}

// detail is note for what only --verbose asks for.
func (e *env) detail(format string, args ...any) {
	if e.verbose {
		e.note(format, args...)
	}
}

// warn tells what a person must know although the command goes on. It is not
// silenced: a warning that can be missed is none.
func (e *env) warn(format string, args ...any) {
	fmt.Fprintln(e.stderr, "fnseal: warning: "+term.Clean(fmt.Sprintf(format, args...)))
}

// newProgress shows on a terminal how long work gets on, unless with --quiet.
func (e *env) newProgress() *term.Progress {
	stream := e.err
	if e.quiet {
		stream = term.Stream{}
	}
	return term.NewProgress(e.stderr, stream)
}
