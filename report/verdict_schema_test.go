package report

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/fnseal/fnseal/policy"
)

// verdictSchema is where the schema of VerdictJSON is published.
const verdictSchema = "../docs/verdict.schema.json"

// TestVerdictSchema makes the JSON schema of a verdict from the types that write
// it, and holds verdicts against it.
func TestVerdictSchema(t *testing.T) {
	r := jsonschema.Reflector{
		Anonymous:                 true, // no $id made of Go's package paths
		AllowAdditionalProperties: true, // a later fnseal may say more
		Namer: func(t reflect.Type) string {
			switch t {
			case reflect.TypeFor[verdictJSON]():
				return "verdict"
			case reflect.TypeFor[policy.Check]():
				return "check"
			}
			return t.Name()
		},
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t == reflect.TypeFor[policy.Outcome]() {
				return &jsonschema.Schema{Type: "string", Enum: []any{policy.Pass, policy.Fail, policy.NotChecked}}
			}
			return nil
		},
	}
	s := r.Reflect(&verdictJSON{})
	s.ID = "https://github.com/fnseal/fnseal/docs/verdict.schema.json"
	s.Title = "fnseal verify -o json"
	made, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *update {
		if err := os.WriteFile(verdictSchema, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	published, err := os.ReadFile(verdictSchema)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, published) {
		t.Error(verdictSchema + " is not what the types say: go test ./report -run TestVerdictSchema -update")
	}
	accepted := verdict()
	accepted.Checks = accepted.Checks[:2]
	for name, v := range map[string]policy.Verdict{"refused": verdict(), "accepted": accepted, "empty": {}} {
		var out bytes.Buffer
		if err := VerdictJSON(&out, v); err != nil {
			t.Fatal(err)
		}
		validate(t, verdictSchema, name, out.Bytes())
	}
}

// TestVerdictSARIF holds verdicts as SARIF against its schema.
func TestVerdictSARIF(t *testing.T) {
	for name, verdicts := range map[string][]policy.Verdict{"refused": {verdict(), verdict()}, "none": {}} {
		var out bytes.Buffer
		if err := VerdictSARIF(&out, verdicts, "1.2.3"); err != nil {
			t.Fatal(err)
		}
		validate(t, "../testdata/schemas/sarif-schema-2.1.0.json", name, out.Bytes())
		var log struct {
			Runs []struct {
				Tool struct {
					Driver struct{ Rules []struct{ ID string } }
				}
				Results []struct {
					RuleID    string
					RuleIndex int
				}
			}
		}
		if err := json.Unmarshal(out.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		run := log.Runs[0]
		if len(run.Results) != len(verdicts) { // one check of each fails
			t.Errorf("%s: %d results of %d verdicts", name, len(run.Results), len(verdicts))
		}
		for _, r := range run.Results {
			if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.RuleID != "digest" {
				t.Errorf("result %s points at rule %d", r.RuleID, r.RuleIndex)
			}
		}
	}
}
