package inspect

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// survey is what one pass over the headers finds, and the files in which more
// is to be read.
type survey struct {
	p      fnpkg.Package
	limits fnpkg.Limits

	// root is the folder of the function within the package, with a slash at
	// its end: empty but for images.
	root string

	sizes    Sizes
	top      map[string]*TopEntry
	largest  []LargeFile
	byLang   map[string]*Language
	hints    hints
	remarks  []Remark
	natives  Natives
	unread   Unread
	maybe    []fnpkg.Entry // files that may be native
	metadata []metadataFile
	classes  []fnpkg.Entry // Java classes to look at
	jars     []fnpkg.Entry // archives to look for classes in
}

func newSurvey(p fnpkg.Package, limits fnpkg.Limits) *survey {
	s := &survey{p: p, limits: limits, top: map[string]*TopEntry{}, byLang: map[string]*Language{}}
	if p.Kind() == fnpkg.KindImage {
		for _, root := range []string{"var/task/", "home/site/wwwroot/"} {
			if occupied(p.Entries(), root) {
				s.root = root
				break
			}
		}
	}
	return s
}

// occupied reports whether an entry lies beneath prefix.
func occupied(entries []fnpkg.Entry, prefix string) bool {
	i, _ := slices.BinarySearchFunc(entries, prefix, func(e fnpkg.Entry, prefix string) int { return strings.Compare(e.Path, prefix) })
	return i < len(entries) && strings.HasPrefix(entries[i].Path, prefix)
}

// lookup returns the regular file of that path below the function's root.
func (s *survey) lookup(rel string) (fnpkg.Entry, bool) {
	entries := s.p.Entries()
	i, ok := slices.BinarySearchFunc(entries, s.root+rel, func(e fnpkg.Entry, p string) int { return strings.Compare(e.Path, p) })
	if !ok || !entries[i].IsRegular() {
		return fnpkg.Entry{}, false
	}
	return entries[i], true
}

// walk looks at every header once.
func (s *survey) walk(ctx context.Context) error {
	for i, e := range s.p.Entries() {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.count(e)
		if !e.IsRegular() {
			continue
		}
		f := file{Entry: e, rel: e.Path, base: path.Base(e.Path)}
		f.ext = strings.ToLower(path.Ext(f.base))
		if rel, ok := strings.CutPrefix(e.Path, s.root); ok {
			f.rel = rel
			s.findHints(f)
		} else {
			s.findImageHints(f)
		}
		s.classify(f)
	}
	return nil
}

// file is an entry in the words its rules are written in.
type file struct {
	fnpkg.Entry
	rel  string // path below the function's root
	base string // last element
	ext  string // of base, with its dot, in lower case
}

// count adds the entry to the sizes and the tree.
func (s *survey) count(e fnpkg.Entry) {
	name, below, _ := strings.Cut(e.Path, "/")
	t := s.top[name]
	if t == nil {
		t = &TopEntry{Name: name}
		s.top[name] = t
	}
	t.Dir = t.Dir || below != "" || e.IsDir()
	switch {
	case e.IsDir():
		s.sizes.Dirs++
	case e.IsLink():
		s.sizes.Links++
	case e.IsRegular():
		s.sizes.Files++
		s.sizes.Unpacked += e.Size
		t.Files++
		t.Bytes += e.Size
		s.keepLargest(LargeFile{Path: e.Path, Size: e.Size})
	default:
		s.sizes.Special++
	}
}

// keepLargest keeps the list of the largest files sorted and short.
func (s *survey) keepLargest(f LargeFile) {
	if len(s.largest) == MaxLargest && s.largest[MaxLargest-1].Size >= f.Size {
		return
	}
	i, _ := slices.BinarySearchFunc(s.largest, f, func(a, b LargeFile) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Path, b.Path))
	})
	s.largest = slices.Insert(s.largest, i, f)
	s.largest = s.largest[:min(len(s.largest), MaxLargest)]
}

// tree returns the summary of the files.
func (s *survey) tree() Tree {
	t := Tree{Largest: s.largest}
	for _, e := range s.top {
		t.Top = append(t.Top, *e)
	}
	slices.SortFunc(t.Top, func(a, b TopEntry) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Name, b.Name))
	})
	if len(t.Top) > MaxTop {
		t.MoreTop = len(t.Top) - MaxTop
		t.Top = t.Top[:MaxTop]
	}
	return t
}

// languageOf names the language of a file by its extension.
func languageOf(ext string) string {
	switch ext {
	case ".js", ".mjs", ".cjs", ".jsx":
		return "JavaScript"
	case ".ts", ".mts", ".cts", ".tsx":
		return "TypeScript"
	case ".py", ".pyc":
		return "Python"
	case ".java", ".class", ".jar":
		return "Java"
	case ".kt", ".kts":
		return "Kotlin"
	case ".scala":
		return "Scala"
	case ".rb":
		return "Ruby"
	case ".php":
		return "PHP"
	case ".cs", ".fs", ".vb":
		return ".NET"
	case ".go":
		return "Go"
	case ".rs":
		return "Rust"
	case ".lua":
		return "Lua"
	case ".pl", ".pm":
		return "Perl"
	case ".r":
		return "R"
	case ".ps1", ".psm1":
		return "PowerShell"
	case ".sh", ".bash":
		return "Shell"
	case ".wasm":
		return "WebAssembly"
	}
	return ""
}

// isDeclaration reports whether a file declares types of code that is
// elsewhere: nothing that runs.
func isDeclaration(base string) bool {
	return strings.HasSuffix(base, ".d.ts") || strings.HasSuffix(base, ".d.mts") || strings.HasSuffix(base, ".d.cts")
}

func (s *survey) countLanguage(name string, size int64) {
	if name == "" {
		return
	}
	l := s.byLang[name]
	if l == nil {
		l = &Language{Name: name}
		s.byLang[name] = l
	}
	l.Files++
	l.Bytes += size
}

// languages returns the counts, most bytes first.
func (s *survey) languages() []Language {
	var all []Language
	for _, l := range s.byLang {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b Language) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Name, b.Name))
	})
	return all
}

// classify decides what of the file's content is to be looked at.
func (s *survey) classify(f file) {
	if !isDeclaration(f.base) {
		s.countLanguage(languageOf(f.ext), f.Size)
	}
	switch {
	case f.Size == 0:
	case f.ext == ".class":
		s.classes = keepClass(s.classes, f)
	case f.ext == ".jar":
		if len(s.jars) < maxJars && f.Size <= maxJarBytes {
			s.jars = append(s.jars, f.Entry)
		}
	case mayBeNative(f):
		if len(s.maybe) < maxLooked {
			s.maybe = append(s.maybe, f.Entry)
		} else {
			s.natives.Skipped++
		}
	}
}
