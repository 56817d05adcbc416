package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestPython(t *testing.T) {
	metadata := func(name, version, more string) string {
		return "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n" + more + "\nLong words: not a field\n"
	}
	inv := inventoryOf(t, packageOf(t,
		file{name: "python/Flask_Login-0.6.dist-info/METADATA", content: metadata("Flask_Login", "0.6",
			"License: MIT\nRequires-Dist: werkzeug (>=1.0)\nRequires-Dist: pytest ; extra == 'test'\nRequires-Dist: gone")},
		file{name: "python/werkzeug-2.0.dist-info/METADATA", content: metadata("Werkzeug", "2.0", "")},
		file{name: "python/pytest-7.0.dist-info/METADATA", content: metadata("pytest", "7.0", "")},
		file{name: "python/old-1.0-py3.8.egg-info", content: metadata("old", "1.0", "")},
		file{name: "python/older-1.0.egg-info/PKG-INFO", content: metadata("older", "1.0", "")},
		file{name: "python/werkzeug/METADATA", content: metadata("not-installed", "1.0", "")},
		file{name: "requirements.txt", content: "boto3==1.0\n"},
		file{name: "setup.py", content: "setup(name='x', version='1', install_requires=['y==1'])\n"},
	))
	want := []string{
		"pkg:pypi/flask-login@0.6", "pkg:pypi/old@1.0", "pkg:pypi/older@1.0", "pkg:pypi/pytest@7.0", "pkg:pypi/werkzeug@2.0",
	}
	if diff := cmp.Diff(want, purls(inv, fnpkg.OriginShipped)); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
	if got := purls(inv, fnpkg.OriginDeclared); got != nil {
		t.Errorf("declared %q", got)
	}
	edges := []fnpkg.Edge{{From: "pkg:pypi/flask-login@0.6", To: "pkg:pypi/werkzeug@2.0"}}
	if diff := cmp.Diff(edges, inv.Edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
	login := component(t, inv, "pkg:pypi/flask-login@0.6")
	if diff := cmp.Diff([]fnpkg.License{{Expression: "MIT"}}, login.Licenses); diff != "" {
		t.Errorf("licences (-want +got):\n%s", diff)
	}
}
