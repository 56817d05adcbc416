package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

// A Python package without metadata is named by what the package pins, with
// the version its code states; nothing is named by its folder alone.
func TestStrippedPython(t *testing.T) {
	tests := []struct {
		name  string
		files []file
		want  map[string]float64
	}{
		{"stated and pinned", []file{
			{name: "requirements.txt", content: "requests==2.19.1\n"},
			{name: "requests/__version__.py", content: "__version__ = '2.19.1'\n"},
		}, map[string]float64{"pkg:pypi/requests@2.19.1": 0.95}},
		{"stated only", []file{
			{name: "requirements.txt", content: "Requests\n"},
			{name: "python/requests/__init__.py", content: "__version__ = '2.19.1'\n"},
		}, map[string]float64{"pkg:pypi/requests@2.19.1": 0.9}},
		{"the code counts", []file{
			{name: "requirements.txt", content: "requests==2.20.0\n"},
			{name: "requests/__init__.py", content: "__version__ = '2.19.1'\n"},
		}, map[string]float64{"pkg:pypi/requests@2.19.1": 0.8}},
		{"pinned only", []file{
			{name: "poetry.lock", content: "[[package]]\nname = \"zipp\"\nversion = \"3.8.0\"\n"},
			{name: "zipp.py", content: "import io\n"},
		}, map[string]float64{"pkg:pypi/zipp@3.8.0": 0.6}},
		{"no version", []file{
			{name: "requirements.txt", content: "zipp>=3\n"},
			{name: "zipp/__init__.py", content: "import io\n"},
		}, map[string]float64{"pkg:pypi/zipp": 0.6}},
		{"by its title", []file{
			{name: "requirements.txt", content: "PyJWT==1.7.1\n"},
			{name: "jwt/__init__.py", content: "__title__ = 'pyjwt'\n__version__ = '1.7.1'\n"},
		}, map[string]float64{"pkg:pypi/pyjwt@1.7.1": 0.95}},
		{"a namespace", []file{
			{name: "requirements.txt", content: "google-cloud-storage==2.10.0\n"},
			{name: "google/cloud/storage/version.py", content: "__version__ = \"2.10.0\"\n"},
			{name: "google/cloud/storage/__init__.py", content: ""},
		}, map[string]float64{"pkg:pypi/google-cloud-storage@2.10.0": 0.95}},
		{"named by nothing", []file{
			{name: "requirements.txt", content: "boto3==1.9.0\n"},
			{name: "requests/__init__.py", content: "__version__ = '2.19.1'\n__title__ = 'requests'\n"},
		}, map[string]float64{}},
		{"no list", []file{{name: "requests/__init__.py", content: "__version__ = '2.19.1'\n"}}, map[string]float64{}},
		{"metadata is there", []file{
			{name: "requirements.txt", content: "requests==2.19.1\n"},
			{name: "requests/__init__.py", content: "__version__ = '2.19.1'\n"},
			{name: "requests-2.19.1.dist-info/METADATA", content: "Metadata-Version: 2.1\nName: requests\nVersion: 2.19.1\n"},
		}, map[string]float64{}},
		{"another's folder", []file{
			{name: "requirements.txt", content: "yaml==1.0\nPyYAML==6.0\n"},
			{name: "yaml/__init__.py", content: "__version__ = '6.0'\n"},
			{name: "PyYAML-6.0.dist-info/METADATA", content: "Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0\n"},
			{name: "PyYAML-6.0.dist-info/RECORD", content: "yaml/__init__.py,sha256=x,1\n"},
		}, map[string]float64{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := map[string]float64{}
			for _, c := range inventoryOf(t, packageOf(t, tt.files...)).Components {
				if c.Origin == fnpkg.OriginBundled {
					got[c.PURL] = c.Confidence
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("recovered (-want +got):\n%s", diff)
			}
		})
	}
}

// What Composer notes and what is there may differ.
func TestComposerWithoutItsFolders(t *testing.T) {
	for _, installed := range []string{
		`{"packages":[{"name":"psr/log","version":"1.1.4","type":"library","install-path":"../psr/log"},{"name":"psr/cache","version":"1.0.1","type":"library","install-path":"../psr/cache"}],"dev":true}`,
		`[{"name":"psr/log","version":"1.1.4","type":"library"},{"name":"psr/cache","version":"1.0.1","type":"library"}]`,
	} {
		inv := inventoryOf(t, packageOf(t,
			file{name: "vendor/composer/installed.json", content: installed},
			file{name: "vendor/psr/log/src/LoggerInterface.php", content: "<?php"},
		))
		if diff := cmp.Diff([]string{"pkg:composer/psr/log@1.1.4"}, purls(inv, fnpkg.OriginShipped)); diff != "" {
			t.Errorf("shipped (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"pkg:composer/psr/cache@1.0.1"}, purls(inv, fnpkg.OriginDeclared)); diff != "" {
			t.Errorf("declared (-want +got):\n%s", diff)
		}
	}
}

// What cannot be read is said, not passed over.
func TestUnreadableMetadataOfOtherManagers(t *testing.T) {
	for name, ecosystem := range map[string]string{
		"vendor/bundle/ruby/3.2.0/specifications/a-1.gemspec": "gem",
		"vendor/composer/installed.json":                      "composer",
		"App.deps.json":                                       "nuget",
		"var/lib/rpm/rpmdb.sqlite":                            "rpm",
		"var/lib/rpm/Packages":                                "rpm",
		"usr/lib/sysimage/rpm/Packages.db":                    "rpm",
		".yarn/cache/ms-npm-2.0.0-9e1101a471-f8fda810b3.zip":  "npm",
	} {
		inv := inventoryOf(t, packageOf(t, file{name: name, content: "no such thing"}))
		if len(inv.Coverage) != 1 || inv.Coverage[0].Ecosystem != ecosystem || inv.Coverage[0].State != fnpkg.CoverageNone || inv.Coverage[0].Reason == "" {
			t.Errorf("%s: coverage %+v", name, inv.Coverage)
		}
	}
}

// A lock file declares, whichever manager's it is, unless it is that of an
// installed package's author.
func TestLockFilesOfRubyAndPHP(t *testing.T) {
	gems := "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.2.3)\n"
	packages := `{"packages":[{"name":"psr/log","version":"1.1.4"}],"packages-dev":[{"name":"psr/cache","version":"1.0.1"}]}`
	inv := inventoryOf(t, packageOf(t,
		file{name: "Gemfile.lock", content: gems},
		file{name: "composer.lock", content: packages},
		file{name: "vendor/bundle/ruby/3.2.0/gems/x-1/Gemfile.lock", content: "GEM\n  specs:\n    other (1)\n"},
		file{name: "vendor/psr/log/composer.lock", content: `{"packages":[{"name":"psr/other","version":"1"}]}`},
	))
	if diff := cmp.Diff([]string{"pkg:composer/psr/log@1.1.4", "pkg:gem/rack@2.2.3"}, purls(inv, fnpkg.OriginDeclared)); diff != "" {
		t.Errorf("declared (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(0, len(purls(inv, fnpkg.OriginShipped))); diff != "" {
		t.Errorf("shipped (-want +got):\n%s", diff)
	}
}
