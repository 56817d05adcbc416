package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePythonMetadata(t *testing.T) {
	tests := []struct {
		name, content string
		want          pythonMetadata
	}{
		{
			"headers end at an empty line",
			"Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nRequires-Dist: a (>=1)\nRequires-Dist: b ; extra == 'x'\nLicense: MIT\n\nName: other\n",
			pythonMetadata{"Foo.Bar", "1.0", []string{"MIT"}, []string{"a (>=1)", "b ; extra == 'x'"}},
		},
		{
			"an expression counts more than words, with the line ends of Windows",
			"Name: a\r\nVersion: 1\r\nLicense: see below\r\nLicense-Expression: MIT OR Apache-2.0\r\n\r\ntext",
			pythonMetadata{name: "a", version: "1", licenses: []string{"MIT OR Apache-2.0"}},
		},
		{
			"a licence's text is none; classifiers are",
			"Name: a\nVersion: 1\nLicense: Permission is\n        hereby granted\nClassifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: MIT License\nClassifier: Topic :: X\n",
			pythonMetadata{name: "a", version: "1", licenses: []string{"MIT License"}},
		},
		{"nothing known", "Name: a\nVersion: UNKNOWN\nLicense: UNKNOWN\nrubbish\n more\n", pythonMetadata{name: "a"}},
		{"no headers", "\nName: a\n", pythonMetadata{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parsePythonMetadata([]byte(tt.content)), cmp.AllowUnexported(pythonMetadata{})); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRequiresTxt(t *testing.T) {
	got := parseRequiresTxt([]byte("a>=1\n\n[:python_version < \"3\"]\nb\n\n[test]\nc\n[test:sys_platform=='win32']\nd\n"))
	if diff := cmp.Diff([]string{"a>=1", "b"}, got); diff != "" {
		t.Errorf("requirements (-want +got):\n%s", diff)
	}
}

func TestParsePythonLock(t *testing.T) {
	tests := []struct {
		file, content string
		want          []lockedPackage
	}{
		{"poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1.0\"\n\n[package.dependencies]\nname = \"x\"\nversion = \"9\"\n\n[[package]]\nname = \"a\"\nversion = \"2.0\"\n\n[metadata]\nversion = \"3\"\n",
			[]lockedPackage{{"a", "1.0"}, {"a", "2.0"}}},
		{"uv.lock", "version = 1\n[[package]]\nname = \"mine\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n[[package]]\nname = \"b\"\nversion = \"3\"\nsource = { registry = \"https://pypi.org/simple\" }\n",
			[]lockedPackage{{"b", "3"}}},
		{"sub/Pipfile.lock", `{"default":{"c":{"version":"==4.0"},"d":{"git":"x"}},"develop":{"e":{"version":"==1"}}}`,
			[]lockedPackage{{"c", "4.0"}}},
		{"pdm.lock", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			got, err := parsePythonLock(tt.file, []byte(tt.content))
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(got, func(a, b lockedPackage) int { return strings.Compare(a.name+a.version, b.name+b.version) })
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(lockedPackage{})); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := parsePythonLock("Pipfile.lock", []byte("{")); err == nil {
		t.Error("a damaged lock file was read")
	}
}

// What was read is in the headers, on lines of its own.
func FuzzPythonMetadata(f *testing.F) {
	f.Add([]byte("Name: a\nVersion: 1\nLicense: x\n y\n\nname: z"))
	f.Add([]byte("License-Expression:\tMIT\r\nRequires-Dist: a\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		m := parsePythonMetadata(content)
		for _, value := range append([]string{m.name, m.version}, m.requires...) {
			first, _, _ := strings.Cut(value, "\n")
			if !strings.Contains(string(content), first) || strings.TrimSpace(value) != value {
				t.Errorf("%q is not in the metadata", value)
			}
		}
	})
}

func TestPythonEdges(t *testing.T) {
	at := map[pythonSite]string{}
	for _, name := range []string{"app", "requests", "urllib3", "pysocks", "certifi", "unasked"} {
		at[pythonSite{"", name}] = name
	}
	at[pythonSite{"other", "app"}] = "elsewhere"
	edges, loose := pythonEdges(at, map[pythonSite][]string{
		{"", "app"}:      {"Requests[SOCKS, use_x] (>=2) ; python_version >= '3.8'", "missing", "@"},
		{"", "requests"}: {"urllib3<3,>=1.21", "PySocks!=1.5.7,>=1.5.6; extra == 'socks'", `certifi; sys_platform == "linux" and extra == "use-x"`, "unasked; extra == 'other'"},
		{"other", "app"}: {"requests"},
	})
	if !loose {
		t.Error("an extra that only the function may have asked for is not loose")
	}
	var got []string
	for _, e := range edges {
		got = append(got, e.From+" "+e.To)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"app requests", "requests certifi", "requests pysocks", "requests urllib3"}, got); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}
