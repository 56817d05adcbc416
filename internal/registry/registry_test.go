package registry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/compression"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/fnseal/fnseal/fnpkg"
	kit "github.com/fnseal/fnseal/internal/testkit/imagekit"
)

// TestMain keeps the tests from the credentials of whoever runs them.
func TestMain(m *testing.M) {
	for _, name := range []string{"DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		os.Unsetenv(name)
	}
	os.Setenv("HOME", os.DevNull)
	os.Exit(m.Run())
}

// contents reads all layers of an image.
func contents(t testing.TB, img *Image) (string, error) {
	t.Helper()
	var all []byte
	for _, l := range img.Layers {
		r, err := l.Open(t.Context())
		if err != nil {
			return "", err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		if err != nil {
			return "", err
		}
		all = append(all, data...)
	}
	return string(all), nil
}

func platform(t testing.TB, s string) Platform {
	t.Helper()
	p, err := ParsePlatform(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// forms are the places one set of images can be kept in.
type forms struct {
	amd, arm, arm7 v1.Image
	index          v1.ImageIndex
	host           string
	layout, packed string
}

func newForms(t *testing.T) forms {
	f := forms{
		amd:  kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "amd64"))),
		arm:  kit.Image(t, "linux/arm64/v8", kit.Layer(t, kit.File("a", "arm64"))),
		arm7: kit.Image(t, "linux/arm/v7", kit.Layer(t, kit.File("a", "arm"))),
		host: kit.Serve(t, "", "", nil),
	}
	f.index = kit.Index(t, f.amd, f.arm, f.arm7)
	kit.Push(t, f.host+"/team/app:multi", f.index, nil)
	kit.Push(t, f.host+"/team/app:arm", f.arm, nil)
	f.layout = kit.WriteLayout(t, map[string]mutate.Appendable{"registry.example/team/app:multi": f.index, "arm": f.arm})
	f.packed = kit.Pack(t, f.layout)
	return f
}

// open opens the image of that tag or digest in one of the forms.
func (f forms) open(t *testing.T, form, selector string, o Options) (*Image, error) {
	t.Helper()
	switch form {
	case "registry":
		if strings.HasPrefix(selector, "sha256:") {
			return Pull(t.Context(), f.host+"/team/app@"+selector, o)
		}
		return Pull(t.Context(), f.host+"/team/app:"+selector, o)
	case "layout":
		return OpenLayout(t.Context(), f.layout, selector, o)
	}
	return openFile(t, f.packed, selector, o)
}

func openFile(t *testing.T, path, selector string, o Options) (*Image, error) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := ReadArchive(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	return a.Open(t.Context(), selector, o)
}

