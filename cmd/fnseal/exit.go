package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/internal/registry"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/sbom/catalog"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/vulndb"
)

// The exit codes, the same for every command and format.
const (
	exitOK          = 0
	exitError       = 1   // internal or I/O error
	exitUsage       = 2   // the command line is wrong
	exitFindings    = 3   // findings over the threshold
	exitRefused     = 4   // verification refused
	exitUnchecked   = 5   // could not check: no feed or root obtainable, or too old
	exitInterrupted = 130 // interrupted by a signal
)

// precedence orders the codes where an error has several causes, most
// important first.
var precedence = [...]int{exitInterrupted, exitError, exitUsage, exitRefused, exitUnchecked, exitFindings}

// exitMeanings are the exit codes in a person's words.
var exitMeanings = [...]struct {
	code    int
	meaning string
}{
	{exitOK, "fine"},
	{exitError, "internal or I/O error, or the input is not what it should be"},
	{exitUsage, "the command line is wrong"},
	{exitFindings, "findings over the threshold"},
	{exitRefused, "verification refused, or an ambiguous package was not signed"},
	{exitUnchecked, "could not check: no feed or trusted root to be had, or it is too old"},
	{exitInterrupted, "interrupted"},
}

// usageError says that the command line is wrong.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error {
	return &usageError{msg: fmt.Sprintf(format, args...)}
}

// resultError ends a command whose work was done and whose result is bad
// news. Its outputs are written.
type resultError struct {
	code int // exitFindings or exitRefused
	msg  string
}

func (e *resultError) Error() string { return e.msg }

// hintError adds what to try next to an error.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

func hint(err error, format string, args ...any) error {
	return &hintError{error: err, hint: fmt.Sprintf(format, args...)}
}

// exitCode maps an error to the process's exit code.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	var child *childError
	if errors.As(err, &child) {
		return child.code
	}
	found := map[int]bool{}
	for _, cause := range causes(err) {
		found[codeOf(cause)] = true
	}
	for _, code := range precedence {
		if found[code] {
			return code
		}
	}
	return exitError
}

// causes splits joined errors, through whatever wraps them. Only errors.Join
// tells of several causes; an error that wraps two others with %w is one cause
// with its details.
func causes(err error) []error {
	joined := reflect.TypeOf(errors.Join(err))
	for e := err; e != nil; e = errors.Unwrap(e) {
		if reflect.TypeOf(e) != joined {
			continue
		}
		var all []error
		for _, part := range e.(interface{ Unwrap() []error }).Unwrap() {
			all = append(all, causes(part)...)
		}
		return all
	}
	return []error{err}
}

func codeOf(err error) int {
	var (
		usage     *usageError
		result    *resultError
		stale     *vulndb.StaleError
		rootAge   *rootAgeError
		ambiguous *fnpkg.AmbiguousError
		platform  *registry.PlatformError

		unknownRuntime *catalog.UnknownRuntimeError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &platform), errors.As(err, &unknownRuntime),
		errors.Is(err, fnpkg.ErrNoDigest), errors.Is(err, target.ErrOffline), errors.Is(err, sign.ErrNoPlugin):
		return exitUsage
	case errors.As(err, &result):
		return result.code
	case errors.Is(err, trust.ErrUnreachable), errors.Is(err, trust.ErrRepository), errors.As(err, &rootAge):
		return exitUnchecked
	case errors.As(err, &ambiguous), errors.Is(err, trust.ErrRoot), errors.Is(err, sign.ErrUnverified):
		return exitRefused
	case errors.Is(err, vulndb.ErrNoFeed), errors.As(err, &stale), errors.Is(err, vulndb.ErrNothingAssessed):
		return exitUnchecked
	}
	return exitError
}

// hintOf returns the hint an error carries, or the one its kind calls for.
func hintOf(err error) string {
	var hinted *hintError
	var limit *fnpkg.LimitError
	var ambiguous *fnpkg.AmbiguousError
	var stale *vulndb.StaleError
	switch {
	case errors.As(err, &hinted):
		return hinted.hint
	case errors.Is(err, fnpkg.ErrNoDigest):
		return "only packed bytes have one: pack a directory and name the zip; push an image and name its reference"
	case errors.Is(err, vulndb.ErrNoFeed):
		return "fnseal db update"
	case errors.As(err, &stale):
		return "fnseal db update, or accept the age with --max-db-age"
	case errors.As(err, &ambiguous):
		return "pack it again without what is named, or accept it with --unsafe-allow-hazard " + string(ambiguous.Hazards[0].ID)
	case errors.As(err, &limit) && limit.Flag != "":
		return "raise it with --" + limit.Flag + " if the package is trusted"
	}
	return ""
}

// printError writes err for a person: one line per cause, then hints.
func printError(e *env, err error) {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(e.stderr, "fnseal: interrupted")
		return
	}
	var child *childError
	if errors.As(err, &child) {
		return
	}
	for _, line := range strings.Split(strings.TrimRight(err.Error(), "\n"), "\n") {
		fmt.Fprintln(e.stderr, "fnseal: "+term.Clean(line))
	}
	if h := hintOf(err); h != "" {
		fmt.Fprintln(e.stderr, "fnseal: hint: "+term.Clean(h))
	}
}
