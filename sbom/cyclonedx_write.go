package sbom

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// WriteCycloneDX writes inv as a CycloneDX document in JSON, of version 1.6
// unless the options ask for another.
//
// The document's root is the package, from which every component can be
// reached. Components are sorted as in the inventory, and their references are
// their purls. The serial number derives from the document: it is a UUID of
// version 8 (RFC 9562 §5.8) of the first bits of the sha256 of all the rest,
// so that two documents have one serial number only if they are the same.
func WriteCycloneDX(w io.Writer, inv *fnpkg.Inventory, o Options) error {
	return Write(w, inv, CycloneDXJSON, o)
}

func encodeCycloneDX(inv *fnpkg.Inventory, format cdx.BOMFileFormat, o Options) ([]byte, error) {
	version, schema := cdx.SpecVersion1_6, "http://cyclonedx.org/schema/bom-1.6.schema.json"
	if o.SpecVersion == "1.7" {
		version, schema = cdx.SpecVersion1_7, "http://cyclonedx.org/schema/bom-1.7.schema.json"
	}
	bom := cycloneDXDocument(inv, o)
	bom.SpecVersion, bom.JSONSchema = version, schema
	bom.XMLNS = "http://cyclonedx.org/schema/bom/" + version.String()
	var out bytes.Buffer
	enc := cdx.NewBOMEncoder(&out, format)
	enc.SetPretty(true).SetEscapeHTML(false)
	if err := enc.Encode(bom); err != nil {
		return nil, err
	}
	if format == cdx.BOMFileFormatXML {
		out.WriteByte('\n')
	}
	number(out.Bytes())
	return out.Bytes(), nil
}

// noSerial holds the place of the serial number while the document is hashed.
const noSerial = "urn:uuid:00000000-0000-0000-0000-000000000000"

// number replaces the first noSerial in document, which stands before anything
// that comes from a package.
func number(document []byte) {
	copy(document[bytes.Index(document, []byte(noSerial)):], "urn:uuid:"+contentUUID(document))
}

// contentUUID is the UUID of version 8 (RFC 9562 §5.8) of the first bits of
// the sha256 of a document.
func contentUUID(document []byte) string {
	sum := sha256.Sum256(document)
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	digits := hex.EncodeToString(id)
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}

func cycloneDXDocument(inv *fnpkg.Inventory, o Options) *cdx.BOM {
	l := newLayout(inv)
	bom := cdx.NewBOM()
	bom.SerialNumber = noSerial
	bom.Metadata = metadata(l, o)

	var components []cdx.Component
	for _, part := range l.parts {
		components = append(components, *packageComponent(part, fnpkg.Party{}, o))
	}
	for _, u := range l.units() {
		for i, c := range u.inv.Components {
			components = append(components, component(u, c, u.refs[i], o))
		}
	}
	if components == nil {
		components = []cdx.Component{}
	}
	bom.Components = &components
	bom.Dependencies = dependencies(l)
	bom.Compositions = compositions(l)
	bom.Vulnerabilities = vulnerabilities(l, o)
	return bom
}

func metadata(l *layout, o Options) *cdx.Metadata {
	m := &cdx.Metadata{
		Timestamp:  formatTime(o.stamp(l.root.inv.Subject)),
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhasePostBuild}},
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{{
			Type: cdx.ComponentTypeApplication, Name: toolName, Version: o.ToolVersion,
		}}},
		Component:    packageComponent(l.root, o.Supplier, o),
		Manufacturer: organization(o.Author),
		Supplier:     organization(o.Supplier),
	}
	if !o.Author.IsZero() {
		m.Authors = &[]cdx.OrganizationalContact{{Name: partyName(o.Author), Email: o.Author.Email}}
	}
	if o.DataLicense != "" {
		m.Licenses = writeLicenses([]fnpkg.License{{Expression: o.DataLicense}}, "")
	}
	return m
}

// organization is a party as CycloneDX knows it, nil for nobody. It must have
// a name.
func organization(p fnpkg.Party) *cdx.OrganizationalEntity {
	if p.IsZero() {
		return nil
	}
	e := &cdx.OrganizationalEntity{Name: partyName(p)}
	if p.URL != "" {
		e.URL = &[]string{p.URL}
	}
	if p.Email != "" {
		e.Contact = &[]cdx.OrganizationalContact{{Email: p.Email}}
	}
	return e
}

// packageComponent is a package as a component of the document.
func packageComponent(u *unit, supplier fnpkg.Party, o Options) *cdx.Component {
	s := u.inv.Subject
	out := &cdx.Component{
		BOMRef: u.ref, Type: cdx.ComponentTypeApplication, Name: s.Name,
		Manufacturer: organization(supplier), Supplier: organization(supplier),
	}
	if !s.Digest.IsZero() {
		// A package has no version of its own; its digest is the one thing
		// that tells two builds apart.
		out.Version, out.PackageURL = s.Digest.String(), packagePURL(s)
		out.Hashes = writeHashes(s.Digest.Hex(), s.SHA512)
	}
	if s.SHA512 != "" {
		out.ExternalReferences = &[]cdx.ExternalReference{deployable(s.Name, s.SHA512)}
	}
	props := packageProperties(u.inv, o.stamp(u.inv.Subject))
	if s.Kind == fnpkg.KindZip {
		props = append(props, fileProperties(s.Name, true)...)
	}
	out.Properties = writeProperties(props)
	return out
}

