package target

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/fnseal/fnseal/fnpkg"
)

// OpenFile opens the file that ref names as mere bytes, a package of
// fnpkg.KindFile, even where it is or should be a zip: what cannot be read as
// a package still has a digest to compare. Standard input and directories are
// errors.
func OpenFile(ctx context.Context, ref string) (fnpkg.Package, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := openPlain(parse(ref))
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", ref, err)
	}
	return p, nil
}

func openPlain(r reference) (fnpkg.Package, error) {
	if r.path == "" {
		return nil, errors.New("not a file")
	}
	f, err := os.Open(r.path)
	if err != nil {
		return nil, cause(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, errors.Join(cause(err), f.Close())
	}
	return newFile(source{
		r: f, size: info.Size(), name: baseName(r.path), closer: f,
		unchanged: func() error { return unchanged(f, info) },
	}), nil
}
