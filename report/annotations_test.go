package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/policy"
)

// TestAnnotationsAreOneLineEach: whatever a package is called, an annotation
// stays one workflow command and nobody starts another.
func TestAnnotationsAreOneLineEach(t *testing.T) {
	hostile := "x\n::set-output name=verdict::accepted\r::error::\u2028 ::stop-commands::t,title=y:%0A::add-path::/tmp"
	p := &patch.Plan{
		Targets:     []patch.Target{{Name: hostile}},
		Retirements: []patch.Retirement{{Runtime: fnpkg.Runtime{Name: hostile, Successor: hostile}, State: fnpkg.RuntimeUnknown, Targets: []int{0}}},
		Upgrades:    []patch.Upgrade{{Name: hostile, To: hostile, From: []patch.Version{{Version: hostile}}}},
	}
	v := policy.Verdict{Target: hostile, Checks: []policy.Check{{ID: "digest", Outcome: policy.Fail, Reason: hostile, Bundle: hostile}}}
	var out bytes.Buffer
	if err := PlanAnnotations(&out, p); err != nil {
		t.Fatal(err)
	}
	if err := VerdictAnnotations(&out, v); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3:\n%s", len(lines), out.String())
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "::error title=") && !strings.HasPrefix(line, "::warning title=") || strings.Contains(line, "\r") {
			t.Errorf("%q", line)
		}
		title, _, _ := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		if strings.Count(title, ",") != 0 || strings.Count(title, ":") != 0 {
			t.Errorf("the title gives further properties: %q", title)
		}
	}
}

func TestAnnotationsAreAsManyAsAreShown(t *testing.T) {
	p := &patch.Plan{}
	for i := range 40 {
		p.Upgrades = append(p.Upgrades, patch.Upgrade{Name: fmt.Sprint("p", i), To: "2", From: []patch.Version{{Version: "1"}}})
	}
	var out bytes.Buffer
	if err := PlanAnnotations(&out, p); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != annotationsShown {
		t.Errorf("%d annotations, want %d", n, annotationsShown)
	}
}
