package policy

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/internal/strictyaml"
)

// Suite are tests of a policy against recorded facts.
type Suite struct {
	Version int    `yaml:"version" jsonschema:"required,enum=1"`
	Policy  string `yaml:"policy" jsonschema:"required"` // file, relative to the suite's
	Tests   []Test `yaml:"tests" jsonschema:"required"`
}

// Test is what a policy should say of one artifact.
type Test struct {
	Name   string `yaml:"name" jsonschema:"required"`
	Facts  string `yaml:"facts" jsonschema:"required"` // file, relative to the suite's
	At     Date   `yaml:"at"`                          // day it is judged on; when the facts were recorded if not given
	Expect string `yaml:"expect" jsonschema:"required,enum=accepted,enum=refused"`
	Fails  Names  `yaml:"fails"` // ids of the checks that must fail: these, and no others
}

// ParseSuite reads tests of a policy.
func ParseSuite(name string, data []byte) (*Suite, error) {
	var s Suite
	doc, err := strictyaml.Decode(name, data, &s)
	if err != nil {
		return nil, err
	}
	var defects []*strictyaml.Error
	seen := make(map[string]bool)
	for i, t := range s.Tests {
		if seen[t.Name] {
			defects = append(defects, doc.Errorf(index("tests", i)+".name", "there is a test of that name already"))
		}
		seen[t.Name] = true
		if t.Expect == "accepted" && len(t.Fails) > 0 {
			defects = append(defects, doc.Errorf(index("tests", i)+".fails", "nothing fails where the artifact is accepted"))
		}
	}
	return &s, strictyaml.Join(defects)
}

// Run runs one test against a policy, and says in what the verdict differs from
// what is expected; "" if in nothing.
func (t Test) Run(p Sources, r Recorded) (Verdict, string) {
	demands := p.Demands(r.Facts.Name)
	demands.At = r.At
	if !t.At.IsZero() {
		demands.At = t.At.Start()
	}
	v := Evaluate(r.Facts, r.Package, demands)
	got := "refused"
	if v.Accepted() {
		got = "accepted"
	}
	var failed []string
	for _, c := range v.Checks {
		if c.Outcome == Fail && !slices.Contains(failed, c.ID) {
			failed = append(failed, c.ID)
		}
	}
	slices.Sort(failed)
	want := slices.Sorted(slices.Values(t.Fails))
	switch {
	case got != t.Expect && len(failed) > 0:
		return v, fmt.Sprintf("is %s, not %s: %s", got, t.Expect, strings.Join(failed, ", "))
	case got != t.Expect:
		return v, fmt.Sprintf("is %s, not %s", got, t.Expect)
	case len(want) > 0 && !slices.Equal(slices.Compact(want), failed):
		return v, fmt.Sprintf("fails %s, not %s", strings.Join(failed, ", "), strings.Join(want, ", "))
	}
	return v, ""
}

// Beside returns the path of a file that is named in the one at path.
func Beside(path, name string) string { return Source{Path: path}.beside(name) }

// Demands returns what the policy demands of an artifact of a name, without the
// time it is judged at.
func (s Sources) Demands(name string) Policy {
	deadlines, _ := s.Judgement()
	return Policy{
		Rules: s.RuleSets(name), Signers: s.Signers(), Ignore: s.Scan().Ignore, Deadlines: deadlines,
		UnsafeAllowHazards: s.hazards(),
	}
}

// File returns the base name of the file that was asked for.
func (s Sources) File() string { return filepath.Base(s[len(s)-1].Path) }
