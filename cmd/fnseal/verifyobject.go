package main

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/internal/awsapi"
)

// isObject reports whether a target is an object of S3.
func isObject(ref string) bool { return strings.HasPrefix(ref, "s3://") }

// objectName is the base name of an object's key.
func objectName(ref string) string {
	o, err := awsapi.ParseObject(ref)
	if err != nil {
		return ref
	}
	return path.Base(o.Key)
}

// object opens an object of S3 and returns it as the version that is read.
func (q *question) object(ref string) (io.ReadCloser, awsapi.Object, error) {
	o, err := awsapi.ParseObject(ref)
	if err != nil {
		return nil, o, usagef("%v", err)
	}
	if q.cli.Bool("offline") {
		return nil, o, hint(target.ErrOffline, "copy %s to a file first", ref)
	}
	api, err := awsapi.Open(q.cli.Context)
	if err != nil {
		return nil, o, err
	}
	in, o, err := api.Read(q.cli.Context, o)
	if err != nil {
		return nil, o, err
	}
	q.env.detail("reading %s", o)
	return in, o, nil
}

// openObject copies an object of S3 and opens the copy: an object can be
// replaced while it is read a second time.
func (q *question) openObject(ctx context.Context, ref string) (p fnpkg.Package, defect, err error) {
	in, _, err := q.object(ref)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	copied, err := gate.NewCopy(ctx, in, ref)
	if err != nil {
		return nil, nil, err
	}
	if p, defect, err = q.openCopy(ctx, ref, copied, copied); err != nil {
		return nil, nil, errors.Join(err, copied.Close())
	}
	return p, defect, nil
}

// bundlesBeside reads the bundles that lie beside an object in its bucket. They
// are of no version: anyone who may write there could have put them, as beside
// a file.
func (q *question) bundlesBeside(ref string) (items []attest.Item, looked []string, err error) {
	o, err := awsapi.ParseObject(ref)
	if err != nil {
		return nil, nil, usagef("%v", err)
	}
	for _, key := range attest.BundlePaths(o.Key) {
		at := awsapi.Object{Bucket: o.Bucket, Key: key}.String()
		looked = append(looked, at)
		in, _, err := q.object(at)
		if errors.Is(err, awsapi.ErrNoObject) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		found, err := attest.ParseBundles(q.cli.Context, in, path.Base(key), attest.DefaultLimits())
		in.Close()
		if err != nil {
			return nil, nil, err
		}
		for i := range found {
			found[i].Named = false
		}
		items = append(items, found...)
	}
	return items, looked, nil
}
