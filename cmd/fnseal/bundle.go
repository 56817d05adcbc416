package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/internal/atomicfile"
	"github.com/fnseal/fnseal/internal/registry"
	"github.com/fnseal/fnseal/internal/term"
)

func bundleCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "bundle",
		Usage: "list, split and copy bundles",
		Subcommands: []*cli.Command{
			bundleListCommand(e),
			bundleSplitCommand(e),
			bundleCopyCommand(e),
		},
	}
}

var bundleFormats = []string{"table", "json"}

func bundleListCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "list the bundles of an artifact, or in a file",
		ArgsUsage: "TARGET [flags]",
		Description: `TARGET is a file of bundles, a file that has some beside it, or an image whose
registry keeps them. What is listed is what the bundles say of themselves:
nothing of it is verified.

Examples:
  fnseal bundle list app.zip
  fnseal bundle list app.zip.sigstore.jsonl -o json
  fnseal bundle list registry.example/shop/app@sha256:…`,
		Flags: append([]cli.Flag{outputFlag(bundleFormats...)}, targetFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "TARGET")
			if err != nil {
				return err
			}
			outs, err := parseOutputs(c, bundleFormats...)
			if err != nil {
				return err
			}
			items, err := bundlesOf(c, e, ref)
			if err != nil {
				return err
			}
			listed := describeAll(items)
			return writeOutputs(c.Context, e, outs,
				format{"table", func(w io.Writer) error { return bundleTable(w, listed) }},
				format{"json", func(w io.Writer) error { return bundleJSON(w, listed) }},
			)
		},
	}
}

// bundlesOf reads the bundles in a file, beside a file, or beside an image.
func bundlesOf(c *cli.Context, e *env, ref string) ([]attest.Item, error) {
	ctx, limits := c.Context, attest.DefaultLimits()
	info, err := os.Stat(ref)
	switch {
	case ref == "-":
		return attest.ParseBundles(ctx, e.stdin, ref, limits)
	case err == nil && info.Mode().IsRegular():
		if strings.HasSuffix(ref, ".json") || isLines(ref) {
			return attest.ReadBundles(ctx, []string{ref}, limits)
		}
		return found(attest.DiscoverBundles(ctx, ref, limits))(ref)
	}
	repo, digest, err := openImageBundles(c, e, ref)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	return found(attest.PullBundles(ctx, repo, digest, limits))(ref)
}

// found makes an error of finding nothing.
func found(items []attest.Item, err error) func(ref string) ([]attest.Item, error) {
	return func(ref string) ([]attest.Item, error) {
		if err == nil && len(items) == 0 {
			err = fmt.Errorf("%s has no bundle", ref)
		}
		return items, err
	}
}

// openImageBundles opens the repository of an image, without its layers, which
// say nothing of its bundles.
func openImageBundles(c *cli.Context, e *env, ref string) (*registry.Repository, fnpkg.Digest, error) {
	var none fnpkg.Digest
	o, err := registryOptions(c)
	if err != nil {
		return nil, none, err
	}
	img, err := registry.Pull(c.Context, strings.TrimPrefix(ref, "registry:"), o)
	if err != nil {
		return nil, none, fmt.Errorf("opening %q: no file, and as an image: %w", ref, err)
	}
	defer img.Close()
	repo, err := registry.OpenRepository(c.Context, img.Repository, registry.ReadOnly, o)
	return repo, img.Digest, err
}

// registryOptions reads those of targetFlags that are about registries.
func registryOptions(c *cli.Context) (registry.Options, error) {
	if c.Bool("offline") {
		return registry.Options{}, target.ErrOffline
	}
	platform, err := registry.ParsePlatform(c.String("platform"))
	if err != nil {
		return registry.Options{}, usagef("--platform: %v", err)
	}
	return registry.Options{Platform: platform, PlainHTTP: c.Bool("plain-http")}, nil
}

// listedBundle is a bundle as it describes itself.
type listedBundle struct {
	Source        string          `json:"source"`
	Error         string          `json:"error,omitempty"` // why it cannot be read
	MediaType     string          `json:"mediaType,omitempty"`
	Content       attest.Content  `json:"content,omitempty"`
	PredicateType string          `json:"predicateType,omitempty"`
	Subjects      []listedSubject `json:"subjects,omitempty"`
}

type listedSubject struct {
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest"`
}

