package main

import (
	"context"
	"fmt"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/policy"
)

const rebuiltFlag = "rebuilt"

// checkRebuilt adds to the verdict how the target compares with the rebuild
// that was named.
func (q *question) checkRebuilt(ctx context.Context, p fnpkg.Package, v *policy.Verdict) error {
	ref := q.cli.String(rebuiltFlag)
	if ref == "" {
		return nil
	}
	other, defect, err := q.openRebuilt(ctx, ref)
	if err != nil {
		return fmt.Errorf("--%s: %w", rebuiltFlag, err)
	}
	defer other.Close()
	check, err := gate.Rebuilt(ctx, p, other)
	if err != nil {
		return fmt.Errorf("--%s: %w", rebuiltFlag, err)
	}
	if defect != nil && check.Outcome == policy.Fail {
		check.Reason += ": " + defect.Error()
	}
	v.Checks = append(v.Checks, check)
	return nil
}

// openRebuilt opens what a target is opened from, or a directory, which has no
// digest and content only.
func (q *question) openRebuilt(ctx context.Context, ref string) (p fnpkg.Package, defect, err error) {
	if isDirectory(ref) {
		p, err = openPackage(ctx, q.cli, q.env, ref, nil)
		return p, nil, err
	}
	return q.open(ctx, ref)
}

// checkRebuiltFlag refuses what cannot be compared before any work is done.
func (q *question) checkRebuiltFlag() error {
	switch {
	case !q.cli.IsSet(rebuiltFlag):
		return nil
	case q.cli.String(rebuiltFlag) == "" || q.cli.String(rebuiltFlag) == "-":
		return usagef("--%s needs a file, a directory, an image or a digest", rebuiltFlag)
	case len(q.refs) != 1 || q.asksWhatRuns():
		return usagef("--%s compares with one target", rebuiltFlag)
	}
	return nil
}
