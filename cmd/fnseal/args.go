package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// permute moves a command's flags before its other arguments, so that
// "fnseal sign app.zip --key K" means what it says: urfave/cli stops looking
// for flags at the first argument and would silently take "--key" for a file.
// What follows "--" stays as it is. args[0] is the program.
func permute(root *cli.App, args []string) []string {
	if len(args) == 0 {
		return args
	}
	out := []string{args[0]}
	flags, commands := root.Flags, root.Commands
	rest := args[1:]
	for {
		head, positional, tail := splitFlags(flags, rest, len(commands) > 0)
		out = append(out, head...)
		if len(positional) == 0 {
			return append(out, tail...)
		}
		cmd := find(commands, positional[0])
		if cmd == nil {
			if len(commands) == 0 {
				out = append(out, "--")
			}
			return append(append(out, positional...), tail...)
		}
		out = append(out, positional[0])
		flags, commands, rest = cmd.Flags, cmd.Subcommands, tail
	}
}

// splitFlags sorts args into flags with their values and other arguments. With
// stop it ends at the first other argument, the name of a subcommand, and
// returns what follows in tail.
func splitFlags(known []cli.Flag, args []string, stop bool) (flags, positional, tail []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return flags, append(positional, args[i+1:]...), nil
		case len(arg) < 2 || arg[0] != '-':
			positional = append(positional, arg)
			if stop {
				return flags, positional, args[i+1:]
			}
		default:
			flags = append(flags, arg)
			name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			if name == execFlag && takesValue(known, name) {
				// A command line of another program: each of its words
				// becomes a value.
				words := commandFlags(arg, args[i+1:])
				if len(words) == 0 {
					return flags, nil, nil // its value is missing
				}
				return append(flags[:len(flags)-1], words...), positional, nil
			}
			if !hasValue && takesValue(known, name) {
				if i++; i == len(args) {
					// Its value is missing. Nothing must follow that urfave
					// could take for it.
					return flags, nil, nil
				}
				flags = append(flags, args[i])
			}
		}
	}
	return flags, positional, nil
}

func takesValue(flags []cli.Flag, name string) bool {
	for _, f := range flags {
		for _, n := range f.Names() {
			if n == name {
				v, ok := f.(cli.DocGenerationFlag)
				return ok && v.TakesValue()
			}
		}
	}
	return false
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// commandFlags makes a flag of each word of the command that follows --exec,
// of which the first may be given as --exec=WORD. A "--" before it separates
// it for the eye.
func commandFlags(arg string, words []string) []string {
	var flags []string
	if _, first, ok := strings.Cut(arg, "="); ok {
		words = append([]string{first}, words...)
	} else if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, w := range words {
		flags = append(flags, "--"+execFlag+"="+w)
	}
	return flags
}
