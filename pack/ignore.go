package pack

import (
	"path"
	"strings"
)

// IgnoreFile is the name of the files that say what is left out. One may be in
// any directory and speaks of what is beneath it.
const IgnoreFile = ".fnsealignore"

// always is left out wherever it is, unless a rule says otherwise.
const always = ".git\n.hg\n.svn\n" + IgnoreFile + "\n"

// Ignore is a set of rules that say which paths are left out, in the syntax of
// gitignore(5) and with its meaning: the last rule that matches counts, of
// several files that in the deepest directory, and nothing beneath a directory
// that is left out can be brought back.
type Ignore struct {
	files []ruleFile // the later overrule the earlier
	known map[string]bool
}

// ruleFile are the rules of one file.
type ruleFile struct {
	dir   string // where the file is, empty for the root
	rules []ignoreRule
}

// ignoreRule is one line of an ignore file.
type ignoreRule struct {
	pattern  string
	literal  bool // the pattern is a path without wildcards
	negated  bool // brings back
	dirOnly  bool
	anchored bool // matched against the path from the file's directory, not the name
}

// NewIgnore returns rules that leave out what version control keeps for itself,
// and the ignore files.
func NewIgnore() *Ignore {
	g := &Ignore{}
	g.Add("", []byte(always))
	return g
}

// Add adds the rules of an ignore file in dir, a path within the tree, empty for
// its root. They overrule those added before: files are added from the root
// down.
func (g *Ignore) Add(dir string, text []byte) {
	f := ruleFile{dir: dir}
	lines := strings.TrimPrefix(string(text), "\ufeff")
	for line := range strings.Lines(lines) {
		if r, ok := parseRule(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")); ok {
			f.rules = append(f.rules, r)
		}
	}
	g.files = append(g.files, f)
	g.known = nil
}

// AddPath leaves out the one path, whatever other rules say before it.
func (g *Ignore) AddPath(name string) {
	g.files = append(g.files, ruleFile{rules: []ignoreRule{{literal: true, pattern: name}}})
	g.known = nil
}

// parseRule reads one line; it reports whether there is a rule in it.
func parseRule(line string) (ignoreRule, bool) {
	var r ignoreRule
	if strings.HasPrefix(line, "#") {
		return r, false
	}
	line = trimSpaces(line)
	line, r.negated = strings.CutPrefix(line, "!")
	if line, r.dirOnly = strings.CutSuffix(line, "/"); line == "" {
		return r, false
	}
	r.anchored = strings.Contains(line, "/")
	r.pattern = strings.TrimPrefix(line, "/")
	return r, r.pattern != ""
}

// trimSpaces cuts the spaces at the end of a line, but for one that a
// backslash stands before.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		end = min(i+1, len(line))
	}
	return line[:end]
}

// Match reports whether the path is left out: by a rule about it, or about a
// directory it is in.
func (g *Ignore) Match(name string, dir bool) bool {
	if parent := path.Dir(name); parent != "." && g.matchDir(parent) {
		return true
	}
	if dir {
		return g.matchDir(name)
	}
	return g.match(name, false)
}

// matchDir is Match for a directory. Answers are kept: each is asked for once
// for every path beneath it.
func (g *Ignore) matchDir(name string) bool {
	if out, ok := g.known[name]; ok {
		return out
	}
	parent := path.Dir(name)
	out := parent != "." && g.matchDir(parent) || g.match(name, true)
	if g.known == nil {
		g.known = make(map[string]bool)
	}
	g.known[name] = out
	return out
}

// match looks for the last rule about the path itself.
func (g *Ignore) match(name string, dir bool) bool {
	for i := len(g.files) - 1; i >= 0; i-- {
		f := g.files[i]
		below := name
		if f.dir != "" {
			var ok bool
			if below, ok = strings.CutPrefix(name, f.dir+"/"); !ok {
				continue
			}
		}
		for j := len(f.rules) - 1; j >= 0; j-- {
			if f.rules[j].match(below, dir) {
				return !f.rules[j].negated
			}
		}
	}
	return false
}

func (r ignoreRule) match(below string, dir bool) bool {
	if r.literal {
		return below == r.pattern
	}
	if r.dirOnly && !dir {
		return false
	}
	if !r.anchored {
		return wildmatch(r.pattern, path.Base(below))
	}
	// Git compares what stands before the first wildcard by itself, so that
	// two stars behind it are at the beginning of what is left.
	literal := strings.IndexAny(r.pattern, `*?[\`)
	if literal < 0 {
		return below == r.pattern
	}
	rest, ok := strings.CutPrefix(below, r.pattern[:literal])
	return ok && wildmatch(r.pattern[literal:], rest)
}
