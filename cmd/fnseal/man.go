package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

func manCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "man",
		Usage:     "print the manual page",
		ArgsUsage: "[flags]",
		Description: `The page is in roff, as man reads it.

Examples:
  fnseal man | man -l -
  fnseal man > /usr/local/share/man/man1/fnseal.1`,
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			return writeAll(e.stdout, manPage(c.App))
		},
	}
}

// manPage is the manual as roff with the man macros. It carries no date, so
// that the same program always prints the same page.
func manPage(app *cli.App) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH FNSEAL 1 \"\" \"fnseal %s\" \"User Commands\"\n", roff(toolVersion()))
	fmt.Fprintf(&b, ".SH NAME\nfnseal \\- %s\n", roff(app.Usage))
	b.WriteString(".SH SYNOPSIS\n.B fnseal\n.I COMMAND\n[flags] [arguments]\n.SH COMMANDS\n")
	for _, c := range app.Commands {
		manEntry(&b, c, "fnseal")
	}
	b.WriteString(".SH EXIT STATUS\n")
	for _, code := range exitMeanings {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", code.code, roff(code.meaning))
	}
	return b.Bytes()
}

func manEntry(b *bytes.Buffer, c *cli.Command, before string) {
	if c.Hidden || c.Name == "help" {
		return
	}
	name := before + " " + c.Name
	if len(c.Subcommands) > 0 {
		for _, sub := range c.Subcommands {
			manEntry(b, sub, name)
		}
		return
	}
	fmt.Fprintf(b, ".SS \"%s %s\"\n%s.\n", roff(name), roff(c.ArgsUsage), roff(c.Usage))
	if c.Description != "" {
		fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", roff(c.Description))
	}
	for _, f := range c.Flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		placeholder, usage := unquoteUsage(d.GetUsage())
		var names []string
		for _, n := range f.Names() {
			names = append(names, `\fB`+roff(strings.Repeat("-", min(len(n), 2))+n)+`\fR`)
		}
		line := strings.Join(names, ", ")
		if d.TakesValue() {
			line += ` \fI` + roff(placeholder) + `\fR`
			if value := strings.Trim(d.GetValue(), `"[]`); value != "" {
				usage += fmt.Sprintf(" (default: %s)", value)
			}
		}
		fmt.Fprintf(b, ".TP\n%s\n%s\n", line, roff(usage))
	}
}

// roff escapes text for a man page: what roff reads as an escape, and lines
// that it would read as a request.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
