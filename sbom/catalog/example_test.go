package catalog_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/sbom"
	"github.com/fnseal/fnseal/sbom/catalog"
)

// What a function package ships, as a list and as a CycloneDX document.
func Example() {
	ctx := context.Background()
	p, err := target.Open(ctx, "../../testdata/packages/node.zip", target.Options{Limits: fnpkg.DefaultLimits()})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	inv, err := catalog.Catalog(ctx, p, catalog.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range inv.Components[:3] {
		fmt.Println(c.Origin, c.PURL)
	}
	if err := sbom.Write(io.Discard, inv, sbom.CycloneDXJSON, sbom.Options{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// shipped pkg:npm/%40sideway/formula@3.0.0
	// shipped pkg:npm/axios@0.21.0
	// shipped pkg:npm/buffer-equal-constant-time@1.0.1
}
