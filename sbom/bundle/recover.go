package bundle

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/fnseal/fnseal/fnpkg"
)

// Options of Recover. The zero value is ready for use.
type Options struct {
	// With is what is known of the build: installed packages, lock files, the
	// bundler's reports. The first that knows a package decides.
	With []*Build

	// Begin, if set, is called for each script before it is read, from
	// several goroutines.
	Begin func()
}

// Result is what Recover finds.
type Result struct {
	// Components of origin bundled, sorted by purl. A component without a
	// version is a package whose version nothing tells.
	Components []fnpkg.Component

	// Files are the scripts that are bundles, sorted by path: those packages
	// were found in, and those that look as if there were some.
	Files []File

	// Warnings say where what was given in Options.With does not fit.
	Warnings []string
}

// File says what became of one bundle.
type File struct {
	Path    string
	Bundler string // esbuild, webpack, …; empty when unknown
	Map     string // entry of the source map that was read, "inline", or empty

	// State is complete if the bundler's own report or source map lists what
	// is in the file and each package has a version; none if nothing was
	// recovered; else partial.
	State  fnpkg.CoverageState
	Reason string // why the state is not complete, for a person

	Packages    int // packages found
	Unversioned int // those of them without a version
}

// Caps of what is read.
const (
	maxScript   = 64 << 20 // bytes of one script
	maxLicenses = 4 << 20  // bytes of the file webpack moves legal comments to
)

// errSkipped marks a script that cannot be read as one.
var errSkipped = errors.New("it is larger than what is read of one file")

