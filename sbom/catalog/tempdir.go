package catalog

import (
	"context"
	"fmt"
	"os"
	"sync"
	_ "unsafe" // for go:linkname
)

// Two catalogers insist on files: that of Java archives copies each archive,
// and that of Go binaries unpacks what UPX packed. They find their folder in
// the context, under a key that only the cataloguing library's own, internal
// package can set, which only its CreateSBOM does; that one comes with every
// cataloger and output format there is and costs more start-up time than all
// of fnseal. So the two functions of that package are linked by name. If an
// update renames them, the build fails; TestTempDir fails if they change.

// tempDir stands for the library's own type; it is only passed on.
type tempDir struct{ _ byte }

//go:linkname tempDirFromPath github.com/anchore/syft/internal/tmpdir.FromPath
func tempDirFromPath(dir string) *tempDir

//go:linkname contextWithTempDir github.com/anchore/syft/internal/tmpdir.WithValue
func contextWithTempDir(ctx context.Context, td *tempDir) context.Context

// scratch is the folder for those files. It is made when it is first needed, so
// that most packages touch no disk, and only this user can enter it. What gets
// there is bounded by what the catalogers are given: reduced archives (see
// jar.go), and binaries up to the library's limit for UPX of 512 MiB and 256
// times the packed size.
type scratch struct {
	once sync.Once
	dir  *tempDir
	path string
	err  error
}

// in returns a context that names the folder.
func (s *scratch) in(ctx context.Context) (context.Context, error) {
	s.once.Do(func() {
		if s.path, s.err = os.MkdirTemp("", "fnseal-catalog-"); s.err == nil { // mode 0700
			s.dir = tempDirFromPath(s.path)
		}
	})
	if s.err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", s.err)
	}
	return contextWithTempDir(ctx, s.dir), nil
}

// remove deletes the folder with all that is in it.
func (s *scratch) remove() error {
	if s.path == "" {
		return nil
	}
	return os.RemoveAll(s.path)
}
