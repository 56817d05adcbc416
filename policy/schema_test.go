package policy_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/fnseal/fnseal/policy"
)

var update = flag.Bool("update", false, "rewrite golden files and the schema")

// TestSchema makes the JSON schema of the policy file from the types that read
// it, so that it can neither lag behind nor say something else.
func TestSchema(t *testing.T) {
	made := makeSchema(t)
	if *update {
		if err := os.WriteFile("fnseal.schema.json", made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made, policy.FileSchema) {
		t.Error("fnseal.schema.json is not what the types say: go test ./policy -run TestSchema -update")
	}
}

func makeSchema(t *testing.T) []byte {
	t.Helper()
	r := jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Anonymous:                  true, // no $id made of Go's package paths
		Mapper:                     scalarSchema,
	}
	s := r.Reflect(&policy.File{})
	s.ID = "https://github.com/fnseal/fnseal/policy/fnseal.schema.json"
	s.Title = "fnseal.yaml"
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

// scalarSchema describes the types that are read from text, and the lists that
// may be written as a single element.
func scalarSchema(t reflect.Type) *jsonschema.Schema {
	one := uint64(1)
	text := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string", MinLength: &one} }
	switch t {
	case reflect.TypeFor[policy.Date]():
		return &jsonschema.Schema{Type: "string", Format: "date"}
	case reflect.TypeFor[policy.Days]():
		return &jsonschema.Schema{Type: "string", Pattern: "^[0-9]+[dw]$"}
	case reflect.TypeFor[policy.Span]():
		return &jsonschema.Schema{Type: "string", Pattern: "^[0-9]*[1-9][0-9]*[mhdw]$"}
	case reflect.TypeFor[policy.Glob]():
		return text()
	case reflect.TypeFor[policy.Globs]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{text(), {Type: "array", Items: text(), MinItems: &one}}}
	case reflect.TypeFor[policy.Names]():
		text := &jsonschema.Schema{Type: "string"}
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{text, {Type: "array", Items: text, MinItems: &one}}}
	}
	return nil
}
