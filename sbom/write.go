package sbom

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/fnseal/fnseal/fnpkg"
)

// Options of a document.
type Options struct {
	// Timestamp is the time the document states for itself. The zero value
	// stands for the newest entry of the package, so that documents of the
	// same package are the same; without that either, none is stated.
	Timestamp time.Time

	// ToolVersion is fnseal's own version; may be empty.
	ToolVersion string
}

// WriteCycloneDX writes inv as a CycloneDX 1.6 document in JSON.
//
// The document's root is the package, from which every component can be
// reached. Components are sorted as in the inventory, and their references are
// their purls. The serial number derives from the document: it is a UUID of
// version 8 (RFC 9562 §5.8) of the first bits of the sha256 of all the rest,
// so that two documents have one serial number only if they are the same.
func WriteCycloneDX(w io.Writer, inv *fnpkg.Inventory, o Options) error {
	var out bytes.Buffer
	enc := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON)
	enc.SetPretty(true).SetEscapeHTML(false)
	if err := enc.Encode(document(inv, o)); err != nil {
		return fmt.Errorf("writing the CycloneDX document of %s: %w", inv.Subject.Name, err)
	}
	number(out.Bytes())
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("writing the CycloneDX document of %s: %w", inv.Subject.Name, err)
	}
	return nil
}

// noSerial holds the place of the serial number while the document is hashed.
const noSerial = "urn:uuid:00000000-0000-0000-0000-000000000000"

// number replaces the first noSerial in document, which stands before anything
// that comes from a package.
func number(document []byte) {
	sum := sha256.Sum256(document)
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	digits := hex.EncodeToString(id)
	serial := "urn:uuid:" + strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
	copy(document[bytes.Index(document, []byte(noSerial)):], serial)
}

func document(inv *fnpkg.Inventory, o Options) *cdx.BOM {
	refs := references(inv.Components)
	bom := cdx.NewBOM()
	bom.SpecVersion = cdx.SpecVersion1_6
	bom.JSONSchema = "http://cyclonedx.org/schema/bom-1.6.schema.json"
	bom.SerialNumber = noSerial
	bom.Metadata = metadata(inv, o)

	components := make([]cdx.Component, 0, len(inv.Components))
	for i, c := range inv.Components {
		components = append(components, component(c, refs[i]))
	}
	bom.Components = &components
	bom.Dependencies = dependencies(inv, refs)
	bom.Compositions = &[]cdx.Composition{{
		Aggregate:  aggregate(inv.Coverage),
		Assemblies: &[]cdx.BOMReference{rootRef},
	}}
	return bom
}

// references returns the reference of each component: its purl, unless one of
// another origin has it already.
func references(components []fnpkg.Component) []string {
	refs := make([]string, len(components))
	taken := map[string]bool{rootRef: true}
	for i, c := range components {
		refs[i] = c.PURL
		if taken[refs[i]] {
			refs[i] = string(c.Origin) + ":" + c.PURL
		}
		taken[refs[i]] = true
	}
	return refs
}

func metadata(inv *fnpkg.Inventory, o Options) *cdx.Metadata {
	s := inv.Subject
	stamp := o.Timestamp
	if stamp.IsZero() {
		stamp = s.Newest
	}
	root := &cdx.Component{BOMRef: rootRef, Type: cdx.ComponentTypeApplication, Name: s.Name}
	if !s.Digest.IsZero() {
		// A package has no version of its own; its digest is the one thing
		// that tells two builds apart.
		root.Version = s.Digest.String()
		root.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: s.Digest.Hex()}}
	}
	var props properties
	props.add(propKind, string(s.Kind))
	if s.Size != 0 {
		props.add(propSize, strconv.FormatInt(s.Size, 10))
	}
	if !s.Content.IsZero() {
		props.add(propContent, s.Content.String())
	}
	if !s.Newest.IsZero() && formatTime(stamp) != formatTime(s.Newest) {
		props.add(propNewest, formatTime(s.Newest))
	}
	for _, c := range inv.Coverage {
		props.add(propCoverage+c.Ecosystem, strings.TrimSpace(fmt.Sprintf("%s %d %s", c.State, c.Files, c.Reason)))
	}
	for _, h := range inv.Hazards {
		props.add(propHazard+string(h.ID), h.Path)
	}
	root.Properties = props.list()

	return &cdx.Metadata{
		Timestamp:  formatTime(stamp),
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhasePostBuild}},
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{{
			Type: cdx.ComponentTypeApplication, Name: "fnseal", Version: o.ToolVersion,
		}}},
		Component: root,
	}
}

// formatTime writes whole seconds in UTC, and nothing for no time or one that
// RFC 3339 cannot express.
func formatTime(t time.Time) string {
	t = t.UTC().Truncate(time.Second)
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339)
}

