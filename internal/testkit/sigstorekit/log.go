package sigstorekit

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Entry asks for a log entry. Its body is about the bundle's own signature
// unless Of says otherwise.
type Entry struct {
	Kind    string    // "hashedrekord", "dsse" or "intoto"; by the content if empty
	V2      bool      // in the log of the second generation
	At      time.Time // when it was logged; when it was signed if zero
	Promise bool      // carries a signed entry timestamp
	Proof   bool      // carries an inclusion proof and checkpoint
	NoTree  bool      // the checkpoint's origin does not name a tree, though the log is of the first generation
	Of      *Bundle   // the bundle it is about
	By      *Instance // whose log it is in; the instance's own if nil
}

// noteKey signs checkpoints (C2SP signed-note).
type noteKey struct {
	name  string
	id    uint32
	sign  func([]byte) []byte
	lines string // that the log adds to its checkpoints
}

// over returns the key of a log that adds lines to its checkpoints.
func (k noteKey) over(lines string) noteKey {
	k.lines = lines
	return k
}

func (i *Instance) keyV1(name string) noteKey {
	id := logID(i.t, &i.logV1.PublicKey)
	return noteKey{name: name, id: binary.BigEndian.Uint32(id), sign: func(text []byte) []byte {
		sum := sha256.Sum256(text)
		sig, err := i.logV1.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			i.t.Fatal(err)
		}
		return sig
	}}
}

func (i *Instance) keyV2(name string) noteKey {
	sum := sha256.Sum256(append([]byte(name+"\n\x01"), i.logV2.Public().(ed25519.PublicKey)...))
	return noteKey{name: name, id: binary.BigEndian.Uint32(sum[:]), sign: func(text []byte) []byte { return ed25519.Sign(i.logV2, text) }}
}

func checkpoint(origin string, size int, root []byte, keys ...noteKey) string {
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root))
	for _, k := range keys {
		text += k.lines
	}
	out := text + "\n"
	for _, k := range keys {
		sig := binary.BigEndian.AppendUint32(nil, k.id)
		out += "— " + k.name + " " + base64.StdEncoding.EncodeToString(append(sig, k.sign([]byte(text))...)) + "\n"
	}
	return out
}

func leafHash(data []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, data...))
	return sum[:]
}

func nodeHash(l, r []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{1}, l...), r...))
	return sum[:]
}

