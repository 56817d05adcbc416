package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/fnseal/fnseal/fnpkg"
)

// Copy is an image or an index on its way from one repository to another.
// Nothing of it changes, so its digests stay.
type Copy struct {
	From, To *Repository
	Digest   fnpkg.Digest // of what is copied

	// Manifests are the digests of what bundles can refer to: of an index
	// itself and of the images in it.
	Manifests []fnpkg.Digest

	descriptor *remote.Descriptor
	tag        string // empty for none
}

// OpenCopy finds what from names, and opens where to names: a repository with a
// tag or without. It must be closed.
func OpenCopy(ctx context.Context, from, to string, o Options) (*Copy, error) {
	var options []name.Option
	if o.PlainHTTP {
		options = append(options, name.Insecure)
	}
	source, err := name.ParseReference(from, options...)
	if err != nil {
		return nil, err
	}
	repository, tag := splitTag(to)
	if strings.Contains(to, "@") {
		return nil, fmt.Errorf("%s: a digest cannot be chosen: that of %s stays", to, from)
	}
	if tag != "" {
		if _, err := name.NewTag(to, options...); err != nil {
			return nil, err
		}
	}
	c := &Copy{tag: tag}
	if c.From, err = OpenRepository(ctx, source.Context().Name(), ReadOnly, o); err != nil {
		return nil, err
	}
	if c.To, err = OpenRepository(ctx, repository, ReadWrite, o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := c.find(ctx, source, o); err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", from, answer(err)), c.Close())
	}
	return c, nil
}

// Close releases the connections.
func (c *Copy) Close() error {
	if c.From != nil {
		c.From.Close()
	}
	if c.To != nil {
		c.To.Close()
	}
	return nil
}

func (c *Copy) find(ctx context.Context, source name.Reference, o Options) error {
	got, doc, err := c.get(ctx, source)
	if err != nil {
		return err
	}
	r := &resolver{store: c.From.blobs, wanted: o.Platform}
	if isIndex(doc.MediaType) {
		all, err := r.candidates(ctx, descriptor{}, doc, 0)
		if err != nil {
			return err
		}
		if o.Platform.IsZero() {
			for _, image := range all {
				c.Manifests = append(c.Manifests, image.digest)
			}
		} else {
			chosen, err := choose(all, o.Platform)
			if err != nil {
				return err
			}
			if got, _, err = c.get(ctx, c.From.repo.Digest(chosen.digest.String())); err != nil {
				return err
			}
		}
	}
	c.descriptor, c.Digest = got, digestOf(got.Manifest)
	c.Manifests = append(c.Manifests, c.Digest)
	return nil
}

// get reads a manifest. The bytes decide, not what the registry says their
// digest is.
func (c *Copy) get(ctx context.Context, ref name.Reference) (*remote.Descriptor, *document, error) {
	got, err := c.From.blobs.puller.Get(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	if d, ok := ref.(name.Digest); ok && d.DigestStr() != digestOf(got.Manifest).String() {
		return nil, nil, formatError("its manifest has the digest %s, and %s was asked for", digestOf(got.Manifest), d.DigestStr())
	}
	doc, err := parseDocument(got.Manifest, strings.TrimSpace(mediaType(string(got.MediaType))))
	return got, doc, err
}

// Push copies the image or index with all that belongs to it. It has no tag
// then: whoever asks for a tag sees nothing of it yet.
func (c *Copy) Push(ctx context.Context) error {
	return c.push(ctx, c.To.repo.Digest(c.Digest.String()))
}

// Tag gives what was pushed the tag it was to have, if any.
func (c *Copy) Tag(ctx context.Context) error {
	if c.tag == "" {
		return nil
	}
	return c.push(ctx, c.To.repo.Tag(c.tag))
}

func (c *Copy) push(ctx context.Context, to name.Reference) error {
	if err := c.To.pusher.Push(ctx, to, c.descriptor); err != nil {
		return fmt.Errorf("pushing %s: %w", to, answer(err))
	}
	return nil
}

// String names the copy by its digest.
func (c *Copy) String() string { return fmt.Sprintf("%s@%s", c.To, c.Digest) }

// CopyReferrer copies an artifact that refers to the manifest subject from r to
// another repository, unchanged. Each of its blobs may have limit bytes.
func (r *Repository) CopyReferrer(ctx context.Context, to *Repository, subject fnpkg.Digest, ref Referrer, limit int64) error {
	if err := r.copyReferrer(ctx, to, subject, ref, limit); err != nil {
		return fmt.Errorf("copying %s@%s: %w", r.repo, ref.Digest, err)
	}
	return nil
}

func (r *Repository) copyReferrer(ctx context.Context, to *Repository, subject fnpkg.Digest, ref Referrer, limit int64) error {
	doc, err := r.artifact(ctx, ref.descriptor)
	if err != nil {
		return err
	}
	if doc.Config == nil {
		return formatError("the artifact has no configuration")
	}
	for _, d := range append([]descriptor{*doc.Config}, doc.Layers...) {
		if err := d.parse(); err != nil {
			return err
		}
		data, err := r.read(ctx, d, limit)
		if err != nil {
			return err
		}
		if err := to.pusher.Upload(ctx, to.repo, static.NewLayer(data, types.MediaType(d.MediaType))); err != nil {
			return answer(err)
		}
	}
	rc, err := r.blobs.manifest(ctx, ref.descriptor)
	if err != nil {
		return err
	}
	manifest, err := readBlob(rc, ref.descriptor, "manifest", maxManifest)
	if err != nil {
		return err
	}
	self := pointerTo(ociManifest, manifest)
	var own struct {
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
		Subject      *descriptor       `json:"subject"`
	}
	if err := json.Unmarshal(manifest, &own); err != nil {
		return err
	}
	if own.Subject == nil || own.Subject.DigestText != subject.String() {
		return formatError("the artifact does not refer to %s", subject)
	}
	self.ArtifactType, self.Annotations = own.ArtifactType, own.Annotations
	return to.publish(ctx, subject, self, manifest)
}
