package main

import (
	"github.com/urfave/cli/v2"
)

func dbCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "db",
		Usage: "fetch and look after the advisory feed that scans ask",
		Subcommands: []*cli.Command{
			dbUpdateCommand(e),
			dbStatusCommand(e),
			dbVerifyCommand(e),
			dbLookupCommand(e),
			dbExportCommand(e),
			dbImportCommand(e),
			dbPushCommand(e),
			dbPullCommand(e),
		},
	}
}
