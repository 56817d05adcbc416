// Package tufrepo is a TUF repository in memory that serves one target, with
// consistent snapshots as Sigstore's repositories have them (TUF specification
// v1.0.31). What it signs is made with the standard library.
package tufrepo

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Repo is a repository. Its methods are safe to call while it serves.
type Repo struct {
	Root []byte // the first root metadata: a client's trust anchor

	t       testing.TB
	key     ed25519.PrivateKey
	mu      sync.Mutex
	version int
	files   map[string][]byte
	asked   int
}

// New returns a repository that serves a target, with metadata that expires at
// a time.
func New(t testing.TB, name string, content []byte, expires time.Time) *Repo {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &Repo{t: t, key: key, files: make(map[string][]byte)}
	r.Root = r.signed("root", 1, expires.AddDate(10, 0, 0), map[string]any{
		"consistent_snapshot": true, "keys": map[string]any{r.keyID(): r.publicKey()}, "roles": r.roles(),
	}, r.key)
	r.files["/1.root.json"] = r.Root
	r.Publish(name, content, expires)
	return r
}

// Publish replaces the target.
func (r *Repo) Publish(name string, content []byte, expires time.Time) {
	r.t.Helper()
	r.publish(name, content, expires, r.key)
}

// Forge replaces the target and signs that with a key that is not the
// repository's.
func (r *Repo) Forge(name string, content []byte, expires time.Time) {
	r.t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	r.publish(name, content, expires, key)
}

func (r *Repo) publish(name string, content []byte, expires time.Time, key ed25519.PrivateKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
	v := r.version
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	r.files[fmt.Sprintf("/targets/%s.%s", digest, name)] = content
	r.files[fmt.Sprintf("/%d.targets.json", v)] = r.signed("targets", v, expires, map[string]any{
		"targets": map[string]any{name: map[string]any{"length": len(content), "hashes": map[string]any{"sha256": digest}}},
	}, key)
	r.files[fmt.Sprintf("/%d.snapshot.json", v)] = r.signed("snapshot", v, expires, map[string]any{
		"meta": map[string]any{"targets.json": map[string]any{"version": v}},
	}, key)
	r.files["/timestamp.json"] = r.signed("timestamp", v, expires, map[string]any{
		"meta": map[string]any{"snapshot.json": map[string]any{"version": v}},
	}, key)
}

// Asked is how many requests were made.
func (r *Repo) Asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func (r *Repo) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	data, ok := r.files[req.URL.Path]
	if !ok {
		http.NotFound(w, req)
		return
	}
	w.Write(data)
}

// signed returns metadata of a role. Its members are written sorted and
// without space, which for what is in them is the canonical JSON that is
// signed (§4.2).
func (r *Repo) signed(role string, version int, expires time.Time, body map[string]any, key ed25519.PrivateKey) []byte {
	body["_type"], body["spec_version"], body["version"] = role, "1.0.31", version
	body["expires"] = expires.UTC().Format(time.RFC3339)
	text := r.marshal(body)
	return r.marshal(map[string]any{
		"signed":     json.RawMessage(text),
		"signatures": []any{map[string]any{"keyid": r.keyID(), "sig": hex.EncodeToString(ed25519.Sign(key, text))}},
	})
}

func (r *Repo) roles() map[string]any {
	roles := map[string]any{}
	for _, role := range []string{"root", "timestamp", "snapshot", "targets"} {
		roles[role] = map[string]any{"keyids": []string{r.keyID()}, "threshold": 1}
	}
	return roles
}

func (r *Repo) publicKey() map[string]any {
	return map[string]any{
		"keytype": "ed25519", "scheme": "ed25519",
		"keyval": map[string]any{"public": hex.EncodeToString(r.key.Public().(ed25519.PublicKey))},
	}
}

func (r *Repo) keyID() string {
	sum := sha256.Sum256(r.marshal(r.publicKey()))
	return hex.EncodeToString(sum[:])
}

func (r *Repo) marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}
