package main

import (
	"context"
	"errors"
	"fmt"
	"os"

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
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, hint(fmt.Errorf("%w for %s: standard input is no terminal", errNoPassphrase, what), "set %s", passwordVariable)
	}
	defer tty.Close()
	first, err := term.ReadPassword(ctx, tty, fmt.Sprintf("Passphrase for %s: ", term.Clean(what)))
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase for %s: %w", what, err)
	}
	if confirm {
		second, err := term.ReadPassword(ctx, tty, "The same once more: ")
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase for %s: %w", what, err)
		}
		if string(first) != string(second) {
			return nil, errors.New("the two passphrases differ; nothing was written")
		}
	}
	return first, nil
}
