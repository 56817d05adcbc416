package sbom

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// ErrNotSPDX3 is returned for bytes that are no SPDX 3.0 document in JSON-LD.
var ErrNotSPDX3 = errors.New("not an SPDX 3.0 document in JSON-LD")

var spdx3Head = regexp.MustCompile(`"https://spdx\.org/rdf/3\.0(\.[0-9]+)?/spdx-context\.jsonld"|"https://spdx\.github\.io/spdx-spec/v3\.0(\.[0-9]+)?/rdf/spdx-context\.jsonld"`)

// IsSPDX3 reports whether a file that begins with head may be an SPDX 3.0
// document in JSON-LD. The first kilobytes are enough for what most tools
// write.
func IsSPDX3(head []byte) bool {
	head = trimHead(head)
	return bytes.HasPrefix(head, []byte("{")) && spdx3Head.Match(head)
}

// ReadSPDX3 reads an SPDX document of version 3.0 in JSON-LD: a graph in the
// form its JSON schema prescribes, with the names of the SPDX context. Which
// components are read is said at ReadCycloneDX; the package that the document
// is about, its one root element, is the subject and no component.
func ReadSPDX3(r io.Reader) (*fnpkg.Inventory, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, named("an SPDX 3 document", err)
	}
	inv, err := readSPDX3(text)
	return inv, named("an SPDX 3 document", err)
}

// spdx3Node is any element as it is read: one value or several may stand as a
// text or a list, and what is named may be written in place.
type spdx3Node struct {
	Type         string     `json:"type"`
	LDType       string     `json:"@type"`
	SPDXID       string     `json:"spdxId"`
	LDID         string     `json:"@id"`
	CreationInfo spdx3Links `json:"creationInfo"`
	Name         string     `json:"name"`
	Created      string     `json:"created"`

	RootElements spdx3Links `json:"rootElement"`

	Version          string            `json:"software_packageVersion"`
	PackageURL       string            `json:"software_packageUrl"`
	DownloadLocation string            `json:"software_downloadLocation"`
	PrimaryPurpose   string            `json:"software_primaryPurpose"`
	OriginatedBy     spdx3Links        `json:"originatedBy"`
	SuppliedBy       spdx3Links        `json:"suppliedBy"`
	VerifiedUsing    []spdx3Hash       `json:"verifiedUsing"`
	Identifiers      []spdx3Identifier `json:"externalIdentifier"`
	ExternalRefs     []spdx3Reference  `json:"externalRef"`
	AttributionTexts spdx3Links        `json:"software_attributionText"`
	Comment          string            `json:"comment"`

	LicenseExpression string            `json:"simplelicensing_licenseExpression"`
	CustomIDs         []spdx3Dictionary `json:"simplelicensing_customIdToUri"`
	LicenseText       string            `json:"simplelicensing_licenseText"`

	Subject   spdx3Links `json:"subject"`
	Statement string     `json:"statement"`

	From             spdx3Links `json:"from"`
	RelationshipType string     `json:"relationshipType"`
	To               spdx3Links `json:"to"`
}

// spdx3Links are one text or several; of an object, its id.
type spdx3Links []string

func (l *spdx3Links) UnmarshalJSON(b []byte) error {
	var many []json.RawMessage
	if json.Unmarshal(b, &many) != nil {
		many = []json.RawMessage{b}
	}
	for _, one := range many {
		var text string
		if json.Unmarshal(one, &text) == nil {
			*l = append(*l, text)
			continue
		}
		var object struct {
			SPDXID string `json:"spdxId"`
			LDID   string `json:"@id"`
		}
		if json.Unmarshal(one, &object) == nil && object.SPDXID+object.LDID != "" {
			*l = append(*l, object.SPDXID+object.LDID)
		}
	}
	return nil
}

func (l spdx3Links) first() string {
	if len(l) == 0 {
		return ""
	}
	return l[0]
}

func (n *spdx3Node) id() string {
	if n.SPDXID != "" {
		return n.SPDXID
	}
	return n.LDID
}

func (n *spdx3Node) class() string {
	if n.Type != "" {
		return n.Type
	}
	return n.LDType
}

// spdx3Reader fills an inventory from an SPDX 3 document.
type spdx3Reader struct {
	*collector
	nodes      map[string]*spdx3Node
	properties map[string][]property
	declared   map[string][]string // licences of packages, by id
	concluded  map[string][]string
	artifacts  map[string][]string // files of packages
	created    string
}

