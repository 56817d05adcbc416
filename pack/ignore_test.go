package pack

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestIgnore holds rules against paths, as git 2.39 answers ("git check-ignore
// --no-index"). A path that ends in a slash is a directory.
func TestIgnore(t *testing.T) {
	for _, c := range []struct {
		rules string
		out   string // paths that are left out, separated by spaces
		in    string // paths that are not
	}{
		{"*.log", "a.log d/a.log .log", "a.logs a.log.txt"},
		{"/a.txt", "a.txt", "d/a.txt"},
		{"d/a.txt", "d/a.txt", "x/d/a.txt a.txt"},
		{"build/", "build/ build/x d/build/ d/build/y", "build d/build"},
		{"/build/", "build/ build/x", "d/build/ d/build/x"},
		{"*.log\n!keep.log", "a.log", "keep.log d/keep.log"},
		{"d/\n!d/keep", "d/ d/keep", ""},
		{"d/*\n!d/keep", "d/x d/sub/ d/sub/keep", "d/ d/keep"},
		{"**/x", "x a/x a/b/x", "ax a/xb"},
		{"a/**/b", "a/b a/x/b a/x/y/b", "b ab a/xb"},
		{"a/**", "a/x a/x/y", "a/ a"},
		{"a*b", "ab axb d/axxb", "a/b"},
		{"/a*b", "ab axb", "d/ab a/b"},
		{"a?c", "abc a?c", "ac a/c"},
		{"[ab].x", "a.x b.x", "c.x ab.x"},
		{"[!ab].x", "c.x", "a.x"},
		{"[^ab].x", "c.x", "b.x"},
		{"[a-c].x", "b.x", "d.x -.x"},
		{"[]x].y", "].y x.y", "z.y"},
		{"[a-].x", "a.x -.x", "b.x"},
		{"[[:digit:]]x", "1x", "ax"},
		{"[[:nope:]]x", "", "nx :]x"},
		{"[ab", "", "a [ab"},
		{`\#x`, "#x", "x"},
		{"#x", "", "#x x"},
		{`\!x`, "!x", "x"},
		{`a\*b`, "a*b", "axb"},
		{"x   ", "x", ""},
		{"x\\ ", "x\u00a0", ""}, // replaced below: spaces separate paths here
		{"\ufeffx", "x", ""},
		{"x\r\ny\r\n", "x y", ""},
		{"\n\n  \n", "", "x"},
		{"/", "", "x d/"},
		{"//", "", "x d/"},
		{"!", "", "x"},
		{"node_modules\n!/node_modules", "d/node_modules/ d/node_modules/x", "node_modules/ node_modules/x"},
		{"a/b/c/", "a/b/c/ a/b/c/d", "a/b/c a/b/"},
		{"*/x", "d/x", "x d/e/x"},
		{"**", "x d/x", ""},
		{"a**c", "abc ac", "a/c d/a/c"},
		{"d/**/", "d/x/", "d/ d/x"},
		{"ö*", "öx", "o"},
	} {
		if strings.HasPrefix(c.rules, `x\ `) {
			c.out = "x\x00"
		}
		g := &Ignore{}
		g.Add("", []byte(c.rules))
		for i, list := range []string{c.out, c.in} {
			for _, p := range strings.Fields(list) {
				p = strings.ReplaceAll(p, "\x00", " ")
				name, dir := strings.CutSuffix(p, "/")
				if got := g.Match(name, dir); got != (i == 0) {
					t.Errorf("%q of %q: left out %v", p, c.rules, got)
				}
			}
		}
	}
}

// TestIgnoreNested has rules in several directories: the deepest that matches
// counts.
func TestIgnoreNested(t *testing.T) {
	g := NewIgnore()
	g.Add("", []byte("*.tmp\n/top\n"))
	g.Add("d", []byte("!keep.tmp\n/top\nx/\n"))
	for p, want := range map[string]bool{
		"a.tmp": true, "d/a.tmp": true, "d/keep.tmp": false, "keep.tmp": true, "top": true, "d/top": true, "e/top": false,
		"d/x/y": true, "x/y": false, ".git/config": true, "d/.git": true, ".fnsealignore": true, "d/.fnsealignore": true, ".gitignore": false,
	} {
		if got := g.Match(p, false); got != want {
			t.Errorf("%s: left out %v", p, got)
		}
	}
}

// TestLikeGit holds random rules and paths against git itself.
func TestLikeGit(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not here")
	}
	dir := t.TempDir()
	run := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command(git, args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir, "XDG_CONFIG_HOME="+dir)
		out, err := cmd.Output()
		if err != nil && len(out) > 0 {
			t.Fatal(err)
		}
		return string(out)
	}
	run("", "init", "-q")
	var files []string
	for _, p := range []string{"a", "b", "ab", "a.b", "abc", "-", "]"} {
		for _, q := range []string{"x", "b", "ab/a", "c/b/a", "a/abc"} {
			files = append(files, "d"+p+"/"+q)
		}
	}
	for _, p := range files {
		if err := os.MkdirAll(filepath.Join(dir, path.Dir(p)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, p), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	parts := []string{"a", "b", "ab", "d", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[a-b]", "[]-]", ".", "da", "dab", `\a`, "[[:alpha:]]", "**/", "/**", "["}
	for range 150 {
		var rules []string
		for range 1 + r.IntN(4) {
			line := []string{"", "", "", "!", "/"}[r.IntN(5)]
			for range 1 + r.IntN(5) {
				line += parts[r.IntN(len(parts))]
			}
			rules = append(rules, line)
		}
		text := strings.Join(rules, "\n") + "\n"
		if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		want := strings.Fields(run(strings.Join(files, "\n"), "check-ignore", "--no-index", "--stdin"))
		g := &Ignore{}
		g.Add("", []byte(text))
		var got []string
		for _, p := range files {
			if g.Match(p, false) {
				got = append(got, p)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("rules %q:\ngot  %s\ngit  %s", text, got, want)
		}
	}
}

// TestWildmatchGivesUp matches what would take for ever if every way were
// tried.
func TestWildmatchGivesUp(t *testing.T) {
	text := strings.Repeat("a", 200) + "b"
	for _, p := range []string{strings.Repeat("*a", 40) + "c", strings.Repeat("**/", 40) + "c", strings.Repeat("a**", 40) + "c"} {
		if wildmatch(p, text) || wildmatch(p, strings.ReplaceAll(text, "aa", "a/")) {
			t.Errorf("%.20q… matches", p)
		}
	}
}

func ExampleIgnore() {
	g := NewIgnore()
	g.Add("", []byte("*.md\ntests/\n"))
	fmt.Println(g.Match("README.md", false), g.Match("src/tests/a.js", false), g.Match("index.js", false))
	// Output: true true false
}
