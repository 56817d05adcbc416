package sbom

// The parts of SPDX 2.3 in JSON that are written and read. Field names are
// those of the specification's JSON schema.

const (
	spdx2Version     = "SPDX-2.3"
	spdx2Document    = "SPDXRef-DOCUMENT"
	spdx2NoAssertion = "NOASSERTION"
	spdx2Namespace   = "https://spdx.org/spdxdocs/fnseal-"
)

type spdx2Doc struct {
	SPDXVersion       string             `json:"spdxVersion"`
	DataLicense       string             `json:"dataLicense"`
	SPDXID            string             `json:"SPDXID"`
	Name              string             `json:"name"`
	DocumentNamespace string             `json:"documentNamespace"`
	CreationInfo      spdx2CreationInfo  `json:"creationInfo"`
	DocumentDescribes []string           `json:"documentDescribes,omitempty"`
	Packages          []spdx2Package     `json:"packages"`
	Relationships     []spdx2Relation    `json:"relationships,omitempty"`
	ExtractedLicenses []spdx2LicenseInfo `json:"hasExtractedLicensingInfos,omitempty"`
}

type spdx2CreationInfo struct {
	Created            string   `json:"created"`
	Creators           []string `json:"creators"`
	LicenseListVersion string   `json:"licenseListVersion,omitempty"`
	Comment            string   `json:"comment,omitempty"`
}

type spdx2Package struct {
	SPDXID           string             `json:"SPDXID"`
	Name             string             `json:"name"`
	VersionInfo      string             `json:"versionInfo,omitempty"`
	PackageFileName  string             `json:"packageFileName,omitempty"`
	Supplier         string             `json:"supplier,omitempty"`
	Originator       string             `json:"originator,omitempty"`
	DownloadLocation string             `json:"downloadLocation"`
	FilesAnalyzed    bool               `json:"filesAnalyzed"`
	Checksums        []spdx2Checksum    `json:"checksums,omitempty"`
	LicenseConcluded string             `json:"licenseConcluded,omitempty"`
	LicenseDeclared  string             `json:"licenseDeclared,omitempty"`
	CopyrightText    string             `json:"copyrightText,omitempty"`
	SourceInfo       string             `json:"sourceInfo,omitempty"`
	AttributionTexts []string           `json:"attributionTexts,omitempty"`
	PrimaryPurpose   string             `json:"primaryPackagePurpose,omitempty"`
	ExternalRefs     []spdx2ExternalRef `json:"externalRefs,omitempty"`
	Annotations      []spdx2Annotation  `json:"annotations,omitempty"`
}

type spdx2Checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdx2ExternalRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdx2Annotation struct {
	Annotator string `json:"annotator"`
	Date      string `json:"annotationDate"`
	Type      string `json:"annotationType"`
	Comment   string `json:"comment"`
}

type spdx2Relation struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

type spdx2LicenseInfo struct {
	LicenseID     string `json:"licenseId"`
	ExtractedText string `json:"extractedText"`
	Name          string `json:"name,omitempty"`
}
