package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/atomicfile"
)

// format is one way to show a command's result.
type format struct {
	name   string
	render func(io.Writer) error
}

// output is one use of -o: a format and where it goes.
type output struct {
	format string
	path   string // empty for standard output
}

// outputFlag is -o with the formats a command knows; the first is the default.
func outputFlag(formats ...string) cli.Flag {
	return &cli.StringSliceFlag{
		Name:    "output",
		Aliases: []string{"o"},
		Usage:   "write the result as `FORMAT[=PATH]`, repeatable; " + strings.Join(formats, ", ") + " (default: " + formats[0] + ")",
	}
}

// parseOutputs reads what -o was given and checks it before any work is done.
func parseOutputs(c *cli.Context, formats ...string) ([]output, error) {
	values := c.StringSlice("output")
	if len(values) == 0 {
		return []output{{format: formats[0]}}, nil
	}
	var outs []output
	seen := map[string]bool{}
	for _, v := range values {
		name, path, hasPath := strings.Cut(v, "=")
		if !slices.Contains(formats, name) {
			return nil, hint(usagef("-o %s: unknown format %q", v, name), "one of %s", strings.Join(formats, ", "))
		}
		if hasPath && path == "" {
			return nil, usagef("-o %s: no path behind the equals sign", v)
		}
		if path == "-" {
			path = ""
		}
		if path != "" {
			if err := checkWritable(path); err != nil {
				return nil, usagef("-o %s: %v", v, err)
			}
			path = filepath.Clean(path)
		}
		if seen[path] {
			if path == "" {
				return nil, usagef("-o: two formats for standard output; give one a path, as in -o %s=PATH", name)
			}
			return nil, usagef("-o: two formats for %s", path)
		}
		seen[path] = true
		outs = append(outs, output{format: name, path: path})
	}
	return outs, nil
}

// checkWritable finds out before the work what would fail after it.
func checkWritable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory", path)
	}
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("no folder %s to write into", dir)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	return nil
}

// staged are outputs that were rendered and are not yet to be seen.
type staged struct {
	stdout bytes.Buffer
	files  []*atomicfile.File
}

// stage renders every output. Nothing appears before commit, so that a failure
// leaves no output.
func stage(outs []output, formats ...format) (*staged, error) {
	s := &staged{}
	if err := s.add(outs, formats...); err != nil {
		s.discard()
		return nil, err
	}
	return s, nil
}

// add renders further outputs.
func (s *staged) add(outs []output, formats ...format) error {
	for _, o := range outs {
		if err := s.render(o, formats); err != nil {
			return err
		}
	}
	return nil
}

func (s *staged) render(o output, formats []format) error {
	render := rendererOf(formats, o.format)
	if o.path == "" {
		if err := render(&s.stdout); err != nil {
			return fmt.Errorf("rendering %s: %w", o.format, err)
		}
		return nil
	}
	f, err := atomicfile.Create(o.path, 0o644)
	if err != nil {
		return err
	}
	s.files = append(s.files, f)
	buffered := bufio.NewWriterSize(f, 64<<10)
	if err := errors.Join(render(buffered), buffered.Flush()); err != nil {
		return fmt.Errorf("writing %s: %w", o.path, err)
	}
	return nil
}

// commit lets the outputs appear, unless the user asked to stop.
func (s *staged) commit(ctx context.Context, e *env) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, f := range s.files {
		if err := f.Commit(); err != nil {
			return err
		}
	}
	return writeAll(e.stdout, s.stdout.Bytes())
}

// discard removes what was not committed.
func (s *staged) discard() {
	for _, f := range s.files {
		f.Discard()
	}
}

// writeOutputs renders every output and lets all of them appear.
func writeOutputs(ctx context.Context, e *env, outs []output, formats ...format) error {
	s, err := stage(outs, formats...)
	if err != nil {
		return err
	}
	defer s.discard()
	return s.commit(ctx, e)
}

func rendererOf(formats []format, name string) func(io.Writer) error {
	for _, f := range formats {
		if f.name == name {
			return f.render
		}
	}
	return func(io.Writer) error { return fmt.Errorf("no renderer for format %q", name) }
}
