// Package awsapi asks AWS what runs and reads what was uploaded. Region,
// credentials and endpoints come from where the AWS command line has them.
package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/fnseal/fnseal/deployed"
)

// Client asks AWS.
type Client struct {
	lambda *lambda.Client
	s3     *s3.Client
}

// Open finds region and credentials.
func Open(ctx context.Context) (*Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of AWS: %w", err)
	}
	return &Client{
		lambda: lambda.NewFromConfig(cfg),
		// Where an endpoint is named, it is a stand-in or a gateway, of which
		// few know buckets as host names.
		s3: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil }),
	}, nil
}

// Function returns what a function runs, and its layers. The name is one of
// AWS's, with or without a version or alias behind a colon, or an ARN.
func (c *Client) Function(ctx context.Context, name string) ([]deployed.Code, error) {
	out, err := c.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
	if err != nil {
		return nil, fmt.Errorf("asking AWS Lambda for function %s: %w", name, err)
	}
	cfg := out.Configuration
	if cfg == nil {
		return nil, fmt.Errorf("asking AWS Lambda for function %s: it answers without a configuration", name)
	}
	f := deployed.Function{
		Name: aws.ToString(cfg.FunctionName), ARN: aws.ToString(cfg.FunctionArn), Version: aws.ToString(cfg.Version),
		Image: cfg.PackageType == lambdatypes.PackageTypeImage, CodeSha256: aws.ToString(cfg.CodeSha256),
	}
	if out.Code != nil {
		f.ResolvedImage = aws.ToString(out.Code.ResolvedImageUri)
	}
	var layers []deployed.Code
	for _, l := range cfg.Layers {
		arn := aws.ToString(l.Arn)
		f.Layers = append(f.Layers, arn)
		code, err := c.layer(ctx, arn)
		if err != nil {
			return nil, err
		}
		layers = append(layers, code)
	}
	code, err := f.Code()
	if err != nil {
		return nil, fmt.Errorf("asking AWS Lambda: %w", err)
	}
	return append([]deployed.Code{code}, layers...), nil
}

// layer asks for a version of a layer by its ARN: that of the layer, and the
// version behind the last colon.
func (c *Client) layer(ctx context.Context, arn string) (deployed.Code, error) {
	at := strings.LastIndexByte(arn, ':')
	number, err := strconv.ParseInt(arn[at+1:], 10, 64)
	if at < 0 || err != nil {
		return deployed.Code{}, fmt.Errorf("asking AWS Lambda for layer %q: its ARN names no version", arn)
	}
	out, err := c.lambda.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: aws.String(arn[:at]), VersionNumber: &number})
	if err != nil {
		return deployed.Code{}, fmt.Errorf("asking AWS Lambda for layer %s: %w", arn, err)
	}
	sum := ""
	if out.Content != nil {
		sum = aws.ToString(out.Content.CodeSha256)
	}
	code, err := deployed.Layer(arn, sum)
	if err != nil {
		return code, fmt.Errorf("asking AWS Lambda: %w", err)
	}
	return code, nil
}

// Object is an object of S3, in one of its versions if one is named.
type Object struct {
	Bucket, Key string
	Version     string
}

// ErrNoObject says that there is no such object.
var ErrNoObject = errors.New("there is no such object")

// ParseObject reads s3://BUCKET/KEY or s3://BUCKET/KEY?versionId=ID.
func ParseObject(ref string) (Object, error) {
	rest, ok := strings.CutPrefix(ref, "s3://")
	if !ok {
		return Object{}, fmt.Errorf("%q does not begin with s3://", ref)
	}
	var o Object
	path, query, _ := strings.Cut(rest, "?")
	o.Bucket, o.Key, _ = strings.Cut(path, "/")
	if o.Bucket == "" || o.Key == "" {
		return Object{}, fmt.Errorf("%q names no bucket or no key: s3://BUCKET/KEY", ref)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return Object{}, fmt.Errorf("%q: %w", ref, err)
	}
	for name := range values {
		if name != "versionId" {
			return Object{}, fmt.Errorf("%q: only ?versionId= is known, not %q", ref, name)
		}
	}
	o.Version = values.Get("versionId")
	return o, nil
}

// String returns the object as ParseObject reads it.
func (o Object) String() string {
	s := "s3://" + o.Bucket + "/" + o.Key
	if o.Version != "" {
		s += "?versionId=" + url.QueryEscape(o.Version)
	}
	return s
}

// Read opens the object. The version it returns is the one that is read, where
// the bucket keeps versions.
func (c *Client) Read(ctx context.Context, o Object) (io.ReadCloser, Object, error) {
	in := &s3.GetObjectInput{Bucket: &o.Bucket, Key: &o.Key}
	if o.Version != "" {
		in.VersionId = &o.Version
	}
	out, err := c.s3.GetObject(ctx, in)
	if err != nil {
		if _, ok := errors.AsType[*s3types.NoSuchKey](err); ok {
			err = ErrNoObject
		}
		return nil, o, fmt.Errorf("reading %s: %w", o, err)
	}
	if v := aws.ToString(out.VersionId); v != "" && v != "null" {
		o.Version = v
	}
	return out.Body, o, nil
}
