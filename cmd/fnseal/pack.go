package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
	"github.com/fnseal/fnseal/internal/atomicfile"
	"github.com/fnseal/fnseal/pack"
)

func packCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "pack",
		Usage:     "pack a directory as a zip that is the same everywhere",
		ArgsUsage: "DIR --output FILE.zip [flags]",
		Description: `Packs a directory, or the files of a zip again, so that the same files always
give the same bytes: on any machine, at any time. Entries are sorted and dated
1980-01-01; files have the mode 0644, or 0755 if they are executable.

Files named .fnsealignore say what is left out, in the syntax and with the
meaning of .gitignore; .git, .hg, .svn and the ignore files are left out unless
they are brought back. Files such as .gitignore are not asked, because they list
what is built; name them with --ignore-file where they fit.

Examples:
  fnseal pack dist --output app.zip
  fnseal pack . --output app.zip --ignore-file .funcignore
  fnseal pack dist --output app.zip --store --executable bootstrap`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the zip to `FILE`"},
			&cli.BoolFlag{Name: "store", Usage: "compress nothing"},
			&cli.StringSliceFlag{Name: "ignore-file", Usage: "leave out what the rules in `FILE` name too; they overrule those of .fnsealignore; repeatable"},
			&cli.StringSliceFlag{Name: "executable", Usage: "pack files that match `PATTERN`, as in an ignore file, as executable, repeatable"},
		}, limitFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "DIR")
			if err != nil {
				return err
			}
			out := c.String("output")
			if out == "" {
				return hint(usagef("no --output to write the zip to"), "fnseal pack %s --output %s.zip", ref, filepath.Base(ref))
			}
			if err := checkWritable(out); err != nil {
				return usagef("--output: %v", err)
			}
			return packTo(c, e, ref, out)
		},
	}
}

func packTo(c *cli.Context, e *env, ref, out string) error {
	p, err := openPackage(c.Context, c, e, ref, e.stdin)
	if err != nil {
		return err
	}
	defer p.Close()
	if p.Kind() != fnpkg.KindDirectory && p.Kind() != fnpkg.KindZip {
		return usagef("%s is neither a directory nor a zip", ref)
	}
	progress := e.newProgress()
	o := pack.Options{Store: c.Bool("store")}
	if !e.quiet {
		o.Progress = func(done, total int64) { progress.Bytes("packing", done, total) }
	}
	if o.Ignore, err = ignoreRules(c, p, ref, out); err != nil {
		return err
	}
	executable := &pack.Ignore{}
	executable.Add("", []byte(strings.Join(c.StringSlice("executable"), "\n")))
	o.Executable = func(path string) bool { return executable.Match(path, false) }

	f, err := atomicfile.Create(out, 0o644)
	if err != nil {
		return err
	}
	defer f.Discard()
	packed, err := pack.Write(c.Context, f, p, o)
	progress.Done()
	if err != nil {
		return fmt.Errorf("packing %s: %w", ref, err)
	}
	subject, err := readBack(c.Context, f, filepath.Base(out))
	if err != nil {
		return fmt.Errorf("packing %s: reading what was packed: %w", ref, err)
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	left := ""
	if packed.Left > 0 {
		left = fmt.Sprintf(", left out %d", packed.Left)
	}
	e.note("packed %d entries%s: %s (%s)", packed.Entries, left, out, subject.Digest)
	e.detail("content digest %s", subject.Content)
	return nil
}

// readBack reads an archive as verify would. Inflating all of it compares every
// checksum.
func readBack(ctx context.Context, f *atomicfile.File, name string) (fnpkg.Subject, error) {
	none := fnpkg.Subject{}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return none, err
	}
	// What was packed met the limits already.
	p, err := zipfile.New(f.File, size, name, fnpkg.Limits{})
	if err != nil {
		return none, err
	}
	defer p.Close()
	if err := fnpkg.CheckUnambiguous(p); err != nil {
		return none, err
	}
	s := fnpkg.Subject{Name: name, Kind: p.Kind(), Size: size}
	if s.Digest, err = p.Digest(ctx); err != nil {
		return none, err
	}
	s.Content, err = fnpkg.DigestContent(ctx, p)
	return s, err
}

// ignoreRules are the rules of the tree and of the command line, and that the
// archive itself, with the bundles beside it, is no part of what is packed.
func ignoreRules(c *cli.Context, p fnpkg.Package, ref, out string) (*pack.Ignore, error) {
	rules, err := pack.IgnoreFiles(p)
	if err != nil {
		return nil, err
	}
	for _, path := range c.StringSlice("ignore-file") {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--ignore-file: %w", err)
		}
		rules.Add("", text)
	}
	if p.Kind() != fnpkg.KindDirectory {
		return rules, nil
	}
	within, err := pathWithin(ref, out)
	if err != nil || within == "" {
		return rules, err
	}
	for _, path := range append([]string{within}, attest.BundlePaths(within)...) {
		rules.AddPath(filepath.ToSlash(path))
	}
	return rules, nil
}

// pathWithin returns the path of a file relative to a directory; empty if it is
// not in it.
func pathWithin(dir, file string) (string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	if real, err = filepath.Abs(real); err != nil {
		return "", err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return "", err
	}
	within, err := filepath.Rel(real, filepath.Join(folder, filepath.Base(file)))
	if err != nil || within == ".." || strings.HasPrefix(within, ".."+string(filepath.Separator)) {
		return "", nil // another drive, or elsewhere
	}
	return within, nil
}
