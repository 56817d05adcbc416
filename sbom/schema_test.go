package sbom_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// spdx3Property is what the model of SPDX 3.0.1 says of a property of a class.
type spdx3Property struct {
	Kind    string // string, number or boolean
	Values  []string
	Object  []string // classes of which the value is one, by id or in place
	Pattern string
	List    bool
	Min     int
}

func spdx3Model(t testing.TB) map[string]map[string]spdx3Property {
	t.Helper()
	text, err := os.ReadFile("../testdata/schemas/spdx-3.0.1-model.json")
	if err != nil {
		t.Fatal(err)
	}
	var model map[string]map[string]spdx3Property
	if err := json.Unmarshal(text, &model); err != nil || len(model) < 10 {
		t.Fatalf("a model of %d classes: %v", len(model), err)
	}
	return model
}

// validateSPDX3 holds every property of every element against the model, and
// checks that every id is unique and every reference leads to an element of a
// class that may stand there.
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
	v := spdx3Validator{t, spdx3Model(t), map[string]string{}}
	for _, e := range doc.Graph {
		class, _ := e["type"].(string)
		key := "spdxId"
		if class == "CreationInfo" {
			key = "@id"
		}
		id, _ := e[key].(string)
		if id == "" || v.classes[id] != "" {
			t.Errorf("id %q of a %s is empty or not unique", id, class)
		}
		v.classes[id] = class
	}
	for _, e := range doc.Graph {
		v.object(e)
	}
}

type spdx3Validator struct {
	t       *testing.T
	model   map[string]map[string]spdx3Property
	classes map[string]string // by id
}

func (v spdx3Validator) object(e map[string]any) {
	v.t.Helper()
	class, _ := e["type"].(string)
	allowed, ok := v.model[class]
	if !ok {
		v.t.Errorf("class %q", class)
		return
	}
	for name, p := range allowed {
		if p.Min > 0 && e[name] == nil {
			v.t.Errorf("%s %v has no %s", class, e["spdxId"], name)
		}
	}
	for name, value := range e {
		p, ok := allowed[name]
		if name == "type" || name == "spdxId" || name == "@id" {
			continue
		}
		if !ok {
			v.t.Errorf("a %s has no property %s", class, name)
			continue
		}
		many, isList := value.([]any)
		if isList != p.List {
			v.t.Errorf("%s of a %s: %v", name, class, value)
			continue
		}
		if !isList {
			many = []any{value}
		}
		for _, one := range many {
			v.value(class+"."+name, p, one)
		}
	}
}

func (v spdx3Validator) value(where string, p spdx3Property, value any) {
	v.t.Helper()
	text, isText := value.(string)
	ok := true
	switch {
	case p.Object != nil && isText:
		ok = slices.Contains(p.Object, v.classes[text])
	case p.Object != nil:
		object, _ := value.(map[string]any)
		class, _ := object["type"].(string)
		ok = slices.Contains(p.Object, class)
		v.object(object)
	case p.Values != nil:
		ok = slices.Contains(p.Values, text)
	case p.Kind == "string":
		ok = isText && (p.Pattern == "" || regexp.MustCompile(p.Pattern).MatchString(text))
	}
	if !ok {
		v.t.Errorf("%s is %v", where, value)
	}
}
