package catalog_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestNPM(t *testing.T) {
	tests := []struct {
		name  string
		files []file
		want  []string // purl and occurrences
		edges []fnpkg.Edge
	}{
		{
			name: "nested in one another, not in folders within packages",
			files: []file{
				{name: "package.json", content: `{"name":"fn","version":"1.0.0","dependencies":{"a":"1"}}`},
				{name: "node_modules/a/package.json", content: `{"name":"a","version":"1.0.0","dependencies":{"b":"2"}}`},
				{name: "node_modules/a/dist/esm/package.json", content: `{"type":"module"}`},
				{name: "node_modules/a/test/fixtures/package.json", content: `{"name":"fixture","version":"0.0.1"}`},
				{name: "node_modules/a/test/node_modules/c/package.json", content: `{"name":"c","version":"0.0.1"}`},
				{name: "node_modules/a/node_modules/b/package.json", content: `{"name":"b","version":"2.0.0"}`},
				{name: "node_modules/b/package.json", content: `{"name":"b","version":"1.0.0"}`},
				{name: "node_modules/.cache/x/package.json", content: `{"name":"x","version":"1.0.0"}`},
				{name: "node_modules/package.json", content: `{"name":"y","version":"1.0.0"}`},
			},
			want:  []string{"pkg:npm/a@1.0.0 node_modules/a/package.json", "pkg:npm/b@1.0.0 node_modules/b/package.json", "pkg:npm/b@2.0.0 node_modules/a/node_modules/b/package.json"},
			edges: []fnpkg.Edge{{To: "pkg:npm/a@1.0.0"}, {From: "pkg:npm/a@1.0.0", To: "pkg:npm/b@2.0.0"}},
		},
		{
			name: "once per purl with all occurrences, in a layer too",
			files: []file{
				{name: "nodejs/node_modules/@s/a/package.json", content: `{"name":"@s/a","version":"1.0.0"}`},
				{name: "nodejs/node_modules/b/package.json", content: `{"name":"b","version":"1.0.0","peerDependencies":{"@s/a":"*"}}`},
				{name: "nodejs/node_modules/b/node_modules/@s/a/package.json", content: `{"name":"@s/a","version":"1.0.0"}`},
			},
			want: []string{
				"pkg:npm/%40s/a@1.0.0 nodejs/node_modules/@s/a/package.json nodejs/node_modules/b/node_modules/@s/a/package.json",
				"pkg:npm/b@1.0.0 nodejs/node_modules/b/package.json",
			},
			edges: []fnpkg.Edge{{From: "pkg:npm/b@1.0.0", To: "pkg:npm/%40s/a@1.0.0"}},
		},
		{
			name: "under an alias by its own name, without a name by its folder",
			files: []file{
				{name: "node_modules/old/package.json", content: `{"name":"real","version":"1.0.0"}`},
				{name: "node_modules/@s/nameless/package.json", content: `{"version":"1.0.0"}`},
				{name: "node_modules/versionless/package.json", content: `{"name":"versionless"}`},
			},
			want: []string{
				"pkg:npm/%40s/nameless@1.0.0 node_modules/@s/nameless/package.json",
				"pkg:npm/real@1.0.0 node_modules/old/package.json",
				"pkg:npm/versionless node_modules/versionless/package.json",
			},
		},
		{
			name: "fields of odd types and a byte order mark",
			files: []file{
				{name: "node_modules/a/package.json", content: "\xef\xbb\xbf" + `{"name":"a","version":"1.0.0"}`},
				{name: "node_modules/b/package.json", content: `{"name":"b","version":"1.0.0","dependencies":["x"],"repository":7,"author":[1]}`},
			},
			want: []string{"pkg:npm/a@1.0.0 node_modules/a/package.json", "pkg:npm/b@1.0.0 node_modules/b/package.json"},
		},
		{
			name: "pnpm keeps packages in a store and links to them",
			files: []file{
				{name: "package.json", content: `{"dependencies":{"a":"1"}}`},
				{name: "node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", content: `{"name":"a","version":"1.0.0","dependencies":{"b":"1"}}`},
				{name: "node_modules/.pnpm/a@1.0.0/node_modules/b", content: "../../b@1.0.0/node_modules/b", mode: fs.ModeSymlink | 0o777},
				{name: "node_modules/.pnpm/b@1.0.0/node_modules/b/package.json", content: `{"name":"b","version":"1.0.0"}`},
				{name: "node_modules/.pnpm/node_modules/b", content: "../b@1.0.0/node_modules/b", mode: fs.ModeSymlink | 0o777},
				{name: "node_modules/a", content: ".pnpm/a@1.0.0/node_modules/a", mode: fs.ModeSymlink | 0o777},
			},
			want: []string{
				"pkg:npm/a@1.0.0 node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
				"pkg:npm/b@1.0.0 node_modules/.pnpm/b@1.0.0/node_modules/b/package.json",
			},
			edges: []fnpkg.Edge{{To: "pkg:npm/a@1.0.0"}, {From: "pkg:npm/a@1.0.0", To: "pkg:npm/b@1.0.0"}},
		},
		{
			name: "a linked folder is installed, one beside it is not",
			files: []file{
				{name: "packages/shared/package.json", content: `{"name":"@us/shared","version":"1.0.0"}`},
				{name: "packages/other/package.json", content: `{"name":"@us/other","version":"1.0.0"}`},
				{name: "node_modules/@us/shared", content: "../../packages/shared", mode: fs.ModeSymlink | 0o777},
			},
			want: []string{"pkg:npm/%40us/shared@1.0.0 packages/shared/package.json"},
		},
		{
			name: "entries of one name hide nothing",
			files: []file{
				{name: "node_modules/a/package.json", content: `{"name":"a","version":"1.0.0"}`},
				{name: "node_modules/a/package.json", content: `{"name":"a","version":"2.0.0"}`},
			},
			want: []string{"pkg:npm/a@1.0.0 node_modules/a/package.json", "pkg:npm/a@2.0.0 node_modules/a/package.json"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv := inventoryOf(t, packageOf(t, tt.files...))
			var got []string
			for _, c := range inv.Components {
				line := c.PURL
				for _, o := range c.Occurrences {
					line += " " + o.Path
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("components (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.edges, inv.Edges); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNPMLicenses(t *testing.T) {
	inv := inventoryOf(t, packageOf(t,
		file{name: "node_modules/a/package.json", content: `{"name":"a","version":"1","license":"(MIT OR Apache-2.0)"}`},
		file{name: "node_modules/b/package.json", content: `{"name":"b","version":"1","license":"SEE LICENSE IN terms.txt"}`},
		file{name: "node_modules/c/package.json", content: `{"name":"c","version":"1"}`},
		file{name: "node_modules/c/LICENSE", content: strings.Repeat("Permission is hereby granted, free of charge\n", 20)},
		file{name: "node_modules/d/package.json", content: `{"name":"d","version":"1","license":"Line one\nline two"}`},
	))
	want := map[string][]fnpkg.License{
		"a": {{Expression: "(MIT OR Apache-2.0)"}},
		"b": {{Name: "SEE LICENSE IN terms.txt"}},
		"c": nil, // a text would have to be classified
		"d": nil,
	}
	for _, c := range inv.Components {
		if diff := cmp.Diff(want[c.Name], c.Licenses); diff != "" {
			t.Errorf("licences of %s (-want +got):\n%s", c.Name, diff)
		}
	}
}

func TestCoverage(t *testing.T) {
	tests := []struct {
		name  string
		files []file
		want  fnpkg.Coverage
		words []string // that the reason has
	}{
		{
			name:  "a bundle",
			files: []file{{name: "index.js", content: strings.Repeat("var a=1;", 8<<10)}},
			want:  fnpkg.Coverage{Ecosystem: "npm", State: fnpkg.CoverageNone, Files: 1},
			words: []string{"index.js", "looks bundled"},
		},
		{
			name: "a package.json that is none",
			files: []file{
				{name: "node_modules/a/package.json", content: `{"name":"a","version":"1.0.0"}`},
				{name: "node_modules/b/package.json", content: `{"name":`},
			},
			want:  fnpkg.Coverage{Ecosystem: "npm", State: fnpkg.CoveragePartial, Files: 2, Edges: fnpkg.CoveragePartial},
			words: []string{"1 file could not be read as a package", "node_modules/b/package.json", "unexpected end"},
		},
		{
			name:  "Python without metadata",
			files: []file{{name: "requests/api.py"}, {name: "app.py"}},
			want:  fnpkg.Coverage{Ecosystem: "pypi", State: fnpkg.CoverageNone, Files: 2},
			words: []string{"2 Python files", "dist-info"},
		},
		{
			name:  "an archive that is none",
			files: []file{{name: "lib/a-1.0.jar", content: "no zip"}},
			want:  fnpkg.Coverage{Ecosystem: "maven", State: fnpkg.CoverageNone, Files: 1},
			words: []string{"lib/a-1.0.jar: not a readable zip"},
		},
		{
			name:  "a program of another language",
			files: []file{{name: "bootstrap", content: "\x7fELF" + strings.Repeat("x", 32<<10), mode: 0o755}},
			want:  fnpkg.Coverage{Ecosystem: "generic", State: fnpkg.CoverageNone, Files: 1},
			words: []string{"1 native executable"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv := inventoryOf(t, packageOf(t, tt.files...))
			if len(inv.Coverage) != 1 {
				t.Fatalf("coverage %+v, want one row", inv.Coverage)
			}
			row := inv.Coverage[0]
			for _, words := range tt.words {
				if !strings.Contains(row.Reason, words) {
					t.Errorf("reason %q does not say %q", row.Reason, words)
				}
			}
			row.Reason = ""
			if diff := cmp.Diff(tt.want, row); diff != "" {
				t.Errorf("coverage (-want +got):\n%s", diff)
			}
		})
	}
}
