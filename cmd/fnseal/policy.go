package main

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/internal/nearest"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/trust"
)

func policyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "policy",
		Usage: "write, check and test the policy file",
		Subcommands: []*cli.Command{
			policyInitCommand(e), policyCheckCommand(e), policyExplainCommand(e), policySchemaCommand(e), policyTestCommand(e),
		},
	}
}

// policyTemplate is what policy init writes.
//
//go:embed policy.yaml.tmpl
var policyTemplate string

// starter fills the template.
type starter struct {
	Key       string // file of the public key; "" for a GitHub repository
	GitHub    string // OWNER/NAME
	Workflow  string // path of the workflow
	Approvers []string
}

func policyInitCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a policy file to start from",
		ArgsUsage: "[FILE] [flags]",
		Description: `Writes a policy with comments, to FILE or fnseal.yaml. It never replaces a file.

Examples:
  fnseal policy init
  fnseal policy init --key fnseal.pub
  fnseal policy init --github acme/app --workflow .github/workflows/release.yml`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "accept what the holder of the public key in `FILE` signed (default: fnseal.pub)"},
			&cli.StringFlag{Name: "github", Usage: "accept what a workflow of the GitHub repository `OWNER/NAME` signed"},
			&cli.StringFlag{Name: "workflow", Usage: "with --github: the `PATH` of that workflow", Value: ".github/workflows/release.yml"},
		},
		Action: func(c *cli.Context) error {
			path := policy.FileName
			if c.NArg() > 0 {
				var err error
				if path, err = oneArg(c, "FILE"); err != nil {
					return err
				}
			}
			s := starter{Key: c.String("key"), GitHub: c.String("github"), Workflow: strings.Trim(c.String("workflow"), "/")}
			switch {
			case s.GitHub != "" && s.Key != "":
				return usagef("--key and --github together: start from one, and add the other by hand")
			case s.GitHub != "" && (strings.Count(s.GitHub, "/") != 1 || strings.ContainsAny(s.GitHub, " \"'*")):
				return usagef("--github: %q is not OWNER/NAME", s.GitHub)
			case s.GitHub == "" && s.Key == "":
				s.Key = "fnseal.pub"
			}
			text, err := s.policy(path)
			if err != nil {
				return err
			}
			if _, err := os.Lstat(path); err == nil {
				return hint(usagef("%s is there already", path), "fnseal policy check %s", path)
			}
			if err := writeNew(path, 0o644, text); err != nil {
				return err
			}
			e.note("wrote %s", path)
			e.note("fnseal verify app.zip --policy %s", path)
			return nil
		},
	}
}

// policy fills the template for a file of that path.
func (s starter) policy(path string) ([]byte, error) {
	var text bytes.Buffer
	if err := template.Must(template.New("policy").Delims("<<", ">>").Funcs(template.FuncMap{"quote": regexp.QuoteMeta}).Parse(policyTemplate)).Execute(&text, s); err != nil {
		return nil, err
	}
	if _, err := policy.Parse(path, text.Bytes()); err != nil {
		return nil, usagef("the policy would not be valid: %v", err)
	}
	return text.Bytes(), nil
}

// policyArg is the policy file that a command is about.
func policyArg(c *cli.Context) (string, error) {
	if c.NArg() == 0 {
		return policy.FileName, nil
	}
	return oneArg(c, "FILE")
}

func policyCheckCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "say whether a policy file can be used",
		ArgsUsage: "[FILE] [flags]",
		Description: `Reads FILE, or fnseal.yaml, what it includes, and the keys and trusted roots it
names. Every defect is printed with its line and column. The digest identifies
the policy in receipts.

Examples:
  fnseal policy check
  fnseal policy check company.yaml --target payments.zip`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "target", Usage: "list what is demanded of a target of this `NAME` only"},
		},
		Action: func(c *cli.Context) error {
			path, err := policyArg(c)
			if err != nil {
				return err
			}
			p, err := loadPolicy(path)
			if err != nil {
				return err
			}
			if err := checkPolicyFiles(p); err != nil {
				return err
			}
			var out strings.Builder
			digest := p.Digest()
			fmt.Fprintf(&out, "policy   %s\ndigest   sha256:%s\n", path, hex.EncodeToString(digest[:]))
			for _, f := range p {
				fmt.Fprintf(&out, "file     %s\n", f.Path)
			}
			for _, name := range slices.Sorted(maps.Keys(p.Signers())) {
				fmt.Fprintf(&out, "signer   %s: %s\n", name, p.Signers()[name])
			}
			for _, set := range p.RuleSets(c.String("target")) {
				fmt.Fprintf(&out, "demands  %s: %s\n", set.Where, strings.Join(set.Demanded(), ", "))
			}
			if c.String("target") == "" {
				for _, f := range p {
					for i, t := range f.Targets {
						fmt.Fprintf(&out, "demands  %s: targets[%d], for %s: %s\n", filepath.Base(f.Path), i, t.Match, strings.Join(t.Rules.Demanded(), ", "))
					}
				}
			}
			return writeAll(e.stdout, []byte(cleanLines(out.String())))
		},
	}
}