func component(u *unit, c fnpkg.Component, ref string, o Options) cdx.Component {
	acknowledged := []cdx.LicenseAcknowledgement{cdx.LicenseAcknowledgementDeclared}
	if o.ConcludeLicenses {
		acknowledged = append(acknowledged, cdx.LicenseAcknowledgementConcluded)
	}
	group, name := groupAndName(c)
	out := cdx.Component{
		BOMRef: ref, Type: cdx.ComponentTypeLibrary,
		Group: group, Name: name, Version: c.Version, PackageURL: c.PURL,
		// Who makes a component is its supplier in the words of CISA and NTIA,
		// and its manufacturer in those of BSI.
		Manufacturer: organization(c.Producer), Supplier: organization(c.Producer),
		Licenses: writeLicenses(c.Licenses, acknowledged...),
		Hashes:   writeHashes(c.SHA256, c.SHA512),
		Evidence: evidence(c),
	}
	if !c.Producer.IsZero() {
		out.Authors = &[]cdx.OrganizationalContact{{Name: partyName(c.Producer), Email: c.Producer.Email}}
	}
	if refs := references(c); refs != nil {
		out.ExternalReferences = &refs
	}
	props := componentProperties(u, c)
	if file := singleFile(c); file != "" {
		props = append(props, fileProperties(file, isArchive(file))...)
	}
	out.Properties = writeProperties(props)
	return out
}

// references are the places that belong to a component: the archive it was
// installed from, the file it is in the package, its source code.
func references(c fnpkg.Component) []cdx.ExternalReference {
	var out []cdx.ExternalReference
	d := c.Distribution
	hashes := writeHashes(d.SHA256, d.SHA512)
	switch {
	case isAbsolute(d.URL):
		out = append(out, cdx.ExternalReference{Type: cdx.ERTypeDistribution, URL: d.URL, Hashes: hashes})
	case hashes != nil:
		// Which archive it is the lock file says by name and hash alone; a
		// reference must have a URL, and a package URL is one.
		out = append(out, cdx.ExternalReference{Type: cdx.ERTypeDistribution, URL: c.PURL, Hashes: hashes})
	}
	if file := singleFile(c); file != "" && c.SHA512 != "" {
		out = append(out, deployable(file, c.SHA512))
	}
	if isAbsolute(c.SourceURL) {
		// BSI TR-03183-2 (§8.2) looks for the repository under its own type.
		out = append(out, cdx.ExternalReference{Type: cdx.ERTypeVCS, URL: c.SourceURL},
			cdx.ExternalReference{Type: cdx.ERTypeSourceDistribution, URL: c.SourceURL})
	}
	return out
}

// deployable is the form in which BSI TR-03183-2 (§8.2) expects the hash of a
// component that is one file: a distribution whose URL, relative to the
// package, is the file itself.
func deployable(file, sha512 string) cdx.ExternalReference {
	return cdx.ExternalReference{
		Type: cdx.ERTypeDistribution, URL: (&url.URL{Path: file}).String(), Comment: "the file in the package",
		Hashes: writeHashes("", sha512),
	}
}

// packagePURL names a package by its digest: no registry knows it.
func packagePURL(s fnpkg.Subject) string {
	id, err := purl.Parse("pkg:generic/" + url.PathEscape(s.Name) + "?checksum=" + s.Digest.String())
	if err != nil {
		return ""
	}
	return id.Text
}

func writeHashes(sha256, sha512 string) *[]cdx.Hash {
	var hashes []cdx.Hash
	if sha256 != "" {
		hashes = append(hashes, cdx.Hash{Algorithm: cdx.HashAlgoSHA256, Value: sha256})
	}
	if sha512 != "" {
		hashes = append(hashes, cdx.Hash{Algorithm: cdx.HashAlgoSHA512, Value: sha512})
	}
	if hashes == nil {
		return nil
	}
	return &hashes
}

// singleFile returns the path of a component that is one file, and else
// nothing.
func singleFile(c fnpkg.Component) string {
	if c.SHA256 == "" && c.SHA512 == "" || len(c.Occurrences) == 0 {
		return ""
	}
	return c.Occurrences[0].Path
}

// isArchive reports whether the file at a path in a package is a collection of
// others, by the names that package managers insist on.
func isArchive(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".jar", ".war", ".ear", ".zip", ".whl", ".egg", ".nupkg", ".gem", ".phar":
		return true
	}
	return false
}

