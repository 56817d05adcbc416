// Gofunction is built by the tests as a custom runtime's bootstrap.
package main

import (
	"fmt"
	"os"

	"github.com/package-url/packageurl-go"
	"golang.org/x/text/unicode/norm"
)

func main() {
	for _, arg := range os.Args[1:] {
		u, err := packageurl.FromString(norm.NFC.String(arg))
		fmt.Println(u, err)
	}
}
