package sign

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/fnseal/fnseal/trust"
)

// recording is what Rekor v1 was told and what it answered when a bundle in
// testdata was made.
type recording struct {
	bundle *bundle.Bundle // as it was signed, without the log's part
	entry  *protorekor.TransparencyLogEntry
	root   *trust.Root
	cert   []byte // PEM
}

func record(t *testing.T, name string) recording {
	t.Helper()
	path := filepath.Join("testdata", "rekor", name+".sigstore.json")
	b, err := bundle.LoadJSONFromPath(path)
	if err != nil {
		t.Fatal(err)
	}
	entries := b.VerificationMaterial.GetTlogEntries()
	if len(entries) != 1 {
		t.Fatalf("%s has %d log entries, want 1", path, len(entries))
	}
	r := recording{bundle: b, entry: entries[0]}
	b.VerificationMaterial.TlogEntries = nil
	r.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.VerificationMaterial.GetCertificate().GetRawBytes()})
	if root := filepath.Join("testdata", "rekor", name+".root.json"); exists(root) {
		r.root, err = trust.LoadRoot(root)
	} else {
		r.root, err = trust.PublicGood()
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// answer is the body of Rekor's answer (rekor's openapi.yaml, LogEntry).
func (r recording) answer(t *testing.T) (uuid string, body []byte) {
	t.Helper()
	proof := r.entry.InclusionProof
	hashes := []string{}
	for _, h := range proof.Hashes {
		hashes = append(hashes, hex.EncodeToString(h))
	}
	uuid = strings.Repeat("0", 16) + strings.Repeat("ab", 32)
	body, err := json.Marshal(map[string]any{uuid: map[string]any{
		"body":           base64.StdEncoding.EncodeToString(r.entry.CanonicalizedBody),
		"integratedTime": r.entry.IntegratedTime,
		"logID":          hex.EncodeToString(r.entry.LogId.KeyId),
		"logIndex":       r.entry.LogIndex,
		"verification": map[string]any{
			"signedEntryTimestamp": base64.StdEncoding.EncodeToString(r.entry.InclusionPromise.SignedEntryTimestamp),
			"inclusionProof": map[string]any{
				"checkpoint": proof.Checkpoint.Envelope, "hashes": hashes, "logIndex": proof.LogIndex,
				"rootHash": hex.EncodeToString(proof.RootHash), "treeSize": proof.TreeSize,
			},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return uuid, body
}

// proposal is what a client asks Rekor to record.
type proposal struct {
	Kind, APIVersion string
	Spec             struct {
		Data            json.RawMessage
		Signature       json.RawMessage
		ProposedContent struct {
			Envelope  string
			Verifiers []string
		}
	}
}

// check holds a proposal against what was recorded.
func (r recording) check(p proposal) error {
	var recorded struct {
		Kind, APIVersion string
		Spec             struct {
			Data, Signature json.RawMessage
			PayloadHash     struct{ Value string }
			Signatures      []struct{ Signature, Verifier string }
		}
	}
	if err := json.Unmarshal(r.entry.CanonicalizedBody, &recorded); err != nil {
		return err
	}
	if p.Kind != recorded.Kind || p.APIVersion != recorded.APIVersion {
		return fmt.Errorf("proposed %s %s, recorded %s %s", p.Kind, p.APIVersion, recorded.Kind, recorded.APIVersion)
	}
	if p.Kind == "hashedrekord" {
		if d := cmp.Diff(string(recorded.Spec.Data)+string(recorded.Spec.Signature), string(p.Spec.Data)+string(p.Spec.Signature)); d != "" {
			return fmt.Errorf("proposed other than was recorded: %s", d)
		}
		return nil
	}
	var envelope struct {
		Payload    []byte
		Signatures []struct{ Sig string }
	}
	if err := json.Unmarshal([]byte(p.Spec.ProposedContent.Envelope), &envelope); err != nil {
		return err
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(envelope.Payload))
	if sum != recorded.Spec.PayloadHash.Value || envelope.Signatures[0].Sig != recorded.Spec.Signatures[0].Signature ||
		p.Spec.ProposedContent.Verifiers[0] != recorded.Spec.Signatures[0].Verifier {
		return fmt.Errorf("proposed a payload of %s, recorded one of %s", sum, recorded.Spec.PayloadHash.Value)
	}
	return nil
}

// rekorV1 answers as it was recorded, after the statuses of before.
type rekorV1 struct {
	t      *testing.T
	r      recording
	before []int

	mu     sync.Mutex
	wrong  error
	stored bool
	posts  int
}

func (k *rekorV1) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	uuid, body := k.r.answer(k.t)
	const entries = "/api/v1/log/entries"
	w.Header().Set("Content-Type", "application/json")
	switch {
	case req.Method == http.MethodGet && req.URL.Path == entries+"/"+uuid && k.stored:
	case req.Method != http.MethodPost || req.URL.Path != entries:
		w.WriteHeader(http.StatusNotFound)
		return
	case k.posts < len(k.before):
		status := k.before[k.posts]
		k.posts++
		k.stored = status == http.StatusConflict
		w.Header().Set("Location", entries+"/"+uuid)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%d,"message":"recorded failure"}`, status)
		return
	default:
		k.posts++
		var p proposal
		if k.wrong = json.NewDecoder(req.Body).Decode(&p); k.wrong == nil {
			k.wrong = k.r.check(p)
		}
		w.Header().Set("ETag", uuid)
		w.Header().Set("Location", entries+"/"+uuid)
		w.WriteHeader(http.StatusCreated)
	}
	if _, err := w.Write(body); err != nil {
		k.t.Error(err)
	}
}

func TestRekorV1(t *testing.T) {
	for _, name := range []string{"message", "statement"} {
		for _, tt := range []struct {
			name   string
			before []int
			posts  int
			fails  string
		}{
			{"at once", nil, 1, ""},
			{"is there already", []int{409}, 1, ""},
			{"after failures", []int{500, 502, 429}, 4, ""},
			{"never", []int{503, 503, 503, 503}, 4, "answered 503 Service Unavailable, 4 times: {\"code\":503"},
			{"refused", []int{400}, 1, "answered 400 Bad Request"},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				r := record(t, name)
				server := &rekorV1{t: t, r: r, before: tt.before}
				s := httptest.NewServer(server)
				defer s.Close()
				patience := Patience{Attempts: 4, Wait: time.Millisecond}.withDefaults()
				log := transparencyLog{newService("the transparency log", http.DefaultTransport, patience, nil), s.URL, 1}
				made := &protobundle.Bundle{MediaType: r.bundle.MediaType, VerificationMaterial: r.bundle.VerificationMaterial, Content: r.bundle.Content}
				err := log.GetTransparencyLogEntry(t.Context(), r.cert, made)
				if server.wrong != nil {
					t.Error(server.wrong)
				}
				if server.posts != tt.posts {
					t.Errorf("%d requests, want %d", server.posts, tt.posts)
				}
				if tt.fails != "" {
					if err == nil || !strings.Contains(plain(err).Error(), tt.fails) {
						t.Errorf("error %v, want %q", err, tt.fails)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff([]*protorekor.TransparencyLogEntry{r.entry}, made.VerificationMaterial.TlogEntries, protocmp.Transform()); d != "" {
					t.Errorf("the entry (-recorded +made):\n%s", d)
				}
				verifies(t, r, made)
			})
		}
	}
}

// verifies checks the remade bundle as a client would.
func verifies(t *testing.T, r recording, made *protobundle.Bundle) {
	t.Helper()
	v, err := verify.NewVerifier(r.root.TrustedMaterial(), verify.WithTransparencyLog(1), verify.WithIntegratedTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.NewBundle(made)
	if err != nil {
		t.Fatal(err)
	}
	artifact := verify.WithoutArtifactUnsafe()
	if m := made.GetMessageSignature(); m != nil {
		artifact = verify.WithArtifactDigest("sha256", m.MessageDigest.Digest)
	}
	if _, err := v.Verify(b, verify.NewPolicy(artifact, verify.WithoutIdentitiesUnsafe())); err != nil {
		t.Errorf("the bundle with the entry does not verify: %v", err)
	}
}
