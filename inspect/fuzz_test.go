package inspect_test

import (
	"io/fs"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/fnseal/fnseal/fnpkg"
)

// runtimeName is what a runtime's name looks like, whatever a package says.
var runtimeName = regexp.MustCompile(`^(provided\.\*|(python|nodejs|ruby|java|dotnet|dotnetcore)[0-9]{0,3}(\.[0-9]{1,3}|\.x)?)$`)

// FuzzHints makes a package of one file of any name and content: hints have
// well-formed names, bounded words, and evidence.
func FuzzHints(f *testing.F) {
	for path, text := range map[string]string{
		"package.json":                    `{"engines":{"node":"^20.1"}}`,
		"a-1.dist-info/WHEEL":             "Tag: cp312-cp312-manylinux_2_17_x86_64\n",
		"a.runtimeconfig.json":            `{"runtimeOptions":{"tfm":"net8.0","frameworks":[{"name":"Microsoft.NETCore.App","version":"8.0.0"}]}}`,
		"a.deps.json":                     `{"runtimeTarget":{"name":".NETCoreApp,Version=v8.0/linux-x64"}}`,
		"x.func/.vc-config.json":          `{"runtime":"nodejs22.x"}`,
		"README.md":                       `This folder contains the built output assets for the worker "w" generated at 1.`,
		"A.class":                         class(17),
		"lib/a.jar":                       "PK\x05\x06" + string(make([]byte, 18)),
		"a.cpython-312-x.so":              elf(x86_64),
		"nodejs/node20/node_modules/a.js": "x",
		"ruby/gems/3.3.0/a":               "x",
		"bootstrap":                       "#!/bin/sh\r\n",
	} {
		f.Add(path, text)
	}
	f.Fuzz(func(t *testing.T, path, text string) {
		if !fs.ValidPath(path) || path == "." {
			return // no reader of a package lets such a path through
		}
		p := newTree(fnpkg.KindDirectory, 0)
		p.claim(path, int64(len(text)), text)
		r := p.report(t)
		for _, h := range r.Runtimes {
			if !runtimeName.MatchString(h.Name) || utf8.RuneCountInString(h.Constraint) > 81 {
				t.Errorf("%+v", h)
			}
			for _, e := range h.Evidence {
				if utf8.RuneCountInString(e.Says) > 120 {
					t.Errorf("%d characters of evidence", utf8.RuneCountInString(e.Says))
				}
			}
		}
		checkEvidence(t, p, r)
	})
}
