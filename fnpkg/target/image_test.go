package target_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/compression"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	kit "github.com/fnseal/fnseal/internal/testkit/imagekit"
)

// TestImages opens one image wherever it can be kept, both ways. A result is
// the kind and name of the package and the digest of which image it is, or the
// end of the error's text.
func TestImages(t *testing.T) {
	t.Setenv("HOME", os.DevNull)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	amd := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("app/index.py", "amd64")))
	arm := kit.Image(t, "linux/arm64", kit.Layer(t, kit.File("app/index.py", "arm64")))
	index := kit.Index(t, amd, arm)
	plain := kit.Image(t, "linux/amd64", kit.TarLayer(t, kit.Tar(t, kit.File("app/index.py", "amd64")), compression.None))
	host := kit.Serve(t, "", "", nil)
	kit.Push(t, host+"/team/app:v1", index, nil)
	named := kit.WriteLayout(t, map[string]mutate.Appendable{"registry.example/team/app:v1": index})
	two := kit.WriteLayout(t, map[string]mutate.Appendable{"one": amd, "two": arm})
	saved := kit.WriteSaved(t, map[string]v1.Image{"team/app:v1": plain})
	t.Chdir(t.TempDir())
	for name, path := range map[string]string{"layout": named, "two": two, "saved.tar": saved, "oci.tar": kit.Pack(t, named)} {
		if err := os.Rename(path, name); err != nil {
			t.Fatal(err)
		}
	}
	gzipFile(t, "saved.tar")
	gzipFile(t, "oci.tar")
	// A file of a reference's name is the file.
	if err := os.WriteFile("app:v1", sound, 0o644); err != nil {
		t.Fatal(err)
	}
	image := func(name string, img v1.Image) string { return "image " + name + " " + kit.Digest(t, img) }
	same := func(s string) [2]string { return [2]string{s, s} }
	const noDigest = "a docker archive holds no manifest, so the image in it has no exact digest"
	for _, c := range []struct {
		ref, platform string
		want          [2]string
	}{
		{host + "/team/app:v1", "", same(image("app", amd))},
		{host + "/team/app:v1", "linux/arm64", same(image("app", arm))},
		{host + "/team/app@" + kit.Digest(t, index), "linux/arm64", same(image("app", arm))},
		{host + "/team/app:v1@" + kit.Digest(t, arm), "", same(image("app", arm))},
		{"image:" + host + "/team/app:v1", "", same(image("app", amd))},
		{"docker://" + host + "/team/app:v1", "", same(image("app", amd))},
		{host + "/team/app:v1", "linux/s390x", same("there is no image for linux/s390x; there are images for linux/amd64, linux/arm64")},
		{host + "/team/app:v1", "linux", same(`platform "linux" is not of the form os/arch or os/arch/variant`)},
		{host + "/team/app:v2", "", same("MANIFEST_UNKNOWN: Unknown manifest")},
		{"app:v1", "", same("zip app:v1 sha256")},
		{"layout", "", same(image("app", amd))},
		{"layout", "linux/arm64", same(image("app", arm))},
		{"oci-layout:layout", "", same(image("app", amd))},
		{"oci-layout:layout:v1", "", same(image("app", amd))},
		{"oci-layout:layout:registry.example/team/app:v1", "", same(image("app", amd))},
		{"oci-layout:layout@" + kit.Digest(t, arm), "", same(image("app", arm))},
		{"oci-layout:layout:v2", "", same(`not found: no image is named "v2"; there are "registry.example/team/app:v1"`)},
		{"dir:layout", "", [2]string{"directory layout", "a directory has no exact digest"}},
		{"two", "", same(`it holds several images: name one of "one", "two"`)},
		{"oci-layout:two:two", "", same(image("two", arm))},
		{"oci.tar", "linux/arm64", same(image("app", arm))},
		{"oci-archive:oci.tar:v1", "", same(image("app", amd))},
		{"file:oci.tar", "", [2]string{"not a readable zip: it is a tar archive", "file oci.tar sha256"}},
		{"saved.tar", "", [2]string{"image app", "file saved.tar sha256"}},
		{"saved.tar", "linux/arm64", [2]string{"there is no image for linux/arm64; there are images for linux/amd64", "file saved.tar sha256"}},
		{"docker-archive:saved.tar", "", [2]string{"image app", noDigest}},
		{"docker-archive:saved.tar:team/app:v1", "", [2]string{"image app", noDigest}},
		{"docker-archive:saved.tar.gz:v1", "", [2]string{"image app", noDigest}},
		{"oci-archive:oci.tar.gz", "", same(image("app", amd))},
		{"saved.tar.gz", "", [2]string{"not a readable zip: it is gzip data", "file saved.tar.gz sha256"}},
		{"docker-archive:saved.tar:v2", "", same(`not found: no image is named "v2"; there are "team/app:v1"`)},
	} {
		for i, open := range openers {
			o := options()
			o.Offline = false
			o.Platform = c.platform
			got, err := describe(t, open, c.ref, o)
			if err != nil {
				got = err.Error()
			}
			if want := c.want[i]; got != want && (err == nil && !strings.HasPrefix(got, want) || err != nil && !strings.HasSuffix(got, ": "+want) && !strings.HasSuffix(got, "; "+want)) {
				t.Errorf("%s(%q) for %q:\n got %s\nwant %s", []string{"Open", "OpenArtifact"}[i], c.ref, c.platform, got, want)
			}
		}
	}
	if _, err := target.OpenArtifact(t.Context(), "docker-archive:saved.tar", options()); !errors.Is(err, fnpkg.ErrNoDigest) {
		t.Errorf("error %v, want fnpkg.ErrNoDigest", err)
	}
	if _, err := target.Open(t.Context(), host+"/team/app:v1", options()); !errors.Is(err, target.ErrOffline) {
		t.Errorf("error %v, want target.ErrOffline", err)
	}
}