// TestPlatforms opens images of an index, and alone, in every form.
func TestPlatforms(t *testing.T) {
	f := newForms(t)
	index := kit.Digest(t, f.index)
	for _, form := range []string{"registry", "layout", "archive"} {
		for _, c := range []struct {
			selector, platform string
			want               v1.Image // nil if there is none
			index              bool
		}{
			{"multi", "", f.amd, true},
			{"multi", "linux/amd64", f.amd, true},
			{"multi", "linux/amd64/v1", f.amd, true},
			{"multi", "linux/arm64", f.arm, true},
			{"multi", "linux/arm64/v8", f.arm, true},
			{"multi", "linux/aarch64", f.arm, true},
			{"multi", "linux/arm", f.arm7, true},
			{"multi", "linux/arm/v7", f.arm7, true},
			{"multi", "linux/arm/v6", nil, true},
			{"multi", "linux/amd64/v3", nil, true},
			{"multi", "windows/amd64", nil, true},
			{"multi", "unknown/unknown", nil, true},
			{index, "linux/arm64", f.arm, true},
			{"arm", "", f.arm, false},
			{"arm", "linux/arm64", f.arm, false},
			{"arm", "linux/amd64", nil, false},
			{kit.Digest(t, f.amd), "", f.amd, false},
		} {
			name := fmt.Sprintf("%s %s %q", form, c.selector, c.platform)
			img, err := f.open(t, form, c.selector, Options{Platform: platform(t, c.platform)})
			if c.want == nil {
				var mismatch *PlatformError
				if !errors.As(err, &mismatch) || mismatch.Several || mismatch.Wanted.String() != c.platform || len(mismatch.Available) == 0 || slices.Contains(mismatch.Available, "unknown/unknown") {
					t.Errorf("%s: error %v, want a *PlatformError", name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if img.Digest.String() != kit.Digest(t, c.want) {
				t.Errorf("%s: digest %s, want %s", name, img.Digest, kit.Digest(t, c.want))
			}
			if got := img.Index.String() == index; got != c.index || !got && !img.Index.IsZero() {
				t.Errorf("%s: chosen from index %s", name, img.Index)
			}
			if _, err := contents(t, img); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if want := "team/app"; c.selector == "multi" && !strings.HasSuffix(img.Repository, want) {
				t.Errorf("%s: repository %q, want …/%s", name, img.Repository, want)
			}
			if err := img.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestOnlyImage opens the one image of an index, for whatever platform it is,
// unless another was asked for.
func TestOnlyImage(t *testing.T) {
	arm := kit.Image(t, "linux/arm64", kit.Layer(t, kit.File("a", "1")))
	dir := kit.WriteLayout(t, map[string]mutate.Appendable{"": kit.Index(t, arm)})
	img, err := OpenLayout(t.Context(), dir, "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if img.Digest.String() != kit.Digest(t, arm) || img.Config.Platform != platform(t, "linux/arm64") {
		t.Errorf("%s for %s", img.Digest, img.Config.Platform)
	}
	var mismatch *PlatformError
	if _, err := OpenLayout(t.Context(), dir, "", Options{Platform: platform(t, "linux/amd64")}); !errors.As(err, &mismatch) {
		t.Errorf("error %v, want a *PlatformError", err)
	}
}

// TestSeveral opens an index with two images for one platform.
func TestSeveral(t *testing.T) {
	index := kit.Index(t, kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "1"))), kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "2"))))
	dir := kit.WriteLayout(t, map[string]mutate.Appendable{"": index})
	_, err := OpenLayout(t.Context(), dir, "", Options{})
	var several *PlatformError
	if !errors.As(err, &several) || !several.Several {
		t.Errorf("error %v, want a *PlatformError", err)
	}
}

func TestParsePlatform(t *testing.T) {
	for in, want := range map[string]string{
		"linux/amd64": "linux/amd64", "Linux/x86_64": "linux/amd64", "linux/arm/V6": "linux/arm/v6", "linux/aarch64": "linux/arm64",
		"linux": "", "linux/": "", "/amd64": "", "a/b/c/d": "", "linux/amd 64": "", "linux/amd64:10": "", "linux/amd64,linux/arm64": "",
	} {
		p, err := ParsePlatform(in)
		if want == "" && err == nil || want != "" && (err != nil || p.String() != want) {
			t.Errorf("%q: %v, %v, want %q", in, p, err, want)
		}
	}
	if p, err := ParsePlatform(""); err != nil || !p.IsZero() {
		t.Errorf("empty: %v, %v", p, err)
	}
}

// TestSelectors names images of layouts and archives.
func TestSelectors(t *testing.T) {
	f := newForms(t)
	for _, form := range []string{"layout", "archive"} {
		for selector, want := range map[string]string{
			"registry.example/team/app:multi":   kit.Digest(t, f.amd),
			"app":                               ErrNotFound.Error(),
			"sha256:" + strings.Repeat("0", 64): ErrNotFound.Error(),
			"":                                  `it holds several images: name one of "arm", "registry.example/team/app:multi"`,
			"sha256:" + strings.Repeat("0", 63) + "A": ErrNotFound.Error(),
		} {
			img, err := f.open(t, form, selector, Options{})
			if err != nil {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s %q: error %v, want %s", form, selector, err, want)
				}
			} else if img.Digest.String() != want {
				t.Errorf("%s %q: digest %s, want %s", form, selector, img.Digest, want)
			}
		}
	}
}

