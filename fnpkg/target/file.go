package target

import (
	"context"
	"crypto"
	"io"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/internal/exact"
)

// file is a package of fnpkg.KindFile: bytes that are signed and verified as
// they are.
type file struct {
	name   string
	size   int64
	digest *exact.Digester
	closer io.Closer
}

var (
	_ fnpkg.Package = (*file)(nil)
	_ fnpkg.Summer  = (*file)(nil)
)

func newFile(s source) *file {
	return &file{name: s.name, size: s.size, digest: exact.New(s.r, s.size, s.unchanged), closer: s.closer}
}

func (f *file) Kind() fnpkg.Kind                                       { return fnpkg.KindFile }
func (f *file) Name() string                                           { return f.name }
func (f *file) Size() int64                                            { return f.size }
func (f *file) Entries() []fnpkg.Entry                                 { return nil }
func (f *file) Hazards() []fnpkg.Hazard                                { return nil }
func (f *file) Digest(ctx context.Context) (fnpkg.Digest, error)       { return f.digest.Digest(ctx) }
func (f *file) Sum(ctx context.Context, h crypto.Hash) ([]byte, error) { return f.digest.Sum(ctx, h) }
func (f *file) Close() error                                           { return f.closer.Close() }
