package policy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/policy"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestDocs reads every example of the manual, by the reader and by the schema.
func TestDocs(t *testing.T) {
	manual, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	schema := compileSchema(t)
	examples := yamlBlock.FindAllSubmatch(manual, -1)
	if len(examples) < 10 {
		t.Fatalf("only %d examples: the test looks in the wrong place", len(examples))
	}
	for i, m := range examples {
		text := m[1]
		if strings.Contains(string(text), "\ntests:") {
			if _, err := policy.ParseSuite("policy.md", text); err != nil {
				t.Errorf("example %d: %v\n%s", i+1, err, text)
			}
			continue
		}
		_, err := policy.Load("policy.md", func(path string) ([]byte, error) {
			if path == "policy.md" {
				return text, nil
			}
			return []byte("version: 1\n"), nil
		})
		if err != nil {
			t.Errorf("example %d: %v\n%s", i+1, err, text)
		}
		if err := validate(t, schema, text); err != nil {
			t.Errorf("example %d: the schema refuses it: %v\n%s", i+1, err, text)
		}
	}
}

// TestDocsKnowEveryKey holds the manual against the schema: every key of the
// file's top and of its rules is in it; docs/deadlines.md has those of scan.
func TestDocsKnowEveryKey(t *testing.T) {
	var manual string
	for _, name := range []string{"policy.md", "deadlines.md"} {
		text, err := os.ReadFile("../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		manual += string(text)
	}
	keys := regexp.MustCompile(`(?m)^        "([a-z-]+)": \{$`).FindAllSubmatch(policy.FileSchema, -1)
	if len(keys) < 60 {
		t.Fatalf("only %d keys: the test looks in the wrong place", len(keys))
	}
	for _, key := range keys {
		if !strings.Contains(manual, string(key[1])) {
			t.Errorf("the manual does not mention %q", key[1])
		}
	}
}
