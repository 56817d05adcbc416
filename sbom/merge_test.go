package sbom_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

func TestMerge(t *testing.T) {
	a, b := listed("npm:a@1", "npm:b@1"), listed("npm:a@1", "npm:c@1/declared")
	a.Subject.Name, b.Subject.Name = "a.zip", "b.zip"
	a.Components[0].Occurrences = []fnpkg.Occurrence{{Path: "x"}}
	b.Components[0].Occurrences = []fnpkg.Occurrence{{Path: "x"}}
	a.Components[0].SHA256, b.Components[0].SHA256 = strings.Repeat("01", 32), strings.Repeat("02", 32)
	a.Edges = []fnpkg.Edge{{From: "pkg:npm/a@1", To: "pkg:npm/b@1"}}
	a.Coverage = []fnpkg.Coverage{{Ecosystem: "npm", State: fnpkg.CoverageComplete, Files: 1, Edges: fnpkg.CoverageComplete}}
	b.Coverage = []fnpkg.Coverage{{Ecosystem: "npm", State: fnpkg.CoverageNone, Files: 2, Reason: "why"}}
	b.Hazards = []fnpkg.Hazard{{ID: fnpkg.HazardTrailingBytes}, {ID: fnpkg.HazardDuplicateName, Path: "p"}}
	before := []*fnpkg.Inventory{clone(t, a), clone(t, b)}

	got := sbom.Merge("shop", a, b)
	want := listed("npm:a@1", "npm:b@1", "npm:c@1/declared")
	want.Subject = fnpkg.Subject{Name: "shop", Kind: fnpkg.KindApplication}
	want.Components[0].Occurrences = []fnpkg.Occurrence{{Path: "a.zip:x"}, {Path: "b.zip:x"}}
	want.Edges = []fnpkg.Edge{{To: "pkg:npm/a@1"}, {To: "pkg:npm/c@1"}, {From: "pkg:npm/a@1", To: "pkg:npm/b@1"}}
	want.Coverage = []fnpkg.Coverage{{Ecosystem: "npm", State: fnpkg.CoveragePartial, Files: 3, Reason: "why"}}
	want.Hazards = []fnpkg.Hazard{{ID: fnpkg.HazardDuplicateName, Path: "b.zip:p"}, {ID: fnpkg.HazardTrailingBytes, Path: "b.zip"}}
	want.Parts = []*fnpkg.Inventory{a, b}
	if diff := cmp.Diff(want, got, cmp.Transformer("empty", func(list []fnpkg.Occurrence) []fnpkg.Occurrence {
		if len(list) == 0 {
			return nil
		}
		return list
	})); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, []*fnpkg.Inventory{clone(t, a), clone(t, b)}); diff != "" {
		t.Errorf("the parts changed (-before +after):\n%s", diff)
	}
	if again := sbom.Merge("shop", sbom.Merge("x", a), b); !cmp.Equal(again, got) {
		t.Error("merging in two steps gives something else")
	}
}

// In a merged document every package stands beneath the root and every
// component beneath its own package.
func TestMergedGraph(t *testing.T) {
	var doc struct {
		Components []struct {
			Ref        string `json:"bom-ref"`
			Type       string
			Name       string
			Properties []struct{ Name, Value string }
		}
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
		Compositions []struct {
			Aggregate    string
			Assemblies   []string
			Dependencies []string
		}
	}
	if err := json.Unmarshal(writeAs(t, two(t), sbom.CycloneDXJSON, sbom.Options{}), &doc); err != nil {
		t.Fatal(err)
	}
	needs := map[string][]string{}
	for _, d := range doc.Dependencies {
		needs[d.Ref] = d.DependsOn
	}
	if diff := cmp.Diff([]string{"package:1", "package:2"}, needs["package"]); diff != "" {
		t.Errorf("the root needs (-want +got):\n%s", diff)
	}
	below := map[string]string{} // the package above each reference
	for _, part := range needs["package"] {
		queue := []string{part}
		for len(queue) > 0 {
			ref := queue[0]
			queue = queue[1:]
			if above, seen := below[ref]; seen {
				if above != part {
					t.Errorf("%s is beneath %s and %s", ref, above, part)
				}
				continue
			}
			below[ref] = part
			queue = append(queue, needs[ref]...)
		}
	}
	applications := 0
	for _, c := range doc.Components {
		if c.Type == "application" {
			applications++
			continue
		}
		owner := ""
		for _, p := range c.Properties {
			if p.Name == "fnseal:package" {
				owner = p.Value
			}
		}
		if below[c.Ref] == "" || below[c.Ref] != owner {
			t.Errorf("%s belongs to %q and is beneath %q", c.Ref, owner, below[c.Ref])
		}
	}
	if applications != 2 || len(below) != len(doc.Components) {
		t.Errorf("%d packages, %d of %d reached", applications, len(below), len(doc.Components))
	}
	said := map[string]int{}
	for _, c := range doc.Compositions {
		for _, ref := range c.Dependencies {
			said[ref]++
		}
	}
	for _, c := range doc.Components {
		if said[c.Ref] != 1 {
			t.Errorf("the completeness of what %s needs is said %d times", c.Ref, said[c.Ref])
		}
	}
}
