package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// sbom judges the SBOM.
func (j *judging) sbom(s SBOM) {
	is := func(t string) bool {
		return len(s.Formats) == 0 && isSBOM(t) ||
			slices.Contains(s.Formats, "cyclonedx") && isCycloneDX(t) || slices.Contains(s.Formats, "spdx") && isSPDX(t)
	}
	candidates := j.attestations(s.SignedBy, is)
	if len(candidates) == 0 {
		what := "SBOM"
		if len(s.Formats) > 0 {
			what = "SBOM of format " + s.Formats.String()
		}
		j.add("sbom", Check{ID: CheckSBOM, Wanted: "an SBOM", Reason: j.none(what, s.SignedBy, is)})
		return
	}
	j.best(candidates, func(try *judging, i int) { try.sbomOf(s, i) })
}

func (j *judging) sbomOf(s SBOM, i int) {
	b := j.facts.Bundles[i]
	inv, err := j.docs.inventory(i)
	if err != nil {
		j.add("sbom", Check{ID: CheckSBOM, Wanted: "an SBOM of the artifact", Reason: "it cannot be used: " + err.Error()})
		return
	}
	j.add("sbom", Check{ID: CheckSBOM, Wanted: "an SBOM", Found: count(len(inv.Components), "component") + ", by " + b.SignedBy()})
	if s.Coverage != "" {
		j.extent("coverage", s.Coverage, inv, func(c fnpkg.Coverage) fnpkg.CoverageState { return c.State })
	}
	if s.Edges != "" {
		j.extent("edges", s.Edges, inv, func(c fnpkg.Coverage) fnpkg.CoverageState { return c.Edges })
	}
	if s.MaxAge > 0 {
		j.add("sbom.max-age", Check{ID: CheckSBOM + "-age", Wanted: "at most " + s.MaxAge.String(), Reason: j.young(b, s.MaxAge)})
	}
}

// extent judges how complete an inventory is in one respect.
func (j *judging) extent(rule string, want Extent, inv *fnpkg.Inventory, state func(fnpkg.Coverage) fnpkg.CoverageState) {
	c := Check{ID: CheckSBOM + "-" + rule, Wanted: string(want)}
	var lacking, all []string
	for _, row := range inv.Coverage {
		got := state(row)
		all = append(all, row.Ecosystem+" "+string(got))
		if got == fnpkg.CoverageComplete || want == Partial && got == fnpkg.CoveragePartial {
			continue
		}
		said := string(got)
		if got == "" {
			said = "not known"
		}
		if said = row.Ecosystem + " is " + said; row.Reason != "" {
			said += " (" + clip(row.Reason) + ")"
		}
		lacking = append(lacking, said)
	}
	c.Found = strings.Join(all, ", ")
	switch {
	case len(inv.Coverage) == 0:
		c.Reason = "the SBOM does not say how complete it is"
	case len(lacking) > 0:
		c.Reason = strings.Join(lacking[:min(3, len(lacking))], "; ")
	}
	j.add("sbom."+rule, c)
}

// inventories returns all SBOMs whose word counts. What is refused must be in
// none of them. It records a check where there is none to look at.
func (j *judging) inventories(id, rule string, signedBy Names) []*fnpkg.Inventory {
	found := j.attestations(signedBy, isSBOM)
	if len(found) == 0 {
		j.add(rule, Check{ID: id, Wanted: "an SBOM to look at", Reason: j.none("SBOM", signedBy, isSBOM)})
		return nil
	}
	var invs []*fnpkg.Inventory
	for _, i := range found {
		inv, err := j.docs.inventory(i)
		if err != nil {
			j.add(rule, Check{ID: id, Bundle: j.facts.Bundles[i].Source, Wanted: "an SBOM of the artifact", Reason: "it cannot be used: " + err.Error()})
			return nil
		}
		invs = append(invs, inv)
	}
	return invs
}

// runtimePrefix begins the package URLs of managed runtimes.
const runtimePrefix = "pkg:generic/"

// runtime judges the managed runtime.
func (j *judging) runtime(r Runtime) {
	invs := j.inventories(CheckRuntime, "runtime", r.SignedBy)
	if invs == nil {
		return
	}
	seen := make(map[string]bool)
	for _, inv := range invs {
		for _, c := range inv.Components {
			if c.Origin != fnpkg.OriginRuntime || !strings.HasPrefix(c.PURL, runtimePrefix) {
				continue
			}
			if name := path.Base(c.Name); !seen[name] {
				seen[name] = true
				j.runtimeOf(r, name)
			}
		}
	}
	if len(seen) == 0 {
		j.add("runtime", Check{ID: CheckRuntime, Wanted: "a managed runtime", Reason: "the SBOM names no runtime (fnseal seal --runtime)"})
	}
}

func (j *judging) runtimeOf(r Runtime, name string) {
	if len(r.Allow) > 0 {
		c := Check{ID: CheckRuntime, Wanted: r.Allow.String(), Found: clip(name)}
		if !r.Allow.Match(name) {
			c.Reason = fmt.Sprintf("it is made for %s, not %s", clip(name), r.Allow)
		}
		j.add("runtime.allow", c)
	}
	until := j.policy.At.Add(time.Duration(r.Supported))
	c := Check{ID: CheckRuntime, Found: clip(name), Wanted: "a runtime with security patches"}
	if r.Supported > 0 {
		c.Wanted += " for " + r.Supported.String() + " more"
	}
	known, ok := fnpkg.LookupRuntime(name)
	switch {
	case !ok:
		c.Reason = clip(name) + " is in no table of runtimes: nothing is known of its end"
	default:
		switch state := known.StateAt(until); state {
		case fnpkg.RuntimeSupported:
			c.Found += ", patched until " + known.Deprecated.Format(time.DateOnly)
		case fnpkg.RuntimeUnknown:
			c.Reason = "no end of " + name + " is known"
		case fnpkg.RuntimeUnreleased:
			c.Reason = name + " is not released yet"
		default:
			c.Reason = fmt.Sprintf("%s gets no security patches from %s on", name, known.Deprecated.Format(time.DateOnly))
		}
	}
	j.add("runtime.supported-for", c)
}
