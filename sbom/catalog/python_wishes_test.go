package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/sbom/purl"
)

func TestParsePythonNames(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             pythonNames
	}{
		{"requirements", "requirements.txt", `# all
-r other.txt
--index-url https://example.org/simple
requests==2.19.1 ; python_version < "4"  # pinned
PyJWT
typing_extensions>=4,<5
urllib3[socks] == 1.23 \
    --hash=sha256:00
https://example.org/a.whl
./local
ms @ https://example.org/ms.whl
range==1.*
`, pythonNames{"requests": "2.19.1", "pyjwt": "", "typing-extensions": "", "urllib3": "1.23", "ms": "", "range": ""}},
		{"poetry", "poetry.lock", "[[package]]\nname = \"Requests\"\nversion = \"2.19.1\"\n[package.dependencies]\nname = \"x\"\n\n[[package]]\nname = \"six\"\nversion = \"1.16.0\"\n[metadata]\n", pythonNames{"requests": "2.19.1", "six": "1.16.0"}},
		{"pipenv", "a/Pipfile.lock", `{"default":{"Six":{"version":"==1.16.0"},"local":{"path":"."}},"develop":{"pytest":{"version":"==7"}}}`, pythonNames{"six": "1.16.0", "local": ""}},
		{"two versions", "uv.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"a\"\nversion = \"2\"\n", pythonNames{"a": ""}},
		{"damaged", "Pipfile.lock", "{", pythonNames{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parsePythonNames(tt.file, []byte(tt.text))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParsePythonStatement(t *testing.T) {
	tests := []struct {
		text        string
		versionFile bool
		want        pythonStatement
	}{
		{"__title__ = 'requests'\n__version__ = \"2.19.1\"  # now\n", false, pythonStatement{"2.19.1", "requests"}},
		{"__version__ = version = '1.2.3.dev4+gabc'\n", true, pythonStatement{"1.2.3.dev4+gabc", ""}},
		{"__version__: str = '1.2'\n", false, pythonStatement{"1.2", ""}},
		{"VERSION = '12.0.1'\n", true, pythonStatement{"12.0.1", ""}},
		{"VERSION = '12.0.1'\n", false, pythonStatement{}},
		{"__version__ = f'{major}.1'\n__version__ = '.'.join(v)\n__version__ = get_version()\n__version__ = 'unknown'\n", true, pythonStatement{}},
		{"    __version__ = '1'\nif __version__ == '2':\n", true, pythonStatement{}},
		{"__version__ = '1' + '2'\n", true, pythonStatement{}},
	}
	for _, tt := range tests {
		if got := parsePythonStatement([]byte(tt.text), tt.versionFile); got != tt.want {
			t.Errorf("%q states %+v, want %+v", tt.text, got, tt.want)
		}
	}
}

// FuzzPythonNames: all names are normalised, and no version is longer than the
// file that pins it.
func FuzzPythonNames(f *testing.F) {
	f.Add("requirements.txt", []byte("requests==2.19.1\nPyJWT>=1\n"))
	f.Add("poetry.lock", []byte("[[package]]\nname = \"a\"\nversion = \"1\"\n"))
	f.Add("Pipfile.lock", []byte(`{"default":{"a":{"version":"==1"}}}`))
	f.Fuzz(func(t *testing.T, file string, text []byte) {
		for name, version := range parsePythonNames(file, text) {
			id, err := purl.New("pypi", name, "")
			if err != nil || id.Name != name {
				t.Errorf("name %q, as a purl %q (%v)", name, id.Name, err)
			}
			if len(version) > len(text) {
				t.Errorf("%s: version %q", name, version)
			}
		}
	})
}

// FuzzPythonStatement: what is stated stands in the text, and a version looks
// like one.
func FuzzPythonStatement(f *testing.F) {
	f.Add([]byte("__version__ = '1.2'\n__title__ = \"x\""))
	f.Fuzz(func(t *testing.T, text []byte) {
		st := parsePythonStatement(text, true)
		if st.version != "" && (!isPythonVersion(st.version) || !strings.Contains(string(text), st.version)) || !strings.Contains(string(text), st.title) {
			t.Errorf("%q states %+v", text, st)
		}
	})
}