// tree returns the root of a Merkle tree and the proof of a leaf's inclusion
// (RFC 6962 §2.1).
func tree(leaves [][]byte, at int) (root []byte, proof [][]byte) {
	if len(leaves) == 1 {
		return leaves[0], nil
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	left, right := leaves[:k], leaves[k:]
	if at >= 0 && at < k {
		l, p := tree(left, at)
		r, _ := tree(right, -1)
		return nodeHash(l, r), append(p, r)
	}
	l, _ := tree(left, -1)
	if at >= k {
		r, p := tree(right, at-k)
		return nodeHash(l, r), append(p, l)
	}
	r, _ := tree(right, -1)
	return nodeHash(l, r), nil
}

// entry logs what a bundle says and returns the log's answer.
func (i *Instance) entry(e Entry, b *Bundle) map[string]any {
	i.t.Helper()
	if e.By != nil {
		own := *e.By
		own.t = i.t
		i, e.By = &own, nil
	}
	if e.Of != nil {
		b = e.Of
	}
	if e.At.IsZero() {
		e.At = b.At
	}
	if e.Kind == "" {
		e.Kind = "hashedrekord"
		if b.Payload != nil && !e.V2 {
			e.Kind = "dsse"
		}
	}
	body, version := i.body(e, b)
	leaves := [][]byte{leafHash([]byte("a")), leafHash([]byte("b")), leafHash([]byte("c")), leafHash(body), leafHash([]byte("d"))}
	const index = 3
	root, proof := tree(leaves, index)

	id, global := logID(i.t, &i.logV1.PublicKey), 1000+index
	origin, key := OriginV1+" - 1193050959916656506", i.keyV1(OriginV1)
	if e.NoTree {
		origin, global = OriginV1, index
	}
	if e.V2 {
		id, global = logID(i.t, i.logV2.Public()), index
		origin, key = OriginV2, i.keyV2(OriginV2)
	}
	out := map[string]any{
		"logIndex":          fmt.Sprint(global),
		"logId":             map[string]any{"keyId": id},
		"kindVersion":       map[string]any{"kind": e.Kind, "version": version},
		"canonicalizedBody": body,
	}
	if !e.V2 {
		out["integratedTime"] = fmt.Sprint(e.At.Unix())
	}
	if e.Promise {
		out["inclusionPromise"] = map[string]any{"signedEntryTimestamp": i.set(body, id, e.At.Unix(), global)}
	}
	if e.Proof {
		hashes := make([]any, len(proof))
		for i, h := range proof {
			hashes[i] = h
		}
		out["inclusionProof"] = map[string]any{
			"logIndex": fmt.Sprint(index), "treeSize": fmt.Sprint(len(leaves)), "rootHash": root, "hashes": hashes,
			"checkpoint": map[string]any{"envelope": checkpoint(origin, len(leaves), root, key)},
		}
	}
	return out
}

// set promises that an entry will be in the log: a signature over the canonical
// JSON of what the log knows of it.
func (i *Instance) set(body, id []byte, at int64, index int) []byte {
	i.t.Helper()
	text, err := json.Marshal(map[string]any{
		"body": body, "integratedTime": at, "logID": hex.EncodeToString(id), "logIndex": index,
	})
	if err != nil {
		i.t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	sig, err := i.logV1.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		i.t.Fatal(err)
	}
	return sig
}

// body is what the log keeps, as canonical JSON.
func (i *Instance) body(e Entry, b *Bundle) (body []byte, version string) {
	i.t.Helper()
	hash := func(data []byte) map[string]any {
		sum := sha256.Sum256(data)
		return map[string]any{"algorithm": "sha256", "value": hex.EncodeToString(sum[:])}
	}
	var spec map[string]any
	version = "0.0.1"
	digest := sha256.Sum256(b.signed())
	switch {
	case e.V2:
		version = "0.0.2"
		verifier := map[string]any{"keyDetails": "PKIX_ECDSA_P256_SHA_256"}
		if b.Leaf != nil {
			verifier["x509Certificate"] = map[string]any{"rawBytes": b.Leaf.Raw}
		} else {
			verifier["publicKey"] = map[string]any{"rawBytes": spki(i.t, b.Key.Public())}
		}
		spec = map[string]any{"hashedRekordV002": map[string]any{
			"data":      map[string]any{"algorithm": "SHA2_256", "digest": digest[:]},
			"signature": map[string]any{"content": b.Signature, "verifier": verifier},
		}}
	case e.Kind == "hashedrekord":
		spec = map[string]any{
			"data":      map[string]any{"hash": hash(b.signed())},
			"signature": map[string]any{"content": b.Signature, "publicKey": map[string]any{"content": b.keyPEM(i.t)}},
		}
	case e.Kind == "dsse":
		spec = map[string]any{
			"envelopeHash": hash([]byte("the envelope as it was sent")), "payloadHash": hash(b.Payload),
			"signatures": []any{map[string]any{"signature": base64.StdEncoding.EncodeToString(b.Signature), "verifier": b.keyPEM(i.t)}},
		}
	case e.Kind == "intoto":
		version = "0.0.2"
		spec = map[string]any{"content": map[string]any{
			"envelope": map[string]any{"payloadType": payloadType, "signatures": []any{map[string]any{
				"publicKey": b.keyPEM(i.t),
				"sig":       []byte(base64.StdEncoding.EncodeToString(b.Signature)),
			}}},
			"hash": hash([]byte("the envelope as it was sent")), "payloadHash": hash(b.Payload),
		}}
	default:
		i.t.Fatalf("no entries of kind %q", e.Kind)
	}
	body, err := json.Marshal(map[string]any{"apiVersion": version, "kind": e.Kind, "spec": spec})
	if err != nil {
		i.t.Fatal(err)
	}
	return body, version
}
