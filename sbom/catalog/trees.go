package catalog

import (
	"bytes"
	"path"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// tree is the part of the package that a component is, where that is a tree of
// files.
type tree struct {
	folder string // what paths are relative to

	// record is the path of the list that names the component's files where
	// it shares the folder with others: a Python distribution's RECORD. Empty
	// for all of the folder but the packages installed within it.
	record string
}

// addTrees sets the digest of each shipped component that is a tree of files.
// At several places it must be the same everywhere, or none stands for all.
func addTrees(inv *fnpkg.Inventory, finds []find, s *survey, content *fnpkg.Tree) {
	digests := map[string]string{} // by purl; empty where they differ
	for _, f := range finds {
		if f.tree == nil || f.origin != fnpkg.OriginShipped {
			continue
		}
		digest := content.Folder(f.tree.folder, s.filesOf(*f.tree))
		if other, ok := digests[f.purl.Text]; ok && other != digest {
			digest = ""
		}
		digests[f.purl.Text] = digest
	}
	for i := range inv.Components {
		if c := &inv.Components[i]; c.Origin == fnpkg.OriginShipped && c.SHA256 == "" {
			c.TreeSHA256 = digests[c.PURL]
		}
	}
}

// filesOf returns the test for what of a folder belongs to a component.
func (s *survey) filesOf(t tree) func(string) bool {
	if t.record == "" {
		return func(p string) bool { return !strings.HasPrefix(p, "node_modules/") }
	}
	listed := map[string]bool{}
	if e, ok := s.file(t.record); ok {
		if content, err := readText(e, lockLimit); err == nil {
			for line := range bytes.Lines(content) {
				listed[recordedPath(line)] = true
			}
		}
	}
	return func(p string) bool { return listed[p] }
}

// recordedPath returns the path in a line of RECORD: a table of
// comma-separated values, in which a path with a comma or quotes is quoted.
func recordedPath(line []byte) string {
	s := strings.TrimSpace(string(line))
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		s = strings.ReplaceAll(quoted, `""`, "\x00")
		s, _, _ = strings.Cut(s, `"`)
		s = strings.ReplaceAll(s, "\x00", `"`)
	} else {
		s, _, _ = strings.Cut(s, ",")
	}
	return path.Clean(s)
}
