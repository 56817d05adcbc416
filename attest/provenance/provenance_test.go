package provenance

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/attest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// variables reads a recorded environment.
func variables(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[key] = value
	}
	return env
}

func recordedClaims(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]string
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func get(m map[string]string) func(string) string { return func(name string) string { return m[name] } }

// TestBuild holds the provenance of recorded jobs, with a token and without.
func TestBuild(t *testing.T) {
	for _, system := range []string{"github", "gitlab"} {
		env, claims := variables(t, system+".env"), recordedClaims(t, system+".claims.json")
		for name, f := range map[string]Facts{
			"token":       {Env: get(env), Claim: get(claims)},
			"environment": {Env: get(env)},
		} {
			p, err := f.Build()
			if err != nil {
				t.Errorf("%s, %s: %v", system, name, err)
				continue
			}
			got, err := json.MarshalIndent(p, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := attest.ParsePredicate(attest.TypeSLSAProvenance, got); err != nil {
				t.Error(err)
			}
			marked := bytes.Contains(got, []byte(`"unverified"`))
			if marked != (name == "environment" || system == "gitlab") { // no claim names GitLab's runner as text
				t.Errorf("%s, %s: marked as unverified %v", system, name, marked)
			}
			path := "testdata/" + system + "-" + name + ".json"
			if *update {
				if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("%s, %s: %s", system, name, diff)
			}
		}
	}
}

// TestLikeGitHub compares with an attestation that GitHub's own action made.
// The claims are those in its certificate. Versions of the action since name
// the build type's new home, the workflow as the builder, and the kind of
// runner.
func TestLikeGitHub(t *testing.T) {
	text, err := os.ReadFile("../../testdata/sigstore/github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	d, err := attest.Describe(bytes.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(d.Statement.Predicate, &want); err != nil {
		t.Fatal(err)
	}
	workflow := "actions/attest-demo/.github/workflows/build-python.yml@refs/heads/main"
	p, err := Facts{Env: get(map[string]string{"GITHUB_ACTIONS": "true"}), Claim: get(map[string]string{
		"iss": "https://token.actions.githubusercontent.com", "event_name": "workflow_dispatch",
		"repository": "actions/attest-demo", "repository_id": "763287532", "repository_owner_id": "44036562",
		"sha": "a6c23b9806c593664f68637c8f9d45dfcf98b2db", "ref": "refs/heads/main",
		"workflow_ref": workflow, "job_workflow_ref": workflow, "run_id": "8788389601", "run_attempt": "1",
		"runner_environment": "github-hosted",
	})}.Build()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	definition := want["buildDefinition"].(map[string]any)
	definition["buildType"] = "https://actions.github.io/buildtypes/workflow/v1"
	definition["internalParameters"].(map[string]any)["github"].(map[string]any)["runner_environment"] = "github-hosted"
	want["runDetails"].(map[string]any)["builder"] = map[string]any{"id": "https://github.com/" + workflow}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestIncomplete takes each variable and claim away in turn: what is required
// is named, and nothing takes its place.
func TestIncomplete(t *testing.T) {
	for _, system := range []string{"github", "gitlab"} {
		env := variables(t, system+".env")
		for name := range env {
			if name == "GITHUB_ACTIONS" || name == "GITLAB_CI" {
				continue
			}
			less := maps.Clone(env)
			delete(less, name)
			p, err := Facts{Env: get(less)}.Build()
			if err != nil {
				if want := name; name != "CI_COMMIT_BRANCH" && !strings.Contains(err.Error(), want) {
					t.Errorf("%s without %s: %v", system, name, err)
				}
				continue
			}
			data, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), `""`) {
				t.Errorf("%s without %s: an empty value in %s", system, name, data)
			}
		}
	}
	if _, err := (Facts{Env: get(nil)}).Build(); !errors.Is(err, ErrNoSystem) {
		t.Errorf("nowhere: error %v", err)
	}
}

// TestOtherJob is given a token of another job.
func TestOtherJob(t *testing.T) {
	for _, c := range []struct{ system, claim, value, want string }{
		{"github", "repository", "evil/repo", "GITHUB_REPOSITORY"},
		{"github", "run_id", "1", "GITHUB_RUN_ID"},
		{"github", "sha", "00", "GITHUB_SHA"},
		{"github", "iss", "https://accounts.example.com", "none of GitHub's"},
		{"github", "iss", "https://ghe.example.com/_services/token", "GITHUB_SERVER_URL"},
		{"gitlab", "job_id", "1", "CI_JOB_ID"},
	} {
		claims := recordedClaims(t, c.system+".claims.json")
		claims[c.claim] = c.value
		_, err := Facts{Env: get(variables(t, c.system+".env")), Claim: get(claims)}.Build()
		if err == nil || !strings.Contains(err.Error(), "not of this job") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: error %v", c.system, c.claim, err)
		}
	}
}

