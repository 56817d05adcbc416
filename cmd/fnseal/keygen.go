package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/atomicfile"
	"github.com/fnseal/fnseal/trust"
)

func keygenCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "keygen",
		Usage:     "make a key pair for signing",
		ArgsUsage: "[flags]",
		Description: `Writes PREFIX.key, an ECDSA P-256 key as encrypted PKCS#8 that only you can
read, and PREFIX.pub, its public half. Files that exist are never overwritten.
The passphrase comes from FNSEAL_PASSWORD or is asked for.

Examples:
  fnseal keygen
  FNSEAL_PASSWORD=… fnseal keygen --out release`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write `PREFIX`.key and PREFIX.pub", Value: "fnseal"},
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			prefix := c.String("out")
			if prefix == "" {
				return usagef("--out is empty")
			}
			return keygen(c, e, prefix+".key", prefix+".pub")
		},
	}
}

func keygen(c *cli.Context, e *env, keyPath, pubPath string) error {
	// Found out before a passphrase is asked for; CommitNew decides in the end.
	for _, path := range []string{keyPath, pubPath} {
		if _, err := os.Lstat(path); err == nil {
			return existsError(path)
		}
		if err := checkWritable(path); err != nil {
			return usagef("--out: %v", err)
		}
	}
	pass, err := passphrase(c.Context, e, keyPath, true)
	if err != nil {
		return err
	}
	if len(pass) == 0 {
		return hint(errors.New("an empty passphrase would leave the key unprotected"), "set %s to a passphrase", passwordVariable)
	}
	key, err := trust.GenerateKey()
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	private, err := trust.MarshalPrivateKey(key, pass)
	if err != nil {
		return fmt.Errorf("encrypting the key: %w", err)
	}
	public, err := key.Public().PEM()
	if err != nil {
		return fmt.Errorf("encoding the public key: %w", err)
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	if err := writeNew(keyPath, 0o600, private); err != nil {
		return err
	}
	if err := writeNew(pubPath, 0o644, public); err != nil {
		// A private key whose public half nobody has is of no use.
		return errors.Join(err, os.Remove(keyPath))
	}
	e.note("wrote %s (keep it secret) and %s (give it to whoever verifies)", keyPath, pubPath)
	return nil
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, perm fs.FileMode, data []byte) error {
	f, err := atomicfile.Create(path, perm)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := f.CommitNew(); errors.Is(err, fs.ErrExist) {
		return existsError(path)
	} else if err != nil {
		return err
	}
	return nil
}

func existsError(path string) error {
	return hint(fmt.Errorf("%s exists already and is not overwritten", path), "choose another name with --out, or move the old key away")
}
