package sbom

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/fnseal/fnseal/fnpkg"
)

// ErrNotCycloneDX is returned for bytes that are no CycloneDX document.
var ErrNotCycloneDX = errors.New("not a CycloneDX document")

var (
	cycloneDXJSON = regexp.MustCompile(`"bomFormat"\s*:\s*"CycloneDX"|"\$schema"\s*:\s*"https?://cyclonedx\.org/`)
	cycloneDXXML  = regexp.MustCompile(`<(\w+:)?bom[\s>][^>]*http://cyclonedx\.org/schema/bom/`)
)

// IsCycloneDX reports whether a file that begins with head may be a CycloneDX
// document in JSON or XML. The first kilobytes are enough.
func IsCycloneDX(head []byte) bool {
	head = trimHead(head)
	if bytes.HasPrefix(head, []byte("<")) {
		return cycloneDXXML.Match(head)
	}
	return bytes.HasPrefix(head, []byte("{")) && cycloneDXJSON.Match(head)
}

// trimHead drops what may stand before a document.
func trimHead(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
}

// ReadCycloneDX reads a CycloneDX document in JSON or XML, of version 1.2 to
// 1.7 and by any tool.
//
// Components are those with a package URL, wherever they are nested. Files and
// operating systems are left out; other components without a valid package URL
// make a coverage row of the ecosystem UnreadEcosystem that counts and names
// them. A component of which the document does not say the origin is taken for
// shipped, so that nobody takes it for less than it may be. A merged document
// yields one inventory of all its packages' components.
func ReadCycloneDX(r io.Reader) (*fnpkg.Inventory, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, named("a CycloneDX document", err)
	}
	inv, err := readCycloneDX(text)
	return inv, named("a CycloneDX document", err)
}

func readCycloneDX(text []byte) (*fnpkg.Inventory, error) {
	bom, err := decodeCycloneDX(text)
	if err != nil {
		return nil, err
	}
	if bom.SpecVersion < cdx.SpecVersion1_2 {
		return nil, fmt.Errorf("%w: it states no version from 1.2 to 1.7", ErrNotCycloneDX)
	}
	d := cycloneDXReader{newCollector()}
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
	for _, dep := range deref(bom.Dependencies) {
		for _, ref := range deref(dep.Dependencies) {
			if err := d.edge(dep.Ref, ref); err != nil {
				return nil, err
			}
		}
	}
	return d.finish(), nil
}

func decodeCycloneDX(text []byte) (*cdx.BOM, error) {
	var bom cdx.BOM
	if bytes.HasPrefix(trimHead(text), []byte("<")) {
		if err := checkXML(text); err != nil {
			return nil, err
		}
		if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatXML).Decode(&bom); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotCycloneDX, err)
		}
		return &bom, nil
	}
	if err := checkDepth(text); err != nil {
		return nil, err
	}
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotCycloneDX, err)
	}
	if bom.BOMFormat != cdx.BOMFormat {
		return nil, fmt.Errorf("%w: bomFormat is %q", ErrNotCycloneDX, bom.BOMFormat)
	}
	return &bom, nil
}

// checkXML reads a whole XML text for what the decoder, which stops behind the
// root element, would let pass.
func checkXML(text []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(text))
	level, elements := 0, 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNotCycloneDX, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if level == 0 && elements > 0 {
				return fmt.Errorf("%w: more than one root element", ErrNotCycloneDX)
			}
			if level == 0 && (t.Name.Local != "bom" || !strings.HasPrefix(t.Name.Space, "http://cyclonedx.org/schema/bom/")) {
				return fmt.Errorf("%w: its root element is %.100q", ErrNotCycloneDX, t.Name.Local)
			}
			elements++
			if level++; level > maxDepth {
				return &fnpkg.LimitError{What: "levels of nesting", Limit: maxDepth, Got: int64(level)}
			}
		case xml.EndElement:
			level--
		}
	}
}

// cycloneDXReader fills an inventory from a CycloneDX document.
type cycloneDXReader struct{ *collector }

func (d cycloneDXReader) readSubject(c *cdx.Component, timestamp string) {
	s := &d.inv.Subject
	s.Name = c.Name
	sha256, sha512 := readHashes(c.Hashes)
	if digest, err := fnpkg.ParseDigest("sha256:" + sha256); err == nil {
		s.Digest, s.SHA512 = digest, sha512
	}
	newest := ""
	for _, p := range deref(c.Properties) {
		switch p.Name {
		case propNewest:
			newest = p.Value
		case propKind:
			if newest == "" {
				newest = timestamp // the document is ours
			}
		}
		readPackageProperty(d.inv, p.Name, p.Value)
	}
	readNewest(s, newest)
}

