package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestDocsCommandLines parses every fnseal command line of the documents with
// the program's own parser: a command or flag that does not exist, a value
// that is missing or of the wrong kind fails.
func TestDocsCommandLines(t *testing.T) {
	files := []string{"../../README.md", "../../CONTRIBUTING.md"}
	err := filepath.WalkDir("../../docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range commandLines(string(text)) {
			lines++
			if err := parses(line); err != nil {
				t.Errorf("%s: %s: %v", strings.TrimPrefix(file, "../../"), strings.Join(line, " "), err)
			}
		}
	}
	if lines < 150 {
		t.Errorf("found only %d command lines: the test looks in the wrong place", lines)
	}
}

// parses runs one command line up to where its command would begin to work.
func parses(args []string) error {
	e := &env{stdout: io.Discard, stderr: io.Discard, lookupEnv: func(string) (string, bool) { return "", false }}
	app := newApp(e)
	idle(app.Commands)
	return app.Run(permute(app, args))
}

// idle takes its work from every command.
func idle(commands []*cli.Command) {
	for _, c := range commands {
		if len(c.Subcommands) == 0 {
			c.Action = func(*cli.Context) error { return nil }
		}
		idle(c.Subcommands)
	}
}

var (
	fence  = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```$")
	inline = regexp.MustCompile("(?s)`(fnseal [^`]+)`")
	// before is what may stand before a command in a code block: a prompt, a
	// comment sign, YAML of a workflow, variables.
	before = regexp.MustCompile(`^(?:\$ |# |- )?(?:run: )?(?:[A-Z_]+=\S* )*$`)
	//	// stands is a command line that stands for all commands, or for none yet.
	stands = regexp.MustCompile(`^fnseal (…|[A-Z]|-)`)
)

// commandLines finds the fnseal command lines in Markdown, each split into
// words as a shell would.
func commandLines(text string) [][]string {
	var lines [][]string
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		code := regexp.MustCompile(`\\\n\s*`).ReplaceAllString(block[1], " ")
		// The folded scalars of YAML are one line.
		code = regexp.MustCompile(`\n\s+--`).ReplaceAllString(code, " --")
		for line := range strings.Lines(code) {
			line = strings.TrimSpace(line)
			if start := strings.Index(line, "fnseal "); start >= 0 && before.MatchString(line[:start]) {
				lines = append(lines, shellWords(line[start:])...)
			}
		}
	}
	for _, code := range inline.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		lines = append(lines, shellWords(strings.Join(strings.Fields(code[1]), " "))...)
	}
	return slices.DeleteFunc(lines, func(words []string) bool {
		return len(words) < 2 || words[0] != "fnseal" || stands.MatchString(strings.Join(words, " "))
	})
}

// shellWords splits a line at spaces outside quotes and $(…), and into
// commands at |, ; and &&. Comments and redirections are left out.
func shellWords(line string) [][]string {
	var commands [][]string
	var words []string
	var word strings.Builder
	inWord, depth, skip := false, 0, false
	var quote rune
	endWord := func() {
		if inWord && !skip {
			words = append(words, word.String())
		}
		if inWord {
			skip = false
		}
		word.Reset()
		inWord = false
	}
	for _, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
				continue
			}
		case r == '\'' || r == '"':
			quote, inWord = r, true
			continue
		case r == '(':
			depth++
		case r == ')':
			depth--
		case depth > 0:
		case r == ' ':
			endWord()
			continue
		case r == '#' && !inWord:
			return append(commands, words)
		case r == '>' || r == '<':
			if s := word.String(); s == "2" || s == "1" || s == "&" {
				inWord = false // the stream that is redirected
			}
			endWord()
			skip = true
			continue
		case r == '|' || r == ';' || r == '&' && !skip:
			endWord()
			commands, words = append(commands, words), nil
			continue
		}
		word.WriteRune(r)
		inWord = true
	}
	endWord()
	return append(commands, words)
}

func TestShellWords(t *testing.T) {
	for _, test := range []struct {
		line string
		want [][]string
	}{
		{`fnseal sbom a.zip -o json > a.json  # note`, [][]string{{"fnseal", "sbom", "a.zip", "-o", "json"}}},
		{`fnseal verify "a b.zip" --aws "$(aws x --y z)" && sam deploy`, [][]string{{"fnseal", "verify", "a b.zip", "--aws", "$(aws x --y z)"}, nil, {"sam", "deploy"}}},
		{`fnseal man 2>/dev/null | man -l -`, [][]string{{"fnseal", "man"}, {"man", "-l", "-"}}},
		{`fnseal scan a --private '@acme'`, [][]string{{"fnseal", "scan", "a", "--private", "@acme"}}},
	} {
		got := shellWords(test.line)
		if !slices.EqualFunc(got, test.want, slices.Equal) {
			t.Errorf("%s:\n got %q\nwant %q", test.line, got, test.want)
		}
	}
	if err := parses([]string{"fnseal", "verify", "a.zip", "--kye", "x"}); err == nil {
		t.Error("a flag that does not exist parses")
	}
	if err := parses([]string{"fnseal", "verfiy", "a.zip"}); err == nil {
		t.Error("a command that does not exist parses")
	}
}