func describeAll(items []attest.Item) []listedBundle {
	out := make([]listedBundle, 0, len(items))
	for _, item := range items {
		l := listedBundle{Source: item.Source}
		d, err := attest.Describe(item.JSON)
		if item.Err != nil {
			err = item.Err
		}
		if err != nil {
			l.Error = err.Error()
			out = append(out, l)
			continue
		}
		l.MediaType, l.Content, l.PredicateType = d.MediaType, d.Content, d.PredicateType()
		if d.Statement != nil {
			for _, s := range d.Statement.Subjects {
				l.Subjects = append(l.Subjects, listedSubject{s.Name, s.Digest})
			}
		}
		out = append(out, l)
	}
	return out
}

func bundleTable(w io.Writer, all []listedBundle) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BUNDLE\tSAYS\tOF")
	for _, l := range all {
		says, of := l.PredicateType, ""
		switch {
		case l.Error != "":
			says = "cannot be read: " + l.Error
		case l.Content == attest.ContentSignature:
			says = "signature"
		}
		for i, s := range l.Subjects {
			if i > 0 {
				of += ", "
			}
			of += strings.TrimSpace(s.Name + " sha256:" + s.Digest["sha256"])
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", term.Clean(l.Source), term.Clean(says), term.Clean(of))
	}
	return t.Flush()
}

func bundleJSON(w io.Writer, all []listedBundle) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"bundles": all})
}

func bundleSplitCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "split",
		Usage:     "write each bundle of an artifact to a file of its own",
		ArgsUsage: "TARGET [flags]",
		Description: `TARGET is as for "fnseal bundle list". Bundles are written to NAME.N.KIND.sigstore.json:
of app.zip.sigstore.jsonl to app.zip.1.signature.sigstore.json and so on, for
tools that read one bundle from a file. Files that exist are overwritten.

Examples:
  fnseal bundle split app.zip
  fnseal bundle split app.zip.sigstore.jsonl --dir bundles
  fnseal bundle split registry.example/shop/app@sha256:…`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "write the files to `DIR` (default: beside a file, or the current one)"},
		}, targetFlags()...),
		Action: func(c *cli.Context) error {
			ref, err := oneArg(c, "TARGET")
			if err != nil {
				return err
			}
			items, err := bundlesOf(c, e, ref)
			if err != nil {
				return err
			}
			return splitBundles(c, e, ref, items)
		},
	}
}

// splitBundles writes all bundles that can be read, or none.
func splitBundles(c *cli.Context, e *env, ref string, items []attest.Item) error {
	base := splitBase(ref)
	if dir := c.String("dir"); dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return usagef("--dir: no folder %s to write into", dir)
		}
		base = filepath.Join(dir, filepath.Base(base))
	}
	var files []*atomicfile.File
	defer func() {
		for _, f := range files {
			f.Discard()
		}
	}()
	var names []string
	for _, item := range items {
		d, err := attest.Describe(item.JSON)
		if item.Err != nil {
			err = item.Err
		}
		if err != nil {
			e.warn("passing over %s: %v", item.Source, err)
			continue
		}
		name := fmt.Sprintf("%s.%d.%s.sigstore.json", base, len(names)+1, kindWord(d))
		f, err := atomicfile.Create(name, 0o644)
		if err != nil {
			return err
		}
		files, names = append(files, f), append(names, name)
		if _, err := f.Write(append(bytes.TrimSpace(item.JSON), '\n')); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no bundle that can be read", ref)
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	for i, f := range files {
		if err := f.Commit(); err != nil {
			return err
		}
		e.note("wrote %s", names[i])
	}
	return nil
}

// splitBase is what the names of split bundles begin with.
func splitBase(ref string) string {
	if _, err := os.Stat(ref); err != nil { // an image, or standard input
		ref, _, _ = strings.Cut(strings.TrimPrefix(ref, "registry:"), "@")
		ref = ref[strings.LastIndex(ref, "/")+1:]
		ref, _, _ = strings.Cut(ref, ":")
		if ref == "-" {
			ref = "bundle"
		}
		return ref
	}
	for _, end := range []string{".sigstore.jsonl", ".sigstore.json", ".jsonl", ".json"} {
		if name, ok := strings.CutSuffix(ref, end); ok {
			return name
		}
	}
	return ref
}

// kindWord is a word for what a bundle holds, fit for a file's name.
func kindWord(d attest.Description) string {
	if d.Content == attest.ContentSignature {
		return "signature"
	}
	for _, name := range attest.TypeNames() {
		if uri, err := attest.PredicateType(name); err == nil && uri == d.PredicateType() {
			return name
		}
	}
	return "attestation"
}

func bundleCopyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "copy",
		Usage:     "copy an image with its bundles, or bundles alone",
		ArgsUsage: "FROM TO [flags]",
		Description: `Copies an image or an index from one registry to another with all its bundles,
unchanged: the digest stays, and so does everything that was signed. The tag of
TO appears last, when all is there. What is copied is printed by its digest.

Bundles alone are copied where one side is a file: from a file to an image in a
registry, or from an image to a file, to which they are added.

Examples:
  fnseal bundle copy staging.example/shop/app@sha256:… prod.example/shop/app:v1
  fnseal bundle copy app.sigstore.jsonl registry.example/shop/app@sha256:…
  fnseal bundle copy registry.example/shop/app@sha256:… app.sigstore.jsonl`,
		Flags: targetFlags(),
		Action: func(c *cli.Context) error {
			from, to, err := twoArgs(c, "FROM", "TO")
			if err != nil {
				return err
			}
			switch {
			case isBundleFile(from) && isBundleFile(to):
				return usagef("%s and %s are both files", from, to)
			case isBundleFile(from):
				return attachBundles(c, e, from, to)
			case isBundleFile(to):
				return saveBundles(c, e, from, to)
			}
			return copyImage(c, e, from, to)
		},
	}
}

func isBundleFile(ref string) bool {
	return ref == "-" || isLines(ref) || strings.HasSuffix(ref, ".json")
}

// readable returns the bundles that can be read, and warns of the others.
func readable(e *env, ref string, items []attest.Item) ([][]byte, error) {
	var out [][]byte
	for _, item := range items {
		if item.Err != nil {
			e.warn("passing over %s: %v", item.Source, item.Err)
			continue
		}
		out = append(out, item.JSON)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no bundle that can be read", ref)
	}
	return out, nil
}

func attachBundles(c *cli.Context, e *env, from, to string) error {
	items, err := bundlesOf(c, e, from)
	if err != nil {
		return err
	}
	for _, item := range items { // they were named: junk is no accident
		if item.Err != nil {
			return fmt.Errorf("reading %s: %w", item.Source, item.Err)
		}
	}
	bundles, err := readable(e, from, items)
	if err != nil {
		return err
	}
	o, err := registryOptions(c)
	if err != nil {
		return err
	}
	img, err := registry.Pull(c.Context, to, o)
	if err != nil {
		return err
	}
	defer img.Close()
	repo, err := registry.OpenRepository(c.Context, img.Repository, registry.ReadWrite, o)
	if err != nil {
		return err
	}
	p := place{repo: repo, image: img.Digest}
	defer p.Close()
	if err := p.add(c.Context, bundles...); err != nil {
		return err
	}
	e.note("copied %d bundles to %s", len(bundles), &p)
	return nil
}

func saveBundles(c *cli.Context, e *env, from, to string) error {
	if !isLines(to) {
		return hint(usagef("%s: several bundles are kept in a .jsonl", to), "fnseal bundle split %s", from)
	}
	items, err := bundlesOf(c, e, from)
	if err != nil {
		return err
	}
	bundles, err := readable(e, from, items)
	if err != nil {
		return err
	}
	p := place{path: to}
	if err := p.add(c.Context, bundles...); err != nil {
		return err
	}
	e.note("copied %d bundles to %s", len(bundles), to)
	return nil
}

func copyImage(c *cli.Context, e *env, from, to string) error {
	o, err := registryOptions(c)
	if err != nil {
		return err
	}
	ctx := c.Context
	copying, err := registry.OpenCopy(ctx, strings.TrimPrefix(from, "registry:"), to, o)
	if err != nil {
		if errors.Is(err, registry.ErrDenied) {
			return hint(err, "docker login with an account that may push")
		}
		return err
	}
	defer copying.Close()
	if err := copying.Push(ctx); err != nil {
		return err
	}
	n := 0
	for _, subject := range copying.Manifests {
		copied, junk, err := attest.CopyBundles(ctx, copying.From, copying.To, subject, attest.DefaultLimits())
		if err != nil {
			return err
		}
		for _, item := range junk {
			e.warn("passing over %s: %v", item.Source, item.Err)
		}
		n += copied
	}
	if err := copying.Tag(ctx); err != nil {
		return err
	}
	e.note("copied %s with %d bundles to %s", from, n, to)
	return writeAll(e.stdout, []byte(copying.String()+"\n"))
}