func (d cycloneDXReader) readComponents(list *[]cdx.Component) error {
	for _, c := range deref(list) {
		if err := d.component(); err != nil {
			return err
		}
		d.readComponent(c)
		if err := d.readComponents(c.Components); err != nil {
			return err
		}
	}
	return nil
}

func (d cycloneDXReader) readComponent(c cdx.Component) {
	if isPart(c) {
		d.purlOf[c.BOMRef] = "" // one of several packages
		return
	}
	read, err := identify(c.PackageURL, c.Version)
	if err != nil {
		switch {
		case c.Type == cdx.ComponentTypeFile || c.Type == cdx.ComponentTypeOS:
		default:
			d.unread = append(d.unread, c.Name)
		}
		return
	}
	if c.BOMRef != "" {
		d.purlOf[c.BOMRef] = read.PURL
	}
	read.Licenses = readLicenses(c.Licenses)
	if c.Manufacturer != nil {
		read.Producer = readParty(c.Manufacturer)
	} else if c.Supplier != nil {
		read.Producer = readParty(c.Supplier)
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
		readComponentProperty(&read, p.Name, p.Value)
	}
	if read.Origin == fnpkg.OriginBundled && c.Evidence != nil {
		read.Evidence = readMethods(c.Evidence.Identity)
	}
	if c.Evidence != nil {
		read.LicenseTexts = readTexts(c.Evidence.Licenses)
	}
	read.SHA256, read.SHA512 = readHashes(c.Hashes)
	for _, r := range deref(c.ExternalReferences) {
		switch {
		case r.URL == c.PackageURL && r.Type == cdx.ERTypeDistribution && read.Distribution == (fnpkg.Distribution{}):
			read.Distribution.SHA256, read.Distribution.SHA512 = readHashes(r.Hashes)
		case !isAbsolute(r.URL):
		case r.Type == cdx.ERTypeVCS && read.SourceURL == "":
			read.SourceURL = r.URL
		case r.Type == cdx.ERTypeDistribution && read.Distribution == (fnpkg.Distribution{}):
			read.Distribution.URL = r.URL
			read.Distribution.SHA256, read.Distribution.SHA512 = readHashes(r.Hashes)
		}
	}
	d.add(read)
}

// isPart tells the packages of a merged document from components.
func isPart(c cdx.Component) bool {
	for _, p := range deref(c.Properties) {
		if p.Name == propKind {
			return c.Type == cdx.ComponentTypeApplication
		}
	}
	return false
}

// isAbsolute tells a place elsewhere from a path in the package.
func isAbsolute(ref string) bool {
	u, err := url.Parse(ref)
	return err == nil && u.IsAbs() && isIRI(ref)
}

func readParty(e *cdx.OrganizationalEntity) fnpkg.Party {
	p := fnpkg.Party{Name: e.Name}
	for _, u := range deref(e.URL) {
		if isURL(u) {
			p.URL = u
			break
		}
	}
	for _, c := range deref(e.Contact) {
		if isEmail(c.Email) {
			p.Email = c.Email
			break
		}
	}
	if p.Name == p.Email || p.Name == p.URL {
		p.Name = "" // it stood there because a name must
	}
	return p
}

func readHashes(list *[]cdx.Hash) (sha256, sha512 string) {
	for _, h := range deref(list) {
		switch value := strings.ToLower(h.Value); {
		case h.Algorithm == cdx.HashAlgoSHA256 && isHex(value, 32):
			sha256 = value
		case h.Algorithm == cdx.HashAlgoSHA512 && isHex(value, 64):
			sha512 = value
		}
	}
	return sha256, sha512
}

// readMethods reads by what a recovered component was recognised.
func readMethods(choice *cdx.EvidenceIdentityChoice) []fnpkg.Evidence {
	var out []fnpkg.Evidence
	if choice == nil {
		return nil
	}
	for _, id := range deref(choice.Identities) {
		for _, m := range deref(id.Methods) {
			if m.Confidence == nil {
				continue
			}
			if e, ok := parseEvidence(m.Value, exactly(*m.Confidence)); ok {
				out = append(out, e)
			}
		}
	}
	return out
}

func readTexts(choices *cdx.Licenses) []fnpkg.LicenseText {
	if choices == nil {
		return nil
	}
	var out []fnpkg.LicenseText
	for _, c := range *choices {
		if l := c.License; l != nil && l.Name != "" && l.Text != nil && l.Text.Encoding == "" && l.Text.Content != "" {
			out = append(out, fnpkg.LicenseText{Path: l.Name, Text: l.Text.Content})
		}
	}
	return out
}

// exactly converts by way of text, so that 0.7 does not become 0.699999988.
func exactly(f float32) float64 {
	out, _ := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	return out
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
			return exactly(*id.Confidence)
		}
	}
	return 1
}

func deref[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}
