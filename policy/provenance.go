package policy

import (
	"fmt"
	"strings"

	"github.com/fnseal/fnseal/verify"
)

// build is what is known of how an artifact was built; what is not known is
// empty.
type build struct{ source, ref, workflow, runner string }

// certified is what the certificate of a provenance's signer says: its authority
// vouches for that. A provenance that says something else counts for nothing
// (Policy.counted).
func certified(c *verify.Certificate) build {
	return build{c.SourceRepository, c.SourceRef, c.SignerWorkflow, c.RunnerEnvironment}
}

// claimed is what a provenance says itself.
func claimed(p *verify.Provenance) build {
	b := build{source: p.SourceRepository, ref: p.SourceRef, runner: p.Runner}
	if p.Workflow != "" && p.SourceRepository != "" {
		b.workflow = p.SourceRepository + "/" + p.Workflow
		if p.SourceRef != "" {
			b.workflow += "@" + p.SourceRef
		}
	}
	b.source = strings.TrimSuffix(b.source, ".git")
	return b
}

// provenance judges how the artifact was built.
func (j *judging) provenance(p Provenance) {
	candidates := j.attestations(p.SignedBy, isProvenance)
	if len(candidates) == 0 {
		j.add("provenance", Check{ID: CheckProvenance, Wanted: "a SLSA provenance", Reason: j.none("provenance", p.SignedBy, isProvenance)})
		return
	}
	j.best(candidates, func(try *judging, i int) { try.provenanceOf(p, i) })
}

// provenanceOf judges one provenance.
func (j *judging) provenanceOf(p Provenance, i int) {
	b := j.facts.Bundles[i]
	c := b.Provenance()
	if c == nil {
		j.add("provenance", Check{ID: CheckProvenance, Wanted: "a SLSA provenance", Reason: "it cannot be understood"})
		return
	}
	j.add("provenance", Check{ID: CheckProvenance, Wanted: "a SLSA provenance", Found: b.PredicateType() + " by " + b.SignedBy()})
	match := func(rule string, wanted Globs, found, what string) {
		if len(wanted) == 0 {
			return
		}
		check := Check{ID: CheckProvenance + "-" + strings.TrimSuffix(rule, "s"), Wanted: wanted.String(), Found: clip(found)}
		switch {
		case found == "":
			check.Reason = "it does not say " + what
		case !wanted.Match(found):
			check.Reason = fmt.Sprintf("%s is %s, not %s", what, clip(found), wanted)
		}
		j.add("provenance."+rule, check)
	}
	match("builders", p.Builders, c.Builder, "the builder")
	match("build-types", p.BuildTypes, c.BuildType, "the build type")

	known := claimed(c)
	if b.Certificate != nil {
		known = certified(b.Certificate)
		j.builderIsSigner(c.Builder, known.workflow)
	} else if !p.TrustClaims {
		for _, demand := range []struct {
			rule string
			made bool
		}{
			{"sources", len(p.Sources) > 0}, {"refs", len(p.Refs) > 0}, {"workflows", len(p.Workflows) > 0}, {"hosted-runners", p.HostedRunners},
		} {
			if demand.made {
				j.add("provenance."+demand.rule, Check{ID: CheckProvenance + "-" + strings.TrimSuffix(demand.rule, "s"),
					Reason: "it is signed with a plain key, so nobody but the signer says so; trust-claims believes it"})
			}
		}
		p.Sources, p.Refs, p.Workflows, p.HostedRunners = nil, nil, nil, false
	}
	match("sources", p.Sources, known.source, "the source repository")
	match("refs", p.Refs, known.ref, "the ref")
	match("workflows", p.Workflows, known.workflow, "the workflow")
	if p.HostedRunners {
		check := Check{ID: CheckProvenance + "-hosted-runner", Wanted: "github-hosted", Found: clip(known.runner)}
		switch known.runner {
		case "github-hosted":
		case "":
			check.Reason = "nothing says what kind of runner built it"
		default:
			check.Reason = "it was built on a runner that is " + clip(known.runner)
		}
		j.add("provenance.hosted-runners", check)
	}
	if p.MaxAge > 0 {
		check := Check{ID: CheckProvenance + "-age", Wanted: "at most " + p.MaxAge.String(), Reason: j.young(b, p.MaxAge)}
		if check.Reason == "" {
			check.Found = stamp(b.Earliest())
		}
		j.add("provenance.max-age", check)
	}
}

// builderIsSigner refuses a provenance of GitHub's that names another workflow as
// its builder than the one that signed it.
func (j *judging) builderIsSigner(builder, workflow string) {
	if workflow == "" || !strings.Contains(builder, "/.github/workflows/") || builder == workflow {
		return
	}
	j.add("provenance", Check{ID: CheckProvenance + "-builder", Wanted: clip(workflow), Found: clip(builder),
		Reason: fmt.Sprintf("it says that the builder is %s, but its certificate says %s", clip(builder), clip(workflow))})
}
