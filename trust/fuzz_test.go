package trust_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/fnseal/fnseal/trust"
)

// FuzzParseRoot: what is accepted as a trusted root says the same when it is
// read again, is no longer accepted once anything is appended to it, and names
// nobody that its text does not.
func FuzzParseRoot(f *testing.F) {
	good, err := os.ReadFile("roots/public-good.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := trust.ParseRoot(data, "r.json")
		if err != nil {
			return
		}
		again, err := trust.ParseRoot(data, "r.json")
		if err != nil || again.SHA256 != r.SHA256 || again.HasCA() != r.HasCA() || again.HasLog() != r.HasLog() {
			t.Fatalf("read twice: %+v, %+v, %v", r, again, err)
		}
		if _, err := trust.ParseRoot(append(bytes.Clone(data), '1'), "r.json"); err == nil {
			t.Fatal("a root with something behind it is accepted")
		}
		if r.HasCA() && !bytes.Contains(data, []byte("certificateAuthorities")) && !bytes.Contains(data, []byte("certificate_authorities")) && !bytes.Contains(data, []byte(`\u`)) {
			t.Fatal("an authority out of nothing")
		}
	})
}
