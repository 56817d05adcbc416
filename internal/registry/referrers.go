package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/fnseal/fnseal/fnpkg"
)

// Caps on what a registry lists. A page is a manifest, and capped as one.
const maxPages = 256

// ociEmpty is the media type of a configuration that says nothing (image-spec,
// "Guidance for an Empty Descriptor").
const ociEmpty = "application/vnd.oci.empty.v1+json"

// Referrer is an artifact that says it refers to an image. All of it is the
// claim of whoever pushed it.
type Referrer struct {
	Digest       fnpkg.Digest // of its manifest
	ArtifactType string       // empty where the registry does not say
	Annotations  map[string]string

	descriptor descriptor
}

// Referrers lists the artifacts that refer to the manifest subject, at most
// limit of them. A registry without the referrers API is asked for the tag
// that stands for it (distribution specification, "Referrers Tag Schema").
// Entries that cannot be understood are passed over. A list that cannot be is
// a *fnpkg.FormatError or *fnpkg.LimitError; the latter comes with what was
// listed up to then.
func (r *Repository) Referrers(ctx context.Context, subject fnpkg.Digest, limit int64) ([]Referrer, error) {
	all, err := r.referrers(ctx, subject, limit)
	if err != nil {
		return all, fmt.Errorf("listing what refers to %s@%s: %w", r.repo, subject, err)
	}
	return all, nil
}

func (r *Repository) referrers(ctx context.Context, subject fnpkg.Digest, limit int64) ([]Referrer, error) {
	var all []Referrer
	next := r.url("referrers", subject.String())
	for range maxPages {
		page, err := r.page(ctx, next)
		if err != nil {
			return all, err
		}
		if page == nil { // no such API here
			if page, err = r.tagged(ctx, subject); err != nil || page == nil {
				return all, err
			}
		}
		more, err := parseReferrers(page.body)
		if err != nil {
			return all, err
		}
		for _, m := range more {
			if limit > 0 && int64(len(all)) == limit {
				return all, &fnpkg.LimitError{What: "referrers", Limit: limit, Got: limit + 1}
			}
			all = append(all, m)
		}
		if next, err = nextPage(page); next == "" || err != nil {
			return all, err
		}
	}
	return all, &fnpkg.LimitError{What: "pages of referrers", Limit: maxPages, Got: maxPages + 1}
}

// page asks the referrers API; nil means that the registry has none. Servers
// that know no such path answer with all sorts of things, some with a page for
// people.
func (r *Repository) page(ctx context.Context, address string) (*reply, error) {
	got, err := r.ask(ctx, request{
		method: http.MethodGet, url: address, limit: maxManifest,
		header: http.Header{"Accept": {ociIndex}},
		accept: []int{http.StatusOK, http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented},
	})
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK || strings.TrimSpace(mediaType(got.header.Get("Content-Type"))) != ociIndex {
		return nil, nil
	}
	return got, nil
}

// fallbackTag is the tag that lists what refers to subject where there is no
// API for it.
func fallbackTag(subject fnpkg.Digest) string { return "sha256-" + subject.Hex() }

// tagged reads the index under the tag that stands for the referrers API; nil
// means that there is none.
func (r *Repository) tagged(ctx context.Context, subject fnpkg.Digest) (*reply, error) {
	got, err := r.ask(ctx, request{
		method: http.MethodGet, url: r.url("manifests", fallbackTag(subject)), limit: maxManifest,
		header: http.Header{"Accept": {ociIndex}},
		accept: []int{http.StatusOK, http.StatusNotFound},
	})
	if err != nil {
		return nil, err
	}
	if got.status == http.StatusNotFound {
		return nil, nil
	}
	return got, nil
}

// nextPage returns the address of the page that follows (RFC 8288); empty if
// there is none. Credentials go with it, so it must be where this one was.
func nextPage(page *reply) (string, error) {
	for _, value := range page.header.Values("Link") {
		target, params, ok := strings.Cut(value, ">")
		if !ok || !strings.HasPrefix(target, "<") || !strings.Contains(strings.ReplaceAll(params, `"`, ""), "rel=next") {
			continue
		}
		u, err := url.Parse(target[1:])
		if err != nil {
			return "", formatError("the next page of its referrers has no usable address")
		}
		if u = page.from.ResolveReference(u); u.Scheme != page.from.Scheme || u.Host != page.from.Host {
			return "", formatError("the next page of its referrers is said to be on another host, %.200q", u.Host)
		}
		return u.String(), nil
	}
	return "", nil
}

