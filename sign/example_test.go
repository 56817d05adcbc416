package sign_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
)

// A key signs the digest of a file. The bundle is one line of JSON, which
// cosign verifies too.
func ExampleSigner_SignDigest() {
	key, err := trust.GenerateKey() // or trust.LoadPrivateKey
	if err != nil {
		log.Fatal(err)
	}
	signer, err := sign.New(key)
	if err != nil {
		log.Fatal(err)
	}
	bundle, err := signer.SignDigest(context.Background(), fnpkg.Digest(sha256.Sum256([]byte("a package"))))
	if err != nil {
		log.Fatal(err)
	}
	says, err := attest.Describe(bundle)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(says.MediaType)
	// Output: application/vnd.dev.sigstore.bundle.v0.3+json
}