func readSPDX3(text []byte) (*fnpkg.Inventory, error) {
	if err := checkDepth(text); err != nil {
		return nil, err
	}
	var doc struct {
		Graph []*spdx3Node `json:"@graph"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSPDX3, err)
	}
	if !spdx3Head.Match(text) || doc.Graph == nil {
		return nil, fmt.Errorf("%w: it has no @graph in the context of SPDX 3.0", ErrNotSPDX3)
	}
	d := spdx3Reader{
		collector: newCollector(), nodes: map[string]*spdx3Node{}, properties: map[string][]property{},
		declared: map[string][]string{}, concluded: map[string][]string{}, artifacts: map[string][]string{},
	}
	for _, n := range doc.Graph {
		if n == nil {
			continue
		}
		d.nodes[n.id()] = n
		switch n.class() {
		case "CreationInfo":
			d.created = n.Created
		case "Annotation":
			at := n.Subject.first()
			d.properties[at] = append(d.properties[at], parseProperties(n.Statement)...)
		case "Relationship", "LifecycleScopedRelationship":
			for _, from := range n.From {
				switch n.RelationshipType {
				case "hasDeclaredLicense":
					d.declared[from] = append(d.declared[from], n.To...)
				case "hasConcludedLicense":
					d.concluded[from] = append(d.concluded[from], n.To...)
				case "hasDistributionArtifact":
					d.artifacts[from] = append(d.artifacts[from], n.To...)
				}
			}
		}
	}
	subject := d.subject(doc.Graph)
	for _, n := range doc.Graph {
		if n == nil || n.class() != "software_Package" {
			continue
		}
		if err := d.component(); err != nil {
			return nil, err
		}
		switch {
		case n.id() == subject:
			d.readSubject(n)
		case isPackage(d.properties[n.id()]):
			d.purlOf[n.id()] = "" // one of several packages
		default:
			d.readPackage(n)
		}
	}
	if subject != "" {
		d.purlOf[subject] = ""
	}
	for _, n := range doc.Graph {
		if n == nil || n.RelationshipType != "dependsOn" {
			continue
		}
		for _, from := range n.From {
			for _, to := range n.To {
				if err := d.edge(from, to); err != nil {
					return nil, err
				}
			}
		}
	}
	return d.finish(), nil
}

// subject returns the one package a document is about: what its SBOM, or the
// document itself, has for a root. A single package that a registry knows is a
// component, as in ReadSPDX.
func (d *spdx3Reader) subject(graph []*spdx3Node) string {
	roots := map[string]bool{}
	packages := 0
	for _, n := range graph {
		if n == nil {
			continue
		}
		switch n.class() {
		case "software_Package":
			packages++
		case "software_Sbom", "SpdxDocument", "Bom":
			d.inv.Subject.Name = cmp.Or(d.inv.Subject.Name, n.Name) // until there is a better one
			for _, root := range n.RootElements {
				if r := d.nodes[root]; r != nil && r.class() == "software_Package" {
					roots[root] = true
				}
			}
		}
	}
	if len(roots) != 1 {
		return ""
	}
	for root := range roots {
		if packages > 1 || spdx3PURL(d.nodes[root]) == "" || isPackage(d.properties[root]) {
			return root
		}
	}
	return ""
}

func (d *spdx3Reader) readSubject(n *spdx3Node) {
	s := &d.inv.Subject
	s.Name = n.Name
	sha256, sha512 := spdx3ReadHashes(n.VerifiedUsing)
	if digest, err := fnpkg.ParseDigest("sha256:" + sha256); err == nil {
		s.Digest, s.SHA512 = digest, sha512
	}
	newest := ""
	for _, p := range d.properties[n.id()] {
		switch p.name {
		case propNewest:
			newest = p.value
		case propKind:
			if newest == "" && d.created != noTime {
				newest = d.created // the document is ours
			}
		}
		readPackageProperty(d.inv, p.name, p.value)
	}
	readNewest(s, newest)
}

func (d *spdx3Reader) readPackage(n *spdx3Node) {
	version := n.Version
	if version == spdx2NoAssertion {
		version = ""
	}
	read, err := identify(spdx3PURL(n), version)
	if err != nil {
		switch n.PrimaryPurpose {
		case "file", "operatingSystem":
		default:
			d.unread = append(d.unread, n.Name)
		}
		return
	}
	d.purlOf[n.id()] = read.PURL
	read.Licenses = d.licenses(d.declared[n.id()])
	if read.Licenses == nil {
		read.Licenses = d.licenses(d.concluded[n.id()])
	}
	if read.Producer = d.party(n.OriginatedBy); read.Producer.IsZero() {
		read.Producer = d.party(n.SuppliedBy)
	}
	for _, r := range n.ExternalRefs {
		if r.Kind == "vcs" && len(r.Locators) > 0 && isAbsolute(r.Locators[0]) && read.SourceURL == "" {
			read.SourceURL = r.Locators[0]
		}
	}
	for _, text := range n.AttributionTexts {
		if t, ok := readTextWithPath(text); ok {
			read.LicenseTexts = append(read.LicenseTexts, t)
		}
	}
	for _, p := range d.properties[n.id()] {
		readComponentProperty(&read, p.name, p.value)
	}
	d.readArchive(n, &read)
	sha256, sha512 := spdx3ReadHashes(n.VerifiedUsing)
	if len(read.Occurrences) > 0 || read.Distribution.URL == "" {
		read.SHA256, read.SHA512 = sha256, sha512
	} else if read.Distribution.SHA256+read.Distribution.SHA512 == "" {
		read.Distribution.SHA256, read.Distribution.SHA512 = sha256, sha512
	}
	d.add(read)
}

// readArchive reads what a component was installed from.
func (d *spdx3Reader) readArchive(n *spdx3Node, c *fnpkg.Component) {
	if isAbsolute(n.DownloadLocation) {
		c.Distribution.URL = n.DownloadLocation
	}
	for _, id := range d.artifacts[n.id()] {
		f := d.nodes[id]
		if f == nil || f.Comment != archiveComment {
			continue
		}
		c.Distribution.SHA256, c.Distribution.SHA512 = spdx3ReadHashes(f.VerifiedUsing)
	}
}

// spdx3PURL is the package URL of a package, empty if it has none.
func spdx3PURL(n *spdx3Node) string {
	if n.PackageURL != "" {
		return n.PackageURL
	}
	for _, id := range n.Identifiers {
		if id.Kind == "packageUrl" {
			return id.Identifier
		}
	}
	return ""
}

func spdx3ReadHashes(list []spdx3Hash) (sha256, sha512 string) {
	for _, h := range list {
		switch value := strings.ToLower(h.Value); {
		case h.Algorithm == "sha256" && isHex(value, 32):
			sha256 = value
		case h.Algorithm == "sha512" && isHex(value, 64):
			sha512 = value
		}
	}
	return sha256, sha512
}

// party reads an agent by its name and the identifiers that are contacts.
func (d *spdx3Reader) party(ids spdx3Links) fnpkg.Party {
	n := d.nodes[ids.first()]
	if n == nil || n.class() == "SoftwareAgent" {
		return fnpkg.Party{}
	}
	p := fnpkg.Party{Name: n.Name}
	for _, id := range n.Identifiers {
		switch {
		case id.Kind == "email" && isEmail(id.Identifier):
			p.Email = id.Identifier
		case (id.Kind == "urlScheme" || id.Kind == "other") && isURL(id.Identifier):
			p.URL = id.Identifier
		}
	}
	if p.Name == p.Email || p.Name == p.URL {
		p.Name = "" // it stood there because a name must
	}
	return p
}

// licenses reads what licence elements of any class say.
func (d *spdx3Reader) licenses(ids []string) []fnpkg.License {
	var out []fnpkg.License
	for _, id := range ids {
		n := d.nodes[id]
		// Licences of the list need no element of their own.
		if _, listed, ok := strings.Cut(id, "://spdx.org/licenses/"); ok && n == nil {
			out = append(out, splitLicenses(listed, nil)...)
		}
		if n == nil {
			continue
		}
		words := map[string]string{}
		for _, custom := range n.CustomIDs {
			if t := d.nodes[custom.Value]; t != nil && strings.HasPrefix(custom.Key, ownLicenseRef) {
				words[custom.Key] = t.LicenseText
			} else if t != nil && t.Name != "" {
				words[custom.Key] = t.Name
			}
		}
		switch n.class() {
		case "simplelicensing_LicenseExpression":
			out = append(out, splitLicenses(n.LicenseExpression, words)...)
		case "expandedlicensing_ListedLicense":
			_, listed, _ := strings.Cut(id, "://spdx.org/licenses/")
			out = append(out, splitLicenses(listed, nil)...)
		case "expandedlicensing_CustomLicense", "simplelicensing_SimpleLicensingText":
			if n.Name != "" {
				out = append(out, fnpkg.License{Name: n.Name})
			}
		}
	}
	return settle(out)
}
