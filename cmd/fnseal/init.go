package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/atomicfile"
	"github.com/fnseal/fnseal/policy"
)

// workflowPath is where the workflow is written, below the project.
const workflowPath = ".github/workflows/fnseal.yml"

// workflowTemplate is the workflow that init writes.
//
//go:embed workflow.yaml.tmpl
var workflowTemplate string

// project is what init finds.
type project struct {
	Kind   string   // for a person: "Node"
	Build  []string // command lines that build Target
	Target string   // what is deployed
	Deploy string   // where it is said how to deploy it
	Branch string
	GitHub string // OWNER/NAME; empty if it is not on GitHub
}

// kinds say by which file a kind of project is known and how it is built, the
// first that is found.
var kinds = [...]struct {
	file, kind string
	build      []string
	target     string
}{
	{"package.json", "Node", []string{"npm ci --omit=dev", "fnseal pack . -o app.zip"}, "app.zip"},
	{"pyproject.toml", "Python", []string{"pip install . --target build", "fnseal pack build -o app.zip"}, "app.zip"},
	{"requirements.txt", "Python", []string{"pip install -r requirements.txt --target build", "cp *.py build/", "fnseal pack build -o app.zip"}, "app.zip"},
	{"go.mod", "Go", []string{"CGO_ENABLED=0 GOOS=linux go build -trimpath -tags lambda.norpc -o build/bootstrap .", "fnseal pack build -o app.zip"}, "app.zip"},
	{"pom.xml", "Java", []string{"mvn -B package", "cp target/*.jar app.jar"}, "app.jar"},
}

// deployments say where a way to deploy is described.
var deployments = [...]struct{ pattern, guide string }{
	{"template.y*ml", "aws-sam"}, {"samconfig.toml", "aws-sam"}, {"serverless.y*ml", "serverless-framework"}, {"cdk.json", "aws-cdk"}, {"*.tf", "terraform"},
}

func initCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a policy and a workflow for the project in a folder",
		ArgsUsage: "[DIR] [flags]",
		Description: `Looks at the project in DIR (the current folder by default): what it is built of,
how it is deployed, and where it is on GitHub. Writes fnseal.yaml and, for a
project on GitHub, a workflow that seals and verifies. It never replaces a file.

Examples:
  fnseal init
  fnseal init services/shop --github acme/shop
  fnseal init --key release.pub`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "github", Usage: "the project is OWNER/NAME on GitHub, as in `acme/shop` (default: as its git remote says)"},
			&cli.StringFlag{Name: "key", Usage: "accept what the holder of the public key in `FILE` signed, instead of the workflow"},
		},
		Action: func(c *cli.Context) error {
			dir := "."
			if c.NArg() > 0 {
				var err error
				if dir, err = oneArg(c, "DIR"); err != nil {
					return err
				}
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return usagef("%s is not a folder", dir)
			}
			p := findProject(dir)
			if name := c.String("github"); name != "" {
				if p.GitHub = githubName("https://github.com/" + name); p.GitHub == "" {
					return usagef("--github: %q is not OWNER/NAME", name)
				}
			}
			files, err := p.files(c.String("key"))
			if err != nil {
				return err
			}
			if err := writeAllNew(dir, files); err != nil {
				return err
			}
			for _, f := range files {
				e.note("wrote %s", filepath.Join(dir, filepath.FromSlash(f.path)))
			}
			if p.Kind == unknownKind {
				e.warn("nothing in %s says how it is built: complete the workflow", dir)
			}
			e.note("next: fnseal policy check %s", filepath.Join(dir, policy.FileName))
			return nil
		},
	}
}

const unknownKind = "complete this"

// findProject looks at the files of a folder.
func findProject(dir string) project {
	p := project{
		Kind: unknownKind, Build: []string{"fnseal pack build -o app.zip"}, Target: "app.zip",
		Deploy: "see docs/guides/aws-lambda.md of fnseal",
	}
	for _, b := range kinds {
		if _, err := os.Stat(filepath.Join(dir, b.file)); err == nil {
			p.Kind, p.Build, p.Target = b.kind, b.build, b.target
			break
		}
	}
	for _, d := range deployments {
		if found, err := filepath.Glob(filepath.Join(dir, d.pattern)); err == nil && len(found) > 0 {
			p.Deploy = "see docs/guides/" + d.guide + ".md of fnseal"
			break
		}
	}
	p.GitHub, p.Branch = readGit(dir)
	return p
}

var (
	remoteURL = regexp.MustCompile(`(?m)^\s*url\s*=\s*(\S+)\s*$`)
	headRef   = regexp.MustCompile(`^ref: refs/heads/([A-Za-z0-9._/-]+)\s*$`)
	ownerName = regexp.MustCompile(`^(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([A-Za-z0-9-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?$`)
)

// readGit returns where a working copy is from, if that is GitHub, and the branch
// it is on. No git is run: what a project's configuration names would be.
func readGit(dir string) (name, branch string) {
	branch = "main"
	head, err := os.ReadFile(filepath.Join(dir, ".git", "HEAD"))
	if err != nil {
		return "", branch
	}
	if m := headRef.FindSubmatch(head); m != nil {
		branch = string(m[1])
	}
	config, err := os.ReadFile(filepath.Join(dir, ".git", "config"))
	if err != nil {
		return "", branch
	}
	_, origin, _ := bytes.Cut(config, []byte(`[remote "origin"]`))
	if m := remoteURL.FindSubmatch(origin); m != nil {
		name = githubName(string(m[1]))
	}
	return name, branch
}

func githubName(url string) string {
	if m := ownerName.FindStringSubmatch(url); m != nil {
		return m[1]
	}
	return ""
}

// newFile is a file to write that must not be there.
type newFile struct {
	path string // below the project, with slashes
	text []byte
}

// files are what init writes.
func (p project) files(key string) ([]newFile, error) {
	s := starter{GitHub: p.GitHub, Workflow: workflowPath}
	if key != "" || p.GitHub == "" {
		s = starter{Key: key}
		if key == "" {
			s.Key = "fnseal.pub"
		}
	}
	text, err := s.policy(policy.FileName)
	if err != nil {
		return nil, err
	}
	files := []newFile{{policy.FileName, text}}
	if p.GitHub == "" {
		return files, nil
	}
	var workflow bytes.Buffer
	if err := template.Must(template.New("workflow").Delims("<<", ">>").Parse(workflowTemplate)).Execute(&workflow, p); err != nil {
		return nil, err
	}
	return append(files, newFile{workflowPath, workflow.Bytes()}), nil
}

// writeAllNew writes all files, or none if one is there already.
func writeAllNew(dir string, files []newFile) error {
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.path))); err == nil {
			there = append(there, f.path)
		}
	}
	if len(there) > 0 {
		return hint(usagef("%s is there already in %s", strings.Join(there, ", "), dir), "nothing was written; look at it with fnseal policy check, or move it away")
	}
	var staged []*atomicfile.File
	defer func() {
		for _, f := range staged {
			f.Discard()
		}
	}()
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		out, err := atomicfile.Create(path, 0o644)
		if err != nil {
			return err
		}
		staged = append(staged, out)
		if _, err := out.Write(f.text); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	var errs []error
	for _, f := range staged {
		errs = append(errs, f.Commit())
	}
	return errors.Join(errs...)
}