func component(c fnpkg.Component, ref string) cdx.Component {
	group, name := groupAndName(c)
	out := cdx.Component{
		BOMRef: ref, Type: cdx.ComponentTypeLibrary,
		Group: group, Name: name, Version: c.Version, PackageURL: c.PURL,
		Licenses: writeLicenses(c.Licenses),
		Evidence: evidence(c),
	}
	var hashes []cdx.Hash
	if c.SHA256 != "" {
		hashes = append(hashes, cdx.Hash{Algorithm: cdx.HashAlgoSHA256, Value: c.SHA256})
	}
	if c.SHA512 != "" {
		hashes = append(hashes, cdx.Hash{Algorithm: cdx.HashAlgoSHA512, Value: c.SHA512})
	}
	if hashes != nil {
		out.Hashes = &hashes
	}
	var props properties
	props.add(propOrigin, string(c.Origin))
	if c.Confidence != 1 {
		props.add(propConfidence, strconv.FormatFloat(c.Confidence, 'g', -1, 64))
	}
	if c.FoundBy != "" {
		props.add(propFoundBy, c.FoundBy)
	}
	out.Properties = props.list()
	return out
}

// groupAndName splits a full name where its ecosystem has two parts.
func groupAndName(c fnpkg.Component) (group, name string) {
	var ok bool
	switch c.Type {
	case "maven":
		group, name, ok = strings.Cut(c.Name, ":")
	case "npm":
		if strings.HasPrefix(c.Name, "@") {
			group, name, ok = strings.Cut(c.Name, "/")
		}
	}
	if !ok || name == "" {
		return "", c.Name
	}
	return group, name
}

func evidence(c fnpkg.Component) *cdx.Evidence {
	confidence := float32(c.Confidence)
	out := &cdx.Evidence{Identity: &cdx.EvidenceIdentityChoice{Identities: &[]cdx.EvidenceIdentity{{
		Field:      cdx.EvidenceIdentityFieldTypePURL,
		Confidence: &confidence,
		Methods:    &[]cdx.EvidenceIdentityMethod{{Technique: technique(c), Confidence: &confidence}},
	}}}}
	var occurrences []cdx.EvidenceOccurrence
	for _, o := range c.Occurrences {
		occurrences = append(occurrences, cdx.EvidenceOccurrence{Location: o.Path})
	}
	if occurrences != nil {
		out.Occurrences = &occurrences
	}
	return out
}

// technique names the way of identification in CycloneDX's words.
func technique(c fnpkg.Component) cdx.EvidenceIdentityTechnique {
	switch {
	case c.Type == "golang" && c.Origin == fnpkg.OriginShipped:
		return cdx.EvidenceIdentityTechniqueBinaryAnalysis
	case c.Origin == fnpkg.OriginShipped || c.Origin == fnpkg.OriginDeclared:
		return cdx.EvidenceIdentityTechniqueManifestAnalysis
	}
	return cdx.EvidenceIdentityTechniqueOther
}

// dependencies lists every component, also one that needs nothing.
func dependencies(inv *fnpkg.Inventory, refs []string) *[]cdx.Dependency {
	refsOf := map[string][]string{} // by purl; a purl of two origins has two
	for i, c := range inv.Components {
		refsOf[c.PURL] = append(refsOf[c.PURL], refs[i])
	}
	needs := map[string][]string{}
	for _, e := range rooted(inv.Components, inv.Edges) {
		needs[e.From] = append(needs[e.From], refsOf[e.To]...)
	}
	out := make([]cdx.Dependency, 0, len(refs)+1)
	add := func(ref, purl string) {
		d := cdx.Dependency{Ref: ref}
		if n := needs[purl]; len(n) > 0 {
			slices.Sort(n)
			d.Dependencies = &n
		}
		out = append(out, d)
	}
	add(rootRef, "")
	for i, c := range inv.Components {
		add(refs[i], c.PURL)
	}
	return &out
}

// aggregate says whether the components are all there is.
func aggregate(rows []fnpkg.Coverage) cdx.CompositionAggregate {
	if len(rows) == 0 {
		return cdx.CompositionAggregateUnknown
	}
	for _, r := range rows {
		if r.State != fnpkg.CoverageComplete {
			return cdx.CompositionAggregateIncomplete
		}
	}
	return cdx.CompositionAggregateComplete
}

// properties collects the properties of one thing.
type properties []cdx.Property

func (p *properties) add(name, value string) { *p = append(*p, cdx.Property{Name: name, Value: value}) }

func (p properties) list() *[]cdx.Property {
	if len(p) == 0 {
		return nil
	}
	list := []cdx.Property(p)
	return &list
}
