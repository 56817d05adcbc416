package provenance

import (
	"strings"

	"github.com/fnseal/fnseal/attest"
)

const (
	workflowPointer   = "/buildDefinition/externalParameters/workflow"
	internalPointer   = "/buildDefinition/internalParameters"
	dependencyPointer = "/buildDefinition/resolvedDependencies/0"
	builderPointer    = "/runDetails/builder/id"
	invocationPointer = "/runDetails/metadata/invocationId"
)

// github writes the same fields as actions/attest-build-provenance.
func (r *reader) github() *attest.Provenance {
	r.agree("repository", "GITHUB_REPOSITORY")
	r.agree("run_id", "GITHUB_RUN_ID")
	r.agree("sha", "GITHUB_SHA")
	server := r.githubServer()
	repository := r.need("repository", "GITHUB_REPOSITORY", workflowPointer+"/repository", dependencyPointer+"/uri", invocationPointer)
	workflow := r.need("workflow_ref", "GITHUB_WORKFLOW_REF", workflowPointer+"/path", workflowPointer+"/ref")
	path, ref, _ := strings.Cut(strings.TrimPrefix(workflow, repository+"/"), "@")
	// The workflow that ran, which is not the one that was called where a
	// reusable one does the work. No variable names it.
	job := r.need("job_workflow_ref", "GITHUB_WORKFLOW_REF", builderPointer)
	run := r.need("run_id", "GITHUB_RUN_ID", invocationPointer)
	attempt := r.need("run_attempt", "GITHUB_RUN_ATTEMPT", invocationPointer)
	internal := internalPointer + "/github"
	return &attest.Provenance{
		BuildDefinition: attest.BuildDefinition{
			BuildType: githubBuildType,
			ExternalParameters: map[string]any{"workflow": map[string]any{
				"ref": ref, "repository": server + "/" + repository, "path": path,
			}},
			InternalParameters: map[string]any{"github": known(map[string]string{
				"event_name":          r.take("event_name", "GITHUB_EVENT_NAME", internal+"/event_name"),
				"repository_id":       r.take("repository_id", "GITHUB_REPOSITORY_ID", internal+"/repository_id"),
				"repository_owner_id": r.take("repository_owner_id", "GITHUB_REPOSITORY_OWNER_ID", internal+"/repository_owner_id"),
				"runner_environment":  r.take("runner_environment", "RUNNER_ENVIRONMENT", internal+"/runner_environment"),
			})},
			ResolvedDependencies: []attest.Resource{{
				URI:    "git+" + server + "/" + repository + "@" + r.need("ref", "GITHUB_REF", dependencyPointer+"/uri"),
				Digest: map[string]string{"gitCommit": r.need("sha", "GITHUB_SHA", dependencyPointer+"/digest/gitCommit")},
			}},
		},
		RunDetails: attest.RunDetails{
			Builder:  attest.Builder{ID: server + "/" + job},
			Metadata: attest.BuildMetadata{InvocationID: server + "/" + repository + "/actions/runs/" + run + "/attempts/" + attempt},
		},
	}
}

// githubServer returns the server's address. The token's issuer is known for
// each server, and so vouches for it.
func (r *reader) githubServer() string {
	said := strings.TrimSuffix(r.facts.Env("GITHUB_SERVER_URL"), "/")
	if r.facts.Claim == nil {
		return r.need("", "GITHUB_SERVER_URL", workflowPointer+"/repository", dependencyPointer+"/uri", builderPointer, invocationPointer)
	}
	issuer := r.facts.Claim("iss")
	server := ""
	if host, ok := strings.CutPrefix(issuer, "https://token.actions."); ok {
		if host, _, _ = strings.Cut(host, "/"); host == "githubusercontent.com" {
			host = "github.com"
		}
		server = "https://" + host // github.com, or SUBDOMAIN.ghe.com
	} else if host, ok := strings.CutSuffix(issuer, "/_services/token"); ok {
		server = host // an enterprise's own
	}
	switch {
	case server == "":
		r.other = append(r.other, "its issuer is "+clip(issuer)+", which is none of GitHub's")
	case said != "" && said != server:
		r.other = append(r.other, "its issuer is "+clip(issuer)+", and GITHUB_SERVER_URL is "+clip(said))
	}
	return server
}

// clip bounds text that is repeated in a message.
func clip(s string) string { return s[:min(len(s), 200)] }
