package main

import (
	"context"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/overlay"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/sbom"
)

// sbomFormats are the formats of "fnseal sbom", the default first.
func sbomFormats() []string {
	formats := []string{"table", "json"}
	for _, f := range sbom.Formats() {
		formats = append(formats, string(f))
	}
	return append(formats, "check", "check-json")
}

func sbomCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "sbom",
		Usage:     "list what a function package ships",
		ArgsUsage: "TARGET… [flags]",
		Description: `TARGET is a deployment or layer zip, a jar or war, a directory, a container
image (registry.example/app@sha256:…, oci-layout:DIR, docker-archive:FILE), or
- for standard input. Several targets yield a document each, written to paths
in which {name} stands for the target's name, or one with --merge.

Examples:
  fnseal sbom app.zip
  fnseal sbom app.zip -o cyclonedx-json > app.cdx.json
  fnseal sbom app.zip -o table -o spdx-json=app.spdx.json
  fnseal sbom app.zip --layer shared.zip
  fnseal sbom registry.example/app:1.2 --platform linux/arm64
  fnseal sbom api.zip worker.zip -o cyclonedx-json={name}.cdx.json
  fnseal sbom api.zip worker.zip --merge shop -o cyclonedx-json=shop.cdx.json`,
		Flags: append([]cli.Flag{
			outputFlag(sbomFormats()...),
			&cli.StringFlag{Name: "merge", Usage: "describe all targets in one document, as the application `NAME`"},
			&cli.StringFlag{Name: "format-version", Usage: "write version `V` of a format, as in 1.7 for CycloneDX"},
			&cli.StringFlag{Name: "author", Usage: "name who answers for the document, as in `\"Name <contact>\"`"},
			&cli.StringFlag{Name: "supplier", Usage: "name who supplies the package, as in `\"Name <contact>\"`"},
			&cli.StringFlag{Name: "data-license", Usage: "state `ID` as the licence of the document itself, as in CC0-1.0"},
			licensesFlag(),
			&cli.BoolFlag{Name: "check", Usage: "say what the CycloneDX document lacks of CISA's minimum elements and BSI TR-03183-2 (short for -o check)"},
			&cli.BoolFlag{Name: "content-digest", Usage: "state the content digest of the package, and of each component that is a tree of files; all of it is read for that"},
			&cli.BoolFlag{Name: "require-coverage", Usage: "exit 3 if code is present that no component accounts for"},
			timestampFlag(),
		}, packageFlags()...),
		Action: func(c *cli.Context) error { return makeSBOM(c, e) },
	}
}

func makeSBOM(c *cli.Context, e *env) error {
	if c.NArg() == 0 {
		return hint(usagef("fnseal sbom needs TARGET"), "fnseal sbom --help")
	}
	if slices.Contains(c.Args().Slice(), "") {
		return usagef("TARGET is empty")
	}
	outs, err := parseOutputs(c, sbomFormats()...)
	if err != nil {
		return err
	}
	if c.Bool("check") && len(c.StringSlice("output")) == 0 {
		outs = []output{{format: "check"}}
	}
	o, err := documentOptions(c, e, outs)
	if err != nil {
		return err
	}
	refs := c.Args().Slice()
	if len(refs) > 1 && c.String("merge") == "" {
		if err := checkSeveral(outs); err != nil {
			return err
		}
	}
	invs, err := inventories(c, e, refs, isList(outs))
	if err != nil {
		return err
	}
	if name := c.String("merge"); name != "" {
		invs = []*fnpkg.Inventory{sbom.Merge(name, invs...)}
	}
	all := &staged{}
	defer all.discard()
	for _, inv := range invs {
		warnInventory(e, inv)
		if err := all.add(outputsFor(outs, inv.Subject.Name), inventoryRenderers(inv, o)...); err != nil {
			return err
		}
	}
	if err := all.commit(c.Context, e); err != nil {
		return err
	}
	return checkCoverage(c.Bool("require-coverage"), invs)
}

// documentOptions reads what a document is to say of itself.
func documentOptions(c *cli.Context, e *env, outs []output) (o sbom.Options, err error) {
	o.ToolVersion, o.SpecVersion = toolVersion(), c.String("format-version")
	if o.Timestamp, err = timestamp(c, e); err != nil {
		return o, err
	}
	choice, err := licenseChoice(c)
	if err != nil {
		return o, err
	}
	o.ConcludeLicenses, o.DataLicense = choice.concluded, c.String("data-license")
	if o.DataLicense != "" && !sbom.ValidExpression(o.DataLicense) {
		return o, usagef("--data-license: %q is no SPDX licence expression", o.DataLicense)
	}
	for _, p := range []struct {
		flag  string
		party *fnpkg.Party
	}{{"author", &o.Author}, {"supplier", &o.Supplier}} {
		if text := c.String(p.flag); text != "" {
			if *p.party, err = sbom.ParseParty(text); err != nil {
				return o, usagef("--%s: %v", p.flag, err)
			}
		}
	}
	for _, out := range outs {
		if f := sbom.Format(out.format); o.SpecVersion != "" && f.Versions() != nil {
			if err := f.Check(o.SpecVersion); err != nil {
				return o, usagef("--format-version: %v", err)
			}
		}
	}
	return o, nil
}

func licensesFlag() cli.Flag {
	return &cli.StringFlag{Name: "licenses", Value: "declared", Usage: "say of licences what components declare (`WHAT` is declared), also their texts (text), or that they hold (concluded: your word, nothing looks into the files); several with commas"}
}

