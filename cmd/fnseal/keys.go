package main

import (
	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
)

func signingKeyFlag() cli.Flag {
	return &cli.StringFlag{Name: "key", Usage: "sign with the private key in `FILE`; its passphrase comes from " + passwordVariable + " or is asked for"}
}

// signer loads the key a command signs with.
func signer(c *cli.Context, e *env) (*sign.Signer, error) {
	path := c.String("key")
	if path == "" {
		return nil, hint(usagef("no --key to sign with"), "make one with fnseal keygen")
	}
	key, err := trust.LoadPrivateKey(path, func() ([]byte, error) {
		return passphrase(c.Context, e, path, false)
	})
	if err != nil {
		return nil, err
	}
	return sign.New(key)
}
