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
	inv, err := sbom.Read(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// readable are the formats that are read as well as written.
var readable = []sbom.Format{sbom.CycloneDXJSON, sbom.CycloneDXXML, sbom.SPDXJSON, sbom.SPDX3JSON}

func TestReadOwn(t *testing.T) {
	for _, o := range []sbom.Options{{}, {ToolVersion: "1", Timestamp: sample().Subject.Newest.AddDate(1, 0, 0)}, richOptions} {
		want := rich()
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

// What one format says, each says: an inventory survives the way through all
// of them, one after the other.
func TestReadEveryFormat(t *testing.T) {
	want := readDocument(t, write(t, rich(), richOptions))
	for _, f := range readable {
		for _, version := range f.Versions() {
			o := richOptions
			o.SpecVersion = version
			again := readDocument(t, writeAs(t, want, f, o))
			expected := clone(t, want)
			if f == sbom.SPDXJSON {
				// SPDX 2.3 names a party and its e-mail address only.
				expected.Components[2].Producer.URL = ""
			}
			if diff := cmp.Diff(expected, again); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", f, version, diff)
			}
		}
	}
}

func clone(t testing.TB, inv *fnpkg.Inventory) *fnpkg.Inventory {
	t.Helper()
	return readDocument(t, write(t, inv, sbom.Options{}))
}

// A merged document is read as one package that ships everything.
func TestReadMerged(t *testing.T) {
	merged := two(t)
	for _, f := range readable {
		inv := readDocument(t, writeAs(t, merged, f, sbom.Options{}))
		var got, want []string
		for _, c := range inv.Components {
			got = append(got, c.PURL+" "+string(c.Origin))
		}
		for _, c := range merged.Components {
			want = append(want, c.PURL+" "+string(c.Origin))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f, diff)
		}
		if inv.Subject.Name != "shop" || inv.Subject.Kind != fnpkg.KindApplication || inv.Coverage[0].Ecosystem == sbom.UnreadEcosystem {
			t.Errorf("%s: subject %+v, coverage %+v", f, inv.Subject, inv.Coverage)
		}
		assertSurvives(t, f, inv)
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
			file: "syft-node.spdx.json", subject: "node.zip", count: 25,
			purls: []string{"pkg:npm/%40sideway/formula@3.0.0", "pkg:npm/axios@0.21.0"},
			edge:  fnpkg.Edge{From: "pkg:npm/axios@0.21.0", To: "pkg:npm/follow-redirects@1.16.3"},
		},
		{
			file: "npm-node.spdx.json", subject: "order-webhook", count: 24,
			purls: []string{"pkg:npm/%40sideway/formula@3.0.0", "pkg:npm/axios@0.21.0"},
			edge:  fnpkg.Edge{To: "pkg:npm/axios@0.21.0"},
		},
		{
			file: "syft-java.cdx.xml", subject: "java.zip", count: 4,
			purls: []string{"pkg:maven/com.amazonaws/aws-lambda-java-core@1.2.1", "pkg:maven/com.google.guava/failureaccess@1.0.1"},
			edge:  fnpkg.Edge{To: "pkg:maven/org.reactivestreams.reactive-streams/reactive-streams@1.0.3"},
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

func TestReadRefusesOther(t *testing.T) {
	const spdx = `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT"`
	const xmlns = ` xmlns="http://cyclonedx.org/schema/bom/1.6">`
	var limit *fnpkg.LimitError
	tests := []struct {
		name, document string
		is             error // nil for a limit
		words          string
	}{
		{"nothing", "", sbom.ErrNotSBOM, "neither"},
		{"a zip", "PK\x03\x04", sbom.ErrNotSBOM, "neither"},
		{"other JSON", `{"name":"x"}`, sbom.ErrNotSBOM, "neither"},
		{"other XML", `<project/>`, sbom.ErrNotSBOM, "neither"},
		{"an SPDX to come", `{"SPDXID":"SPDXRef-DOCUMENT","spdxVersion":"SPDX-3.0"}`, sbom.ErrNotSPDX, "SPDX-3.0"},
		{"SPDX without a version", `{"SPDXID":"SPDXRef-DOCUMENT"}`, sbom.ErrNotSPDX, "no spdxVersion"},
		{"SPDX cut off", spdx + `,"packages":[{`, sbom.ErrNotSPDX, "unexpected end"},
		{"two SPDX documents", spdx + `}` + spdx + `}`, sbom.ErrNotSPDX, "after top-level value"},
		{"an SPDX of another shape", spdx + `,"packages":{}}`, sbom.ErrNotSPDX, "packages"},
		{"SPDX too deep", spdx + `,"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, nil, "nesting"},
		{"XML cut off", `<bom` + xmlns + `<components>`, sbom.ErrNotCycloneDX, "unexpected EOF"},
		{"XML of no version", `<bom xmlns="http://cyclonedx.org/schema/bom/0.9"></bom>`, sbom.ErrNotCycloneDX, "version"},
		{"two XML documents", `<bom` + xmlns + `</bom><bom` + xmlns + `</bom>`, sbom.ErrNotCycloneDX, "more than one root"},
		{"XML within another", `<x><bom` + xmlns + `</bom></x>`, sbom.ErrNotCycloneDX, `root element is "x"`},
		{"XML too deep", `<bom` + xmlns + strings.Repeat("<components>", 500) + strings.Repeat("</components>", 500) + `</bom>`, nil, "nesting"},
		{"XML with entities", `<!DOCTYPE bom [<!ENTITY a "b">]><bom` + xmlns + `&a;</bom>`, sbom.ErrNotCycloneDX, "entity"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv, err := sbom.Read(strings.NewReader(tt.document))
			if err == nil {
				t.Fatalf("no error, and %+v", inv)
			}
			if inv != nil {
				t.Errorf("an inventory beside the error: %+v", inv)
			}
			if tt.is == nil && !errors.As(err, &limit) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error of the wrong kind: %v", err)
			}
			if !strings.Contains(err.Error(), tt.words) {
				t.Errorf("error %q does not say %q", err, tt.words)
			}
		})
	}
}

// Fields have no order in JSON: what says the format may come last.
func TestReadFormatLast(t *testing.T) {
	filler := `"comment":"` + strings.Repeat("x", 200<<10) + `",`
	for _, document := range []string{
		`{` + filler + `"components":[{"type":"library","name":"a","purl":"pkg:npm/a@1"}],"bomFormat":"CycloneDX","specVersion":"1.5"}`,
		`{` + filler + `"packages":[{"SPDXID":"SPDXRef-a","name":"a","versionInfo":"1","externalRefs":[{"referenceCategory":"PACKAGE_MANAGER","referenceType":"purl","referenceLocator":"pkg:npm/a"}]}],"spdxVersion":"SPDX-2.2"}`,
	} {
		inv := readDocument(t, []byte(document))
		if len(inv.Components) != 1 || inv.Components[0].PURL != "pkg:npm/a@1" {
			t.Errorf("components %+v", inv.Components)
		}
	}
}

// A document about one library is about a component, one about one application
// is not.
func TestReadSPDXOfOnePackage(t *testing.T) {
	const head = `{"spdxVersion":"SPDX-2.3","name":"doc","documentDescribes":["SPDXRef-a"],"packages":[{"SPDXID":"SPDXRef-a","name":"a"`
	library := readDocument(t, []byte(head+`,"externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:npm/a@1"}]}]}`))
	if len(library.Components) != 1 || library.Subject.Name != "doc" {
		t.Errorf("%+v", library)
	}
	application := readDocument(t, []byte(head+`}]}`))
	if len(application.Components)+len(application.Coverage) != 0 || application.Subject.Name != "a" {
		t.Errorf("%+v", application)
	}
}

// What SPDX documents say in more than one way.
func TestReadSPDXDetails(t *testing.T) {
	inv := readDocument(t, []byte(`{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"doc",
		"hasExtractedLicensingInfos":[{"licenseId":"LicenseRef-1","name":"Ours","extractedText":"long"}],
		"packages":[
			{"SPDXID":"SPDXRef-root","name":"shop","versionInfo":"1"},
			{"SPDXID":"SPDXRef-a","name":"a","versionInfo":"NOASSERTION","licenseDeclared":"NOASSERTION","licenseConcluded":"MIT AND LicenseRef-1",
			 "originator":"Person: Jane (jane@example.com)","downloadLocation":"https://example.com/a.tgz","checksums":[{"algorithm":"SHA256","checksumValue":"`+strings.Repeat("AB", 32)+`"}],
			 "externalRefs":[{"referenceCategory":"PACKAGE_MANAGER","referenceType":"purl","referenceLocator":"pkg:npm/a"}]},
			{"SPDXID":"SPDXRef-b","name":"b","versionInfo":"2","licenseDeclared":"MIT OR (Apache-2.0","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:npm/b"}]},
			{"SPDXID":"SPDXRef-c","name":"inhouse","versionInfo":"2"},
			{"SPDXID":"SPDXRef-d","name":"bookworm","primaryPackagePurpose":"OPERATING-SYSTEM"}],
		"relationships":[
			{"spdxElementId":"SPDXRef-root","relationshipType":"DESCRIBED_BY","relatedSpdxElement":"SPDXRef-DOCUMENT"},
			{"spdxElementId":"SPDXRef-b","relationshipType":"RUNTIME_DEPENDENCY_OF","relatedSpdxElement":"SPDXRef-a"}]}`))
	want := &fnpkg.Inventory{
		Subject: fnpkg.Subject{Name: "shop"},
		Components: []fnpkg.Component{
			{
				PURL: "pkg:npm/a", Type: "npm", Name: "a", Origin: fnpkg.OriginShipped, Confidence: 1,
				Licenses:     []fnpkg.License{{Name: "Ours"}, {Expression: "MIT"}},
				Producer:     fnpkg.Party{Name: "Jane", Email: "jane@example.com"},
				Distribution: fnpkg.Distribution{URL: "https://example.com/a.tgz", SHA256: strings.Repeat("ab", 32)},
			},
			{
				PURL: "pkg:npm/b@2", Type: "npm", Name: "b", Version: "2", Origin: fnpkg.OriginShipped, Confidence: 1,
				Licenses: []fnpkg.License{{Name: "MIT OR (Apache-2.0"}},
			},
		},
		Edges: []fnpkg.Edge{{To: "pkg:npm/a"}, {From: "pkg:npm/a", To: "pkg:npm/b@2"}},
		Coverage: []fnpkg.Coverage{{
			Ecosystem: sbom.UnreadEcosystem, State: fnpkg.CoveragePartial, Files: 1,
			Reason: `1 of the document's components have no valid package URL: "inhouse"`,
		}},
	}
	if diff := cmp.Diff(want, inv); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
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