// fileProperties are the properties BSI TR-03183-2 asks of a component that is
// one file. Code is executable in its sense, be it a program or a library.
func fileProperties(file string, archive bool) []property {
	list := []property{
		{bsiFilename, path.Base(file)}, {bsiExecutable, "executable"}, {bsiArchive, "no archive"}, {bsiStructured, "unstructured"},
	}
	if archive {
		list[2].value, list[3].value = "archive", "structured"
	}
	return list
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
	methods := []cdx.EvidenceIdentityMethod{{Technique: technique(c), Confidence: &confidence}}
	if len(c.Evidence) > 0 {
		methods = methods[:0]
		for _, e := range c.Evidence {
			sure := float32(e.Confidence)
			methods = append(methods, cdx.EvidenceIdentityMethod{Technique: techniqueOf(e.Technique), Confidence: &sure, Value: evidenceText(e)})
		}
	}
	out := &cdx.Evidence{Identity: &cdx.EvidenceIdentityChoice{Identities: &[]cdx.EvidenceIdentity{{
		Field: cdx.EvidenceIdentityFieldTypePURL, Confidence: &confidence, ConcludedValue: c.PURL, Methods: &methods,
	}}}}
	if len(c.LicenseTexts) > 0 {
		out.Licenses = writeTexts(c.LicenseTexts)
	}
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
	case c.Origin == fnpkg.OriginShipped && (c.Type == "golang" || c.Type == "cargo" || c.FoundBy == "dotnet-single-file" || c.FoundBy == "elf-package-note"):
		return cdx.EvidenceIdentityTechniqueBinaryAnalysis
	case c.Type == "maven" && c.Confidence <= 0.5:
		return cdx.EvidenceIdentityTechniqueFilename // alone
	case c.Origin == fnpkg.OriginShipped || c.Origin == fnpkg.OriginDeclared:
		return cdx.EvidenceIdentityTechniqueManifestAnalysis
	}
	return cdx.EvidenceIdentityTechniqueOther
}

// techniqueOf says in CycloneDX's words what kind of sign was read.
func techniqueOf(word string) cdx.EvidenceIdentityTechnique {
	switch word {
	case "metafile", "build-tree", "lock-file", "manifest":
		return cdx.EvidenceIdentityTechniqueManifestAnalysis
	case "source-map", "module-path", "store-path", "source-text", "license-list", "banner", "original", "fingerprint", "comment", "import-folder":
		return cdx.EvidenceIdentityTechniqueSourceCodeAnalysis
	}
	return cdx.EvidenceIdentityTechniqueOther
}

// dependencies lists every component, also one that needs nothing.
func dependencies(l *layout) *[]cdx.Dependency {
	var out []cdx.Dependency
	add := func(ref string, needs []string) {
		d := cdx.Dependency{Ref: ref}
		if len(needs) > 0 {
			list := slices.Clone(needs)
			d.Dependencies = &list
		}
		out = append(out, d)
	}
	add(rootRef, l.root.direct)
	for _, part := range l.parts {
		add(part.ref, part.direct)
	}
	for _, u := range l.units() {
		for i, ref := range u.refs {
			add(ref, u.needs[i])
		}
	}
	return &out
}

// compositions says first, without a reference, how complete the document is as
// a whole, then of which packages the components, and of which packages and
// components the dependencies, are all there are.
func compositions(l *layout) *[]cdx.Composition {
	whole := complete
	assemblies := map[completeness][]cdx.BOMReference{}
	edges := map[completeness][]cdx.BOMReference{}
	for _, u := range l.units() {
		whole = lesser(whole, u.rootEdges()) // which knows no more than its components
		assemblies[u.components()] = append(assemblies[u.components()], cdx.BOMReference(u.ref))
		edges[u.rootEdges()] = append(edges[u.rootEdges()], cdx.BOMReference(u.ref))
		for i, c := range u.inv.Components {
			whole = lesser(whole, u.edges(c))
			edges[u.edges(c)] = append(edges[u.edges(c)], cdx.BOMReference(u.refs[i]))
		}
	}
	if l.parts != nil {
		// The packages that were merged are all that are in the document.
		assemblies[complete] = append(assemblies[complete], rootRef)
		edges[complete] = append(edges[complete], rootRef)
	}
	out := []cdx.Composition{{Aggregate: cdx.CompositionAggregate(whole)}}
	for _, state := range []completeness{complete, incomplete, unknown} {
		if list := assemblies[state]; list != nil {
			out = append(out, cdx.Composition{Aggregate: cdx.CompositionAggregate(state), Assemblies: &list})
		}
	}
	for _, state := range []completeness{complete, incomplete, unknown} {
		if list := edges[state]; list != nil {
			out = append(out, cdx.Composition{Aggregate: cdx.CompositionAggregate(state), Dependencies: &list})
		}
	}
	return &out
}

func writeProperties(list []property) *[]cdx.Property {
	out := make([]cdx.Property, 0, len(list))
	for _, p := range list {
		out = append(out, cdx.Property{Name: p.name, Value: p.value})
	}
	return &out
}
