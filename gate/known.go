package gate

import (
	"context"

	"github.com/fnseal/fnseal/fnpkg"
)

// Known returns an artifact of which only its digest is known, and what it is
// called where that is not its digest. Bundles that sign another digest of it
// prove nothing, and what is in it is not checked.
func Known(d fnpkg.Digest, name string) fnpkg.Package {
	if name == "" {
		name = d.String()
	}
	return known{d, name}
}

type known struct {
	digest fnpkg.Digest
	name   string
}

func (k known) Kind() fnpkg.Kind                             { return "" }
func (k known) Name() string                                 { return k.name }
func (k known) Size() int64                                  { return 0 }
func (k known) Entries() []fnpkg.Entry                       { return nil }
func (k known) Hazards() []fnpkg.Hazard                      { return nil }
func (k known) Digest(context.Context) (fnpkg.Digest, error) { return k.digest, nil }
func (k known) Close() error                                 { return nil }
