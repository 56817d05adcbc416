package attest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/registry"
	"github.com/fnseal/fnseal/internal/testkit/imagekit"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
)

// TestMain keeps the tests from the credentials of whoever runs them.
func TestMain(m *testing.M) {
	for _, name := range []string{"DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		os.Unsetenv(name)
	}
	os.Setenv("HOME", os.DevNull)
	os.Exit(m.Run())
}

// pushed is an image in a registry, opened for writing.
func pushed(t *testing.T, wrap func(http.Handler) http.Handler) (*registry.Repository, fnpkg.Digest) {
	t.Helper()
	host := imagekit.Serve(t, "", "", wrap)
	img := imagekit.Image(t, "linux/amd64", imagekit.Layer(t, imagekit.File("a", "1")))
	imagekit.Push(t, host+"/app:v1", img, nil)
	digest, err := fnpkg.ParseDigest(imagekit.Digest(t, img))
	if err != nil {
		t.Fatal(err)
	}
	repo, err := registry.OpenRepository(t.Context(), host+"/app", registry.ReadWrite, registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() })
	return repo, digest
}

// bundles returns a message signature and an attestation of a digest.
func bundles(t *testing.T, digest fnpkg.Digest) (signature, attestation []byte) {
	t.Helper()
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sign.New(key)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := attest.SubjectOf(fnpkg.Subject{Name: "app", Digest: digest})
	if err != nil {
		t.Fatal(err)
	}
	statement, err := attest.NewStatement([]attest.Subject{subject}, "https://example.com/note", json.RawMessage(`{"n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := statement.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if signature, err = s.SignDigest(t.Context(), digest); err != nil {
		t.Fatal(err)
	}
	if attestation, err = s.SignStatement(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	return signature, attestation
}

func texts(t *testing.T, items []attest.Item) []string {
	t.Helper()
	var out []string
	for _, i := range items {
		if i.Err != nil {
			t.Errorf("%s: %v", i.Source, i.Err)
		}
		if i.Named || !strings.HasPrefix(i.Source, "referrer sha256:") {
			t.Errorf("source %q, named %v", i.Source, i.Named)
		}
		out = append(out, string(i.JSON))
	}
	slices.Sort(out)
	return out
}

func TestPushBundles(t *testing.T) {
	for name, wrap := range map[string]func(http.Handler) http.Handler{"API": nil, "tag": imagekit.WithoutReferrers} {
		t.Run(name, func(t *testing.T) {
			repo, image := pushed(t, wrap)
			signature, attestation := bundles(t, image)
			if items, err := attest.PullBundles(t.Context(), repo, image, attest.DefaultLimits()); len(items) != 0 || err != nil {
				t.Errorf("before: %v, %v", show(items), err)
			}
			for range 2 { // pushing again adds nothing
				if err := attest.PushBundles(t.Context(), repo, image, signature, attestation); err != nil {
					t.Fatal(err)
				}
			}
			items, err := attest.PullBundles(t.Context(), repo, image, attest.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			want := []string{string(signature), string(attestation)}
			slices.Sort(want)
			if diff := cmp.Diff(want, texts(t, items)); diff != "" {
				t.Error(diff)
			}
			list, err := repo.Referrers(t.Context(), image, 0)
			if err != nil {
				t.Fatal(err)
			}
			var annotations []string
			for _, r := range list {
				annotations = append(annotations, r.Annotations["dev.sigstore.bundle.content"]+" "+r.Annotations["dev.sigstore.bundle.predicateType"])
			}
			slices.Sort(annotations)
			if diff := cmp.Diff([]string{"dsse-envelope https://example.com/note", "message-signature "}, annotations); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPushNoBundle pushes what is none: nothing of the call reaches the
// registry.
func TestPushNoBundle(t *testing.T) {
	repo, image := pushed(t, nil)
	signature, _ := bundles(t, image)
	for _, junk := range []string{`{}`, `[]`, `nothing`, `{"mediaType":"` + attest.BundleV03 + `"}`,
		strings.Replace(string(signature), "bundle.v0.3+json", "bundle+json;version=0.2", 1)} {
		if err := attest.PushBundles(t.Context(), repo, image, signature, []byte(junk)); err == nil {
			t.Errorf("pushed %s", junk)
		}
	}
	if list, err := repo.Referrers(t.Context(), image, 0); len(list) != 0 || err != nil {
		t.Errorf("%d listed, %v", len(list), err)
	}
}

// TestPullJunk pulls where anybody pushed anything: what claims to be a bundle
// is listed with what is wrong, other artifacts are not.
func TestPullJunk(t *testing.T) {
	repo, image := pushed(t, imagekit.WithoutReferrers)
	signature, _ := bundles(t, image)
	for _, a := range []registry.Artifact{
		{Type: attest.BundleV03, Content: signature},
		{Type: attest.BundleV03, Content: []byte("no JSON")},
		{Type: attest.BundleV03, Content: []byte(`{"pad":"` + strings.Repeat("x", 5000) + `"}`)},
		{Type: "application/vnd.example.sbom", Content: []byte("{}")},
	} {
		if _, err := repo.Attach(t.Context(), image, a); err != nil {
			t.Fatal(err)
		}
	}
	items, err := attest.PullBundles(t.Context(), repo, image, attest.Limits{BundleBytes: 4000})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range items {
		switch {
		case i.Err == nil:
			got = append(got, "bundle")
		case strings.Contains(i.Err.Error(), "not valid JSON"):
			got = append(got, "not JSON")
		case errors.As(i.Err, new(*fnpkg.LimitError)):
			got = append(got, "too long")
		default:
			t.Errorf("%v", i.Err)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"bundle", "not JSON", "too long"}, got); diff != "" {
		t.Error(diff)
	}

	// All of them together are over the limit: the rest is listed, unread.
	items, err = attest.PullBundles(t.Context(), repo, image, attest.Limits{FileBytes: 5100})
	if err != nil {
		t.Fatal(err)
	}
	over := 0
	for _, i := range items {
		if errors.As(i.Err, new(*fnpkg.LimitError)) {
			over++
		}
	}
	if len(items) != 3 || over != 1 {
		t.Errorf("%d of %d over the limit", over, len(items))
	}
	items, err = attest.PullBundles(t.Context(), repo, image, attest.Limits{Bundles: 2})
	if err != nil {
		t.Fatal(err)
	}
	if last := items[len(items)-1]; !errors.As(last.Err, new(*fnpkg.LimitError)) {
		t.Errorf("no word of the limit: %v", last.Err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := attest.PullBundles(cancelled, repo, image, attest.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestDescribe(t *testing.T) {
	signature, attestation := bundles(t, fnpkg.Digest{1})
	d, err := attest.Describe(signature)
	if err != nil || d.MediaType != attest.BundleV03 || d.Content != attest.ContentSignature || d.Statement != nil || d.PredicateType() != "" {
		t.Errorf("%+v, %v", d, err)
	}
	d, err = attest.Describe(attestation)
	if err != nil || d.Content != attest.ContentEnvelope || d.PredicateType() != "https://example.com/note" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, junk := range []string{
		`{"mediaType":"m","messageSignature":{},"dsseEnvelope":{}}`,
		`{"mediaType":"m","dsseEnvelope":[]}`,
		`{"mediaType":"m","dsseEnvelope":{"payload":"e30=","payloadType":"text/plain"}}`,
		`{"mediaType":"m","dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json"}}`,
		`{"mediaType":"m","dsseEnvelope":{"payload":1}}`,
		`{"mediaType":1}`,
		`{"messageSignature":{}}`,
	} {
		if d, err := attest.Describe([]byte(junk)); err == nil {
			t.Errorf("%s: %+v", junk, d)
		}
	}
}