// parseReferrers reads an index of referrers.
func parseReferrers(data []byte) ([]Referrer, error) {
	if err := checkKeys(data, "annotations"); err != nil {
		return nil, err
	}
	var index struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Manifests     []descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, &fnpkg.FormatError{Format: "container image", Reason: "the list of its referrers is no JSON of the expected form", Err: err}
	}
	if index.SchemaVersion != 2 || index.MediaType != "" && index.MediaType != ociIndex {
		return nil, formatError("the list of its referrers is no OCI index")
	}
	var all []Referrer
	for _, d := range index.Manifests {
		if d.parse() != nil || d.MediaType != ociManifest {
			continue
		}
		ref := Referrer{Digest: d.digest, ArtifactType: d.ArtifactType, Annotations: d.Annotations, descriptor: d}
		if ref.ArtifactType == ociEmpty {
			// The type of the configuration, which some list in its place.
			ref.ArtifactType = ""
		}
		all = append(all, ref)
	}
	return all, nil
}

// Stored is the only content of an artifact. Its size and type are claims
// until it was read.
type Stored struct {
	MediaType string
	Size      int64

	descriptor descriptor
}

// Stored returns where the content of an artifact is. What is wrong with the
// artifact is a *fnpkg.FormatError or *fnpkg.LimitError.
func (r *Repository) Stored(ctx context.Context, ref Referrer) (Stored, error) {
	doc, err := r.artifact(ctx, ref.descriptor)
	if err == nil && len(doc.Layers) != 1 {
		err = formatError("the artifact has %d layers, not one", len(doc.Layers))
	}
	if err == nil {
		err = doc.Layers[0].parse()
	}
	if err != nil {
		return Stored{}, fmt.Errorf("reading %s@%s: %w", r.repo, ref.Digest, err)
	}
	d := doc.Layers[0]
	return Stored{MediaType: d.MediaType, Size: d.Size, descriptor: d}, nil
}

// Read reads the content of an artifact, of at most limit bytes, and compares
// it with its digest. What is wrong with it is a *fnpkg.FormatError or
// *fnpkg.LimitError.
func (r *Repository) Read(ctx context.Context, s Stored, limit int64) ([]byte, error) {
	data, err := r.read(ctx, s.descriptor, limit)
	if err != nil {
		return nil, fmt.Errorf("reading %s@%s: %w", r.repo, s.descriptor.digest, err)
	}
	return data, nil
}

func (r *Repository) read(ctx context.Context, d descriptor, limit int64) ([]byte, error) {
	rc, err := r.blobs.blob(ctx, d)
	if err != nil {
		return nil, gone(err, d.digest)
	}
	return readBlob(rc, d, "artifact", limit)
}

// artifact reads the manifest of an artifact.
func (r *Repository) artifact(ctx context.Context, d descriptor) (*document, error) {
	rc, err := r.blobs.manifest(ctx, d)
	if err != nil {
		return nil, gone(err, d.digest)
	}
	data, err := readBlob(rc, d, "manifest", maxManifest)
	if err != nil {
		return nil, err
	}
	return parseArtifact(data)
}

// parseArtifact reads the manifest of an artifact.
func parseArtifact(data []byte) (*document, error) {
	if err := checkKeys(data, "annotations"); err != nil {
		return nil, err
	}
	doc := new(document)
	if err := json.Unmarshal(data, doc); err != nil {
		return nil, &fnpkg.FormatError{Format: "container image", Reason: "the manifest of an artifact is no JSON of the expected form", Err: err}
	}
	if doc.SchemaVersion != 2 || doc.MediaType != ociManifest || doc.Manifests != nil {
		return nil, formatError("the artifact has no OCI manifest")
	}
	return doc, nil
}

// gone makes a defect of a blob that is listed and not there.
func gone(err error, digest fnpkg.Digest) error {
	var te *transport.Error
	if errors.As(err, &te) && te.StatusCode == http.StatusNotFound {
		return &fnpkg.FormatError{Format: "container image", Reason: fmt.Sprintf("%s is listed and not there", digest), Err: err}
	}
	return err
}
