//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestReleaseAndDeploy releases an application of three functions and a shared
// layer through the Action's scripts, tampers with one in between, deploys the
// others to a stand-in for AWS, and holds what runs against what was sealed.
func TestReleaseAndDeploy(t *testing.T) {
	cloud := startAWS(t, "-m", "moto.server")
	dir := t.TempDir()
	fnseal := tool(t, "fnseal")
	packages := buildApplication(t, dir)
	run(t, dir, nil, fnseal, "keygen", "--out", "release")

	// The release job.
	seal := func(name string) map[string]string {
		return action(t, dir, 0, map[string]string{
			"FNSEAL_COMMAND": "seal", "FNSEAL_TARGET": name, "FNSEAL_KEY": "release.key", "FNSEAL_PASSWORD": "x", "FNSEAL_FAIL_ON": "none",
			"FNSEAL_FEED": feedSample(t),
		})
	}
	codeSHA := map[string]string{}
	for _, name := range packages {
		out := seal(name)
		if out["verdict"] != "sealed" || out["code-sha256"] == "" {
			t.Fatalf("%s: %v", name, out)
		}
		codeSHA[name] = out["code-sha256"]
	}

	// The deploy job: a package that was touched in between is refused.
	verify := func(code int, name string) map[string]string {
		return action(t, dir, code, map[string]string{"FNSEAL_COMMAND": "verify", "FNSEAL_TARGET": name, "FNSEAL_KEY": "release.pub"})
	}
	sealed := readFile(t, filepath.Join(dir, "node.zip"))
	tampered := bytes.Clone(sealed)
	tampered[len(tampered)/2] ^= 1
	writeFile(t, filepath.Join(dir, "node.zip"), tampered)
	if out := verify(4, "node.zip"); out["verdict"] != "refused" {
		t.Fatalf("tampered with: %v", out)
	}
	writeFile(t, filepath.Join(dir, "node.zip"), sealed)
	for _, name := range packages {
		if out := verify(0, name); out["verdict"] != "accepted" || out["code-sha256"] != codeSHA[name] {
			t.Fatalf("%s: %v", name, out)
		}
	}

	api := connect(t, cloud)
	layer := api.publishLayer(t, filepath.Join(dir, "shared.zip"))
	for name, runtime := range map[string]lambdatypes.Runtime{"node": "nodejs22.x", "python": "python3.13", "go": "provided.al2023"} {
		got := api.create(t, name, runtime, readFile(t, filepath.Join(dir, name+".zip")), layer)
		if got != codeSHA[name+".zip"] {
			t.Errorf("%s: AWS shows %s, the action %s", name, got, codeSHA[name+".zip"])
		}
	}

	// What runs is what was sealed, layers included.
	ask := func(code int, args ...string) result {
		t.Helper()
		r := exits(t, dir, cloud.env, fnseal, append([]string{"verify", "--key", "release.pub"}, args...)...)
		if r.code != code {
			t.Errorf("verify %s: want exit code %d: %v", strings.Join(args, " "), code, r)
		}
		if strings.Contains(r.String(), cloud.secret) {
			t.Error("the secret is shown")
		}
		return r
	}
	all := append(packages[:len(packages):len(packages)], "--aws", "node", "--aws", "python", "--aws", "go")
	if r := ask(0, all...); strings.Count(r.stdout, "ACCEPTED") != len(packages)+4 || strings.Count(r.stdout, "it runs shared.zip") != 1 {
		t.Errorf("%v", r)
	}
	// Without the layer among the targets it is code that nobody sealed.
	if r := ask(4, "node.zip", "--aws", "node"); !strings.Contains(r.stderr, "layer shared:1 is refused") {
		t.Errorf("%v", r)
	}
	// Somebody deploys past the gate.
	api.update(t, "python", tampered)
	if r := ask(4, all...); !strings.Contains(r.stderr, "function python") || strings.Contains(r.stderr, "function node") {
		t.Errorf("%v", r)
	}
	if r := ask(1, "node.zip", "--aws", "nobody"); !strings.Contains(r.stderr, "nobody") {
		t.Errorf("%v", r)
	}

	t.Run("objects", func(t *testing.T) {
		api.bucket(t, "releases")
		good := api.put(t, "releases", "node.zip", sealed)
		api.put(t, "releases", "node.zip.sigstore.jsonl", readFile(t, filepath.Join(dir, "node.zip.sigstore.jsonl")))
		ask(0, "s3://releases/node.zip?versionId="+good)
		evil := api.put(t, "releases", "node.zip", tampered)
		ask(4, "s3://releases/node.zip")
		ask(4, "s3://releases/node.zip?versionId="+evil)
		ask(0, "s3://releases/node.zip?versionId="+good)
		ask(0, "s3://releases/node.zip?versionId="+good, "--bundle", "node.zip.sigstore.jsonl")
		r := ask(0, "s3://releases/node.zip?versionId="+good, "-q", "--exec", "sh", "-c", `sha256sum < "$1" | cut -d" " -f1; echo "$FNSEAL_DIGEST"`, "sh", "{}")
		lines := strings.Fields(r.stdout)
		if len(lines) != 2 || "sha256:"+lines[0] != lines[1] {
			t.Errorf("handed on: %v", r)
		}
		ask(1, "s3://releases/nothing.zip")
		ask(4, "s3://releases/node.zip.sigstore.jsonl")
	})
}

