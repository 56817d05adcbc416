package sbom_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fnseal/fnseal/sbom"
)

// validateAs fails a document that the rules of its format do not allow.
func validateAs(t *testing.T, f sbom.Format, version string, document []byte) {
	t.Helper()
	switch f {
	case sbom.CycloneDXJSON:
		if version == "1.7" {
			validate(t, schema17(t), document)
			return
		}
		validate(t, schema16(t), document)
	case sbom.CycloneDXXML:
		validateXML(t, document, version)
	case sbom.SPDXJSON:
		validate(t, schemaSPDX(t), document)
		validateSPDXRefs(t, document)
	case sbom.SPDX3JSON:
		validateSPDX3(t, document)
	case sbom.PURLs:
		for line := range strings.Lines(string(document)) {
			if !strings.HasPrefix(line, "pkg:") || !strings.HasSuffix(line, "\n") {
				t.Errorf("line %q", line)
			}
		}
	}
}

var compiled sync.Map // schemas by name: compiling one takes a while

func schema(t testing.TB, main string, others ...string) *jsonschema.Schema {
	t.Helper()
	if s, ok := compiled.Load(main); ok {
		return s.(*jsonschema.Schema)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const base = "http://cyclonedx.org/schema/"
	for _, name := range append(others, main) {
		f, err := os.Open(filepath.Join("../testdata/schemas", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		doc, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(base+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(base + main)
	if err != nil {
		t.Fatal(err)
	}
	compiled.Store(main, s)
	return s
}

func schema16(t testing.TB) *jsonschema.Schema {
	return schema(t, "bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schema.json")
}

func schema17(t testing.TB) *jsonschema.Schema {
	return schema(t, "bom-1.7.schema.json", "spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json")
}

func schemaSPDX(t testing.TB) *jsonschema.Schema { return schema(t, "spdx-2.3.schema.json") }

func validate(t testing.TB, schema *jsonschema.Schema, document []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("not valid by %s: %v", schema.Location, err)
	}
}

// validateSPDXRefs checks what the schema does not: that ids are unique and
// relationships have ends.
func validateSPDXRefs(t *testing.T, document []byte) {
	t.Helper()
	var doc struct {
		Packages []struct {
			SPDXID          string
			LicenseDeclared string
		}
		Relationships []struct{ SpdxElementID, RelatedSpdxElement string }
		Infos         []struct{ LicenseID string } `json:"hasExtractedLicensingInfos"`
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{"SPDXRef-DOCUMENT": true}
	for _, p := range doc.Packages {
		if ids[p.SPDXID] {
			t.Errorf("id %s is not unique", p.SPDXID)
		}
		ids[p.SPDXID] = true
	}
	for _, r := range doc.Relationships {
		if !ids[r.SpdxElementID] || !ids[r.RelatedSpdxElement] {
			t.Errorf("relationship without an end: %+v", r)
		}
	}
	refs := map[string]bool{}
	for _, i := range doc.Infos {
		refs[i.LicenseID] = true
	}
	for _, p := range doc.Packages {
		for word := range strings.FieldsSeq(p.LicenseDeclared) {
			if strings.HasPrefix(word, "LicenseRef-") && !refs[word] {
				t.Errorf("%s: licence %s is nowhere described", p.SPDXID, word)
			}
		}
	}
}

// spdx3Required are the properties that the model of SPDX 3.0.1 demands of the
// classes that are written, beside spdxId and creationInfo.
var spdx3Required = map[string][]string{
	"CreationInfo":                        {"@id", "specVersion", "created", "createdBy"},
	"SpdxDocument":                        {"rootElement"},
	"software_Sbom":                       {"rootElement", "software_sbomType"},
	"software_Package":                    {"name"},
	"software_File":                       {"name"},
	"Organization":                        {"name"},
	"SoftwareAgent":                       {"name"},
	"Tool":                                {"name"},
	"Annotation":                          {"annotationType", "subject", "statement"},
	"Relationship":                        {"from", "to", "relationshipType", "completeness"},
	"simplelicensing_LicenseExpression":   {"simplelicensing_licenseExpression"},
	"simplelicensing_SimpleLicensingText": {"simplelicensing_licenseText"},
}

// validateSPDX3 checks the graph: every class has what it must, every id is
// unique and every reference leads somewhere.
func validateSPDX3(t *testing.T, document []byte) {
	t.Helper()
	var doc struct {
		Context string           `json:"@context"`
		Graph   []map[string]any `json:"@graph"`
	}
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if doc.Context != "https://spdx.org/rdf/3.0.1/spdx-context.jsonld" {
		t.Errorf("context %s", doc.Context)
	}
	ids := map[string]bool{}
	for _, e := range doc.Graph {
		class, _ := e["type"].(string)
		required, ok := spdx3Required[class]
		if !ok {
			t.Errorf("class %q", class)
		}
		id, _ := e["spdxId"].(string)
		if class == "CreationInfo" {
			id, _ = e["@id"].(string)
		} else {
			required = append([]string{"spdxId", "creationInfo"}, required...)
		}
		for _, name := range required {
			if e[name] == nil {
				t.Errorf("%s %s has no %s", class, id, name)
			}
		}
		if ids[id] {
			t.Errorf("id %s is not unique", id)
		}
		ids[id] = true
	}
	references := []string{"creationInfo", "createdBy", "createdUsing", "rootElement", "element", "from", "to", "subject", "suppliedBy", "originatedBy", "dataLicense"}
	for _, e := range doc.Graph {
		for _, name := range references {
			switch v := e[name].(type) {
			case string:
				if !ids[v] {
					t.Errorf("%s %v leads nowhere: %s", e["spdxId"], name, v)
				}
			case []any:
				for _, one := range v {
					if !ids[one.(string)] {
						t.Errorf("%s %v leads nowhere: %s", e["spdxId"], name, one)
					}
				}
			}
		}
	}
}
