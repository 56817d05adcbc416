package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

// question is what verify was asked: the same of every target.
type question struct {
	cli     *cli.Context
	env     *env
	outs    []output
	refs    []string
	command []string // of --exec; nil for none

	base   gate.Input // all but the artifact and its bundles
	named  []string   // files of bundles
	shared *verify.Shared

	policy       policy.Sources   // nil for none
	receiptRules []policy.RuleSet // of --receipt-from
	receipt      *receipt         // of --receipt; nil for none
	facts        string           // file of --facts; "" for none

	refusal error // why every target is refused, whatever it is; nil for none
}

// badRoot reports whether a trusted root that was named is none. That refuses
// what was to be judged by it, as a bundle does that was named and is none.
func badRoot(err error) bool {
	return errors.Is(err, trust.ErrRoot) && !errors.Is(err, trust.ErrRepository)
}

// newQuestion reads the command line. What every target is judged by is read
// here, once.
func newQuestion(c *cli.Context, e *env) (*question, error) {
	q := &question{cli: c, env: e, refs: c.Args().Slice(), named: c.StringSlice("bundle"), command: c.StringSlice(execFlag)}
	if len(q.command) == 0 {
		q.command = nil
	}
	var err error
	switch {
	case q.asksWhatRuns() && q.command != nil:
		err = usagef("--%s hands on a target; what runs already is not handed on", execFlag)
	case len(q.refs) == 0 && q.asksWhatRuns():
	case len(q.refs) == 0 && q.command == nil:
		_, err = oneArg(c, "TARGET")
	case len(q.refs) == 0:
		err = usagef("--%s takes all that follows it: name TARGET before it", execFlag)
	case q.command != nil && len(q.refs) > 1:
		err = usagef("--%s hands on one target, not %d", execFlag, len(q.refs))
	}
	if err != nil {
		return nil, err
	}
	stdin := 0
	for _, ref := range q.refs {
		if ref == "" {
			return nil, usagef("TARGET is empty")
		}
		if ref == "-" {
			if stdin++; stdin > 1 {
				return nil, usagef("standard input can be read once")
			}
		}
	}
	if q.outs, err = q.outputs(); err != nil {
		return nil, err
	}
	if err := errors.Join(q.checkRebuiltFlag(), q.checkHistoryFlag()); err != nil {
		return nil, err
	}
	if q.base.Policy, err = demands(c); err != nil {
		return nil, err
	}
	who, err := q.usePolicy()
	if err != nil && !badRoot(err) {
		return nil, errors.Join(err, q.close())
	}
	q.refusal = err
	q.base.Keys, q.base.Identities, q.base.Roots, q.base.Waived = who.keys, who.ids, who.roots, who.waived
	if err := q.readReceiptFlags(); err != nil {
		return nil, errors.Join(err, q.close())
	}
	if err := q.share(c.Context); err != nil {
		return nil, errors.Join(err, q.close())
	}
	return q, nil
}

// outputs reads where the verdict goes. The standard output of --exec belongs
// to the command.
func (q *question) outputs() ([]output, error) {
	if q.command != nil && len(q.cli.StringSlice("output")) == 0 {
		return nil, nil // the text, on standard error
	}
	outs, err := parseOutputs(q.cli, verifyFormats...)
	for _, o := range outs {
		if q.command != nil && o.path == "" {
			return nil, hint(usagef("-o %s: standard output belongs to the command of --%s", o.format, execFlag), "-o %s=PATH", o.format)
		}
	}
	return outs, err
}

// share reads bundles that were named for several targets. Each of them is
// about some of the targets only, so it refuses none for being about another.
func (q *question) share(ctx context.Context) error {
	if len(q.refs) < 2 && !q.asksWhatRuns() || len(q.named) == 0 {
		return nil
	}
	items, err := attest.ReadBundles(ctx, q.named, manyBundles())
	q.shared = verify.NewShared(items)
	return err
}

// manyBundles are the limits of files with the bundles of many artifacts.
func manyBundles() attest.Limits {
	l := attest.DefaultLimits()
	l.Bundles = 100_000
	l.FileBytes = 1 << 30
	return l
}

