package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

// version is set by release builds with -ldflags -X.
var version string

// develVersion stands for builds that have no version.
const develVersion = "devel"

// toolVersion is the version fnseal names in documents and statements: that of
// the release, else of the module as it was installed, else "devel".
func toolVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return develVersion
}

// buildID tells this build of fnseal from others: by its version if it has
// one, else by the program file.
func buildID() (string, error) {
	if v := toolVersion(); v != develVersion {
		return v, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d %d", develVersion, info.Size(), info.ModTime().UnixNano()), nil
}

func versionCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version of fnseal",
		ArgsUsage: "[flags]",
		Description: `Examples:
  fnseal version`,
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			text := fmt.Sprintf("fnseal %s\n  go %s %s/%s\n", toolVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" || s.Key == "vcs.time" || s.Key == "vcs.modified" {
						text += fmt.Sprintf("  %s %s\n", strings.TrimPrefix(s.Key, "vcs."), s.Value)
					}
				}
			}
			return writeAll(e.stdout, []byte(text))
		},
	}
}
