package sbom

import (
	"errors"
	"fmt"
	"io"

	"github.com/fnseal/fnseal/fnpkg"
)

// ErrNotSBOM is returned for bytes that are no document of a format Read
// knows.
var ErrNotSBOM = errors.New("neither CycloneDX in JSON or XML nor SPDX 2 or 3 in JSON")

// headLength is how much of a document tells its format, which stands in its
// first fields. Writers that sort their fields put others before them.
const headLength = 64 << 10

// Is reports whether a file that begins with head may be a document Read
// reads. The first kilobytes are enough for what most tools write.
func Is(head []byte) bool { return IsCycloneDX(head) || IsSPDX(head) || IsSPDX3(head) }

// Read reads a CycloneDX document in JSON or XML, or an SPDX document in JSON
// of version 2 or 3, made by any tool. See ReadCycloneDX, ReadSPDX and
// ReadSPDX3.
func Read(r io.Reader) (*fnpkg.Inventory, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, named("an SBOM", err)
	}
	// JSON has no order: what names no format in its head may do so further on.
	head := text[:min(len(text), headLength)]
	switch {
	case IsCycloneDX(head), !IsSPDX(head) && !IsSPDX3(head) && IsCycloneDX(text):
		inv, err := readCycloneDX(text)
		return inv, named("a CycloneDX document", err)
	case IsSPDX3(head), !IsSPDX(head) && IsSPDX3(text):
		inv, err := readSPDX3(text)
		return inv, named("an SPDX 3 document", err)
	case IsSPDX(text):
		inv, err := readSPDX2(text)
		return inv, named("an SPDX document", err)
	}
	return nil, named("an SBOM", ErrNotSBOM)
}

// named says what was being read, of an error if there is one.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("reading %s: %w", what, err)
}
