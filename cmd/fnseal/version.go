package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/mod/semver"

	"github.com/fnseal/fnseal/internal/term"
)

// version and commit are set by release builds with -ldflags -X; the commit is
// that of the source, see scripts/release.
var version, commit string

// develVersion stands for builds that have no version.
const develVersion = "devel"

// releasesURL tells of fnseal's newest release, in the form of GitHub's API.
const releasesURL = "https://api.github.com/repos/fnseal/fnseal/releases/latest"

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

// build is how this program came to be.
type build struct {
	Version  string         `json:"version"`
	Module   string         `json:"module,omitempty"`
	Commit   string         `json:"commit,omitempty"`
	Time     string         `json:"time,omitempty"` // of the commit
	Modified bool           `json:"modified,omitempty"`
	Go       string         `json:"go"`
	Platform string         `json:"platform"`
	Settings []buildSetting `json:"settings,omitempty"`
}

type buildSetting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func thisBuild() build {
	b := build{Version: toolVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Commit: commit}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Module = info.Main.Path
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "vcs", "GOOS", "GOARCH":
		default:
			if s.Value != "" {
				b.Settings = append(b.Settings, buildSetting{s.Key, s.Value})
			}
		}
	}
	return b
}

func (b build) text(w io.Writer) error {
	lines := []string{"fnseal " + b.Version, "  module " + b.Module, "  go " + b.Go + " " + b.Platform}
	if b.Commit != "" {
		line := "  commit " + b.Commit + " " + b.Time
		if b.Modified {
			line += ", with changes"
		}
		lines = append(lines, line)
	}
	for _, s := range b.Settings {
		lines = append(lines, "  "+s.Key+" "+s.Value)
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

func versionCommand(e *env) *cli.Command {
	formats := []string{"text", "json"}
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version of fnseal and how it was built",
		ArgsUsage: "[flags]",
		Description: `Nothing is asked over the network but with --check.

Examples:
  fnseal version
  fnseal version -o json
  fnseal version --check`,
		Flags: []cli.Flag{
			outputFlag(formats...),
			&cli.BoolFlag{Name: "check", Usage: "ask whether there is a newer release"},
			&cli.StringFlag{Name: "releases", Usage: "with --check, ask `URL`, which answers as GitHub's API does", Value: releasesURL},
		},
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			outs, err := parseOutputs(c, formats...)
			if err != nil {
				return err
			}
			b := thisBuild()
			var newest string
			if c.Bool("check") {
				if newest, err = newestRelease(c.Context, c.String("releases")); err != nil {
					return fmt.Errorf("asking for the newest release: %w", err)
				}
			}
			if err := writeOutputs(c.Context, e, outs,
				format{"text", b.text},
				format{"json", func(w io.Writer) error {
					enc := json.NewEncoder(w)
					enc.SetIndent("", "  ")
					return enc.Encode(b)
				}},
			); err != nil {
				return err
			}
			switch {
			case newest == "":
			case b.Version == develVersion:
				e.note("the newest release is %s; this is a build of none", newest)
			case semver.Compare("v"+b.Version, newest) < 0:
				e.note("%s is out; this is %s", newest, b.Version)
			default:
				e.note("there is none newer")
			}
			return nil
		},
	}
}

// newestRelease asks url and returns a version such as v1.2.3.
func newestRelease(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", url, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	var release struct {
		Tag string `json:"tag_name"`
	}
	if err := json.Unmarshal(data, &release); err != nil {
		return "", fmt.Errorf("%s does not answer with a release: %w", url, err)
	}
	if !semver.IsValid(release.Tag) {
		return "", errors.New(term.Clean(fmt.Sprintf("%s names the release %.40q, which is no version", url, release.Tag)))
	}
	return release.Tag, nil
}
