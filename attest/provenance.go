package attest

// Provenance is the predicate of TypeSLSAProvenance: how an artifact was built
// (SLSA v1.0, provenance).
type Provenance struct {
	BuildDefinition BuildDefinition `json:"buildDefinition"`
	RunDetails      RunDetails      `json:"runDetails"`
}

// BuildDefinition is what went into a build.
type BuildDefinition struct {
	// BuildType is a URI that says how the rest is to be read.
	BuildType string `json:"buildType"`

	// ExternalParameters are those that whoever asked for the build controls,
	// InternalParameters those of the build system.
	ExternalParameters map[string]any `json:"externalParameters"`
	InternalParameters map[string]any `json:"internalParameters,omitempty"`

	ResolvedDependencies []Resource `json:"resolvedDependencies,omitempty"`
}

// RunDetails is what is known of one run of a build.
type RunDetails struct {
	Builder  Builder       `json:"builder"`
	Metadata BuildMetadata `json:"metadata,omitzero"`
}

// Builder is who ran the build.
type Builder struct {
	ID string `json:"id"`
}

// BuildMetadata tells runs apart.
type BuildMetadata struct {
	InvocationID string `json:"invocationId,omitempty"`
}

// Resource is something a build used (ResourceDescriptor,
// spec/v1/resource_descriptor.md).
type Resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// Statement says that subjects were built so.
func (p Provenance) Statement(subjects []Subject) (Statement, error) {
	return NewStatement(subjects, TypeSLSAProvenance, p)
}
