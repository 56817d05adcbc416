package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/fnseal/fnseal/fnpkg"
)

// Artifact is something to be kept beside an image. The same artifact always
// makes the same manifest, so that attaching it twice is attaching it once.
type Artifact struct {
	Type        string // media type of the artifact and of its content
	Content     []byte
	Annotations map[string]string
}

// The wire form of an artifact; members are written in this order.
type artifactManifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        pointer           `json:"config"`
	Layers        []pointer         `json:"layers"`
	Subject       *pointer          `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// pointer is a descriptor as it is written.
type pointer struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

func pointerTo(mediaType string, data []byte) pointer {
	return pointer{MediaType: mediaType, Digest: digestOf(data).String(), Size: int64(len(data))}
}

// Attach pushes an artifact that refers to the manifest subject, which must be
// in the repository, and returns the digest of its manifest. Until the last
// step nobody sees anything of it. Several processes may attach to one image
// at the same time.
func (r *Repository) Attach(ctx context.Context, subject fnpkg.Digest, a Artifact) (fnpkg.Digest, error) {
	digest, err := r.attach(ctx, subject, a)
	if err != nil {
		return fnpkg.Digest{}, fmt.Errorf("attaching to %s@%s: %w", r.repo, subject, err)
	}
	return digest, nil
}

func (r *Repository) attach(ctx context.Context, subject fnpkg.Digest, a Artifact) (fnpkg.Digest, error) {
	var none fnpkg.Digest
	to, err := r.point(ctx, subject)
	if err != nil {
		return none, err
	}
	empty := []byte("{}")
	for _, blob := range [][]byte{empty, a.Content} {
		if err := r.pusher.Upload(ctx, r.repo, static.NewLayer(blob, types.MediaType(a.Type))); err != nil {
			return none, answer(err)
		}
	}
	manifest, err := json.Marshal(artifactManifest{
		SchemaVersion: 2, MediaType: ociManifest, ArtifactType: a.Type,
		Config: pointerTo(ociEmpty, empty), Layers: []pointer{pointerTo(a.Type, a.Content)},
		Subject: &to, Annotations: a.Annotations,
	})
	if err != nil {
		return none, err
	}
	self := pointerTo(ociManifest, manifest)
	self.ArtifactType, self.Annotations = a.Type, a.Annotations
	return digestOf(manifest), r.publish(ctx, subject, self, manifest)
}

// publish puts a manifest that refers to subject and sees to it that it is
// listed.
func (r *Repository) publish(ctx context.Context, subject fnpkg.Digest, self pointer, manifest []byte) error {
	put, err := r.ask(ctx, request{
		method: http.MethodPut, url: r.url("manifests", self.Digest), body: manifest, limit: maxManifest,
		header: http.Header{"Content-Type": {ociManifest}},
		accept: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted},
	})
	if err != nil {
		return err
	}
	// With this header the registry says that it lists the referrer itself.
	if put.header.Get("OCI-Subject") != "" {
		return nil
	}
	page, err := r.page(ctx, r.url("referrers", subject.String()))
	if page != nil || err != nil {
		return err
	}
	if err := r.tag(ctx, subject, self); err != nil {
		return fmt.Errorf("listing it under the tag %s: %w", fallbackTag(subject), err)
	}
	return nil
}

// point returns a descriptor of a manifest in the repository.
func (r *Repository) point(ctx context.Context, digest fnpkg.Digest) (pointer, error) {
	got, err := r.ask(ctx, request{
		method: http.MethodGet, url: r.url("manifests", digest.String()), limit: maxManifest,
		header: http.Header{"Accept": {ociManifest, dockerManifest, ociIndex, dockerIndex}},
		accept: []int{http.StatusOK},
	})
	if err != nil {
		return pointer{}, err
	}
	if have := digestOf(got.body); have != digest {
		return pointer{}, formatError("its manifest has the digest %s, and %s was asked for", have, digest)
	}
	// The manifest's own word counts; older ones have none.
	var own struct {
		MediaType string `json:"mediaType"`
	}
	if err := json.Unmarshal(got.body, &own); err != nil || own.MediaType == "" {
		own.MediaType = strings.TrimSpace(mediaType(got.header.Get("Content-Type")))
	}
	return pointerTo(own.MediaType, got.body), nil
}

// The tag that stands for the referrers API is read, added to and written
// back, and whoever writes between the two is overwritten. Registries that know
// conditional requests refuse such a write. For the others: a writer who
// overwrites read before the other wrote, and so is done a short while after.
// So each looks again after longer than that, and adds itself again if it is
// gone.
const (
	settleLeast = 200 * time.Millisecond
	maxRounds   = 40
)

var errContended = errors.New("other writers keep replacing it")

// tag adds a descriptor to the index under the tag that stands for the
// referrers API.
func (r *Repository) tag(ctx context.Context, subject fnpkg.Digest, self pointer) error {
	var window time.Duration // from reading to having written
	written := false
	for range maxRounds {
		began := time.Now()
		have, err := r.tagged(ctx, subject)
		if err != nil {
			return err
		}
		index, listed, err := withReferrer(have, self)
		if err != nil {
			return err
		}
		if listed {
			// Either it was there before anything was written, and nobody is
			// known to be writing, or it outlived every writer that could
			// have missed it.
			return nil
		}
		put, err := r.replace(ctx, subject, have, index)
		if err != nil {
			return err
		}
		if put.status == http.StatusPreconditionFailed {
			if err := sleep(ctx, rand.N(settleLeast)); err != nil {
				return err
			}
			continue
		}
		written = true
		window = max(window, time.Since(began))
		pause := max(settleLeast, 2*window)
		if err := sleep(ctx, pause+rand.N(pause)); err != nil {
			return err
		}
	}
	if !written {
		return errContended
	}
	return fmt.Errorf("added and lost %d times: %w", maxRounds, errContended)
}

// replace writes the index under the tag, unless the registry knows that it is
// no longer the one that was read.
func (r *Repository) replace(ctx context.Context, subject fnpkg.Digest, have *reply, index []byte) (*reply, error) {
	header := http.Header{"Content-Type": {ociIndex}}
	if have == nil {
		header.Set("If-None-Match", "*")
	} else if tag := have.header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		header.Set("If-Match", tag)
	}
	return r.ask(ctx, request{
		method: http.MethodPut, url: r.url("manifests", fallbackTag(subject)), body: index, limit: maxManifest,
		header: header,
		accept: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusPreconditionFailed},
	})
}

// withReferrer returns the index have with self added, or that self is listed
// in it. What else is in the index stays as it is.
func withReferrer(have *reply, self pointer) (index []byte, listed bool, err error) {
	members := map[string]json.RawMessage{}
	var manifests []json.RawMessage
	if have != nil {
		all, err := parseReferrers(have.body)
		if err != nil {
			return nil, false, err
		}
		if slices.ContainsFunc(all, func(r Referrer) bool { return r.Digest.String() == self.Digest }) {
			return nil, true, nil
		}
		if err := json.Unmarshal(have.body, &members); err != nil {
			return nil, false, err
		}
		if raw, ok := members["manifests"]; ok {
			if err := json.Unmarshal(raw, &manifests); err != nil {
				return nil, false, err
			}
		}
	}
	entry, err := json.Marshal(self)
	if err != nil {
		return nil, false, err
	}
	members["schemaVersion"] = json.RawMessage("2")
	members["mediaType"] = json.RawMessage(`"` + ociIndex + `"`)
	if members["manifests"], err = json.Marshal(append(manifests, entry)); err != nil {
		return nil, false, err
	}
	if index, err = json.Marshal(members); err != nil {
		return nil, false, err
	}
	if len(index) > maxManifest {
		return nil, false, &fnpkg.LimitError{What: "bytes of the list of referrers", Limit: maxManifest, Got: int64(len(index))}
	}
	return index, false, nil
}
