package layout

import (
	"io/fs"

	"github.com/fnseal/fnseal/fnpkg"
)

// checkSetuid finds programs that would run with another user's rights. On a
// directory the setgid bit only hands its group down, which is common and
// harmless.
func checkSetuid(e fnpkg.Entry, found *List) {
	if e.Mode&fs.ModeSetuid != 0 && !e.IsDir() {
		found.Add(fnpkg.HazardSetuid, e.Path, "the setuid bit is set")
	}
	if e.Mode&fs.ModeSetgid != 0 && !e.IsDir() {
		found.Add(fnpkg.HazardSetuid, e.Path, "the setgid bit is set")
	}
}
