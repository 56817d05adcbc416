package sbom_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

var update = flag.Bool("update", false, "write golden files")

// sample has one of everything.
func sample() *fnpkg.Inventory {
	digest, err := fnpkg.ParseDigest("sha256:" + strings.Repeat("ab", 32))
	if err != nil {
		panic(err)
	}
	return &fnpkg.Inventory{
		Subject: fnpkg.Subject{
			Name: "order-webhook.zip", Kind: fnpkg.KindZip, Size: 1234,
			Digest: digest, Content: fnpkg.ContentDigest(digest),
			Newest: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		},
		Components: []fnpkg.Component{
			{
				PURL: "pkg:golang/github.com/BurntSushi/toml@v1.6.0", Type: "golang", Name: "github.com/BurntSushi/toml", Version: "v1.6.0",
				Origin: fnpkg.OriginShipped, Confidence: 1, FoundBy: "go-module-binary",
				Occurrences: []fnpkg.Occurrence{{Path: "bootstrap"}},
			},
			{
				PURL: "pkg:maven/g/a@1.0", Type: "maven", Name: "g:a", Version: "1.0",
				Origin: fnpkg.OriginShipped, Confidence: 0.7, FoundBy: "java-archive",
				Occurrences: []fnpkg.Occurrence{{Path: "lib/a.jar"}, {Path: "lib/b.jar!/inner/a.jar"}},
				Licenses:    []fnpkg.License{{Name: "Ours <& yours>"}, {Expression: "MIT"}},
				SHA256:      strings.Repeat("01", 32), SHA512: strings.Repeat("23", 64),
			},
			{
				PURL: "pkg:npm/%40s/a@1.0.0", Type: "npm", Name: "@s/a", Version: "1.0.0",
				Origin: fnpkg.OriginBundled, Confidence: 0.4,
				Licenses: []fnpkg.License{{Expression: "MIT OR Apache-2.0"}},
			},
			{
				PURL: "pkg:npm/%40s/a@1.0.0", Type: "npm", Name: "@s/a", Version: "1.0.0",
				Origin: fnpkg.OriginDeclared, Confidence: 1, FoundBy: "javascript-lock",
				Occurrences: []fnpkg.Occurrence{{Path: "package-lock.json"}},
			},
			{
				PURL: "pkg:npm/x", Type: "npm", Name: "x", Origin: fnpkg.OriginRuntime, Confidence: 1,
			},
		},
		Edges: []fnpkg.Edge{
			{To: "pkg:maven/g/a@1.0"},
			{From: "pkg:maven/g/a@1.0", To: "pkg:npm/x"},
			{From: "pkg:npm/x", To: "pkg:maven/g/a@1.0"},
		},
		Coverage: []fnpkg.Coverage{
			{Ecosystem: "maven", State: fnpkg.CoverageComplete, Files: 2},
			{Ecosystem: "npm", State: fnpkg.CoveragePartial, Files: 7, Reason: "1 file could not be read: a: b"},
		},
		Hazards: []fnpkg.Hazard{{ID: fnpkg.HazardTrailingBytes}, {ID: fnpkg.HazardDuplicateName, Path: "a\u202e/b"}},
	}
}

