package catalog

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	jsbundle "github.com/fnseal/fnseal/sbom/bundle"
)

// addBundled adds to inv the npm packages that are recovered from bundled
// code, and says in the coverage of npm how far that goes. with is what the
// caller knows of the build; lock files in the package come after it. missed
// are the files of all techniques that could not be read.
//
// It comes last: what a lock file in the package declares and a bundle holds is
// bundled.
func addBundled(ctx context.Context, s *survey, inv *fnpkg.Inventory, missed []unread, with []*jsbundle.Build, begin func()) error {
	if jsbundle.Candidates(s.entries) == 0 {
		return nil
	}
	locks, err := nodeLocks(s)
	if err != nil {
		return err
	}
	r, err := jsbundle.Recover(ctx, s.entries, jsbundle.Options{With: append(slices.Clip(with), locks...), Begin: begin})
	if err != nil {
		return fmt.Errorf("looking for bundled npm packages in %s: %w", inv.Subject.Name, err)
	}
	if len(r.Components) > 0 {
		found := map[string]bool{}
		for _, c := range r.Components {
			found[c.PURL] = true
		}
		inv.Components = slices.DeleteFunc(inv.Components, func(c fnpkg.Component) bool {
			return c.Origin == fnpkg.OriginDeclared && found[c.PURL]
		})
		inv.Components = append(inv.Components, r.Components...)
		slices.SortStableFunc(inv.Components, func(a, b fnpkg.Component) int {
			if c := strings.Compare(a.PURL, b.PURL); c != 0 {
				return c
			}
			return strings.Compare(string(a.Origin), string(b.Origin))
		})
	}
	shipped := slices.ContainsFunc(inv.Components, func(c fnpkg.Component) bool {
		return c.Type == "npm" && c.Origin == fnpkg.OriginShipped
	})
	missed = slices.DeleteFunc(slices.Clone(missed), func(u unread) bool { return u.ecosystem != "npm" })
	for i := range inv.Coverage {
		if row := &inv.Coverage[i]; row.Ecosystem == "npm" {
			row.State, row.Reason = bundledCoverage(shipped, r, missed)
			switch {
			case len(r.Components) > 0 && shipped:
				row.Edges = fnpkg.CoveragePartial // a bundle does not tell which package needs which
			case len(r.Components) > 0:
				row.Edges = fnpkg.CoverageNone
			}
		}
	}
	return nil
}

// nodeLocks reads the lock files of npm, pnpm and yarn in the package. One that
// cannot be read is none: what it declares is told elsewhere.
func nodeLocks(s *survey) ([]*jsbundle.Build, error) {
	var out []*jsbundle.Build
	for _, i := range s.locks {
		e := s.entries[i]
		switch path.Base(e.Path) {
		case "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock":
		default:
			continue
		}
		text, err := readText(e, lockLimit)
		var over *fnpkg.LimitError
		switch {
		case errors.As(err, &over):
			continue
		case err != nil:
			return nil, fmt.Errorf("reading %q: %w", e.Path, err)
		}
		if b, err := jsbundle.ParseBuild(e.Path, text); err == nil {
			out = append(out, b)
		}
	}
	return out, nil
}

// bundledCoverage says how far npm packages are known, shipped and bundled ones
// together: none if there are bundles and nothing of what is in them, nor a
// shipped package, could be recognised.
func bundledCoverage(shipped bool, r jsbundle.Result, missed []unread) (fnpkg.CoverageState, string) {
	state := fnpkg.CoverageComplete
	var incomplete, reasons []string
	for _, f := range r.Files {
		if f.State != fnpkg.CoverageComplete {
			incomplete = append(incomplete, f.Path+": "+f.Reason)
		}
	}
	if n := len(incomplete); n > 0 {
		state = fnpkg.CoveragePartial
		if !shipped && len(r.Components) == 0 {
			state = fnpkg.CoverageNone
		}
		text := plural(n, "bundle") + " not fully known: " + strings.Join(incomplete[:min(n, namedFiles)], "; ")
		if n > namedFiles {
			text += fmt.Sprintf(" and %d more", n-namedFiles)
		}
		reasons = append(reasons, text)
	}
	if len(missed) > 0 {
		if state == fnpkg.CoverageComplete {
			state = fnpkg.CoveragePartial
			if !shipped && len(r.Components) == 0 {
				state = fnpkg.CoverageNone
			}
		}
		reasons = append(reasons, unreadReason(missed))
	}
	// A build that does not fit makes its versions doubtful.
	if len(r.Warnings) > 0 {
		if state == fnpkg.CoverageComplete {
			state = fnpkg.CoveragePartial
		}
		reasons = append(reasons, r.Warnings[:min(len(r.Warnings), namedFiles)]...)
	}
	return state, strings.Join(reasons, "; ")
}
