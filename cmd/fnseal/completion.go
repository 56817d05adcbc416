package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// shells are those a completion script is made for.
var shells = [...]struct {
	name    string
	install string
	script  func(*bytes.Buffer, []completable)
}{
	{"bash", "fnseal completion bash > /etc/bash_completion.d/fnseal", bashCompletion},
	{"zsh", `fnseal completion zsh > "${fpath[1]}/_fnseal"`, zshCompletion},
	{"fish", "fnseal completion fish > ~/.config/fish/completions/fnseal.fish", fishCompletion},
	{"powershell", "fnseal completion powershell | Out-String | Invoke-Expression", powershellCompletion},
}

// The scripts are made from the commands themselves and hold every name, so
// that pressing a key starts no program.
func completionCommand(e *env) *cli.Command {
	var names, examples []string
	for _, s := range shells {
		names = append(names, s.name)
		examples = append(examples, "  "+s.install)
	}
	return &cli.Command{
		Name:        "completion",
		Usage:       "print the completion script of a shell",
		ArgsUsage:   strings.Join(names, "|"),
		Description: "Examples:\n" + strings.Join(examples, "\n"),
		Action: func(c *cli.Context) error {
			name, err := oneArg(c, "SHELL")
			if err != nil {
				return err
			}
			for _, s := range shells {
				if s.name == name {
					var script bytes.Buffer
					s.script(&script, completables(c.App.Commands, ""))
					return writeAll(e.stdout, script.Bytes())
				}
			}
			return hint(usagef("unknown shell %q", name), "one of %s", strings.Join(names, ", "))
		},
	}
}

// completable is a place in the command line and what may follow there.
type completable struct {
	path  string // of commands, each behind a space; empty for the program
	words []completion
}

type completion struct {
	text  string
	usage string
	value bool // a flag that the next word belongs to
}

// completables lists the program and every command below it.
func completables(commands []*cli.Command, path string) []completable {
	here := completable{path: path}
	var below []completable
	for _, c := range commands {
		if c.Hidden || c.Name == "help" {
			continue
		}
		here.words = append(here.words, completion{text: c.Name, usage: c.Usage})
		if len(c.Subcommands) > 0 {
			below = append(below, completables(c.Subcommands, path+" "+c.Name)...)
			continue
		}
		below = append(below, completable{path: path + " " + c.Name, words: flagCompletions(c.Flags)})
	}
	return append([]completable{here}, below...)
}

func flagCompletions(flags []cli.Flag) []completion {
	var out []completion
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		_, usage := unquoteUsage(d.GetUsage())
		for _, n := range f.Names() {
			out = append(out, completion{text: strings.Repeat("-", min(len(n), 2)) + n, usage: usage, value: d.TakesValue()})
		}
	}
	return append(out, completion{text: "--help", usage: "show help"})
}

// values lists the flags that the next word belongs to, each between spaces.
func (c completable) values() string {
	var b strings.Builder
	for _, w := range c.words {
		if w.value {
			b.WriteString(" " + w.text)
		}
	}
	return b.String() + " "
}

func (c completable) texts() string {
	texts := make([]string, len(c.words))
	for i, w := range c.words {
		texts[i] = w.text
	}
	return strings.Join(texts, " ")
}

// posixPath is how both bash and zsh find the command that was typed so far.
func posixPath(b *bytes.Buffer, all []completable, word string) {
	var paths []string
	for _, c := range all {
		if c.path != "" {
			paths = append(paths, `"`+c.path+`"`)
		}
	}
	fmt.Fprintf(b, "\t\tcase \"$at %s\" in\n\t\t%s) at+=\" %s\" ;;\n\t\tesac\n", word, strings.Join(paths, "|"), word)
}

