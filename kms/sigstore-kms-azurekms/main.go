// Command sigstore-kms-azurekms signs with keys in Azure Key Vault for programs that
// speak sigstore's plug-in protocol, such as fnseal and cosign.
// The credentials come from where the Azure SDK looks for them.
package main

import (
	"os"

	"github.com/sigstore/sigstore/pkg/signature/kms/azure"

	"github.com/fnseal/fnseal/kms/plugin"
)

func main() {
	os.Exit(plugin.Main(azure.ReferenceScheme, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
