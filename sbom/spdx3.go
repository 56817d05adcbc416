package sbom

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"

	"github.com/fnseal/fnseal/fnpkg"
)

const (
	spdx3Version = "3.0.1"
	spdx3Context = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
	spdx3Base    = "https://spdx.org/spdxdocs/fnseal-"
	spdx3Info    = "_:creationinfo"
)

// spdx3Doc is an SPDX 3 document in JSON-LD: a flat list of elements that name
// each other.
type spdx3Doc struct {
	Context string         `json:"@context"`
	Graph   []spdx3Element `json:"@graph"`
}

// spdx3Element has the fields of every class that is written; an element fills
// those of its own. The names are those of the JSON-LD context.
type spdx3Element struct {
	Type         string `json:"type"`
	BlankID      string `json:"@id,omitempty"` // of the creation info
	ID           string `json:"spdxId,omitempty"`
	CreationInfo string `json:"creationInfo,omitempty"`
	Name         string `json:"name,omitempty"`

	SpecVersion  string   `json:"specVersion,omitempty"`
	Created      string   `json:"created,omitempty"`
	CreatedBy    []string `json:"createdBy,omitempty"`
	CreatedUsing []string `json:"createdUsing,omitempty"`
	Comment      string   `json:"comment,omitempty"`

	Conformance  []string `json:"profileConformance,omitempty"`
	DataLicense  string   `json:"dataLicense,omitempty"`
	RootElements []string `json:"rootElement,omitempty"`
	Elements     []string `json:"element,omitempty"`
	SBOMTypes    []string `json:"software_sbomType,omitempty"`

	Version           string            `json:"software_packageVersion,omitempty"`
	PackageURL        string            `json:"software_packageUrl,omitempty"`
	DownloadLocation  string            `json:"software_downloadLocation,omitempty"`
	PrimaryPurpose    string            `json:"software_primaryPurpose,omitempty"`
	AdditionalPurpose []string          `json:"software_additionalPurpose,omitempty"`
	OriginatedBy      []string          `json:"originatedBy,omitempty"`
	SuppliedBy        string            `json:"suppliedBy,omitempty"`
	VerifiedUsing     []spdx3Hash       `json:"verifiedUsing,omitempty"`
	Identifiers       []spdx3Identifier `json:"externalIdentifier,omitempty"`
	ExternalRefs      []spdx3Reference  `json:"externalRef,omitempty"`
	AttributionTexts  []string          `json:"software_attributionText,omitempty"`

	LicenseExpression string            `json:"simplelicensing_licenseExpression,omitempty"`
	CustomIDs         []spdx3Dictionary `json:"simplelicensing_customIdToUri,omitempty"`
	LicenseText       string            `json:"simplelicensing_licenseText,omitempty"`

	AnnotationType string `json:"annotationType,omitempty"`
	Subject        string `json:"subject,omitempty"`
	Statement      string `json:"statement,omitempty"`

	From             string   `json:"from,omitempty"`
	RelationshipType string   `json:"relationshipType,omitempty"`
	To               []string `json:"to,omitempty"`
	Completeness     string   `json:"completeness,omitempty"`
}

type spdx3Hash struct {
	Type      string `json:"type"`
	Algorithm string `json:"algorithm"`
	Value     string `json:"hashValue"`
}

type spdx3Identifier struct {
	Type       string `json:"type"`
	Kind       string `json:"externalIdentifierType"`
	Identifier string `json:"identifier"`
}

type spdx3Reference struct {
	Type     string   `json:"type"`
	Kind     string   `json:"externalRefType"`
	Locators []string `json:"locator"`
}

