package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/nearest"
)

// run executes one command line and returns the process's exit code.
func run(args []string, e *env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)

	return runContext(ctx, args, e)
}

// runContext is run under a context whose end stands for an interruption.
func runContext(ctx context.Context, args []string, e *env) int {
	app := newApp(e)
	err := app.RunContext(ctx, permute(app, args))
	if err != nil && ctx.Err() != nil {
		// Whatever failed, it failed because the user asked to stop.
		err = ctx.Err()
	}
	if err != nil {
		printError(e, err)
	}
	return exitCode(err)
}

func newApp(e *env) *cli.App {
	app := &cli.App{
		Name:                      "fnseal",
		Usage:                     "say whether a serverless function package may run",
		CustomAppHelpTemplate:     appHelp,
		HideVersion:               true, // "fnseal version" is the command; -v means nothing
		HideHelpCommand:           false,
		DisableSliceFlagSeparator: true, // a comma is part of a path
		Writer:                    e.stdout,
		ErrWriter:                 e.stderr,
		Commands: []*cli.Command{
			sbomCommand(e),
			scanCommand(e),
			explainCommand(e),
			diffCommand(e),
			inspectCommand(e),
			keygenCommand(e),
			packCommand(e),
			signCommand(e),
			attestCommand(e),
			bundleCommand(e),
			sealCommand(e),
			approveCommand(e),
			verifyCommand(e),
			policyCommand(e),
			dbCommand(e),
			demoCommand(e),
			initCommand(e),
			doctorCommand(e),
			completionCommand(e),
			manCommand(e),
			versionCommand(e),
		},
		Action:         noCommand,
		OnUsageError:   onUsageError,
		ExitErrHandler: func(*cli.Context, error) {}, // run maps errors to exit codes
		// urfave prints the suggestion itself, on stdout.
		Suggest: false,
	}
	prepare(e, app.Commands)
	return app
}

// prepare closes urfave's traps on every command and its subcommands.
func prepare(e *env, commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		c.HideHelpCommand = true
		if len(c.Subcommands) > 0 {
			c.CustomHelpTemplate = groupHelp
			c.Action = noCommand
			prepare(e, c.Subcommands)
			continue
		}
		c.Flags = append(c.Flags, commonFlags(e)...)
		c.CustomHelpTemplate = commandHelp + flagsHelp(c.Flags)
	}
}

// onUsageError replaces urfave's, which prints the whole usage on stdout.
func onUsageError(c *cli.Context, err error, _ bool) error {
	return hint(usagef("%s", err), "%s --help", c.Command.HelpName)
}

// noCommand runs where a command has subcommands and none was named.
func noCommand(c *cli.Context) error {
	if name := c.Args().First(); name != "" {
		err := usagef("unknown command %q", name)
		if s := suggest(c.App.Commands, name); s != "" {
			return hint(err, "did you mean %q?", s)
		}
		return hint(err, "fnseal --help")
	}
	if c.Command != nil && len(c.Command.Subcommands) > 0 && c.Command.Name != c.App.Name {
		return hint(usagef("%s needs a subcommand", c.Command.HelpName), "%s --help", c.Command.HelpName)
	}
	return cli.ShowAppHelp(c)
}

// suggest returns the command that name is most likely a slip of.
func suggest(commands []*cli.Command, name string) string {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.Name
	}
	return nearest.Word(name, names)
}

// oneArg returns the command's only argument.
func oneArg(c *cli.Context, what string) (string, error) {
	switch c.NArg() {
	case 1:
		if c.Args().First() == "" {
			return "", usagef("%s is empty", what)
		}
		return c.Args().First(), nil
	case 0:
		return "", hint(usagef("%s needs %s", c.Command.HelpName, what), "%s --help", c.Command.HelpName)
	}
	return "", usagef("%s takes one %s, not %d: %q", c.Command.HelpName, what, c.NArg(), c.Args().Slice())
}

// noArgs fails if the command was given arguments.
func noArgs(c *cli.Context) error {
	if c.NArg() > 0 {
		return hint(usagef("%s takes no arguments: %q", c.Command.HelpName, c.Args().Slice()), "%s --help", c.Command.HelpName)
	}
	return nil
}

// writeAll writes data to a stream whose reader may have left.
func writeAll(w io.Writer, data []byte) error {
	if _, err := w.Write(data); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("writing standard output: %w", err)
	}
	return nil
}
