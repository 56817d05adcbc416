package main

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
Flags:{{range .VisibleFlags}}
  {{.}}{{end}}
`
)
