package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/ociimage"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/report"
)

// execFlag takes all arguments behind it; permute makes each its value.
const execFlag = "exec"

// verifyAndRun judges the target and, if it is accepted, runs the command on
// what was judged.
func (q *question) verifyAndRun(ctx context.Context) error {
	ref := q.refs[0]
	held, err := q.hold(ctx, ref)
	if err != nil {
		return err
	}
	defer held.Close()
	v, err := q.judge(ctx, ref, held.p, held.defect)
	if err != nil {
		return err
	}
	if q.outs == nil {
		if err := report.VerdictText(q.env.stderr, v, report.Style{Color: q.env.err.Color}); err != nil {
			return err
		}
	}
	if err := q.report(ctx, false, q.refs, []policy.Verdict{v}); err != nil {
		return err
	}
	digest, err := held.p.Digest(ctx)
	if err != nil {
		return err
	}
	return q.run(ctx, held.path, digest)
}

// held is a target that cannot change between the verdict and the command.
type held struct {
	p      fnpkg.Package
	defect error
	path   string // what the command is given
	copied *gate.Copy
}

func (h *held) Close() error {
	err := h.p.Close()
	if h.copied != nil {
		err = errors.Join(err, h.copied.Close())
	}
	return err
}

// hold copies a file, or resolves an image to its digest.
func (q *question) hold(ctx context.Context, ref string) (*held, error) {
	in, err := q.source(ref)
	if err != nil {
		return nil, err
	}
	if in == nil {
		return q.holdImage(ctx, ref)
	}
	defer in.Close()
	copied, err := gate.NewCopy(ctx, in, ref)
	if err != nil {
		return nil, err
	}
	h := &held{path: copied.Path, copied: copied}
	nobody := io.NopCloser(nil) // held closes the copy
	if h.p, h.defect, err = q.openCopy(ctx, ref, copied, nobody); err != nil {
		copied.Close()
		return nil, err
	}
	// What was hashed while it was written is what will be read.
	if d, err := h.p.Digest(ctx); err != nil || d != copied.Digest {
		h.Close()
		return nil, errors.Join(err, fnpkg.ErrChanged)
	}
	return h, nil
}

// source opens the file that ref names, nil if it names none.
func (q *question) source(ref string) (io.ReadCloser, error) {
	if ref == "-" {
		return io.NopCloser(q.env.stdin), nil
	}
	if isObject(ref) {
		in, _, err := q.object(ref)
		return in, err
	}
	path := strings.TrimPrefix(strings.TrimPrefix(ref, "zip:"), "file:")
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return nil, nil
	}
	return os.Open(path)
}

// openCopy opens a copy of what ref names. Closing the package closes closer.
func (q *question) openCopy(ctx context.Context, ref string, c *gate.Copy, closer io.Closer) (p fnpkg.Package, defect, err error) {
	o, err := targetOptions(q.cli, q.env, q.env.stdin)
	if err != nil {
		return nil, nil, err
	}
	name := filepath.Base(ref)
	switch {
	case ref == "-":
		name = "stdin"
	case isObject(ref):
		name = objectName(ref)
	}
	p, err = target.OpenBytes(ctx, c, c.Size, name, closer, o)
	if err != nil && unreadable(err) {
		return target.PlainBytes(c, c.Size, name, closer), err, nil
	}
	return p, nil, err
}

func (q *question) holdImage(ctx context.Context, ref string) (*held, error) {
	p, defect, err := q.open(ctx, ref)
	if err != nil {
		return nil, err
	}
	img, ok := p.(*ociimage.Package)
	if !ok || !img.Remote() {
		p.Close()
		return nil, usagef("--%s hands on a file or an image in a registry, and %s is neither", execFlag, ref)
	}
	digest, err := p.Digest(ctx)
	if err != nil {
		p.Close()
		return nil, err
	}
	return &held{p: p, defect: defect, path: img.Repository() + "@" + digest.String()}, nil
}

// run runs the command and returns its exit code as an error that says nothing
// more.
func (q *question) run(ctx context.Context, path string, digest fnpkg.Digest) error {
	args := make([]string, len(q.command))
	for i, a := range q.command {
		args[i] = strings.ReplaceAll(a, "{}", path)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, q.env.stdout, q.env.stderr
	if q.refs[0] == "-" {
		cmd.Stdin = nil // it was read
	}
	cmd.Env = append(os.Environ(),
		"FNSEAL_ARTIFACT="+path,
		"FNSEAL_DIGEST="+digest.String(),
		"FNSEAL_CODE_SHA256="+base64.StdEncoding.EncodeToString(digest[:]),
	)
	// It is asked to stop as this program was, and given time to.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return &childError{exit.ExitCode()}
	}
	return fmt.Errorf("running %s: %w", args[0], err)
}

// childError ends the program with the exit code of the command it ran, which
// has said itself what there is to say.
type childError struct{ code int }

func (e *childError) Error() string {
	return fmt.Sprintf("the command failed with exit code %d", e.code)
}
