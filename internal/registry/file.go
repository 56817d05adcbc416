package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/fnseal/fnseal/fnpkg"
)

// FileArtifact is a file kept in a registry by itself.
type FileArtifact struct {
	Digest fnpkg.Digest // of its manifest
	File   fnpkg.Digest // of its content
	Size   int64        // of its content, in bytes

	manifest []byte
	layer    descriptor
}

// SplitReference takes a reference apart into a repository and a tag, which is
// "latest" where there is none, or a digest.
func SplitReference(ref string) (repository, identifier string, err error) {
	r, err := name.ParseReference(ref)
	if err != nil {
		return "", "", err
	}
	return r.Context().Name(), r.Identifier(), nil
}

// PushFile pushes a file, whose sha256 is sum, as an artifact of that type. It
// has no tag then.
func (r *Repository) PushFile(ctx context.Context, path string, sum fnpkg.Digest, artifactType string) (*FileArtifact, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	empty := []byte("{}")
	layer := pointer{MediaType: artifactType, Digest: sum.String(), Size: info.Size()}
	manifest, err := json.Marshal(artifactManifest{
		SchemaVersion: 2, MediaType: ociManifest, ArtifactType: artifactType,
		Config: pointerTo(ociEmpty, empty), Layers: []pointer{layer},
	})
	if err != nil {
		return nil, err
	}
	a := &FileArtifact{Digest: digestOf(manifest), File: sum, Size: info.Size(), manifest: manifest}
	err = r.pusher.Upload(ctx, r.repo, static.NewLayer(empty, types.MediaType(ociEmpty)))
	if err == nil {
		err = r.pusher.Upload(ctx, r.repo, fileLayer{path, layer})
	}
	if err == nil {
		err = r.put(ctx, a, a.Digest.String())
	}
	if err != nil {
		return nil, fmt.Errorf("pushing to %s: %w", r, answer(err))
	}
	return a, nil
}

// TagFile gives a file that was pushed a tag.
func (r *Repository) TagFile(ctx context.Context, a *FileArtifact, tag string) error {
	if err := r.put(ctx, a, tag); err != nil {
		return fmt.Errorf("pushing %s:%s: %w", r, tag, answer(err))
	}
	return nil
}

func (r *Repository) put(ctx context.Context, a *FileArtifact, as string) error {
	_, err := r.ask(ctx, request{
		method: http.MethodPut, url: r.url("manifests", as), body: a.manifest, limit: maxManifest,
		header: http.Header{"Content-Type": {ociManifest}},
		accept: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted},
	})
	return err
}

// FindFile finds the artifact of that type under a tag or digest.
func (r *Repository) FindFile(ctx context.Context, identifier, artifactType string) (*FileArtifact, error) {
	a, err := r.findFile(ctx, identifier, artifactType)
	if err != nil {
		return nil, fmt.Errorf("pulling %s, %s: %w", r, identifier, err)
	}
	return a, nil
}

func (r *Repository) findFile(ctx context.Context, identifier, artifactType string) (*FileArtifact, error) {
	got, err := r.ask(ctx, request{
		method: http.MethodGet, url: r.url("manifests", identifier), limit: maxManifest,
		header: http.Header{"Accept": {ociManifest}}, accept: []int{http.StatusOK},
	})
	if err != nil {
		return nil, err
	}
	a := &FileArtifact{Digest: digestOf(got.body), manifest: got.body}
	if want, err := fnpkg.ParseDigest(identifier); err == nil && want != a.Digest {
		return nil, formatError("its manifest has the digest %s, and %s was asked for", a.Digest, want)
	}
	doc, err := parseArtifact(got.body)
	if err != nil {
		return nil, err
	}
	if len(doc.Layers) != 1 || doc.Layers[0].MediaType != artifactType {
		return nil, formatError("it is no %s", artifactType)
	}
	a.layer = doc.Layers[0]
	if err := a.layer.parse(); err != nil {
		return nil, err
	}
	a.File, a.Size = a.layer.digest, a.layer.Size
	return a, nil
}

// ReadFile writes the content of an artifact to w. What was written is the
// artifact's only if there is no error: its digest is compared at the end.
func (r *Repository) ReadFile(ctx context.Context, a *FileArtifact, w io.Writer) error {
	rc, err := r.blobs.blob(ctx, a.layer)
	if err != nil {
		return gone(err, a.File)
	}
	defer rc.Close()
	_, err = io.Copy(w, newVerified(rc, a.File, a.Size))
	return err
}

// fileLayer is a file as go-containerregistry uploads it, from the disk.
type fileLayer struct {
	path string
	self pointer
}

func (l fileLayer) Digest() (v1.Hash, error) { return v1.NewHash(l.self.Digest) }
func (l fileLayer) DiffID() (v1.Hash, error) { return v1.NewHash(l.self.Digest) }
func (l fileLayer) Size() (int64, error)     { return l.self.Size, nil }
func (l fileLayer) MediaType() (types.MediaType, error) {
	return types.MediaType(l.self.MediaType), nil
}
func (l fileLayer) Compressed() (io.ReadCloser, error)   { return os.Open(l.path) }
func (l fileLayer) Uncompressed() (io.ReadCloser, error) { return nil, errors.ErrUnsupported }