// TestServers knows the server by its issuer.
func TestServers(t *testing.T) {
	for issuer, server := range map[string]string{
		"https://token.actions.githubusercontent.com":                  "https://github.com",
		"https://token.actions.githubusercontent.com/octo-corporation": "https://github.com",
		"https://token.actions.octo.ghe.com":                           "https://octo.ghe.com",
		"https://ghe.example.com/_services/token":                      "https://ghe.example.com",
	} {
		env, claims := variables(t, "github.env"), recordedClaims(t, "github.claims.json")
		env["GITHUB_SERVER_URL"], claims["iss"] = server, issuer
		p, err := Facts{Env: get(env), Claim: get(claims)}.Build()
		if err != nil || !strings.HasPrefix(p.RunDetails.Builder.ID, server+"/octo-org/") {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

// TestRefs names what GitLab builds.
func TestRefs(t *testing.T) {
	env := variables(t, "gitlab.env")
	delete(env, "CI_COMMIT_BRANCH")
	for variable, want := range map[string]string{"CI_COMMIT_TAG": "refs/tags/x", "CI_COMMIT_BRANCH": "refs/heads/x", "CI_MERGE_REQUEST_REF_PATH": "x"} {
		with := maps.Clone(env)
		with[variable] = "x"
		p, err := Facts{Env: get(with)}.Build()
		if err != nil || !strings.HasSuffix(p.BuildDefinition.ResolvedDependencies[0].URI, "@"+want) {
			t.Errorf("%s: %v", variable, err)
		}
	}
}

func TestBuiltBy(t *testing.T) {
	p := BuiltBy("https://ci.example.com/", "git+https://example.com/app@refs/heads/main", "abc")
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := attest.ParsePredicate(attest.TypeSLSAProvenance, data); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`"gitCommit":"abc"`, `"/runDetails/builder/id"`, `"id":"https://ci.example.com/"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s is not in %s", want, data)
		}
	}
	if p := BuiltBy("https://ci.example.com/", "", ""); len(p.BuildDefinition.ResolvedDependencies) > 0 {
		t.Errorf("%+v", p)
	}
}

func TestLockFile(t *testing.T) {
	const lock = `{"lockfileVersion": 3, "packages": {
		"": {"name": "app"},
		"node_modules/b": {"resolved": "https://registry.example/b/-/b-1.0.0.tgz", "integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="},
		"node_modules/a": {"resolved": "https://registry.example/a/-/a-1.0.0.tgz", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
		"node_modules/c": {"resolved": "https://registry.example/c/-/c-1.0.0.tgz", "integrity": "sha512-short"},
		"node_modules/d": {"resolved": "file:../d", "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
		"node_modules/x/node_modules/b": {"resolved": "https://registry.example/b/-/b-1.0.0.tgz", "integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="}
	}}`
	got, err := LockFile("src/package-lock.json", strings.NewReader(lock))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0].Name != "src/package-lock.json" || len(got[0].Digest["sha256"]) != 64 {
		t.Fatalf("%+v", got)
	}
	if diff := cmp.Diff([]attest.Resource{
		{URI: "https://registry.example/a/-/a-1.0.0.tgz", Digest: map[string]string{"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}},
		{URI: "https://registry.example/b/-/b-1.0.0.tgz", Digest: map[string]string{"sha512": "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"}},
	}, got[1:]); diff != "" {
		t.Error(diff)
	}
	for _, junk := range []string{"", "[]", "{", `{"packages": 1}`} {
		if got, err := LockFile("package-lock.json", strings.NewReader(junk)); len(got) != 1 || err != nil {
			t.Errorf("%q: %+v, %v", junk, got, err)
		}
	}
}

func TestIsLockFile(t *testing.T) {
	for name, want := range map[string]bool{
		"package-lock.json": true, "a/b/go.sum": true, "requirements.txt": true, "package.json": false, "": false, "dir/": false,
		"node_modules/x/package-lock.json": false, "a/site-packages/x/poetry.lock": false, "vendor/x/go.sum": false, "lock": false,
	} {
		if IsLockFile(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
