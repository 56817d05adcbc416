package catalog

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// survey is what one pass over the headers of a package tells: which entries
// which technique has to look into. No content is read for it.
type survey struct {
	entries []fnpkg.Entry
	shared  *Shared // what is known of them, nil for none

	unhashed bool // Options.Unhashed

	npm       []installedNPM         // package.json files of installed packages
	own       []int                  // package.json files outside of any node_modules
	linked    map[string]string      // directory links, path → target path in the package
	python    []int                  // METADATA and PKG-INFO files
	archives  []int                  // archives to look into
	programs  []int                  // files that may be executables
	locks     []int                  // lock files
	metadata  map[metadataKind][]int // other package managers' own files
	rootIsJar bool                   // the package itself has a jar's manifest or Maven metadata

	code   map[string]int // code files per ecosystem
	newest time.Time      // newest entry time
}

// installedNPM is the package.json of one installed package.
type installedNPM struct {
	entry  int
	folder string // the name by which it is installed: "name" or "@scope/name"
}

// look makes the survey.
func look(entries []fnpkg.Entry) *survey {
	s := &survey{
		entries:  entries,
		linked:   map[string]string{},
		metadata: map[metadataKind][]int{},
		code:     map[string]int{},
	}
	manifests := map[string]int{} // package.json files outside node_modules, by folder
	for i := range entries {
		e := &entries[i]
		if e.ModTime.After(s.newest) {
			s.newest = e.ModTime
		}
		switch {
		case e.IsLink():
			s.linked[e.Path] = path.Join(path.Dir(e.Path), e.LinkTarget)
		case e.IsRegular():
			s.classify(i, e, manifests)
		}
	}
	s.followLinks(manifests)
	return s
}

func (s *survey) classify(i int, e *fnpkg.Entry, manifests map[string]int) {
	dir, base := path.Split(e.Path)
	dir = strings.TrimSuffix(dir, "/")
	ext := strings.ToLower(path.Ext(base))
	inModules := hasElement(dir, "node_modules")

	switch base {
	case "package.json":
		if folder, ok := installedFolder(dir); ok {
			s.npm = append(s.npm, installedNPM{i, folder})
		} else if !inModules {
			s.own = append(s.own, i)
			manifests[dir] = i // the root's folder is ""
		}
		return
	case "METADATA":
		if strings.HasSuffix(strings.ToLower(dir), ".dist-info") {
			s.python = append(s.python, i)
			return
		}
	case "PKG-INFO":
		if d := strings.ToLower(dir); strings.HasSuffix(d, ".egg-info") || path.Base(d) == "egg-info" {
			s.python = append(s.python, i)
			return
		}
	}
	// A lock file inside an installed package is the one its author worked
	// with; it says nothing about this package.
	if lockNames[base] && !inModules && !ofPackage(dir) {
		s.locks = append(s.locks, i)
		return
	}
	if kind := metadataOf(e.Path, dir, base); kind != noMetadata && !inModules && !(kind.isLock() && ofPackage(dir)) {
		s.metadata[kind] = append(s.metadata[kind], i)
		if !kind.isCode() {
			return
		}
	}
	if e.Path == "META-INF/MANIFEST.MF" || strings.HasPrefix(e.Path, "META-INF/maven/") {
		s.rootIsJar = true
	}

	if strings.HasPrefix(e.Path, "usr/") && ext != ".egg-info" && ext != ".jar" {
		// An operating system's own code, in an image.
		if mayBeProgram(e, base, ext) {
			s.programs = append(s.programs, i)
		}
		return
	}
	switch ext {
	case ".egg-info":
		s.python = append(s.python, i)
	case ".jar", ".war", ".ear":
		s.archives = append(s.archives, i)
		s.code["maven"]++
	case ".zip", ".whl", ".egg":
		if mayHoldPackages(dir, ext) {
			s.archives = append(s.archives, i)
		}
	case ".js", ".mjs", ".cjs":
		if !inModules {
			s.code["npm"]++
		}
	case ".py", ".pyc":
		if !inModules {
			s.code["pypi"]++
		}
	case ".class":
		s.code["maven"]++
	case ".rb":
		if !inModules {
			s.code["gem"]++
		}
	case ".php":
		if !inModules {
			s.code["composer"]++
		}
	default:
		if mayBeProgram(e, base, ext) {
			s.programs = append(s.programs, i)
		}
	}
}