// TestSaved opens what docker saved before it saved layouts too.
func TestSaved(t *testing.T) {
	plain := kit.Image(t, "linux/amd64", kit.TarLayer(t, kit.Tar(t, kit.File("a", "1")), compression.None), kit.TarLayer(t, kit.Tar(t, kit.File("b", "2")), compression.None))
	gzipped := kit.Image(t, "linux/arm64", kit.Layer(t, kit.File("a", "gz")))
	path := kit.WriteSaved(t, map[string]v1.Image{"registry.example/team/app:v1": plain, "other:v2": gzipped})
	img, err := openFile(t, path, "v1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !img.Digest.IsZero() || img.Repository != "registry.example/team/app" || len(img.Layers) != 2 {
		t.Errorf("image %+v", img)
	}
	if got, err := contents(t, img); err != nil || got != string(kit.Tar(t, kit.File("a", "1")))+string(kit.Tar(t, kit.File("b", "2"))) {
		t.Errorf("content %.100q, %v", got, err)
	}
	if img, err = openFile(t, path, "other:v2", Options{}); err != nil {
		t.Errorf("by its name: %v", err)
	} else if got, err := contents(t, img); err != nil || got != string(kit.Tar(t, kit.File("a", "gz"))) {
		t.Errorf("content %.100q, %v", got, err)
	}
	if _, err := openFile(t, path, "v2", Options{Platform: platform(t, "linux/amd64")}); err == nil || !strings.Contains(err.Error(), "no image for linux/amd64") {
		t.Errorf("another platform: error %v", err)
	}
	if _, err := openFile(t, path, "", Options{}); err == nil || !strings.Contains(err.Error(), "several images") {
		t.Errorf("no name: error %v", err)
	}
	if _, err := openFile(t, path, "v3", Options{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a name that is not there: error %v", err)
	}
}

func TestNotFound(t *testing.T) {
	host := kit.Serve(t, "", "", nil)
	for _, ref := range []string{host + "/none:v1", host + "/none@sha256:" + strings.Repeat("0", 64)} {
		if _, err := Pull(t.Context(), ref, Options{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: error %v, want ErrNotFound", ref, err)
		}
	}
	if _, err := Pull(t.Context(), "UPPER/case", Options{}); err == nil {
		t.Error("pulled by a name that is none")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Pull(cancelled, host+"/none:v1", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// TestCredentials pulls with those that docker is logged in with.
func TestCredentials(t *testing.T) {
	host := kit.Serve(t, "me", "secret", nil)
	image := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "1")))
	kit.Push(t, host+"/private:v1", image, &authn.Basic{Username: "me", Password: "secret"})
	if _, err := Pull(t.Context(), host+"/private:v1", Options{}); !errors.Is(err, ErrDenied) {
		t.Errorf("without: error %v, want ErrDenied", err)
	}
	login := func(password string) {
		t.Helper()
		dir := t.TempDir()
		auth := base64.StdEncoding.EncodeToString([]byte("me:" + password))
		data, err := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{"auth": auth}}})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("DOCKER_CONFIG", dir)
	}
	login("wrong")
	if _, err := Pull(t.Context(), host+"/private:v1", Options{}); !errors.Is(err, ErrDenied) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong password: error %v, want ErrDenied", err)
	}
	login("secret")
	img, err := Pull(t.Context(), host+"/private:v1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	if _, err := contents(t, img); err != nil || img.Digest.String() != kit.Digest(t, image) {
		t.Errorf("%s, %v", img.Digest, err)
	}
}

