// Command site makes the documentation's web pages from the Markdown files that
// are read in the repository, and fails if one of them links to nothing.
//
//	cd docs/site && go run . -out ../../dist/site
//
// It is a module of its own: what renders Markdown is not part of fnseal.
package main

import (
	"bytes"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

//go:embed page.html
var pageHTML string

// contents is the order in which pages are listed. A page that is not in it is
// listed last, so that a new one is never lost.
var contents = []section{
	{"Start", []string{"README.md", "docs/tutorial.md"}},
	{"How to", []string{"docs/guides/"}},
	{"Reference", []string{"docs/commands.md", "docs/policy.md", "docs/signing.md", "docs/provenance.md", "docs/sbom.md", "docs/scan-report.md", "docs/deadlines.md", "docs/feed.md", "docs/formats.md", "docs/troubleshooting.md"}},
	{"Why it can be trusted", []string{"docs/threat-model.md", "docs/accuracy.md", "docs/performance.md", "docs/content-digest.md", "docs/design.md"}},
	{"Project", []string{"CONTRIBUTING.md", "CHANGELOG.md"}},
}

type section struct {
	Title string
	files []string // a name with a slash at its end stands for what is in the folder
}

// page is one Markdown file.
type page struct {
	file    string // from the repository's root, with slashes
	title   string
	source  []byte
	doc     ast.Node
	anchors map[string]bool
}

// out is where the page goes, from the site's root.
func (p *page) out() string {
	if p.file == "README.md" {
		return "index.html"
	}
	return strings.TrimSuffix(strings.TrimPrefix(p.file, "docs/"), ".md") + ".html"
}

func main() {
	out := flag.String("out", "../../dist/site", "folder to write `DIR`")
	root := flag.String("root", "../..", "the repository's root `DIR`")
	flag.Parse()
	if err := build(*root, *out); err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

func build(root, out string) error {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	pages, err := read(root, md)
	if err != nil {
		return err
	}
	byFile := make(map[string]*page)
	for _, p := range pages {
		byFile[p.file] = p
	}
	var problems []error
	for _, p := range pages {
		problems = append(problems, relink(root, p, byFile)...)
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	tmpl, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := write(filepath.Join(out, filepath.FromSlash(p.out())), p, pages, md, tmpl); err != nil {
			return err
		}
	}
	return copyPictures(root, out)
}

// read parses every page of the repository.
func read(root string, md goldmark.Markdown) ([]*page, error) {
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/guides/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			rel, err := filepath.Rel(root, f)
			if err != nil {
				return nil, err
			}
			files = append(files, filepath.ToSlash(rel))
		}
	}
	if len(files) < 5 {
		return nil, fmt.Errorf("found only %d pages under %s", len(files), root)
	}
	var pages []*page
	for _, f := range files {
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f)))
		if err != nil {
			return nil, err
		}
		p := &page{file: f, source: source, doc: md.Parser().Parse(text.NewReader(source)), anchors: map[string]bool{}}
		err = ast.Walk(p.doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if h, ok := n.(*ast.Heading); ok && entering {
				if id, ok := h.AttributeString("id"); ok {
					p.anchors[string(id.([]byte))] = true
				}
				if h.Level == 1 && p.title == "" {
					p.title = plain(h, source)
				}
			}
			return ast.WalkContinue, nil
		})
		if err != nil {
			return nil, err
		}
		if p.title == "" {
			return nil, fmt.Errorf("%s has no title", f)
		}
		pages = append(pages, p)
	}
	return pages, nil
}

// plain is the text of a node without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Value(source))
		} else {
			b.WriteString(plain(c, source))
		}
	}
	return b.String()
}

// relink points links at pages of the site, and those to other files of the
// repository at the repository. It returns the links that lead nowhere.
func relink(root string, p *page, byFile map[string]*page) []error {
	var problems []error
	dead := func(dest []byte, why string) {
		problems = append(problems, fmt.Errorf("%s: %s: %s", p.file, dest, why))
	}
	_ = ast.Walk(p.doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		var dest *[]byte
		switch n := n.(type) {
		case *ast.Link:
			dest = &n.Destination
		case *ast.Image:
			dest = &n.Destination
		default:
			return ast.WalkContinue, nil
		}
		u, err := url.Parse(string(*dest))
		if err != nil {
			dead(*dest, err.Error())
			return ast.WalkContinue, nil
		}
		if u.Scheme != "" {
			return ast.WalkContinue, nil
		}
		to := p
		if u.Path != "" {
			file := path.Join(path.Dir(p.file), u.Path)
			if to = byFile[file]; to == nil {
				if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(file))); err != nil {
					dead(*dest, "there is no such file")
				} else if !isPicture(file) {
					*dest = []byte("https://github.com/fnseal/fnseal/blob/main/" + file)
				} else {
					*dest = []byte(relative(p.out(), strings.TrimPrefix(file, "docs/")))
				}
				return ast.WalkContinue, nil
			}
		}
		if u.Fragment != "" && !to.anchors[u.Fragment] {
			dead(*dest, "there is no such heading")
		}
		link := relative(p.out(), to.out())
		if u.Path == "" {
			link = ""
		}
		if u.Fragment != "" {
			link += "#" + u.Fragment
		}
		*dest = []byte(link)
		return ast.WalkContinue, nil
	})
	return problems
}

// relative is how one page of the site links to another.
func relative(from, to string) string {
	return strings.Repeat("../", strings.Count(from, "/")) + to
}

func isPicture(file string) bool {
	return slices.Contains([]string{".png", ".svg", ".gif", ".webp"}, path.Ext(file))
}

type navSection struct {
	Title string
	Links []navLink
}

type navLink struct {
	Title, Href string
	Here        bool
}

// navigation lists every page as seen from one of them.
func navigation(here *page, pages []*page) []navSection {
	listed := map[*page]bool{}
	var nav []navSection
	add := func(title string, match func(*page) bool) {
		s := navSection{Title: title}
		for _, p := range pages {
			if !listed[p] && match(p) {
				listed[p] = true
				s.Links = append(s.Links, navLink{Title: p.title, Href: relative(here.out(), p.out()), Here: p == here})
			}
		}
		if len(s.Links) > 0 {
			nav = append(nav, s)
		}
	}
	for _, s := range contents {
		start := len(nav)
		for _, f := range s.files {
			add(s.Title, func(p *page) bool {
				return p.file == f || strings.HasSuffix(f, "/") && strings.HasPrefix(p.file, f)
			})
		}
		// One section for all that was added under its title.
		for len(nav) > start+1 {
			nav[start].Links = append(nav[start].Links, nav[start+1].Links...)
			nav = slices.Delete(nav, start+1, start+2)
		}
	}
	add("More", func(*page) bool { return true })
	return nav
}

func write(file string, p *page, pages []*page, md goldmark.Markdown, tmpl *template.Template) error {
	var body, whole bytes.Buffer
	if err := md.Renderer().Render(&body, p.source, p.doc); err != nil {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	err := tmpl.Execute(&whole, map[string]any{
		"Title": p.title,
		"Body":  template.HTML(body.String()), // made from our own files; raw HTML in them is left out
		"Nav":   navigation(p, pages),
		"Edit":  "https://github.com/fnseal/fnseal/blob/main/" + p.file,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, whole.Bytes(), 0o644)
}

func copyPictures(root, out string) error {
	found, err := filepath.Glob(filepath.Join(root, "docs", "pictures", "*"))
	if err != nil {
		return err
	}
	for _, f := range found {
		data, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		to := filepath.Join(out, "pictures", filepath.Base(f))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
