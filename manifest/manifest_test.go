package manifest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/manifest"
)

// tree writes files and returns their folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		file, text              string
		purlType, name, version string
		line                    int // 0 for nowhere
	}{
		{"package.json", "{\n \"name\": \"axios\",\n \"dependencies\": {\n  \"axios-retry\": \"1\",\n  \"axios\": \"^0.21.0\"\n }\n}\n", "npm", "axios", "", 5},
		{"package-lock.json", "{\n \"packages\": {\n  \"node_modules/a/node_modules/qs\": {\n   \"version\": \"6.5.0\"\n  },\n  \"node_modules/qs\": {\n   \"version\": \"6.7.0\"\n  }\n }\n}\n", "npm", "qs", "6.7.0", 6},
		{"package-lock.json", "{\n \"packages\": {\n  \"node_modules/@scope/qs\": {\n   \"version\": \"1.0.0\"\n  }\n }\n}\n", "npm", "qs", "", 0},
		{"yarn.lock", "# yarn lockfile v1\n\n\"@scope/a@^1.0.0\":\n  version \"1.0.1\"\n\na@^2.0.0, a@^2.1.0:\n  version \"2.1.0\"\n", "npm", "a", "2.1.0", 6},
		{"pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  '@scope/a@1.0.0':\n    resolution: {}\n  ab@1.0.0:\n    resolution: {}\n  a@1.0.0:\n    resolution: {}\n", "npm", "a", "1.0.0", 7},
		{"requirements.txt", "# pins\nrequests-oauthlib==1.0\nRequests[socks]>=2.0 ; python_version > '3'\n", "pypi", "requests", "", 3},
		{"requirements-dev.txt", "zope_interface==5.0\n", "pypi", "zope.interface", "5.0", 1},
		{"poetry.lock", "[[package]]\nname = \"urllib3\"\nversion = \"1.26.0\"\n", "pypi", "urllib3", "1.26.0", 2},
		{"pyproject.toml", "[project]\nname = \"requests-app\"\ndependencies = [\n  \"requests>=2\",\n]\n", "pypi", "requests", "", 4},
		{"Pipfile", "[packages]\nrequests = \"*\"\n", "pypi", "requests", "", 2},
		{"go.mod", "module x\n\ngo 1.22.1\n\nrequire (\n\tgolang.org/x/net v0.16.0 // indirect\n\tgolang.org/x/net/html v0.1.0\n)\n", "golang", "golang.org/x/net", "v0.16.0", 6},
		{"go.mod", "module x\n\ngo 1.22.1\n", "golang", "stdlib", "go1.22.1", 3},
		{"pom.xml", "<project>\n<dependency>\n<groupId>other</groupId>\n<artifactId>core</artifactId>\n</dependency>\n\n\n\n<dependency>\n<groupId>org.x</groupId>\n<artifactId>core</artifactId>\n</dependency>\n</project>\n", "maven", "org.x:core", "", 11},
		{"build.gradle", "dependencies {\n  implementation 'org.x:core:1.0'\n}\n", "maven", "org.x:core", "1.0", 2},
		{"Gemfile", "source 'x'\ngem 'rack', '~> 2'\n", "gem", "rack", "", 2},
		{"Gemfile.lock", "GEM\n  specs:\n    rack-test (1.0)\n      rack (>= 1)\n    rack (2.0)\n", "gem", "rack", "2.0", 5},
		{"composer.lock", "{\n \"packages\": [\n  {\n   \"name\": \"vendor/pkg\",\n   \"version\": \"1.0\"\n  }\n ]\n}\n", "composer", "vendor/pkg", "1.0", 4},
		{"Cargo.lock", "[[package]]\nname = \"time\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"time\"\nversion = \"0.3.0\"\n", "cargo", "time", "0.3.0", 6},
		{"app.csproj", "<Project>\n<PackageReference Include=\"newtonsoft.json\" Version=\"9.0.1\" />\n</Project>\n", "nuget", "Newtonsoft.Json", "9.0.1", 2},
		{"Dockerfile", "# x\nFROM public.ecr.aws/lambda/python:3.12\nRUN true\n", "apk", "openssl", "", 2},
		{"package.json", "{\n \"dependencies\": {\n  \"requests\": \"1\"\n }\n}\n", "pypi", "requests", "", 0},
	} {
		t.Run(tt.file+" "+tt.name, func(t *testing.T) {
			x, err := manifest.Read(context.Background(), tree(t, map[string]string{tt.file: tt.text}))
			if err != nil {
				t.Fatal(err)
			}
			at, ok := x.Find(tt.purlType, tt.name, tt.version, true)
			if ok != (tt.line > 0) || at.Line != tt.line {
				t.Errorf("found %v at line %d, want %d: %q", ok, at.Line, tt.line, at.Text)
			}
		})
	}
}

// TestWhichFile: what the package itself asks for is in a manifest, what others
// bring in a lock file; installed packages are no sources.
func TestWhichFile(t *testing.T) {
	dir := tree(t, map[string]string{
		"package.json":                "{\n \"dependencies\": {\n  \"a\": \"1\"\n }\n}\n",
		"package-lock.json":           "{\n \"packages\": {\n  \"node_modules/a\": {\n   \"version\": \"1.0.0\"\n  }\n }\n}\n",
		"deep/package.json":           "{\n \"dependencies\": {\n  \"a\": \"1\"\n }\n}\n",
		"node_modules/b/package.json": "{\n \"dependencies\": {\n  \"only-there\": \"1\"\n }\n}\n",
		"blob/package.json":           "{\x00 \"dependencies\": {\n  \"only-there\": \"1\"\n }\n}\n",
	})
	x, err := manifest.Read(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for direct, want := range map[bool]string{true: "/package.json:3", false: "/package-lock.json:3"} {
		at, ok := x.Find("npm", "a", "1.0.0", direct)
		if got := strings.TrimPrefix(at.Path, filepath.ToSlash(dir)); !ok || got != want[:len(want)-2] || at.Line != 3 {
			t.Errorf("direct %v: %s:%d, want %s", direct, got, at.Line, want)
		}
	}
	if at, ok := x.Find("npm", "only-there", "", true); ok {
		t.Errorf("found in %s", at.Path)
	}
	if _, err := manifest.Read(context.Background(), t.TempDir()); !errors.Is(err, manifest.ErrNone) {
		t.Errorf("an empty folder: %v", err)
	}
}
