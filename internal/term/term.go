// Package term knows what a stream leads to: a person at a terminal, a file,
// or a CI log, and what may be written to each.
package term

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/term"
)

// Stream describes what is at the other end of an output.
type Stream struct {
	Interactive bool // a person sees it as it is written
	Color       bool // colours are welcome
	Width       int  // columns; 0 if unknown
}

// Of describes f. The variables NO_COLOR (https://no-color.org), CLICOLOR_FORCE
// and TERM are looked up with getenv.
func Of(f *os.File, getenv func(string) string) Stream {
	fd := int(f.Fd())
	s := Stream{Interactive: term.IsTerminal(fd)}
	if s.Interactive {
		if w, _, err := term.GetSize(fd); err == nil {
			s.Width = w
		}
	}
	switch {
	case getenv("NO_COLOR") != "":
	case getenv("CLICOLOR_FORCE") != "" && getenv("CLICOLOR_FORCE") != "0":
		s.Color = true
	default:
		s.Color = s.Interactive && getenv("TERM") != "dumb"
	}
	return s
}

// ReadPassword writes prompt to out and reads a line from the terminal behind
// tty without showing what is typed. When ctx ends first, the terminal shows
// what is typed again and ctx's error is returned. It fails if tty is no
// terminal.
func ReadPassword(ctx context.Context, tty *os.File, out io.Writer, prompt string) ([]byte, error) {
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(out, prompt); err != nil {
		return nil, err
	}
	type answer struct {
		line []byte
		err  error
	}
	// The read itself cannot be interrupted; its goroutine ends with the
	// process.
	answered := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		answered <- answer{line, err}
	}()
	select {
	case a := <-answered:
		_, err := io.WriteString(out, "\n")
		return a.line, errors.Join(a.err, err)
	case <-ctx.Done():
		err := term.Restore(fd, before)
		_, werr := io.WriteString(out, "\n")
		return nil, errors.Join(ctx.Err(), err, werr)
	}
}