func bashCompletion(b *bytes.Buffer, all []completable) {
	b.WriteString("# bash completion of fnseal\n_fnseal() {\n" +
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at= words= values= i\n" +
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n")
	posixPath(b, all, "${COMP_WORDS[i]}")
	b.WriteString("\tdone\n\tcase $at in\n")
	for _, c := range all {
		fmt.Fprintf(b, "\t%q) words=%q values=%q ;;\n", c.path, c.texts(), c.values())
	}
	b.WriteString("\tesac\n" +
		"\tif [[ $values == *\" $prev \"* ]] || [[ $cur != -* && $words == -* ]]; then\n" +
		"\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n" +
		"\t\tcompopt -o filenames 2>/dev/null\n" +
		"\telse\n" +
		"\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n" +
		"\tfi\n}\ncomplete -F _fnseal fnseal\n")
}

func zshCompletion(b *bytes.Buffer, all []completable) {
	b.WriteString("#compdef fnseal\n# zsh completion of fnseal\n_fnseal() {\n" +
		"\tlocal at= values= i\n\tlocal -a found\n" +
		"\tfor ((i = 2; i < CURRENT; i++)); do\n")
	posixPath(b, all, "${words[i]}")
	b.WriteString("\tdone\n\tcase $at in\n")
	for _, c := range all {
		fmt.Fprintf(b, "\t%q) values=%q found=(", c.path, c.values())
		for _, w := range c.words {
			b.WriteString("\n\t\t" + singleQuoted(strings.ReplaceAll(w.text, ":", `\:`)+":"+w.usage, `'\''`))
		}
		b.WriteString(") ;;\n")
	}
	b.WriteString("\tesac\n" +
		"\tif [[ $values == *\" ${words[CURRENT-1]} \"* || ( ${words[CURRENT]} != -* && -n $values && $values != ' ' ) ]]; then\n" +
		"\t\t_files\n\telse\n\t\t_describe fnseal found\n\tfi\n}\n" +
		"if [ \"$funcstack[1]\" = _fnseal ]; then _fnseal \"$@\"; else compdef _fnseal fnseal; fi\n")
}

func fishCompletion(b *bytes.Buffer, all []completable) {
	b.WriteString("# fish completion of fnseal\n")
	for _, c := range all {
		at := strings.Fields(c.path)
		var when []string
		for _, name := range at {
			when = append(when, "__fish_seen_subcommand_from "+name)
		}
		if len(at) == 0 {
			when = append(when, "__fish_use_subcommand")
		}
		condition := singleQuoted(strings.Join(when, "; and "), `\'`)
		for _, w := range c.words {
			fmt.Fprintf(b, "complete -c fnseal -n %s", condition)
			switch name := strings.TrimLeft(w.text, "-"); len(w.text) - len(name) {
			case 0:
				b.WriteString(" -f -a " + name)
			case 1:
				b.WriteString(" -s " + name)
			default:
				b.WriteString(" -l " + name)
			}
			if w.value {
				b.WriteString(" -r")
			}
			fmt.Fprintf(b, " -d %s\n", singleQuoted(w.usage, `\'`))
		}
	}
}

func powershellCompletion(b *bytes.Buffer, all []completable) {
	b.WriteString("# PowerShell completion of fnseal\n" +
		"Register-ArgumentCompleter -Native -CommandName fnseal -ScriptBlock {\n" +
		"\tparam($wordToComplete, $commandAst, $cursorPosition)\n\t$known = @{\n")
	for _, c := range all {
		fmt.Fprintf(b, "\t\t%s = @(\n", singleQuoted(c.path, "''"))
		for _, w := range c.words {
			fmt.Fprintf(b, "\t\t\t@(%s, %s)\n", singleQuoted(w.text, "''"), singleQuoted(w.usage, "''"))
		}
		b.WriteString("\t\t)\n")
	}
	b.WriteString("\t}\n\t$at = ''\n" +
		"\tforeach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {\n" +
		"\t\tif ($known.ContainsKey(\"$at $element\")) { $at = \"$at $element\" }\n\t}\n" +
		"\t$known[$at] | Where-Object { $_[0] -like \"$wordToComplete*\" } | ForEach-Object {\n" +
		"\t\t[System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])\n\t}\n}\n")
}

// singleQuoted writes s between single quotes; quote is what stands for one
// within.
func singleQuoted(s, quote string) string {
	return "'" + strings.ReplaceAll(s, "'", quote) + "'"
}
