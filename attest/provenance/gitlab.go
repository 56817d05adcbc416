package provenance

import (
	"strings"

	"github.com/fnseal/fnseal/attest"
)

// gitlab writes what docs/provenance.md describes. The builder is the pipeline's
// configuration, as in the certificates that Fulcio issues to GitLab's jobs.
func (r *reader) gitlab() *attest.Provenance {
	r.agree("job_id", "CI_JOB_ID")
	server := strings.TrimSuffix(r.need("iss", "CI_SERVER_URL", workflowPointer+"/repository", dependencyPointer+"/uri"), "/")
	project := r.need("project_path", "CI_PROJECT_PATH", workflowPointer+"/repository", dependencyPointer+"/uri")
	ref := r.gitlabRef()
	config := ""
	if r.facts.Claim != nil {
		config = r.facts.Claim("ci_config_ref_uri")
	}
	if config == "" {
		// What the claim would be, where the configuration is in the project.
		path := r.need("", "CI_CONFIG_PATH", builderPointer, workflowPointer+"/path")
		_, host, _ := strings.Cut(server, "://")
		config = host + "/" + project + "//" + path + "@" + ref
	}
	_, path, _ := strings.Cut(config, "//")
	if at := strings.LastIndex(path, "@"); at >= 0 {
		path = path[:at]
	}
	internal := internalPointer + "/gitlab"
	return &attest.Provenance{
		BuildDefinition: attest.BuildDefinition{
			BuildType: gitlabBuildType,
			ExternalParameters: map[string]any{"workflow": map[string]any{
				"ref": ref, "repository": server + "/" + project, "path": path,
			}},
			InternalParameters: map[string]any{"gitlab": known(map[string]string{
				"pipeline_source":    r.take("pipeline_source", "CI_PIPELINE_SOURCE", internal+"/pipeline_source"),
				"project_id":         r.take("project_id", "CI_PROJECT_ID", internal+"/project_id"),
				"namespace_id":       r.take("namespace_id", "CI_PROJECT_NAMESPACE_ID", internal+"/namespace_id"),
				"runner_id":          r.take("runner_id", "CI_RUNNER_ID", internal+"/runner_id"),
				"runner_environment": r.take("runner_environment", "", internal+"/runner_environment"),
			})},
			ResolvedDependencies: []attest.Resource{{
				URI:    "git+" + server + "/" + project + "@" + ref,
				Digest: map[string]string{"gitCommit": r.need("sha", "CI_COMMIT_SHA", dependencyPointer+"/digest/gitCommit")},
			}},
		},
		RunDetails: attest.RunDetails{
			Builder:  attest.Builder{ID: "https://" + config},
			Metadata: attest.BuildMetadata{InvocationID: server + "/" + project + "/-/jobs/" + r.need("job_id", "CI_JOB_ID", invocationPointer)},
		},
	}
}

// gitlabRef returns the full name of the ref that is built.
func (r *reader) gitlabRef() string {
	prefix := map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}
	if r.facts.Claim != nil {
		if p := prefix[r.facts.Claim("ref_type")]; p != "" && r.facts.Claim("ref") != "" {
			return p + r.facts.Claim("ref")
		}
	}
	r.unverified = append(r.unverified, workflowPointer+"/ref", dependencyPointer+"/uri")
	switch {
	case r.facts.Env("CI_COMMIT_TAG") != "":
		return prefix["tag"] + r.facts.Env("CI_COMMIT_TAG")
	case r.facts.Env("CI_COMMIT_BRANCH") != "":
		return prefix["branch"] + r.facts.Env("CI_COMMIT_BRANCH")
	}
	return r.need("", "CI_MERGE_REQUEST_REF_PATH")
}
