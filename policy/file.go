package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/fnseal/fnseal/internal/strictyaml"
)

// FileName is what the policy file is called.
const FileName = "fnseal.yaml"

// FileVersion is the version of the format that is read here.
const FileVersion = 1

// maxFiles is how many files a policy may be spread over.
const maxFiles = 32

// File is what a policy file says. The descriptions are those of the JSON
// schema, and what "fnseal policy explain" prints.
type File struct {
	Version int      `yaml:"version" jsonschema:"required,enum=1" jsonschema_description:"Version of this format: 1."`
	Include []string `yaml:"include" jsonschema:"minItems=1" jsonschema_description:"Policy files that this one adds to, by paths relative to it. All rules of all files hold; lists are joined; of single values that of the including file holds."`
	Scan    Scan     `yaml:"scan" jsonschema_description:"How findings are judged: what must be patched by when, what is ignored, and what is asked of nobody."`
}

// check returns what is wrong with values that can be read.
func (f *File) check(doc *strictyaml.Document) []*strictyaml.Error {
	var defects []*strictyaml.Error
	defect := func(path, format string, args ...any) {
		defects = append(defects, doc.Errorf(path, format, args...))
	}
	if f.Version != FileVersion {
		defect("version", "must be %d: the only version of the format there is", FileVersion)
	}
	f.Scan.check(under(defect, "scan"))
	return defects
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
	l := loader{read: read, state: make(map[string]loadState)}
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
	if err := strictyaml.Join(s.check(doc)); err != nil {
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
