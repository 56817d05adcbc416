package verify_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/verify"
)

// node is JSON that keeps the order of members and may repeat their names, so
// that it can be mutated in ways a map cannot express.
type node struct {
	raw     json.RawMessage // of a value that is neither
	object  bool
	array   bool
	members []pair
}

type pair struct {
	name  string // empty in an array
	value *node
}

func parseNode(t testing.TB, data []byte) *node {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	n, err := readNode(d)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func readNode(d *json.Decoder) (*node, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		raw, err := json.Marshal(tok)
		return &node{raw: raw}, err
	}
	n := &node{object: delim == '{', array: delim == '['}
	for d.More() {
		var p pair
		if n.object {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			p.name = name.(string)
		}
		if p.value, err = readNode(d); err != nil {
			return nil, err
		}
		n.members = append(n.members, p)
	}
	_, err = d.Token()
	return n, err
}

func (n *node) write(buf *bytes.Buffer) {
	if !n.object && !n.array {
		buf.Write(n.raw)
		return
	}
	brackets := "{}"
	if n.array {
		brackets = "[]"
	}
	buf.WriteByte(brackets[0])
	for i, p := range n.members {
		if i > 0 {
			buf.WriteByte(',')
		}
		if n.object {
			fmt.Fprintf(buf, "%q:", p.name)
		}
		p.value.write(buf)
	}
	buf.WriteByte(brackets[1])
}

func (n *node) String() string {
	var buf bytes.Buffer
	n.write(&buf)
	return buf.String()
}

// at returns the value of n at a path such as "messageSignature.signature", or
// nil.
func (n *node) at(path []string) *node {
	for _, step := range path {
		i := slices.IndexFunc(n.members, func(p pair) bool { return p.name == step })
		if n.array {
			i = 0
		}
		if i < 0 || i >= len(n.members) {
			return nil
		}
		n = n.members[i].value
	}
	return n
}

// mutations returns a bundle's mutations, each named by what was done to which
// member. They are generated from the bundle, not picked: every member is
// dropped, doubled, misspelled, replaced by values of each type, altered in
// each of its bytes and swapped with that of every donor. Of long texts, each
// byte is altered whose place every divides.
func mutations(t testing.TB, bundle []byte, donors map[string]*node, every int) map[string]string {
	t.Helper()
	out := make(map[string]string)
	root := parseNode(t, bundle)
	if got := decode([]byte(root.String())); got == nil || !proto.Equal(got, decode(bundle)) {
		t.Fatal("the bundle does not survive being taken apart")
	}
	var visit func(path []string, n *node)
	visit = func(path []string, n *node) {
		for i := range n.members {
			step := n.members[i].name
			if n.array {
				step = "0"
			}
			here := append(slices.Clone(path), step)
			add := func(what string) { out[what+" "+strings.Join(here, ".")] = root.String() }
			try := func(what string, mutate func(p *pair)) {
				old := n.members[i]
				mutate(&n.members[i])
				add(what)
				n.members[i] = old
			}

			all := n.members
			n.members = slices.Delete(slices.Clone(all), i, i+1)
			add("drop")
			n.members = append(slices.Clone(all), all[i])
			add("double")
			n.members = all

			if n.object {
				try("capitalise", func(p *pair) { p.name = strings.ToUpper(p.name[:1]) + p.name[1:] })
				try("rename", func(p *pair) { p.name += "X" })
				n.members = slices.Insert(slices.Clone(all), i, pair{strings.ToUpper(step), all[i].value})
				add("double in capitals")
				n.members = all
			}
			for _, junk := range []string{`null`, `""`, `"x"`, `0`, `-1`, `1e999`, `true`, `[]`, `{}`, `[null]`, `"AAAA"`} {
				try("replace by "+junk, func(p *pair) { p.value = &node{raw: json.RawMessage(junk)} })
			}
			for name, donor := range donors {
				if other := donor.at(here); other != nil && other.String() != n.members[i].value.String() {
					try("swap with "+name, func(p *pair) { p.value = other })
				}
			}
			var text string
			if v := n.members[i].value; len(v.raw) > 0 && json.Unmarshal(v.raw, &text) == nil {
				alterText(text, every, func(what, altered string) {
					try(what, func(p *pair) {
						raw, err := json.Marshal(altered)
						if err != nil {
							t.Fatal(err)
						}
						p.value = &node{raw: raw}
					})
				})
			}
			visit(here, n.members[i].value)
		}
		if n.object {
			all := n.members
			n.members = append(slices.Clone(all), pair{"extra", &node{raw: json.RawMessage(`1`)}})
			out["add to "+strings.Join(path, ".")] = root.String()
			n.members = all
		}
	}
	visit(nil, root)
	return out
}

