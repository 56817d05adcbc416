package verify

import (
	"encoding/json"
	"strings"

	"github.com/fnseal/fnseal/attest"
)

// Provenance is what a provenance attestation says of a build. All of it is
// hostile text: the build may have been told what to say. Where the signer has
// a certificate, Disagreements compares the two.
type Provenance struct {
	Builder          string // id of what ran the build
	BuildType        string
	SourceRepository string // URL of the repository, without "git+" or a ref
	SourceRef        string // as in refs/heads/main
	SourceDigest     string // commit
	Workflow         string // path of the workflow within the repository
	Runner           string // github-hosted or self-hosted
	Invocation       string // URL of the run
}

// Types of provenance.
const (
	provenanceV1  = attest.TypeSLSAProvenance
	provenanceV02 = "https://slsa.dev/provenance/v0.2"
)

// Provenance returns what the bundle's provenance says, nil if it is none or
// cannot be understood.
func (b BundleFact) Provenance() *Provenance {
	if b.Statement == nil {
		return nil
	}
	switch b.Statement.PredicateType {
	case provenanceV1:
		return readProvenanceV1(b.Statement.Predicate)
	case provenanceV02:
		return readProvenanceV02(b.Statement.Predicate)
	}
	return nil
}

// dependency is a material, with the digests of it.
type dependency struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

// readProvenanceV1 reads SLSA provenance v1 of GitHub's build types
// (actions.github.io/buildtypes/workflow/v1 and its predecessor).
func readProvenanceV1(predicate []byte) *Provenance {
	var p struct {
		BuildDefinition struct {
			BuildType          string `json:"buildType"`
			ExternalParameters struct {
				Workflow struct {
					Ref        string `json:"ref"`
					Repository string `json:"repository"`
					Path       string `json:"path"`
				} `json:"workflow"`
			} `json:"externalParameters"`
			InternalParameters struct {
				GitHub struct {
					Runner string `json:"runner_environment"`
				} `json:"github"`
			} `json:"internalParameters"`
			ResolvedDependencies []dependency `json:"resolvedDependencies"`
		} `json:"buildDefinition"`
		RunDetails struct {
			Builder struct {
				ID string `json:"id"`
			} `json:"builder"`
			Metadata struct {
				Invocation string `json:"invocationId"`
			} `json:"metadata"`
		} `json:"runDetails"`
	}
	if json.Unmarshal(predicate, &p) != nil {
		return nil
	}
	def := p.BuildDefinition
	out := &Provenance{
		Builder: p.RunDetails.Builder.ID, BuildType: def.BuildType, Invocation: p.RunDetails.Metadata.Invocation,
		SourceRepository: def.ExternalParameters.Workflow.Repository, SourceRef: def.ExternalParameters.Workflow.Ref,
		Workflow: def.ExternalParameters.Workflow.Path, Runner: def.InternalParameters.GitHub.Runner,
	}
	out.source(def.ResolvedDependencies)
	return out
}

// readProvenanceV02 reads SLSA provenance v0.2, as GitHub's generators and npm
// wrote it.
func readProvenanceV02(predicate []byte) *Provenance {
	var p struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
		BuildType  string `json:"buildType"`
		Invocation struct {
			ConfigSource struct {
				URI        string            `json:"uri"`
				Digest     map[string]string `json:"digest"`
				EntryPoint string            `json:"entryPoint"`
			} `json:"configSource"`
		} `json:"invocation"`
		Metadata struct {
			Invocation string `json:"buildInvocationId"`
		} `json:"metadata"`
		Materials []dependency `json:"materials"`
	}
	if json.Unmarshal(predicate, &p) != nil {
		return nil
	}
	config := p.Invocation.ConfigSource
	out := &Provenance{Builder: p.Builder.ID, BuildType: p.BuildType, Workflow: config.EntryPoint, Invocation: p.Metadata.Invocation}
	out.source(append([]dependency{{config.URI, config.Digest}}, p.Materials...))
	return out
}

// source fills in what the first git dependency says of the source.
func (p *Provenance) source(deps []dependency) {
	for _, d := range deps {
		uri, ok := strings.CutPrefix(d.URI, "git+")
		if !ok {
			continue
		}
		repository, ref, _ := strings.Cut(uri, "@")
		if p.SourceRepository == "" {
			p.SourceRepository = repository
		}
		if p.SourceRepository != repository {
			continue
		}
		if p.SourceRef == "" {
			p.SourceRef = ref
		}
		for _, algorithm := range []string{"gitCommit", "sha1"} {
			if commit := d.Digest[algorithm]; commit != "" && p.SourceDigest == "" {
				p.SourceDigest = commit
			}
		}
		return
	}
}

// Disagreement is a point in which a provenance and the certificate of who
// signed it differ.
type Disagreement struct{ What, Says, Certified string }

// Disagreements compares a provenance with the certificate it was signed by.
// What either of them leaves out is no disagreement.
func (p *Provenance) Disagreements(c *Certificate) []Disagreement {
	var out []Disagreement
	compare := func(what, says, certified string) {
		if says != "" && certified != "" && says != certified {
			out = append(out, Disagreement{what, says, certified})
		}
	}
	compare("source repository", p.SourceRepository, c.SourceRepository)
	compare("source ref", p.SourceRef, c.SourceRef)
	compare("source commit", p.SourceDigest, c.SourceRepositoryDigest)
	compare("runner", p.Runner, c.RunnerEnvironment)
	if strings.HasPrefix(p.Invocation, "https://") { // else an id of the builder's own
		compare("run", p.Invocation, c.RunURL)
	}
	if p.Workflow != "" && c.BuildWorkflow != "" {
		path, _, _ := strings.Cut(strings.TrimPrefix(c.BuildWorkflow, c.SourceRepository+"/"), "@")
		compare("workflow", p.Workflow, path)
	}
	return out
}
