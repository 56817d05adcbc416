package overlay_test

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/overlay"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
)

// pack makes a package of files given as path, content, path, content, …
func pack(t *testing.T, name string, files ...string) fnpkg.Package {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := zipfile.New(bytes.NewReader(buf.Bytes()), int64(buf.Len()), name, fnpkg.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func contents(t *testing.T, p fnpkg.Package) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, e := range p.Entries() {
		if !e.IsRegular() {
			continue
		}
		c, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(c)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		got[e.Path] = string(data)
	}
	return got
}

func TestLaterLayersHideEarlierOnes(t *testing.T) {
	function := pack(t, "fn.zip", "app.py", "handler")
	p := overlay.New(function,
		pack(t, "one.zip", "python/six.py", "six 1", "python/a.py", "a"),
		pack(t, "two.zip", "python/six.py", "six 2", "bin/tool", "tool"),
	)
	defer p.Close()

	want := map[string]string{
		"var/task/app.py":   "handler",
		"opt/python/six.py": "six 2",
		"opt/python/a.py":   "a",
		"opt/bin/tool":      "tool",
	}
	if diff := cmp.Diff(want, contents(t, p)); diff != "" {
		t.Errorf("what the function sees (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]overlay.Shadow{{Path: "opt/python/six.py", Layer: "one.zip", By: "two.zip"}}, p.Shadowed()); diff != "" {
		t.Errorf("shadowed (-want +got):\n%s", diff)
	}
	if p.Name() != "fn.zip" || p.Kind() != fnpkg.KindZip {
		t.Errorf("is %s, %s", p.Name(), p.Kind())
	}
	got, err := p.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if own, _ := function.Digest(t.Context()); got != own {
		t.Errorf("digest %s, want the function's %s", got, own)
	}
	layers, err := p.Layers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 2 || layers[0].Name != "one.zip" || layers[1].Name != "two.zip" || layers[0].Digest.IsZero() {
		t.Errorf("layers: %v", layers)
	}
}

func TestFileOverFolder(t *testing.T) {
	p := overlay.New(pack(t, "fn.zip", "app.py", ""),
		pack(t, "one.zip", "python/six.py", "six"),
		pack(t, "two.zip", "python", "a file where a folder was"),
	)
	defer p.Close()
	if got := contents(t, p)["opt/python"]; got != "a file where a folder was" {
		t.Errorf("opt/python is %q", got)
	}
	if _, seen := contents(t, p)["opt/python/six.py"]; seen {
		t.Error("a file below a file is seen")
	}
	if len(p.Hazards()) != 1 || p.Hazards()[0].ID != fnpkg.HazardFileAsDirectory {
		t.Errorf("hazards: %v", p.Hazards())
	}
}

func TestFolderOverFile(t *testing.T) {
	p := overlay.New(pack(t, "fn.zip", "app.py", ""),
		pack(t, "one.zip", "bin", "a file"),
		pack(t, "two.zip", "bin/tool", "tool"),
	)
	defer p.Close()
	want := map[string]string{"var/task/app.py": "", "opt/bin/tool": "tool"}
	if diff := cmp.Diff(want, contents(t, p)); diff != "" {
		t.Errorf("what the function sees (-want +got):\n%s", diff)
	}
	if len(p.Hazards()) != 1 || p.Hazards()[0].ID != fnpkg.HazardFileAsDirectory {
		t.Errorf("hazards: %v", p.Hazards())
	}
}
