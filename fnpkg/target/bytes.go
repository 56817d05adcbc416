package target

import (
	"context"
	"fmt"
	"io"

	"github.com/fnseal/fnseal/fnpkg"
)

// OpenBytes opens the first size bytes of r, which nobody may change, as
// OpenArtifact opens a file called name. Closing the package closes closer.
func OpenBytes(ctx context.Context, r io.ReaderAt, size int64, name string, closer io.Closer, o Options) (fnpkg.Package, error) {
	p, err := source{r: r, size: size, name: name, closer: closer}.open(ctx, formDetect, o, true)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", name, err)
	}
	return p, nil
}

// PlainBytes opens what OpenBytes opens as mere bytes, as OpenFile does.
func PlainBytes(r io.ReaderAt, size int64, name string, closer io.Closer) fnpkg.Package {
	return newFile(source{r: r, size: size, name: name, closer: closer})
}
