package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/fnseal/fnseal/internal/term"
)

const passwordVariable = "FNSEAL_PASSWORD"

// errNoPassphrase says that a passphrase is needed and there is nobody to ask.
var errNoPassphrase = errors.New("no passphrase")

// passphrase gives the passphrase of a key: from FNSEAL_PASSWORD, or from a
// person at the terminal, who is asked twice if confirm is set.
func passphrase(ctx context.Context, e *env, what string, confirm bool) ([]byte, error) {
	if p, ok := e.lookupEnv(passwordVariable); ok {
		return []byte(p), nil
	}
	tty, err := openTerminal(e)
	if err != nil {
		return nil, hint(fmt.Errorf("%w for %s: there is no terminal to ask at", errNoPassphrase, what), "set %s", passwordVariable)
	}
	defer tty.Close()
	first, err := term.ReadPassword(ctx, tty, e.stderr, fmt.Sprintf("Passphrase for %s: ", term.Clean(what)))
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase for %s: %w", what, err)
	}
	if confirm {
		second, err := term.ReadPassword(ctx, tty, e.stderr, "The same once more: ")
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase for %s: %w", what, err)
		}
		if string(first) != string(second) {
			return nil, errors.New("the two passphrases differ; nothing was written")
		}
	}
	return first, nil
}

// openTerminal opens the terminal of whoever started the command, so that
// standard input stays free for data.
func openTerminal(e *env) (*os.File, error) {
	name := "/dev/tty"
	if runtime.GOOS == "windows" {
		name = "CONIN$"
	}
	tty, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if !e.err.Interactive {
		// The prompt would go where nobody reads it.
		return nil, errors.Join(errors.New("standard error is no terminal"), tty.Close())
	}
	return tty, nil
}