// TestTagIsResolvedOnce moves a tag while its image is being read.
func TestTagIsResolvedOnce(t *testing.T) {
	host := kit.Serve(t, "", "", nil)
	first, second := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "1"))), kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "2")))
	kit.Push(t, host+"/app:v1", first, nil)
	img, err := Pull(t.Context(), host+"/app:v1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	kit.Push(t, host+"/app:v1", second, nil)
	if got, err := contents(t, img); err != nil || got != string(kit.Tar(t, kit.File("a", "1"))) {
		t.Errorf("%.80q, %v", got, err)
	}
}

// TestPlainHTTP refuses to leave TLS where it is not this machine that is
// spoken to, whoever asks for it.
func TestPlainHTTP(t *testing.T) {
	for url, allowed := range map[string]bool{
		"http://127.0.0.1:1/v2/":         true,
		"http://localhost:1/v2/":         true,
		"http://[::1]:1/v2/":             true,
		"http://10.0.0.1:1/v2/":          false,
		"http://192.168.0.1/v2/":         false,
		"http://registry.local/v2/":      false,
		"http://localhost.example/v2/":   false,
		"http://127.0.0.1.example:1/v2/": false,
	} {
		// Nothing is reached: the context has ended.
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, permitted := range []bool{false, true} {
			_, err := newWire(permitted).RoundTrip(req)
			if refused := errors.Is(err, errPlainHTTP); refused == (allowed || permitted) {
				t.Errorf("%s (permitted %v): %v", url, permitted, err)
			}
		}
	}
	redirecting := kit.Serve(t, "", "", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://registry.example"+r.URL.Path, http.StatusFound)
		})
	})
	if _, err := Pull(t.Context(), redirecting+"/app:v1", Options{}); !errors.Is(err, errPlainHTTP) {
		t.Errorf("redirected: error %v", err)
	}
}