// addCode counts code files that are not entries of the package themselves.
func (s *survey) addCode(code map[string]int) {
	for ecosystem, n := range code {
		s.code[ecosystem] += n
	}
}

// followLinks takes the target of a link in node_modules for installed: that
// is how workspaces and linked packages get there. Targets that are installed
// by their own path need no link.
func (s *survey) followLinks(manifests map[string]int) {
	installed := map[int]bool{}
	for _, link := range slices.Sorted(maps.Keys(s.linked)) {
		folder, ok := installedFolder(link)
		if !ok || isHoisted(link) {
			continue
		}
		if i, ok := manifests[s.resolve(link)]; ok && !installed[i] {
			s.npm = append(s.npm, installedNPM{i, folder})
			installed[i] = true
		}
	}
	s.own = slices.DeleteFunc(s.own, func(i int) bool { return installed[i] })
}

// resolve follows links from a path to the path they stand for. Only whole
// paths are followed, not links in the middle of one.
func (s *survey) resolve(p string) string {
	for range 8 {
		target, ok := s.linked[p]
		if !ok {
			return p
		}
		p = target
	}
	return ""
}

// stores are the folders in which package managers keep the real packages that
// node_modules then links to: <store>/<id>/node_modules/<name>.
var stores = map[string]bool{".pnpm": true, ".store": true, ".bun": true, ".deno": true}

// installedFolder reports whether a folder is where a package manager puts an
// installed npm package, and under which name: …/node_modules/[@scope/]name,
// once or nested, with nothing in between. Folders within packages (tests,
// builds for another module system) are not.
func installedFolder(dir string) (name string, ok bool) {
	before, rest, found := strings.Cut("/"+dir, "/node_modules/")
	if !found || hasElement(before, "node_modules") {
		return "", false
	}
	for {
		first, tail, _ := strings.Cut(rest, "/")
		if stores[first] {
			// .pnpm/<id>/node_modules/…, or .pnpm/node_modules/… for what is hoisted
			if hoisted, ok := strings.CutPrefix(tail, "node_modules/"); ok {
				rest = hoisted
				continue
			}
			_, tail, _ = strings.Cut(tail, "/")
			if rest, ok = strings.CutPrefix(tail, "node_modules/"); !ok {
				return "", false
			}
			continue
		}
		if first == "" || first[0] == '.' {
			return "", false
		}
		name = first
		if first[0] == '@' {
			var second string
			second, tail, _ = strings.Cut(tail, "/")
			if second == "" {
				return "", false
			}
			name += "/" + second
		}
		if tail == "" {
			return name, true
		}
		if rest, ok = strings.CutPrefix(tail, "node_modules/"); !ok {
			return "", false
		}
	}
}

// isHoisted reports whether a link is one of those a store keeps of every
// package there is, for packages that forget to name what they need. A
// workspace linked there alone is the function itself.
func isHoisted(link string) bool {
	for store := range stores {
		if strings.Contains("/"+link, "/"+store+"/node_modules/") {
			return true
		}
	}
	return false
}

func hasElement(p, element string) bool {
	for {
		i := strings.Index(p, element)
		if i < 0 {
			return false
		}
		end := i + len(element)
		if (i == 0 || p[i-1] == '/') && (end == len(p) || p[end] == '/') {
			return true
		}
		p = p[end:]
	}
}

// smallestProgram is below the size of any executable a compiler of a language
// with a package manager produces: a Go "hello, world" has over a megabyte,
// packed some hundred kilobytes.
const smallestProgram = 16 << 10

// mayBeProgram picks the files whose first bytes are worth reading. In a
// package zipped without permissions the only sign is the name, and in one
// zipped with all permissions set there is none.
func mayBeProgram(e *fnpkg.Entry, base, ext string) bool {
	if base == "bootstrap" {
		return true // a custom runtime's program, of any size, or a script
	}
	if e.Size < smallestProgram {
		return false
	}
	switch ext {
	case "", ".so", ".node", ".dylib", ".dll", ".exe", ".bin", ".elf":
		return true
	case ".ts", ".json", ".map", ".md", ".txt", ".html", ".css", ".xml", ".yml", ".yaml", ".pyi", ".gz", ".zip":
		return false
	}
	return e.Executable() || strings.Contains(base, ".so.")
}
