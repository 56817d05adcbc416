package sbom_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

func readDocument(t testing.TB, document []byte) *fnpkg.Inventory {
	t.Helper()
	inv, err := sbom.ReadCycloneDX(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestReadOwn(t *testing.T) {
	for _, o := range []sbom.Options{{}, {ToolVersion: "1", Timestamp: sample().Subject.Newest.AddDate(1, 0, 0)}} {
		want := sample()
		got := readDocument(t, write(t, want, o))
		// What the reader adds and brings into order.
		want.Edges = append([]fnpkg.Edge{
			{To: "pkg:golang/github.com/BurntSushi/toml@v1.6.0"}, {To: "pkg:maven/g/a@1.0"}, {To: "pkg:npm/%40s/a@1.0.0"},
		}, want.Edges[1:]...)
		want.Hazards[0], want.Hazards[1] = want.Hazards[1], want.Hazards[0]
		want.Components[1].Licenses = []fnpkg.License{{Name: "Ours <& yours>"}, {Expression: "MIT"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	}
}

func TestReadPeers(t *testing.T) {
	tests := []struct {
		file     string
		subject  string
		purls    []string // all, or the first if there are more than listed
		count    int
		edge     fnpkg.Edge
		coverage []fnpkg.Coverage
	}{
		{
			file: "syft-node.cdx.json", subject: "node.zip", count: 25,
			purls: []string{"pkg:npm/%40sideway/formula@3.0.0", "pkg:npm/axios@0.21.0"},
			edge:  fnpkg.Edge{From: "pkg:npm/axios@0.21.0", To: "pkg:npm/follow-redirects@1.16.3"},
		},
		{
			file: "npm-node.cdx.json", subject: "order-webhook", count: 24,
			purls: []string{"pkg:npm/%40sideway/formula@3.0.0", "pkg:npm/axios@0.21.0"},
			edge:  fnpkg.Edge{To: "pkg:npm/axios@0.21.0"},
		},
		{
			file: "cdxgen-like.cdx.json", subject: "shop", count: 4,
			purls: []string{"pkg:npm/%40acme/log@2.0.0", "pkg:npm/express@4.17.1", "pkg:npm/qs@6.7.0", "pkg:npm/shop-api@1.0.0"},
			edge:  fnpkg.Edge{From: "pkg:npm/express@4.17.1", To: "pkg:npm/qs@6.7.0"},
			coverage: []fnpkg.Coverage{{
				Ecosystem: sbom.UnreadEcosystem, State: fnpkg.CoveragePartial, Files: 2,
				Reason: `2 of the document's components have no valid package URL: "broken", "inhouse-utils"`,
			}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			document, err := os.ReadFile(filepath.Join("testdata/peers", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			inv := readDocument(t, document)
			var purls []string
			for _, c := range inv.Components {
				purls = append(purls, c.PURL)
				if c.Origin != fnpkg.OriginShipped || c.Name == "" {
					t.Errorf("component %+v", c)
				}
			}
			if len(purls) != tt.count {
				t.Errorf("%d components, want %d: %q", len(purls), tt.count, purls)
			}
			if diff := cmp.Diff(tt.purls, purls[:min(len(purls), len(tt.purls))]); diff != "" {
				t.Errorf("components (-want +got):\n%s", diff)
			}
			found := false
			for _, e := range inv.Edges {
				found = found || e == tt.edge
			}
			if !found {
				t.Errorf("no edge %+v in %+v", tt.edge, inv.Edges)
			}
			if diff := cmp.Diff(tt.coverage, inv.Coverage); diff != "" {
				t.Errorf("coverage (-want +got):\n%s", diff)
			}
			if inv.Subject.Name != tt.subject {
				t.Errorf("subject %q, want %q", inv.Subject.Name, tt.subject)
			}
		})
	}
}

func TestReadPeerDetails(t *testing.T) {
	document, err := os.ReadFile("testdata/peers/cdxgen-like.cdx.json")
	if err != nil {
		t.Fatal(err)
	}
	want := fnpkg.Component{
		PURL: "pkg:npm/%40acme/log@2.0.0", Type: "npm", Name: "@acme/log", Version: "2.0.0",
		Origin: fnpkg.OriginShipped, Confidence: 0.7,
		Licenses:    []fnpkg.License{{Expression: "(MIT OR Apache-2.0)"}},
		Occurrences: []fnpkg.Occurrence{{Path: "src/a.js#1"}, {Path: "src/b.js#3"}},
	}
	if diff := cmp.Diff(want, readDocument(t, document).Components[0]); diff != "" {
		t.Errorf("component (-want +got):\n%s", diff)
	}
}

func TestReadVersions(t *testing.T) {
	for _, version := range []string{"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"} {
		inv := readDocument(t, []byte(`{"bomFormat":"CycloneDX","specVersion":"`+version+`","components":[
			{"type":"library","name":"a","version":"1","purl":"pkg:npm/a"}]}`))
		if len(inv.Components) != 1 || inv.Components[0].PURL != "pkg:npm/a@1" {
			t.Errorf("version %s: %+v", version, inv.Components)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	const head = `{"bomFormat":"CycloneDX","specVersion":"1.6"`
	var limit *fnpkg.LimitError
	tests := []struct {
		name, document string
		limit          bool
		words          string
	}{
		{"nothing", "", false, "unexpected end"},
		{"no JSON", "PK\x03\x04", false, "invalid character"},
		{"another format", `{"spdxVersion":"SPDX-2.3"}`, false, "bomFormat"},
		{"no version", `{"bomFormat":"CycloneDX"}`, false, "version"},
		{"a version to come", `{"bomFormat":"CycloneDX","specVersion":"9.9"}`, false, "version"},
		{"a list for an object", head + `,"metadata":[]}`, false, "metadata"},
		{"cut off", head + `,"components":[{"type":"library"`, false, "unexpected end"},
		{"two documents", head + `}` + head + `}`, false, "after top-level value"},
		{"too deep", head + `,"components":` + strings.Repeat(`[{"components":`, 100) + strings.Repeat(`}]`, 100) + `}`, true, "nesting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv, err := sbom.ReadCycloneDX(strings.NewReader(tt.document))
			if err == nil {
				t.Fatalf("no error, and %+v", inv)
			}
			if got := errors.As(err, &limit); got != tt.limit || errors.Is(err, sbom.ErrNotCycloneDX) == tt.limit {
				t.Errorf("error of the wrong kind: %v", err)
			}
			if !strings.Contains(err.Error(), tt.words) {
				t.Errorf("error %q does not say %q", err, tt.words)
			}
		})
	}
}

func TestIsCycloneDX(t *testing.T) {
	for head, want := range map[string]bool{
		`{"bomFormat": "CycloneDX", `:                                            true,
		"\xef\xbb\xbf \n{\n  \"$schema\": \"http://cyclonedx.org/schema/bom-1.6": true,
		`{"spdxVersion":"SPDX-2.3"}`:                                             false,
		`"bomFormat":"CycloneDX"`:                                                false,
		"PK\x03\x04":                                                             false,
		"":                                                                       false,
	} {
		if got := sbom.IsCycloneDX([]byte(head)); got != want {
			t.Errorf("IsCycloneDX(%q) = %v", head, got)
		}
	}
}

// What was read must survive being written and read again: a document that
// passes through fnseal says the same as before.
func FuzzReadCycloneDX(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.cdx.json")
	if err != nil {
		f.Fatal(err)
	}
	peers, err := filepath.Glob("testdata/peers/*.cdx.json")
	if err != nil {
		f.Fatal(err)
	}
	seeds = append(seeds, peers...)
	if len(seeds) < 6 {
		f.Fatalf("only the seeds %q", seeds)
	}
	for _, seed := range seeds {
		document, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	f.Add([]byte(`{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{"type":"library","name":"a","purl":"pkg:npm/a@1"}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		first, err := sbom.ReadCycloneDX(bytes.NewReader(document))
		if err != nil {
			return
		}
		assertSurvives(t, first)
	})
}

func assertSurvives(t *testing.T, inv *fnpkg.Inventory) {
	t.Helper()
	written := write(t, inv, sbom.Options{})
	again, err := sbom.ReadCycloneDX(bytes.NewReader(written))
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%s", err, written)
	}
	if diff := cmp.Diff(inv, again, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("read again (-first +again):\n%s\n%s", diff, written)
	}
}

// The same, with hostile words in a document that is well formed.
func FuzzReadWords(f *testing.F) {
	f.Add("pkg:npm/a@1", "a", "1", "MIT", "MIT OR X", "node_modules/a", "shipped", "0.5", "npm", "partial 1 why", "2026-01-01T00:00:00Z")
	f.Add("pkg:golang/A/b", "A/b", "", "x", "", "a!/b", "declared", "NaN", "", "none 0 ", "2026-01-01T00:00:00.5+01:00")
	f.Add("pkg:maven/g/a@1?type=jar#x", "\xff", " ", "", "MIT", " ", "bundled", "1e400", "a b", "complete -1", "0001-01-01T00:00:00Z")
	f.Fuzz(func(t *testing.T, purl, name, version, license, expression, location, origin, confidence, ecosystem, coverage, newest string) {
		type object = map[string]any
		property := func(name, value string) object { return object{"name": name, "value": value} }
		component := object{
			"type": "library", "bom-ref": name, "name": name, "version": version, "purl": purl,
			"licenses":   []object{{"license": object{"id": license}}, {"license": object{"name": expression}}, {"expression": expression}},
			"properties": []object{property("fnseal:origin", origin), property("fnseal:confidence", confidence), property("fnseal:found-by", location)},
			"evidence":   object{"occurrences": []object{{"location": location}, {"location": name}}},
			"hashes":     []object{{"alg": "SHA-256", "content": strings.Repeat("AB", 32)}},
		}
		document, err := json.Marshal(object{
			"bomFormat": "CycloneDX", "specVersion": "1.6",
			"metadata": object{"timestamp": newest, "component": object{
				"type": "application", "bom-ref": location, "name": name,
				"properties": []object{
					property("fnseal:kind", origin), property("fnseal:newest-entry", newest), property("fnseal:size", version),
					property("fnseal:coverage:"+ecosystem, coverage), property("fnseal:hazard:"+ecosystem, name),
				},
			}},
			"components": []object{
				component,
				{"type": "library", "bom-ref": "b", "name": "b", "version": "1", "purl": "pkg:npm/b"},
				{"type": "library", "bom-ref": "none", "name": expression},
			},
			"dependencies": []object{{"ref": name, "dependsOn": []string{"b", location}}, {"ref": location, "dependsOn": []string{name}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		inv, err := sbom.ReadCycloneDX(bytes.NewReader(document))
		if err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		assertSurvives(t, inv)
	})
}
