package sbom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// ErrNotSPDX is returned for bytes that are no SPDX 2 document in JSON.
var ErrNotSPDX = errors.New("not an SPDX 2 document in JSON")

var spdx2Head = regexp.MustCompile(`"spdxVersion"\s*:\s*"SPDX-2\.[0-9]+"|"SPDXID"\s*:\s*"SPDXRef-DOCUMENT"`)

// IsSPDX reports whether a file that begins with head may be an SPDX 2
// document in JSON. The first kilobytes are enough.
func IsSPDX(head []byte) bool {
	head = trimHead(head)
	return bytes.HasPrefix(head, []byte("{")) && spdx2Head.Match(head)
}

// ReadSPDX reads an SPDX document in JSON, of version 2.2 or 2.3 and by any
// tool. Which components are read is said at ReadCycloneDX; the package that
// the document describes is the subject and no component.
func ReadSPDX(r io.Reader) (*fnpkg.Inventory, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, named("an SPDX document", err)
	}
	inv, err := readSPDX2(text)
	return inv, named("an SPDX document", err)
}

func readSPDX2(text []byte) (*fnpkg.Inventory, error) {
	if err := checkDepth(text); err != nil {
		return nil, err
	}
	var doc spdx2Doc
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSPDX, err)
	}
	switch doc.SPDXVersion {
	case "SPDX-2.2", "SPDX-2.3":
	case "":
		return nil, fmt.Errorf("%w: it states no spdxVersion", ErrNotSPDX)
	default:
		return nil, fmt.Errorf("%w: spdxVersion is %.20q, not SPDX-2.2 or SPDX-2.3", ErrNotSPDX, doc.SPDXVersion)
	}
	d := spdx2Reader{collector: newCollector(), words: map[string]string{}}
	for _, l := range doc.ExtractedLicenses {
		// Licences that only a long text describes are known by their id.
		if strings.HasPrefix(l.LicenseID, ownLicenseRef) {
			d.words[l.LicenseID] = l.ExtractedText
		} else if l.Name != "" && l.Name != spdx2NoAssertion {
			d.words[l.LicenseID] = l.Name
		}
	}
	subject := described(&doc)
	for _, p := range doc.Packages {
		if err := d.component(); err != nil {
			return nil, err
		}
		if p.SPDXID == subject {
			d.readSubject(p, doc.CreationInfo.Created)
			continue
		}
		d.readPackage(p)
	}
	if d.inv.Subject.Name == "" {
		d.inv.Subject.Name = doc.Name
	}
	d.purlOf[subject] = ""
	d.purlOf[spdx2Document] = ""
	if err := d.readRelations(doc.Relationships); err != nil {
		return nil, err
	}
	return d.finish(), nil
}

// described is the package a document is about. It is the document itself where
// that is not one package that stands for the others: then all are components,
// also a single one that a registry knows.
func described(doc *spdx2Doc) string {
	if len(doc.Packages) == 1 && purlOf(doc.Packages[0]) != "" && !isPackage(readProperties(doc.Packages[0].Annotations)) {
		return spdx2Document
	}
	roots := slices.Clone(doc.DocumentDescribes)
	for _, r := range doc.Relationships {
		switch {
		case r.Type == "DESCRIBES" && r.Element == spdx2Document:
			roots = append(roots, r.Related)
		case r.Type == "DESCRIBED_BY" && r.Related == spdx2Document:
			roots = append(roots, r.Element)
		}
	}
	slices.Sort(roots)
	if roots = slices.Compact(roots); len(roots) == 1 {
		return roots[0]
	}
	return spdx2Document
}

// spdx2Reader fills an inventory from an SPDX 2 document.
type spdx2Reader struct {
	*collector
	words map[string]string // of licences, by reference
}

func (d *spdx2Reader) readSubject(p spdx2Package, created string) {
	s := &d.inv.Subject
	s.Name = p.Name
	sha256, sha512 := spdx2Hashes(p.Checksums)
	if digest, err := fnpkg.ParseDigest("sha256:" + sha256); err == nil {
		s.Digest, s.SHA512 = digest, sha512
	}
	newest := ""
	for _, prop := range readProperties(p.Annotations) {
		switch prop.name {
		case propNewest:
			newest = prop.value
		case propKind:
			if newest == "" && created != noTime {
				newest = created // the document is ours
			}
		}
		readPackageProperty(d.inv, prop.name, prop.value)
	}
	readNewest(s, newest)
}

