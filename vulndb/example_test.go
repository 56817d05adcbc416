package vulndb_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/vulndb"
)

// A feed becomes an index once; components are then compared with the index.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "vulndb")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	index := filepath.Join(dir, "osv.db")
	_, err = vulndb.Update(ctx, vulndb.UpdateOptions{
		Sources:    []string{"../testdata/osv"},
		Ecosystems: []string{"npm"},
		Path:       index,
	})
	if err != nil {
		log.Fatal(err)
	}

	db, err := vulndb.Open(index)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	result, err := db.Match(ctx, []fnpkg.Component{
		{PURL: "pkg:npm/axios@0.21.0", Type: "npm", Name: "axios", Version: "0.21.0"},
		{PURL: "pkg:cargo/serde@1.0.0", Type: "cargo", Name: "serde", Version: "1.0.0"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range result.Findings {
		fmt.Println(f.ID, f.Severity, "fixed in", f.Fixed[0])
	}
	// Not assessed is a result of its own, never "clean".
	for _, n := range result.NotAssessed {
		fmt.Println(n.Component.Name, "was not assessed")
	}
	// Output:
	// CVE-2021-3749 high fixed in 0.21.3
	// CVE-2020-28168 medium fixed in 0.21.1
	// serde was not assessed
}
