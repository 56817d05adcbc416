package deployed_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/deployed"
	"github.com/fnseal/fnseal/fnpkg"
)

const (
	zipSha   = "XfGCz56SOqTfCS/a+Mj2nG7fUlS1S3YBLrgegNGciSI="
	layerSha = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
	arn      = "arn:aws:lambda:eu-west-1:123456789012:"
	shared   = arn + "layer:shared:7"
)

func config(name, more string) string {
	return `{"FunctionName":"` + name + `","FunctionArn":"` + arn + `function:` + name + `","Version":"3"` + more + `}`
}

func mustDigest(t *testing.T, s string) fnpkg.Digest {
	t.Helper()
	d, err := deployed.DecodeCodeSha256(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRead(t *testing.T) {
	zip, layer := mustDigest(t, zipSha), mustDigest(t, layerSha)
	if zip.String() != "sha256:5df182cf9e923aa4df092fdaf8c8f69c6edf5254b54b76012eb81e80d19c8922" {
		t.Fatalf("CodeSha256 read as %s", zip)
	}
	image := "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@" + layer.String()
	function := deployed.Code{Name: "function shop:3", ID: "shop", ARN: arn + "function:shop", Digest: zip}
	layered := function
	layered.Layers = []string{shared}
	unknownLayer := deployed.Code{Name: "layer shared:7", ID: "shared", ARN: shared, Unknown: "what names it does not say what is in it; give the answer of get-layer-version as well"}
	zipConfig := config("shop", `,"PackageType":"Zip","CodeSha256":"`+zipSha+`","Layers":[{"Arn":"`+shared+`","CodeSize":1}]`)
	layerText := `{"LayerVersionArn":"` + shared + `","Content":{"CodeSha256":"` + layerSha + `","CodeSize":1}}`
	for name, tt := range map[string]struct {
		text string
		want []deployed.Code
	}{
		"configuration": {config("shop", `,"CodeSha256":"`+zipSha+`"`), []deployed.Code{function}},
		"get-function":  {`{"Configuration":` + zipConfig + `,"Code":{"RepositoryType":"S3"},"Tags":{}}`, []deployed.Code{layered, unknownLayer}},
		"get-function and its layer": {`{"Configuration":` + zipConfig + "}\n" + layerText,
			[]deployed.Code{layered, {Name: "layer shared:7", ID: "shared", ARN: shared, Digest: layer}}},
		"list-functions": {`{"Functions":[` + zipConfig + `,` + config("img", `,"PackageType":"Image","CodeSha256":"`+strings.Repeat("a", 64)+`"`) + `]}`,
			[]deployed.Code{layered,
				{Name: "function img:3", ID: "img", ARN: arn + "function:img", Unknown: "it is an image, and only get-function says which one (Code.ResolvedImageUri)"},
				unknownLayer}},
		"get-function of an image": {`{"Configuration":` + config("img", `,"PackageType":"Image"`) + `,"Code":{"ImageUri":"x:latest","ResolvedImageUri":"` + image + `"}}`,
			[]deployed.Code{{Name: "function img:3", ID: "img", ARN: arn + "function:img", Digest: layer, Image: image}}},
		"the same twice": {config("shop", `,"CodeSha256":"`+zipSha+`"`) + config("shop", `,"CodeSha256":"`+zipSha+`"`), []deployed.Code{function}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := deployed.Read(strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":             {"", "is empty"},
		"no JSON":             {"<html>", "not JSON"},
		"cut":                 {`{"Functions":[`, "not JSON"},
		"another answer":      {`{"Aliases":[]}`, "none of the answers"},
		"a list":              {`[]`, "no JSON object"},
		"no functions":        {`{"Functions":[]}`, "lists no function"},
		"a page":              {`{"Functions":[],"NextMarker":"abc"}`, "one page of several"},
		"no digest":           {config("shop", ""), "is not the base64"},
		"a digest in hex":     {config("shop", `,"CodeSha256":"`+strings.Repeat("a", 64)+`"`), "is not the base64"},
		"a short digest":      {config("shop", `,"CodeSha256":"AAAA"`), "is not the base64"},
		"an image by tag":     {`{"Configuration":` + config("img", `,"PackageType":"Image"`) + `,"Code":{"ResolvedImageUri":"x/y:latest"}}`, "names no digest"},
		"a nameless function": {`{"FunctionArn":"x","CodeSha256":"` + zipSha + `"}`, "no name"},
		"a layer without":     {`{"LayerVersionArn":"x","Content":{}}`, "no Content.CodeSha256"},
		"a digest as number":  {config("shop", `,"CodeSha256":7`), "not of the form expected"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := deployed.Read(strings.NewReader(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v; want an error with %q", got, err, tt.want)
			}
		})
	}
}

// FuzzRead: whatever is read, code without a digest says why, and no digest is
// made up.
func FuzzRead(f *testing.F) {
	f.Add(config("shop", `,"CodeSha256":"`+zipSha+`","Layers":[{"Arn":"`+shared+`"}]`))
	f.Add(`{"Functions":[` + config("img", `,"PackageType":"Image"`) + `]}`)
	f.Fuzz(func(t *testing.T, text string) {
		all, err := deployed.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		if len(all) == 0 {
			t.Error("neither code nor an error")
		}
		for _, c := range all {
			if c.Digest.IsZero() == (c.Unknown == "") {
				t.Errorf("%+v", c)
			}
		}
	})
}
