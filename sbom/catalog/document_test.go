package catalog_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fnseal/fnseal/sbom"
)

var update = flag.Bool("update", false, "write golden files")

// The documents of the real packages: valid, the same as ever, and read back
// without loss.
func TestDocuments(t *testing.T) {
	schema := cycloneDXSchema(t)
	for _, name := range []string{"node.zip", "python.zip", "java.zip", "java-nested.jar"} {
		t.Run(name, func(t *testing.T) {
			inv := inventoryOf(t, openFile(t, packages+name))
			var out bytes.Buffer
			if err := sbom.WriteCycloneDX(&out, inv, sbom.Options{}); err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("not valid CycloneDX 1.6: %v", err)
			}

			golden := filepath.Join("testdata", name+".cdx.json")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}

			again, err := sbom.ReadCycloneDX(&out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(inv.Components, again.Components); diff != "" {
				t.Errorf("read back (-catalogued +read):\n%s", diff)
			}
			if diff := cmp.Diff(inv.Subject, again.Subject); diff != "" {
				t.Errorf("subject read back (-catalogued +read):\n%s", diff)
			}
		})
	}
}

func cycloneDXSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	for _, name := range []string{"spdx.schema.json", "jsf-0.82.schema.json", "bom-1.6.schema.json"} {
		text, err := os.ReadFile(filepath.Join("../../testdata/schemas", name))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
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
