package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fnseal/fnseal/deployed"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/internal/awsapi"
	"github.com/fnseal/fnseal/policy"
)

// The flags that ask what runs.
const (
	deployedFlag = "deployed"
	awsFlag      = "aws"
)

func (q *question) asksWhatRuns() bool {
	return q.cli.IsSet(deployedFlag) || q.cli.IsSet(awsFlag)
}

// verifyRunning judges the targets, and what runs by them.
func (q *question) verifyRunning(ctx context.Context) error {
	running, err := q.running(ctx)
	if err != nil {
		return err
	}
	if len(q.refs) == 0 && len(q.named) == 0 {
		return hint(usagef("nothing to hold what runs against"), "name what was sealed as TARGET, or its bundles with --bundle")
	}
	verdicts, err := q.decideAll(ctx)
	if err != nil {
		return err
	}
	called := q.refs
	accepted := map[string]string{}
	for i, v := range verdicts {
		if v.Accepted() {
			accepted[v.Digest] = q.refs[i]
		}
	}
	var unchecked []string
	for _, code := range running {
		v, err := q.judgeRunning(ctx, code, accepted)
		if err != nil {
			return err
		}
		if code.Digest.IsZero() {
			unchecked = append(unchecked, code.Name+": "+code.Unknown)
		}
		verdicts, called = append(verdicts, v), append(called, code.Name)
	}
	if err := q.report(ctx, q.env.out.Color, called, verdicts); err != nil || len(unchecked) == 0 {
		return err
	}
	return &resultError{code: exitUnchecked, msg: "not checked: " + strings.Join(unchecked, "\nnot checked: ")}
}

// running reads what runs from every place that was named.
func (q *question) running(ctx context.Context) ([]deployed.Code, error) {
	var all []deployed.Code
	files := q.cli.StringSlice(deployedFlag)
	if len(files) > 0 {
		found, err := q.readDeployed(files)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	names := q.cli.StringSlice(awsFlag)
	if len(names) == 0 {
		return all, nil
	}
	if q.cli.Bool("offline") {
		return nil, hint(target.ErrOffline, "give the answer of aws lambda get-function with --%s", deployedFlag)
	}
	api, err := awsapi.Open(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		found, err := api.Function(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return deployed.Distinct(all), nil
}

// readDeployed reads all files as one text: the answer that describes a layer
// may be in another file than the one that names it.
func (q *question) readDeployed(files []string) ([]deployed.Code, error) {
	var parts []io.Reader
	for _, name := range files {
		if name == "-" {
			parts = append(parts, q.env.stdin)
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", deployedFlag, err)
		}
		defer f.Close()
		parts = append(parts, f)
	}
	found, err := deployed.Read(io.MultiReader(parts...))
	if err != nil {
		return nil, fmt.Errorf("--%s: reading %s: %w", deployedFlag, strings.Join(files, ", "), err)
	}
	return found, nil
}

// judgeRunning says whether code that runs may: it is one of the targets that
// were accepted or, if there are no targets, sealed by the bundles named.
func (q *question) judgeRunning(ctx context.Context, code deployed.Code, accepted map[string]string) (policy.Verdict, error) {
	v := policy.Verdict{Target: code.Name}
	check := policy.Check{ID: policy.CheckDeployed}
	if code.Digest.IsZero() {
		check.Outcome, check.Reason = policy.NotChecked, code.Unknown
		v.Checks = []policy.Check{check}
		return v, nil
	}
	digest := code.Digest.String()
	if len(q.refs) > 0 {
		v.Digest = digest
		check.Found = digest
		if ref, ok := accepted[digest]; ok {
			check.Outcome, check.Found = policy.Pass, "it runs "+ref
		} else {
			check.Outcome, check.Reason = policy.Fail, "it runs "+digest+", which is none of the targets that were accepted"
		}
		v.Checks = []policy.Check{check}
		return v, nil
	}
	v, err := q.judge(ctx, code.Name, gate.Known(code.Digest, code.ID), nil)
	if err != nil {
		return v, fmt.Errorf("%s: %w", code.Name, err)
	}
	v.Target = code.Name
	return v, nil
}
