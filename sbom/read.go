package sbom

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

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

	// namedComponents is how many components without a purl a coverage row
	// names; the rest it counts.
	namedComponents = 3
)

// UnreadEcosystem is the ecosystem of the coverage row that ReadCycloneDX adds
// for components it cannot take over, because they have no package URL or not
// a valid one.
const UnreadEcosystem = "unknown"

// ErrNotCycloneDX is returned for bytes that are no CycloneDX document in JSON.
var ErrNotCycloneDX = errors.New("not a CycloneDX document in JSON")

var cycloneDXHead = regexp.MustCompile(`"bomFormat"\s*:\s*"CycloneDX"|"\$schema"\s*:\s*"https?://cyclonedx\.org/`)

// IsCycloneDX reports whether a file that begins with head may be a CycloneDX
// document in JSON. The first kilobytes are enough.
func IsCycloneDX(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	return bytes.HasPrefix(head, []byte("{")) && cycloneDXHead.Match(head)
}

// ReadCycloneDX reads a CycloneDX document in JSON, of version 1.2 to 1.7 and
// by any tool.
//
// Components are those with a package URL, wherever they are nested. Files and
// operating systems are left out; other components without a valid package URL
// make a coverage row of the ecosystem UnreadEcosystem that counts and names
// them. A component of which the document does not say the origin is taken for
// shipped, so that nobody takes it for less than it may be.
func ReadCycloneDX(r io.Reader) (*fnpkg.Inventory, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("reading a CycloneDX document: %w", err)
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("reading a CycloneDX document: %w",
			&fnpkg.LimitError{What: "bytes", Limit: maxDocument, Got: int64(len(text))})
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if d := depth(text); d > maxDepth {
		return nil, fmt.Errorf("reading a CycloneDX document: %w",
			&fnpkg.LimitError{What: "levels of nesting", Limit: maxDepth, Got: int64(d)})
	}
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotCycloneDX, err)
	}
	switch {
	case bom.BOMFormat != cdx.BOMFormat:
		return nil, fmt.Errorf("%w: bomFormat is %q", ErrNotCycloneDX, bom.BOMFormat)
	case bom.SpecVersion < cdx.SpecVersion1_2:
		return nil, fmt.Errorf("%w: it states no version of the format", ErrNotCycloneDX)
	}
	return inventory(&bom)
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

func inventory(bom *cdx.BOM) (*fnpkg.Inventory, error) {
	inv := &fnpkg.Inventory{}
	d := documentReader{inv: inv, purlOf: map[string]string{}, at: map[componentKey]int{}}
	if m := bom.Metadata; m != nil && m.Component != nil {
		d.readSubject(m.Component, m.Timestamp)
		if err := d.readComponents(m.Component.Components); err != nil {
			return nil, err
		}
	}
	if err := d.readComponents(bom.Components); err != nil {
		return nil, err
	}
	if bom.Metadata != nil && bom.Metadata.Component != nil {
		d.purlOf[bom.Metadata.Component.BOMRef] = "" // the package itself
	}
	if bom.Dependencies != nil {
		d.readDependencies(*bom.Dependencies)
	}
	d.finish()
	return inv, nil
}

type componentKey struct {
	purl   string
	origin fnpkg.Origin
}

// documentReader fills an inventory from a document.
type documentReader struct {
	inv    *fnpkg.Inventory
	at     map[componentKey]int
	purlOf map[string]string // by bom-ref; empty for the package itself
	edges  []fnpkg.Edge
	unread []string // names of components without a valid purl
	count  int
}

func (d *documentReader) readSubject(c *cdx.Component, timestamp string) {
	s := &d.inv.Subject
	s.Name = c.Name
	for _, h := range deref(c.Hashes) {
		if h.Algorithm == cdx.HashAlgoSHA256 {
			if digest, err := fnpkg.ParseDigest("sha256:" + strings.ToLower(h.Value)); err == nil {
				s.Digest = digest
			}
		}
	}
	newest := ""
	for _, p := range deref(c.Properties) {
		switch {
		case p.Name == propKind:
			s.Kind = fnpkg.Kind(p.Value)
			newest = cmp.Or(newest, timestamp)
		case p.Name == propSize:
			if n, err := strconv.ParseInt(p.Value, 10, 64); err == nil && n > 0 {
				s.Size = n
			}
		case p.Name == propContent:
			if digits, ok := strings.CutPrefix(p.Value, fnpkg.ContentScheme+":"); ok {
				if digest, err := fnpkg.ParseDigest("sha256:" + digits); err == nil {
					s.Content = fnpkg.ContentDigest(digest)
				}
			}
		case p.Name == propNewest:
			newest = p.Value
		case strings.HasPrefix(p.Name, propCoverage):
			d.readCoverage(strings.TrimPrefix(p.Name, propCoverage), p.Value)
		case strings.HasPrefix(p.Name, propHazard):
			d.inv.Hazards = append(d.inv.Hazards, fnpkg.Hazard{
				ID: fnpkg.HazardID(strings.TrimPrefix(p.Name, propHazard)), Path: p.Value,
			})
		}
	}
	if t, err := time.Parse(time.RFC3339, newest); err == nil && formatTime(t) != "" {
		s.Newest = t.UTC().Truncate(time.Second)
	}
}

func (d *documentReader) readCoverage(ecosystem, value string) {
	state, rest, _ := strings.Cut(value, " ")
	files, reason, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(files)
	if err != nil || n < 0 {
		return
	}
	switch s := fnpkg.CoverageState(state); s {
	case fnpkg.CoverageComplete, fnpkg.CoveragePartial, fnpkg.CoverageNone:
		d.inv.Coverage = append(d.inv.Coverage, fnpkg.Coverage{
			Ecosystem: ecosystem, State: s, Files: n, Reason: strings.TrimSpace(reason),
		})
	}
}