// What was read must survive being written and read again, in every format: a
// document that passes through fnseal says the same as before.
func FuzzRead(f *testing.F) {
	var seeds []string
	for _, pattern := range []string{"testdata/*.cdx.*", "testdata/*.spdx.json", "testdata/*.spdx3.json", "testdata/peers/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, found...)
	}
	if len(seeds) < 20 {
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
		first, err := sbom.Read(bytes.NewReader(document))
		if err != nil {
			return
		}
		assertSurvives(t, sbom.CycloneDXJSON, first)
		for _, format := range []sbom.Format{sbom.CycloneDXXML, sbom.SPDXJSON, sbom.SPDX3JSON} {
			// These have no place for some of what CycloneDX in JSON can say;
			// what they do say must not change any more.
			second := readDocument(t, writeAs(t, first, format, sbom.Options{}))
			assertSurvives(t, format, second)
			if diff := cmp.Diff(purlsOf(first), purlsOf(second)); diff != "" {
				t.Fatalf("components in %s (-first +second):\n%s", format, diff)
			}
		}
	})
}

func purlsOf(inv *fnpkg.Inventory) []string {
	var out []string
	for _, c := range inv.Components {
		out = append(out, c.PURL+" "+string(c.Origin))
	}
	return out
}

func assertSurvives(t *testing.T, f sbom.Format, inv *fnpkg.Inventory) {
	t.Helper()
	written := writeAs(t, inv, f, sbom.Options{})
	again, err := sbom.Read(bytes.NewReader(written))
	if err != nil {
		t.Fatalf("what was written as %s cannot be read: %v\n%s", f, err, written)
	}
	if diff := cmp.Diff(inv, again, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s read again (-first +again):\n%s\n%s", f, diff, written)
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
		assertSurvives(t, sbom.CycloneDXJSON, inv)
		for _, format := range []sbom.Format{sbom.CycloneDXXML, sbom.SPDXJSON, sbom.SPDX3JSON} {
			assertSurvives(t, format, readDocument(t, writeAs(t, inv, format, sbom.Options{})))
		}
	})
}

