// Package deployed reads what a provider says it runs, so that it can be held
// against what was sealed. What the provider does not say is unknown, and stays
// so: nothing here takes a missing digest for an agreeing one.
package deployed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Code is one package that runs: a function's own, or a layer's.
type Code struct {
	Name string // "function shop:3", "layer shared:7"; text from the provider
	ID   string // "shop", "shared": what it is called in all its versions
	ARN  string

	// Digest is the exact digest of what runs: of a zip its bytes, of an image
	// its manifest. It is zero if the provider did not say; Unknown is why.
	Digest  fnpkg.Digest
	Unknown string

	// Image is the reference of a container image by digest; empty for a zip.
	Image string

	// Layers are the ARNs of a function's layers.
	Layers []string
}

// maxText bounds what is read: list-functions of an account with ten thousand
// functions takes about 20 MB.
const maxText = 256 << 20

// Read reads the JSON that the AWS command line prints for get-function,
// get-function-configuration, list-functions, list-versions-by-function,
// create-function, update-function-code, publish-version and
// get-layer-version, one document or several.
//
// A layer that a function names and that no document describes is returned
// without a digest.
func Read(r io.Reader) ([]Code, error) {
	in := &io.LimitedReader{R: r, N: maxText}
	dec := json.NewDecoder(in)
	var all []Code
	for n := 1; ; n++ {
		var text json.RawMessage
		err := dec.Decode(&text)
		switch {
		case errors.Is(err, io.EOF) && n > 1:
			return addLayers(Distinct(all)), nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("it is empty")
		case in.N == 0:
			return nil, fmt.Errorf("it is longer than %d bytes", int64(maxText))
		case err != nil:
			return nil, fmt.Errorf("it is not JSON: %w", err)
		}
		found, err := readDocument(text)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		all = append(all, found...)
	}
}

// The parts of AWS Lambda's answers that say what runs.
type configuration struct {
	FunctionName string
	FunctionArn  string
	Version      string
	PackageType  string
	CodeSha256   string
	Layers       []struct{ Arn string }
}

type code struct {
	ResolvedImageURI string `json:"ResolvedImageUri"`
}

type layerVersion struct {
	LayerVersionArn string
	Content         *struct{ CodeSha256 string }
}

func readDocument(text json.RawMessage) ([]Code, error) {
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(text, &kinds); err != nil {
		return nil, errors.New("it is no JSON object")
	}
	switch {
	case kinds["Functions"] != nil, kinds["Versions"] != nil:
		return readList(kinds)
	case kinds["Configuration"] != nil:
		var f struct {
			Configuration configuration
			Code          *code
		}
		if err := decode(text, &f); err != nil {
			return nil, err
		}
		return one(f.Configuration.code(f.Code))
	case kinds["LayerVersionArn"] != nil:
		var l layerVersion
		if err := decode(text, &l); err != nil {
			return nil, err
		}
		return one(l.code())
	case kinds["FunctionArn"] != nil:
		var c configuration
		if err := decode(text, &c); err != nil {
			return nil, err
		}
		return one(c.code(nil))
	}
	return nil, errors.New("it is none of the answers that say what runs: get-function, list-functions, get-layer-version")
}

func readList(kinds map[string]json.RawMessage) ([]Code, error) {
	text := kinds["Functions"]
	if text == nil {
		text = kinds["Versions"]
	}
	if marker := kinds["NextMarker"]; marker != nil && !bytes.Equal(marker, []byte("null")) {
		return nil, errors.New("it is one page of several (NextMarker): ask for all of them")
	}
	var list []configuration
	if err := decode(text, &list); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("it lists no function")
	}
	var all []Code
	for _, c := range list {
		found, err := c.code(nil)
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

func one(c Code, err error) ([]Code, error) {
	if err != nil {
		return nil, err
	}
	return []Code{c}, nil
}

func decode(text json.RawMessage, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("it is not of the form expected: %w", err)
	}
	return nil
}

func (c configuration) code(where *code) (Code, error) {
	f := Function{Name: c.FunctionName, ARN: c.FunctionArn, Version: c.Version, Image: c.PackageType == "Image", CodeSha256: c.CodeSha256}
	for _, l := range c.Layers {
		f.Layers = append(f.Layers, l.Arn)
	}
	if where != nil {
		f.ResolvedImage = where.ResolvedImageURI
	}
	return f.Code()
}

