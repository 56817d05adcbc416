package sbom

import (
	"fmt"
	"io"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/fnseal/fnseal/fnpkg"
)

// Format is a format of documents.
type Format string

// The formats that Write writes.
const (
	CycloneDXJSON Format = "cyclonedx-json" // ECMA-424, in JSON
	CycloneDXXML  Format = "cyclonedx-xml"  // the same, in XML
	SPDXJSON      Format = "spdx-json"      // SPDX 2.3, ISO/IEC 5962, in JSON
	SPDX3JSON     Format = "spdx3-json"     // SPDX 3.0.1 in JSON-LD
	PURLs         Format = "purls"          // package URLs, one in a line
)

// Formats lists every format Write knows.
func Formats() []Format {
	return []Format{CycloneDXJSON, CycloneDXXML, SPDXJSON, SPDX3JSON, PURLs}
}

// Versions lists the versions of a format that Options.SpecVersion may ask
// for, the one written without it first. A format that is no standard, or that
// Write does not know, has none.
func (f Format) Versions() []string {
	switch f {
	case CycloneDXJSON, CycloneDXXML:
		return []string{"1.6", "1.7"}
	case SPDXJSON:
		return []string{"2.3"}
	case SPDX3JSON:
		return []string{"3.0.1"}
	}
	return nil
}

// FormatError reports a format, or a version of one, that Write does not know.
type FormatError struct {
	Format  Format
	Version string // empty if the format itself is not known
}

func (e *FormatError) Error() string {
	if e.Version == "" {
		return fmt.Sprintf("unknown SBOM format %q", string(e.Format))
	}
	versions := e.Format.Versions()
	if len(versions) == 0 {
		return fmt.Sprintf("%s has no version %q: it has none", e.Format, e.Version)
	}
	return fmt.Sprintf("%s is not written in version %q, but in %s", e.Format, e.Version, strings.Join(versions, " and "))
}

// Check reports as a *FormatError what Write would not write.
func (f Format) Check(version string) error {
	switch {
	case !slices.Contains(Formats(), f):
		return &FormatError{Format: f}
	case version != "" && !slices.Contains(f.Versions(), version):
		return &FormatError{Format: f, Version: version}
	}
	return nil
}

// Write writes inv as a document of the given format. The same inventory,
// format and options always make the same bytes. Nothing is written on error.
func Write(w io.Writer, inv *fnpkg.Inventory, f Format, o Options) error {
	document, err := encode(inv, f, o)
	if err == nil {
		_, err = w.Write(document)
	}
	if err != nil {
		return fmt.Errorf("writing the %s document of %s: %w", f, inv.Subject.Name, err)
	}
	return nil
}

func encode(inv *fnpkg.Inventory, f Format, o Options) ([]byte, error) {
	if err := f.Check(o.SpecVersion); err != nil {
		return nil, err
	}
	switch f {
	case CycloneDXJSON:
		return encodeCycloneDX(inv, cdx.BOMFileFormatJSON, o)
	case CycloneDXXML:
		return encodeCycloneDX(inv, cdx.BOMFileFormatXML, o)
	case SPDXJSON:
		return encodeSPDX2(inv, o)
	case SPDX3JSON:
		return encodeSPDX3(inv, o)
	}
	return encodePURLs(inv), nil
}

// encodePURLs lists each purl once, in the order of the inventory, whatever
// its origins.
func encodePURLs(inv *fnpkg.Inventory) []byte {
	var out []byte
	last := ""
	for _, c := range inv.Components {
		if c.PURL != last {
			out = append(append(out, c.PURL...), '\n')
		}
		last = c.PURL
	}
	return out
}