type spdx3Dictionary struct {
	Type  string `json:"type"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

// encodeSPDX3 writes an SPDX 3.0.1 document. The ids of its elements derive
// from the content, so that documents that are not the same share none.
func encodeSPDX3(inv *fnpkg.Inventory, o Options) ([]byte, error) {
	id, err := idOf(spdx3Of(inv, o, spdx3Base))
	if err != nil {
		return nil, err
	}
	return marshal(spdx3Of(inv, o, spdx3Base+id+"#"))
}

// spdx3Writer makes the elements of one document.
type spdx3Writer struct {
	base     string
	ids      map[string]string // of packages and components, by reference
	elements []spdx3Element
	count    map[string]int    // elements by the word that begins their id
	parties  map[string]string // ids by kind of contact, name and contact
	licenses map[string]string // ids of expressions
	texts    map[string]string // ids of licence texts, by reference
	sources  map[string]string // ids of places of source code, by URL
}

func spdx3Of(inv *fnpkg.Inventory, o Options, base string) spdx3Doc {
	l := newLayout(inv)
	w := &spdx3Writer{
		base: base, ids: elementIDs(l, base), count: map[string]int{},
		parties: map[string]string{}, licenses: map[string]string{}, texts: map[string]string{}, sources: map[string]string{},
	}
	info := spdx3Element{
		Type: "CreationInfo", BlankID: spdx3Info, SpecVersion: spdx3Version,
		Created: formatTime(o.stamp(inv.Subject)), Comment: generationContext,
	}
	if info.Created == "" {
		info.Created = noTime
		info.Comment += " The time it was made is not known."
	}
	tool := w.add(spdx3Element{Type: "Tool", ID: w.id("Tool"), Name: o.tool()})
	info.CreatedUsing = []string{tool}
	if o.Author.IsZero() {
		info.CreatedBy = []string{w.add(spdx3Element{Type: "SoftwareAgent", ID: w.id("Agent"), Name: toolName})}
	} else {
		info.CreatedBy = []string{w.party(o.Author, "urlScheme")}
	}

	w.packageOf(l.root, o)
	for _, part := range l.parts {
		w.packageOf(part, o)
	}
	for _, u := range l.units() {
		for i, c := range u.inv.Components {
			w.component(u, c, u.refs[i], o)
		}
	}
	w.relations(l)

	doc := spdx3Element{Type: "SpdxDocument", ID: w.id("Document"), CreationInfo: spdx3Info, Name: inv.Subject.Name, Conformance: []string{"core", "software", "simpleLicensing"}}
	if o.DataLicense != "" {
		doc.DataLicense = w.license(licenseText{expression: o.DataLicense})
	}
	var all []string
	for _, e := range w.elements {
		all = append(all, e.ID)
	}
	sbom := spdx3Element{
		Type: "software_Sbom", ID: w.id("Sbom"), CreationInfo: spdx3Info, SBOMTypes: []string{"analyzed"},
		RootElements: []string{w.ids[rootRef]}, Elements: all,
	}
	doc.RootElements = []string{sbom.ID}
	doc.Elements = append(slices.Clone(all), sbom.ID)
	return spdx3Doc{Context: spdx3Context, Graph: append([]spdx3Element{info, doc, sbom}, w.elements...)}
}

// id returns a new id that begins with word: the first is the word alone.
func (w *spdx3Writer) id(word string) string {
	w.count[word]++
	if n := w.count[word]; n > 1 {
		word += "-" + strconv.Itoa(n)
	}
	return w.base + word
}

// add lists an element and returns its id.
func (w *spdx3Writer) add(e spdx3Element) string {
	e.CreationInfo = spdx3Info
	w.elements = append(w.elements, e)
	return e.ID
}

// party returns the id of an agent, one for all uses. urlAs is the kind of
// identifier its URL is: BSI TR-03183-2 names the creator of a document and
// that of a component in different ways.
func (w *spdx3Writer) party(p fnpkg.Party, urlAs string) string {
	key := urlAs + "\x00" + p.Name + "\x00" + p.Email + "\x00" + p.URL
	if id, ok := w.parties[key]; ok {
		return id
	}
	e := spdx3Element{Type: "Organization", ID: w.id("Party"), Name: partyName(p)}
	if p.Email != "" {
		e.Identifiers = append(e.Identifiers, spdx3Identifier{"ExternalIdentifier", "email", p.Email})
	}
	if p.URL != "" {
		e.Identifiers = append(e.Identifiers, spdx3Identifier{"ExternalIdentifier", urlAs, p.URL})
	}
	w.parties[key] = e.ID
	return w.add(e)
}

func (w *spdx3Writer) packageOf(u *unit, o Options) {
	s := u.inv.Subject
	e := spdx3Element{Type: "software_Package", ID: w.ids[u.ref], Name: s.Name, PrimaryPurpose: "application"}
	if !o.Supplier.IsZero() && u.ref == rootRef {
		e.SuppliedBy = w.party(o.Supplier, "other")
		e.OriginatedBy = []string{e.SuppliedBy}
	}
	if !s.Digest.IsZero() {
		e.Version = s.Digest.String()
		e.VerifiedUsing = spdx3Hashes(s.Digest.Hex(), s.SHA512)
		if e.PackageURL = packagePURL(s); e.PackageURL != "" {
			e.Identifiers = []spdx3Identifier{{"ExternalIdentifier", "packageUrl", e.PackageURL}}
		}
	}
	w.add(e)
	if s.Kind == fnpkg.KindZip {
		w.file(e, s.Name, true)
	}
	w.annotate(e.ID, packageProperties(u.inv, o.stamp(s)))
}

func (w *spdx3Writer) component(u *unit, c fnpkg.Component, ref string, o Options) {
	e := spdx3Element{
		Type: "software_Package", ID: w.ids[ref], Name: c.Name, Version: c.Version,
		PackageURL: c.PURL, PrimaryPurpose: "library", VerifiedUsing: spdx3Hashes(c.SHA256, c.SHA512),
		Identifiers: []spdx3Identifier{{"ExternalIdentifier", "packageUrl", c.PURL}},
	}
	if isAbsolute(c.Distribution.URL) {
		e.DownloadLocation = c.Distribution.URL
	}
	if !c.Producer.IsZero() {
		e.SuppliedBy = w.party(c.Producer, "other")
		e.OriginatedBy = []string{e.SuppliedBy}
	}
	if isAbsolute(c.SourceURL) {
		e.ExternalRefs = []spdx3Reference{{"ExternalRef", "vcs", []string{c.SourceURL}}}
	}
	for _, t := range c.LicenseTexts {
		e.AttributionTexts = append(e.AttributionTexts, textWithPath(t))
	}
	w.add(e)
	if file := singleFile(c); file != "" {
		w.file(e, path.Base(file), isArchive(file))
	}
	w.archive(e, c.Distribution)
	w.source(e.ID, c.SourceURL)
	if l := joinLicenses(c.Licenses); l.expression != "" {
		license := w.license(l)
		w.relate(e.ID, "hasDeclaredLicense", complete, license)
		if o.ConcludeLicenses {
			w.relate(e.ID, "hasConcludedLicense", complete, license)
		}
	}
	props := componentProperties(u, c)
	w.annotate(e.ID, append(props, placeProperties(c)...))
}

// archive adds the archive that a component was installed from: a file that is
// not in the package.
func (w *spdx3Writer) archive(of spdx3Element, d fnpkg.Distribution) {
	hashes := spdx3Hashes(d.SHA256, d.SHA512)
	if hashes == nil {
		return
	}
	e := spdx3Element{
		Type: "software_File", ID: w.id("Archive"), Name: of.Name + " " + of.Version, VerifiedUsing: hashes,
		PrimaryPurpose: "archive", Comment: archiveComment,
	}
	if isAbsolute(d.URL) {
		e.Name = path.Base(d.URL)
		e.ExternalRefs = []spdx3Reference{{"ExternalRef", "binaryArtifact", []string{d.URL}}}
	}
	w.relate(of.ID, "hasDistributionArtifact", complete, w.add(e))
}

// source adds the place a component's source code is kept at, in the form that
// BSI TR-03183-2 (§8.2) looks for: what generates the component.
func (w *spdx3Writer) source(of, url string) {
	if !isAbsolute(url) {
		return
	}
	id, ok := w.sources[url]
	if !ok {
		id = w.add(spdx3Element{
			Type: "software_File", ID: w.id("Source"), Name: path.Base(url), PrimaryPurpose: "source",
			ExternalRefs: []spdx3Reference{{"ExternalRef", "sourceArtifact", []string{url}}},
		})
		w.sources[url] = id
	}
	w.relate(id, "generates", complete, of)
}

// archiveComment tells the archive a component was installed from, as a lock
// file states it, from the file that it is in the package.
const archiveComment = "the archive that a lock file in the package states for the component"

// file adds the file that a package is, with the purposes in which BSI
// TR-03183-2 keeps its properties.
func (w *spdx3Writer) file(of spdx3Element, name string, archive bool) {
	purposes := []string{"executable", "firmware"} // unstructured
	if archive {
		purposes = []string{"executable", "archive", "container"} // structured
	}
	id := w.add(spdx3Element{
		Type: "software_File", ID: w.id("File"), Name: name, VerifiedUsing: of.VerifiedUsing,
		PrimaryPurpose: "executable", AdditionalPurpose: purposes,
		Comment: "software_additionalPurpose field is used to indicate the properties of BSI TR-03183-2",
	})
	w.relate(of.ID, "hasDistributionArtifact", complete, id)
}

func spdx3Hashes(sha256, sha512 string) []spdx3Hash {
	var out []spdx3Hash
	if sha256 != "" {
		out = append(out, spdx3Hash{"Hash", "sha256", sha256})
	}
	if sha512 != "" {
		out = append(out, spdx3Hash{"Hash", "sha512", sha512})
	}
	return out
}

// license returns the id of an expression, one for all uses.
func (w *spdx3Writer) license(l licenseText) string {
	if id, ok := w.licenses[l.expression]; ok {
		return id
	}
	e := spdx3Element{Type: "simplelicensing_LicenseExpression", ID: w.id("License"), LicenseExpression: l.expression}
	w.licenses[l.expression] = e.ID
	for _, ref := range slices.Sorted(maps.Keys(l.refs)) {
		if w.texts[ref] == "" {
			w.texts[ref] = w.add(spdx3Element{Type: "simplelicensing_SimpleLicensingText", ID: w.base + ref, LicenseText: l.refs[ref]})
		}
		e.CustomIDs = append(e.CustomIDs, spdx3Dictionary{"DictionaryEntry", ref, w.texts[ref]})
	}
	return w.add(e)
}

func (w *spdx3Writer) annotate(subject string, list []property) {
	w.add(spdx3Element{Type: "Annotation", ID: w.id("Annotation"), AnnotationType: "other", Subject: subject, Statement: propertyLines(list)})
}

func (w *spdx3Writer) relate(from, kind string, state completeness, to ...string) {
	if len(to) == 0 {
		return
	}
	word := map[completeness]string{complete: "complete", incomplete: "incomplete", unknown: "noAssertion"}[state]
	w.add(spdx3Element{Type: "Relationship", ID: w.id("Relationship"), From: from, RelationshipType: kind, To: to, Completeness: word})
}

// relations says what is contained in what, and what needs what.
func (w *spdx3Writer) relations(l *layout) {
	idsOf := func(refs []string) []string {
		out := make([]string, 0, len(refs))
		for _, r := range refs {
			out = append(out, w.ids[r])
		}
		slices.SortFunc(out, cmp.Compare)
		return out
	}
	if l.parts != nil {
		w.relate(w.ids[rootRef], "contains", complete, idsOf(l.root.direct)...)
	}
	for _, u := range l.units() {
		var contained []string
		for i, c := range u.inv.Components {
			if isContained(c) {
				contained = append(contained, u.refs[i])
			}
		}
		w.relate(w.ids[u.ref], "contains", u.components(), idsOf(contained)...)
		w.relate(w.ids[u.ref], "dependsOn", u.rootEdges(), idsOf(u.direct)...)
		for i, c := range u.inv.Components {
			w.relate(w.ids[u.refs[i]], "dependsOn", u.edges(c), idsOf(u.needs[i])...)
		}
	}
}
