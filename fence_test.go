// Package fnseal_test holds the house rules that no compiler checks.
package fnseal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/fnseal/fnseal"

// rooms says which of our packages each room may import; a room may always
// import itself and what is below it. The table in docs/design.md says why.
var rooms = map[string][]string{
	"fnpkg":               {"internal/inflate"},
	"fnpkg/ociimage":      {"fnpkg", "internal/registry"},
	"fnpkg/target":        {"fnpkg", "fnpkg/ociimage", "internal/registry"},
	"sbom":                {"fnpkg"},
	"sbom/catalog":        {"fnpkg", "sbom/purl", "sbom/bundle", "internal/atomicfile"},
	"sbom/bundle":         {"fnpkg", "sbom/purl"},
	"vulndb":              {"fnpkg", "internal/atomicfile", "internal/inflate"},
	"patch":               {"fnpkg", "vulndb"},
	"manifest":            {},
	"attest":              {"fnpkg", "internal/atomicfile", "internal/registry"},
	"trust":               {},
	"sign":                {"fnpkg", "attest", "trust"},
	"verify":              {"fnpkg", "attest", "trust"},
	"policy":              {"fnpkg", "sbom", "vulndb", "patch", "attest", "verify", "internal/strictyaml", "internal/nearest"},
	"inspect":             {"fnpkg"},
	"pack":                {"fnpkg"},
	"seal":                {"fnpkg", "sbom", "sbom/catalog", "vulndb", "patch", "attest", "sign", "trust"},
	"deployed":            {"fnpkg"},
	"gate":                {"fnpkg", "sbom", "vulndb", "attest", "trust", "verify", "policy"},
	"report":              {"fnpkg", "sbom", "vulndb", "patch", "manifest", "policy", "verify", "seal", "gate", "inspect", "internal/term"},
	"cmd":                 {"*"},
	"internal/term":       {},
	"internal/atomicfile": {},
	"internal/inflate":    {},
	"internal/nearest":    {},
	"internal/strictyaml": {"internal/nearest"},
	"internal/registry":   {"fnpkg"},
	"internal/awsapi":     {"fnpkg", "deployed"},
	"internal/testkit":    {"*"},
	"testdata":            {"*"}, // generators
	"e2e":                 {},    // tests only, behind a build tag
}

// keepers are the libraries that only one room may see, so that another can
// take their place by changing that room.
var keepers = map[string][]string{
	"github.com/anchore/syft":                  {"sbom/catalog"},
	"github.com/google/go-containerregistry":   {"internal/registry", "internal/testkit"},
	"github.com/aws/aws-sdk-go-v2":             {"internal/awsapi"},
	"github.com/urfave/cli":                    {"cmd"},
	"github.com/sigstore/sigstore-go":          {"trust", "sign", "verify", "attest"},
	"go.etcd.io/bbolt":                         {"vulndb"},
	"github.com/google/osv-scalibr":            {"vulndb"},
	"github.com/google/osv-scanner":            {"report"},
	"github.com/CycloneDX/cyclonedx-go":        {"sbom"},
	"github.com/schollz/progressbar":           {"internal/term"},
	"github.com/youmark/pkcs8":                 {"trust"},
	"cel.dev/cel-go":                           {"policy"},
	"go.yaml.in/yaml":                          {"internal/strictyaml"},
	"github.com/invopop/jsonschema":            {},       // tests only
	"github.com/sigstore/rekor":                {"sign"}, // and rekor-tiles: what is written to logs
	"github.com/sigstore/rekor-tiles":          {"sign"},
	"github.com/go-openapi":                    {"sign"},
	"github.com/coreos/go-oidc":                {"sign"},
	"golang.org/x/oauth2":                      {"sign"},
	"github.com/rogpeppe/go-internal":          {"attest"}, // its lockedfile; testscript is for tests
	"github.com/santhosh-tekuri/jsonschema/v6": {},         // tests only
	"github.com/google/go-cmp":                 {},         // tests only
}

// source is one parsed Go file.
type source struct {
	path string // slash-separated, from the module's root
	room string
	test bool
	file *ast.File
	fset *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		p = filepath.ToSlash(p)
		if d.IsDir() {
			// Modules of their own and what tests unpack are not our rooms.
			if name := d.Name(); p != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" && p != "testdata") {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil && p != "." {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{path: p, room: roomOf(path.Dir(p)), test: strings.HasSuffix(p, "_test.go"), file: f, fset: fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("found only %d Go files: the fence looks in the wrong place", len(all))
	}
	return all
}

// roomOf returns the room a folder belongs to: the longest that holds it.
func roomOf(dir string) string {
	found := ""
	for room := range rooms {
		if within(dir, room) && len(room) > len(found) {
			found = room
		}
	}
	return found
}

func within(dir, room string) bool {
	return dir == room || strings.HasPrefix(dir, room+"/")
}