// TestLyingRegistry answers with other bytes than the digests say.
func TestLyingRegistry(t *testing.T) {
	image := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", strings.Repeat("content ", 10_000))))
	index := kit.Index(t, image)
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	layer := "/blobs/" + kit.Digest(t, layers[0])
	var mu sync.Mutex
	var lie func(path string, body []byte) []byte
	host := kit.Serve(t, "", "", func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			lie := lie
			mu.Unlock()
			if r.Method != http.MethodGet || lie == nil {
				inner.ServeHTTP(w, r)
				return
			}
			rec := &recorder{header: w.Header(), status: http.StatusOK}
			inner.ServeHTTP(rec, r)
			body := lie(r.URL.Path, rec.body.Bytes())
			w.Header().Del("Content-Length")
			w.WriteHeader(rec.status)
			w.Write(body)
		})
	})
	kit.Push(t, host+"/app:index", index, nil)
	kit.Push(t, host+"/app:v1", image, nil)
	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}
	on := func(part string, change func([]byte) []byte) func(string, []byte) []byte {
		return func(path string, body []byte) []byte {
			if strings.HasSuffix(path, part) {
				return change(body)
			}
			return body
		}
	}
	half := func(b []byte) []byte { return b[:len(b)/2] }
	longer := func(b []byte) []byte { return append(bytes.Clone(b), "more"...) }
	for name, c := range map[string]struct {
		ref    string
		change func(string, []byte) []byte
		works  bool
	}{
		"the truth":                {"/app:v1", on("nothing", flip), true},
		"another layer":            {"/app:v1", on(layer, flip), false},
		"a shorter layer":          {"/app:v1", on(layer, half), false},
		"a longer layer":           {"/app:v1", on(layer, longer), false},
		"no layer":                 {"/app:v1", on(layer, func([]byte) []byte { return nil }), false},
		"another configuration":    {"/app:v1", on(config.String(), flip), false},
		"a longer configuration":   {"/app:v1", on(config.String(), longer), false},
		"another manifest":         {"/app@" + kit.Digest(t, image), on("manifests/"+kit.Digest(t, image), func(b []byte) []byte { return append(bytes.Clone(b), ' ') }), false},
		"another one in the index": {"/app:index", on("manifests/"+kit.Digest(t, image), func(b []byte) []byte { return append(bytes.Clone(b), ' ') }), false},
		"an endless manifest":      {"/app:v1", on("manifests/v1", func(b []byte) []byte { return append(bytes.Clone(b), bytes.Repeat([]byte(" "), maxManifest)...) }), false},
	} {
		mu.Lock()
		lie = c.change
		mu.Unlock()
		img, err := Pull(t.Context(), host+c.ref, Options{})
		if err == nil {
			_, err = contents(t, img)
			img.Close()
		}
		if (err == nil) != c.works {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// TestDamagedLayout changes the files of a layout.
func TestDamagedLayout(t *testing.T) {
	layer := kit.Layer(t, kit.File("a", strings.Repeat("content ", 10_000)))
	image := kit.Image(t, "linux/amd64", layer)
	blob := func(digest string) string {
		return filepath.Join("blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
	}
	write := func(name, content string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644) }
	}
	change := func(name string, f func([]byte) []byte) func(dir string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err == nil {
				if err = os.Chmod(path, 0o644); err == nil {
					err = os.WriteFile(path, f(data), 0o644)
				}
			}
			return err
		}
	}
	flip := func(b []byte) []byte { b[len(b)-9] ^= 1; return b }
	cut := func(b []byte) []byte { return b[:len(b)-9] }
	manifest := blob(kit.Digest(t, image))
	for name, c := range map[string]struct {
		damage func(dir string) error
		want   string
	}{
		"no version":               {write("oci-layout", "{}"), "names no version 1"},
		"no JSON":                  {write("index.json", "<html>"), "no JSON"},
		"two JSONs":                {write("index.json", "{} {}"), "follows the JSON"},
		"no index":                 {func(dir string) error { return os.Remove(filepath.Join(dir, "index.json")) }, `reading "index.json"`},
		"a large index":            {write("index.json", strings.Repeat(" ", maxManifest+1)), "over the limit"},
		"schema version 1":         {write("index.json", `{"schemaVersion":1}`), "schema version"},
		"a key twice":              {write("index.json", `{"schemaVersion":2,"manifests":[],"manifests":[]}`), `"manifests" stands more than once`},
		"a key in two cases":       {write("index.json", `{"schemaVersion":2,"manifests":[],"Manifests":[]}`), `"Manifests" stands more than once`},
		"deep JSON":                {write("index.json", strings.Repeat("[", 1000)), "levels of JSON"},
		"index and manifest":       {write("index.json", `{"schemaVersion":2,"manifests":[],"layers":[]}`), "index at the same time"},
		"another media type":       {write("index.json", `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}`), "announced as"},
		"no image":                 {write("index.json", `{"schemaVersion":2,"manifests":[]}`), "no image in its index"},
		"another digest algorithm": {write("index.json", `{"schemaVersion":2,"manifests":[{"digest":"sha512:00"}]}`), "no usable digest"},
		"a digest with a path":     {write("index.json", `{"schemaVersion":2,"manifests":[{"digest":"sha256:../../../../etc/passwd"}]}`), "no usable digest"},
		"a negative size":          {write("index.json", `{"schemaVersion":2,"manifests":[{"size":-1,"digest":"`+kit.Digest(t, image)+`"}]}`), "is negative"},
		"another manifest":         {change(manifest, flip), "has the digest"},
		"a cut manifest":           {change(manifest, cut), "bytes, and its descriptor says"},
		"no manifest":              {func(dir string) error { return os.Remove(filepath.Join(dir, manifest)) }, "lacks the blob"},
		"another layer":            {change(blob(kit.Digest(t, layer)), flip), "has the digest"},
		"a cut layer":              {change(blob(kit.Digest(t, layer)), cut), "bytes, and its descriptor says"},
		"a layer that is a folder": {func(dir string) error {
			path := filepath.Join(dir, blob(kit.Digest(t, layer)))
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o755)
		}, "not a regular file"},
		"a layer elsewhere": {func(dir string) error {
			path := filepath.Join(dir, blob(kit.Digest(t, layer)))
			elsewhere := filepath.Join(t.TempDir(), "layer")
			if err := os.Rename(path, elsewhere); err != nil {
				return err
			}
			return os.Symlink(elsewhere, path)
		}, "escapes"},
	} {
		dir := kit.WriteLayout(t, map[string]mutate.Appendable{"": image})
		if err := c.damage(dir); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		img, err := OpenLayout(t.Context(), dir, "", Options{})
		if err == nil {
			_, err = contents(t, img)
			img.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestManifests parses what is and is not the manifest of an image.
func TestManifests(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	descriptor := `{"mediaType":%q,"size":1,"digest":"` + digest + `"}`
	config := fmt.Sprintf(descriptor, ociConfig)
	for name, c := range map[string]struct{ announced, text, want string }{
		"an image":         {ociManifest, `{"schemaVersion":2,"config":` + config + `,"layers":[]}`, ""},
		"of docker":        {dockerManifest, `{"schemaVersion":2,"mediaType":"` + dockerManifest + `","config":` + fmt.Sprintf(descriptor, dockerConfig) + `}`, ""},
		"announced badly":  {"application/json", `{"schemaVersion":2,"mediaType":"` + ociManifest + `","config":` + config + `}`, ""},
		"not announced":    {"", `{"schemaVersion":2,"config":` + config + `}`, "not the media type of an image"},
		"a chart":          {ociManifest, `{"schemaVersion":2,"config":` + fmt.Sprintf(descriptor, "application/vnd.cncf.helm.config.v1+json") + `}`, "an artifact whose configuration"},
		"no configuration": {ociManifest, `{"schemaVersion":2,"layers":[]}`, "names no configuration"},
		"an index too":     {ociManifest, `{"schemaVersion":2,"config":` + config + `,"manifests":[]}`, "index at the same time"},
		"an index instead": {ociManifest, `{"schemaVersion":2,"mediaType":"` + ociIndex + `"}`, "announced as"},
		"encrypted":        {ociManifest, `{"schemaVersion":2,"config":` + config + `,"layers":[` + fmt.Sprintf(descriptor, "application/vnd.oci.image.layer.v1.tar+encrypted") + `]}`, "encrypted"},
		"many layers":      {ociManifest, `{"schemaVersion":2,"config":` + config + `,"layers":[` + strings.TrimSuffix(strings.Repeat(config+",", maxLayers+1), ",") + `]}`, "over the limit"},
		"schema version 1": {"application/vnd.docker.distribution.manifest.v1+prettyjws", `{"schemaVersion":1}`, "given up"},
		"digests twice":    {ociManifest, `{"schemaVersion":2,"config":{"mediaType":"` + ociConfig + `","digest":"` + digest + `","Digest":"x"}}`, "more than once"},
		"own annotations":  {ociManifest, `{"schemaVersion":2,"config":` + config + `,"annotations":{"a":"1","A":"2"}}`, ""},
		"annotation twice": {ociManifest, `{"schemaVersion":2,"config":` + config + `,"annotations":{"a":"1","a":"2"}}`, "more than once"},
	} {
		_, err := parseDocument([]byte(c.text), c.announced)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestDiffIDs opens images whose configuration does not fit their layers.
func TestDiffIDs(t *testing.T) {
	layer := kit.Layer(t, kit.File("a", "1"))
	image := kit.Image(t, "linux/amd64", layer)
	for name, ids := range map[string][]v1.Hash{
		"its uncompressed bytes have the digest":              {{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}},
		"its manifest has 1 layers and its configuration 0":   {},
		"no usable diff ID":                                   {{Algorithm: "sha512", Hex: strings.Repeat("0", 128)}},
		"layers: 513 is over the limit of " + fmt.Sprint(512): make([]v1.Hash, maxLayers+1),
	} {
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		config = config.DeepCopy()
		config.RootFS.DiffIDs = ids
		changed, err := mutate.ConfigFile(image, config)
		if err != nil {
			t.Fatal(err)
		}
		dir := kit.WriteLayout(t, map[string]mutate.Appendable{"": changed})
		img, err := OpenLayout(t.Context(), dir, "", Options{})
		if err == nil {
			_, err = contents(t, img)
			img.Close()
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
}

// TestHostileArchives reads tar archives that are no sound archives of images.
func TestHostileArchives(t *testing.T) {
	many := make([]kit.Entry, maxMembers+1)
	for i := range many {
		many[i] = kit.File(fmt.Sprintf("f%d", i), "")
	}
	for name, c := range map[string]struct {
		entries []kit.Entry
		want    string
	}{
		"nothing":             {nil, "holds no image"},
		"another manifest":    {[]kit.Entry{kit.File("manifest.json", `{"name":"an extension"}`)}, "holds no image"},
		"a member twice":      {[]kit.Entry{kit.File("manifest.json", "[]"), kit.File("./manifest.json", "[]")}, "more than once in its archive"},
		"many members":        {many, "over the limit"},
		"links in circles":    {[]kit.Entry{kit.Symlink("manifest.json", "m"), kit.Symlink("m", "manifest.json")}, "holds no image"},
		"no configuration":    {[]kit.Entry{kit.File("manifest.json", `[{"Config":"c","Layers":[]}]`)}, `reading "c"`},
		"a path out of it":    {[]kit.Entry{kit.File("manifest.json", `[{"Config":"../../etc/passwd","Layers":[]}]`)}, `reading "../../etc/passwd"`},
		"no layer":            {[]kit.Entry{kit.File("manifest.json", `[{"Config":"c","Layers":["l"]}]`), kit.File("c", `{"rootfs":{"diff_ids":["sha256:`+strings.Repeat("0", 64)+`"]}}`)}, "lacks the layer"},
		"layers too few":      {[]kit.Entry{kit.File("manifest.json", `[{"Config":"c","Layers":[]}]`), kit.File("c", `{"rootfs":{"diff_ids":["sha256:`+strings.Repeat("0", 64)+`"]}}`)}, "0 layers and its configuration 1"},
		"a key in two cases":  {[]kit.Entry{kit.File("manifest.json", `[{"Config":"c","config":"d","Layers":[]}]`)}, "holds no image"},
		"a list that is long": {[]kit.Entry{kit.File("manifest.json", strings.Repeat(" ", maxSavedList+1))}, "holds no image"},
	} {
		path := filepath.Join(t.TempDir(), "a.tar")
		if err := os.WriteFile(path, kit.Tar(t, c.entries...), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := openFile(t, path, "", Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	cut := kit.Tar(t, kit.File("manifest.json", "[]"), kit.File("layer.tar", strings.Repeat("x", 5000)))[:3000]
	if _, err := ReadArchive(t.Context(), bytes.NewReader(cut), int64(len(cut))); err == nil {
		t.Error("read an archive that was cut off")
	}
}

// TestBothForms reads an archive as docker has written them since version 25:
// a layout, and the older list beside it. The layout counts.
func TestBothForms(t *testing.T) {
	image := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "1")))
	other := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("b", "2")))
	dir := kit.WriteLayout(t, map[string]mutate.Appendable{"docker.io/library/app:v1": image, "docker.io/library/other:v1": other})
	if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(`[{"Config":"x","RepoTags":["app:v1"],"Layers":[]}]`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, selector := range []string{"app:v1", "library/app:v1", "docker.io/library/app:v1", "index.docker.io/library/app:v1"} {
		img, err := openFile(t, kit.Pack(t, dir), selector, Options{})
		if err != nil {
			t.Errorf("%s: %v", selector, err)
		} else if img.Digest.String() != kit.Digest(t, image) || img.Repository != "docker.io/library/app" {
			t.Errorf("%s: %s of %s", selector, img.Digest, img.Repository)
		}
	}
	if _, err := openFile(t, kit.Pack(t, dir), "registry.example/app:v1", Options{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("another registry's: error %v, want ErrNotFound", err)
	}
}

// TestLinkedLayers reads an archive in which a layer is a link to another
// image's, as docker wrote them to save space.
func TestLinkedLayers(t *testing.T) {
	layer := kit.Tar(t, kit.File("a", "1"))
	diffID, _, err := v1.SHA256(bytes.NewReader(layer))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.tar")
	if err := os.WriteFile(path, kit.Tar(t,
		kit.File("manifest.json", `[{"Config":"c.json","RepoTags":null,"Layers":["two/layer.tar"]}]`),
		kit.File("c.json", `{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["`+diffID.String()+`"]}}`),
		kit.File("one/layer.tar", string(layer)),
		kit.Symlink("two/layer.tar", "../one/layer.tar"),
	), 0o644); err != nil {
		t.Fatal(err)
	}
	img, err := openFile(t, path, "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := contents(t, img)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(layer), got); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

// TestNestedIndexes finds an image in an index within an index, to a depth.
func TestNestedIndexes(t *testing.T) {
	image := kit.Image(t, "linux/amd64", kit.Layer(t, kit.File("a", "1")))
	index := kit.Index(t, image)
	for depth := range maxDepth + 1 {
		dir := kit.WriteLayout(t, map[string]mutate.Appendable{"": index})
		img, err := OpenLayout(t.Context(), dir, "", Options{})
		var limit *fnpkg.LimitError
		switch {
		case depth < maxDepth && (err != nil || img.Digest.String() != kit.Digest(t, image)):
			t.Errorf("depth %d: %v", depth, err)
		case depth == maxDepth && !errors.As(err, &limit):
			t.Errorf("depth %d: error %v, want a *fnpkg.LimitError", depth, err)
		}
		index = mutate.AppendManifests(kit.Index(t), mutate.IndexAddendum{Add: index})
	}
}

// FuzzDocuments parses manifests and configurations: what is accepted reads
// the same in a strict reader, with every key once.
func FuzzDocuments(f *testing.F) {
	digest := "sha256:" + strings.Repeat("0", 64)
	f.Add([]byte(`{"schemaVersion":2,"config":{"mediaType":"`+ociConfig+`","size":1,"digest":"`+digest+`"},"layers":[]}`), ociManifest)
	f.Add([]byte(`{"schemaVersion":2,"mediaType":"`+ociIndex+`","manifests":[{"digest":"`+digest+`","size":2,"platform":{"os":"linux"}}]}`), ociIndex)
	f.Add([]byte(`{"schemaVersion":2,"manifests":[],"Manifests":[]}`), ociIndex)
	f.Fuzz(func(t *testing.T, data []byte, mediaType string) {
		doc, err := parseDocument(data, mediaType)
		if err != nil {
			return
		}
		if isManifest(doc.MediaType) == isIndex(doc.MediaType) {
			t.Fatalf("accepted as %q", doc.MediaType)
		}
		if isManifest(doc.MediaType) && (doc.Config == nil || doc.Config.digest.IsZero() && doc.Config.DigestText != digest || len(doc.Manifests) > 0) {
			t.Fatalf("accepted a manifest %+v", doc)
		}
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(data, &keys); err != nil {
			t.Fatal(err)
		}
		for a := range keys {
			for b := range keys {
				if a != b && strings.EqualFold(a, b) {
					t.Fatalf("accepted with %q and %q", a, b)
				}
			}
		}
	})
}
