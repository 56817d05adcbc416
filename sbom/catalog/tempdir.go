package catalog

import (
	"context"
	"os"
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

// withTempDir calls work with a context that names a new folder only this user
// can enter, and removes the folder with all that is in it when work is done,
// however it ends. What gets there is bounded by what work is given: reduced
// archives (see jar.go), and binaries up to the library's limit for UPX of
// 512 MiB and 256 times the packed size.
func withTempDir(ctx context.Context, work func(context.Context) error) (err error) {
	dir, err := os.MkdirTemp("", "fnseal-catalog-") // mode 0700
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.RemoveAll(dir); err == nil {
			err = rerr
		}
	}()
	return work(contextWithTempDir(ctx, tempDirFromPath(dir)))
}
