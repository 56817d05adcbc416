package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

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
	if !sbom.Is(head) {
		if ref == "-" {
			return nil, buffered, nil
		}
		return nil, stdin, nil
	}
	inv, err := sbom.Read(buffered)
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	return inv, nil, nil
}
