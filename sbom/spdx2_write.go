package sbom

import (
	"bytes"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// noTime is what a document states that must state a time where none is known.
const noTime = "1970-01-01T00:00:00Z"

// generationContext says in which phase and of what a document was made, in
// formats that have no field for it.
const generationContext = "Made after the build, from the content of the package (post-build)."

// encodeSPDX2 writes an SPDX 2.3 document. Its namespace derives from its
// content, so that two documents have one only if they are the same.
func encodeSPDX2(inv *fnpkg.Inventory, o Options) ([]byte, error) {
	doc := spdx2Of(inv, o)
	id, err := idOf(doc)
	if err != nil {
		return nil, err
	}
	doc.DocumentNamespace = spdx2Namespace + id
	return marshal(doc)
}

// idOf is the UUID of a document that does not have it in it yet.
func idOf(doc any) (string, error) {
	text, err := json.Marshal(doc) // half the work of how it will be written
	if err != nil {
		return "", err
	}
	return contentUUID(text), nil
}

// marshal writes v as JSON the way every document of this package is.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// spdx2Writer makes the elements of one document.
type spdx2Writer struct {
	tool     string // as creator and annotator
	created  string
	ids      map[string]string // of elements, by reference
	licenses map[string]string // words by reference
}

func spdx2Of(inv *fnpkg.Inventory, o Options) *spdx2Doc {
	l := newLayout(inv)
	w := spdx2Writer{
		tool:    "Tool: " + o.tool(),
		created: formatTime(o.stamp(inv.Subject)), licenses: map[string]string{},
		ids: elementIDs(l, "SPDXRef-"),
	}
	info := spdx2CreationInfo{Creators: []string{w.tool}, Comment: generationContext}
	if w.created == "" {
		w.created = noTime
		info.Comment += " The time it was made is not known."
	}
	info.Created = w.created
	if !o.Author.IsZero() {
		info.Creators = append([]string{spdx2Party(o.Author)}, info.Creators...)
		if o.Author.URL != "" {
			info.Comment += " Creator: " + o.Author.URL
		}
	}
	doc := &spdx2Doc{
		SPDXVersion: spdx2Version, DataLicense: "CC0-1.0", SPDXID: spdx2Document,
		Name: inv.Subject.Name, CreationInfo: info,
	}

	doc.Packages = append(doc.Packages, w.packageOf(l.root, o))
	for _, part := range l.parts {
		doc.Packages = append(doc.Packages, w.packageOf(part, o))
	}
	for _, u := range l.units() {
		for i, c := range u.inv.Components {
			doc.Packages = append(doc.Packages, w.component(u, c, u.refs[i], o))
		}
	}
	doc.Relationships = w.relations(l)
	for _, ref := range slices.Sorted(maps.Keys(w.licenses)) {
		doc.ExtractedLicenses = append(doc.ExtractedLicenses, spdx2LicenseInfo{
			LicenseID: ref, ExtractedText: w.licenses[ref], Name: spdx2NoAssertion,
		})
	}
	return doc
}

// elementIDs names every package and component of a document: readable, of the
// characters SPDX allows, and unique.
func elementIDs(l *layout, prefix string) map[string]string {
	ids := map[string]string{}
	ids[l.root.ref] = prefix + "Package"
	for i, part := range l.parts {
		ids[part.ref] = prefix + "Package-" + strconv.Itoa(i+1)
	}
	for _, u := range l.units() {
		for i, c := range u.inv.Components {
			ids[u.refs[i]] = prefix + "Component-" + idString(c.Type+"-"+c.Name+"-"+c.Version) + "-" + shortHash(u.refs[i])
		}
	}
	return ids
}

// maxIDWords bounds the readable part of an element's id.
const maxIDWords = 100

func idString(words string) string {
	out := []byte(words[:min(len(words), maxIDWords)])
	for i, c := range out {
		if !isIDByte(c) {
			out[i] = '-'
		}
	}
	return string(out)
}

// spdx2Party names a creator. SPDX wants to know whether it is a person, which
// nothing tells: an organisation may have one member.
func spdx2Party(p fnpkg.Party) string {
	text := "Organization: " + partyName(p)
	if p.Email != "" {
		text += " (" + p.Email + ")"
	}
	return text
}

func (w *spdx2Writer) packageOf(u *unit, o Options) spdx2Package {
	s := u.inv.Subject
	out := spdx2Package{
		SPDXID: w.ids[u.ref], Name: s.Name, PrimaryPurpose: "APPLICATION",
		DownloadLocation: spdx2NoAssertion, LicenseConcluded: spdx2NoAssertion,
		LicenseDeclared: spdx2NoAssertion, CopyrightText: spdx2NoAssertion,
	}
	if !o.Supplier.IsZero() && u.ref == rootRef {
		out.Supplier = spdx2Party(o.Supplier)
		out.Originator = out.Supplier
	}
	if !s.Digest.IsZero() {
		out.VersionInfo = s.Digest.String()
		out.PackageFileName = s.Name
		out.Checksums = spdx2Checksums(s.Digest.Hex(), s.SHA512)
		if id := packagePURL(s); id != "" {
			out.ExternalRefs = []spdx2ExternalRef{{Category: "PACKAGE-MANAGER", Type: "purl", Locator: id}}
		}
	}
	out.Annotations = w.annotations(packageProperties(u.inv, o.stamp(s)))
	return out
}

func (w *spdx2Writer) component(u *unit, c fnpkg.Component, ref string, o Options) spdx2Package {
	out := spdx2Package{
		SPDXID: w.ids[ref], Name: c.Name, VersionInfo: c.Version, PrimaryPurpose: "LIBRARY",
		DownloadLocation: spdx2NoAssertion, LicenseConcluded: spdx2NoAssertion,
		LicenseDeclared: spdx2NoAssertion, CopyrightText: spdx2NoAssertion,
		Checksums:    spdx2Checksums(c.SHA256, c.SHA512),
		ExternalRefs: []spdx2ExternalRef{{Category: "PACKAGE-MANAGER", Type: "purl", Locator: c.PURL}},
	}
	if c.Version == "" {
		out.VersionInfo = spdx2NoAssertion
	}
	props := componentProperties(u, c)
	props = append(props, placeProperties(c)...)
	if isAbsolute(c.Distribution.URL) {
		out.DownloadLocation = c.Distribution.URL
	}
	if d := c.Distribution; out.Checksums == nil && out.DownloadLocation == d.URL {
		out.Checksums = spdx2Checksums(d.SHA256, d.SHA512)
	} else {
		props = append(props, archiveProperties(d)...)
	}
	if !c.Producer.IsZero() {
		out.Originator = spdx2Party(c.Producer)
		out.Supplier = out.Originator
	}
	if file := singleFile(c); file != "" {
		out.PackageFileName = path.Base(file)
	}
	if l := joinLicenses(c.Licenses); l.expression != "" {
		out.LicenseDeclared = l.expression
		if o.ConcludeLicenses {
			out.LicenseConcluded = l.expression
		}
		maps.Copy(w.licenses, l.refs)
	}
	if isAbsolute(c.SourceURL) {
		out.SourceInfo = c.SourceURL
	}
	for _, t := range c.LicenseTexts {
		out.AttributionTexts = append(out.AttributionTexts, textWithPath(t))
	}
	out.Annotations = w.annotations(props)
	return out
}

// textWithPath puts the path of a licence file in front of what it says, as
// SPDX has one text for both.
func textWithPath(t fnpkg.LicenseText) string { return t.Path + ":\n\n" + t.Text }

func readTextWithPath(text string) (fnpkg.LicenseText, bool) {
	path, rest, ok := strings.Cut(text, ":\n\n")
	return fnpkg.LicenseText{Path: path, Text: rest}, ok && path != "" && !strings.Contains(path, "\n")
}

// archiveProperties are the hashes of an archive for which a format has no
// place beside those of a file.
func archiveProperties(d fnpkg.Distribution) []property {
	var list []property
	if d.SHA256 != "" {
		list = append(list, property{propArchive, "sha256:" + d.SHA256})
	}
	if d.SHA512 != "" {
		list = append(list, property{propArchive, "sha512:" + d.SHA512})
	}
	return list
}

func spdx2Checksums(sha256, sha512 string) []spdx2Checksum {
	var out []spdx2Checksum
	if sha256 != "" {
		out = append(out, spdx2Checksum{"SHA256", sha256})
	}
	if sha512 != "" {
		out = append(out, spdx2Checksum{"SHA512", sha512})
	}
	return out
}

// annotations keeps properties, for which SPDX 2.3 has no field, in one
// annotation.
func (w *spdx2Writer) annotations(list []property) []spdx2Annotation {
	return []spdx2Annotation{{Annotator: w.tool, Date: w.created, Type: "OTHER", Comment: propertyLines(list)}}
}

// propertyLines writes properties one in a line, "name=value", with a value
// quoted as in Go where it could be misread.
func propertyLines(list []property) string {
	lines := make([]string, 0, len(list))
	for _, p := range list {
		value := p.value
		if strings.HasPrefix(value, `"`) || strings.ContainsAny(value, "\r\n") {
			value = strconv.Quote(value)
		}
		lines = append(lines, p.name+"="+value)
	}
	return strings.Join(lines, "\n")
}

// relations says what is contained in what, and what needs what. A declared
// component is in no package, and one of the runtime neither.
func (w *spdx2Writer) relations(l *layout) []spdx2Relation {
	out := []spdx2Relation{{spdx2Document, "DESCRIBES", w.ids[rootRef]}}
	needs := func(from string, list []string) {
		for _, to := range list {
			out = append(out, spdx2Relation{w.ids[from], "DEPENDS_ON", w.ids[to]})
		}
	}
	for _, part := range l.parts {
		out = append(out, spdx2Relation{w.ids[rootRef], "CONTAINS", w.ids[part.ref]})
	}
	needs(rootRef, l.root.direct)
	for _, u := range l.units() {
		if u != l.root {
			needs(u.ref, u.direct)
		}
		for i, c := range u.inv.Components {
			if isContained(c) {
				out = append(out, spdx2Relation{w.ids[u.ref], "CONTAINS", w.ids[u.refs[i]]})
			}
			needs(u.refs[i], u.needs[i])
		}
	}
	return out
}

// isContained reports whether a component is in its package.
func isContained(c fnpkg.Component) bool {
	return c.Origin == fnpkg.OriginShipped || c.Origin == fnpkg.OriginBundled
}
