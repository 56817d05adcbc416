package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestParsePythonMetadata(t *testing.T) {
	tests := []struct {
		name, content string
		want          pythonMetadata
	}{
		{
			"headers end at an empty line",
			"Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nRequires-Dist: a (>=1)\nRequires-Dist: b ; extra == 'x'\nLicense: MIT\n\nName: other\n",
			pythonMetadata{name: "Foo.Bar", version: "1.0", licenses: []string{"MIT"}, requires: []string{"a (>=1)", "b ; extra == 'x'"}},
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
		{
			"who made it and where its source is",
			"Name: a\nAuthor: Ada\nAuthor-email: \"Lovelace, Ada\" <ada@example.org>, Bob <bob@example.org>\nHome-page: https://example.org\nProject-URL: Source Code, https://github.com/a/b\n",
			pythonMetadata{name: "a", about: about{producer: fnpkg.Party{Name: "Lovelace, Ada", Email: "ada@example.org"}, source: "https://github.com/a/b"}},
		},
		{
			"a home page is a contact, and a source where it is a repository",
			"Name: a\nAuthor: Example Inc.\nHome-page: https://github.com/a/b\n",
			pythonMetadata{name: "a", about: about{producer: fnpkg.Party{Name: "Example Inc.", URL: "https://github.com/a/b"}, source: "https://github.com/a/b"}},
		},
		{"nothing known", "Name: a\nVersion: UNKNOWN\nLicense: UNKNOWN\nrubbish\n more\n", pythonMetadata{name: "a"}},
		{"no headers", "\nName: a\n", pythonMetadata{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parsePythonMetadata([]byte(tt.content)), cmp.AllowUnexported(pythonMetadata{}, about{})); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

// Which archive was installed is said by the tags beside the metadata, or by
// there being only one.
func TestLockedArchive(t *testing.T) {
	lock := []byte(`version = 1
[[package]]
name = "cryptography"
version = "42.0.0"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.example/cryptography-42.0.0.tar.gz", hash = "sha256:` + strings.Repeat("00", 32) + `", size = 1 }
wheels = [
    { url = "https://files.example/cryptography-42.0.0-cp37-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", hash = "sha256:` + strings.Repeat("11", 32) + `", size = 1 },
    { url = "https://files.example/cryptography-42.0.0-cp39-abi3-macosx_10_12_universal2.whl", hash = "sha256:` + strings.Repeat("22", 32) + `", size = 1 },
]

[[package]]
name = "one"
version = "1"
files = [
    {file = "one-1.tar.gz", hash = "sha256:` + strings.Repeat("33", 32) + `"},
]
`)
	packages := parsePackageTables(lock)
	if len(packages) != 2 || len(packages[0].files) != 3 {
		t.Fatalf("read %+v", packages)
	}
	for tag, want := range map[string]string{
		"cp37-abi3-manylinux2014_x86_64":    strings.Repeat("11", 32),
		"cp39-abi3-macosx_10_12_universal2": strings.Repeat("22", 32),
		"cp311-cp311-linux_x86_64":          "", // built there from the source distribution
	} {
		if got := packages[0].archive(map[string]bool{tag: true}).SHA256; got != want {
			t.Errorf("installed as %s it is from %q, want %q", tag, got, want)
		}
	}
	if got := packages[0].archive(nil); got != (fnpkg.Distribution{}) {
		t.Errorf("not known how it was installed, it is from %+v", got)
	}
	if got := packages[1].archive(nil); got.SHA256 != strings.Repeat("33", 32) || got.URL != "" {
		t.Errorf("the only archive: %+v", got)
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
			[]lockedPackage{{name: "a", version: "1.0"}, {name: "a", version: "2.0"}}},
		{"uv.lock", "version = 1\n[[package]]\nname = \"mine\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n[[package]]\nname = \"b\"\nversion = \"3\"\nsource = { registry = \"https://pypi.org/simple\" }\n",
			[]lockedPackage{{name: "b", version: "3"}}},
		{"sub/Pipfile.lock", `{"default":{"c":{"version":"==4.0"},"d":{"git":"x"}},"develop":{"e":{"version":"==1"}}}`,
			[]lockedPackage{{name: "c", version: "4.0"}}},
		{"pdm.lock", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			got, err := parsePythonLock(tt.file, []byte(tt.content))
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(got, func(a, b lockedPackage) int { return strings.Compare(a.name+a.version, b.name+b.version) })
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(lockedPackage{}, lockedFile{})); diff != "" {
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
