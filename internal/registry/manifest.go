package registry

import (
	"encoding/json"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Caps on what describes an image. Registries accept manifests of 4 MiB
// (distribution specification, "Pushing Manifests"); runtimes stack 128
// layers at most.
const (
	maxManifest  = 4 << 20
	maxConfig    = 8 << 20
	maxLayers    = 512
	maxManifests = 1000 // images in all indexes of one reference
	maxDepth     = 3    // indexes within indexes
)

// The media types of manifests, indexes and configurations.
const (
	ociManifest    = "application/vnd.oci.image.manifest.v1+json"
	ociIndex       = "application/vnd.oci.image.index.v1+json"
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	ociConfig      = "application/vnd.oci.image.config.v1+json"
	dockerConfig   = "application/vnd.docker.container.image.v1+json"
)

func isIndex(mediaType string) bool { return mediaType == ociIndex || mediaType == dockerIndex }
func isManifest(mediaType string) bool {
	return mediaType == ociManifest || mediaType == dockerManifest
}
func isConfig(mediaType string) bool { return mediaType == ociConfig || mediaType == dockerConfig }

// descriptor points at a blob (image-spec, "OCI Content Descriptors").
type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Size         int64             `json:"size"`
	DigestText   string            `json:"digest"`
	ArtifactType string            `json:"artifactType"`
	Platform     Platform          `json:"platform"`
	Annotations  map[string]string `json:"annotations"`

	digest fnpkg.Digest
}

// parse checks the digest; other algorithms than sha256 are not supported.
func (d *descriptor) parse() error {
	var err error
	if d.digest, err = fnpkg.ParseDigest(d.DigestText); err != nil {
		return &fnpkg.FormatError{Format: "container image", Reason: "a descriptor has no usable digest", Err: err}
	}
	if d.Size < 0 {
		return formatError("the size of %s is negative", d.digest)
	}
	return nil
}

// isImage reports whether what d points at can be an image or an index:
// builders list provenance beside the images, for the platform unknown.
func (d *descriptor) isImage() bool {
	// The artifact type of an image is that of its configuration.
	return (d.ArtifactType == "" || isConfig(d.ArtifactType)) && d.Platform.OS != "unknown" && d.Platform.Architecture != "unknown" &&
		d.Annotations["vnd.docker.reference.type"] == "" && (d.MediaType == "" || isIndex(d.MediaType) || isManifest(d.MediaType))
}

// document is a manifest or an index.
type document struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	ArtifactType  string       `json:"artifactType"`
	Config        *descriptor  `json:"config"`
	Layers        []descriptor `json:"layers"`
	Manifests     []descriptor `json:"manifests"`
}

// parseDocument reads a manifest or an index that was announced as being of
// mediaType. What two readers could take for different things is refused: a
// document that contradicts its announcement or is manifest and index at once
// (CVE-2021-41190), and keys given twice.
func parseDocument(data []byte, mediaType string) (*document, error) {
	if err := checkKeys(data, "annotations"); err != nil {
		return nil, err
	}
	var doc document
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, &fnpkg.FormatError{Format: "container image", Reason: "its manifest is no JSON of the expected form", Err: err}
	}
	announced := isIndex(mediaType) || isManifest(mediaType)
	switch {
	case !announced && (isIndex(doc.MediaType) || isManifest(doc.MediaType)):
		// Layouts need not, and some registries do not, say what it is.
	case !announced && doc.SchemaVersion == 1:
		return nil, formatError("its manifest is of schema version 1, which was given up in 2017")
	case !announced:
		return nil, formatError("%q is not the media type of an image", mediaType)
	case doc.MediaType == "":
		doc.MediaType = mediaType
	case doc.MediaType != mediaType:
		return nil, formatError("its manifest says it is %q, and was announced as %q", doc.MediaType, mediaType)
	}
	switch {
	case doc.SchemaVersion != 2:
		return nil, formatError("its manifest is of schema version %d, not 2", doc.SchemaVersion)
	case isIndex(doc.MediaType) && (doc.Config != nil || doc.Layers != nil),
		isManifest(doc.MediaType) && doc.Manifests != nil:
		return nil, formatError("its manifest is an index at the same time, and readers differ in which they see")
	case len(doc.Layers) > maxLayers:
		return nil, &fnpkg.LimitError{What: "layers", Limit: maxLayers, Got: int64(len(doc.Layers))}
	case len(doc.Manifests) > maxManifests:
		return nil, &fnpkg.LimitError{What: "images in an index", Limit: maxManifests, Got: int64(len(doc.Manifests))}
	}
	if isManifest(doc.MediaType) {
		return &doc, doc.checkManifest()
	}
	for i := range doc.Manifests {
		if d := &doc.Manifests[i]; d.isImage() {
			if err := d.parse(); err != nil {
				return nil, err
			}
		}
	}
	return &doc, nil
}

func (doc *document) checkManifest() error {
	if doc.Config == nil {
		return formatError("its manifest names no configuration")
	}
	if !isConfig(doc.Config.MediaType) {
		return formatError("it is an artifact whose configuration is of type %q, not a container image", doc.Config.MediaType)
	}
	if err := doc.Config.parse(); err != nil {
		return err
	}
	for i := range doc.Layers {
		d := &doc.Layers[i]
		if strings.Contains(d.MediaType, "+encrypted") {
			return formatError("a layer is encrypted")
		}
		if err := d.parse(); err != nil {
			return err
		}
	}
	return nil
}

// Config is what fnseal reads of an image's configuration (image-spec, "OCI
// Image Configuration").
type Config struct {
	Platform
	Runtime struct {
		Entrypoint []string
		Cmd        []string
		Env        []string // NAME=value
		WorkingDir string
		User       string
		Labels     map[string]string
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// parseConfig reads a configuration and returns it with its diff IDs.
func parseConfig(data []byte) (Config, []fnpkg.Digest, error) {
	var c Config
	if err := checkKeys(data, "config", "container_config", "history"); err != nil {
		return c, nil, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, nil, &fnpkg.FormatError{Format: "container image", Reason: "its configuration is no JSON of the expected form", Err: err}
	}
	if len(c.RootFS.DiffIDs) > maxLayers {
		return c, nil, &fnpkg.LimitError{What: "layers", Limit: maxLayers, Got: int64(len(c.RootFS.DiffIDs))}
	}
	ids := make([]fnpkg.Digest, len(c.RootFS.DiffIDs))
	for i, text := range c.RootFS.DiffIDs {
		var err error
		if ids[i], err = fnpkg.ParseDigest(text); err != nil {
			return c, nil, &fnpkg.FormatError{Format: "container image", Reason: "its configuration has no usable diff ID", Err: err}
		}
	}
	return c, ids, nil
}