var openers = []opener{target.Open, target.OpenArtifact}

// TestImageOnStdin reads an archive of images from a stream.
func TestImageOnStdin(t *testing.T) {
	image := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("app/index.py", "amd64")))
	path := kit.Pack(t, kit.WriteLayout(t, map[string]mutate.Appendable{"app:v1": image}))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Stdin = bytes.NewReader(data)
	got, err := describe(t, target.Open, "-", o)
	if want := "image app " + kit.Digest(t, image); err != nil || got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// TestArchiveIsClosed opens an archive of images, which nothing needs once it
// is read.
func TestArchiveIsClosed(t *testing.T) {
	image := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("app/index.py", "amd64")))
	path := kit.Pack(t, kit.WriteLayout(t, map[string]mutate.Appendable{"": image}))
	p, err := target.Open(t.Context(), path, options())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Name() != filepath.Base(path) {
		t.Errorf("an image without a name is called %q, want that of its file", p.Name())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c, err := p.Entries()[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var b [5]byte
	if _, err := c.ReadAt(b[:], 0); err != nil || string(b[:]) != "amd64" {
		t.Errorf("%q, %v", b, err)
	}
}

type opener = func(context.Context, string, target.Options) (fnpkg.Package, error)

// describe opens ref and returns the kind, name and digest of the package.
func describe(t *testing.T, open opener, ref string, o target.Options) (string, error) {
	t.Helper()
	p, err := open(t.Context(), ref, o)
	if err != nil {
		if p != nil {
			t.Errorf("%q: a package beside an error", ref)
		}
		return "", err
	}
	defer p.Close()
	got := string(p.Kind()) + " " + p.Name()
	if d, err := p.Digest(t.Context()); err == nil {
		got += " " + d.String()
	}
	return got, nil
}

// gzipFile writes the file at path compressed beside it.
func gzipFile(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".gz", b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