// cleanLines escapes what a terminal would obey in text of several lines.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = term.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// checkPolicyFiles reads the keys and roots that a policy names.
func checkPolicyFiles(p policy.Sources) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(p.Signers())) {
		if path := p.KeyPath(name); path != "" {
			if _, err := trust.LoadPublicKey(path); err != nil {
				errs = append(errs, fmt.Errorf("signer %s: %w", name, err))
			}
		}
	}
	for _, path := range p.RootPaths() {
		if _, err := trust.LoadRoot(path); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func policySchemaCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print the JSON schema of the policy file",
		Description: `Editors complete and check fnseal.yaml by it.

Examples:
  fnseal policy schema > fnseal.schema.json
  # in fnseal.yaml, for editors that use yaml-language-server:
  # yaml-language-server: $schema=fnseal.schema.json`,
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			return writeAll(e.stdout, policy.FileSchema)
		},
	}
}

func policyExplainCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "say what a key of the policy file means",
		ArgsUsage: "[KEY] [flags]",
		Description: `KEY is a path such as verify.sbom.coverage. Without it the keys of the file are
listed.

Examples:
  fnseal policy explain
  fnseal policy explain verify
  fnseal policy explain verify.sbom.coverage`,
		Action: func(c *cli.Context) error {
			path := ""
			if c.NArg() > 0 {
				var err error
				if path, err = oneArg(c, "KEY"); err != nil {
					return err
				}
			}
			text, err := explainKey(policy.FileSchema, path, e.out.Width)
			if err != nil {
				return err
			}
			return writeAll(e.stdout, []byte(text))
		},
	}
}

// schemaNode is the part of a JSON schema that explanations are made of.
type schemaNode struct {
	Ref         string                `json:"$ref"`
	Defs        map[string]schemaNode `json:"$defs"`
	Type        string                `json:"type"`
	Format      string                `json:"format"`
	Enum        []any                 `json:"enum"`
	AnyOf       []schemaNode          `json:"anyOf"`
	Items       *schemaNode           `json:"items"`
	Properties  map[string]schemaNode `json:"properties"`
	Additional  json.RawMessage       `json:"additionalProperties"`
	Required    []string              `json:"required"`
	Description string                `json:"description"`
}

// explainKey describes the value at a path of keys, and the keys below it.
func explainKey(schema []byte, path string, width int) (string, error) {
	var root schemaNode
	if err := json.Unmarshal(schema, &root); err != nil {
		return "", fmt.Errorf("reading the schema: %w", err)
	}
	node := root.resolve(root)
	var out strings.Builder
	if path != "" {
		trail := ""
		for _, key := range strings.Split(path, ".") {
			key, _, _ = strings.Cut(key, "[")
			next, ok := node.Properties[key]
			if !ok && node.named() {
				var elem schemaNode
				if err := json.Unmarshal(node.Additional, &elem); err != nil {
					return "", err
				}
				next, ok = elem, true
			}
			if !ok {
				where := "the policy file"
				if trail != "" {
					where = trail
				}
				err := usagef("there is no key %q in %s", key, where)
				if near := nearest.Word(key, slices.Collect(maps.Keys(node.Properties))); near != "" {
					return "", hint(err, "did you mean %q?", near)
				}
				return "", hint(err, "fnseal policy explain %s", trail)
			}
			trail = strings.TrimPrefix(trail+"."+key, ".")
			description := next.Description
			node = next.resolve(root)
			if description != "" {
				node.Description = description
			}
		}
		fmt.Fprintf(&out, "%s  %s\n", trail, node.kind())
		writeWrapped(&out, node.Description, "  ", width)
	}
	if len(node.Properties) > 0 && path != "" {
		fmt.Fprintln(&out)
	}
	for _, key := range slices.Sorted(maps.Keys(node.Properties)) {
		child := node.Properties[key]
		resolved := child.resolve(root)
		must := ""
		if slices.Contains(node.Required, key) {
			must = ", required"
		}
		fmt.Fprintf(&out, "%s  %s%s\n", key, resolved.kind(), must)
		writeWrapped(&out, child.Description, "  ", width)
	}
	return out.String(), nil
}