// What peers write in SPDX 3: ids and types under the names of JSON-LD, agents
// and licences as elements of their own, a purl among the identifiers, one
// package described and none, and nothing where a list may be empty.
func TestReadSPDX3OfPeers(t *testing.T) {
	const document = `{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
		{"@type": "CreationInfo", "@id": "_:c", "created": "2026-01-01T00:00:00Z", "specVersion": "3.0.1", "createdBy": ["urn:o"]},
		{"type": "SpdxDocument", "spdxId": "urn:d", "creationInfo": "_:c", "name": "app", "rootElement": ["urn:s"]},
		{"type": "software_Sbom", "spdxId": "urn:s", "creationInfo": "_:c", "rootElement": "urn:root", "element": []},
		{"type": "software_Package", "spdxId": "urn:root", "creationInfo": {"@id": "_:c"}, "name": "app.zip", "software_primaryPurpose": "application"},
		{"type": "software_Package", "spdxId": "urn:a", "name": "a", "software_packageVersion": "1.0.0",
			"externalIdentifier": [{"type": "ExternalIdentifier", "externalIdentifierType": "packageUrl", "identifier": "pkg:npm/a@1.0.0"}],
			"originatedBy": ["urn:o"], "software_downloadLocation": "https://registry.example/a.tgz",
			"verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": "` + "0101010101010101010101010101010101010101010101010101010101010101" + `"}]},
		{"type": "software_Package", "spdxId": "urn:b", "name": "b", "software_packageUrl": "pkg:npm/b@2.0.0"},
		{"type": "software_Package", "spdxId": "urn:none", "name": "nameless"},
		{"type": "Organization", "spdxId": "urn:o", "name": "Example", "externalIdentifier": [{"externalIdentifierType": "email", "identifier": "a@example.org"}]},
		{"type": "Relationship", "spdxId": "urn:r1", "from": "urn:a", "relationshipType": "dependsOn", "to": ["urn:b"]},
		{"type": "LifecycleScopedRelationship", "spdxId": "urn:r2", "from": "urn:root", "relationshipType": "dependsOn", "to": "urn:a", "scope": "runtime"},
		{"type": "Relationship", "spdxId": "urn:r3", "from": "urn:a", "relationshipType": "hasDeclaredLicense", "to": ["urn:l"]},
		{"type": "Relationship", "spdxId": "urn:r4", "from": "urn:b", "relationshipType": "hasConcludedLicense", "to": ["https://spdx.org/licenses/Apache-2.0"]},
		{"type": "simplelicensing_LicenseExpression", "spdxId": "urn:l", "simplelicensing_licenseExpression": "MIT OR ISC"},
		null]}`
	got := readDocument(t, []byte(document))
	want := []fnpkg.Component{
		{
			PURL: "pkg:npm/a@1.0.0", Type: "npm", Name: "a", Version: "1.0.0", Origin: fnpkg.OriginShipped, Confidence: 1,
			Licenses: []fnpkg.License{{Expression: "MIT OR ISC"}}, Producer: fnpkg.Party{Name: "Example", Email: "a@example.org"},
			Distribution: fnpkg.Distribution{URL: "https://registry.example/a.tgz", SHA256: strings.Repeat("01", 32)},
		},
		{PURL: "pkg:npm/b@2.0.0", Type: "npm", Name: "b", Version: "2.0.0", Origin: fnpkg.OriginShipped, Confidence: 1, Licenses: []fnpkg.License{{Expression: "Apache-2.0"}}},
	}
	if diff := cmp.Diff(want, got.Components); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]fnpkg.Edge{{To: "pkg:npm/a@1.0.0"}, {From: "pkg:npm/a@1.0.0", To: "pkg:npm/b@2.0.0"}}, got.Edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
	if got.Subject.Name != "app.zip" || len(got.Coverage) != 1 || got.Coverage[0].Ecosystem != sbom.UnreadEcosystem {
		t.Errorf("subject %+v, coverage %+v", got.Subject, got.Coverage)
	}
	for _, bad := range []string{
		`{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}`,
		`{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": 1}`,
	} {
		if _, err := sbom.Read(strings.NewReader(bad)); !errors.Is(err, sbom.ErrNotSPDX3) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