// decideAll judges the targets at the same time and returns their verdicts in
// the order the targets were given. If one cannot be judged there are none.
func (q *question) decideAll(ctx context.Context) ([]policy.Verdict, error) {
	verdicts := make([]policy.Verdict, len(q.refs))
	errs := make([]error, len(q.refs))
	next := make(chan int)
	var wg sync.WaitGroup
	progress := newCounter(q.env, len(q.refs))
	for range min(runtime.GOMAXPROCS(0), len(q.refs)) {
		wg.Go(func() {
			for i := range next {
				verdicts[i], errs[i] = q.decide(ctx, q.refs[i])
				progress.add()
			}
		})
	}
	for i := range q.refs {
		next <- i
	}
	close(next)
	wg.Wait()
	progress.done()
	return verdicts, errors.Join(errs...)
}

// decide judges one target.
func (q *question) decide(ctx context.Context, ref string) (policy.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return policy.Verdict{}, err
	}
	if q.refusal != nil {
		return policy.Verdict{Target: filepath.Base(ref), Checks: []policy.Check{
			{ID: policy.CheckRoot, Outcome: policy.Fail, Reason: q.refusal.Error()},
		}}, nil
	}
	p, defect, err := q.open(ctx, ref)
	if err != nil {
		return policy.Verdict{}, err
	}
	defer p.Close()
	return q.judge(ctx, ref, p, defect)
}

func (q *question) judge(ctx context.Context, ref string, p fnpkg.Package, defect error) (policy.Verdict, error) {
	in := q.base
	in.Artifact, in.Defect = p, defect
	in.Policy = q.demands(p.Name())
	var err error
	if q.shared != nil {
		in.Shared, in.Looked = q.shared, q.named
	} else if in.Bundles, in.Looked, err = q.bundles(ref, p); err != nil {
		return policy.Verdict{}, err
	}
	facts, pkg, err := gate.Gather(ctx, in)
	if err != nil {
		return policy.Verdict{}, fmt.Errorf("verifying %s: %w", ref, err)
	}
	if q.facts != "" {
		if err := q.record(policy.Recorded{At: in.Policy.At, Facts: *facts, Package: pkg}); err != nil {
			return policy.Verdict{}, err
		}
	}
	v := policy.Evaluate(*facts, pkg, in.Policy)
	return v, q.checkRebuilt(ctx, p, &v)
}

func (q *question) bundles(ref string, p fnpkg.Package) ([]attest.Item, []string, error) {
	if p.Kind() == "" && len(q.named) == 0 {
		return nil, nil, usagef("--bundle is needed: there is no place beside a digest")
	}
	if isObject(ref) && len(q.named) == 0 {
		return q.bundlesBeside(ref)
	}
	return readBundles(q.cli, ref, p, q.named)
}

// open opens a target, or the digest that stands for one.
func (q *question) open(ctx context.Context, ref string) (p fnpkg.Package, defect, err error) {
	if d, err := fnpkg.ParseDigest(ref); err == nil {
		if _, err := os.Lstat(ref); err != nil { // no file of that name
			return gate.Known(d, ""), nil, nil
		}
	}
	if isObject(ref) {
		return q.openObject(ctx, ref)
	}
	return openSuspect(ctx, q.cli, q.env, ref)
}

// openSuspect opens a file that may have been tampered with. One that cannot
// be read as the package it seems to be is opened as a plain file, so that its
// digest can still be compared, and what is wrong with it is returned beside.
func openSuspect(ctx context.Context, c *cli.Context, e *env, ref string) (p fnpkg.Package, defect, err error) {
	p, err = openArtifact(ctx, c, e, ref, e.stdin)
	if err == nil || !unreadable(err) {
		return p, nil, err
	}
	if ref == "-" { // gone: there is nothing left to compute a digest of
		return nil, nil, &resultError{code: exitRefused, msg: err.Error()}
	}
	defect = err
	p, err = target.OpenFile(ctx, ref)
	return p, defect, err
}

// unreadable reports whether an artifact is at fault for an error, and not who
// reads it.
func unreadable(err error) bool {
	var format *fnpkg.FormatError
	var limit *fnpkg.LimitError
	return errors.As(err, &format) || errors.As(err, &limit)
}

// counter shows how many of several targets are done.
type counter struct {
	mu       sync.Mutex
	progress *term.Progress // nil for a single target and with --quiet
	n, total int64
}

func newCounter(e *env, total int) *counter {
	c := &counter{total: int64(total)}
	if total > 1 && !e.quiet {
		c.progress = e.newProgress()
	}
	return c
}

func (c *counter) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n++; c.progress != nil {
		c.progress.Count("verifying", c.n, c.total)
	}
}

func (c *counter) done() {
	if c.progress != nil {
		c.progress.Done()
	}
}
