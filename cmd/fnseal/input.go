package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/sbom"
)

// openPackage opens the function package a command works on. A package
// without a single file is an error: nothing in it could run, and an empty
// list of components would read as a good result.
func openPackage(ctx context.Context, c *cli.Context, ref string, stdin io.Reader) (fnpkg.Package, error) {
	l, err := limits(c)
	if err != nil {
		return nil, err
	}
	p, err := target.Open(ctx, ref, target.Options{Limits: l, Stdin: stdin})
	if err != nil {
		return nil, err
	}
	for _, entry := range p.Entries() {
		if !entry.IsDir() {
			return p, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s holds no files: not a function package", ref), p.Close())
}

// openArtifact opens a file that is to be signed or verified, which need not
// be a function package.
func openArtifact(ctx context.Context, c *cli.Context, e *env, ref string) (fnpkg.Package, error) {
	l, err := limits(c)
	if err != nil {
		return nil, err
	}
	return target.OpenArtifact(ctx, ref, target.Options{Limits: l, Stdin: e.stdin})
}

// readSBOM reads ref as an SBOM if it looks like one. If it does not, it
// returns nil and a reader that stands for standard input where that was
// looked at.
func readSBOM(ref string, stdin io.Reader) (*fnpkg.Inventory, io.Reader, error) {
	source := stdin
	if ref != "-" {
		info, err := os.Stat(ref)
		if err != nil || !info.Mode().IsRegular() {
			return nil, stdin, nil // for target.Open to judge
		}
		f, err := os.Open(ref)
		if err != nil {
			return nil, stdin, nil
		}
		defer f.Close()
		source = f
	}
	buffered := bufio.NewReader(source)
	head, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	if !sbom.IsCycloneDX(head) {
		if ref == "-" {
			return nil, buffered, nil
		}
		return nil, stdin, nil
	}
	inv, err := sbom.ReadCycloneDX(buffered)
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	return inv, nil, nil
}
