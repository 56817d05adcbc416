package bundle

import (
	"bytes"
	"strings"
)

// maxComment bounds a legal comment; licence texts within code stay below.
const maxComment = 16 << 10

// banner is what the comment a package puts before its code says of it.
type banner struct {
	title   string // as the comment has it: "Lodash", "moment.js"
	name    string // npm name; empty if the comment does not settle it
	version string
	line    string // what was read, as evidence
	generic bool   // the title is not that of a known package or house
}

// readBanner reads the text of a comment, without its delimiters.
func readBanner(text string) (banner, bool) {
	lines := commentLines(text)
	if len(lines) == 0 {
		return banner{}, false
	}
	body := strings.Join(lines, "\n")
	for _, house := range known().houses {
		if m := house.FindStringSubmatch(body); m != nil && ValidName(m[1]) && m[1] == strings.ToLower(m[1]) {
			return banner{title: m[1], name: m[1], line: lines[0]}, true
		}
	}
	// Addresses of one author's packages: "https://mths.be/punycode v1.4.1 by @mathias".
	first := strings.TrimPrefix(lines[0], "https://mths.be/")
	title, rest := cutTitle(first)
	b := banner{title: title, line: lines[0]}
	if m := known().bannerVersion.FindStringSubmatch(rest); m != nil {
		b.version = cleanVersion(m[1])
	} else if len(lines) > 1 && rest == "" {
		// moment.js has its version in the second line: "version : 2.30.1".
		if v, ok := strings.CutPrefix(lines[1], "version : "); ok && ValidVersion(v) {
			b.version, b.line = v, lines[0]+" "+lines[1]
		}
	}
	// Parts of lodash that are packages of their own call themselves custom
	// builds of it.
	if name, ok := known().title(title); ok && !strings.HasPrefix(rest, " (Custom Build)") {
		b.name = name
		return b, true
	}
	// Anything else could be the function's own banner, unless it names where
	// the code is published, and under the same name.
	b.generic = true
	if b.version != "" && title == strings.ToLower(title) && ValidName(title) && publishedAs(body, title) {
		b.name = title
	}
	return b, b.version != "" || b.name != ""
}

// publishedAs reports whether a comment has the address of a public repository
// of that name: github.com/owner/name.
func publishedAs(comment, name string) bool {
	for {
		var ok bool
		if _, comment, ok = strings.Cut(comment, "github.com/"); !ok {
			return false
		}
		_, repo, _ := strings.Cut(comment, "/")
		if i := strings.IndexFunc(repo, func(r rune) bool { return r > 0x7f || !isWordByte(byte(r)) && r != '-' && r != '.' }); i >= 0 {
			repo = repo[:i]
		}
		repo = strings.TrimSuffix(strings.TrimRight(repo, "."), ".git")
		if repo == name[strings.LastIndexByte(name, '/')+1:] {
			return true
		}
	}
}

// cleanVersion cuts what a sentence adds to a version: a full stop, a dash.
func cleanVersion(v string) string {
	return v[:versionLength(v)]
}

// cutTitle splits the first line of a banner into the title, one word, and
// what follows.
func cutTitle(line string) (title, rest string) {
	i := strings.IndexAny(line, " \t,:")
	if j := strings.LastIndexByte(line, '@'); j > 0 && (i < 0 || j < i) {
		i = j
	}
	if i < 0 {
		return line, ""
	}
	return line[:i], line[i:]
}

// commentLines returns the lines of a comment that say something, without the
// stars in front and the tags that make it legal.
func commentLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		line = strings.TrimSpace(strings.TrimLeft(line, "*!"))
		for _, tag := range []string{"@license", "@preserve"} {
			line = strings.TrimSpace(strings.TrimPrefix(line, tag))
		}
		if line != "" {
			lines = append(lines, line)
		}
		if len(lines) == 64 {
			break
		}
	}
	return lines
}

// sameTitle reports whether a banner's title is a way to write a package's
// name: "Axios" for axios, "moment.js" for moment, "ws" for ws.
func sameTitle(title, name string) bool {
	if known, ok := known().title(title); ok {
		return known == name
	}
	title = strings.ToLower(title)
	return title == name || strings.TrimSuffix(title, ".js") == name
}

// legalList is how the list begins in which esbuild gathers legal comments at
// the end of a bundle, each under the path of its file without node_modules.
const legalList = "! Bundled license information:"

// ownFolder reports whether functions keep their own sources in a folder of
// that name at the root of the build. In esbuild's list they look like
// packages.
func ownFolder(name string) bool {
	switch name {
	case "src", "source", "code", "lib", "libs", "app", "apps", "api", "core", "domain", "function", "functions",
		"lambda", "lambdas", "handler", "handlers", "packages", "modules", "service", "services", "server", "backend",
		"shared", "common", "vendor", "third_party", "dist", "build", "out", "test", "tests", "public", "static",
		"assets", "scripts", "util", "utils", "helpers", "infra", "infrastructure":
		return true
	}
	return false
}

// listed is one file of esbuild's list with what its comments say.
type listed struct {
	module
	banners []banner
}

// readLegalList reads the list; text is the comment behind "/*". Paths stand
// at the beginning of a line, and under each, indented, its comments, written
// (* … *).
func readLegalList(text string) []listed {
	var out []listed
	_, text, _ = strings.Cut(text, legalList)
	var heading string
	var block strings.Builder
	flush := func() {
		if l, ok := readListed(heading, block.String()); ok {
			out = append(out, l)
		}
		block.Reset()
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if p, ok := strings.CutSuffix(line, ":"); ok && line[0] != ' ' && !strings.ContainsAny(p, " \t") {
			flush()
			heading = p
			continue
		}
		block.WriteString(line + "\n")
	}
	flush()
	return out
}

func readListed(heading, block string) (l listed, ok bool) {
	name, file, ok := cutName(heading)
	first, _, _ := strings.Cut(name, "/")
	if !ok || !sourceFile(file) || typescript(file) || ownFolder(first) || strings.Contains(heading, "/../") {
		return l, false
	}
	l.module = module{name: name, file: file}
	for {
		var comment string
		_, block, ok = strings.Cut(block, "  (*")
		if !ok {
			return l, true
		}
		if comment, block, ok = strings.Cut(block, "*)"); !ok || len(comment) > maxComment {
			return l, true
		}
		if b, ok := readBanner(comment); ok {
			l.banners = append(l.banners, b)
		}
	}
}

// legalComment returns the comment around or behind at, without delimiters,
// and where it ends; at stands on "/*!" or within a comment that has a legal
// tag.
func legalComment(code []byte, at int) (text string, end int, ok bool) {
	start := at
	if !bytes.HasPrefix(code[at:], []byte("/*")) {
		const back = 512
		from := max(0, at-back)
		i := bytes.LastIndex(code[from:at], []byte("/*"))
		if i < 0 || bytes.Contains(code[from+i:at], []byte("*/")) {
			return "", at, false
		}
		start = from + i
	}
	limit := maxComment
	if bytes.HasPrefix(code[start+2:], []byte(legalList)) {
		limit = len(code)
	}
	body := code[start+2 : min(len(code), start+2+limit)]
	n := bytes.Index(body, []byte("*/"))
	if n < 0 {
		return "", min(len(code), start+2+limit), false
	}
	return string(body[:n]), start + 2 + n + 2, true
}