func write(t testing.TB, inv *fnpkg.Inventory, o sbom.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := sbom.WriteCycloneDX(&out, inv, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWriteCycloneDX(t *testing.T) {
	schema := cycloneDXSchema(t)
	tests := []struct {
		golden string
		inv    *fnpkg.Inventory
		o      sbom.Options
	}{
		{"sample.cdx.json", sample(), sbom.Options{ToolVersion: "1.0.0"}},
		{"timestamp.cdx.json", sample(), sbom.Options{Timestamp: time.Date(2027, 1, 1, 1, 0, 0, 5, time.FixedZone("", 3600))}},
		{"empty.cdx.json", &fnpkg.Inventory{Subject: fnpkg.Subject{Name: "empty", Kind: fnpkg.KindDirectory}}, sbom.Options{}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			got := write(t, tt.inv, tt.o)
			validate(t, schema, got)
			golden := filepath.Join("testdata", tt.golden)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if again := write(t, tt.inv, tt.o); !bytes.Equal(got, again) {
				t.Error("written again it is another document")
			}
		})
	}
}

// cycloneDXSchema compiles the published schema without the network.
func cycloneDXSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range []string{"spdx.schema.json", "jsf-0.82.schema.json", "bom-1.6.schema.json"} {
		f, err := os.Open(filepath.Join("../testdata/schemas", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		doc, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t testing.TB, schema *jsonschema.Schema, document []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("not valid CycloneDX 1.6: %v", err)
	}
}

// Every component must be found from the root, or a reader that follows the
// graph misses it.
func TestGraphIsRooted(t *testing.T) {
	inv := sample()
	// Two that need each other and that nothing else needs.
	inv.Edges = []fnpkg.Edge{
		{From: "pkg:maven/g/a@1.0", To: "pkg:npm/x"}, {From: "pkg:npm/x", To: "pkg:maven/g/a@1.0"},
		{From: "pkg:maven/g/a@1.0", To: "pkg:npm/not-there"},
	}
	var doc struct {
		Metadata struct {
			Component struct {
				Ref string `json:"bom-ref"`
			} `json:"component"`
		} `json:"metadata"`
		Components []struct {
			Ref string `json:"bom-ref"`
		} `json:"components"`
		Dependencies []struct {
			Ref       string   `json:"ref"`
			DependsOn []string `json:"dependsOn"`
		} `json:"dependencies"`
	}
	if err := json.Unmarshal(write(t, inv, sbom.Options{}), &doc); err != nil {
		t.Fatal(err)
	}
	needs := map[string][]string{}
	for _, d := range doc.Dependencies {
		if _, ok := needs[d.Ref]; ok {
			t.Errorf("%s has two entries", d.Ref)
		}
		needs[d.Ref] = d.DependsOn
	}
	reached := map[string]bool{}
	var walk func(string)
	walk = func(ref string) {
		if !reached[ref] {
			reached[ref] = true
			for _, to := range needs[ref] {
				walk(to)
			}
		}
	}
	walk(doc.Metadata.Component.Ref)
	refs := map[string]bool{doc.Metadata.Component.Ref: true}
	for _, c := range doc.Components {
		if refs[c.Ref] {
			t.Errorf("reference %s is not unique", c.Ref)
		}
		refs[c.Ref] = true
		if !reached[c.Ref] {
			t.Errorf("%s cannot be reached from the root", c.Ref)
		}
	}
	if len(reached) != len(refs) {
		t.Errorf("%d references reached, %d there are", len(reached), len(refs))
	}
}

func TestSerialNumberFollowsContent(t *testing.T) {
	serial := func(inv *fnpkg.Inventory, o sbom.Options) string {
		var doc struct{ SerialNumber string }
		if err := json.Unmarshal(write(t, inv, o), &doc); err != nil {
			t.Fatal(err)
		}
		return doc.SerialNumber
	}
	base := serial(sample(), sbom.Options{})
	changed := sample()
	changed.Components[0].Version = "v1.6.1"
	hostile := sample()
	hostile.Subject.Name = "urn:uuid:00000000-0000-0000-0000-000000000000"
	seen := []string{base}
	for name, s := range map[string]string{
		"a component":    serial(changed, sbom.Options{}),
		"the tool":       serial(sample(), sbom.Options{ToolVersion: "2"}),
		"a hostile name": serial(hostile, sbom.Options{}),
	} {
		if slices.Contains(seen, s) {
			t.Errorf("changing %s leaves the serial number %s", name, s)
		}
		seen = append(seen, s)
	}
	if !strings.Contains(string(write(t, hostile, sbom.Options{})), `"name": "urn:uuid:00000000-`) {
		t.Error("the name was taken for the place of the serial number")
	}
}

func BenchmarkWriteCycloneDX(b *testing.B) {
	inv := large(200)
	for b.Loop() {
		write(b, inv, sbom.Options{})
	}
}

func BenchmarkReadCycloneDX(b *testing.B) {
	document := write(b, large(200), sbom.Options{})
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if _, err := sbom.ReadCycloneDX(bytes.NewReader(document)); err != nil {
			b.Fatal(err)
		}
	}
}

// large is an inventory of n components in a row.
func large(n int) *fnpkg.Inventory {
	inv := sample()
	inv.Components, inv.Edges = nil, nil
	for i := range n {
		name := fmt.Sprintf("p%04d", i)
		purl := "pkg:npm/" + name + "@1.0.0"
		if i > 0 {
			inv.Edges = append(inv.Edges, fnpkg.Edge{From: inv.Components[i-1].PURL, To: purl})
		}
		inv.Components = append(inv.Components, fnpkg.Component{
			PURL: purl, Type: "npm", Name: name, Version: "1.0.0", Origin: fnpkg.OriginShipped, Confidence: 1,
			Licenses:    []fnpkg.License{{Expression: "MIT"}},
			Occurrences: []fnpkg.Occurrence{{Path: "node_modules/" + name + "/package.json"}},
		})
	}
	return inv
}
