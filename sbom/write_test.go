package sbom_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// rich is sample with everything that documents can say and few packages do.
func rich() *fnpkg.Inventory {
	inv := sample()
	inv.Coverage[0].Edges = fnpkg.CoverageComplete
	c := &inv.Components[2]
	c.Producer = fnpkg.Party{Name: "Jane <Doe>", Email: "jane@example.com", URL: "https://example.com/jane"}
	c.SourceURL = "git+https://example.com/s/a.git"
	c.TreeSHA256 = strings.Repeat("45", 32)
	c.Evidence = []fnpkg.Evidence{
		{Technique: "source-map", Path: "dist/index.js.map", Detail: "node_modules/@s/a/index.js: \"x\"", Confidence: 0.98},
		{Technique: "comment", Path: "dist/index.js", Detail: "a v1.0.0", Confidence: 0.6},
	}
	c.LicenseTexts = []fnpkg.LicenseText{{Path: "node_modules/@s/a/LICENSE", Text: "Permission is <hereby>\ngranted\n"}}
	inv.Subject.SHA512 = strings.Repeat("89", 64)
	inv.Components[3].Distribution = fnpkg.Distribution{SHA256: strings.Repeat("ef", 32)}
	c.Distribution = fnpkg.Distribution{URL: "https://registry.example/a-1.0.0.tgz", SHA512: strings.Repeat("67", 64)}
	inv.Subject.Layers = []fnpkg.Layer{{Name: "shared layer.zip", Digest: inv.Subject.Digest}, {Name: "built"}}
	inv.Components[4].Producer = fnpkg.Party{URL: "https://example.org"}
	return inv
}

var richOptions = sbom.Options{
	ToolVersion: "1.0.0",
	Author:      fnpkg.Party{Name: "Example (Ltd.)", Email: "sbom@example.com"},
	Supplier:    fnpkg.Party{Name: "Example GmbH", URL: "https://example.com"},
	DataLicense: "CC0-1.0", ConcludeLicenses: true,
}

// two is an application of two packages that share components.
func two(t testing.TB) *fnpkg.Inventory {
	t.Helper()
	other := sample()
	other.Subject.Name = "layer.zip"
	other.Subject.Digest[0] = 1
	other.Components = other.Components[1:4:4]
	other.Components[0].Occurrences = []fnpkg.Occurrence{{Path: "java/lib/a.jar"}}
	other.Edges = nil
	return sbom.Merge("shop", sample(), other)
}

func TestWrite(t *testing.T) {
	in2027 := sbom.Options{Timestamp: time.Date(2027, 1, 1, 1, 0, 0, 5, time.FixedZone("", 3600))}
	empty := &fnpkg.Inventory{Subject: fnpkg.Subject{Name: "empty", Kind: fnpkg.KindDirectory}}
	merged := two(t)
	tests := []struct {
		name string
		inv  *fnpkg.Inventory
		o    sbom.Options
	}{
		{"sample", sample(), sbom.Options{ToolVersion: "1.0.0"}},
		{"rich", rich(), richOptions},
		{"timestamp", sample(), in2027},
		{"empty", empty, sbom.Options{}},
		{"merged", merged, sbom.Options{ToolVersion: "1.0.0"}},
	}
	for _, tt := range tests {
		for _, f := range sbom.Formats() {
			for _, version := range append([]string{""}, f.Versions()...) {
				o := tt.o
				o.SpecVersion = version
				t.Run(tt.name+"/"+string(f)+version, func(t *testing.T) {
					got := writeAs(t, tt.inv, f, o)
					validateAs(t, f, version, got)
					if again := writeAs(t, tt.inv, f, o); !bytes.Equal(got, again) {
						t.Error("written again it is another document")
					}
					switch version {
					case "":
						golden(t, tt.name+extension[f], got)
					case f.Versions()[0]:
						o.SpecVersion = ""
						if unasked := writeAs(t, tt.inv, f, o); !bytes.Equal(got, unasked) {
							t.Errorf("%s is not what is written without a version", version)
						}
					}
				})
			}
		}
	}
}

var extension = map[sbom.Format]string{
	sbom.CycloneDXJSON: ".cdx.json", sbom.CycloneDXXML: ".cdx.xml", sbom.SPDXJSON: ".spdx.json",
	sbom.SPDX3JSON: ".spdx3.json", sbom.PURLs: ".purls.txt",
}

func writeAs(t testing.TB, inv *fnpkg.Inventory, f sbom.Format, o sbom.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := sbom.Write(&out, inv, f, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// golden compares got with a file, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// A document must not be written in a form that was not asked for.
func TestWriteRefuses(t *testing.T) {
	for _, tt := range []struct {
		format  sbom.Format
		version string
		words   string
	}{
		{"yaml", "", "unknown SBOM format"},
		{sbom.CycloneDXJSON, "1.5", "1.6 and 1.7"},
		{sbom.SPDXJSON, "3.0.1", "2.3"},
		{sbom.PURLs, "1", "it has none"},
	} {
		var out bytes.Buffer
		err := sbom.Write(&out, sample(), tt.format, sbom.Options{SpecVersion: tt.version})
		var format *sbom.FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), tt.words) || out.Len() > 0 {
			t.Errorf("%s %s: error %v, %d bytes", tt.format, tt.version, err, out.Len())
		}
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

func BenchmarkWrite(b *testing.B) {
	inv := large(200)
	for _, f := range sbom.Formats() {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				writeAs(b, inv, f, sbom.Options{})
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, f := range readable {
		document := writeAs(b, large(200), f, sbom.Options{})
		b.Run(string(f), func(b *testing.B) {
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				if _, err := sbom.Read(bytes.NewReader(document)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDiff(b *testing.B) {
	from, to := large(2000), large(2100)
	for b.Loop() {
		if d := sbom.Diff(from, to); len(d.Added) != 100 {
			b.Fatal(d)
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
