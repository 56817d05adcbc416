package report

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/inspect"
)

// inspectDay is the day lifecycles are judged at in these tests.
var inspectDay = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// inspectFixture inspects a real package.
func inspectFixture(t testing.TB, name, runtime string) *inspect.Report {
	t.Helper()
	p, err := target.Open(t.Context(), "../testdata/packages/"+name, target.Options{Limits: fnpkg.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r, err := inspect.Inspect(t.Context(), p, inspect.Options{Runtime: runtime, AsOf: inspectDay, Limits: fnpkg.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// inspectHostile is a report with something in every field, each text as
// hostile as a package can make it.
func inspectHostile() *inspect.Report {
	hint := func(s inspect.Strength) inspect.Hint {
		return inspect.Hint{Strength: s, Count: 4, Evidence: []inspect.Evidence{{Path: hostile, Says: hostile}, {Path: strings.Repeat("deep/", 30) + "x.so", Says: "long"}, {Path: "third", Says: "third"}}}
	}
	binary := inspect.Binary{Format: inspect.FormatELF, Archs: []string{"x86_64"}, Program: true, Interpreter: hostile}
	dates, _ := fnpkg.LookupRuntime("nodejs18.x")
	return &inspect.Report{
		Subject:   fnpkg.Subject{Name: hostile, Kind: fnpkg.KindZip, Size: 60 << 20, Digest: fnpkg.Digest{1, 2, 3}, Newest: inspectDay},
		NoContent: "the package is ambiguous",
		Form:      inspect.FormDeployment, FormReason: "neither a layer's folders nor Java's manifest",
		Sizes: inspect.Sizes{Packed: 60 << 20, Unpacked: 1, Files: 2000, Dirs: 1, Links: 2, Special: 1},
		Limits: []inspect.LimitUse{
			{Limit: inspect.Limit{Provider: inspect.ProviderAWS, What: "zipped, uploaded directly", Bytes: 50 << 20, Text: "50 MB", Source: "https://provider.example/limits", Read: "2026-01-02"}, Size: 60 << 20},
			{Limit: inspect.Limit{Provider: inspect.ProviderAWS, What: "unzipped", Bytes: 250 << 20, Text: "250 MB", Source: "https://provider.example/limits", Read: "2026-01-02"}, Size: 250 << 20},
		},
		Providers: []inspect.ProviderHint{{Provider: inspect.ProviderAWS, Hint: hint(inspect.Strong)}, {Provider: inspect.ProviderGoogle, Hint: hint(inspect.Weak)}},
		Runtimes:  []inspect.RuntimeHint{{Name: "java17", AtLeast: true, Hint: hint(inspect.Strong)}, {Name: "nodejs", Constraint: hostile, Hint: hint(inspect.Weak)}},
		Runtime:   &inspect.Runtime{Name: "nodejs18.x", Stated: true, State: fnpkg.RuntimeDeprecated, AsOf: inspectDay, Known: true, Dates: dates, Taken: time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)},
		Natives: inspect.Natives{
			Archs: []inspect.ArchCount{{Format: inspect.FormatELF, Arch: "x86_64", Files: 2, Example: hostile}, {Format: inspect.FormatMachO, Arch: "arm64", Files: 1, Example: "b.node"}},
			Files: []inspect.NativeFile{{Path: "bootstrap", Size: 9, Binary: binary}, {Path: hostile, Size: 1, Binary: binary}},
			Count: 3, Looked: 40, Skipped: 7,
		},
		Languages: []inspect.Language{{Name: "JavaScript", Files: 12, Bytes: 4000}},
		Tree: inspect.Tree{
			Top:     []inspect.TopEntry{{Name: hostile, Dir: true, Files: 3, Bytes: 1500}, {Name: "a.js", Files: 1, Bytes: 1}},
			MoreTop: 5,
			Largest: []inspect.LargeFile{{Path: hostile, Size: 1000}, {Path: "a.js", Size: 1}},
		},
		Hazards: []fnpkg.Hazard{{ID: fnpkg.HazardDuplicateName, Path: hostile, Detail: hostile}, {ID: fnpkg.HazardSetuid, Path: "x", Detail: "x is setuid"}},
		Remarks: []inspect.Remark{{ID: inspect.RemarkMixedArch, Detail: hostile}},
		Unread:  inspect.Unread{Count: 30, Files: []inspect.UnreadFile{{Path: hostile, Reason: hostile}}},
	}
}

// TestInspectGolden compares with files: go test ./report -run Inspect -update.
func TestInspectGolden(t *testing.T) {
	unknown := inspectFixture(t, "node.zip", "nodejs99.x")
	for name, render := range map[string]func(io.Writer) error{
		"inspect-python.txt":  func(w io.Writer) error { return InspectText(w, inspectFixture(t, "python.zip", "python3.12")) },
		"inspect-python.json": func(w io.Writer) error { return InspectJSON(w, inspectFixture(t, "python.zip", "python3.12")) },
		"inspect-java.txt":    func(w io.Writer) error { return InspectText(w, inspectFixture(t, "java.zip", "")) },
		"inspect-unknown.txt": func(w io.Writer) error { return InspectText(w, unknown) },
		"inspect-hostile.txt": func(w io.Writer) error { return InspectText(w, inspectHostile()) },
		"inspect-hostile.md":  func(w io.Writer) error { return InspectMarkdown(w, inspectHostile()) },
	} {
		t.Run(name, func(t *testing.T) { inspectGolden(t, name, render) })
	}
}

func inspectGolden(t *testing.T, name string, render func(io.Writer) error) {
	t.Helper()
	var got bytes.Buffer
	if err := render(&got); err != nil {
		t.Fatal(err)
	}
	checkHarmless(t, name, got.String())
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestInspectTextWidth(t *testing.T) {
	for name, r := range map[string]*inspect.Report{
		"hostile": inspectHostile(),
		"node":    inspectFixture(t, "node.zip", "nodejs18.x"),
		"jar":     inspectFixture(t, "java-nested.jar", "java25"),
		"empty":   {Form: inspect.FormFile},
	} {
		var b bytes.Buffer
		if err := InspectText(&b, r); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if n := utf8.RuneCountInString(line); n > 80 || strings.TrimRight(line, " ") != line {
				t.Errorf("%s: %d columns: %q", name, n, line)
			}
		}
	}
}

// TestInspectHostile looks for what must not reach a terminal or a page.
func TestInspectHostile(t *testing.T) {
	var text, markdown, data bytes.Buffer
	for w, render := range map[*bytes.Buffer]func(io.Writer, *inspect.Report) error{&text: InspectText, &markdown: InspectMarkdown, &data: InspectJSON} {
		if err := render(w, inspectHostile()); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{"\x1b", "\u202e", "\n::"} {
		if strings.Contains(strings.ReplaceAll(text.String(), " ", ""), bad) || strings.Contains(markdown.String(), bad) {
			t.Errorf("%q got through", bad)
		}
	}
	for _, bad := range []string{"<b>", "[l](", "@me"} {
		if strings.Contains(markdown.String(), bad) {
			t.Errorf("%q got through to Markdown", bad)
		}
	}
	var back struct {
		Subject struct{ Name string }
		Natives struct {
			Files []struct{ Interpreter string }
		}
	}
	if err := json.Unmarshal(data.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Subject.Name != hostile || back.Natives.Files[0].Interpreter != hostile {
		t.Errorf("JSON changed a name: %+v", back)
	}
}

func TestInspectPercent(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		part, whole int64
		want        string
	}{
		{0, 50 * mib, "0.0 %"},
		{1, 50 * mib, "<0.1 %"},
		{25 * mib, 50 * mib, "50.0 %"},
		{50*mib - 1, 50 * mib, "99.9 %"},
		{50 * mib, 50 * mib, "100.0 %"},
		{50*mib + 1, 50 * mib, "100.1 %"},
		{100 * mib, 50 * mib, "200.0 %"},
	} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}
