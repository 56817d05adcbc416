package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/strictyaml"
)

// FileName is what the policy file is called.
const FileName = "fnseal.yaml"

// maxFiles is how many files a policy may be spread over.
const maxFiles = 32

// File is what a policy file says. The descriptions are those of the JSON
// schema, and what "fnseal policy explain" prints.
type File struct {
	Version      int                `yaml:"version" jsonschema:"required,enum=1" jsonschema_description:"Version of this format: 1."`
	Include      []string           `yaml:"include" jsonschema:"minItems=1" jsonschema_description:"Policy files that this one adds to, by paths relative to it. All rules of all files hold; lists are joined; of single values that of the including file holds."`
	Signers      map[string]*Signer `yaml:"signers" jsonschema_description:"Those whose signatures the policy knows, by names of your choice."`
	Roots        Names              `yaml:"trusted-roots" jsonschema:"minItems=1" jsonschema_description:"Trusted roots that certificates, logs and timestamps are judged by: files, by paths relative to the policy file (default: that of the public-good instance)."`
	AllowHazards Names              `yaml:"allow-hazards" jsonschema:"minItems=1" jsonschema_description:"Ids of hazards that refuse no package, although two readers could read it differently, such as case-fold-name."`
	Verify       *Rules             `yaml:"verify" jsonschema_description:"What is demanded of every artifact before it may run."`
	Targets      []Target           `yaml:"targets" jsonschema:"minItems=1" jsonschema_description:"What is demanded of some artifacts in addition."`
	Receipt      *Statement         `yaml:"receipt" jsonschema_description:"What receipts of verdicts by this policy say (verify --receipt)."`
	Scan         Scan               `yaml:"scan" jsonschema_description:"How findings are judged: what must be patched by when, what is ignored, and what is asked of nobody."`
}

// check returns what is wrong with values that can be read. signers are the
// names of those known to the file and to what it includes.
func (f *File) check(doc *strictyaml.Document, signers []string) []*strictyaml.Error {
	var defects []*strictyaml.Error
	defect := func(path, format string, args ...any) {
		defects = append(defects, doc.Errorf(path, format, args...))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Signers)) {
		f.Signers[name].check(under(defect, "signers."+name))
	}
	for i, id := range f.AllowHazards {
		if !fnpkg.HazardID(id).Known() {
			defect(index("allow-hazards", i), "there is no hazard %q", clip(id))
		}
	}
	if f.Verify != nil {
		f.Verify.check(under(defect, "verify"), signers)
	}
	for i := range f.Targets {
		f.Targets[i].Rules.check(under(defect, index("targets", i)+".verify"), signers)
	}
	f.Scan.check(under(defect, "scan"))
	return defects
}

// Statement is what the receipts of a policy say of what it accepted.
type Statement struct {
	Verifier string `yaml:"verifier" jsonschema_description:"Id of the verifier, a URI that receivers pin, such as https://acme.example/gates/staging."`
	Resource string `yaml:"resource" jsonschema_description:"URI of what the artifact is for (default: pkg:generic/ and its name)."`
	Levels   Names  `yaml:"levels" jsonschema:"minItems=1" jsonschema_description:"Levels that whatever passes this policy has, such as SLSA_BUILD_LEVEL_3 (default: SLSA_BUILD_LEVEL_UNEVALUATED)."`
}

// defectFunc takes a defect of the value at a path.
type defectFunc func(path, format string, args ...any)

// under returns a defectFunc for paths below prefix.
func under(defect defectFunc, prefix string) defectFunc {
	return func(path, format string, args ...any) {
		if path != "" && !strings.HasPrefix(path, "[") {
			path = "." + path
		}
		defect(prefix+path, format, args...)
	}
}

// Source is one file of a policy.
type Source struct {
	Path   string // as it was opened
	Digest [sha256.Size]byte
	File
}

// Sources are the files of a policy, each behind those it includes; the file
// that was asked for is the last.
type Sources []Source

// Load reads a policy file and what it includes. read returns a file's bytes;
// it is given path, and paths relative to the including file's directory. The
// error joins a [strictyaml.Error] for each defect.
func Load(path string, read func(path string) ([]byte, error)) (Sources, error) {
	l := loader{read: read, state: make(map[string]loadState), signers: make(map[string]string)}
	if err := l.load(path); err != nil {
		return nil, err
	}
	return l.sources, nil
}

// Parse reads a policy file that includes no other.
func Parse(name string, data []byte) (Sources, error) {
	return Load(name, func(path string) ([]byte, error) {
		if path != name {
			return nil, errors.New("only one file was given")
		}
		return data, nil
	})
}

type loadState int

const (
	loading loadState = iota + 1
	loaded
)

type loader struct {
	read    func(string) ([]byte, error)
	state   map[string]loadState
	signers map[string]string // name to file
	sources Sources
}

func (l *loader) load(path string) error {
	if len(l.state) == maxFiles {
		return fmt.Errorf("the policy has more than %d files", maxFiles)
	}
	l.state[path] = loading
	data, err := l.read(path)
	if err != nil {
		return fmt.Errorf("reading the policy %s: %w", path, err)
	}
	s := Source{Path: path, Digest: sha256.Sum256(data)}
	doc, err := strictyaml.Decode(path, data, &s.File)
	if err != nil {
		return err
	}
	for i, name := range s.Include {
		at := filepath.FromSlash(name)
		if !filepath.IsAbs(at) {
			at = filepath.Join(filepath.Dir(path), at)
		}
		where := fmt.Sprintf("include[%d]", i)
		switch l.state[at] {
		case loaded:
			continue // by another file too: its rules are there already
		case loading:
			return doc.Errorf(where, "%s includes itself", at)
		}
		if err := l.load(at); err != nil {
			var inner *strictyaml.Error
			if errors.As(err, &inner) {
				return err // says where
			}
			return fmt.Errorf("%w: %w", doc.Errorf(where, "cannot be included"), err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Signers)) {
		if other, ok := l.signers[name]; ok {
			return doc.Errorf("signers."+name, "is a signer of %s already", other)
		}
		l.signers[name] = path
	}
	if err := strictyaml.Join(s.check(doc, slices.Collect(maps.Keys(l.signers)))); err != nil {
		return err
	}
	l.state[path] = loaded
	l.sources = append(l.sources, s)
	return nil
}

// Digest identifies the policy: the sha256 of its file, or, where that includes
// others, of a line "SHA256  PATH" for each of its files in their order, as
// sha256sum prints them.
func (s Sources) Digest() [sha256.Size]byte {
	if len(s) == 1 {
		return s[0].Digest
	}
	var lines strings.Builder
	for _, f := range s {
		fmt.Fprintf(&lines, "%s  %s\n", hex.EncodeToString(f.Digest[:]), filepath.ToSlash(f.Path))
	}
	return sha256.Sum256([]byte(lines.String()))
}

// Scan returns what all files together say about findings.
func (s Sources) Scan() Scan {
	var all Scan
	for _, f := range s {
		all.add(f.File.Scan)
	}
	return all
}