// Function is what AWS Lambda says of a function.
type Function struct {
	Name, ARN, Version string
	Image              bool   // it is an image, not a zip
	CodeSha256         string // of a zip, in base64
	ResolvedImage      string // of an image its reference by digest; empty if it was not asked for
	Layers             []string
}

// Code says what the function runs. An error says that the answer contradicts
// itself or lacks what it always has.
func (f Function) Code() (Code, error) {
	if f.Name == "" || f.ARN == "" {
		return Code{}, errors.New("a function has no name or no ARN")
	}
	out := Code{Name: "function " + f.Name, ID: f.Name, ARN: f.ARN, Layers: f.Layers}
	if f.Version != "" {
		out.Name += ":" + f.Version
	}
	var err error
	switch {
	case !f.Image:
		if out.Digest, err = DecodeCodeSha256(f.CodeSha256); err != nil {
			return Code{}, fmt.Errorf("function %s: %w", f.Name, err)
		}
	case f.ResolvedImage == "":
		out.Unknown = "it is an image, and only get-function says which one (Code.ResolvedImageUri)"
	default:
		_, digest, _ := strings.Cut(f.ResolvedImage, "@")
		if out.Digest, err = fnpkg.ParseDigest(digest); err != nil {
			return Code{}, fmt.Errorf("function %s runs %q, which names no digest", f.Name, f.ResolvedImage)
		}
		out.Image = f.ResolvedImage
	}
	return out, nil
}

func (l layerVersion) code() (Code, error) {
	if l.Content == nil {
		return Code{}, fmt.Errorf("layer %s: there is no Content.CodeSha256", l.LayerVersionArn)
	}
	return Layer(l.LayerVersionArn, l.Content.CodeSha256)
}

// Layer is the code of a version of a layer, of whose bytes AWS Lambda says the
// sha256 in base64.
func Layer(arn, codeSha256 string) (Code, error) {
	if codeSha256 == "" {
		return Code{}, fmt.Errorf("layer %s: there is no Content.CodeSha256", arn)
	}
	d, err := DecodeCodeSha256(codeSha256)
	if err != nil {
		return Code{}, fmt.Errorf("layer %s: %w", arn, err)
	}
	out := newLayer(arn)
	out.Digest = d
	return out, nil
}

// DecodeCodeSha256 reads a digest as AWS shows it of a zip: base64 of 32 bytes.
func DecodeCodeSha256(s string) (fnpkg.Digest, error) {
	var d fnpkg.Digest
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err == nil && len(raw) == len(d) {
		d = fnpkg.Digest(raw)
	}
	if d.IsZero() {
		return d, fmt.Errorf("CodeSha256 %q is not the base64 of a sha256", s)
	}
	return d, nil
}

// newLayer is a layer as a person knows it, by its ARN
// arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION.
func newLayer(arn string) Code {
	name := arn
	if _, after, ok := strings.Cut(arn, ":layer:"); ok {
		name = after
	}
	id, _, _ := strings.Cut(name, ":")
	return Code{Name: "layer " + name, ID: id, ARN: arn}
}

// Distinct drops code that is listed before: a layer is that of every function
// which uses it.
func Distinct(all []Code) []Code {
	type code struct {
		arn    string
		digest fnpkg.Digest
	}
	seen := map[code]bool{}
	var out []Code
	for _, c := range all {
		if k := (code{c.ARN, c.Digest}); !seen[k] {
			seen[k] = true
			out = append(out, c)
		}
	}
	return out
}

// addLayers adds the layers that are named and not described, once each.
func addLayers(out []Code) []Code {
	known := map[string]bool{}
	for _, c := range out {
		known[c.ARN] = true
	}
	for _, c := range out {
		for _, arn := range c.Layers {
			if !known[arn] {
				known[arn] = true
				layer := newLayer(arn)
				layer.Unknown = "what names it does not say what is in it; give the answer of get-layer-version as well"
				out = append(out, layer)
			}
		}
	}
	return out
}
