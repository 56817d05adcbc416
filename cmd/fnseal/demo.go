package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// demoFiles are a small function as npm installed it and a sample of OSV
// advisories in the layout of a feed, copies of testdata/packages/node.zip and
// testdata/osv.
//
//go:embed demo/function.zip demo/feed
var demoFiles embed.FS

func demoCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "demo",
		Usage:     "go the whole way on an example: list, scan, seal, verify, refuse",
		ArgsUsage: "[PACKAGE] [flags]",
		Description: `Runs fnseal's own commands on a copy of an embedded function package, or of
yours, in a temporary folder: it shows what is inside and what to patch, seals
the package with a throwaway key, verifies it, changes one byte, and verifies
again. The advisories are a small embedded sample, not a feed to rely on.

Examples:
  fnseal demo
  fnseal demo app.zip`,
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return usagef("fnseal demo takes one package, not %d", c.NArg())
			}
			return demo(c.Context, e, c.Args().First())
		},
	}
}

// demo prints each command before it runs it. The commands work in a folder of
// their own, so that nothing of the user's is touched.
func demo(ctx context.Context, e *env, ref string) (err error) {
	dir, err := os.MkdirTemp("", "fnseal-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	name, err := demoPackage(dir, ref)
	if err != nil {
		return err
	}
	feed, err := fs.Sub(demoFiles, "demo/feed")
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, "feed"), feed); err != nil {
		return err
	}
	back, err := enter(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, back()) }()
	return (&demoSession{e: e}).play(ctx, name)
}

// demoPackage puts the package into dir and returns its name there.
func demoPackage(dir, ref string) (string, error) {
	var in io.ReadCloser
	var err error
	name := "function.zip"
	if ref == "" {
		in, err = demoFiles.Open("demo/function.zip")
	} else {
		name = filepath.Base(ref)
		if info, serr := os.Stat(ref); serr == nil && info.IsDir() {
			return "", hint(usagef("%s is a directory", ref), "zip it first: the demo seals exact bytes")
		}
		in, err = os.Open(ref)
	}
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	return name, errors.Join(err, out.Close())
}

// enter makes dir the working directory, so that the commands shown are those
// a person would type there.
func enter(dir string) (back func() error, err error) {
	before, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := os.Chdir(dir); err != nil {
		return nil, err
	}
	return func() error { return os.Chdir(before) }, nil
}

// demoSession runs fnseal's commands as a person would, one after another.
type demoSession struct {
	e *env
}

func (s *demoSession) play(ctx context.Context, name string) error {
	s.say("What is in the package?")
	if _, err := s.run(ctx, []int{exitOK}, "sbom", name); err != nil {
		return err
	}
	s.say("What is to be patched? (asking a small sample of advisories)")
	if _, err := s.run(ctx, []int{exitOK}, "db", "update", "--source", "feed", "--db", "osv.db"); err != nil {
		return err
	}
	scan, err := s.run(ctx, []int{exitOK, exitFindings, exitUnchecked}, "scan", name, "--db", "osv.db")
	if err != nil {
		return err
	}
	s.say("Seal it: signature, SBOM and scan, bound to these exact bytes.")
	if _, err := s.run(ctx, []int{exitOK}, "keygen", "--out", "demo"); err != nil {
		return err
	}
	withScan := []string{"--db", "osv.db"}
	if scan == exitUnchecked {
		withScan = []string{"--no-scan"}
	}
	if _, err := s.run(ctx, []int{exitOK}, append([]string{"seal", name, "--key", "demo.key"}, withScan...)...); err != nil {
		return err
	}
	s.say("May it run?")
	if _, err := s.run(ctx, []int{exitOK}, "verify", name, "--key", "demo.pub"); err != nil {
		return err
	}
	at, err := flipByte(name)
	if err != nil {
		return err
	}
	s.say("Somebody changes one byte of it, at offset %d. May it still run?", at)
	if _, err := s.run(ctx, []int{exitRefused}, "verify", name, "--key", "demo.pub"); err != nil {
		return err
	}
	s.say("That is the gate: exit code 4, and the deploy step stops.")
	return nil
}

func (s *demoSession) say(format string, args ...any) {
	fmt.Fprintf(s.e.stdout, "\n# "+format+"\n", args...)
}

// run executes one command line exactly as the shell would, and fails if it
// ends in a way the demo does not expect.
func (s *demoSession) run(ctx context.Context, expected []int, args ...string) (int, error) {
	fmt.Fprintf(s.e.stdout, "\n$ fnseal %s\n", strings.Join(args, " "))
	sub := *s.e
	sub.quiet, sub.noCache = true, true
	sub.stderr = s.e.stdout
	sub.lookupEnv = func(name string) (string, bool) {
		if name == passwordVariable {
			return "throwaway", true
		}
		return s.e.lookupEnv(name)
	}
	code := runContext(ctx, append([]string{"fnseal"}, args...), &sub)
	if code != exitOK {
		fmt.Fprintf(s.e.stdout, "(exit code %d)\n", code)
	}
	if code == exitInterrupted {
		return code, context.Canceled
	}
	if !slices.Contains(expected, code) {
		return code, fmt.Errorf("the demo stops: fnseal %s ended with exit code %d", args[0], code)
	}
	return code, nil
}

// flipByte changes one bit in the middle of a file.
func flipByte(path string) (offset int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	offset = info.Size() / 2
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, offset); err != nil {
		return 0, err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b, offset)
	return offset, err
}