// feedSample is the folder of the advisories that the project has.
func feedSample(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../testdata/osv")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// buildApplication makes three functions and a layer, and returns their names.
func buildApplication(t *testing.T, dir string) []string {
	t.Helper()
	for _, name := range []string{"node", "python"} {
		writeFile(t, filepath.Join(dir, name+".zip"), readFile(t, filepath.Join("..", "testdata", "packages", name+".zip")))
	}
	src := filepath.Join(dir, "src")
	if err := os.Mkdir(src, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(src, "go.mod"), []byte("module example.com/bootstrap\n\ngo 1.26\n"))
	writeFile(t, filepath.Join(src, "main.go"), []byte("package main\n\nfunc main() { println(\"ready\") }\n"))
	run(t, src, []string{"CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOCACHE=" + filepath.Join(t.TempDir(), "cache")}, "go", "build", "-o", filepath.Join(dir, "bin", "bootstrap"), ".")
	run(t, dir, nil, tool(t, "fnseal"), "pack", "bin", "-o", "go.zip")
	zipOf(t, filepath.Join(dir, "shared.zip"), "nodejs/node_modules/left-pad/package.json", `{"name": "left-pad", "version": "1.3.0"}`)
	return []string{"node.zip", "python.zip", "go.zip", "shared.zip"}
}

func zipOf(t *testing.T, path, name, text string) {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, buf.Bytes())
}

// action runs the Action's script as the runner does and returns the step's
// outputs.
func action(t *testing.T, dir string, code int, inputs map[string]string) map[string]string {
	t.Helper()
	script, err := filepath.Abs("../action/run.sh")
	if err != nil {
		t.Fatal(err)
	}
	runner := t.TempDir()
	env := []string{
		"RUNNER_TEMP=" + runner, "GITHUB_OUTPUT=" + filepath.Join(runner, "output"), "GITHUB_STEP_SUMMARY=" + filepath.Join(runner, "summary"),
		"PATH=" + filepath.Dir(tool(t, "fnseal")) + ":" + os.Getenv("PATH"),
	}
	for name, value := range inputs {
		env = append(env, name+"="+value)
	}
	r := exits(t, dir, env, "bash", script)
	if r.code != code {
		t.Fatalf("the action with %v: want exit code %d: %v", inputs, code, r)
	}
	outputs := map[string]string{}
	for _, line := range strings.Split(string(readFile(t, filepath.Join(runner, "output"))), "\n") {
		if name, value, ok := strings.Cut(line, "="); ok {
			outputs[name] = value
		}
	}
	return outputs
}

// cloud is the stand-in for AWS as those who deploy see it.
type cloud struct {
	lambda *lambda.Client
	s3     *s3.Client
	role   string
}

func connect(t *testing.T, k kms) *cloud {
	t.Helper()
	env := map[string]string{}
	for _, e := range k.env {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	cfg := aws.Config{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	}
	return &cloud{
		lambda: lambda.NewFromConfig(cfg),
		s3:     s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		role:   createRole(t, env["AWS_ENDPOINT_URL"]),
	}
}

// createRole makes the role that functions run as.
func createRole(t *testing.T, endpoint string) string {
	t.Helper()
	form := url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {"function"}, "AssumeRolePolicyDocument": {`{"Version":"2012-10-17","Statement":[]}`}}
	req, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	arn := regexp.MustCompile(`<Arn>([^<]+)</Arn>`).FindSubmatch(text)
	if err != nil || arn == nil {
		t.Fatalf("making a role: %v: %s", err, text)
	}
	return string(arn[1])
}

func (c *cloud) publishLayer(t *testing.T, path string) string {
	t.Helper()
	out, err := c.lambda.PublishLayerVersion(context.Background(), &lambda.PublishLayerVersionInput{
		LayerName: aws.String("shared"), Content: &lambdatypes.LayerVersionContentInput{ZipFile: readFile(t, path)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.LayerVersionArn
}

// create makes a function and returns the digest that AWS shows of it.
func (c *cloud) create(t *testing.T, name string, runtime lambdatypes.Runtime, zip []byte, layer string) string {
	t.Helper()
	out, err := c.lambda.CreateFunction(context.Background(), &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: runtime, Role: &c.role, Handler: aws.String("index.handler"),
		Code: &lambdatypes.FunctionCode{ZipFile: zip}, Layers: []string{layer},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.CodeSha256
}

func (c *cloud) update(t *testing.T, name string, zip []byte) {
	t.Helper()
	if _, err := c.lambda.UpdateFunctionCode(context.Background(), &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: zip}); err != nil {
		t.Fatal(err)
	}
}

func (c *cloud) bucket(t *testing.T, name string) {
	t.Helper()
	ctx := context.Background()
	if _, err := c.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
}

// put uploads an object and returns its version.
func (c *cloud) put(t *testing.T, bucket, key string, data []byte) string {
	t.Helper()
	out, err := c.s3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)})
	if err != nil {
		t.Fatal(err)
	}
	if out.VersionId == nil {
		t.Fatal(fmt.Errorf("%s/%s has no version", bucket, key))
	}
	return *out.VersionId
}
