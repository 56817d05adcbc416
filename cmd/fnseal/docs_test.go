package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

// TestDocsCommands keeps the command reference equal to what --help prints.
func TestDocsCommands(t *testing.T) {
	var doc bytes.Buffer
	doc.WriteString("# Commands\n\nWhat `fnseal COMMAND --help` prints. Exit codes are in [design.md](design.md#command-line).\n")
	e := &env{stdout: &doc, stderr: &doc, lookupEnv: func(string) (string, bool) { return "", false }}
	paths := commandPaths(newApp(e).Commands, nil)
	between := "\n"
	for _, path := range paths {
		fmt.Fprintf(&doc, "%s[%s](#fnseal-%s)", between, strings.Join(path, " "), strings.Join(path, "-"))
		between = " ·\n"
	}
	doc.WriteString("\n")
	for _, path := range paths {
		fmt.Fprintf(&doc, "\n## fnseal %s\n\n```\n", strings.Join(path, " "))
		if code := run(append(append([]string{"fnseal"}, path...), "--help"), e); code != exitOK {
			t.Fatalf("%v --help: exit code %d", path, code)
		}
		doc.WriteString("```\n")
	}
	golden(t, "../../docs/commands.md", doc.Bytes())
}

func commandPaths(commands []*cli.Command, before []string) [][]string {
	var paths [][]string
	for _, c := range commands {
		path := append(before[:len(before):len(before)], c.Name)
		if len(c.Subcommands) > 0 {
			paths = append(paths, commandPaths(c.Subcommands, path)...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}

// demoBlock is the part of README that shows what "fnseal demo" prints.
var demoBlock = regexp.MustCompile("(?s)<!-- demo -->\n```\n(.*?)```\n<!-- /demo -->")

// TestDocsReadme keeps the README's first minute equal to what the demo
// prints, but for the key, which is new each time, and the clock.
func TestDocsReadme(t *testing.T) {
	var out bytes.Buffer
	e := &env{stdout: &out, stderr: &out, lookupEnv: os.LookupEnv, now: newEnv().now}
	if code := run([]string{"fnseal", "demo"}, e); code != exitOK {
		t.Fatalf("exit code %d:\n%s", code, out.Bytes())
	}
	text := strings.TrimLeft(stableDemo(out.String()), "\n")
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !demoBlock.Match(readme) {
		t.Fatal("README.md has no demo block")
	}
	block := "<!-- demo -->\n```\n" + text + "```\n<!-- /demo -->"
	want := demoBlock.ReplaceAllLiteral(readme, []byte(block))
	golden(t, "../../README.md", want)
}

// components is the table of the demo's SBOM: its head with five rows, and the
// rest of them.
var components = regexp.MustCompile(`(?m)^(COMPONENT .*\n(?:.*\n){5})(?:.+\n)+`)

// stableDemo leaves out what is new each time, and what makes the page long:
// most components, and most digits of the digests.
func stableDemo(s string) string {
	s = components.ReplaceAllString(s, "$1…\n")
	s = regexp.MustCompile(`((?:sha256|fnseal-tree-v1):[0-9a-f]{8})[0-9a-f]{56}`).ReplaceAllString(s, "$1…")
	s = regexp.MustCompile(`key id [A-Za-z0-9+/]{43}=`).ReplaceAllString(s, "key id …")
	return regexp.MustCompile(`built [0-9TZ:-]+ \([^)]* ago\)`).ReplaceAllString(s, "built just now")
}

// golden compares data with a file, or writes it with -update.
func golden(t *testing.T, path string, data []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(data)); diff != "" {
		t.Errorf("%s is stale; run go test ./cmd/fnseal -run TestDocs -update (-file +now):\n%s", path, diff)
	}
}

// TestDemoFiles keeps the embedded example equal to the fixtures it was
// copied from.
func TestDemoFiles(t *testing.T) {
	for embedded, fixture := range map[string]string{
		"demo/function.zip":             "../../testdata/packages/node.zip",
		"demo/feed/npm/all.zip":         "../../testdata/osv/npm/all.zip",
		"demo/feed/npm/modified_id.csv": "../../testdata/osv/npm/modified_id.csv",
	} {
		got, err := demoFiles.ReadFile(embedded)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(fixture)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("cmd/fnseal/%s is not a copy of %s", embedded, strings.TrimPrefix(fixture, "../../"))
		}
	}
}
