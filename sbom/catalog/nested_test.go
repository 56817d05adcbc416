package catalog_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/catalog"
)

func distInfo(name, version string, needs ...string) file {
	content := "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n"
	for _, n := range needs {
		content += "Requires-Dist: " + n + "\n"
	}
	return file{name: name + "-" + version + ".dist-info/METADATA", content: content + "\n"}
}

func npmPackage(folder, name, version string) file {
	return file{name: folder + "/package.json", content: `{"name":"` + name + `","version":"` + version + `"}`}
}

func TestNestedArchives(t *testing.T) {
	bytesOf := func(files ...file) string { return string(zipOf(t, files...)) }
	tests := []struct {
		name  string
		files []file
		want  map[string]string // path by purl
		edges []fnpkg.Edge
		rows  []fnpkg.Coverage
	}{
		{
			name: "requirements that are unpacked at start",
			files: []file{
				{name: "handler.py", content: "import unzip_requirements"},
				{name: ".requirements.zip", content: bytesOf(distInfo("requests", "2.25.1", "idna (<3)"), distInfo("idna", "2.10"), file{name: "requests/__init__.py"})},
			},
			want: map[string]string{
				"pkg:pypi/requests@2.25.1": ".requirements.zip!/requests-2.25.1.dist-info/METADATA",
				"pkg:pypi/idna@2.10":       ".requirements.zip!/idna-2.10.dist-info/METADATA",
			},
			edges: []fnpkg.Edge{{From: "pkg:pypi/requests@2.25.1", To: "pkg:pypi/idna@2.10"}},
			rows:  []fnpkg.Coverage{{Ecosystem: "pypi", State: fnpkg.CoverageComplete, Files: 2}},
		},
		{
			name: "wheel, egg, zip in zip, jar in zip",
			files: []file{
				{name: "vendor/a-1.0-py3-none-any.whl", content: bytesOf(distInfo("a", "1.0"))},
				{name: "b-2.0-py3.egg", content: bytesOf(file{name: "EGG-INFO/PKG-INFO", content: "Name: b\nVersion: 2.0\n\n"})},
				{name: "layers.zip", content: bytesOf(
					file{name: "nodejs.ZIP", content: bytesOf(npmPackage("nodejs/node_modules/c", "c", "3.0.0"))},
					file{name: "java/lib/d-4.0.jar", content: bytesOf(pomProperties("g", "d", "4.0"))},
				)},
			},
			want: map[string]string{
				"pkg:pypi/a@1.0":    "vendor/a-1.0-py3-none-any.whl!/a-1.0.dist-info/METADATA",
				"pkg:pypi/b@2.0":    "b-2.0-py3.egg!/EGG-INFO/PKG-INFO",
				"pkg:npm/c@3.0.0":   "layers.zip!/nodejs.ZIP!/nodejs/node_modules/c/package.json",
				"pkg:maven/g/d@4.0": "layers.zip!/java/lib/d-4.0.jar",
			},
			rows: []fnpkg.Coverage{
				{Ecosystem: "maven", State: fnpkg.CoverageComplete, Files: 1},
				{Ecosystem: "npm", State: fnpkg.CoverageComplete},
				{Ecosystem: "pypi", State: fnpkg.CoverageComplete},
			},
		},
		{
			name: "what packages test themselves with, and what only is called an archive",
			files: []file{
				distInfo("setuptools", "60.0.0"),
				{name: "setuptools/tests/data/fake-1.0.egg", content: bytesOf(distInfo("fake", "1.0"))},
				{name: "data.zip", content: "no archive"},
				{name: "empty.zip"},
			},
			want: map[string]string{"pkg:pypi/setuptools@60.0.0": "setuptools-60.0.0.dist-info/METADATA"},
			rows: []fnpkg.Coverage{{Ecosystem: "pypi", State: fnpkg.CoverageComplete, Files: 1}},
		},
		{
			name: "scripts in a Java archive are for browsers",
			files: []file{{name: "lib/a-1.0.jar", content: bytesOf(pomProperties("g", "a", "1.0"),
				file{name: "template.zip", content: bytesOf(file{name: "app.js"})}, file{name: "b.js"})}},
			want: map[string]string{"pkg:maven/g/a@1.0": "lib/a-1.0.jar"},
			rows: []fnpkg.Coverage{{Ecosystem: "maven", State: fnpkg.CoverageComplete, Files: 1}},
		},
		{
			name: "code in a damaged archive, and code without metadata in another, are not hidden",
			files: []file{
				{name: "damaged.zip", content: bytesOf(distInfo("a", "1"))[:60]},
				{name: "code.zip", content: bytesOf(file{name: "app.py"})},
			},
			rows: []fnpkg.Coverage{
				{Ecosystem: "generic", State: fnpkg.CoverageNone, Files: 1},
				{Ecosystem: "pypi", State: fnpkg.CoverageNone, Files: 1},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv := inventoryOf(t, packageOf(t, tt.files...))
			var got map[string]string
			for _, c := range inv.Components {
				if got == nil {
					got = map[string]string{}
				}
				for _, o := range c.Occurrences {
					got[c.PURL] += o.Path
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("components (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.edges, inv.Edges); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
			rows := inv.Coverage
			for i := range rows {
				if (rows[i].State == fnpkg.CoverageComplete) != (rows[i].Reason == "") {
					t.Errorf("coverage without its reason: %+v", rows[i])
				}
				rows[i].Reason = ""
			}
			for i := range tt.rows {
				if i < len(rows) && tt.rows[i].Files == 0 {
					rows[i].Files = 0
				}
			}
			if diff := cmp.Diff(tt.rows, rows, cmpopts.IgnoreFields(fnpkg.Coverage{}, "Edges")); diff != "" {
				t.Errorf("coverage (-want +got):\n%s", diff)
			}
		})
	}
}

// A program in an archive is known by all of its path.
func TestProgramInArchive(t *testing.T) {
	content, err := os.ReadFile(buildGo(t))
	if err != nil {
		t.Fatal(err)
	}
	inner := zipOf(t, file{name: "bin/tool", content: string(content), mode: 0o755})
	inv := inventoryOf(t, packageOf(t, file{name: "tools.zip", content: string(inner)}))
	for _, c := range inv.Components {
		if c.Type != "golang" || len(c.Occurrences) != 1 || c.Occurrences[0].Path != "tools.zip!/bin/tool" {
			t.Errorf("component %+v", c)
		}
	}
	if len(inv.Components) < 4 {
		t.Errorf("only %d components", len(inv.Components))
	}
}

// The budget is one for all archives, however they are nested.
func TestNestedBudget(t *testing.T) {
	wheel := string(zipOf(t, distInfo("a", "1.0"), file{name: "data", content: strings.Repeat("x", 1<<20), mode: 0o644}))
	limits := fnpkg.DefaultLimits()
	limits.TotalBytes = int64(len(wheel)) + 16 // of the archives in the package
	inner := packageOf(t, file{name: "a.whl", content: wheel}, file{name: "b.whl", content: wheel})
	inv, err := catalog.Catalog(context.Background(), inner, catalog.Options{Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	reasons := ""
	for _, row := range inv.Coverage {
		reasons += row.Reason
	}
	if !strings.Contains(reasons, "bytes of archives in the package") {
		t.Errorf("coverage %+v, want the budget to be crossed", inv.Coverage)
	}
}
