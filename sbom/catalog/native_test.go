package catalog

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func deflated(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// inMemory returns an entry with content.
func inMemory(name string, content []byte) fnpkg.Entry {
	return fnpkg.NewEntry(fnpkg.Entry{Path: name, Mode: 0o755, Size: int64(len(content))}, func() (fnpkg.Content, error) {
		return closer{bytes.NewReader(content)}, nil
	})
}

type closer struct{ *bytes.Reader }

func (closer) Close() error { return nil }

// found lists the purls of a result by origin.
func found(r result, origin fnpkg.Origin) []string {
	var out []string
	for _, f := range r.finds {
		if f.origin == origin {
			out = append(out, f.purl.Text)
		}
	}
	slices.Sort(out)
	return out
}

func TestCrates(t *testing.T) {
	section := deflated(t, `{"packages":[
		{"name":"adler","version":"0.2.3","source":"registry"},
		{"name":"app","version":"0.1.0","source":"local","dependencies":[0,2],"root":true},
		{"name":"cc","version":"1.0.0","source":"registry","kind":"build"}]}`)
	var r result
	if err := r.addCrates(inMemory("bootstrap", []byte("binary")), section); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pkg:cargo/adler@0.2.3", "pkg:cargo/app@0.1.0"}, found(r, fnpkg.OriginShipped)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]fnpkg.Edge{{From: "pkg:cargo/app@0.1.0", To: "pkg:cargo/adler@0.2.3"}}, r.edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
	if r.finds[0].sha256 != "" || len(r.finds[1].sha256) != 64 {
		t.Errorf("hashes %q, %q: want one of the root only", r.finds[0].sha256, r.finds[1].sha256)
	}
	for _, bad := range []string{"", "{}", `{"packages":[{"name":"a","version":"1","dependencies":[7]}]}`, `{"packages":[{"name":"a","version":"1","dependencies":[-1]}]}`} {
		if _, err := parseCrates(deflated(t, bad)); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

// dotnetApp makes a .NET host with an application in it, as the SDK lays it out:
// the header's offset before the mark, the files, the header.
func dotnetApp(deps []byte) []byte {
	le := binary.LittleEndian
	host := append([]byte("\x7fELF"), make([]byte, 1<<20)...) // the mark lies across two pieces
	at := len(host) - 32
	host = append(host[:at], "????????"+dotnetMark...)
	offset := len(host)
	host = append(host, deps...)
	le.PutUint64(host[at:], uint64(len(host)))
	for _, n := range []uint32{6, 0, 1} {
		host = le.AppendUint32(host, n)
	}
	host = append(host, byte(12))
	host = append(host, "abcdefghijkl"...)
	host = le.AppendUint64(host, uint64(offset))
	host = le.AppendUint64(host, uint64(len(deps)))
	return append(host, make([]byte, 24)...)
}

const sampleDeps = `{
	"runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64"},
	"targets": {
		".NETCoreApp,Version=v8.0": {},
		".NETCoreApp,Version=v8.0/linux-x64": {
			"App/1.0.0": {"dependencies": {"Newtonsoft.Json": "13.0.1", "NETStandard.Library": "2.0.3"}, "runtime": {"App.dll": {}}},
			"Newtonsoft.Json/13.0.1": {"dependencies": {"System.Memory": "4.5.4"}, "runtime": {"lib/netstandard2.0/Newtonsoft.Json.dll": {}}},
			"System.Memory/4.5.4": {"runtime": {"lib/netstandard2.0/System.Memory.dll": {}}},
			"NETStandard.Library/2.0.3": {},
			"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"runtime": {"System.Private.CoreLib.dll": {}}}
		}
	},
	"libraries": {
		"App/1.0.0": {"type": "project"},
		"Newtonsoft.Json/13.0.1": {"type": "package"},
		"System.Memory/4.5.4": {"type": "package"},
		"NETStandard.Library/2.0.3": {"type": "package"},
		"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"}
	}
}`

func TestDeps(t *testing.T) {
	var r result
	err := r.addDeps([]byte(sampleDeps), "App.deps.json", "dotnet-deps", func(file string) (fnpkg.Entry, bool) { return fnpkg.Entry{}, !strings.Contains(file, "System.Memory") })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1", "pkg:nuget/Newtonsoft.Json@13.0.1"}
	if diff := cmp.Diff(want, found(r, fnpkg.OriginShipped)); diff != "" {
		t.Errorf("shipped (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"pkg:nuget/NETStandard.Library@2.0.3", "pkg:nuget/System.Memory@4.5.4"}, found(r, fnpkg.OriginDeclared)); diff != "" {
		t.Errorf("declared (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]fnpkg.Edge{{To: "pkg:nuget/Newtonsoft.Json@13.0.1"}}, r.edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}

func TestDotnetBundle(t *testing.T) {
	content := dotnetApp([]byte(sampleDeps))
	deps, err := dotnetBundle(context.Background(), bytes.NewReader(content), int64(len(content)))
	if err != nil || string(deps) != sampleDeps {
		t.Fatalf("%d bytes of deps.json (%v), want %d", len(deps), err, len(sampleDeps))
	}
	for _, cut := range []int{1, 30, 40} {
		short := content[:len(content)-cut]
		deps, err := dotnetBundle(context.Background(), bytes.NewReader(short), int64(len(short)))
		if err == nil && string(deps) != sampleDeps {
			t.Errorf("without the last %d bytes: %d bytes, no error", cut, len(deps))
		}
	}
	plain := bytes.ReplaceAll(content, []byte(dotnetMark), make([]byte, len(dotnetMark)))
	if deps, err := dotnetBundle(context.Background(), bytes.NewReader(plain), int64(len(plain))); deps != nil || err != nil {
		t.Errorf("a program without the mark: %q, %v", deps, err)
	}
}

func TestPackageNote(t *testing.T) {
	text := `{"type":"rpm","os":"fedora","osVersion":"40","name":"coreutils","version":"9.4-6.fc40","architecture":"x86_64"}`
	le := binary.LittleEndian
	note := le.AppendUint32(nil, 4)
	note = le.AppendUint32(note, uint32(len(text)+1))
	note = le.AppendUint32(note, 0xcafe1a7e)
	note = append(append(note, "FDO\x00"+text...), 0)
	if got := noteText(note, le); string(got) != text {
		t.Fatalf("the note says %q", got)
	}
	if got := noteText(note[:40], le); got != nil {
		t.Errorf("a note that is cut short says %q", got)
	}
	var r result
	if err := r.addPackageNote("bin/ls", []byte(text)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pkg:rpm/fedora/coreutils@9.4-6.fc40?arch=x86_64&distro=fedora-40"}, found(r, fnpkg.OriginShipped)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := r.addPackageNote("bin/ls", []byte(`{"type":"deb"}`)); err == nil {
		t.Error("a note without a name is a package")
	}
}

// FuzzCrates: dependencies stay within the list.
func FuzzCrates(f *testing.F) {
	f.Add([]byte(`{"packages":[{"name":"a","version":"1","dependencies":[0]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		section := deflated(t, string(text))
		list, err := parseCrates(section)
		if err != nil {
			return
		}
		for _, c := range list {
			for _, n := range c.Needs {
				_ = list[n]
			}
		}
		var r result
		if err := r.addCrates(inMemory("bootstrap", nil), section); err != nil {
			t.Fatal(err)
		}
		for _, e := range r.edges {
			if e.From == "" || e.To == "" {
				t.Errorf("edge %+v", e)
			}
		}
	})
}

// FuzzDeps: edges join what is shipped, and nothing is both shipped and not.
func FuzzDeps(f *testing.F) {
	f.Add([]byte(sampleDeps), true)
	f.Add([]byte(`{"targets":{"x":{"a/1":{"runtime":[]}}},"libraries":[]}`), false)
	f.Fuzz(func(t *testing.T, text []byte, there bool) {
		var r result
		if err := r.addDeps(text, "App.deps.json", "dotnet-deps", func(string) (fnpkg.Entry, bool) { return fnpkg.Entry{}, there }); err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q was read", text)
		}
		shipped := found(r, fnpkg.OriginShipped)
		if !there && len(shipped) > 0 {
			t.Errorf("%q are shipped", shipped)
		}
		for _, e := range r.edges {
			if !slices.Contains(shipped, e.To) || e.From != "" && !slices.Contains(shipped, e.From) {
				t.Errorf("edge %+v leads to what is not shipped", e)
			}
		}
	})
}

// FuzzDotnetBundle: what is taken for deps.json lies in the file.
func FuzzDotnetBundle(f *testing.F) {
	f.Add([]byte("{}"), []byte{})
	f.Fuzz(func(t *testing.T, deps, tail []byte) {
		for _, content := range [][]byte{dotnetApp(deps), append([]byte("????????"+dotnetMark), tail...), tail} {
			got, err := dotnetBundle(context.Background(), bytes.NewReader(content), int64(len(content)))
			if err == nil && !bytes.Contains(content, got) {
				t.Errorf("%q is not in the program", got)
			}
		}
	})
}
