// Package provenance says how a package is being built, from what the build
// system tells the job: the claims of its identity token where there is one,
// and else its environment. Nothing is invented: what is required and not known
// is an error, and what is not required and not known is left out.
//
// Any step of a job can change its environment, so what comes from there alone
// is named as unverified in the provenance itself, by JSON pointers (RFC 6901)
// under internalParameters/fnseal/unverified. Claims are signed by the build
// system. Whether they are those of the certificate that the provenance is
// signed with is for whoever verifies to compare.
package provenance

import (
	"fmt"
	"sort"
	"strings"

	"github.com/fnseal/fnseal/attest"
)

// System is a build system.
type System string

// The build systems.
const (
	None    System = ""
	GitHub  System = "GitHub Actions"
	GitLab  System = "GitLab CI/CD"
	Generic System = "generic"
)

// The build types. The first is that of actions/attest-build-provenance; the
// others are described in docs/provenance.md.
const (
	githubBuildType  = "https://actions.github.io/buildtypes/workflow/v1"
	gitlabBuildType  = "https://github.com/fnseal/fnseal/blob/main/docs/provenance.md#gitlab-ci-v1"
	genericBuildType = "https://github.com/fnseal/fnseal/blob/main/docs/provenance.md#generic-v1"
)

// Detect returns the build system that a job with this environment runs in.
func Detect(env func(string) string) System {
	switch {
	case env("GITHUB_ACTIONS") == "true":
		return GitHub
	case env("GITLAB_CI") == "true":
		return GitLab
	}
	return None
}

// Facts is where provenance is taken from.
type Facts struct {
	// Env returns a variable of the job's environment, empty if it is not
	// there.
	Env func(string) string

	// Claim returns a claim of the job's identity token, empty if it is not
	// there. It is nil where there is no token.
	Claim func(string) string
}

// Build returns the provenance of what is built in this job.
func (f Facts) Build() (*attest.Provenance, error) {
	r := &reader{facts: f}
	var p *attest.Provenance
	system := Detect(f.Env)
	switch system {
	case GitHub:
		p = r.github()
	case GitLab:
		p = r.gitlab()
	default:
		return nil, ErrNoSystem
	}
	if err := r.err(system); err != nil {
		return nil, err
	}
	r.mark(p)
	return p, nil
}

// ErrNoSystem says that no known build system runs this job.
var ErrNoSystem = fmt.Errorf("this is no job of %s or %s", GitHub, GitLab)

// BuiltBy returns the provenance of what was built by a system that nothing is
// known of but its URI, of a source such as
// "git+https://example.com/app@refs/heads/main" at a commit; both may be empty.
func BuiltBy(builder, source, commit string) *attest.Provenance {
	p := &attest.Provenance{
		BuildDefinition: attest.BuildDefinition{BuildType: genericBuildType, ExternalParameters: map[string]any{}},
		RunDetails:      attest.RunDetails{Builder: attest.Builder{ID: builder}},
	}
	r := &reader{unverified: []string{"/runDetails/builder/id"}}
	if source != "" {
		p.BuildDefinition.ExternalParameters["source"] = source
		dependency := attest.Resource{URI: source}
		if commit != "" {
			dependency.Digest = map[string]string{"gitCommit": commit}
		}
		p.BuildDefinition.ResolvedDependencies = []attest.Resource{dependency}
		r.unverified = append(r.unverified, "/buildDefinition/externalParameters/source", "/buildDefinition/resolvedDependencies/0")
	}
	r.mark(p)
	return p
}

// reader takes values from facts. It remembers which of them are unverified,
// what is missing, and what contradicts itself.
type reader struct {
	facts      Facts
	unverified []string
	missing    []string
	other      []string
}

// take returns the claim, or else the variable, and notes where in the
// provenance that makes for something unverified.
func (r *reader) take(claim, variable string, pointers ...string) string {
	if r.facts.Claim != nil && claim != "" {
		if v := r.facts.Claim(claim); v != "" {
			return v
		}
	}
	v := r.facts.Env(variable)
	if v != "" {
		r.unverified = append(r.unverified, pointers...)
	}
	return v
}

// need is take for what must be known.
func (r *reader) need(claim, variable string, pointers ...string) string {
	v := r.take(claim, variable, pointers...)
	if v == "" {
		r.missing = append(r.missing, variable)
	}
	return v
}

// agree notes a token that was given to another job.
func (r *reader) agree(claim, variable string) {
	if r.facts.Claim == nil {
		return
	}
	c, v := r.facts.Claim(claim), r.facts.Env(variable)
	if c != "" && v != "" && c != v {
		r.other = append(r.other, fmt.Sprintf("its %s is %.200q, and %s is %.200q", claim, c, variable, v))
	}
}

func (r *reader) err(system System) error {
	switch {
	case len(r.other) > 0:
		return fmt.Errorf("the identity token is not of this job of %s: %s", system, strings.Join(r.other, "; "))
	case len(r.missing) > 0:
		return fmt.Errorf("%s does not say what provenance needs: %s", system, strings.Join(r.missing, ", "))
	}
	return nil
}

// mark writes into the provenance what of it is unverified.
func (r *reader) mark(p *attest.Provenance) {
	if len(r.unverified) == 0 {
		return
	}
	if p.BuildDefinition.InternalParameters == nil {
		p.BuildDefinition.InternalParameters = map[string]any{}
	}
	sort.Strings(r.unverified)
	var once []string
	for i, pointer := range r.unverified {
		if i == 0 || pointer != r.unverified[i-1] {
			once = append(once, pointer)
		}
	}
	p.BuildDefinition.InternalParameters["fnseal"] = map[string]any{"unverified": once}
}

// known drops members that have no value.
func known(members map[string]string) map[string]any {
	out := map[string]any{}
	for name, value := range members {
		if value != "" {
			out[name] = value
		}
	}
	return out
}
