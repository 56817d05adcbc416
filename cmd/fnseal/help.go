package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// urfave's own templates repeat the name three times and indent by three; these
// say first what to type.
const (
	appHelp = `{{.Usage}}

Usage: {{.HelpName}} COMMAND [flags] [arguments]

Commands:{{range .VisibleCommands}}{{if ne .Name "help"}}
  {{printf "%-10s" .Name}} {{.Usage}}{{end}}{{end}}

Exit codes: 0 fine, 1 error, 2 usage, 3 findings over the threshold,
4 verification refused, 5 could not check, 130 interrupted.

Begin with:
  fnseal demo              the whole way on an example, in a few seconds
  fnseal COMMAND --help    flags and examples of one command
`

	groupHelp = `{{.Usage}}

Usage: {{.HelpName}} COMMAND [flags]

Commands:{{range .VisibleCommands}}{{if ne .Name "help"}}
  {{printf "%-10s" .Name}} {{.Usage}}{{end}}{{end}}
`

	commandHelp = `{{.Usage}}

Usage: {{.HelpName}} {{.ArgsUsage}}
{{if .Description}}
{{.Description}}
{{end}}
Flags:
`
)

// flagsHelp lists flags as a person reads them: names and placeholder in one
// line, what the flag does below. It is escaped for use in a template.
func flagsHelp(flags []cli.Flag) string {
	var b strings.Builder
	for _, f := range append(flags[:len(flags):len(flags)], cli.HelpFlag) {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		placeholder, usage := unquoteUsage(d.GetUsage())
		var names []string
		for _, n := range f.Names() {
			names = append(names, strings.Repeat("-", min(len(n), 2))+n)
		}
		line := strings.Join(names, ", ")
		if d.TakesValue() {
			line += " " + placeholder
			if value := strings.Trim(d.GetValue(), `"[]`); value != "" {
				usage += fmt.Sprintf(" (default: %s)", value)
			}
		}
		if env := d.GetEnvVars(); len(env) > 0 {
			usage += fmt.Sprintf(" [$%s]", env[0])
		}
		fmt.Fprintf(&b, "  %s\n%s", line, wrap(usage, 8, 80))
	}
	return strings.ReplaceAll(b.String(), "{{", "{{`{{`}}")
}

// unquoteUsage takes the placeholder out of a usage text, where it stands
// between backquotes.
func unquoteUsage(usage string) (placeholder, text string) {
	before, rest, ok := strings.Cut(usage, "`")
	name, after, closed := strings.Cut(rest, "`")
	if !ok || !closed {
		return "VALUE", usage
	}
	return name, before + name + after
}

// wrap breaks text into indented lines of at most width columns.
func wrap(text string, indent, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString(strings.Repeat(" ", indent))
			column = indent
		case column+1+len(word) > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	b.WriteByte('\n')
	return b.String()
}