// alterText changes each byte of a text, and of the bytes it encodes if it is
// base64.
func alterText(text string, every int, yield func(what, altered string)) {
	if len(text) < 64 {
		every = 1
	}
	for i := 0; i < len(text); i += every {
		yield(fmt.Sprintf("alter character %d of", i), text[:i]+string(text[i]^1)+text[i+1:])
	}
	yield("shorten", text[:len(text)-1])
	yield("lengthen", text+text[:1])
	yield("space before", " "+text)
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) < 16 {
		return
	}
	for i := 0; i < len(raw); i += every {
		for _, bit := range []byte{1, 0x80} {
			b := bytes.Clone(raw)
			b[i] ^= bit
			yield(fmt.Sprintf("flip %#x in byte %d of", bit, i), base64.StdEncoding.EncodeToString(b))
		}
	}
	yield("cut a byte of", base64.StdEncoding.EncodeToString(raw[:len(raw)-1]))
	yield("add a byte to", base64.StdEncoding.EncodeToString(append(bytes.Clone(raw), 0)))
}

// decode returns a bundle, nil if data is none.
func decode(data []byte) *protobundle.Bundle {
	b := new(protobundle.Bundle)
	if err := protojson.Unmarshal(data, b); err != nil {
		return nil
	}
	return b
}

// makeBundle signs a file in one of the two ways.
func makeBundle(t testing.TB, signer keyed, kind verify.Kind, digest fnpkg.Digest) []byte {
	t.Helper()
	var bundle []byte
	var err error
	if kind == verify.KindMessageSignature {
		bundle, err = signer.SignDigest(t.Context(), digest)
	} else {
		bundle, err = signer.SignStatement(t.Context(), statementOf(t, subjectNamed("a", digest)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

// TestMutatedBundles: no mutation of a bundle proves anything, except those
// that leave what it says as it is, the hint apart. They are listed, so that
// neither a refusal too many nor one too few goes unseen.
func TestMutatedBundles(t *testing.T) {
	signer, stranger := newSigner(t), newSigner(t)
	digest, other := fnpkg.Digest{1, 31: 1}, fnpkg.Digest{2, 31: 2}
	harmless := map[verify.Kind][]string{
		verify.KindMessageSignature: {
			"swap with another signing messageSignature",
			"swap with another signing messageSignature.signature",
		},
		verify.KindAttestation: {
			"swap with another signing dsseEnvelope",
			"swap with another signing dsseEnvelope.signatures",
			"swap with another signing dsseEnvelope.signatures.0",
			"swap with another signing dsseEnvelope.signatures.0.sig",
		},
	}
	for kind, want := range harmless {
		t.Run(string(kind), func(t *testing.T) {
			bundle := makeBundle(t, signer, kind, digest)
			otherKind := verify.KindAttestation
			if kind == otherKind {
				otherKind = verify.KindMessageSignature
			}
			donors := map[string]*node{
				"another file":    parseNode(t, makeBundle(t, signer, kind, other)),
				"another signer":  parseNode(t, makeBundle(t, stranger, kind, digest)),
				"another of both": parseNode(t, makeBundle(t, stranger, kind, other)),
				"another signing": parseNode(t, makeBundle(t, signer, kind, digest)),
				"the other kind":  parseNode(t, makeBundle(t, signer, otherKind, digest)),
				"another version": parseNode(t, []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle+json;version=0.1"}`)),
			}
			if word, reason := outcome(examine(t, bundle, digest, signer.Key())); word != "proves" {
				t.Fatalf("the control: %s: %s", word, reason)
			}
			all := mutations(t, bundle, donors, 1)
			if len(all) < 500 {
				t.Fatalf("only %d mutations were made", len(all))
			}
			var accepted []string
			outcomes := make(map[string]int)
			for name, mutated := range all {
				word, reason := outcome(examine(t, []byte(mutated), digest, signer.Key()))
				if proto.Equal(decode([]byte(mutated)), decode(bundle)) {
					// The same bundle spelled otherwise: base64 without
					// padding, or with other bits in it.
					if outcomes["spelled otherwise"]++; word != "proves" {
						t.Errorf("%s: %s: %s", name, word, reason)
					}
					continue
				}
				outcomes[word]++
				if word == "proves" && !strings.HasSuffix(name, " verificationMaterial.publicKey.hint") {
					accepted = append(accepted, name)
				}
			}
			t.Logf("%d mutations: %v", len(all), outcomes)

			want := append([]string{
				"alter character 39 of mediaType",              // v0.2, in which the bundle is valid too
				"replace by {} verificationMaterial.publicKey", // no hint
				"swap with another of both verificationMaterial",
				"swap with another of both verificationMaterial.publicKey",
				"swap with another signer verificationMaterial",
				"swap with another signer verificationMaterial.publicKey",
				"swap with another version mediaType", // v0.1, likewise
			}, want...)
			slices.Sort(want)
			slices.Sort(accepted)
			if diff := cmp.Diff(want, accepted); diff != "" {
				t.Errorf("accepted (-want +got):\n%s", diff)
			}
		})
	}
}
