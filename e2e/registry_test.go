//go:build e2e

package e2e

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// startRegistry runs go-containerregistry's registry, which has the referrers
// API, and returns its host.
func startRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	return strings.Replace(strings.TrimPrefix(server.URL, "http://"), "127.0.0.1", "localhost", 1)
}

// startOldRegistry runs Debian's docker-registry, which lacks the referrers
// API, and returns its host.
func startOldRegistry(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	host := "localhost:" + freePorts(t, 1)[0]
	writeFile(t, filepath.Join(dir, "config.yml"), []byte("version: 0.1\nlog: {level: warn}\nstorage:\n  filesystem: {rootdirectory: "+
		filepath.Join(dir, "images")+"}\nhttp: {addr: "+strings.Replace(host, "localhost", "127.0.0.1", 1)+"}\n"))
	start(t, dir, tool(t, "docker-registry"), "serve", "config.yml")
	await(t, "http://"+host+"/v2/")
	return host
}

// push puts a small image into a repository and returns it.
func push(t *testing.T, repository string) artifact {
	t.Helper()
	img, err := random.Image(1024, 2)
	if err != nil {
		t.Fatal(err)
	}
	if img, err = mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: "amd64", RootFS: rootFS(t, img)}); err != nil {
		t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewDigest(repository + "@" + d.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatalf("pushing: %v", err)
	}
	digest, err := hex.DecodeString(d.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return artifact{content: image, ref: ref.String(), digest: digest}
}

func rootFS(t *testing.T, img v1.Image) v1.RootFS {
	t.Helper()
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return c.RootFS
}

// attach pushes a bundle as a referrer of an image, as the bundle
// specification of cosign says.
func attach(t *testing.T, image string, bundle []byte) {
	t.Helper()
	ref, err := name.NewDigest(image)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := remote.Head(ref)
	if err != nil {
		t.Fatal(err)
	}
	var manifest v1.Image = mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	manifest = mutate.ConfigMediaType(manifest, "application/vnd.oci.empty.v1+json")
	if manifest, err = mutate.AppendLayers(manifest, static.NewLayer(bundle, bundleType)); err != nil {
		t.Fatal(err)
	}
	manifest = mutate.Subject(manifest, *subject).(v1.Image)
	manifest = artifactTyped{manifest}
	d, err := manifest.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref.Context().Digest(d.String()), manifest); err != nil {
		t.Fatalf("attaching: %v", err)
	}
}

// artifactTyped adds the artifact type, which mutate cannot set.
type artifactTyped struct{ v1.Image }

func (a artifactTyped) RawManifest() ([]byte, error) {
	raw, err := a.Image.RawManifest()
	if err != nil {
		return nil, err
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	m["artifactType"] = bundleType
	return json.Marshal(m)
}

func (a artifactTyped) Digest() (v1.Hash, error) {
	raw, err := a.RawManifest()
	if err != nil {
		return v1.Hash{}, err
	}
	h, _, err := v1.SHA256(strings.NewReader(string(raw)))
	return h, err
}

func (a artifactTyped) Size() (int64, error) {
	raw, err := a.RawManifest()
	return int64(len(raw)), err
}

// attached returns the bundles that refer to an image, by the API or by the
// tag.
func attached(t *testing.T, image string) [][]byte {
	t.Helper()
	ref, err := name.NewDigest(image)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Referrers(ref)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, m := range manifest.Manifests {
		img, err := remote.Image(ref.Context().Digest(m.Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		layers, err := img.Layers()
		if err != nil || len(layers) != 1 {
			t.Fatalf("%s: %d layers, %v", m.Digest, len(layers), err)
		}
		if kind, err := layers[0].MediaType(); err != nil || string(kind) != bundleType {
			t.Fatalf("%s: layer of type %s, %v", m.Digest, kind, err)
		}
		content, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		content.Close()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}
