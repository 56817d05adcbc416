// Command sigstore-kms-awskms signs with keys in AWS KMS for programs that
// speak sigstore's plug-in protocol, such as fnseal and cosign.
// The region and the credentials come from where the AWS SDK looks for them.
package main

import (
	"os"

	"github.com/sigstore/sigstore/pkg/signature/kms/aws"

	"github.com/fnseal/fnseal/kms/plugin"
)

func main() {
	os.Exit(plugin.Main(aws.ReferenceScheme, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
