package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/sbom"
)

func component(typ, name, version string, licence string) fnpkg.Component {
	c := fnpkg.Component{Type: typ, Name: name, Version: version, PURL: "pkg:" + typ + "/" + name + "@" + version, Origin: fnpkg.OriginShipped, Confidence: 1}
	if licence != "" {
		c.Licenses = []fnpkg.License{{Expression: licence}}
	}
	return c
}

func difference() *sbom.Difference {
	declared := component("npm", "lodash", "4.17.20", "MIT")
	declared.Origin = fnpkg.OriginDeclared
	return &sbom.Difference{
		From: fnpkg.Subject{Name: "old.zip", Kind: fnpkg.KindZip}, To: fnpkg.Subject{Name: "new|<b>.zip", Kind: fnpkg.KindZip},
		Added:   []fnpkg.Component{component("npm", "evil@user|<img>\x1b[31m", "", "")},
		Removed: []fnpkg.Component{component("pypi", "six", "1.16.0", "MIT")},
		Changed: []sbom.ComponentChange{
			{From: component("npm", "axios", "0.21.0", "MIT"), To: component("npm", "axios", "1.7.0", "ISC"), What: []sbom.Aspect{sbom.AspectVersion, sbom.AspectLicense}},
			{From: declared, To: component("npm", "lodash", "4.17.20", "MIT"), What: []sbom.Aspect{sbom.AspectOrigin, sbom.AspectContent}},
		},
		Same: 3,
		Files: &sbom.FileDifference{
			Added:   []sbom.File{{Path: "run", Size: 2_500_000, Executable: true}},
			Removed: []sbom.File{{Path: "link", Target: "a"}},
			Changed: []sbom.FileChange{{From: sbom.File{Path: "x", Size: 1}, To: sbom.File{Path: "x", Size: 1500, Executable: true}, Content: true}},
			Same:    7,
		},
	}
}

func TestDiffText(t *testing.T) {
	var out bytes.Buffer
	if err := report.DiffText(&out, difference()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"-  six ", "~  axios ", "version; licence MIT → ISC", "origin declared → shipped; content under the same version",
		"unknown", "2.5 MB", "link to a", "content, now executable",
		"1 component added, 1 removed, 2 changed, 3 the same; 1 file added, 1 removed, 1 changed, 7 the same",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("an escape sequence came through")
	}
}

func TestDiffMarkdown(t *testing.T) {
	var out bytes.Buffer
	if err := report.DiffMarkdown(&out, difference()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, hostile := range []string{"<img>", "<b>", "@user", "\x1b", "evil@"} {
		if strings.Contains(text, hostile) {
			t.Errorf("%q came through:\n%s", hostile, text)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| ") {
			cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") - 1
			if cells != 6 && cells != 5 {
				t.Errorf("%d cells: %s", cells, line)
			}
		}
	}
	for _, want := range []string{"| \\~ | axios | npm | 0\\.21\\.0 | 1\\.7\\.0 |", "<details><summary>3 files</summary>"} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
}

// A package with everything new does not drown a pull request; a program gets
// all of it.
func TestDiffManyFiles(t *testing.T) {
	d := &sbom.Difference{Files: &sbom.FileDifference{}}
	for i := range 200 {
		d.Files.Added = append(d.Files.Added, sbom.File{Path: fmt.Sprintf("f%03d", i)})
	}
	var text, markdown, data bytes.Buffer
	for out, render := range map[*bytes.Buffer]func() error{
		&text:     func() error { return report.DiffText(&text, d) },
		&markdown: func() error { return report.DiffMarkdown(&markdown, d) },
		&data:     func() error { return report.DiffJSON(&data, d) },
	} {
		if err := render(); err != nil || out.Len() == 0 {
			t.Fatal(err)
		}
	}
	for _, out := range []string{text.String(), markdown.String()} {
		if !strings.Contains(out, "and 150 more") || strings.Contains(out, "f050") {
			t.Errorf("not cut:\n%s", out)
		}
	}
	if !strings.Contains(data.String(), "f199") {
		t.Error("JSON is cut")
	}
}

func TestDiffJSON(t *testing.T) {
	var out bytes.Buffer
	if err := report.DiffJSON(&out, difference()); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	changed := got["changed"].([]any)[0].(map[string]any)
	if diff := cmp.Diff([]any{"version", "licence"}, changed["what"]); diff != "" {
		t.Errorf("what (-want +got):\n%s", diff)
	}
	files := got["files"].(map[string]any)
	want := map[string]any{
		"added": []any{map[string]any{"path": "run", "size": 2.5e6, "executable": true}}, "removed": []any{map[string]any{"path": "link", "size": 0.0, "linkTarget": "a"}},
		"changed": []any{map[string]any{"content": true, "from": map[string]any{"path": "x", "size": 1.0}, "to": map[string]any{"path": "x", "size": 1500.0, "executable": true}}},
		"same":    7.0,
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}

	out.Reset()
	if err := report.DiffJSON(&out, sbom.Diff(&fnpkg.Inventory{}, &fnpkg.Inventory{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"added": []`, `"removed": []`, `"changed": []`, `"files": null`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %s:\n%s", want, out.String())
		}
	}
}
