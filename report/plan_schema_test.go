package report

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/fnseal/fnseal/patch"
)

// scanSchema is where the schema of PlanJSON is published.
const scanSchema = "../docs/scan.schema.json"

// TestScanSchema makes the JSON schema of a scan from the types that write it,
// and holds scans against it.
func TestScanSchema(t *testing.T) {
	made := makeScanSchema(t)
	if *update {
		if err := os.WriteFile(scanSchema, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	published, err := os.ReadFile(scanSchema)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, published) {
		t.Error(scanSchema + " is not what the types say: go test ./report -run TestScanSchema -update")
	}
	for name, p := range map[string]*patch.Plan{"plain": plan(t), "due": duePlan(t), "clean": cleanPlan(t)} {
		var out bytes.Buffer
		if err := PlanJSON(&out, p); err != nil {
			t.Fatal(err)
		}
		validate(t, scanSchema, name, out.Bytes())
	}
}

func makeScanSchema(t *testing.T) []byte {
	t.Helper()
	r := jsonschema.Reflector{
		Anonymous:                 true, // no $id made of Go's package paths
		AllowAdditionalProperties: true, // a later fnseal may say more
		Namer:                     func(t reflect.Type) string { return strings.TrimSuffix(t.Name(), "JSON") },
	}
	s := r.Reflect(&planJSON{})
	s.ID = "https://github.com/fnseal/fnseal/docs/scan.schema.json"
	s.Title = "fnseal scan -o json"
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}
