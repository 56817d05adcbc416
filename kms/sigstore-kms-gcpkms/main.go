// Command sigstore-kms-gcpkms signs with keys in Google Cloud KMS for programs that
// speak sigstore's plug-in protocol, such as fnseal and cosign.
// The credentials are the application's default ones.
package main

import (
	"os"

	"github.com/sigstore/sigstore/pkg/signature/kms/gcp"

	"github.com/fnseal/fnseal/kms/plugin"
)

func main() {
	os.Exit(plugin.Main(gcp.ReferenceScheme, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
