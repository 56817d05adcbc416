// Command osvfeed writes a feed of real shape, and SBOMs of functions that use
// its packages, for measuring: scripts/measure-scan.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fnseal/fnseal/internal/testkit/osvgen"
)

func main() {
	dir := flag.String("dir", "", "folder to write into: bucket/ and sboms/")
	records := flag.Int("records", 220_000, "records of the npm feed")
	components := flag.Int("components", 175, "components of each SBOM")
	sboms := flag.Int("sboms", 1, "number of SBOMs")
	flag.Parse()
	if err := write(*dir, *records, *components, *sboms); err != nil {
		fmt.Fprintln(os.Stderr, "osvfeed:", err)
		os.Exit(1)
	}
}

func write(dir string, records, components, sboms int) error {
	feed := osvgen.Feed{Records: records, Seed: 1}
	if err := feed.WriteBucket(filepath.Join(dir, "bucket")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "sboms"), 0o755); err != nil {
		return err
	}
	// Functions of one company share most of their dependencies: each SBOM is
	// a window over a common list.
	all := feed.Packages(components + sboms)
	for i := range sboms {
		if err := writeSBOM(filepath.Join(dir, "sboms", fmt.Sprintf("function-%d.cdx.json", i)), all[i:i+components]); err != nil {
			return err
		}
	}
	return nil
}

func writeSBOM(path string, packages []osvgen.Package) error {
	type component struct {
		Type    string `json:"type"`
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl"`
		BOMRef  string `json:"bom-ref"`
	}
	var list []component
	for _, p := range packages {
		purl := "pkg:npm/" + osvgen.EscapeName(p.Name) + "@" + p.Version
		list = append(list, component{"library", p.Name, p.Version, purl, purl})
	}
	data, err := json.MarshalIndent(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": list,
		"metadata": map[string]any{"component": map[string]any{"type": "application", "name": filepath.Base(path)}},
	}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
