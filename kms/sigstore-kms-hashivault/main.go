// Command sigstore-kms-hashivault signs with keys in HashiCorp Vault or OpenBao for programs that
// speak sigstore's plug-in protocol, such as fnseal and cosign.
// VAULT_ADDR and VAULT_TOKEN say where it is and who asks.
package main

import (
	"os"

	"github.com/sigstore/sigstore/pkg/signature/kms/hashivault"

	"github.com/fnseal/fnseal/kms/plugin"
)

func main() {
	os.Exit(plugin.Main(hashivault.ReferenceScheme, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
