package sbom

// Names of the properties in which a document keeps what CycloneDX has no
// field for. They are stable.
const (
	propOrigin     = "fnseal:origin"     // of a component: shipped, bundled, declared, runtime
	propConfidence = "fnseal:confidence" // of a component, 0 to 1; absent when 1
	propFoundBy    = "fnseal:found-by"   // of a component: the technique

	propKind    = "fnseal:kind"           // of the package: zip, directory, …
	propSize    = "fnseal:size"           // of the package, in bytes
	propContent = "fnseal:content-digest" // of the package: scheme and digest
	propNewest  = "fnseal:newest-entry"   // of the package, where the timestamp says something else

	propCoverage = "fnseal:coverage:" // and an ecosystem: "<state> <files> <reason>"
	propHazard   = "fnseal:hazard:"   // and a hazard's id: the entry's name
)

// rootRef is the reference of the package itself. It is no purl, so that no
// component can have it.
const rootRef = "package"
