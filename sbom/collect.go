package sbom

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

const (
	// maxDocument bounds a document in bytes: some fifty times what a package
	// at the providers' limits makes.
	maxDocument = 256 << 20

	// maxDepth bounds the nesting of a document. CycloneDX itself needs about
	// a dozen levels, and more only for components within components.
	maxDepth = 128

	// maxComponents bounds the components of a document.
	maxComponents = 500_000

	// maxEdges bounds the dependencies of a document.
	maxEdges = 5_000_000

	// namedComponents is how many components without a purl a coverage row
	// names; the rest it counts.
	namedComponents = 3
)

// UnreadEcosystem is the ecosystem of the coverage row that readers add for
// components they cannot take over, because they have no package URL or not a
// valid one.
const UnreadEcosystem = "unknown"

// readAll reads a document within maxDocument, without a byte order mark.
func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxDocument {
		return nil, &fnpkg.LimitError{What: "bytes", Limit: maxDocument, Got: int64(len(text))}
	}
	return bytes.TrimPrefix(text, []byte(byteOrderMark)), nil
}

const byteOrderMark = "\xef\xbb\xbf"

// checkDepth refuses a JSON text that is nested too deep.
func checkDepth(text []byte) error {
	if d := depth(text); d > maxDepth {
		return &fnpkg.LimitError{What: "levels of nesting", Limit: maxDepth, Got: int64(d)}
	}
	return nil
}

// depth returns how deep brackets are nested in a JSON text.
func depth(text []byte) int {
	deepest, now := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			now++
			deepest = max(deepest, now)
		case '}', ']':
			now--
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
	}
	return deepest
}

type componentKey struct {
	purl   string
	origin fnpkg.Origin
}

// collector fills an inventory from a document of any format.
type collector struct {
	inv    *fnpkg.Inventory
	at     map[componentKey]int
	purlOf map[string]string // by the document's references; empty for the package itself
	edges  []fnpkg.Edge
	unread []string // names of components without a valid purl
	count  int
}

func newCollector() *collector {
	return &collector{inv: &fnpkg.Inventory{}, purlOf: map[string]string{}, at: map[componentKey]int{}}
}

// component counts one more component of the document.
func (d *collector) component() error {
	if d.count++; d.count > maxComponents {
		return &fnpkg.LimitError{What: "components", Limit: maxComponents, Got: int64(d.count)}
	}
	return nil
}

// edge adds one between two of the document's references.
func (d *collector) edge(from, to string) error {
	f, ok := d.purlOf[from]
	t := d.purlOf[to]
	if !ok || t == "" {
		return nil
	}
	if len(d.edges) == maxEdges {
		return &fnpkg.LimitError{What: "dependencies", Limit: maxEdges, Got: maxEdges + 1}
	}
	d.edges = append(d.edges, fnpkg.Edge{From: f, To: t})
	return nil
}

// identify makes a component of a document's purl and version; the origin is
// shipped, so that nobody takes it for less than it may be.
func identify(text, version string) (fnpkg.Component, error) {
	id, err := purl.Parse(text)
	if err == nil && id.Version == "" && version != "" {
		id, err = id.WithVersion(version)
	}
	if err != nil {
		return fnpkg.Component{}, err
	}
	return fnpkg.Component{
		PURL: id.Text, Type: id.Type, Name: id.Name, Version: id.Version,
		Origin: fnpkg.OriginShipped, Confidence: 1,
	}, nil
}

// add lists a component, or adds to the one of the same purl and origin.
func (d *collector) add(c fnpkg.Component) {
	if !(c.Confidence >= 0 && c.Confidence <= 1) {
		c.Confidence = 0 // also for what is no number
	}
	key := componentKey{c.PURL, c.Origin}
	i, ok := d.at[key]
	if !ok {
		d.at[key] = len(d.inv.Components)
		d.inv.Components = append(d.inv.Components, c)
		return
	}
	unite(&d.inv.Components[i], c)
}

// unite adds what another document entry says of the same component. Hashes
// stay only where they agree: they are no longer those of one file.
func unite(first *fnpkg.Component, c fnpkg.Component) {
	first.Occurrences = append(slices.Clip(first.Occurrences), c.Occurrences...)
	first.Licenses = append(slices.Clip(first.Licenses), c.Licenses...)
	first.Evidence = append(slices.Clip(first.Evidence), c.Evidence...)
	first.LicenseTexts = append(slices.Clip(first.LicenseTexts), c.LicenseTexts...)
	first.Confidence = max(first.Confidence, c.Confidence)
	first.FoundBy = cmp.Or(first.FoundBy, c.FoundBy)
	first.SourceURL = cmp.Or(first.SourceURL, c.SourceURL)
	first.Producer = cmp.Or(first.Producer, c.Producer)
	if first.SHA256 != c.SHA256 || first.SHA512 != c.SHA512 {
		first.SHA256, first.SHA512 = "", ""
	}
	if first.TreeSHA256 != c.TreeSHA256 {
		first.TreeSHA256 = ""
	}
	if first.Distribution != c.Distribution {
		first.Distribution = fnpkg.Distribution{}
	}
}

// finish brings the inventory into order.
func (d *collector) finish() *fnpkg.Inventory {
	inv := d.inv
	inv.Edges = d.edges
	if n := len(d.unread); n > 0 {
		inv.Coverage = slices.DeleteFunc(inv.Coverage, func(c fnpkg.Coverage) bool { return c.Ecosystem == UnreadEcosystem })
		inv.Coverage = append(inv.Coverage, unreadCoverage(d.unread, len(inv.Components)))
	}
	order(inv)
	return inv
}

// order sorts everything in an inventory and roots its edges.
func order(inv *fnpkg.Inventory) {
	for i := range inv.Components {
		c := &inv.Components[i]
		slices.SortFunc(c.Occurrences, func(a, b fnpkg.Occurrence) int { return strings.Compare(a.Path, b.Path) })
		c.Occurrences = slices.Compact(c.Occurrences)
		c.Licenses = settle(c.Licenses)
		c.LicenseTexts = slices.Compact(c.LicenseTexts)
	}
	slices.SortFunc(inv.Components, func(a, b fnpkg.Component) int {
		return cmp.Or(strings.Compare(a.PURL, b.PURL), cmp.Compare(a.Origin, b.Origin))
	})
	inv.Edges = rooted(inv.Components, inv.Edges)
	slices.SortStableFunc(inv.Coverage, func(a, b fnpkg.Coverage) int { return strings.Compare(a.Ecosystem, b.Ecosystem) })
	slices.SortStableFunc(inv.Hazards, func(a, b fnpkg.Hazard) int {
		return cmp.Or(strings.Compare(string(a.ID), string(b.ID)), strings.Compare(a.Path, b.Path))
	})
}

func unreadCoverage(names []string, read int) fnpkg.Coverage {
	slices.Sort(names)
	row := fnpkg.Coverage{Ecosystem: UnreadEcosystem, State: fnpkg.CoveragePartial, Files: len(names)}
	if read == 0 {
		row.State = fnpkg.CoverageNone
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of the document's components have no valid package URL: ", len(names))
	for i, name := range names {
		if i == namedComponents {
			fmt.Fprintf(&b, " and %d more", len(names)-namedComponents)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.100q", name)
	}
	row.Reason = b.String()
	return row
}

func isHex(s string, bytes int) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == bytes
}
