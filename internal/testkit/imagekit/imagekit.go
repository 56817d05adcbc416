// Package imagekit makes container images for tests, of layers written entry
// by entry, and keeps them in a registry, an OCI image layout or an archive.
package imagekit

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/compression"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Entry is one entry of a layer.
type Entry struct {
	tar.Header
	Content string
}

// Time is the modification time of all entries made here.
var Time = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func entry(name string, kind byte, mode int64) Entry {
	return Entry{Header: tar.Header{Name: name, Typeflag: kind, Mode: mode, ModTime: Time, Format: tar.FormatPAX}}
}

// File is a regular file of mode 0644.
func File(name, content string) Entry {
	e := entry(name, tar.TypeReg, 0o644)
	e.Content, e.Size = content, int64(len(content))
	return e
}

// Dir is a directory.
func Dir(name string) Entry { return entry(name, tar.TypeDir, 0o755) }

// Symlink is a symbolic link.
func Symlink(name, target string) Entry {
	e := entry(name, tar.TypeSymlink, 0o777)
	e.Linkname = target
	return e
}

// Hardlink is a hard link.
func Hardlink(name, target string) Entry {
	e := entry(name, tar.TypeLink, 0o644)
	e.Linkname = target
	return e
}

// Device is a character device.
func Device(name string, major, minor int64) Entry {
	e := entry(name, tar.TypeChar, 0o666)
	e.Devmajor, e.Devminor = major, minor
	return e
}

// Whiteout removes a name that a lower layer has.
func Whiteout(dir, name string) Entry { return File(dir+".wh."+name, "") }

// Opaque removes all that lower layers have in a directory.
func Opaque(dir string) Entry { return File(dir+".wh..wh..opq", "") }

// With returns the entry with other permissions.
func (e Entry) With(mode int64) Entry {
	e.Mode = mode
	return e
}

// Tar returns the entries as a tar archive.
func Tar(t testing.TB, entries ...Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := e.Header
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Layer returns the entries as a layer compressed with gzip.
func Layer(t testing.TB, entries ...Entry) v1.Layer {
	t.Helper()
	return TarLayer(t, Tar(t, entries...), compression.GZip)
}

// TarLayer returns a tar archive as a layer.
func TarLayer(t testing.TB, data []byte, c compression.Compression) v1.Layer {
	t.Helper()
	if c == compression.None {
		return static.NewLayer(data, types.OCIUncompressedLayer)
	}
	options := []tarball.LayerOption{tarball.WithCompression(c), tarball.WithMediaType(types.OCILayer)}
	if c == compression.ZStd {
		options[1] = tarball.WithMediaType(types.OCILayerZStd)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, options...)
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// Image returns an image of the layers for a platform such as
// "linux/arm64/v8".
func Image(t testing.TB, platform string, layers ...v1.Layer) v1.Image {
	t.Helper()
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		t.Fatal(err)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	config := v1.ConfigFile{
		OS: p.OS, Architecture: p.Architecture, Variant: p.Variant,
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{Cmd: []string{"app.handler"}, Env: []string{"LANG=C"}},
	}
	if img, err = mutate.ConfigFile(img, &config); err == nil {
		img, err = mutate.AppendLayers(img, layers...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Index returns an index of the images, each for its platform, and for each a
// manifest of provenance for the platform unknown/unknown, as builders write
// them.
func Index(t testing.TB, images ...v1.Image) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, img := range images {
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		attestation := Image(t, "unknown/unknown", static.NewLayer([]byte("{}"), "application/vnd.in-toto+json"))
		index = mutate.AppendManifests(index,
			mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{
				Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
				Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest"},
			}},
			mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: config.Platform()}},
		)
	}
	return index
}

// Digest returns the digest of an image or index as "sha256:…".
func Digest(t testing.TB, d interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	h, err := d.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// Serve starts a registry and returns its host. Where user is not empty it
// asks for that user's password, in the form of HTTP's Basic scheme. wrap, if
// not nil, stands before the registry.
func Serve(t testing.TB, user, password string, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	handler := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	if user != "" {
		inner := handler
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			inner.ServeHTTP(w, r)
		})
	}
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// WithoutReferrers stands before a registry that lacks the referrers API, as
// Serve's wrap.
func WithoutReferrers(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/referrers/") {
			http.NotFound(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// Push writes an image or index to a registry as ref.
func Push(t testing.TB, ref string, what remote.Taggable, auth authn.Authenticator) {
	t.Helper()
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if auth == nil {
		auth = authn.Anonymous
	}
	switch what := what.(type) {
	case v1.Image:
		err = remote.Write(r, what, remote.WithAuth(auth))
	case v1.ImageIndex:
		err = remote.WriteIndex(r, what, remote.WithAuth(auth))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// WriteLayout writes an OCI image layout of the images and indexes given under
// their names (the annotation org.opencontainers.image.ref.name; empty for
// none) and returns its directory.
func WriteLayout(t testing.TB, named map[string]mutate.Appendable) string {
	t.Helper()
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for name, what := range named {
		var options []layout.Option
		if name != "" {
			options = append(options, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": name}))
		}
		switch what := what.(type) {
		case v1.Image:
			err = path.AppendImage(what, options...)
		case v1.ImageIndex:
			err = path.AppendIndex(what, options...)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Pack writes the files of a directory into a tar archive beside it and
// returns its path: what "oci-archive" is of a layout.
func Pack(t testing.TB, dir string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// WriteSaved writes the images, by tag, into an archive as docker saved them
// before version 25, and returns its path.
func WriteSaved(t testing.TB, tagged map[string]v1.Image) string {
	t.Helper()
	images := make(map[name.Tag]v1.Image)
	for tag, img := range tagged {
		n, err := name.NewTag(tag)
		if err != nil {
			t.Fatal(err)
		}
		images[n] = img
	}
	path := filepath.Join(t.TempDir(), "saved.tar")
	if err := tarball.MultiWriteToFile(path, images); err != nil {
		t.Fatal(err)
	}
	return path
}