func (d *spdx2Reader) readPackage(p spdx2Package) {
	version := p.VersionInfo
	if version == spdx2NoAssertion {
		version = ""
	}
	props := readProperties(p.Annotations)
	if isPackage(props) {
		d.purlOf[p.SPDXID] = "" // one of several packages
		return
	}
	read, err := identify(purlOf(p), version)
	if err != nil {
		switch {
		case p.PrimaryPurpose == "FILE" || p.PrimaryPurpose == "OPERATING-SYSTEM":
		default:
			d.unread = append(d.unread, p.Name)
		}
		return
	}
	if p.SPDXID != "" {
		d.purlOf[p.SPDXID] = read.PURL
	}
	read.Licenses = splitLicenses(p.LicenseDeclared, d.words)
	if read.Licenses == nil {
		read.Licenses = splitLicenses(p.LicenseConcluded, d.words)
	}
	read.Producer = readSPDX2Party(p.Originator)
	if isAbsolute(p.DownloadLocation) {
		read.Distribution.URL = p.DownloadLocation
	}
	for _, prop := range props {
		readComponentProperty(&read, prop.name, prop.value)
	}
	if isAbsolute(p.SourceInfo) {
		read.SourceURL = p.SourceInfo
	}
	for _, text := range p.AttributionTexts {
		if t, ok := readTextWithPath(text); ok {
			read.LicenseTexts = append(read.LicenseTexts, t)
		}
	}
	sha256, sha512 := spdx2Hashes(p.Checksums)
	if p.PackageFileName != "" && len(read.Occurrences) > 0 {
		read.SHA256, read.SHA512 = sha256, sha512
	} else if read.Distribution.URL != "" {
		// What a checksum is of is not said: of what is downloaded, as a rule.
		read.Distribution.SHA256, read.Distribution.SHA512 = sha256, sha512
	}
	d.add(read)
}

// isPackage tells the packages of a document from their components.
func isPackage(props []property) bool {
	return slices.ContainsFunc(props, func(p property) bool { return p.name == propKind })
}

// purlOf is the package URL of a package, empty if it has none.
func purlOf(p spdx2Package) string {
	for _, ref := range p.ExternalRefs {
		// Writers differ in the separator of the category.
		if ref.Type == "purl" && strings.ReplaceAll(ref.Category, "_", "-") == "PACKAGE-MANAGER" {
			return ref.Locator
		}
	}
	return ""
}

func spdx2Hashes(list []spdx2Checksum) (sha256, sha512 string) {
	for _, c := range list {
		switch value := strings.ToLower(c.Value); {
		case c.Algorithm == "SHA256" && isHex(value, 32):
			sha256 = value
		case c.Algorithm == "SHA512" && isHex(value, 64):
			sha512 = value
		}
	}
	return sha256, sha512
}

// readSPDX2Party reads "Organization: name (email)".
func readSPDX2Party(text string) fnpkg.Party {
	kind, rest, ok := strings.Cut(text, ":")
	if !ok || kind != "Organization" && kind != "Person" {
		return fnpkg.Party{}
	}
	p := fnpkg.Party{Name: strings.TrimSpace(rest)}
	if name, ok := strings.CutSuffix(p.Name, ")"); ok {
		if i := strings.LastIndexByte(name, '('); i >= 0 && isEmail(name[i+1:]) {
			p = fnpkg.Party{Name: strings.TrimSpace(name[:i]), Email: name[i+1:]}
		}
	}
	switch {
	case p.Name == p.Email:
		p.Name = ""
	case p.Email == "" && isURL(p.Name):
		p = fnpkg.Party{URL: p.Name}
	case p.Email == "" && isEmail(p.Name):
		p = fnpkg.Party{Email: p.Name}
	}
	return p
}

// readProperties reads the properties in the annotations of an element.
func readProperties(list []spdx2Annotation) []property {
	var out []property
	for _, a := range list {
		out = append(out, parseProperties(a.Comment)...)
	}
	return out
}

// parseProperties reads what propertyLines wrote; nothing from other texts.
func parseProperties(text string) []property {
	if !strings.HasPrefix(text, "fnseal:") {
		return nil
	}
	var out []property
	for line := range strings.SplitSeq(text, "\n") {
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		if strings.HasPrefix(value, `"`) {
			unquoted, err := strconv.Unquote(value)
			if err != nil {
				continue
			}
			value = unquoted
		}
		out = append(out, property{name, value})
	}
	return out
}

// readRelations takes over what needs what, in the words of both directions.
func (d *spdx2Reader) readRelations(list []spdx2Relation) error {
	for _, r := range list {
		from, to := r.Element, r.Related
		switch r.Type {
		case "DEPENDS_ON", "HAS_PREREQUISITE":
		case "DEPENDENCY_OF", "BUILD_DEPENDENCY_OF", "DEV_DEPENDENCY_OF", "OPTIONAL_DEPENDENCY_OF",
			"PROVIDED_DEPENDENCY_OF", "RUNTIME_DEPENDENCY_OF", "PREREQUISITE_FOR":
			from, to = to, from
		default:
			continue
		}
		if err := d.edge(from, to); err != nil {
			return err
		}
	}
	return nil
}