// licenses is what a document says of them.
type licenses struct{ text, concluded bool }

func licenseChoice(c *cli.Context) (l licenses, err error) {
	for word := range strings.SplitSeq(c.String("licenses"), ",") {
		switch strings.TrimSpace(word) {
		case "declared", "": // always
		case "text":
			l.text = true
		case "concluded":
			l.concluded = true
		default:
			return l, usagef("--licenses: %q is none of declared, text and concluded", word)
		}
	}
	return l, nil
}

// isList reports whether all outputs list components without their hashes.
func isList(outs []output) bool {
	return !slices.ContainsFunc(outs, func(o output) bool { return o.format != "table" && o.format != string(sbom.PURLs) })
}

// placeholder stands for a target's name in the path of an output.
const placeholder = "{name}"

// checkSeveral fails if the documents of several targets would lie over one
// another.
func checkSeveral(outs []output) error {
	for _, o := range outs {
		switch {
		case o.path == "" && o.format != "table" && o.format != "check" && o.format != string(sbom.PURLs):
			return hint(usagef("-o %s: several documents on standard output", o.format), "give them paths, as in -o %s=%s.json, or make one with --merge", o.format, placeholder)
		case o.path != "" && !strings.Contains(o.path, placeholder):
			return hint(usagef("-o %s=%s: one path for several documents", o.format, o.path), "put %s into it, or make one document with --merge", placeholder)
		}
	}
	return nil
}

// outputsFor are the outputs of one target's document.
func outputsFor(outs []output, name string) []output {
	named := slices.Clone(outs)
	for i := range named {
		named[i].path = strings.ReplaceAll(named[i].path, placeholder, name)
	}
	return named
}

// inventories catalogues several targets, as many at a time as there are
// processors.
func inventories(c *cli.Context, e *env, refs []string, unhashed bool) ([]*fnpkg.Inventory, error) {
	k, err := newCachedCataloguer(c, e)
	if err != nil {
		return nil, err
	}
	defer k.close()
	k.options.Unhashed = unhashed
	invs := make([]*fnpkg.Inventory, len(refs))
	g, ctx := errgroup.WithContext(c.Context)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, ref := range refs {
		g.Go(func() (err error) {
			invs[i], err = k.target(ctx, c, e, ref)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	seen := map[string]string{}
	for i, inv := range invs {
		if other, ok := seen[inv.Subject.Name]; ok && c.String("merge") == "" {
			return nil, usagef("%s and %s have the same name: their documents could not be told apart", other, refs[i])
		}
		seen[inv.Subject.Name] = refs[i]
	}
	return invs, nil
}

// target catalogues one target with its layers.
func (k *cataloguer) target(ctx context.Context, c *cli.Context, e *env, ref string) (*fnpkg.Inventory, error) {
	p, err := k.open(ctx, c, e, ref, e.stdin)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if layered, ok := p.(*overlay.Package); ok {
		for _, s := range layered.Shadowed() {
			e.detail("%s of layer %s is hidden by layer %s", s.Path, s.Layer, s.By)
		}
		if n := len(layered.Shadowed()); n > 0 {
			e.note("%d files of layers are hidden by later layers (--verbose lists them)", n)
		}
	}
	return k.inventory(ctx, p)
}

// inventoryRenderers are the ways to show an inventory.
func inventoryRenderers(inv *fnpkg.Inventory, o sbom.Options) []format {
	formats := []format{
		{"table", func(w io.Writer) error { return report.InventoryTable(w, inv) }},
		{"json", func(w io.Writer) error { return report.InventoryJSON(w, inv) }},
	}
	for _, f := range sbom.Formats() {
		options := o
		if f.Check(o.SpecVersion) != nil {
			options.SpecVersion = "" // it is another format's
		}
		formats = append(formats, format{string(f), func(w io.Writer) error { return sbom.Write(w, inv, f, options) }})
	}
	check := func() *sbom.CheckReport {
		options := o
		if sbom.CycloneDXJSON.Check(o.SpecVersion) != nil {
			options.SpecVersion = ""
		}
		return sbom.Check(inv, sbom.CycloneDXJSON, options)
	}
	return append(formats,
		format{"check", func(w io.Writer) error { return report.CheckText(w, check()) }},
		format{"check-json", func(w io.Writer) error { return report.CheckJSON(w, check()) }},
	)
}

// checkCoverage ends a command with exit code 3 if code is not accounted for
// and that was asked about.
func checkCoverage(required bool, invs []*fnpkg.Inventory) error {
	if !required {
		return nil
	}
	for _, inv := range invs {
		for _, row := range inv.Coverage {
			if row.State != fnpkg.CoverageComplete {
				return &resultError{code: exitFindings, msg: inv.Subject.Name + ": coverage of " + row.Ecosystem + " is " + string(row.State) + ": " + row.Reason}
			}
		}
	}
	return nil
}

// warnInventory says aloud what makes an inventory less than it seems.
func warnInventory(e *env, inv *fnpkg.Inventory) {
	for _, row := range inv.Coverage {
		if row.State == fnpkg.CoverageNone {
			e.warn("%s: %s: code without a component to account for it: %s", inv.Subject.Name, row.Ecosystem, row.Reason)
		}
	}
	if ambiguous := fnpkg.Ambiguities(inv.Hazards); len(ambiguous) > 0 {
		e.warn("%v", &fnpkg.AmbiguousError{Name: inv.Subject.Name, Hazards: ambiguous})
	}
}