func (d *documentReader) readComponents(list *[]cdx.Component) error {
	for _, c := range deref(list) {
		if d.count++; d.count > maxComponents {
			return fmt.Errorf("reading a CycloneDX document: %w",
				&fnpkg.LimitError{What: "components", Limit: maxComponents, Got: int64(d.count)})
		}
		d.readComponent(c)
		if err := d.readComponents(c.Components); err != nil {
			return err
		}
	}
	return nil
}

func (d *documentReader) readComponent(c cdx.Component) {
	id, err := purl.Parse(c.PackageURL)
	if err == nil && id.Version == "" && c.Version != "" {
		id, err = id.WithVersion(c.Version)
	}
	if err != nil {
		if c.Type != cdx.ComponentTypeFile && c.Type != cdx.ComponentTypeOS {
			d.unread = append(d.unread, c.Name)
		}
		return
	}
	if c.BOMRef != "" {
		d.purlOf[c.BOMRef] = id.Text
	}
	read := fnpkg.Component{
		PURL: id.Text, Type: id.Type, Name: id.Name, Version: id.Version,
		Origin: fnpkg.OriginShipped, Confidence: 1,
		Licenses: readLicenses(c.Licenses),
	}
	if e := c.Evidence; e != nil {
		read.Confidence = identityConfidence(e.Identity)
		for _, o := range deref(e.Occurrences) {
			if o.Location != "" {
				read.Occurrences = append(read.Occurrences, fnpkg.Occurrence{Path: o.Location})
			}
		}
	}
	for _, p := range deref(c.Properties) {
		switch p.Name {
		case propOrigin:
			switch o := fnpkg.Origin(p.Value); o {
			case fnpkg.OriginShipped, fnpkg.OriginBundled, fnpkg.OriginDeclared, fnpkg.OriginRuntime:
				read.Origin = o
			}
		case propConfidence:
			if f, err := strconv.ParseFloat(p.Value, 64); err == nil {
				read.Confidence = f
			}
		case propFoundBy:
			read.FoundBy = p.Value
		}
	}
	if !(read.Confidence >= 0 && read.Confidence <= 1) {
		read.Confidence = 0 // also for what is no number
	}
	for _, h := range deref(c.Hashes) {
		switch value := strings.ToLower(h.Value); {
		case h.Algorithm == cdx.HashAlgoSHA256 && isHex(value, 32):
			read.SHA256 = value
		case h.Algorithm == cdx.HashAlgoSHA512 && isHex(value, 64):
			read.SHA512 = value
		}
	}
	d.add(read)
}

// add lists a component, or adds to the one of the same purl and origin.
func (d *documentReader) add(c fnpkg.Component) {
	key := componentKey{c.PURL, c.Origin}
	i, ok := d.at[key]
	if !ok {
		d.at[key] = len(d.inv.Components)
		d.inv.Components = append(d.inv.Components, c)
		return
	}
	first := &d.inv.Components[i]
	first.Occurrences = append(first.Occurrences, c.Occurrences...)
	first.Licenses = append(first.Licenses, c.Licenses...)
	first.Confidence = max(first.Confidence, c.Confidence)
	first.FoundBy = cmp.Or(first.FoundBy, c.FoundBy)
	if first.SHA256 != c.SHA256 || first.SHA512 != c.SHA512 {
		first.SHA256, first.SHA512 = "", ""
	}
}

func identityConfidence(choice *cdx.EvidenceIdentityChoice) float64 {
	if choice == nil {
		return 1
	}
	identities := deref(choice.Identities)
	if choice.Identity != nil {
		identities = append(identities, *choice.Identity)
	}
	for _, id := range identities {
		if id.Field == cdx.EvidenceIdentityFieldTypePURL && id.Confidence != nil {
			// By way of text, so that 0.7 does not become 0.699999988.
			f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(*id.Confidence), 'g', -1, 32), 64)
			return f
		}
	}
	return 1
}

func isHex(s string, bytes int) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == bytes
}

func (d *documentReader) readDependencies(list []cdx.Dependency) {
	for _, dep := range list {
		from, ok := d.purlOf[dep.Ref]
		if !ok {
			continue
		}
		for _, ref := range deref(dep.Dependencies) {
			if to := d.purlOf[ref]; to != "" {
				d.edges = append(d.edges, fnpkg.Edge{From: from, To: to})
			}
		}
	}
}

// finish brings the inventory into order.
func (d *documentReader) finish() {
	inv := d.inv
	for i := range inv.Components {
		c := &inv.Components[i]
		slices.SortFunc(c.Occurrences, func(a, b fnpkg.Occurrence) int { return strings.Compare(a.Path, b.Path) })
		c.Occurrences = slices.Compact(c.Occurrences)
		c.Licenses = settle(c.Licenses)
	}
	slices.SortFunc(inv.Components, func(a, b fnpkg.Component) int {
		return cmp.Or(strings.Compare(a.PURL, b.PURL), cmp.Compare(a.Origin, b.Origin))
	})
	inv.Edges = rooted(inv.Components, d.edges)
	if n := len(d.unread); n > 0 {
		inv.Coverage = slices.DeleteFunc(inv.Coverage, func(c fnpkg.Coverage) bool { return c.Ecosystem == UnreadEcosystem })
		inv.Coverage = append(inv.Coverage, unreadCoverage(d.unread, len(inv.Components)))
	}
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

func deref[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}
