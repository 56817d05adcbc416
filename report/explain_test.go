package report

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestEverythingIsExplained looks for the ids in the sources that give them: a
// new hazard or check needs an explanation.
func TestEverythingIsExplained(t *testing.T) {
	for _, from := range []struct {
		glob, pattern string
		least         int
	}{
		{"../fnpkg/*.go", `Hazard\w+\s+HazardID\s*=\s*"([a-z0-9-]+)"`, 20},
		{"../policy/*.go", `\bCheck[A-Z]\w*\s*=\s*"([a-z0-9-]+)"`, 5},
	} {
		files, err := filepath.Glob(from.glob)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(from.pattern).FindAllStringSubmatch(string(text), -1) {
				found++
				if _, ok := Explain(m[1]); !ok {
					t.Errorf("%s: %q is not explained", file, m[1])
				}
			}
		}
		if found < from.least {
			t.Errorf("%s: found %d ids, the test looks for the wrong thing", from.glob, found)
		}
	}
}

func TestExplanations(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range explanations {
		if seen[e.ID] {
			t.Errorf("%s is explained twice", e.ID)
		}
		seen[e.ID] = true
		if e.What == "" || e.Do == "" || e.Kind == "" {
			t.Errorf("%s: %+v lacks something", e.ID, e)
		}
		var out bytes.Buffer
		if err := ExplainText(&out, e); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > planWidth {
				t.Errorf("%s: %d columns: %s", e.ID, n, line)
			}
		}
	}
	if _, ok := Explain("nonsense"); ok {
		t.Error("nonsense is explained")
	}
}