// resolve follows references, and steps into the elements of a list.
func (n schemaNode) resolve(root schemaNode) schemaNode {
	description := n.Description
	list := false
	for {
		switch {
		case n.Ref != "":
			n = root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
			continue
		case n.Type == "array" && n.Items != nil && (n.Items.Ref != ""):
			n, list = *n.Items, true
			continue
		}
		break
	}
	if description != "" {
		n.Description = description
	}
	if list {
		n.Format = "list"
	}
	return n
}

// named reports whether the keys of an object are names of the author's choice.
func (n schemaNode) named() bool { return len(n.Additional) > 0 && n.Additional[0] == '{' }

// kind names what a value is, for a person.
func (n schemaNode) kind() string {
	var words []string
	for _, v := range n.Enum {
		words = append(words, fmt.Sprint(v))
	}
	switch {
	case len(words) > 0:
		return "(" + strings.Join(words, " | ") + ")"
	case n.Format == "list":
		return "(list of objects)"
	case len(n.AnyOf) > 0:
		return "(text, or a list of texts)"
	case n.Type == "array":
		return "(list)"
	case n.named():
		return "(objects by name)"
	case n.Type == "string" && n.Format == "date":
		return "(date)"
	case n.Type == "string":
		return "(text)"
	case n.Type == "boolean":
		return "(true or false)"
	case n.Type == "integer":
		return "(number)"
	}
	return "(object)"
}

// writeWrapped writes text in lines of a width, each behind a margin.
func writeWrapped(w io.Writer, text, margin string, width int) {
	if width <= 0 || width > 100 {
		width = 80
	}
	line := margin
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != margin {
			fmt.Fprintln(w, line)
			line = margin
		}
		if line != margin {
			line += " "
		}
		line += word
	}
	if line != margin {
		fmt.Fprintln(w, line)
	}
}

func policyTestCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "test",
		Usage:     "test a policy against recorded facts",
		ArgsUsage: "FILE… [flags]",
		Description: `FILE says which policy is tested, against which facts, and what it must say of
them. Facts are recorded by fnseal verify --facts. A test that fails is exit
code 4. No key is asked for and no signature looked at: facts are what was found
when they were recorded.

Examples:
  fnseal verify app.zip --policy fnseal.yaml --facts testdata/release.json
  fnseal policy test policy_test.yaml

  # policy_test.yaml
  version: 1
  policy: fnseal.yaml
  tests:
    - {name: the release of May, facts: testdata/release.json, at: 2026-05-20, expect: accepted}
    - {name: no SBOM, facts: testdata/bare.json, expect: refused, fails: [sbom]}`,
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return hint(usagef("%s needs a FILE", c.Command.HelpName), "%s --help", c.Command.HelpName)
			}
			failed, total := 0, 0
			for _, path := range c.Args().Slice() {
				n, f, err := runSuite(e, path)
				if err != nil {
					return err
				}
				total, failed = total+n, failed+f
			}
			if failed > 0 {
				return &resultError{code: exitRefused, msg: fmt.Sprintf("%d of %d tests fail", failed, total)}
			}
			return nil
		},
	}
}

// runSuite runs the tests in a file, and prints a line for each.
func runSuite(e *env, path string) (total, failed int, err error) {
	data, err := readCapped(path, maxPolicyFile)
	if err != nil {
		return 0, 0, err
	}
	suite, err := policy.ParseSuite(path, data)
	if err != nil {
		return 0, 0, err
	}
	p, err := loadPolicy(policy.Beside(path, suite.Policy))
	if err != nil {
		return 0, 0, err
	}
	for _, t := range suite.Tests {
		text, err := readCapped(policy.Beside(path, t.Facts), policy.MaxRecorded)
		if err != nil {
			return total, failed, fmt.Errorf("test %q: %w", t.Name, err)
		}
		facts, err := policy.ParseRecorded(text)
		if err != nil {
			return total, failed, fmt.Errorf("test %q: %s: %w", t.Name, t.Facts, err)
		}
		v, wrong := t.Run(p, facts)
		total++
		if wrong == "" {
			fmt.Fprintf(e.stdout, "ok    %s\n", term.Clean(t.Name))
			continue
		}
		failed++
		fmt.Fprintf(e.stdout, "FAIL  %s: %s\n", term.Clean(t.Name), term.Clean(wrong))
		if e.verbose {
			if err := report.VerdictText(e.stdout, v, report.Style{Color: e.out.Color}); err != nil {
				return total, failed, err
			}
		}
	}
	return total, failed, nil
}
