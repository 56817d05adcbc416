package inspect_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/dirtree"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/inspect"
)

var asOf = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// node is one file of a package.
type node struct {
	path, text string
	mode       fs.FileMode
}

func file(path, text string) node    { return node{path, text, 0o644} }
func program(path, text string) node { return node{path, text, 0o755} }

// pack makes a deflated zip of the files and opens it.
func pack(t testing.TB, nodes ...node) fnpkg.Package {
	t.Helper()
	data := zipOf(t, nodes...)
	p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "fn.zip", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func zipOf(t testing.TB, nodes ...node) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range nodes {
		h := &zip.FileHeader{Name: n.path, Method: zip.Deflate, Modified: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		h.SetMode(n.mode)
		out, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(n.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inspected(t testing.TB, p fnpkg.Package, runtime string) *inspect.Report {
	t.Helper()
	r, err := inspect.Inspect(t.Context(), p, inspect.Options{Runtime: runtime, AsOf: asOf, Limits: fnpkg.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// elf is the header of a library for a machine, by its number in ELF.
func elf(machine uint16) string {
	b := make([]byte, 64)
	copy(b, "\x7fELF\x02\x01\x01")
	b[16] = 3
	binary.LittleEndian.PutUint16(b[18:], machine)
	return string(b)
}

const (
	x86_64 = 62
	arm64  = 183
)

// macho is the header of a program for macOS on arm64.
func macho() string {
	b := make([]byte, 32)
	binary.LittleEndian.PutUint32(b, 0xfeedfacf)
	binary.LittleEndian.PutUint32(b[4:], 0x0100000c)
	b[12] = 2
	return string(b)
}

// class is the beginning of a Java class of a release.
func class(release int) string {
	return "\xca\xfe\xba\xbe\x00\x00\x00" + string(rune(release+44)) + strings.Repeat("x", 40)
}

// words puts hints in short: "python3.12!" strong, "nodejs >=18?" weak.
func providerWords(r *inspect.Report) string {
	var all []string
	for _, h := range r.Providers {
		all = append(all, string(h.Provider)+mark(h.Hint))
	}
	return strings.Join(all, " ")
}

func runtimeWords(r *inspect.Report) string {
	var all []string
	for _, h := range r.Runtimes {
		word := h.Name
		if h.Constraint != "" {
			word += "[" + h.Constraint + "]"
		}
		if h.AtLeast {
			word += "+"
		}
		all = append(all, word+mark(h.Hint))
	}
	return strings.Join(all, " ")
}

func mark(h inspect.Hint) string {
	if h.Strength == inspect.Strong {
		return "!"
	}
	return "?"
}

func remarkIDs(r *inspect.Report) string {
	var all []string
	for _, m := range r.Remarks {
		all = append(all, string(m.ID))
	}
	return strings.Join(all, " ")
}

func TestHints(t *testing.T) {
	const wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"
	for _, c := range []struct {
		name                string
		nodes               []node
		form                inspect.Form
		providers, runtimes string
		judgedBy            string
	}{
		{"custom runtime", []node{program("bootstrap", elf(x86_64))},
			inspect.FormDeployment, "aws-lambda!", "provided.*!", ""},
		{"a bootstrap below the root", []node{program("bin/bootstrap", elf(x86_64)), file("x.txt", "x")},
			inspect.FormDeployment, "", "", ""},
		{"Lambda in Python, compiled code", []node{file("lambda_function.py", "x"), file("n/_n.cpython-312-x86_64-linux-gnu.so", elf(x86_64))},
			inspect.FormDeployment, "aws-lambda?", "python3.12! python?", "python3.12"},
		{"compiled for two versions", []node{file("a.cpython-311-x86_64-linux-gnu.so", elf(x86_64)), file("b.cpython-312-x86_64-linux-gnu.so", elf(x86_64))},
			inspect.FormDeployment, "", "python3.11! python3.12!", ""},
		{"the stable interface says nothing", []node{file("a.abi3.so", elf(x86_64)), file("a-1.dist-info/WHEEL", wheel+"Tag: cp37-abi3-manylinux_2_28_x86_64\n")},
			inspect.FormDeployment, "", "", ""},
		{"wheel", []node{file("a-1.dist-info/WHEEL", wheel+"Tag: py3-none-any\r\nTag: cp310-cp310-manylinux_2_17_x86_64\r\n")},
			inspect.FormDeployment, "", "python3.10!", "python3.10"},
		{"a wheel's name elsewhere", []node{file("docs/WHEEL", "Tag: cp310-cp310-linux\n"), file("x", "x")},
			inspect.FormDeployment, "", "", ""},
		{"byte code", []node{file("a/__pycache__/b.cpython-39.pyc", "x"), file("z", "x")},
			inspect.FormDeployment, "", "python3.9?", ""},
		{"Windows extension", []node{file("a.cp313-win_amd64.pyd", "x"), file("z", "x")},
			inspect.FormDeployment, "", "python3.13!", "python3.13"},
		{"old Python", []node{file("a.cpython-37m-x86_64-linux-gnu.so", elf(x86_64)), file("z", "x")},
			inspect.FormDeployment, "", "python3.7!", "python3.7"},
		{"engines, one major", []node{file("package.json", "\ufeff"+`{"engines":{"node":"22.x"}}`), file("index.mjs", "x")},
			inspect.FormDeployment, "", "nodejs22.x! nodejs?", "nodejs22.x"},
		{"engines, a range", []node{file("package.json", `{"engines":{"node":">=18 <23"}}`), file("handler.js", "x")},
			inspect.FormDeployment, "", "nodejs? nodejs[>=18 <23]?", ""},
		{"engines, an old list", []node{file("package.json", `{"engines":["node >= 0.8"]}`), file("x", "x")},
			inspect.FormDeployment, "", "", ""},
		{"engines of a dependency", []node{file("node_modules/a/package.json", `{"engines":{"node":"4"}}`), file("x", "x")},
			inspect.FormDeployment, "", "", ""},
		{"layer of Python", []node{file("python/requests/__init__.py", "x"), file("LICENSE", "x")},
			inspect.FormLayer, "", "", ""},
		{"layer for one Python", []node{file("python/lib/python3.11/site-packages/a.py", "x")},
			inspect.FormLayer, "", "python3.11!", "python3.11"},
		{"layer of Node.js", []node{file("nodejs/node_modules/a/index.js", "x"), file("nodejs/package.json", "{}")},
			inspect.FormLayer, "", "", ""},
		{"layer for one Node.js", []node{file("nodejs/node20/node_modules/a/index.js", "x")},
			inspect.FormLayer, "", "nodejs20.x!", "nodejs20.x"},
		{"layer of Ruby", []node{file("ruby/gems/3.3.0/gems/a-1/lib/a.rb", "x")},
			inspect.FormLayer, "", "ruby3.3!", "ruby3.3"},
		{"layer of Java", []node{file("java/lib/a.jar", string(zipOf(t, file("A.class", class(17)))))},
			inspect.FormLayer, "", "java17+!", ""},
		{"layer of programs", []node{program("bin/tool", elf(arm64)), file("lib/libx.so.1", elf(arm64))},
			inspect.FormLayer, "", "", ""},
		{"layer with an extension", []node{program("extensions/agent", elf(arm64))},
			inspect.FormLayer, "aws-lambda?", "", ""},
		{"a python folder beside a handler", []node{file("python/a.py", "x"), file("handler.py", "x")},
			inspect.FormDeployment, "", "python?", ""},
		{"Bundler", []node{file("lambda_function.rb", "x"), file("vendor/bundle/ruby/3.4.0/gems/a-1/a.rb", "x")},
			inspect.FormDeployment, "aws-lambda?", "ruby3.4! ruby?", "ruby3.4"},
		{"jar", []node{file("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"), file("a/A.class", class(11)), file("a/B.class", class(21)),
			file("META-INF/versions/25/a/A.class", class(25)), file("module-info.class", class(25))},
			inspect.FormJar, "", "java21+!", ""},
		{"war", []node{file("META-INF/MANIFEST.MF", "x"), file("WEB-INF/classes/A.class", class(8))},
			inspect.FormWar, "", "java8+!", ""},
		{"Java with libraries", []node{file("lib/aws-lambda-java-core-1.2.3.jar", string(zipOf(t, file("A.class", class(8)))))},
			inspect.FormDeployment, "aws-lambda!", "java8+!", ""},
		{"Java for Lambda, shaded", []node{file("com/amazonaws/services/lambda/runtime/RequestHandler.class", class(8)), file("z", "x")},
			inspect.FormDeployment, "aws-lambda!", "java8+!", ""},
		{".NET", []node{file("App.dll", "x"), file("App.runtimeconfig.json", `{"runtimeOptions":{"tfm":"net8.0","framework":{"name":"Microsoft.NETCore.App","version":"8.0.0"}}}`),
			file("App.deps.json", `{"runtimeTarget":{"name":".NETCoreApp,Version=v8.0/linux-x64"}}`), file("Amazon.Lambda.Core.dll", "x")},
			inspect.FormDeployment, "aws-lambda!", "dotnet8!", "dotnet8"},
		{".NET Core", []node{file("App.runtimeconfig.json", `{"runtimeOptions":{"tfm":"netcoreapp3.1"}}`), file("x", "x")},
			inspect.FormDeployment, "", "dotnetcore3.1!", "dotnetcore3.1"},
		{".NET, self-contained", []node{program("bootstrap", elf(x86_64)), file("App.runtimeconfig.json", `{"runtimeOptions":{"tfm":"net9.0","includedFrameworks":[{"name":"Microsoft.NETCore.App","version":"9.0.1"}]}}`)},
			inspect.FormDeployment, "aws-lambda!", "provided.*!", ""},
		{"Azure", []node{file("host.json", "{}"), file("hello/function.json", "{}"), file("function_app.py", "x")},
			inspect.FormDeployment, "azure-functions!", "python?", ""},
		{"Azure, another runtime's table", []node{file("host.json", "{}"), file("a.cpython-312-x86_64-linux-gnu.so", elf(x86_64))},
			inspect.FormDeployment, "azure-functions!", "python3.12!", ""},
		{"Vercel", []node{file("api/a.func/.vc-config.json", `{"runtime":"nodejs22.x","handler":"a.js"}`), file("config.json", "{}")},
			inspect.FormDeployment, "vercel-functions!", "nodejs22.x!", ""},
		{"Vercel, at the edge", []node{file("a.func/.vc-config.json", `{"runtime":"edge"}`), file("config.json", "{}")},
			inspect.FormDeployment, "vercel-functions!", "", ""},
		{"Cloudflare Pages", []node{file("_worker.js", "x"), file("index.html", "x")},
			inspect.FormDeployment, "cloudflare-workers!", "", ""},
		{"wrangler's output", []node{file("README.md", `This folder contains the built output assets for the worker "w" generated at 2026-01-01T00:00:00.000Z.`), file("index.js", "x")},
			inspect.FormDeployment, "cloudflare-workers!", "nodejs?", ""},
		{"any README", []node{file("README.md", "# w"), file("index.js", "x")},
			inspect.FormDeployment, "", "nodejs?", ""},
		{"a worker and its metadata", []node{file("metadata.json", "{}"), file("worker.js", "x")},
			inspect.FormDeployment, "cloudflare-workers?", "", ""},
		{"Netlify", []node{file("___netlify-bootstrap.mjs", "x"), file("___netlify-entry-point.mjs", "x")},
			inspect.FormDeployment, "netlify-functions!", "", ""},
		{"Google", []node{file("index.js", "x"), file("node_modules/@google-cloud/functions-framework/package.json", "{}")},
			inspect.FormDeployment, "google-cloud-functions?", "nodejs?", ""},
		{"text only", []node{file("a.txt", "x"), file("b.txt", "x")},
			inspect.FormDeployment, "", "", ""},
		{"broken metadata", []node{file("package.json", "{"), file("A.deps.json", "["), file("A.runtimeconfig.json", "null"), file("a.func/.vc-config.json", `"x"`)},
			inspect.FormDeployment, "vercel-functions!", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pack(t, c.nodes...)
			r := inspected(t, p, "")
			judged := ""
			if r.Runtime != nil {
				judged = r.Runtime.Name
			}
			got := []string{string(r.Form), providerWords(r), runtimeWords(r), judged}
			if diff := cmp.Diff([]string{string(c.form), c.providers, c.runtimes, c.judgedBy}, got); diff != "" {
				t.Error(diff)
			}
			if r.Unread.Count > 0 {
				t.Errorf("unread: %+v", r.Unread)
			}
			checkEvidence(t, p, r)
		})
	}
}

// checkEvidence holds every hint to naming entries that exist.
func checkEvidence(t *testing.T, p fnpkg.Package, r *inspect.Report) {
	t.Helper()
	exists := map[string]bool{}
	for _, e := range p.Entries() {
		exists[e.Path] = true
	}
	var all []inspect.Hint
	for _, h := range r.Providers {
		all = append(all, h.Hint)
	}
	for _, h := range r.Runtimes {
		all = append(all, h.Hint)
	}
	for _, h := range all {
		if len(h.Evidence) == 0 || len(h.Evidence) > inspect.MaxEvidence || h.Count < len(h.Evidence) {
			t.Errorf("a hint without evidence: %+v", h)
		}
		for _, e := range h.Evidence {
			path, _, _ := strings.Cut(e.Path, "!/")
			if !exists[path] || e.Says == "" {
				t.Errorf("evidence that is not there: %+v", e)
			}
		}
	}
}

func TestRemarks(t *testing.T) {
	musl := func() string {
		const loader = "/lib/ld-musl-x86_64.so.1\x00"
		b := make([]byte, 64+56)
		copy(b, elf(x86_64))
		b[32], b[54], b[56] = 64, 56, 1 // one program header behind this one
		b[64], b[72], b[96] = 3, 64+56, byte(len(loader))
		return string(b) + loader
	}()
	for _, c := range []struct {
		name    string
		runtime string
		nodes   []node
		want    string
	}{
		{"nothing", "python3.12", []node{file("lambda_function.py", "x")}, ""},
		{"no runtime", "", []node{file("a.txt", "x")}, ""},
		{"unknown", "cobol85", []node{file("a.txt", "x")}, "runtime-unknown"},
		{"a name without dates", "nodejs26.x", []node{file("a.txt", "x")}, "runtime-unknown"},
		{"deprecated", "nodejs18.x", []node{file("index.js", "x")}, "runtime-ending"},
		{"closed", "python2.7", []node{file("main.py", "x")}, "runtime-ending"},
		{"another Python", "python3.13", []node{file("a.cpython-312-x86_64-linux-gnu.so", elf(x86_64))}, "runtime-mismatch"},
		{"the same Python", "python3.12", []node{file("a.cpython-312-x86_64-linux-gnu.so", elf(x86_64))}, ""},
		{"another language", "nodejs22.x", []node{file("a.cpython-312-x86_64-linux-gnu.so", elf(x86_64))}, ""},
		{"too old a Java", "java11", []node{file("A.class", class(17))}, "runtime-mismatch"},
		{"a newer Java", "java21", []node{file("A.class", class(17))}, ""},
		{"Java with its system", "java17.al2023", []node{file("A.class", class(17))}, ""},
		{"two machines", "", []node{file("a.so", elf(x86_64)), file("b.so", elf(arm64))}, "mixed-architecture"},
		{"one machine", "", []node{file("a.so", elf(arm64)), file("b.node", elf(arm64))}, ""},
		{"for macOS", "", []node{file("a.node", macho()), file("x", "x")}, "foreign-native"},
		{"another C library", "", []node{program("bootstrap", musl)}, "musl-loader"},
		{"not executable", "", []node{file("bootstrap", "#!/bin/sh\n")}, "bootstrap-not-executable"},
		{"line endings", "", []node{program("bootstrap", "#!/bin/sh\r\nexec x\r\n")}, "bootstrap-line-endings"},
		{"no bootstrap", "provided.al2023", []node{file("main", "x")}, "bootstrap-missing"},
		{"a bootstrap", "provided.al2023", []node{program("bootstrap", elf(arm64))}, ""},
		{"a layer needs none", "provided.al2023", []node{program("extensions/agent", elf(arm64))}, ""},
		{"one folder", "", []node{file("app/index.js", "x"), file("app/package.json", "{}")}, "single-folder"},
		{"a layer's folder", "", []node{file("python/a.py", "x")}, ""},
	} {
		r := inspected(t, pack(t, c.nodes...), c.runtime)
		if got := remarkIDs(r); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRuntimeLifecycle(t *testing.T) {
	p := pack(t, file("index.js", "x"))
	for day, want := range map[string]fnpkg.RuntimeState{
		"2026-04-29": fnpkg.RuntimeSupported,
		"2026-04-30": fnpkg.RuntimeDeprecated,
		"2027-02-01": fnpkg.RuntimeNoCreate,
		"2027-03-03": fnpkg.RuntimeNoUpdate,
		"2023-01-01": fnpkg.RuntimeUnreleased,
	} {
		on, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		r, err := inspect.Inspect(t.Context(), p, inspect.Options{Runtime: "nodejs20.x", AsOf: on})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Runtime.Stated || !r.Runtime.Known || r.Runtime.State != want || r.Runtime.Dates.Successor != "nodejs24.x" {
			t.Errorf("%s: %+v, want %s", day, r.Runtime, want)
		}
	}
	if _, err := inspect.Inspect(t.Context(), p, inspect.Options{}); !errors.Is(err, inspect.ErrNoDay) {
		t.Errorf("without a day: %v", err)
	}
}

// TestFixtures inspects packages of real package managers.
func TestFixtures(t *testing.T) {
	for name, want := range map[string][]string{
		"node.zip":        {"deployment zip", "", "nodejs?", "JavaScript"},
		"python.zip":      {"deployment zip", "", "python?", "Python"},
		"java.zip":        {"deployment zip", "aws-lambda!", "java8+!", "Java"},
		"java-nested.jar": {"jar", "aws-lambda!", "java8+!", "Java"},
	} {
		p, err := target.Open(t.Context(), "../testdata/packages/"+name, target.Options{Limits: fnpkg.DefaultLimits()})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		r := inspected(t, p, "")
		got := []string{string(r.Form), providerWords(r), runtimeWords(r), r.Languages[0].Name}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if len(r.Remarks) > 0 || len(r.Hazards) > 0 || r.Unread.Count > 0 || r.Natives.Count > 0 {
			t.Errorf("%s: %+v %+v %+v %+v", name, r.Remarks, r.Hazards, r.Unread, r.Natives)
		}
		content, err := fnpkg.DigestContent(t.Context(), p)
		if err != nil || content != r.Subject.Content {
			t.Errorf("%s: content digest %s, %v", name, r.Subject.Content, err)
		}
	}
}

// TestVectors inspects every hostile archive that can be opened at all.
func TestVectors(t *testing.T) {
	names, err := filepath.Glob("../testdata/vectors/*.zip")
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, name := range names {
		p, err := target.Open(t.Context(), name, target.Options{Limits: fnpkg.DefaultLimits()})
		if err != nil {
			continue
		}
		opened++
		r := inspected(t, p, "")
		if diff := cmp.Diff(p.Hazards(), r.Hazards); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if ambiguous := len(fnpkg.Ambiguities(r.Hazards)) > 0; ambiguous && (!r.Subject.Content.IsZero() || r.NoContent == "") {
			t.Errorf("%s: a content digest of an ambiguous package: %s", name, r.Subject.Content)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if opened < 40 {
		t.Errorf("only %d of %d vectors could be opened", opened, len(names))
	}
}

// TestUnread inspects what is damaged inside: it is reported, not fatal.
func TestUnread(t *testing.T) {
	data := zipOf(t, file("LICENSE", strings.Repeat("some words that compress, ", 100)), file("index.js", "x"))
	i := bytes.Index(data, []byte("LICENSE")) + len("LICENSE")
	for j := range 20 {
		data[i+j] ^= 0xff
	}
	p, err := zipfile.New(bytes.NewReader(data), int64(len(data)), "damaged.zip", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	r := inspected(t, p, "")
	if r.Unread.Count != 1 || r.Unread.Files[0].Path != "LICENSE" || r.Unread.Files[0].Reason == "" {
		t.Errorf("%+v", r.Unread)
	}
	if !r.Subject.Content.IsZero() || !strings.Contains(r.NoContent, "LICENSE") || r.Subject.Digest.IsZero() {
		t.Errorf("content digest %s (%s), digest %s", r.Subject.Content, r.NoContent, r.Subject.Digest)
	}
	if runtimeWords(r) != "nodejs?" {
		t.Errorf("the rest was not inspected: %s", runtimeWords(r))
	}
}

func TestDirectory(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "index.js"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := dirtree.Open(t.Context(), root, "fn", fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := inspected(t, p, "")
	if r.Form != inspect.FormDirectory || !r.Subject.Digest.IsZero() || r.Subject.Content.IsZero() || r.Sizes.Packed != 0 {
		t.Errorf("%+v", r)
	}
	for _, u := range r.Limits {
		if u.What == "zipped, uploaded directly" {
			t.Error("the size of a zip was judged, where there is none yet")
		}
	}
}

// tree is a package in memory whose reads are counted.
type tree struct {
	kind    fnpkg.Kind
	size    int64
	entries []fnpkg.Entry
	read    map[string]int
}

func (p *tree) Kind() fnpkg.Kind        { return p.kind }
func (p *tree) Name() string            { return "tree" }
func (p *tree) Size() int64             { return p.size }
func (p *tree) Entries() []fnpkg.Entry  { return p.entries }
func (p *tree) Hazards() []fnpkg.Hazard { return nil }
func (p *tree) Digest(context.Context) (fnpkg.Digest, error) {
	return fnpkg.Digest{1}, nil
}
func (p *tree) Close() error { return nil }

// counted counts the bytes that are read of a file.
type counted struct {
	*strings.Reader
	path string
	read map[string]int
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.read[c.path] += n
	return n, err
}

func (c counted) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(b, off)
	c.read[c.path] += n
	return n, err
}

func (counted) Close() error { return nil }

// claim adds a program of a size that is only claimed where text is shorter.
func (p *tree) claim(path string, size int64, text string) {
	e := fnpkg.Entry{Path: path, Mode: 0o755, Size: size}
	p.entries = append(p.entries, fnpkg.NewEntry(e, func() (fnpkg.Content, error) {
		return counted{strings.NewReader(text), path, p.read}, nil
	}))
}

func newTree(kind fnpkg.Kind, size int64) *tree {
	return &tree{kind: kind, size: size, read: map[string]int{}}
}

func (p *tree) report(t *testing.T) *inspect.Report {
	t.Helper()
	slices.SortFunc(p.entries, func(a, b fnpkg.Entry) int { return strings.Compare(a.Path, b.Path) })
	r, err := inspect.Inspect(t.Context(), p, inspect.Options{AsOf: asOf, NoContentDigest: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLimits(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name     string
		kind     fnpkg.Kind
		size     int64
		file     string
		unpacked int64
		want     string
	}{
		{"small", fnpkg.KindZip, mib, "a.js", mib, ""},
		{"at the limits", fnpkg.KindZip, 50 * mib, "a.js", 250 * mib, ""},
		{"zip over", fnpkg.KindZip, 50*mib + 1, "a.js", mib, "aws-lambda 50 MB"},
		{"unpacked over", fnpkg.KindZip, mib, "a.js", 250*mib + 1, "aws-lambda 250 MB"},
		{"image", fnpkg.KindImage, 0, "a.js", 251 * mib, ""},
		{"image over", fnpkg.KindImage, 0, "a.js", 10<<30 + 1, "aws-lambda 10 GB"},
		{"a worker", fnpkg.KindZip, 4 * mib, "_worker.js", mib, "cloudflare-workers 3 MB"},
		{"Azure has none", fnpkg.KindZip, 900 * mib, "host.json", mib, ""},
	} {
		p := newTree(c.kind, c.size)
		p.claim(c.file, c.unpacked, "{}")
		r := p.report(t)
		var over []string
		for _, u := range r.Limits {
			if u.Exceeded() {
				over = append(over, string(u.Provider)+" "+u.Text)
			}
			if u.Source == "" || u.Read == "" || u.What == "" {
				t.Errorf("a limit without its source: %+v", u)
			}
		}
		if got := strings.Join(over, ", "); got != c.want {
			t.Errorf("%s: over %q, want %q", c.name, got, c.want)
		}
		if (remarkIDs(r) == "over-limit") != (c.want != "") {
			t.Errorf("%s: remarks %q", c.name, remarkIDs(r))
		}
	}
}

// TestImage looks for the function where providers' images keep it.
func TestImage(t *testing.T) {
	p := newTree(fnpkg.KindImage, 0)
	p.claim("lambda-entrypoint.sh", 10, "#!/bin/sh\n")
	p.claim("var/task/lambda_function.py", 1, "x")
	p.claim("var/task/x.cpython-313-aarch64-linux-gnu.so", 64, elf(arm64))
	p.claim("usr/lib/python3.9/y.cpython-39-aarch64-linux-gnu.so", 64, elf(arm64))
	r := p.report(t)
	if r.Form != inspect.FormImage || providerWords(r) != "aws-lambda!" || runtimeWords(r) != "python3.13! python?" {
		t.Errorf("%s %q %q", r.Form, providerWords(r), runtimeWords(r))
	}
}

// TestReadsLittle gives a large package of which nearly nothing needs reading.
func TestReadsLittle(t *testing.T) {
	p := newTree(fnpkg.KindZip, 1<<20)
	big := strings.Repeat("x", 1<<20)
	for i := range 300 {
		p.claim(fmt.Sprintf("node_modules/p%03d/index.js", i), 1<<20, big)
	}
	p.claim("lib.so", 1<<20, elf(x86_64)+big[64:])
	p.claim("huge/package.json", 1<<20, big)
	r := p.report(t)
	if r.Natives.Count != 1 || r.Natives.Looked != 1 {
		t.Errorf("%+v", r.Natives)
	}
	if diff := cmp.Diff(map[string]int{"lib.so": 4096}, p.read); diff != "" {
		t.Errorf("bytes read: %s", diff)
	}
}

// TestBounds gives more of everything than a report holds.
func TestBounds(t *testing.T) {
	p := newTree(fnpkg.KindZip, 1<<20)
	const n = 21_000
	for i := range n {
		p.claim(fmt.Sprintf("a%05d.cpython-312-x86_64-linux-gnu.so", i), 64, elf(x86_64))
	}
	for i := range 200 {
		p.claim(fmt.Sprintf("z.cpython-3%d-x.so", 100+i), 64, "not native")
	}
	r := p.report(t)
	if r.Natives.Looked != 20_000 || r.Natives.Skipped != n+200-20_000 || r.Natives.Count != 20_000 || len(r.Natives.Files) != inspect.MaxNatives {
		t.Errorf("looked %d, skipped %d, count %d, files %d", r.Natives.Looked, r.Natives.Skipped, r.Natives.Count, len(r.Natives.Files))
	}
	if len(r.Tree.Top) != inspect.MaxTop || r.Tree.MoreTop != n+200-inspect.MaxTop || len(r.Tree.Largest) != inspect.MaxLargest {
		t.Errorf("top %d + %d, largest %d", len(r.Tree.Top), r.Tree.MoreTop, len(r.Tree.Largest))
	}
	if len(r.Runtimes) > 50 || r.Runtimes[0].Name != "python3.12" || len(r.Runtimes[0].Evidence) != inspect.MaxEvidence || r.Runtimes[0].Count != n {
		t.Errorf("%d runtimes, first %+v", len(r.Runtimes), r.Runtimes[0])
	}
}

func TestTree(t *testing.T) {
	r := inspected(t, pack(t, file("a/b.js", "12345"), file("a/c.d.ts", "1"), file("z.py", "123456789"), file("m", "1")), "")
	want := inspect.Tree{
		Top:     []inspect.TopEntry{{Name: "z.py", Files: 1, Bytes: 9}, {Name: "a", Dir: true, Files: 2, Bytes: 6}, {Name: "m", Files: 1, Bytes: 1}},
		Largest: []inspect.LargeFile{{"z.py", 9}, {"a/b.js", 5}, {"a/c.d.ts", 1}, {"m", 1}},
	}
	if diff := cmp.Diff(want, r.Tree); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]inspect.Language{{"Python", 1, 9}, {"JavaScript", 1, 5}}, r.Languages); diff != "" {
		t.Error(diff)
	}
	if r.Sizes.Files != 4 || r.Sizes.Unpacked != 16 || r.Sizes.Packed == 0 {
		t.Errorf("%+v", r.Sizes)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := inspect.Inspect(ctx, pack(t, file("LICENSE", "x")), inspect.Options{AsOf: asOf}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// BenchmarkInspect is the work beside the digests on a real package.
func BenchmarkInspect(b *testing.B) {
	p, err := target.Open(b.Context(), "../testdata/packages/python.zip", target.Options{Limits: fnpkg.DefaultLimits()})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	for b.Loop() {
		if _, err := inspect.Inspect(b.Context(), p, inspect.Options{AsOf: asOf, NoContentDigest: true}); err != nil {
			b.Fatal(err)
		}
	}
}
