package sbom_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/fnseal/fnseal/sbom"
)

// Documents of any tool are read, in CycloneDX or SPDX.
func ExampleRead() {
	inv, err := sbom.Read(strings.NewReader(`{
		"bomFormat": "CycloneDX", "specVersion": "1.6",
		"components": [{"type": "library", "name": "axios", "version": "0.21.0", "purl": "pkg:npm/axios@0.21.0"}]
	}`))
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range inv.Components {
		fmt.Println(c.Type, c.Name, c.Version)
	}
	// Output: npm axios 0.21.0
}
