package verify_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"os"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// What bundles prove of a file, by the signatures of one key. Facts judge
// nothing: package policy makes a verdict of them.
func Example() {
	ctx := context.Background()
	key, err := trust.LoadPublicKey("../testdata/bundles/p256.pub")
	if err != nil {
		log.Fatal(err)
	}
	bundles, err := attest.ReadBundles(ctx, []string{"../testdata/bundles/p256.message.json"}, attest.DefaultLimits())
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range []string{"artifact.bin", "other.bin"} {
		data, err := os.ReadFile("../testdata/bundles/" + file)
		if err != nil {
			log.Fatal(err)
		}
		facts, err := verify.Verify(ctx, verify.Input{
			Name:    file,
			Digest:  fnpkg.Digest(sha256.Sum256(data)),
			Bundles: bundles,
			Keys:    []trust.PublicKey{key},
		})
		if err != nil {
			log.Fatal(err)
		}
		for _, b := range facts.Bundles {
			fmt.Println(file, b.Kind, b.Proves())
		}
	}
	// Output:
	// artifact.bin message-signature true
	// other.bin message-signature false
}
