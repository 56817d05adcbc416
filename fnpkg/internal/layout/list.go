package layout

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fnseal/fnseal/fnpkg"
)

// perID is how many hazards of one kind a List keeps: enough to act upon, and
// few enough that half a million bad names cost no memory to speak of.
const perID = 1000

// List collects hazards. The zero value is ready for use.
type List struct {
	found  []fnpkg.Hazard
	counts map[fnpkg.HazardID]int
}

// Add notes a hazard of the entry called path; path may be empty. Beyond a
// thousand of one kind hazards are only counted.
func (l *List) Add(id fnpkg.HazardID, path, detail string) {
	if l.counts == nil {
		l.counts = make(map[fnpkg.HazardID]int)
	}
	l.counts[id]++
	if l.counts[id] <= perID {
		l.found = append(l.found, fnpkg.Hazard{ID: id, Path: path, Detail: detail})
	}
}

// Sorted returns the hazards in the order of their ids, then paths, then
// details, without repetition. Where hazards were only counted, the last of
// that id says how many.
func (l *List) Sorted() []fnpkg.Hazard {
	out := slices.Clone(l.found)
	slices.SortStableFunc(out, compare)
	out = slices.Compact(out)
	for id, n := range l.counts {
		if n > perID {
			end, _ := slices.BinarySearchFunc(out, id, func(h fnpkg.Hazard, id fnpkg.HazardID) int {
				if h.ID <= id {
					return -1
				}
				return 1
			})
			out = slices.Insert(out, end, fnpkg.Hazard{ID: id, Detail: fmt.Sprintf("and %d more", n-perID)})
		}
	}
	return out
}

func compare(a, b fnpkg.Hazard) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Detail, b.Detail))
}
