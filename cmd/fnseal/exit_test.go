package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/vulndb"
)

func TestExitCode(t *testing.T) {
	interrupted := fmt.Errorf("sealing: %w", context.Canceled)
	usage := usagef("no --key")
	refused := &resultError{code: exitRefused, msg: "refused"}
	findings := &resultError{code: exitFindings, msg: "findings"}
	stale := &vulndb.StaleError{Age: time.Hour, Max: time.Minute}
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, exitOK},
		{"anything", errors.New("disk on fire"), exitError},
		{"usage", usage, exitUsage},
		{"usage with a hint", hint(usage, "try"), exitUsage},
		{"directory", fmt.Errorf("x: %w", fnpkg.ErrNoDigest), exitUsage},
		{"findings", findings, exitFindings},
		{"refused", refused, exitRefused},
		{"ambiguous", &fnpkg.AmbiguousError{}, exitRefused},
		{"no feed", fmt.Errorf("x: %w", vulndb.ErrNoFeed), exitUnchecked},
		{"stale feed", stale, exitUnchecked},
		{"nothing assessed", fmt.Errorf("x: %w", vulndb.ErrNothingAssessed), exitUnchecked},
		{"interrupted", interrupted, exitInterrupted},
		{"a cap is an error", &fnpkg.LimitError{What: "entries"}, exitError},

		{"interrupted before all", errors.Join(findings, stale, refused, usage, errors.New("x"), interrupted), exitInterrupted},
		{"an error before usage", errors.Join(usage, errors.New("x")), exitError},
		{"usage before refused", errors.Join(refused, usage), exitUsage},
		{"refused before unchecked", errors.Join(stale, refused), exitRefused},
		{"two wrapped in one", fmt.Errorf("%w; as an image: %w", fs.ErrNotExist, usage), exitUsage},
		{"unchecked before findings", fmt.Errorf("both: %w", errors.Join(findings, stale)), exitUnchecked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitCode(tt.err); got != tt.want {
				t.Errorf("exitCode(%v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
}
