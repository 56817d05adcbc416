package layout

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Sort orders entries bytewise by path. Entries of one path keep their order.
func Sort(entries []fnpkg.Entry) {
	slices.SortStableFunc(entries, func(a, b fnpkg.Entry) int { return strings.Compare(a.Path, b.Path) })
}

// MergeDirectories drops entries that list a directory another time: what is
// in it is the same either way, so this is no hazard. The entries must be
// sorted; the first listing stays.
func MergeDirectories(entries []fnpkg.Entry) []fnpkg.Entry {
	return slices.CompactFunc(entries, func(a, b fnpkg.Entry) bool {
		return a.Path == b.Path && a.IsDir() && b.IsDir()
	})
}

// Check looks at all entries together and adds to found: names given twice,
// names that differ in case or normalisation only, files and links that are
// other entries' parents, links that leave the package or go in circles, and
// the types and permissions that are hazards by themselves. The entries must
// be sorted. The error is a *fnpkg.LimitError where following the links would
// cost more than any real package does.
func Check(entries []fnpkg.Entry, found *List) error {
	checkModes(entries, found)
	checkDuplicates(entries, found)
	checkParents(entries, found)
	checkFolding(entries, found)
	return checkLinks(entries, found)
}

func checkModes(entries []fnpkg.Entry, found *List) {
	for _, e := range entries {
		switch {
		case e.IsRegular(), e.IsDir(), e.IsLink():
		default:
			found.Add(fnpkg.HazardSpecialFile, e.Path, fmt.Sprintf("neither file, directory nor link: %s", e.Mode.Type()))
		}
		checkSetuid(e, found)
	}
}

func checkDuplicates(entries []fnpkg.Entry, found *List) {
	for i := 1; i < len(entries); i++ {
		a, b := entries[i-1], entries[i]
		if a.Path == b.Path && !(a.IsDir() && b.IsDir()) {
			found.Add(fnpkg.HazardDuplicateName, b.Path, "more than one entry of this name")
		}
	}
}

// checkParents finds, for each entry that is no directory, whether another
// entry lies beneath it.
func checkParents(entries []fnpkg.Entry, found *List) {
	for i, e := range entries {
		if e.IsDir() {
			continue
		}
		// In sorted order what lies beneath "a" follows "a", though not at
		// once: "a-b" stands between "a" and "a/b".
		rest := entries[i+1:]
		if len(rest) == 0 || !strings.HasPrefix(rest[0].Path, e.Path) {
			continue
		}
		beneath := e.Path + "/"
		n := sort.Search(len(rest), func(j int) bool { return rest[j].Path >= beneath })
		if n < len(rest) && strings.HasPrefix(rest[n].Path, beneath) {
			found.Add(fnpkg.HazardFileAsDirectory, e.Path, fmt.Sprintf("not a directory, and yet the parent of %q", rest[n].Path))
		}
	}
}

// checkFolding finds names that a reader blind to case or normalisation takes
// for one. Two directories that fold together merge without loss; if their
// contents collide, that is found at the contents.
func checkFolding(entries []fnpkg.Entry, found *List) {
	type folded struct {
		key   string
		entry int
	}
	keys := make([]folded, len(entries))
	same := true
	for i, e := range entries {
		keys[i] = folded{fold(e.Path), i}
		same = same && keys[i].key == e.Path
	}
	if same {
		return // all names are their own keys: nothing but true duplicates
	}
	slices.SortStableFunc(keys, func(a, b folded) int { return strings.Compare(a.key, b.key) })
	for i, k := range keys {
		e := entries[k.entry]
		if i > 0 && keys[i-1].key == k.key {
			other := entries[keys[i-1].entry]
			if other.Path != e.Path && !(other.IsDir() && e.IsDir()) {
				found.Add(fnpkg.HazardCaseFoldName, e.Path, fmt.Sprintf("differs from %q in case or normalisation only", other.Path))
			}
		}
		if e.IsDir() {
			continue
		}
		rest := keys[i+1:]
		if len(rest) == 0 || !strings.HasPrefix(rest[0].key, k.key) {
			continue
		}
		beneath := k.key + "/"
		n := sort.Search(len(rest), func(j int) bool { return rest[j].key >= beneath })
		if n < len(rest) && strings.HasPrefix(rest[n].key, beneath) {
			child := entries[rest[n].entry].Path
			if !strings.HasPrefix(child, e.Path+"/") { // else found as file-as-directory
				found.Add(fnpkg.HazardCaseFoldName, e.Path, fmt.Sprintf("differs in case or normalisation only from the folder of %q", child))
			}
		}
	}
}
