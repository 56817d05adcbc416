// Gen writes the attack vectors of testdata/vectors and their README. Run it
// from the root of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

func main() {
	if err := run(filepath.Join("testdata", "vectors")); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	for _, v := range zipvec.Vectors() {
		if v.Large {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, v.Name+".zip"), v.Bytes(), 0o644); err != nil {
			return fmt.Errorf("writing a vector: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(zipvec.Readme()), 0o644); err != nil {
		return fmt.Errorf("writing the table of vectors: %w", err)
	}
	return nil
}