// Recover finds the npm packages in the bundles among the entries of a package:
// scripts (.js, .mjs, .cjs) outside of node_modules folders, with their source
// maps and what else lies beside them. Source maps are looked up among the
// entries only, never elsewhere.
//
// A bundle or map that cannot be read makes its File partial or none with the
// reason; an error means that the package's bytes could not be read, or that
// ctx ended.
func Recover(ctx context.Context, entries []fnpkg.Entry, o Options) (Result, error) {
	in := index(entries)
	own, err := in.ownNames()
	if err != nil {
		return Result{}, err
	}
	found := make([]recovered, len(in.scripts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	for i, e := range in.scripts {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if o.Begin != nil {
				o.Begin()
			}
			var err error
			if found[i], err = in.script(ctx, e, own, o.With); err != nil {
				return fmt.Errorf("reading %q: %w", e.Path, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Result{}, err
	}

	var out Result
	var copies []packageCopy
	for _, f := range found {
		copies = append(copies, f.copies...)
		out.Warnings = append(out.Warnings, f.warnings...)
		if f.bundle {
			out.Files = append(out.Files, f.file)
		}
	}
	out.Components = components(copies)
	slices.Sort(out.Warnings)
	out.Warnings = slices.Compact(out.Warnings)
	return out, nil
}

// Candidates returns the number of scripts Recover looks into.
func Candidates(entries []fnpkg.Entry) int { return len(index(entries).scripts) }

// files are the entries that matter.
type files struct {
	scripts   []fnpkg.Entry          // sorted by path
	beside    map[string]fnpkg.Entry // source maps and files of legal comments, by path
	manifests []fnpkg.Entry          // the function's own package.json files
}

func index(entries []fnpkg.Entry) files {
	in := files{beside: map[string]fnpkg.Entry{}}
	for _, e := range entries {
		if !e.IsRegular() || strings.Contains("/"+e.Path, "/node_modules/") {
			continue
		}
		base := path.Base(e.Path)
		switch strings.ToLower(path.Ext(base)) {
		case ".js", ".mjs", ".cjs":
			in.scripts = append(in.scripts, e)
		case ".map":
			in.beside[e.Path] = e
		case ".txt":
			if strings.HasSuffix(base, ".LICENSE.txt") {
				in.beside[e.Path] = e
			}
		case ".json":
			if base == "package.json" {
				in.manifests = append(in.manifests, e)
			}
		}
	}
	slices.SortStableFunc(in.scripts, func(a, b fnpkg.Entry) int { return strings.Compare(a.Path, b.Path) })
	return in
}

// ownNames returns the names the function gives itself: a bundle may hold its
// own package.json and banner.
func (in files) ownNames() (map[string]bool, error) {
	own := map[string]bool{}
	for _, e := range in.manifests {
		text, err := read(e, maxPackage)
		if errors.Is(err, errSkipped) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", e.Path, err)
		}
		var p struct{ Name string }
		if json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &p) == nil && p.Name != "" {
			own[p.Name] = true
		}
	}
	return own, nil
}

// recovered is what one script gives.
type recovered struct {
	file     File
	bundle   bool // the script is one
	copies   []packageCopy
	warnings []string
}

func (in files) script(ctx context.Context, e fnpkg.Entry, own map[string]bool, builds []*Build) (recovered, error) {
	out := recovered{file: File{Path: e.Path}}
	code, err := read(e, maxScript)
	if errors.Is(err, errSkipped) {
		out.bundle = true
		out.file.State = fnpkg.CoverageNone
		out.file.Reason = fmt.Sprintf("it is %d bytes long, over the limit of %d", e.Size, int64(maxScript))
		return out, nil
	}
	if err != nil {
		return out, err
	}
	s := scanCode(code, e.Path)
	if err := in.licenses(s, e.Path); err != nil {
		return out, err
	}
	if err := ctx.Err(); err != nil {
		return out, err
	}

	listed := false // a surely complete list of modules was read
	trouble := ""
	m, err := in.sourceMap(e.Path, code)
	switch {
	case err != nil && !isUnusable(err):
		return out, err
	case err != nil:
		trouble = err.Error()
	case m != nil:
		out.file.Map = m.entry
		s.addMap(m)
		// A minifier that ran after the bundler lists the bundle as its one
		// source.
		listed = len(m.modules) > 0 || m.sources > 1
	}
	r := resolver{builds: builds}
	for _, b := range builds {
		if o, ok := b.output(e.Path, int64(len(code))); ok {
			s.addOutput(b, o)
			listed = listed || !o.partial
		}
	}

	s.claims = slices.DeleteFunc(s.claims, func(c claim) bool { return own[c.name] && c.place == "" })
	out.copies = r.resolve(s.claims)
	out.warnings = r.warnings
	out.file.Bundler = s.bundler
	out.bundle = len(out.copies) > 0 || looksBundled(code, s.bundler)
	out.file.judge(out.copies, listed, trouble)
	return out, nil
}

// judge sets the state of a file.
func (f *File) judge(copies []packageCopy, listed bool, trouble string) {
	seen := map[[2]string]bool{}
	for _, c := range copies {
		if id := [2]string{c.name, c.version}; !seen[id] {
			seen[id] = true
			f.Packages++
			if c.version == "" {
				f.Unversioned++
			}
		}
	}
	var reasons []string
	switch {
	case f.Packages == 0 && !listed:
		f.State = fnpkg.CoverageNone
		reasons = append(reasons, "it looks bundled, and no package can be recognised in it")
	case f.Unversioned == 0 && listed:
		f.State = fnpkg.CoverageComplete
	default:
		f.State = fnpkg.CoveragePartial
		if f.Unversioned > 0 {
			reasons = append(reasons, fmt.Sprintf("%d of %d packages without a version", f.Unversioned, f.Packages))
		}
		if !listed {
			reasons = append(reasons, "neither source map nor metafile lists what is in it")
		}
	}
	if trouble != "" {
		reasons = append(reasons, trouble)
	}
	f.Reason = strings.Join(reasons, "; ")
}

// addMap claims what a source map lists.
func (s *scan) addMap(m *foundMap) {
	published := map[[2]string]bool{} // copies with a file in the form it is published in
	for _, in := range m.modules {
		if !typescript(in.file) {
			published[[2]string{in.name, in.place}] = true
		}
	}
	for _, in := range m.modules {
		t := TechniqueSourceMap
		if !published[[2]string{in.name, in.place}] {
			if repeatsScope(in.name) {
				continue
			}
			t = TechniqueOriginal
		}
		s.add(t, m.path, in)
	}
	for _, n := range m.manifest {
		s.claimAt(m.path, claim{name: n.name, version: n.version, place: n.place, technique: TechniqueManifest, detail: n.detail})
		// Under an alias, the folder has another name than the package.
		s.claimAt(m.path, claim{name: n.name, place: n.place, technique: TechniqueSourceMap, detail: n.detail})
	}
	for _, n := range m.versions {
		s.claimAt(m.path, claim{name: n.name, version: n.version, place: n.place, technique: TechniqueSourceText, detail: n.detail})
	}
}

// repeatsScope reports whether a name is one like "@babel/babel-parser": that is
// how folders of a repository are named after packages, not packages.
func repeatsScope(name string) bool {
	scope, rest, ok := strings.Cut(strings.TrimPrefix(name, "@"), "/")
	return ok && strings.HasPrefix(rest, scope+"-")
}

// addOutput claims what the bundler's report lists.
func (s *scan) addOutput(b *Build, o output) {
	for _, input := range o.inputs {
		if in, ok := moduleOf(input); ok {
			s.add(TechniqueMetafile, b.name, in)
		}
	}
}

// add claims the package of one module, and its version if the path has it.
func (s *scan) add(t Technique, from string, in module) { s.addModule(t, from, in, false) }

func (s *scan) addModule(t Technique, from string, in module, embedded bool) {
	detail := in.place + "/" + in.file
	s.claimAt(from, claim{name: in.name, place: in.place, technique: t, detail: detail, embedded: embedded})
	if in.version != "" {
		s.claimAt(from, claim{name: in.name, version: in.version, place: in.place, technique: TechniqueStorePath, detail: detail, embedded: embedded})
	}
}

// licenses reads the legal comments webpack has moved to a file of their own.
func (in files) licenses(s *scan, script string) error {
	e, ok := in.beside[script+".LICENSE.txt"]
	if !ok {
		return nil
	}
	text, err := read(e, maxLicenses)
	if errors.Is(err, errSkipped) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %q: %w", e.Path, err)
	}
	other := &scan{code: text, path: e.Path, seen: s.seen, claims: s.claims}
	for at := 0; len(other.claims) < maxClaims; {
		i := bytes.Index(text[at:], []byte("/*"))
		if i < 0 {
			break
		}
		comment, end, ok := legalComment(text, at+i)
		if !ok {
			break
		}
		at = end
		if b, ok := readBanner(comment); ok && b.name != "" {
			other.banner(b)
		}
	}
	s.claims = other.claims
	return nil
}

// foundMap is a source map and where it was found.
type foundMap struct {
	*sourceMap
	path  string // for evidence: the map's entry, or the script with the map in it
	entry string // as in File.Map
}

// unusable is a map that is there and cannot be read as one.
type unusable struct {
	where string
	err   error
}

func (u *unusable) Error() string { return "source map " + u.where + ": " + u.err.Error() }
func (u *unusable) Unwrap() error { return u.err }

func isUnusable(err error) bool {
	var u *unusable
	return errors.As(err, &u)
}

// sourceMap reads the map of a script: the one its last comment names, if that
// is in the package or in the comment itself, or else the one named after it.
func (in files) sourceMap(script string, code []byte) (*foundMap, error) {
	ref := mapReference(code)
	if data, ok := strings.CutPrefix(ref, "data:"); ok {
		r, err := openDataURL(data)
		if err != nil {
			return nil, &unusable{"in " + script, err}
		}
		m, err := readMap(r)
		if err != nil {
			return nil, &unusable{"in " + script, err}
		}
		return &foundMap{m, script, "inline"}, nil
	}
	var names []string
	if p, ok := within(script, ref); ok {
		names = append(names, p)
	}
	for _, name := range append(names, script+".map") {
		e, ok := in.beside[name]
		if !ok {
			continue
		}
		if e.Size > maxMapBytes {
			return nil, &unusable{name, errTooLarge}
		}
		c, err := e.Open()
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", name, err)
		}
		r := &faithful{Reader: c}
		m, err := readMap(r)
		c.Close()
		switch {
		case r.err != nil:
			return nil, fmt.Errorf("reading %q: %w", name, r.err)
		case err != nil:
			return nil, &unusable{name, err}
		}
		return &foundMap{m, name, name}, nil
	}
	return nil, nil
}