func imports(f *ast.File) []string {
	var paths []string
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

func TestFence(t *testing.T) {
	for _, s := range sources(t) {
		if path.Dir(s.path) == "." {
			continue // these tests
		}
		if s.room == "" {
			t.Errorf("%s is in no room: add a row to the table here and in docs/design.md", s.path)
			continue
		}
		for _, imp := range imports(s.file) {
			if own, ok := strings.CutPrefix(imp, module+"/"); ok {
				checkArrow(t, s, own)
				continue
			}
			checkKeeper(t, s, imp)
			// Normalisation of names is in no part of the standard library.
			if within(s.path, "fnpkg") && !s.test && imp != "golang.org/x/text/unicode/norm" && strings.Contains(strings.Split(imp, "/")[0], ".") {
				t.Errorf("%s imports %s: fnpkg is standard library only", s.path, imp)
			}
		}
	}
}

// TestRoomsAreListed keeps the newcomer's map complete.
func TestRoomsAreListed(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	for room := range rooms {
		if !strings.Contains(string(text), "`"+room+"/") {
			t.Errorf("CONTRIBUTING.md does not say what is in %s/", room)
		}
	}
}

func checkArrow(t *testing.T, s source, own string) {
	t.Helper()
	to := roomOf(own)
	switch {
	case within(own, "internal/testkit"):
		if !s.test && s.room != "internal/testkit" && s.room != "testdata" {
			t.Errorf("%s imports %s: testkit is for tests", s.path, own)
		}
	case within(own, "cmd") && s.room != "cmd":
		t.Errorf("%s imports %s: nobody imports cmd", s.path, own)
	case s.room == to || s.test:
		// Tests may set the scene with any room.
	case slices.Contains(rooms[s.room], "*"):
	case !slices.ContainsFunc(rooms[s.room], func(r string) bool { return within(own, r) && roomOf(own) == roomOf(r) }):
		t.Errorf("%s imports %s: room %s may import %q", s.path, own, s.room, rooms[s.room])
	}
}

func checkKeeper(t *testing.T, s source, imp string) {
	t.Helper()
	if s.test || s.room == "internal/testkit" || s.room == "testdata" {
		return
	}
	for lib, allowed := range keepers {
		if within(imp, lib) && !slices.Contains(allowed, s.room) {
			t.Errorf("%s imports %s, which only %q may", s.path, imp, allowed)
		}
	}
}

// TestVerifyReachesNoCatalog follows imports from the deploy side: what decides
// whether a package may run never compiles the code that parses packages for
// the catalogue.
func TestVerifyReachesNoCatalog(t *testing.T) {
	edges := map[string][]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, imp := range imports(s.file) {
			if own, ok := strings.CutPrefix(imp, module+"/"); ok {
				edges[path.Dir(s.path)] = append(edges[path.Dir(s.path)], own)
			}
		}
	}
	for _, start := range []string{"verify", "policy", "gate"} {
		if len(edges[start]) == 0 {
			t.Errorf("%s imports nothing of ours: the test looks in the wrong place", start)
		}
		seen := map[string]bool{}
		var visit func(dir, trail string)
		visit = func(dir, trail string) {
			if seen[dir] {
				return
			}
			seen[dir] = true
			if within(dir, "sbom/catalog") {
				t.Errorf("the catalogue is reached by %s", trail)
			}
			for _, next := range edges[dir] {
				visit(next, trail+" → "+next)
			}
		}
		visit(start, start)
	}
}

func TestHouseRules(t *testing.T) {
	for _, s := range sources(t) {
		for _, part := range strings.Split(path.Dir(s.path), "/") {
			if part == "util" || part == "utils" || part == "common" || part == "helpers" {
				t.Errorf("%s: a folder is named for what is in it", s.path)
			}
		}
		library := s.room != "cmd" && s.room != "testdata" && s.room != "internal/testkit" && !s.test
		for _, imp := range imports(s.file) {
			if library && (imp == "log" || imp == "log/slog") {
				t.Errorf("%s imports %s: libraries return, they do not log", s.path, imp)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					t.Errorf("%s: init function", s.fset.Position(n.Pos()))
				}
			case *ast.StructType:
				for _, field := range n.Fields.List {
					if isSelector(field.Type, "context", "Context") && !s.test {
						t.Errorf("%s: context in a struct", s.fset.Position(field.Pos()))
					}
				}
			case *ast.CallExpr:
				if library && (isSelector(n.Fun, "os", "Exit") || isSelector(n.Fun, "fmt", "Println") || isSelector(n.Fun, "fmt", "Printf")) {
					t.Errorf("%s: a library prints or exits", s.fset.Position(n.Pos()))
				}
			}
			return true
		})
	}
}

func isSelector(e ast.Expr, pkg, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == pkg
}

func TestMainIsShort(t *testing.T) {
	data, err := os.ReadFile("cmd/fnseal/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "\n"); n > 30 {
		t.Errorf("cmd/fnseal/main.go has %d lines, more than 30", n)
	}
}

// TestInstallable guards "go install …@version", which refuses modules that
// replace or exclude others.
func TestInstallable(t *testing.T) {
	data, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(data), "\n") {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word == "replace" || word == "exclude" {
			t.Errorf("go.mod:%d: %s breaks go install", i+1, word)
		}
	}
}