// faithful remembers an error of its reader, to tell it from one of the text.
type faithful struct {
	io.Reader
	err error
}

func (f *faithful) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// mapReference returns the URL of the last sourceMappingURL comment of a script.
// It must stand in one of the last lines, or it belongs to a script within.
func mapReference(code []byte) string {
	const word = "sourceMappingURL="
	i := bytes.LastIndex(code, []byte(word))
	if i < 2 || !bytes.HasSuffix(bytes.TrimRight(code[:i], " \t"), []byte("#")) && !bytes.HasSuffix(bytes.TrimRight(code[:i], " \t"), []byte("@")) {
		return ""
	}
	ref := code[i+len(word):]
	end := bytes.IndexAny(ref, "\r\n \t'\"`*")
	if end < 0 {
		end = len(ref)
	}
	const tail = 4 << 10 // legal comments may follow
	if len(ref)-end > tail {
		return ""
	}
	return string(ref[:end])
}

// within resolves a map's URL against its script, to a path in the package.
func within(script, ref string) (string, bool) {
	if ref == "" || len(ref) > maxPath {
		return "", false
	}
	u, err := url.Parse(ref)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" || u.Path[0] == '/' || strings.Contains(u.Path, `\`) {
		return "", false
	}
	p := path.Join(path.Dir(script), u.Path)
	return p, p != ".." && !strings.HasPrefix(p, "../")
}

// openDataURL returns the content of a data URL; data is what follows "data:".
func openDataURL(data string) (io.Reader, error) {
	kind, text, ok := strings.Cut(data, ",")
	if !ok {
		return nil, errors.New("a data URL without data")
	}
	if strings.HasSuffix(kind, ";base64") {
		return base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)), nil
	}
	text, err := url.PathUnescape(text)
	return strings.NewReader(text), err
}

// read reads an entry as a whole; errSkipped if it is larger than limit.
func read(e fnpkg.Entry, limit int64) ([]byte, error) {
	if e.Size > limit {
		return nil, errSkipped
	}
	c, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	text := bytes.NewBuffer(make([]byte, 0, e.Size+bytes.MinRead))
	if _, err := text.ReadFrom(io.LimitReader(c, limit+1)); err != nil {
		return nil, err
	}
	if int64(text.Len()) > limit {
		return nil, errSkipped
	}
	return text.Bytes(), nil
}

// claimAt adds a claim that was read elsewhere than in the script.
func (s *scan) claimAt(from string, c claim) {
	if len(s.claims) >= maxClaims {
		return
	}
	was := s.path
	s.path = cmp.Or(from, was)
	s.claim(c)
	s.path = was
}
